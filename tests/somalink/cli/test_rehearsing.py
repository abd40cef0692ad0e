"""`somalink demo --virtual-strap`: a strap in another process is worn, lost and found, and everything it sent is accounted for."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.straps.heart_rate import decode_measurement
from somalink.cli import console, rehearsing, virtual
from somalink.cli.rehearsing import Account
from somalink.domain.errors import SomalinkError
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Gap, Stream
from somalink.pipeline import rehearsal
from somalink.pipeline.hub import Link
from somalink.pipeline.rehearsal import Rehearsal, worn_live
from somalink.storage.local import LocalStore

T_NS = 1_772_438_400 * SECOND_NS
SHORT = """
[[fault]]
at_s = 240
kind = "drop"
for_s = 40

[[fault]]
at_s = 700
kind = "strap_off"
for_s = 3600
"""


@pytest.fixture
def shortened(monkeypatch):
    """A quarter of an hour of strap time instead of an hour and a half: sixteen seconds, which a busy computer keeps up with."""
    pytest.importorskip("bumble")
    monkeypatch.setattr(rehearsal, "ENDS_S", 960)
    monkeypatch.setattr(rehearsal, "FAULTS", SHORT)
    monkeypatch.setattr(console.SAID, "quiet", False)


@pytest.fixture
def strap_processes(monkeypatch) -> list[asyncio.subprocess.Process]:
    """Every program that was started."""
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def noted(*words: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*words, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    return started


def rr_sent(log: Path) -> int:
    return sum(row["what"] == "beat" and row["sent"] is not None for row in map(json.loads, log.read_text().splitlines()))


def rr_kept(store: Path) -> int:
    """Intervals in the bytes that are on disk."""
    with LocalStore.open(store, read_only=True) as opened:
        rows = [row for unit in worn_live(opened) for row in opened.raw(unit) if "2a37" in row.characteristic.lower()]
    return sum(len(decode_measurement(row.payload).rr_ticks) for row in rows)


@pytest.mark.slow
def test_a_strap_is_worn_lost_found_and_taken_off_and_its_day_is_drawn(typed, tmp_path, shortened, strap_processes):
    out = tmp_path / "out"
    ended = typed("demo", "--virtual-strap", "--out", out, "--days", 2, "--speed", 60, "--json")
    assert ended.code == 0, ended.err
    states = [link["state"] for link in ended.json["links"]]
    assert states.count("streaming") >= 2 and {"looking", "lost", "no_contact"} <= set(states) and states[-1] == "stopped"
    assert {"disconnect"} <= {gap["reason"] for gap in ended.json["gaps"]}
    assert all(gap["words"] for gap in ended.json["gaps"])
    strap = ended.json["strap"]
    assert strap["beats"] == strap["sent"] + strap["lost"] and strap["lost"] > 40
    assert strap["sent"] == rr_sent(out / "virtual-strap.jsonl") == rr_kept(out / "virtual-strap.db") > 100
    assert ended.json["simulated"] is True
    assert "SIMULATED" in Path(ended.json["picture"]).read_text(encoding="utf-8")
    assert "connected, heartbeats arrive" in ended.err and "bpm" not in ended.err
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o600}
    assert [process.returncode for process in strap_processes] == [0]
    assert not (out / "virtual-strap.sock").exists()


@pytest.mark.slow
def test_what_came_of_it_is_said_in_words_with_what_to_try_next(typed, tmp_path, shortened):
    ended = typed("demo", "--virtual-strap", "--out", tmp_path / "out", "--days", 2, "--speed", 60)
    assert ended.code == 0, ended.err
    assert "connected, heartbeats arrive" in ended.out and "strap out of reach (disconnect)" in ended.out
    assert "by the strap's own log" in ended.out and "All of this is simulated" in ended.out
    assert "somalink status --store" in ended.out and "somalink scan" in ended.out


def test_without_bumble_it_says_what_to_install_before_anything_is_made(typed, tmp_path, monkeypatch):
    monkeypatch.setattr(virtual, "find_spec", lambda _name: None)
    ended = typed("demo", "--virtual-strap", "--out", tmp_path / "out")
    assert ended.code == 1
    assert "pip install 'somalink[virtual]'" in ended.err
    assert not (tmp_path / "out").exists()


def test_a_demo_that_is_there_is_not_overwritten(typed, tmp_path):
    pytest.importorskip("bumble")
    (tmp_path / "virtual-strap.db").write_text("")
    ended = typed("demo", "--virtual-strap", "--out", tmp_path)
    assert ended.code == 1 and "a demo is here already" in ended.err


def test_a_strap_that_does_not_start_is_an_error_and_leaves_no_program(tmp_path, strap_processes):
    nothing = Rehearsal(tmp_path / "s.db", tmp_path / "no-such-recording", tmp_path / "no-faults.toml", None, 0, ())

    async def played() -> None:
        async with rehearsing._strap(nothing, tmp_path / "s", tmp_path / "log", 60):
            pytest.fail("it has nothing to wear")

    with pytest.raises(SomalinkError, match="does not start"):
        asyncio.run(played())
    (process,) = strap_processes
    assert process.returncode not in (None, 0)


# ---------------------------------------------------------------- the account


def account(*, beats: int = 100, lost: int = 10, received: int = 90) -> Account:
    link = Link("demo", "Simulated strap", "lost", "the link is lost; looking for it again", "", "disconnect", T_NS)
    return Account(beats, lost, received, [link], [Gap(Stream.RR, T_NS, T_NS + 40 * SECOND_NS, "disconnect", 39 * SECOND_NS)])


def test_what_was_sent_and_received_is_one_sentence_that_claims_nothing_it_does_not_know():
    assert account().sentence == "by the strap's own log 100 beats, of which nobody was told 10: 90 sent, 90 received: every one"
    assert account(received=89).sentence.endswith("90 sent, 89 received")


def test_links_and_gaps_are_told_in_the_wearers_own_time():
    assert account().link_lines(ZoneInfo("Europe/Rome")) == [("09:00:00", "link", "the link is lost; looking for it again (disconnect)")]
    assert account().gap_lines(ZoneInfo("Europe/Rome")) == [("09:00:00", "gap", "40 s: strap out of reach (disconnect)")]


# ---------------------------------------------------------------- the whole of it


def children(pid: int) -> list[int]:
    """Programs that a process has begun."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in map(str.split, told.splitlines()) if int(parent) == pid]


