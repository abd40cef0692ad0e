"""The driver's side: a process a library, asked in turn, so that whatever else the machine does hits all of them alike.

Each library runs in the environment it installs in. Only one is at work at a time; the others wait for their next line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bench.work import Answer, Request, answer

ROOT = Path(__file__).resolve().parents[1]
OWN, PEERS = ROOT / ".venv/bin/python", ROOT / ".venv-bench/bin/python"
PYTHON = {"somalink": OWN, "plain": OWN, "neurokit": PEERS, "flirt": PEERS, "hrv_analysis": PEERS, "systole": PEERS}
"""Which interpreter holds which library."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class LibraryFailed(Exception):
    """A library raised, or its process ended: what it said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and whom it is for."""

    library: str
    request: Request


class Crew:
    """All libraries, each in its own process, from `with` to its end."""

    def __init__(self, python: Mapping[str, Path] = PYTHON) -> None:
        self._python = python
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._said: dict[str, IO[str]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for library, python in self._python.items():
            said = self._said[library] = self._stack.enter_context(tempfile.TemporaryFile("w+"))
            self._running[library] = subprocess.Popen(
                [python, "-m", "bench.worker", library],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=ROOT,
                env={**os.environ, **ONE_THREAD, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._running.values():
            process.kill()
            process.communicate()
        self._stack.close()

    def ask(self, asked: Asked) -> Answer:
        """One go. LibraryFailed says which library, which job and what it said."""
        process = self._running[asked.library]
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(asked.request.line() + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise LibraryFailed(f"{asked.library} ended during {asked.request.job}:\n{self._last_words(asked.library)}")
        got = answer(line)
        if got.error:
            raise LibraryFailed(f"{asked.library} failed at {asked.request.job}:\n{got.error}")
        return got

    def _last_words(self, library: str) -> str:
        self._said[library].seek(0)
        return self._said[library].read()[-2_000:]

    def rounds(self, asked: Mapping[str, Asked], count: int) -> dict[str, list[Answer]]:
        """Each once a round, in turn, `count` rounds: {name: its answers in order}. The first round comes after whatever each does to warm up."""
        got: dict[str, list[Answer]] = {name: [] for name in asked}
        for number in range(count):
            for name, each in asked.items():
                tell(f"  round {number + 1} of {count}: {name}")
                got[name].append(self.ask(each))
        return got


def tell(line: str) -> None:
    """Progress, for who waits; tables alone go to stdout."""
    print(line, file=sys.stderr, flush=True)
