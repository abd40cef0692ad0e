"""The program as a person types it, in this process: what it printed, what it said aside, and how it ended."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.simulate import write_recordings
from somalink.cli.app import main
from somalink.domain.constants import Constants
from somalink.domain.time import from_datetime
from somalink.pipeline.intake import from_path
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, run_archive
from somalink.storage.local import LocalStore


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ended]:
    """`typed("tag", "conflict")` -> what came of it, with nobody's settings but these: store in `tmp_path`, zone Europe/Rome."""
    monkeypatch.setenv("SOMALINK_STORE", str(tmp_path / "somalink.db"))
    monkeypatch.setenv("SOMALINK_TZ", "Europe/Rome")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["somalink", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def lived_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two days of a simulated wearer who lives in Berlin, and her tags."""
    folder = tmp_path_factory.mktemp("lived")
    start_ns = from_datetime(datetime.fromisoformat("2026-03-02T07:00:00+01:00"))
    with LocalStore.open(folder / "lived.db") as store:
        for recording in write_recordings(folder, "ada", start_ns, 2, 3, tier="B", tz="Europe/Berlin"):
            run_archive(store, from_path(recording), Mode(), Constants())
        settle_person(store, "ada", Constants())
    return folder / "lived.db"


@pytest.fixture
def lived(lived_once: Path, tmp_path: Path) -> Path:
    """A copy of it, in the place where `typed` looks."""
    return Path(shutil.copy(lived_once, tmp_path / "somalink.db"))


HOLD = """
import sys
from pathlib import Path
from somalink.storage.local import LocalStore
with LocalStore.open(Path(sys.argv[1])) as store, store.engine_lock(*sys.argv[2:]):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def engine() -> Callable[[Path, str, str], Any]:
    """`with engine(store, person, device)`: another process holds that engine lock."""

    @contextmanager
    def holding(store: Path, person: str, device: str) -> Iterator[None]:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", HOLD, str(store), person, device]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as other:
            assert other.stdout is not None and other.stdout.readline() == b"\n"
            yield
            other.communicate()

    return holding
