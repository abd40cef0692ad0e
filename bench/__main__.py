"""`make bench`: every chapter, its table printed, and the page written: `python -m bench [--rounds N]`.

Ends with 1 where values are not the same quantity, with 2 where a library failed; a goal that is not met ends nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import page
from bench.asking import PEERS, Crew, LibraryFailed, tell
from bench.chapters import CHAPTERS, Bench
from bench.day import days
from bench.figures import Chapter, of_goals, table

FULL = 5
"""Rounds: a median of five does not care about two bad ones."""
LEAST = 3
"""Rounds that make a median, and so a page."""
VERSIONS = "import json, platform, importlib.metadata as m; print(json.dumps({'python': platform.python_version(), **{n: m.version(n) for n in %r}}))"
PEER_PACKAGES = ("neurokit2", "flirt", "systole", "hrv-analysis", "numpy", "scipy", "pandas")
OWN_PACKAGES = ("somalink", "numpy", "scipy")


def main() -> int:
    """Measures, prints, writes the page when it was the full run."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    asked.add_argument("--rounds", type=int, default=FULL, help=f"1: quickly; from {LEAST} on the page is written; {FULL} unless given")
    rounds = asked.parse_args().rounds
    try:
        chapters = measured(rounds)
    except LibraryFailed as failed:
        tell(str(failed))
        return 2
    told = [*chapters, _goals(chapters), _machine(rounds)]
    for chapter in told:
        print(f"\n== {chapter.name}\n{chapter.text}", flush=True)
    faults = [fault for chapter in chapters for fault in chapter.faults]
    for fault in faults:
        tell(f"not the same quantity: {fault}")
    if rounds >= LEAST and not faults:
        page.write({chapter.name: chapter.text for chapter in told})
        tell(f"written: {page.PAGE.relative_to(Path.cwd()) if page.PAGE.is_relative_to(Path.cwd()) else page.PAGE}")
    return 1 if faults else 0


def measured(rounds: int) -> list[Chapter]:
    """All chapters, in their order. LibraryFailed at the first library that does not do what it is asked."""
    with tempfile.TemporaryDirectory() as folder, Crew() as crew:
        bench = Bench(crew, rounds, Path(folder), days(1))
        bench.keep("day", bench.day)
        return [chapter for of in CHAPTERS for chapter in of(bench)]


def _goals(chapters: list[Chapter]) -> Chapter:
    return Chapter("goals", of_goals(goal for chapter in chapters for goal in chapter.goals))


def _machine(rounds: int) -> Chapter:
    """What it ran on."""
    peers = json.loads(subprocess.run([str(PEERS), "-c", VERSIONS % (PEER_PACKAGES,)], capture_output=True, text=True, check=True).stdout)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    rows = [
        ["when", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, rounds: {rounds}, load at the end: {load}"],
        ["machine", f"{_processor()}, {os.cpu_count()} processors seen, {platform.system()} {platform.release()}"],
        ["somalink", ", ".join(f"{name} {version(name)}" for name in OWN_PACKAGES) + f", Python {platform.python_version()}"],
        ["the others", ", ".join(f"{name} {each}" for name, each in peers.items())],
    ]
    return Chapter("machine", table(["", ""], rows))


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main())