def begun(out: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from somalink.cli import main; main()", "demo", "--virtual-strap", "--out", str(out), *words]
    env = {**os.environ, "SOMALINK_TZ": "Europe/Rome"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


@pytest.mark.e2e
@pytest.mark.slow
def test_an_hour_and_a_half_of_a_strap_with_every_beat_that_it_sent(tmp_path):
    pytest.importorskip("bumble")
    with begun(tmp_path / "out", "--json") as demo:
        said, aside = demo.communicate(timeout=500)
    assert demo.returncode == 0, aside
    told = json.loads(said)
    assert told["received"] == told["strap"]["sent"] > 4000
    assert {"silence", "disconnect"} <= {gap["reason"] for gap in told["gaps"]}
    assert {"lost", "silent", "no_contact", "away"} <= {link["state"] for link in told["links"]}


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_ctrl_c_ends_it_with_what_there_is_and_leaves_no_strap_behind(tmp_path):
    pytest.importorskip("bumble")
    with begun(tmp_path / "out", "--days", "2", "--speed", "20", "--json") as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if "heartbeats arrive" in line:
                break
        left = children(demo.pid)
        demo.send_signal(signal.SIGINT)
        said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0
    assert json.loads(said)["links"][-1]["state"] == "stopped"
    assert len(left) == 1 and not Path(f"/proc/{left[0]}").exists()
