"""A folder with an ECG alone, through reader, engine and store: every beat that was found is counted, over a break and a restart too."""

import json

import pytest
from ecg_traces import made

from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.pipeline.intake import from_path
from somalink.pipeline.run import Mode, run_archive
from somalink.storage.local import LocalStore

SECONDS = 400
START = "2026-03-02T09:00:00+01:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six minutes and more at 130 Hz, eight seconds of it missing."""
    path = tmp_path_factory.mktemp("ecg")
    trace = made(SECONDS, noise_uv=10)
    rows = [f"{t / SECOND_NS:.6f},{uv10 / 10:g}" for t, uv10 in zip(trace.t_ns.tolist(), trace.uv10.tolist(), strict=True) if not 200 < t / SECOND_NS < 208]
    meta = {"format": "somalink-recording", "version": 1, "person": "ada", "device": "Movesense", "tier": "A", "start": START, "tz": "Europe/Rome"}
    (path / "meta.json").write_text(json.dumps(meta))
    (path / "ecg.csv").write_text("t_s,ecg_uv\n" + "\n".join(rows) + "\n")
    return path


def totals(folder, path, *breaks_s):
    intake = from_path(folder)
    with LocalStore.open(path) as store:
        for at_s in breaks_s:
            run_archive(store, intake, Mode(), Constants(), until_ns=intake.row.start_ns + at_s * SECOND_NS)
        run_archive(store, intake, Mode(), Constants())
        beats = store.recording_beats(intake.unit)
        gaps = store.recording_gaps(intake.unit)
        return store.totals(), {name: column.tolist() for name, column in beats.arrays().items()}, gaps


def test_what_was_found_is_what_was_received_and_stored(folder, tmp_path):
    said, beats, gaps = totals(folder, tmp_path / "a.db")
    assert said["beats_received"] == said["beats_stored"] == len(beats["t_ns"]) > 450
    assert said["beats_refused"] == {} and said["windows_final"] >= (SECONDS - 30) * SECOND_NS // GRID_NS
    assert any(beats["rr_fine_ns"]) and len(set(beats["segment"])) == 2
    assert said["gap_s"] == pytest.approx(8, abs=0.1) and {gap.reason for gap in gaps} == {"silence"}


def test_a_replay_that_was_broken_off_twice_ends_with_the_same(folder, tmp_path):
    assert totals(folder, tmp_path / "a.db", 90, 203) == totals(folder, tmp_path / "b.db")
