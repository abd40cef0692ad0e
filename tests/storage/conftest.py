"""A store to put a wearer's beats and grid points in."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_store import T0, beats, episode, event, grid, unit

from somalink.storage import LocalStore


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """`make.beats(seconds)`, `make.grid(points)`, `make.episode(...)`, `make.event(...)`, `make.unit`, `make.t0`."""
    return SimpleNamespace(beats=beats, grid=grid, episode=episode, event=event, unit=unit(), t0=T0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(path) as opened:
        yield opened
