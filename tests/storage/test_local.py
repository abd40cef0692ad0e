"""What is put in comes out: beats, grid, episodes, tags; the same again changes nothing; readers see one analysis."""

import stat
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from somalink.domain.errors import StoreError
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Baseline, Beats, Candidate, Gap, Grid, Stream, StreamClock, UtcOffset
from somalink.storage import HrvRow, LocalStore, RecordingRow

EVER = (0, 1 << 62)


def same(one: Beats | Grid, other: Beats | Grid) -> bool:
    return all(np.array_equal(column, other.arrays()[name]) for name, column in one.arrays().items())


def told(store: LocalStore) -> Counter[tuple[int, str]]:
    """How many rows of each kind a replica is told under each change number."""
    counted: Counter[tuple[int, str]] = Counter()
    for delta in store.since(0):
        counted[delta.change, delta.kind] += len(delta.rows)
    return counted


def held(store: LocalStore, table: str) -> int:
    return int(store._database.value(f"SELECT count(*) FROM {table}"))


def test_a_live_hour_and_an_archived_day_read_the_same(store, make) -> None:
    day, live = make.beats(86_400), Unit("ann", "strap", "live")
    points = make.grid(17_280)
    with store.transaction() as write:
        write.put_beats(make.unit, day)
        write.put_grid(make.unit, "A", points)
    for start in range(0, 600, 60):
        with store.transaction() as write:
            write.put_beats(live, day.take(slice(start, start + 60)))
    assert held(store, "beats") == 600
    assert same(store.recording_beats(make.unit), day)
    assert same(store.recording_beats(live), day.take(slice(0, 600)))
    assert same(store.grid("ann", "strap", *EVER), points)


def test_times_are_from_start_up_to_but_not_with_stop(store, make) -> None:
    beats, points = make.beats(7200), make.grid(1440)
    with store.transaction() as write:
        write.put_beats(make.unit, beats)
        write.put_grid(make.unit, "A", points)
    first, last = int(beats.t_ns[100]), int(beats.t_ns[5000])
    assert same(store.beats("ann", "strap", first, last), beats.take(slice(100, 5000)))
    assert same(store.grid("ann", "strap", int(points.stop_ns[10]), int(points.stop_ns[900])), points.take(slice(10, 900)))
    assert len(store.beats("ann", "strap", last, last)) == 0


