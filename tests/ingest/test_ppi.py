"""Batches of pulse intervals lie where they arrive; one that never came is a gap, one that was held up is none."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real import table

from ingest import ppi
from ingest.dating import span_ns
from ingest.ppi import LATENCY_NS, PpiDating
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Chunk, Flag, Gap, Stream

START_NS = 1_772_352_000 * SECOND_NS
LATE_NS = 35 * SECOND_NS
BATCH_S, FIRST_S = 5, 25
RADIO_NS = 30_000_000


class Arm:
    """A heart under an optical device: beats as they closed, and batches as they leave, every five seconds after the first twenty-five.

    `drift`: by how much its intervals are too long, as a share of them.
    """

    def __init__(self, minutes: float = 10, bpm: float = 66, seed: int = 0, drift: float = 0.0) -> None:
        dice = np.random.default_rng(seed)
        count = int(minutes * bpm * 1.1)
        rr_s = 60 / bpm * (1 + 0.04 * np.sin(np.arange(count) / 4) + 0.03 * dice.standard_normal(count))
        self.closed_ns = START_NS + np.cumsum(rr_s * SECOND_NS).astype(np.int64)
        self.ticks = np.rint(rr_s * (1 + drift) * 1024).astype(np.int64)
        self.count = int(minutes * 60 - FIRST_S) // BATCH_S

    def sent(self, number: int) -> slice:
        """The beats of a batch; the first one has those of its last five seconds."""
        stop_ns = START_NS + (FIRST_S + number * BATCH_S) * SECOND_NS
        first, last = np.searchsorted(self.closed_ns, [stop_ns - BATCH_S * SECOND_NS, stop_ns], side="right")
        return slice(int(first), int(last))

    def arrives(self, number: int) -> int:
        return START_NS + (FIRST_S + number * BATCH_S) * SECOND_NS + RADIO_NS

    def told(self, numbers, dating: PpiDating | None = None, *, held=(), released: bool = True, flag: Flag = Flag.OK) -> list[Chunk | Gap]:
        dating = dating or PpiDating(START_NS - LATE_NS, LATE_NS)
        items: list[Chunk | Gap] = []
        for number in numbers:
            ticks = self.ticks[self.sent(number)]
            late_ns = BATCH_S * SECOND_NS - 1000 if number in held else 0
            items += dating.add(ticks, np.full(len(ticks), int(flag)), self.arrives(number) + late_ns)
        return [*items, *dating.release()] if released else items


def beats(items):
    chunks = [item for item in items if isinstance(item, Chunk)]
    return tuple(np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("t_ns", "values", "flags"))


def gaps(items) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def plain(items) -> list[object]:
    return [(each.t_ns.tolist(), each.values.tolist(), each.flags.tolist()) if isinstance(each, Chunk) else each for each in items]


# ---------------------------------------------------------------- nothing is lost


@pytest.mark.parametrize("drift", [0.0, 0.01, -0.01])
@pytest.mark.parametrize("bpm", [45, 60, 66, 100, 150])
def test_beats_are_dated_within_a_second_however_their_intervals_drift_and_without_a_gap(bpm, drift):
    arm = Arm(30, bpm, drift=drift)
    items = arm.told(range(arm.count))
    t_ns, ticks, flags = beats(items)
    all_of = slice(arm.sent(0).start, arm.sent(arm.count - 1).stop)
    assert gaps(items) == []
    assert ticks.tolist() == arm.ticks[all_of].tolist()
    assert np.all(np.diff(t_ns) > 0)
    assert np.abs(t_ns - arm.closed_ns[all_of]).max() < SECOND_NS
    assert set(flags.tolist()) == {int(Flag.OK)}


def test_the_last_beat_of_a_batch_that_stands_alone_closed_a_constant_while_before_its_arrival():
    (chunk,) = Arm().told(range(1))
    assert int(chunk.t_ns[-1]) == Arm().arrives(0) - LATENCY_NS


def test_within_a_batch_beats_are_as_far_apart_as_their_intervals_say():
    for chunk in Arm().told(range(20)):
        assert isinstance(chunk, Chunk)
        assert np.abs(np.diff(chunk.t_ns) - [span_ns(int(x)) for x in chunk.values[1:]]).max() <= 1


def test_the_first_batch_waits_for_the_next_one_which_may_be_prompter():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    assert arm.told([0], dating, held=[0], released=False) == []
    assert dating.waiting[0].arrival_ns == arm.arrives(0) + BATCH_S * SECOND_NS - 1000
    assert dating.anchor_ns is None
    (chunk,) = arm.told([1], dating, released=False)
    assert np.abs(chunk.t_ns - arm.closed_ns[arm.sent(0).start : arm.sent(1).stop]).max() < SECOND_NS
    assert dating.waiting == []


def test_a_batch_that_was_held_up_leaves_no_gap():
    arm = Arm()
    items = arm.told(range(60), held=[20, 40])
    assert gaps(items) == []
    t_ns, _, _ = beats(items)
    assert np.abs(t_ns - arm.closed_ns[arm.sent(0).start : arm.sent(59).stop]).max() < SECOND_NS


def test_an_empty_batch_is_passed_over():
    dating = PpiDating(START_NS, LATE_NS)
    assert list(dating.add(np.zeros(0, np.int64), np.zeros(0, np.int64), START_NS + SECOND_NS)) == []
    assert dating.waiting == []


def test_what_the_device_says_of_a_beat_goes_with_it():
    _, _, flags = beats(Arm().told(range(10), flag=Flag.UNTRUSTED))
    assert set(flags.tolist()) == {int(Flag.UNTRUSTED)}


def test_a_beat_that_is_older_than_its_stream_may_be_is_stale_and_kept():
    dating = PpiDating(START_NS - 60 * SECOND_NS, LATE_NS)
    list(dating.add(np.full(50, 1024), np.zeros(50, np.int64), START_NS))
    (chunk,) = dating.release()
    stale = START_NS - chunk.t_ns > LATE_NS
    assert 0 < np.count_nonzero(stale) < 20
    assert chunk.flags.tolist() == np.where(stale, int(Flag.STALE), int(Flag.OK)).tolist()


# ---------------------------------------------------------------- something is


@pytest.mark.parametrize("lost", [1, 2, 6])
@pytest.mark.parametrize("bpm", [50, 66, 130])
def test_batches_that_never_came_are_a_gap_where_they_would_have_been_and_as_long(bpm, lost):
    arm = Arm(bpm=bpm)
    items = arm.told([*range(30), *range(30 + lost, 60)])
    (gap,) = gaps(items)
    missing = arm.ticks[arm.sent(30).start : arm.sent(30 + lost - 1).stop]
    assert (gap.stream, gap.reason) == (Stream.RR, "hole")
    assert gap.lost_ns == pytest.approx(span_ns(int(missing.sum())), abs=SECOND_NS)
    assert abs(gap.start_ns - int(arm.closed_ns[arm.sent(29).stop - 1])) < SECOND_NS
    t_ns, _, _ = beats(items)
    kept = np.r_[arm.sent(0).start : arm.sent(29).stop, arm.sent(30 + lost).start : arm.sent(59).stop]
    assert np.abs(t_ns - arm.closed_ns[kept]).max() < SECOND_NS


def test_a_minute_without_a_batch_was_slept_through():
    arm = Arm()
    assert [gap.reason for gap in gaps(arm.told([*range(20), *range(35, 50)]))] == ["suspend"]


def test_intervals_that_nobody_lived_do_not_lead_beats_ahead_of_their_arrival_for_long():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    items = arm.told(range(20), dating, released=False)
    items += dating.add(np.full(6, 8000), np.zeros(6, np.int64), arm.arrives(20))
    items += arm.told(range(21, 40), dating)
    t_ns, ticks, flags = beats(items)
    assert np.all(np.diff(t_ns) > 0)
    assert set(flags[ticks == 8000].tolist()) == {int(Flag.UNTRUSTED)}
    assert {gap.reason for gap in gaps(items)} == {"drift"}
    assert abs(int(t_ns[-1]) - int(arm.closed_ns[arm.sent(39).stop - 1])) < SECOND_NS


def test_beats_a_little_ahead_are_drawn_back_without_a_gap():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    items = arm.told(range(20), dating, released=False)
    items += dating.add(np.full(7, 800), np.zeros(7, np.int64), arm.arrives(20))
    items += dating.add(np.full(7, 900), np.zeros(7, np.int64), arm.arrives(21))
    items += arm.told(range(22, 50), dating)
    t_ns, _, _ = beats(items)
    assert gaps(items) == []
    assert np.all(np.diff(t_ns) > 0)
    assert abs(int(t_ns[-1]) - int(arm.closed_ns[arm.sent(49).stop - 1])) < SECOND_NS


def test_a_short_interval_is_enough_room_to_draw_a_batch_back_into():
    dating = PpiDating(START_NS - LATE_NS, LATE_NS, anchor_ns=START_NS)
    dating.told_ns = START_NS
    (chunk,) = dating.add(np.array([100, 1024]), np.zeros(2, np.int64), START_NS - SECOND_NS // 2)
    assert int(chunk.t_ns[0]) == START_NS + 1


def test_beats_after_a_gap_that_there_was_no_time_for_are_told_and_not_trusted():
    dating = PpiDating(START_NS - LATE_NS, LATE_NS)
    list(dating.cut("disconnect"))
    list(dating.outage(START_NS))
    list(dating.add(np.full(20, 1024), np.zeros(20, np.int64), START_NS + 10 * SECOND_NS))
    (chunk,) = dating.release()
    assert set(chunk.flags.tolist()) == {int(Flag.UNTRUSTED)}
    assert (chunk.t_ns - START_NS).tolist() == list(range(1, 21))


# ---------------------------------------------------------------- connections


def test_a_connection_that_ends_leaves_a_gap_for_its_reason_up_to_the_first_beat_of_the_next():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    before = arm.told(range(20), dating)
    before += dating.cut("disconnect")
    after = arm.told(range(30, 40), dating)
    (gap,) = gaps(before + after)
    assert (gap.start_ns, gap.stop_ns, gap.reason) == (int(beats(before)[0][-1]), int(beats(after)[0][0]), "disconnect")
    assert gap.lost_ns == gap.stop_ns - gap.start_ns - span_ns(int(beats(after)[1][0]))


def test_what_waits_when_a_connection_ends_is_told_before_the_gap():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    assert arm.told([0], dating, released=False) == []
    (chunk,) = dating.cut("disconnect")
    assert chunk.values.tolist() == arm.ticks[arm.sent(0)].tolist()
    assert dating.waiting == []


def test_the_gap_of_an_outage_grows_from_where_it_began_and_never_shrinks():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    last = int(beats(arm.told(range(10), dating))[0][-1])
    list(dating.cut("adapter_off"))
    grown = [gap for until in (110, 120, 115, 180) for gap in dating.outage(START_NS + until * SECOND_NS)]
    assert [(gap.start_ns, gap.stop_ns - START_NS, gap.reason) for gap in grown] == [(last, s * SECOND_NS, "adapter_off") for s in (110, 120, 180)]


def test_what_is_given_up_is_given_up_for_good():
    arm, dating = Arm(), PpiDating(START_NS - LATE_NS, LATE_NS)
    arm.told(range(10), dating)
    (gap,) = gaps(list(dating.skip(START_NS + 200 * SECOND_NS, "lagging")))
    assert (gap.stop_ns, gap.reason) == (START_NS + 200 * SECOND_NS, "lagging")
    assert int(beats(arm.told(range(36, 50), dating))[0][0]) > START_NS + 200 * SECOND_NS


def test_a_dating_goes_on_from_its_state_as_if_it_had_never_stopped():
    arm, numbers = Arm(), [*range(20), *range(22, 40)]
    whole = arm.told(numbers, held=[30])
    dating, parts = PpiDating(START_NS - LATE_NS, LATE_NS), []
    for number in numbers:
        dating = PpiDating.of(json.loads(json.dumps(dating.state())))
        parts += arm.told([number], dating, held=[30], released=False)
    parts += dating.release()
    assert plain(parts) == plain(whole)


@given(st.lists(st.tuples(st.lists(st.integers(1, 0xFFFF), max_size=8), st.integers(0, 20_000)), max_size=30))
def test_whatever_comes_whenever_every_beat_is_told_once_and_nothing_goes_back_in_time(batches):
    dating, now_ns, items, sent = PpiDating(START_NS - LATE_NS, LATE_NS), START_NS, [], []
    for ticks, passed_ms in batches:
        now_ns += passed_ms * 1_000_000
        items += dating.add(np.array(ticks, np.int64), np.zeros(len(ticks), np.int64), now_ns)
        sent += ticks
    items += dating.release()
    at_ns = START_NS - LATE_NS
    told = []
    for item in items:
        if isinstance(item, Gap):
            assert at_ns <= item.start_ns < item.stop_ns
        else:
            assert np.all(np.diff(item.t_ns, prepend=at_ns) > 0)
            at_ns = int(item.t_ns[-1])
            told += item.values.tolist()
    assert told == sent


# ---------------------------------------------------------------- how sure that is


@pytest.mark.slow
def test_a_day_of_rest_without_a_loss_has_no_gap_and_a_lost_batch_is_always_one(monkeypatch, figures):
    """Seven rates, three drifts; arrivals late by 50 ms on average, one in a hundred by almost five seconds. Other distances to join over are told beside."""
    rows = []
    ours = ppi.HALVES
    for halves in (1, 2, ours, 6):
        monkeypatch.setattr(ppi, "HALVES", halves)
        hours, voids, found, lost, off = 0.0, 0, 0, 0, []
        for number, (bpm, drift) in enumerate(itertools.product((45, 52, 60, 66, 75, 90, 120), (0.0, 0.005, -0.005))):
            arm, dice = Arm(120, bpm, seed=number, drift=drift), np.random.default_rng(number)
            gone = set(dice.choice(np.arange(100, arm.count - 100), 12, replace=False).tolist()) if number % 3 == 0 else set()
            dating, items, at_ns = PpiDating(START_NS - LATE_NS, LATE_NS), [], 0
            for batch in range(arm.count):
                at_ns = max(at_ns + 1000, arm.arrives(batch) + int(dice.exponential(5e7)) + (49 * SECOND_NS // 10 if dice.random() < 0.01 else 0))
                if batch not in gone:
                    ticks = arm.ticks[arm.sent(batch)]
                    items += dating.add(ticks, np.zeros(len(ticks), np.int64), at_ns)
            items += dating.release()
            runs = len([batch for batch in gone if batch - 1 not in gone])
            hours, lost = hours + arm.count * BATCH_S / 3600, lost + runs
            found += min(runs, len(gaps(items)))
            voids += max(0, len(gaps(items)) - runs)
            kept = np.concatenate([np.arange(arm.sent(batch).start, arm.sent(batch).stop) for batch in range(arm.count) if batch not in gone])
            off.append(np.abs(beats(items)[0] - arm.closed_ns[kept]) / SECOND_NS)
        off_s = np.concatenate(off)
        rows.append([f"{halves}/2", hours, 24 * voids / hours, f"{found} of {lost}", np.median(off_s), np.percentile(off_s, 99)])
        if halves == ours:
            assert voids == 0
            assert found == lost
            assert np.percentile(off_s, 99) < 1
    figures(table("joins_within_intervals hours void_gaps_a_day lost_batches_found off_s_p50 off_s_p99", rows))
