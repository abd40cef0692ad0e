"""Two hundred pages open on one program that records a strap, some of them asleep: not a beat is lost, and who looks is told at once."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_strap import heart
from reckoning import reckon
from strap_program import ROOT, StrapProgram

from somalink.pipeline.serving import page_file
from somalink.storage.local import LocalStore

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")]

NAME = "Polar H10 51C0FFEE"
READERS, SLEEPERS = 200, 20
WATCHED_S = 45
PATIENCE_S = 90


def typed(*words: str) -> list[str]:
    return [sys.executable, "-c", "from somalink.cli import main; main()", *words]


def memory_mib(pid: int) -> float:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def until(true: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.2)
    return found


@dataclass
class Reader:
    """A page that is looked at: how late each point of its stream came, in ms after the strap was heard."""

    late_ms: list[float] = field(default_factory=list)
    lost: int = 0

    async def read(self, reader: asyncio.StreamReader) -> None:
        name = ""
        while line := (await reader.readline()).decode():
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                if name == "now" and not told["final"]:
                    self.late_ms.append(time.time() * 1000 - told["sent_ms"])
                self.lost += told.get("n", 0) if name == "overflow" else 0


async def join(link: str) -> tuple[int, str]:
    """The port and the cookie of a browser that opened this link."""
    port = int(link.partition("/join")[0].rpartition(":")[2])
    token = json.dumps({"token": link.partition("#")[2]})
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/v1/join HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nX-Somalink: 1\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(token)}\r\n\r\n{token}".encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    [cookie] = [line.partition(": ")[2].partition(";")[0] for line in answer.splitlines() if line.lower().startswith("set-cookie")]
    return port, cookie


async def watch(link: str, pid: int) -> tuple[list[Reader], float, float]:
    """The readers, and what the program held before them and at the end."""
    port, cookie = await join(link)
    before = memory_mib(pid)
    readers = [Reader() for _ in range(READERS)]
    tasks, writers = [], []
    for number in range(READERS + SLEEPERS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**12)
        if number >= READERS:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        writers.append(writer)
        if number < READERS:
            tasks.append(asyncio.ensure_future(readers[number].read(reader)))
    await asyncio.sleep(WATCHED_S)
    after = memory_mib(pid)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in writers:
        writer.close()
    return readers, before, after


def test_two_hundred_open_pages_cost_no_beat_and_none_of_them_waits(tmp_path: Path, figures: Callable[[str], None]):
    recording, store = tmp_path / "rr.txt", tmp_path / "store.db"
    recording.write_text("".join(f"{tick / 1.024:.0f}\n" for tick in heart(200, bpm=72)))
    with StrapProgram(tmp_path, recording, "--loop") as strap:
        words = ("run", "--strap", NAME, "--person", "ada", "--store", str(store), "--virtual-radio", str(strap.socket), "--json")
        with (tmp_path / "errors.txt").open("w") as errors:
            running = subprocess.Popen(typed(*words), cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "SOMALINK_TZ": "UTC"})
        try:
            until(page_file(store).exists, "a page")
            until(lambda: len(strap.rows("notification")) > 20, "a strap that streams")
            link = subprocess.run(
                typed("page", "--store", str(store), "--json"), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True
            ).stdout
            readers, before, after = asyncio.run(watch(json.loads(link)["link"], running.pid))
            running.send_signal(signal.SIGTERM)
            out, _ = running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
        assert running.returncode == 0, (tmp_path / "errors.txt").read_text()
        beats = strap.rows("beat")
    with LocalStore.open(store) as opened:
        held = reckon(opened, "ada", np.array([row["t"] for row in beats]), np.array([row["ticks"] for row in beats]))
    totals = json.loads(out)
    late = np.concatenate([reader.late_ms for reader in readers])
    fewest, most = (choose(len(reader.late_ms) for reader in readers) for choose in (min, max))
    p50, p95, longest = np.percentile(late, [50, 95, 100])
    figures(
        f"{READERS} pages that read and {SLEEPERS} that sleep, {WATCHED_S} s of a strap: {len(late)} points told, {fewest} to {most} a page; "
        f"late by {p50:.0f} ms (p50), {p95:.0f} ms (p95), {longest:.0f} ms (most); memory {before:.0f} MiB before, {after:.0f} MiB with them; "
        f"beats received {totals['beats_received']}, missing {held.missing}"
    )
    assert totals["beats_received"] == totals["beats_stored"] + sum(totals["beats_refused"].values()) > WATCHED_S
    assert totals["gap_s"] == 0 and held.missing == 0 and held.unaccounted == []
    assert fewest >= WATCHED_S // 2 and most - fewest <= 5 and not any(reader.lost for reader in readers)
    assert p95 < 1000 and after - before < 100