@pytest.mark.parametrize("seconds", [300, 7200], ids=["live", "archive"])
def test_the_same_again_changes_nothing_not_even_a_change_number(store, make, seconds: int) -> None:
    for _ in range(2):
        with store.transaction() as write:
            write.put_recording(make.unit, RecordingRow(make.t0, tz="Europe/Rome", meta={"b": 1, "a": [2]}))
            write.put_beats(make.unit, make.beats(seconds))
            write.put_grid(make.unit, "A", make.grid(seconds // 5))
            write.put_gaps(make.unit, [Gap(Stream.RR, make.t0, make.t0 + 5, "hole", 3)])
            write.put_counts(make.unit, {make.t0: (40, {"too_long": 1})})
            write.put_episodes(make.unit, "A", [make.episode()], lead=True)
            write.put_candidates(make.unit, "A", [Candidate("spike", "level", make.t0, make.t0 + 9, "no_rise", 1.5)])
            write.put_utc_offsets(make.unit, [UtcOffset(make.t0, 3600, "Europe/Rome")])
            write.put_event(make.event())
            write.put_snapshot(make.unit, "A", make.t0, b"state")
    assert store.change == 1


def test_one_changed_row_takes_the_new_change_number_and_its_neighbours_keep_theirs(store, make) -> None:
    points = make.grid(1440)
    with store.transaction() as write:
        write.put_grid(make.unit, "A", points)
    z = points.z.copy()
    z[700] += 1
    with store.transaction() as write:
        write.put_grid(make.unit, "A", Grid(**{**points.arrays(), "z": z}))
    (delta,) = store.since(1)
    assert delta.change == 2
    assert delta.rows.stop_ns.tolist() == [points.stop_ns[700]]


def test_two_beats_of_one_time_are_two_beats(store, make) -> None:
    beats = Beats(*(np.array(column, np.int64) for column in ([5, 9, 9, 12], [800, 801, 802, 803], [0, 0, 4, 0], [5, 5, 5, 5])))
    for _ in range(2):
        with store.transaction() as write:
            write.put_beats(make.unit, beats)
    assert same(store.recording_beats(make.unit), beats)


def test_closed_hours_become_blobs_and_read_the_same(store, make) -> None:
    beats, points = make.beats(3 * 3600), make.grid(3 * 720)
    for k in range(0, 3 * 720, 60):
        with store.transaction() as write:
            within = (beats.t_ns > points.stop_ns[k] - 5 * SECOND_NS) & (beats.t_ns <= points.stop_ns[k + 59])
            write.put_beats(make.unit, beats.take(within))
            write.put_grid(make.unit, "A", points.take(slice(k, k + 60)))
    before = told(store)
    store.compact(make.t0 + 2 * HOUR_NS + 60 * SECOND_NS)
    assert held(store, "hours") == 4
    assert set(store._database.rows(f"SELECT DISTINCT stop_ns / {HOUR_NS} FROM grid")) == {(make.t0 // HOUR_NS + 2,), (make.t0 // HOUR_NS + 3,)}
    assert same(store.recording_beats(make.unit), beats)
    assert same(store.recording_grid(make.unit), points)
    assert told(store) == before


def test_a_late_row_for_a_closed_hour_joins_its_blob(store, make) -> None:
    beats = make.beats(7200)
    odd = np.arange(len(beats)) % 2 == 1
    with store.transaction() as write:
        write.put_beats(make.unit, beats.take(~odd))
    for part in np.array_split(np.flatnonzero(odd), 5):
        with store.transaction() as write:
            write.put_beats(make.unit, beats.take(part[::-1]))
    assert same(store.recording_beats(make.unit), beats)
    assert held(store, "beats") == 0


def test_overlapping_recordings_keep_all_beats_and_show_each_grid_point_once(store, make) -> None:
    other = Unit("ann", "strap", "rec0", "B")
    with store.transaction() as write:
        for unit, seed in ((make.unit, 1), (other, 2)):
            write.put_beats(unit, make.beats(3600, seed=seed))
            write.put_grid(unit, "A", make.grid(720, seed=seed))
    merged = store.beats("ann", "strap", *EVER)
    assert len(merged) == 2 * len(make.beats(3600))
    assert np.all(np.diff(merged.t_ns) >= 0)
    assert same(store.grid("ann", "strap", *EVER), make.grid(720, seed=2))


def test_a_transaction_that_fails_leaves_nothing(store, make) -> None:
    def interrupted() -> None:
        with store.transaction() as write:
            write.put_beats(make.unit, make.beats(60))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.people() == []
    with store.transaction() as write:
        write.put_beats(make.unit, make.beats(60))
    assert store.change == 1


def test_a_final_episode_is_never_reopened_and_keeps_its_lead(store, make) -> None:
    for state in ("open", "closed", "final", "open", "closed"):
        with store.transaction() as write:
            write.put_episodes(make.unit, "A", [make.episode(state=state)])
            if state == "open":
                write.set_lead({"e1": True})
    (found,) = store.device_episodes("ann")
    assert found.episode == make.episode(state="final")
    assert found.lead is True
    assert store.episodes("ann", found.episode.start_ns + SECOND_NS, found.episode.start_ns + 2 * SECOND_NS) == [found.episode]
    assert store.episodes("ann", found.episode.start_ns + DAY_NS, EVER[1]) == []


def test_readers_see_the_current_analysis_alone_and_a_switch_is_told_to_replicas(store, make) -> None:
    with store.transaction() as write:
        write.put_grid(make.unit, "A", make.grid(720))
        write.put_episodes(make.unit, "A", [make.episode("old")], lead=True)
    with store.transaction() as write:
        write.put_grid(make.unit, "B", make.grid(720, seed=5))
        write.put_episodes(make.unit, "B", [make.episode("new")], lead=True)
    assert store.current_analysis("ann") == "A"
    assert [found.id for found in store.episodes("ann", *EVER)] == ["old"]
    assert list(store.since(1)) == []
    with store.transaction() as write:
        write.set_current_analysis("ann", "B")
    assert same(store.grid("ann", "strap", *EVER), make.grid(720, seed=5))
    told = list(store.since(1))
    assert {delta.change for delta in told} == {3}
    assert told[0].kind == "tombstones"
    assert {(stone.kind, stone.id) for stone in told[0].rows} == {("grid", ""), ("episodes", "old")}
    assert sum(len(delta.rows) for delta in told if delta.kind == "grid") == 720
    assert [found.id for delta in told if delta.kind == "episodes" for found in delta.rows] == ["new"]
    with store.transaction() as write:
        write.set_current_analysis("ann", "A")
    assert sum(len(delta.rows) for delta in store.since(3) if delta.kind == "grid") == 720


def test_a_baseline_is_read_as_it_was_fitted(store, make) -> None:
    fitted = Baseline(
        3, "personal", make.t0, tuple(range(8)), ((1, 2), (3, 4)), 5_000_000, 4_000_000, 21.5, 6, 1234, None, {"level": 2.0}, {"level": 2.5},
        {"still/2": 0.4}, 0.31, ("t1:1",), (1, 2),
    )  # fmt: skip
    with store.transaction() as write:
        write.put_grid(make.unit, "A", make.grid(1))
        write.put_baseline("ann", "B", "A", fitted)
        write.put_baseline("ann", "A", "A", fitted)
    assert store.baselines("ann", tier="B") == [fitted]
    assert store.baselines("ann", analysis="B") == []


def test_panels_keep_neurokits_columns_and_their_order(store, make) -> None:
    panel = HrvRow(make.t0, make.t0 + 300 * SECOND_NS, 371, 0.01, "", {"HRV_RMSSD": 41.12346, "HRV_LF": None, "HRV_ApEn": 0.5})
    with store.transaction() as write:
        write.put_hrv(make.unit, [panel])
    (found,) = store.hrv(make.unit)
    assert found == panel
    assert list(found.columns) == list(panel.columns)


def test_the_newest_two_snapshots_are_kept(store, make) -> None:
    for k in range(5):
        with store.transaction() as write:
            write.put_snapshot(make.unit, "A", make.t0 + k, bytes([k]))
    assert store.latest_snapshot(make.unit, "A") == (make.t0 + 4, b"\x04")
    assert store.latest_snapshot(make.unit, "A", before_ns=make.t0 + 4) == (make.t0 + 3, b"\x03")
    assert held(store, "snapshots") == 2


def test_a_secret_is_made_once_and_kept(path, store) -> None:
    secret = store.person_secret("ann")
    assert len(secret) == 32
    assert store.person_secret("ann", given="other") == secret
    assert store.person_secret("sim", given="fixed") == "fixed"
    with LocalStore.open(path, read_only=True) as reader:
        assert reader.person_secret("ann") == secret


def test_the_store_and_its_side_files_are_for_their_owner_alone(path, store, make) -> None:
    with store.transaction() as write:
        write.put_beats(make.unit, make.beats(60))
    with store.engine_lock("ann", "strap"):
        modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert len(modes) >= 4
    assert set(modes.values()) == {0o600}


def test_readers_of_another_connection_never_wait_and_see_whole_transactions(path, store, make) -> None:
    with LocalStore.open(path, read_only=True) as reader, store.transaction() as write:
        write.put_beats(make.unit, make.beats(60))
        assert reader.people() == []
    with LocalStore.open(path, read_only=True) as reader:
        assert reader.people() == ["ann"]
        with pytest.raises(StoreError, match="cannot be written"), reader.transaction() as write:
            write.put_event(make.event())


def test_threads_share_one_store(store, make) -> None:
    beats = make.beats(600)

    def write(k: int) -> None:
        for start in range(0, len(beats), 50):
            with store.transaction() as hand:
                hand.put_beats(Unit("ann", "strap", f"rec{k}"), beats.take(slice(start, start + 50)))
            store.recordings()

    threads = [threading.Thread(target=write, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.totals()["beats_stored"] == 3 * len(beats)


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    def refused(path: Path, **how: bool) -> str:
        with pytest.raises(StoreError) as failed:
            LocalStore.open(path, **how)
        assert failed.value.next_step
        return failed.value.what

    assert "there is no store" in refused(tmp_path / "none.db", create=False)
    assert "there is no store" in refused(tmp_path / "none.db", read_only=True)
    assert "this is a folder" in refused(tmp_path)
    assert "cannot be created" in refused(tmp_path / "nowhere" / "store.db")


def test_what_a_device_s_clock_showed_reads_the_same_from_rows_and_from_closed_hours(store, make) -> None:
    shown = [
        StreamClock(stream, make.t0 + minute * 60 * SECOND_NS, minute * 60 * 10**9 + 7, make.t0 - 7 + minute, -31_000 - minute, 25_412, 2_000_000)
        for minute in range(1, 130)
        for stream in (Stream.ACC, Stream.ECG)
    ]
    for part in (shown[:101], shown[90:]):
        with store.transaction() as write:
            write.put_stream_clocks(make.unit, reversed(part))
    assert store.stream_clocks(make.unit) == shown
    store.compact(make.t0 + HOUR_NS)
    assert store.stream_clocks(make.unit) == shown
    with store.transaction() as write:
        write.put_stream_clocks(make.unit, shown)
    assert not write.taken
    assert (held(store, "stream_clocks"), store.stream_clocks(make.unit)) == (0, shown)


def test_an_interval_finer_than_a_tick_reads_the_same_from_rows_and_from_closed_hours(store, make) -> None:
    beats = make.beats(600)
    fine = Beats(**{**beats.arrays(), "rr_fine_ns": np.arange(len(beats)) * 613 - 200_000})
    with store.transaction() as write:
        write.put_beats(make.unit, fine)
    for _ in range(2):
        assert same(store.recording_beats(make.unit), fine)
        store.compact(make.t0 + HOUR_NS)
