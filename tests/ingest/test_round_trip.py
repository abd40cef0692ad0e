"""A stored recording that leaves as a folder comes back as the beats, segments and gaps that it was."""

import json
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from archived import archived
from ecg_traces import made
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_folders import META, REAL, folder

from ingest.recording import Recording, read_folder
from ingest.simulate import SimulatedSource
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS, TICK_NS_X2
from somalink.domain.types import Beats, Gap, Stream
from somalink.pipeline.intake import Intake, from_simulation
from somalink.storage import LocalStore
from somalink.storage.export import export
from somalink.storage.rows import RecordingRow


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


# ---------------------------------------------------------------- intervals finer than ticks

ANN = Unit("ann", "H10", "r", "A")
START_NS = 1_772_352_000 * SECOND_NS
BETWEEN_TICKS = st.builds(lambda odd, more: (2 * odd + 1) * TICK_NS_X2 // 4 + more, st.integers(300, 2000), st.sampled_from((0, 1)))
"""The last and the first nanosecond of a tick: there the next one is nearest."""
RUN = st.tuples(st.integers(10**6, 10 * SECOND_NS), st.lists(st.integers(2 * 10**8, 3 * SECOND_NS) | BETWEEN_TICKS, min_size=1, max_size=40))
"""How long no beat was seen, and then intervals in ns."""


def found_in_ecg(runs: list[tuple[int, list[int]]]) -> tuple[Beats, list[Gap]]:
    """Beats as they are found in an ECG: a gap ends with a peak, and the first interval after it with the next."""
    rows, gaps, now = [], [], START_NS
    for unseen_ns, lengths in runs:
        if rows:
            gaps.append(Gap(Stream.RR, now, now + unseen_ns, "no_beats", unseen_ns))
        now += unseen_ns
        first = now + lengths[0]
        for rr_ns in lengths:
            now += rr_ns
            ticks = (4 * rr_ns + TICK_NS_X2) // (2 * TICK_NS_X2)
            rows.append((now, ticks, 0, first, rr_ns - ticks * TICK_NS_X2 // 2))
    return Beats(*np.array(rows, np.int64).T.copy()), gaps


def read_again(beats: Beats, gaps: list[Gap]) -> Recording:
    with TemporaryDirectory() as here, LocalStore.open(Path(here) / "a.db") as store:
        with store.transaction() as write:
            write.put_recording(ANN, RecordingRow(START_NS))
            write.put_beats(ANN, beats)
            write.put_gaps(ANN, gaps)
        return read_folder(exported(store, Path(here) / "out"))


@given(st.lists(RUN, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_intervals_found_in_an_ecg_come_back_to_the_nanosecond(runs):
    beats, gaps = found_in_ecg(runs)
    back = read_again(beats, gaps)
    again = back.samples[Stream.RR]
    fine = np.zeros(len(beats), np.int64) if again.fine is None else again.fine
    assert np.array_equal(again.values * TICK_NS_X2 // 2 + fine, beats.rr_ns)
    assert np.array_equal(again.values, beats.rr_ticks)
    assert np.array_equal(again.t_ns, beats.t_ns)
    assert segments(back) == beats.segment.tolist()


@given(st.lists(st.integers(1, 65_535), min_size=1, max_size=50), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_strap_s_intervals_are_ticks_and_nothing_beside_whatever_is_said_of_others(ticks, beside_finer):
    runs = [(10**6, [each * TICK_NS_X2 // 2 for each in ticks])]
    beats, gaps = found_in_ecg([*runs, (10**6, [813_000_001])] if beside_finer else runs)
    again = read_again(beats, gaps).samples[Stream.RR]
    assert np.array_equal(again.values, beats.rr_ticks)
    assert again.fine is None if not beside_finer else (again.fine[: len(ticks)] == 0).all()


def test_milliseconds_of_an_app_are_ticks_unless_the_folder_says_that_they_are_finer(tmp_path):
    rows = rr("1,813.4765625,", "2,813.477,", "3,813,")
    assert read_folder(folder(tmp_path / "app", rr=rows)).samples[Stream.RR].fine is None
    finer = read_folder(folder(tmp_path / "finer", rr=rows, meta={"rr_fine": True})).samples[Stream.RR]
    assert (finer.values.tolist(), finer.fine.tolist()) == ([833] * 3, [0, 438, 813_000_000 - 813_476_562])


def test_an_ecg_s_beats_read_again_are_the_same_heart_rate(tmp_path):
    trace = made(400, noise_uv=10)
    seen = [(t, uv10) for t, uv10 in zip(trace.t_ns.tolist(), trace.uv10.tolist(), strict=True) if not 200 < t / SECOND_NS < 201.5]
    rows = "".join(f"{t / SECOND_NS:.9f},{uv10 / 10:g}\n" for t, uv10 in seen)
    came = folder(tmp_path / "in", rr="", meta={"start": "2026-03-02T09:00:00+01:00"}, ecg="t_s,ecg_uv\n" + rows)
    (came / "rr.csv").unlink()
    with archived(came, tmp_path / "a.db") as store:
        (unit,) = store.units(META["person"])
        beats, went = store.recording_beats(unit), exported(store, tmp_path / "out")
    with archived(went, tmp_path / "b.db") as store:
        (unit,) = store.units(META["person"])
        again = store.recording_beats(unit)
    assert len(beats) > 400 and len(set(beats.segment.tolist())) == 2
    assert again.rr_ns.tolist() == beats.rr_ns.tolist()
    assert (again.t_ns.tolist(), again.segment.tolist()) == (beats.t_ns.tolist(), beats.segment.tolist())


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
