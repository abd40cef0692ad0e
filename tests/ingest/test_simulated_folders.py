"""A simulated wearer on disk is the one in memory: what is imported from folders is what the source says, to the row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from archived import replay_into

from ingest.simulate import SimulatedSource, write_recordings
from somalink.domain.types import Beats
from somalink.pipeline.intake import from_path, from_simulation
from somalink.storage import LocalStore

START_NS, DAYS, SEED = 1_772_431_200 * 10**9, 3, 1


@contextmanager
def stored(file: Path, intakes) -> Iterator[LocalStore]:
    with LocalStore.open(file) as store:
        for intake in intakes:
            replay_into(store, intake, baseline="personal")
        yield store


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalStore, LocalStore]]:
    """Three days as `somalink import DIR/*` takes them, and the same days straight from memory."""
    place = tmp_path_factory.mktemp("simulated")
    folders = write_recordings(place / "out", "ada", START_NS, DAYS, SEED)
    with (
        stored(place / "folders.db", [from_path(folder) for folder in folders]) as imported,
        stored(place / "memory.db", [from_simulation(SimulatedSource("ada", START_NS, DAYS, SEED))]) as lived,
    ):
        yield imported, lived


def beats(store: LocalStore) -> Beats:
    return Beats.concat([store.recording_beats(unit) for unit in sorted(store.units("ada"), key=lambda unit: store.recording(unit).start_ns)])


def test_the_beats_are_the_same_with_their_segments_and_flags(both):
    imported, lived = (beats(store).arrays() for store in both)
    assert len(imported["t_ns"]) > 100_000
    for name in imported:
        assert np.array_equal(imported[name], lived[name]), name


@pytest.mark.parametrize("what", ["events", "ratings", "sessions", "plans", "prompts", "answers"])
def test_what_the_person_said_is_the_same(both, what):
    imported, lived = (sorted(getattr(store, what)("ada"), key=repr) for store in both)
    assert imported
    assert imported == lived
