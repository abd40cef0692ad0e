"""A store with a wearer's morning in it, and the points it calls for."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import lived
import morning
import pytest
from lived import CONSTANTS, PERSON

from somalink.pipeline.replica.sets import SETS, Subject
from somalink.storage import LocalStore
from somalink.storage.influx.points import Point
from somalink.storage.writer import Writer


@pytest.fixture(scope="session")
def lived_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lived once."""
    file = tmp_path_factory.mktemp("morning") / "s.db"
    with lived.opened(file) as opened:
        morning.live(opened)
    return file


@pytest.fixture
def store(lived_file: Path, tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(Path(shutil.copyfile(lived_file, tmp_path / "s.db"))) as opened:
        yield opened


@pytest.fixture
def write(store: LocalStore) -> Callable[[Callable[[Writer], object]], None]:
    """`write(lambda writer: ...)`: one transaction."""

    def do(what: Callable[[Writer], object]) -> None:
        with store.transaction() as writer:
            what(writer)

    return do


@pytest.fixture
def subject(store: LocalStore) -> Callable[[], Subject]:
    """The wearer as the store has them now."""
    return lambda: Subject.of(store, PERSON, CONSTANTS, "UTC")


@pytest.fixture
def points(subject: Callable[[], Subject]) -> Callable[[str], dict[str, Point]]:
    """`points("episode")`: that set as the store has it now, by id."""
    return lambda name: {point.id: point for each in SETS if each.measurement == name for point in each.points(subject())}
