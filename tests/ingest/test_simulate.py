"""The simulated wearer: the same life again, another for another seed, and nothing that claims to be more than it is."""

import ast
import hashlib
import json
import stat
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ingest.simulate
from ingest.recording import read_folder
from ingest.simulate import DEVICE, SimulatedSource, simulate, write_recordings
from somalink.domain.catalogue import KINDS, RATING_KINDS, SESSION_KINDS
from somalink.domain.errors import BadInput, UsageError
from somalink.domain.ports import Source
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, Gap, Heartbeat, Item, Opened, Stream, UtcOffset

START = datetime(2026, 3, 2, tzinfo=UTC)


def life(days: int = 2, seed: int = 7, **options: Any) -> SimulatedSource:
    return SimulatedSource("ada", START, days, seed, **options)


@pytest.fixture(scope="module")
def month() -> tuple[SimulatedSource, list[Item]]:
    source = life(30)
    return source, list(source.items())


def joined(items: list[Item], stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    chunks = [item for item in items if isinstance(item, Chunk) and item.stream is stream]
    return np.concatenate([c.t_ns for c in chunks]), np.concatenate([c.values for c in chunks])


def gaps(items: list[Item], stream: Stream) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap) and item.stream is stream]


def rate(t_ns: np.ndarray, ticks: np.ndarray, start_ns: int, stop_ns: int) -> float:
    part = ticks[np.searchsorted(t_ns, start_ns) : np.searchsorted(t_ns, stop_ns)]
    return float(60 * 1024 / np.median(part)) if len(part) > 15 else np.nan


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_lives_another_life(tmp_path: Path) -> None:
    for name, seed in (("once", 7), ("again", 7), ("other", 8)):
        write_recordings(tmp_path / name, "ada", START, 2, seed)
    once, again, other = (files(tmp_path / name) for name in ("once", "again", "other"))
    assert once == again
    assert set(once) == set(other)
    assert all(once[name] != other[name] for name in once if name.endswith(("rr.csv", "steps.csv", "truth.csv")))


@pytest.mark.parametrize(
    ("days", "seed", "options", "files_are", "recording"),
    [
        (2, 7, {}, "8130010ddc9d19c7", "f0aa87088d60e35a28483e997ff50866"),
        (1, 8, {"tier": "D"}, "3108f331643c9bd5", "56aac8505f621664d4cc5688a41f4a59"),
    ],
)
def test_a_life_that_was_lived_before_is_lived_again_by_newer_code(
    tmp_path: Path, days: int, seed: int, options: dict[str, Any], files_are: str, recording: str
) -> None:
    """Demos and their stores are begun with a seed and gone on with by a later version."""
    write_recordings(tmp_path, "ada", START, days, seed, **options)
    told = hashlib.blake2b(digest_size=8)
    for name, text in files(tmp_path).items():
        told.update(name.encode() + text)
    assert told.hexdigest() == files_are
    assert life(days, seed, **options).unit.recording == recording


def test_what_was_said_in_forty_days_is_said_again_by_newer_code() -> None:
    told = hashlib.blake2b(digest_size=8)
    for seed in range(3):
        source = life(40, seed)
        told.update(repr([source.truth, source.events, source.ratings, source.prompts, source.answers, source.sessions, source.plans]).encode())
    assert told.hexdigest() == "5452470c480f34eb"


def test_a_day_is_the_same_day_however_many_follow() -> None:
    short, long = simulate("ada", START, 1, 7), simulate("ada", START, 3, 7)
    one, same = next(short), next(long)
    assert one.plan == same.plan and one.diary == same.diary
    assert all(np.array_equal(a.values, b.values) for a, b in zip(one.signals().values(), same.signals().values(), strict=True))


def test_a_month_has_rows_for_every_table_and_moments_of_every_kind(month: tuple[SimulatedSource, list[Item]]) -> None:
    source, _ = month
    assert {event.kind for event in source.events} == set(KINDS)
    assert {rating.kind for rating in source.ratings} == set(RATING_KINDS) - {"outcome"}, "which only the clients give"
    assert {session.kind for session in source.sessions} == set(SESSION_KINDS)
    assert {plan.event_id for plan in source.plans} <= {"", *(event.id for event in source.events)}
    assert {answer.prompt_id for answer in source.answers} <= {prompt.id for prompt in source.prompts}
    assert {event.blind for event in source.events} == {True, False, None}
    assert len({event.certainty_s for event in source.events}) == 5
    assert source.answers and source.plans
    people: list[Any] = [*source.events, *source.ratings, *source.prompts, *source.answers, *source.sessions, *source.plans]
    assert {row.person for row in people} == {"ada"}
    assert len({row.id for row in people if hasattr(row, "id")}) == len(people) - len(source.answers)


