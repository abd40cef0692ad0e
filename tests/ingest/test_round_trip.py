"""A stored recording that leaves as a folder comes back as the beats, segments and gaps that it was."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from archived import archived
from recording_folders import META, REAL, folder

from ingest.recording import Recording, read_folder
from ingest.simulate import SimulatedSource
from somalink.domain.types import Beats, Gap, Stream
from somalink.pipeline.intake import Intake, from_simulation
from somalink.storage import LocalStore
from somalink.storage.export import export


def there_and_back(what: Intake | Path, tmp_path: Path) -> tuple[Beats, list[Gap], Recording]:
    """What the store holds of its one recording, and what is read from its export."""
    with archived(what, tmp_path / "once.db", baseline="personal") as store:
        (unit,) = (found for person in store.people() for found in store.units(person))
        beats, gaps = store.recording_beats(unit), between(store.recording_gaps(unit))
        back = read_folder(exported(store, tmp_path / "out"))
    return beats, gaps, back


def exported(store: LocalStore, out: Path) -> Path:
    (rr,) = (path for path in export(store, [], "recording", out) if path.name == "rr.csv")
    return rr.parent


def between(gaps) -> list[Gap]:
    """Gaps of the beats, but for the end of the recording: that belongs to streams that are not exported."""
    return [gap for gap in gaps if gap.stream is Stream.RR and gap.reason != "end"]


def segments(whole: Recording) -> list[int]:
    """The segment of each beat as the gaps tell it."""
    t_ns = whole.samples[Stream.RR].t_ns
    first = np.unique([t_ns[0], *(gap.stop_ns for gap in between(whole.gaps))])
    return first[np.searchsorted(first, t_ns, side="right") - 1].tolist()


def assert_equal(beats: Beats, gaps: list[Gap], back: Recording) -> None:
    again = back.samples[Stream.RR]
    assert (back.refused, back.notices) == ({}, ())
    assert np.array_equal(again.values, beats.rr_ticks)
    assert np.array_equal(again.t_ns, beats.t_ns)
    assert segments(back) == beats.segment.tolist()
    assert between(back.gaps) == gaps


COARSE = "t_s,rr_ms\n" + "".join(f"{np.floor(0.8 * k + (5 if k > 40 else 0) - (3 if k > 80 else 0)):.0f},{800 + k % 7}.0\n" for k in range(1, 140))
"""A clock of whole seconds that loses five and later runs three behind, which only `time_resolution_s` excuses."""


def test_a_coarse_clock_that_steps_back_comes_back_beat_for_beat(tmp_path):
    came = folder(tmp_path / "in", meta={"time_resolution_s": 1}, rr=COARSE)
    beats, gaps, back = there_and_back(came, tmp_path)
    assert {gap.reason for gap in gaps} == {"hole", "drift"}
    assert_equal(beats, gaps, back)


def test_an_export_of_an_import_of_an_export_is_the_same_file(tmp_path):
    once = tmp_path / "once"
    with archived(folder(tmp_path / "in", rr=COARSE, meta={"time_resolution_s": 1}), tmp_path / "a.db") as store:
        first = exported(store, once)
    with archived(first, tmp_path / "b.db") as store:
        second = exported(store, tmp_path / "twice")
    assert (first / "rr.csv").read_bytes() == (second / "rr.csv").read_bytes()
    assert json.loads((first / "meta.json").read_text()) == json.loads((second / "meta.json").read_text())
    assert json.loads((second / "meta.json").read_text())["person"] == META["person"]


def test_the_nights_of_a_simulated_wearer_stay_what_they_were(tmp_path):
    life = SimulatedSource("ada", 1_772_352_000 * 10**9, 2, 5)
    beats, gaps, back = there_and_back(from_simulation(life), tmp_path)
    assert {"lost", "strap_off"} <= {gap.reason for gap in gaps}
    assert back.simulated
    assert_equal(beats, gaps, back)


@pytest.mark.truth
@pytest.mark.parametrize(("name", "person"), REAL)
def test_a_real_recording_comes_back_as_it_was(recording, name, person, tmp_path):
    beats, gaps, back = there_and_back(recording(name, person), tmp_path)
    assert len(beats) > 100
    assert_equal(beats, gaps, back)


# ---------------------------------------------------------------- the column by itself


def rr(*rows: str, header: str = "t_s,rr_ms,gap") -> str:
    return "\n".join((header, *rows, ""))


def told(path: Path) -> list[tuple[str, float, float, float]]:
    whole = read_folder(path)
    return [(gap.reason, *((ns - whole.start_ns) / 1e9 for ns in (gap.start_ns, gap.stop_ns)), gap.lost_ns / 1e9) for gap in between(whole.gaps)]


def test_a_named_gap_anchors_its_beat_to_its_own_time(tmp_path):
    beats = [f"{t},1000," for t in (1, 2, 3)]
    path = folder(tmp_path, rr=rr(*beats, "4.25,1000,disconnect", "5.25,1000,"))
    assert told(path) == [("disconnect", 3, 4.25, 0.25)]
    assert (np.diff(read_folder(path).samples[Stream.RR].t_ns) / 1e9).tolist() == [1, 1, 1.25, 1]


def test_a_named_gap_may_be_shorter_than_its_interval_and_then_lost_nothing(tmp_path):
    assert told(folder(tmp_path, rr=rr("1,1000,", "2,1000,", "2.5,1000,clock_step"))) == [("clock_step", 2, 2.5, 0)]


def test_gaps_that_nobody_named_are_still_found(tmp_path):
    path = folder(tmp_path, rr=rr("1,1000,", "2,1000,", "9,1000,", "19,1000,strap_off"))
    assert [reason for reason, *_ in told(path)] == ["hole", "strap_off"]


def test_the_mark_of_a_refused_row_goes_to_the_next_beat_and_before_the_first_there_is_no_gap(tmp_path):
    path = folder(tmp_path, rr=rr("1,1000,silence", "2,1000,", "3,-1,lost", "4.2,1000,drift", "5.2,1000,", "6,x,hole"))
    assert told(path) == [("lost", 2, 4.2, 1.2)]


def test_what_is_no_word_is_kept_as_a_hole_with_a_notice(tmp_path):
    path = folder(tmp_path, rr=rr("1,1000,", "2.2,1000,took it off; shower", "3.4,1000,7", "4.6,1000,Lost"))
    assert [reason for reason, *_ in told(path)] == ["hole", "hole", "lost"]
    assert read_folder(path).notices == (
        "rr.csv, line 3: gap 'took it off; shower' is no word; kept as hole",
        "rr.csv, line 4: gap '7' is no word; kept as hole",
    )


def test_the_column_may_stand_anywhere(tmp_path):
    last = folder(tmp_path / "last", rr=rr("1,1000,", "2,1000,", "3.3,1000,lost"))
    first = folder(tmp_path / "first", rr=rr(",1,1000", ",2,1000", '"lost",3.3,1000', header="gap,t_s,rr_ms"))
    assert told(last) == told(first)
    assert all(a[2] <= b[1] for a, b in pairwise(told(last)))
