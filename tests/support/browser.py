"""A person at the page: the program recording a virtual strap in one process, the Chromium of this machine in another, nothing between them made up."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fake_strap import heart
from strap_program import ROOT, StrapProgram

from ingest.simulate import SimulatedSource
from somalink.domain.constants import Constants
from somalink.domain.time import from_datetime
from somalink.domain.types import Prompt, Setting
from somalink.pipeline.intake import from_simulation
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, run_archive
from somalink.storage.local import LocalStore

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt install chromium")
PATIENCE_S = 90
PERSON, STRAP = "ada", "Polar H10 51C0FFEE"
CHOSEN = {"introduced": ("settings", "yes"), "consent_measure": ("profile", "yes"), "consent_notes": ("profile", "yes"), "language": ("settings", "en"),
          "quiet_from": ("settings", "00:00"), "quiet_to": ("settings", "00:00")}  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


def typed(*words: str) -> list[str]:
    return [sys.executable, "-c", "from somalink.cli import main; main()", *words]


def past_week(file: Path, *, days: int = 7) -> Path:
    """A store in which somebody has worn a plain strap for a week, until yesterday, and is through the first days."""
    start = datetime.now(ZoneInfo("UTC")).replace(hour=7, minute=0, second=0, microsecond=0) - timedelta(days=days)
    source = SimulatedSource(PERSON, from_datetime(start), days, 3, tz="UTC")
    with LocalStore.open(file) as store:
        run_archive(store, from_simulation(source), Mode(), Constants())
        with store.transaction() as write:
            for key, (table, value) in CHOSEN.items():
                put = write.put_setting if table == "settings" else write.put_profile
                put(Setting(PERSON, key, value, source.start_ns))
        settle_person(store, PERSON, Constants())
    return file


class Program:
    """`somalink run` with its page, over a virtual strap; may be ended and started again."""

    def __init__(self, folder: Path, store: Path, *options: str) -> None:
        self.folder, self.store, self.options = folder, store, options
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        recording = folder / "rr.txt"
        recording.write_text("".join(f"{tick / 1.024:.0f}\n" for tick in heart(1800, bpm=72)))
        self.strap = StrapProgram(folder, recording, "--loop")

    def __enter__(self) -> Program:
        self.strap.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.strap.kill()

    def start(self, *, port: str = "") -> None:
        told = self.folder / "said.txt"
        told.touch()
        before = len(told.read_text())
        command = typed("run", "--strap", STRAP, "--person", PERSON, "--store", str(self.store), "--virtual-radio", str(self.strap.socket), "--json")
        with told.open("a") as said:
            self._process = subprocess.Popen(
                [*command, "--port", port or str(free_port()), *self.options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said, text=True
            )
        found = until(lambda: re.search(r"page of \w+: (\S+)/join#(\S+)", told.read_text()[before:]), "the page's address")
        self.url = found[1]

    def end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE_S)
            self._process = None

    def link(self, person: str = PERSON) -> str:
        """One more link, from another terminal."""
        done = subprocess.run(
            typed("page", "--store", str(self.store), "--person", person, "--json"), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
        return str(json.loads(done.stdout)["link"])

    def kept(self) -> LocalStore:
        return LocalStore.open(self.store, read_only=True)

    def ask(self, *, screen: str = "prompt", ago_s: float = 0) -> Prompt:
        """A decision to ask, as the rules write one: what a rise or a random time would have put there, so long ago."""
        with LocalStore.open(self.store) as store:
            reason = "no_motion" if screen == "asked" else ""
            row = Prompt(
                uuid.uuid4().hex,
                PERSON,
                time.time_ns() - int(ago_s * 1e9),
                "random",
                "",
                eligible=True,
                reason=reason,
                arm="" if reason else "offer",
                probability=None,
            )
            with store.transaction() as write:
                write.put_prompts([row])
        return row


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def until(answer: Callable[[], Any], what: str, *, patience_s: float = PATIENCE_S) -> Any:
    """Asks until there is something."""
    end = time.monotonic() + patience_s
    while not (got := answer()):
        assert time.monotonic() < end, what
        time.sleep(0.1)
    return got


def when(page: Any, expression: str, *, patience_s: float = PATIENCE_S) -> None:
    """Waits until it is true in the page, asking from outside: the page's own policy forbids it to evaluate text."""
    end = time.monotonic() + patience_s
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(150)


@contextmanager
def chromium() -> Iterator[Any]:
    """The machine's own browser, driven; the driver brings none."""
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run", "--disable-gpu"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*quiet, *(["--no-sandbox"] if os.geteuid() == 0 else [])])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(browser: Any, link: str, *, viewport: dict[str, int] = PHONE, **how: Any) -> Iterator[Any]:
    """A browser of its own that has joined; `page.faults` is what it complained of."""
    context = browser.new_context(viewport=viewport, **how)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" and "ERR_INTERNET_DISCONNECTED" not in line.text else None)
    page.goto(link)
    page.wait_for_url(lambda url: "/join" not in url)
    try:
        yield page
    finally:
        context.close()