def test_some_moments_are_never_told_and_some_that_are_told_moved_nothing(month: tuple[SimulatedSource, list[Item]]) -> None:
    source, _ = month
    happened = [happening for day in source.days for happening in day.plan.happenings]
    assert len(source.events) < len(happened)
    assert any(happening.surge is None for happening in happened)
    causes = Counter(row.cause for row in source.truth)
    assert causes["unprompted"] and causes["coffee"] and causes["run"] and causes["breathing"]
    assert all(event.made_at_ns > event.t_ns for event in source.events)


def test_intervals_are_whole_positive_ticks_at_rates_a_heart_can_have(month: tuple[SimulatedSource, list[Item]]) -> None:
    t_ns, ticks = joined(month[1], Stream.RR)
    assert ticks.dtype == np.int64 and ticks.min() > 0
    assert np.diff(t_ns).min() > 0
    minute = np.median(ticks[: len(ticks) // 60 * 60].reshape(-1, 60), axis=1)
    assert 40 < 60 * 1024 / minute.max() < 60 * 1024 / minute.min() < 190
    assert 0.9 < float(((ticks > 450) & (ticks < 1300)).mean()) < 1


def test_beats_are_chained_inside_a_segment_and_never_across_a_gap(month: tuple[SimulatedSource, list[Item]]) -> None:
    items = month[1]
    t_ns, ticks = joined(items, Stream.RR)
    holes = gaps(items, Stream.RR)[:-1]
    assert len(holes) > 60
    opened = np.searchsorted(t_ns, [gap.stop_ns for gap in holes])
    assert np.array_equal(t_ns[opened], [gap.stop_ns for gap in holes])
    assert np.array_equal(t_ns[opened - 1], [gap.start_ns for gap in holes])
    unexplained = np.diff(t_ns) - ticks[1:] * 1_953_125 // 2
    inside = np.ones(len(unexplained), np.bool_)
    inside[opened - 1] = False
    assert np.abs(unexplained[inside]).max() <= 1
    assert unexplained[~inside].min() > SECOND_NS
    assert [gap.lost_ns for gap in holes] == unexplained[~inside].tolist()


def test_nights_and_lost_packets_are_gaps_of_their_own_reason(month: tuple[SimulatedSource, list[Item]]) -> None:
    holes = gaps(month[1], Stream.RR)
    assert {gap.reason for gap in holes} <= {"lost", "strap_off", "end"}
    assert sum(gap.reason == "strap_off" and gap.stop_ns - gap.start_ns > 6 * HOUR_NS for gap in holes) == 29
    assert any(gap.reason == "lost" and gap.lost_ns < 30 * SECOND_NS for gap in holes)
    assert any(gap.reason == "lost" and gap.lost_ns > MINUTE_NS for gap in holes)


def test_the_heart_really_rises_where_the_truth_says_so(month: tuple[SimulatedSource, list[Item]]) -> None:
    source, items = month
    t_ns, ticks = joined(items, Stream.RR)
    acts = [act for day in source.days for act in [(day.plan.ns(a.start), day.plan.ns(a.stop)) for a in day.plan.acts if a.effort > 0.3]]
    rises = []
    for start, _, bpm, cause in source.truth:
        still = not any(a < start + 4 * MINUTE_NS and b > start - 6 * MINUTE_NS for a, b in acts)
        if still and bpm >= 8 and cause in (*KINDS, "unprompted"):
            rises.append(rate(t_ns, ticks, start + 60 * SECOND_NS, start + 110 * SECOND_NS) - rate(t_ns, ticks, start - 2 * MINUTE_NS, start))
    assert len(rises) > 30
    assert np.nanmean(np.array(rises) > 3) > 0.9
    walks = [
        rate(t_ns, ticks, r.start_ns + 90 * SECOND_NS, r.stop_ns) - rate(t_ns, ticks, r.start_ns - 2 * MINUTE_NS, r.start_ns)
        for r in source.truth
        if r.cause == "run"
    ]
    assert np.nanmin(walks) > 15


def test_later_moments_move_the_heart_less_but_not_evenly() -> None:
    sizes = [(day.plan.number, h.surge.bpm) for seed in range(6) for day in simulate("ada", START, 30, seed) for h in day.plan.happenings if h.surge]
    early, late = (np.array([bpm for number, bpm in sizes if number // 10 == third]) for third in (0, 2))
    assert late.mean() < 0.8 * early.mean()
    assert np.percentile(late, 80) > np.percentile(early, 20)


def test_items_are_told_in_order_and_end_a_minute_past_the_end() -> None:
    source = life()
    items = list(source.items())
    assert [type(item) for item in items[:2]] == [UtcOffset, Opened]
    told = source.start_ns - 1
    for item in items[2:]:
        if isinstance(item, Heartbeat):
            assert item.t_ns > told
            told = item.t_ns
        else:
            assert (int(item.t_ns[0]) if isinstance(item, Chunk) else item.start_ns) > told  # type: ignore[union-attr]
    assert items[-1] == Heartbeat(source.end_ns + MINUTE_NS)
    assert sum(hour.received for hour in source.counts.values()) == len(joined(items, Stream.RR)[0])


@pytest.mark.parametrize("options", [{}, {"tier": "D"}, {"tier": "B", "motion": "acc", "rate_hz": 10}, {"nights": True}])
def test_any_slice_and_any_restart_tell_the_same(options: dict[str, Any]) -> None:
    whole = list(life(**options).items())
    fine = list(life(**options).items(slice_s=300))
    at, heard = [(k, item.t_ns) for k, item in enumerate(fine) if isinstance(item, Heartbeat)][len(fine) // 30]
    resumed = fine[: at + 1] + list(life(**options).items(after_ns=heard))
    for stream in next(item for item in whole if isinstance(item, Opened)).streams:
        for other in (fine, resumed):
            assert all(np.array_equal(a, b) for a, b in zip(joined(whole, stream), joined(other, stream), strict=True))
            assert gaps(whole, stream) == gaps(other, stream)


def test_reading_a_written_day_gives_the_beats_and_gaps_of_memory(tmp_path: Path) -> None:
    source = life(1)
    items = list(source.items())
    read = read_folder(write_recordings(tmp_path, "ada", START, 1, 7)[0])
    t_ns, ticks = joined(items, Stream.RR)
    assert np.array_equal(read.samples[Stream.RR].t_ns, t_ns) and np.array_equal(read.samples[Stream.RR].values, ticks)
    lost = [[(g.start_ns, g.stop_ns, g.lost_ns) for g in found if g.stream is Stream.RR and g.reason != "end"] for found in (read.gaps, gaps(items, Stream.RR))]
    assert lost[0] == lost[1]
    for stream in (Stream.STEPS, Stream.POSTURE):
        assert np.array_equal(read.samples[stream].values, joined(items, stream)[1])
    assert [(e.id, e.kind, e.distress, e.sensations, e.certainty_s) for e in read.events] == [
        (e.id, e.kind, e.distress, e.sensations, e.certainty_s) for e in source.events
    ]
    assert read.events_refused == 0 and not read.refused


def test_everything_written_is_marked_simulated_and_private(tmp_path: Path) -> None:
    folder = write_recordings(tmp_path, "ada", START, 1, 7)[0]
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["simulated"] is True and meta["device"] == DEVICE and meta["person"] == "ada"
    assert "simulated" in (folder / "events.csv").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {event.source for event in life().events} == {"simulated"}


def test_a_watch_says_whole_beats_a_minute_once_a_second_and_nothing_finer() -> None:
    source: Source = life(tier="D")
    items = list(source.items())
    t_ns, values = joined(items, Stream.HR)
    assert {item.stream for item in items if isinstance(item, Chunk)} == {Stream.HR}
    assert not (values % 1000).any()
    assert 40_000 < values.min() < values.max() < 190_000
    assert np.diff(t_ns).min() == SECOND_NS


def test_a_folder_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    write_recordings(tmp_path, "ada", START, 1, 7)
    with pytest.raises(BadInput, match="exists already"):
        write_recordings(tmp_path, "ada", START, 1, 7)


@pytest.mark.parametrize("options", [{"tier": "X"}, {"motion": "wings"}, {"tz": "Mars/Olympus"}, {"rate_hz": 0}, {"days": 0}])
def test_a_life_that_cannot_be_is_refused_with_the_choices(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        life(**options)
    assert refused.value.next_step


def test_a_day_of_another_clock_offset_is_told_as_an_offset() -> None:
    items = list(SimulatedSource("ada", datetime(2026, 3, 28, tzinfo=UTC), 2, 7).items())
    assert [item.offset_s for item in items if isinstance(item, UtcOffset)] == [3600, 7200]


def test_the_wearer_borrows_nothing_from_what_it_tests() -> None:
    folder = Path(ingest.simulate.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith(("processing", "somalink.domain.constants")) for name in names), path.name


def test_lives_have_no_hole_in_their_acts() -> None:
    for day in simulate("ada", START, 5, 3):
        assert all(before.stop == after.start for before, after in pairwise(day.plan.acts))
