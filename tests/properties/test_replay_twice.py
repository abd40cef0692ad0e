"""Told twice, a recording is in the store once: same rows, same change numbers, same files, byte for byte."""

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest
from archived import CONSTANTS, SECRET, archived, dump, export_bytes, replay_into, table

from ingest.simulate import write_recordings
from somalink.domain.time import from_datetime
from somalink.pipeline.intake import from_path
from somalink.pipeline.run import PERSONAL, RECORDING, Mode, Run, slices
from somalink.storage import LocalStore
from somalink.storage.export import export

START_NS = from_datetime(datetime.fromisoformat("2026-03-02T07:00:00+01:00"))


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two simulated days of one person, tags, ratings, sessions and plans among them."""
    return write_recordings(tmp_path_factory.mktemp("simulated"), "simulated", START_NS, 2, 3, tier="B", tz="Europe/Berlin")


@pytest.fixture(scope="module", params=["simulated", pytest.param("real", marks=pytest.mark.truth)])
def lived(request: pytest.FixtureRequest) -> tuple[list[Path], str]:
    """Recordings and the baseline they are read against: two made-up days with tags, or one real day."""
    if request.param == "simulated":
        return request.getfixturevalue("days"), PERSONAL
    return [request.getfixturevalue("recording")("mmash_polar_h7", "3")], RECORDING


def replay_all(file: Path, lived: tuple[list[Path], str]) -> None:
    with LocalStore.open(file) as store:
        for folder in lived[0]:
            replay_into(store, folder, baseline=lived[1])


def exports(file: Path) -> dict[str, bytes]:
    with LocalStore.open(file, create=False, read_only=True) as store:
        return export_bytes(store, file.with_suffix(".out"))


@dataclass(frozen=True)
class Kept:
    """A finished store, and all that is in it."""

    file: Path
    rows: dict[str, list[tuple[object, ...]]]
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def once(lived: tuple[list[Path], str], tmp_path_factory: pytest.TempPathFactory) -> Kept:
    file = tmp_path_factory.mktemp("once") / "store.db"
    replay_all(file, lived)
    return Kept(file, dump(file), exports(file))


def test_the_same_recording_again_changes_no_row_no_number_and_no_byte(lived: tuple[list[Path], str], once: Kept, tmp_path: Path):
    file = Path(shutil.copy(once.file, tmp_path / "store.db"))
    replay_all(file, lived)
    assert dump(file) == once.rows and exports(file) == once.files
    assert len(once.files["beats.csv"]) > 1_000_000


def test_two_stores_of_the_same_recordings_are_the_same(lived: tuple[list[Path], str], once: Kept, tmp_path: Path):
    replay_all(tmp_path / "two.db", lived)
    assert dump(tmp_path / "two.db") == once.rows


def test_a_recording_whose_end_was_not_noted_is_told_from_its_start_and_lands_on_itself(lived: tuple[list[Path], str], once: Kept, tmp_path: Path):
    file = Path(shutil.copy(once.file, tmp_path / "store.db"))
    with LocalStore.open(file) as store:
        for folder in lived[0]:
            forget_the_end(store, folder)
    replay_all(file, lived)
    assert exports(file) == once.files


def forget_the_end(store: LocalStore, folder: Path) -> None:
    """As after a crash that took the snapshots with it."""
    unit = from_path(folder).source.unit
    row = store.recording(unit)
    assert row is not None and row.state == "done"
    with store.transaction() as write:
        write.put_recording(unit, replace(row, state="open"))
    store._database.run("DELETE FROM snapshots")


def test_a_run_broken_off_between_two_slices_goes_on_to_the_same_end(lived: tuple[list[Path], str], once: Kept, tmp_path: Path):
    with LocalStore.open(tmp_path / "broken.db") as store:
        for folder in lived[0]:
            take_some(store, folder, lived[1], parts=9)
            replay_into(store, folder, baseline=lived[1])
    assert exports(tmp_path / "broken.db") == once.files


def take_some(store: LocalStore, folder: Path, baseline: str, *, parts: int) -> None:
    intake = from_path(folder)
    unit = intake.source.unit
    store.person_secret(unit.person, given=SECRET)
    run = Run(store, intake, Mode(baseline), CONSTANTS)
    run.begin()
    for part, _ in zip(slices(intake.source.items(slice_s=3600)), range(parts), strict=False):
        run.take(part)


def test_the_order_of_import_changes_what_was_known_when_and_neither_beats_nor_words(days: list[Path], tmp_path: Path):
    told = []
    for name, order in (("forth", days), ("back", days[::-1])):
        with LocalStore.open(tmp_path / f"{name}.db") as store:
            for folder in order:
                replay_into(store, folder, baseline=PERSONAL)
            paths = export(store, ["beats", "gaps", "coverage", "events", "ratings", "sessions", "plans"], "csv", tmp_path / name)
            told.append({path.stem: table(path) for path in paths})
    forth, back = told
    assert all(forth[name] == back[name] for name in ("beats", "gaps", "ratings", "sessions", "plans"))
    for column in ("received", "stored", "refused", "flagged", "gap_s"):
        assert [hour[column] for hour in forth["coverage"]] == [hour[column] for hour in back["coverage"]]
    assert [event["id"] for event in forth["events"]] == [event["id"] for event in back["events"]]


def test_a_copy_of_the_folder_elsewhere_is_the_same_recording(days: list[Path], tmp_path: Path):
    copy = Path(shutil.copytree(days[0], tmp_path / "elsewhere"))
    with archived(days[0], tmp_path / "store.db", baseline=PERSONAL) as store:
        once = dump(tmp_path / "store.db")
        replay_into(store, copy, baseline=PERSONAL)
        assert dump(tmp_path / "store.db") == once
        assert store.totals()["beats_stored"] > 10_000 and len(store.recordings()) == 1
