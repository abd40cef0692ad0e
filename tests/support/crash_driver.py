"""The killed side: replays a recording while telling another process every phase, every offer and every acknowledgement.

Run with `crash.so` preloaded. Imports once, then forks for every job that comes in as a line of JSON, so that a kill costs no start-up. What
is told goes to stdout as pickled frames behind their length; the product is watched from outside and not changed, but for the length of a
slice and how often the log is checkpointed, so that an hour of recording holds many commits.
"""

import contextlib
import ctypes
import itertools
import json
import os
import pickle
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from somalink.domain.constants import Constants
from somalink.domain.errors import SomalinkError
from somalink.domain.time import HOUR_NS
from somalink.pipeline import run
from somalink.pipeline.intake import from_path
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, run_archive
from somalink.storage.db import Database
from somalink.storage.local import LocalStore
from somalink.storage.writer import Writer

BETWEEN = "between"
SLICE_S = 150
"""Half of what lies between two snapshots: after a kill, some rows are made and written again."""
CHECKPOINT_PAGES = 60
SECRET = "test"

_shim = ctypes.CDLL(None)


def tell(*frame: Any) -> None:
    """One frame, whole: the kernel holds it even when this process is dead an instant later."""
    body = pickle.dumps(frame, pickle.HIGHEST_PROTOCOL)
    left = memoryview(struct.pack("<I", len(body)) + body)
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


class Phases:
    """Where the process is in its work; the outermost phase names everything inside it."""

    def __init__(self) -> None:
        self._name = BETWEEN

    @contextlib.contextmanager
    def of(self, name: str) -> Iterator[None]:
        if self._name != BETWEEN:
            yield
            return
        self._enter(name)
        yield
        self._enter(BETWEEN)

    def _enter(self, name: str) -> None:
        self._name = name
        tell("phase", name, _shim.crash_calls())


phases = Phases()


class Overheard:
    """A writer whose every word is remembered: `said` is [(method, arguments)]."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.said: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._writer, name)
        if not callable(method):
            return method

        def call(*given: Any, **named: Any) -> None:
            method(*given, **named)
            self.said.append((name, given))

        return call


class Watched(LocalStore):
    """A store that offers what it is about to commit, and acknowledges it once the commit has returned."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        with super().transaction() as write:
            overheard = Overheard(write)
            yield overheard
            tell("offer", overheard.said)
        tell("acknowledged")

    def compact(self, before_ns: int) -> None:
        with phases.of("compaction"):
            super().compact(before_ns)


def _watch_commits(forget: int) -> None:
    """Names each commit as the phase it is. The commit numbered `forget` is left undone, to see whether anybody notices."""
    unwatched, numbers = Database.run, itertools.count(1)

    def watched(self: Database, sql: str, values: Any = ()) -> int:
        if sql != "COMMIT":
            return unwatched(self, sql, values)
        with phases.of("commit"):
            return unwatched(self, "ROLLBACK" if next(numbers) == forget else sql)

    Database.run = watched  # type: ignore[method-assign]


def replay(recording: Path, path: Path, opening: str) -> None:
    """What `somalink replay` does with one recording, an hour's rows laid by as soon as the hour is over."""
    run.SLICE_S = SLICE_S
    constants = Constants()
    intake = from_path(recording)
    unit = intake.source.unit
    with phases.of(opening):
        store = Watched.open(path)
    store._database.value(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    store.person_secret(unit.person, given=SECRET)
    run_archive(store, intake, Mode(), constants, progress=lambda start, now, end: store.compact(now // HOUR_NS * HOUR_NS))
    settle_person(store, unit.person, constants)
    with phases.of("closing"):
        store.close()


def _child(job: dict[str, Any]) -> None:
    _watch_commits(job["forget"])
    _shim.crash_arm(job["at"], job["how"])
    try:
        replay(Path(job["recording"]), Path(job["store"]), job["opening"])
    except SomalinkError as error:
        tell("error", str(error))
        os._exit(error.exit_code)
    tell("calls", _shim.crash_calls())


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _child(json.loads(line))
            os._exit(0)
        tell("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
