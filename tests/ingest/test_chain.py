"""Beats lie end to end, hung where their notifications allow it; beats that never came are a gap as long as they were."""

import json

import numpy as np
import pytest
from fake_strap import heart
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chain import SILENCE_NS, SUSPEND_NS, BeatChain, _likely
from ingest.dating import span_ns
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import Chunk, Flag, Gap, Item, Stream

START_NS = 1_772_352_000 * SECOND_NS
LATE_NS = 6 * SECOND_NS
FLOOR_NS = 20_000_000
"""What the fastest radio takes."""


class Heart:
    """A heart under a strap that notifies once a second: beats as they truly closed, and the notifications they came in."""

    def __init__(self, minutes: float, bpm: float = 70.0, seed: int = 0) -> None:
        self.ticks = heart(minutes, bpm=bpm, seed=seed)
        self.closed_ns = START_NS + np.array([span_ns(each) for each in np.cumsum(self.ticks).tolist()])

    def sent(self, seconds: range) -> list[tuple[np.ndarray, int]]:
        """(ticks, arrival) of each of these seconds."""
        edges = [int(np.searchsorted(self.closed_ns, START_NS + second * SECOND_NS, side="right")) for second in (seconds.start - 1, *seconds)]
        return [(self.ticks[a:b], START_NS + second * SECOND_NS + FLOOR_NS) for a, b, second in zip(edges, edges[1:], seconds, strict=False)]


def chained(notifications: list[tuple[np.ndarray, int]], chain: BeatChain | None = None, *, released: bool = True) -> list[Item]:
    chain = chain or BeatChain(START_NS - LATE_NS, LATE_NS)
    items = [item for ticks, at in notifications for item in chain.add(ticks, at)]
    return [*items, *chain.release()] if released else items


def beats(items: list[Item]) -> tuple[np.ndarray, np.ndarray]:
    chunks = [item for item in items if isinstance(item, Chunk)]
    return np.concatenate([chunk.t_ns for chunk in chunks]), np.concatenate([chunk.values for chunk in chunks])


def gaps(items: list[Item]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def plain(items: list[Item]) -> list[object]:
    return [(each.t_ns.tolist(), each.values.tolist(), each.flags.tolist()) if isinstance(each, Chunk) else each for each in items]


# ---------------------------------------------------------------- nothing is lost


@pytest.mark.parametrize("bpm", [45, 60, 70, 110, 170])
def test_beats_that_all_arrive_keep_their_distances_exactly_and_are_dated_to_a_fifth_of_a_second(bpm):
    worn = Heart(10, bpm)
    items = chained(worn.sent(range(1, 590)))
    t_ns, ticks = beats(items)
    assert gaps(items) == []
    assert ticks.tolist() == worn.ticks[: len(ticks)].tolist()
    assert np.abs(t_ns - worn.closed_ns[: len(t_ns)]).max() < SECOND_NS / 5


def test_within_a_segment_a_beat_is_dated_from_the_anchor_and_never_beat_by_beat():
    """Half a tick is a fraction of a nanosecond: rounding each beat by itself would add up."""
    t_ns, ticks = beats(chained(Heart(3).sent(range(1, 20))))
    assert (t_ns - t_ns[0]).tolist() == [span_ns(each) for each in (np.cumsum(ticks) - ticks[0]).tolist()]


def test_the_first_beats_wait_until_their_notifications_say_where_they_hang():
    items, chain = [], BeatChain(START_NS - LATE_NS, LATE_NS)
    for ticks, at in Heart(2).sent(range(1, 13)):
        items += chain.add(ticks, at)
        if at < START_NS + 4 * SECOND_NS:
            assert items == []
    assert isinstance(items[0], Chunk) and not chain.waiting


def test_a_second_without_a_beat_is_nothing_odd():
    worn = Heart(3, bpm=45)
    notifications = worn.sent(range(1, 170))
    assert min(len(ticks) for ticks, _ in notifications) == 0
    assert gaps(chained(notifications)) == []


def test_a_bunch_that_comes_late_is_no_loss():
    notifications = Heart(3).sent(range(1, 170))
    stall_ns = START_NS + 104 * SECOND_NS
    late = [(ticks, stall_ns + k if 0 < stall_ns - at < 4 * SECOND_NS else at) for k, (ticks, at) in enumerate(notifications)]
    items = chained(late)
    assert gaps(items) == []
    t_ns, _ = beats(items)
    assert len(t_ns) == sum(len(ticks) for ticks, _ in late)


def test_a_beat_that_is_older_than_its_stream_may_be_is_stale_and_kept():
    notifications = Heart(3).sent(range(1, 170))
    stall_ns = START_NS + 115 * SECOND_NS
    items = chained([(ticks, stall_ns + k if 0 < stall_ns - at < 15 * SECOND_NS else at) for k, (ticks, at) in enumerate(notifications)])
    flags = np.concatenate([item.flags for item in items if isinstance(item, Chunk)])
    assert len(flags) == sum(len(ticks) for ticks, _ in notifications)
    stale = beats(items)[0][flags == Flag.STALE] - START_NS
    assert len(stale) >= 8
    assert stale.min() > 98 * SECOND_NS and stale.max() < 115 * SECOND_NS - LATE_NS + SECOND_NS


# ---------------------------------------------------------------- something is


@pytest.mark.parametrize("lost_s", [1, 2, 3, 4])
@pytest.mark.parametrize("bpm", [50, 70, 130])
def test_notifications_that_never_come_are_a_gap_where_they_would_have_been_and_as_long(bpm, lost_s):
    worn = Heart(6, bpm)
    kept = [each for second in range(1, 350) if not 200 <= second < 200 + lost_s for each in worn.sent(range(second, second + 1))]
    (gap,) = gaps(chained(kept))
    lost = worn.ticks[(worn.closed_ns > START_NS + 199 * SECOND_NS) & (worn.closed_ns <= START_NS + (199 + lost_s) * SECOND_NS)]
    assert (gap.stream, gap.reason) == (Stream.RR, "hole")
    assert 197 * SECOND_NS < gap.start_ns - START_NS <= gap.stop_ns - START_NS < (202 + lost_s) * SECOND_NS
    assert gap.lost_ns == pytest.approx(span_ns(int(lost.sum())), abs=0.3 * SECOND_NS)


def test_a_hole_is_told_within_ten_seconds_of_its_end_and_nothing_is_told_beyond_it_before():
    worn = Heart(6)
    chain, told_at = BeatChain(START_NS - LATE_NS, LATE_NS), 0
    for second in range(1, 350):
        if 200 <= second < 203:
            continue
        for item in chained(worn.sent(range(second, second + 1)), chain, released=False):
            if isinstance(item, Gap):
                told_at = second
            elif not told_at:
                assert int(item.t_ns[-1]) < START_NS + 200 * SECOND_NS or second < 200
    assert 203 <= told_at <= 213


def test_beats_after_a_hole_are_dated_as_well_as_those_before_it():
    worn = Heart(10, 75)
    kept = [each for second in range(1, 590) if not 200 <= second < 203 for each in worn.sent(range(second, second + 1))]
    t_ns, ticks = beats(chained(kept))
    lost = (worn.closed_ns > START_NS + 199 * SECOND_NS) & (worn.closed_ns <= START_NS + 202 * SECOND_NS)
    true_ns = worn.closed_ns[~lost][: len(t_ns)]
    assert ticks.tolist() == worn.ticks[~lost][: len(ticks)].tolist()
    assert np.ptp(t_ns - true_ns) < SECOND_NS / 5


@pytest.mark.parametrize(("quiet_s", "reason"), [(4, "hole"), (20, "silence"), (200, "suspend")])
def test_the_reason_of_a_gap_says_how_long_nothing_came(quiet_s, reason):
    assert quiet_s * SECOND_NS <= SILENCE_NS or quiet_s * SECOND_NS > SUSPEND_NS or reason == "silence"
    worn = Heart(12)
    kept = [each for second in range(1, 700) if not 200 <= second < 200 + quiet_s for each in worn.sent(range(second, second + 1))]
    assert [gap.reason for gap in gaps(chained(kept))] == [reason]


def test_intervals_that_nobody_lived_carry_the_chain_away_and_it_is_hung_anew():
    notifications = Heart(6).sent(range(1, 300))
    notifications[150] = (np.array([8000]), notifications[150][1])
    items = chained(notifications)
    t_ns, _ = beats(items)
    assert "drift" in {gap.reason for gap in gaps(items)}
    assert np.all(np.diff(t_ns) > 0)
    assert abs(int(t_ns[-1]) - notifications[-1][1]) < 2 * SECOND_NS


def test_two_intervals_that_nobody_lived_are_told_too():
    notifications = Heart(6).sent(range(1, 300))
    notifications[150] = (np.array([8000, 8000]), notifications[150][1])
    t_ns, ticks = beats(chained(notifications))
    assert np.count_nonzero(ticks == 8000) == 2
    assert np.all(np.diff(t_ns) > 0)


# ---------------------------------------------------------------- connections


def test_a_connection_that_ends_leaves_a_gap_for_its_reason_up_to_the_first_beat_of_the_next():
    worn = Heart(6)
    chain = BeatChain(START_NS - LATE_NS, LATE_NS)
    before = chained(worn.sent(range(1, 100)), chain)
    before += chain.cut("disconnect")
    after = chained(worn.sent(range(130, 200)), chain)
    (gap,) = gaps(after)
    assert (gap.start_ns, gap.reason) == (int(beats(before)[0][-1]), "disconnect")
    assert gap.stop_ns == int(beats(after)[0][0])
    assert gap.lost_ns == gap.stop_ns - gap.start_ns - span_ns(int(beats(after)[1][0]))


def test_what_waits_when_a_connection_ends_is_told_before_the_gap():
    worn, chain = Heart(1), BeatChain(START_NS - LATE_NS, LATE_NS)
    assert chained(worn.sent(range(1, 4)), chain, released=False) == []
    items = list(chain.cut("silence"))
    assert sum(len(item.values) for item in items if isinstance(item, Chunk)) == len(np.concatenate([ticks for ticks, _ in worn.sent(range(1, 4))]))
    assert not chain.waiting


def test_beats_of_a_link_that_went_after_a_single_notification_are_told_and_not_trusted():
    chain = BeatChain(START_NS - LATE_NS, LATE_NS)
    chained(Heart(1).sent(range(1, 2)), chain, released=False)
    (chunk,) = [item for item in chain.cut("disconnect") if isinstance(item, Chunk)]
    assert set(chunk.flags.tolist()) == {int(Flag.UNTRUSTED)}
    longer = BeatChain(START_NS - LATE_NS, LATE_NS)
    assert {flag for item in chained(Heart(1).sent(range(1, 30)), longer) if isinstance(item, Chunk) for flag in item.flags.tolist()} == {int(Flag.OK)}


def test_the_gap_of_an_outage_grows_from_where_it_began_and_never_shrinks():
    chain = BeatChain(START_NS - LATE_NS, LATE_NS)
    last = int(beats(chained(Heart(2).sent(range(1, 100)), chain))[0][-1])
    list(chain.cut("adapter_off"))
    grown = [gap for until in (110, 120, 115, 180) for gap in chain.outage(START_NS + until * SECOND_NS)]
    assert [gap.start_ns for gap in grown] == [last] * 3
    assert [gap.stop_ns - START_NS for gap in grown] == [until * SECOND_NS for until in (110, 120, 180)]
    assert {gap.reason for gap in grown} == {"adapter_off"}


def test_what_is_given_up_is_given_up_for_good():
    chain = BeatChain(START_NS - LATE_NS, LATE_NS)
    worn = Heart(6)
    chained(worn.sent(range(1, 100)), chain)
    (gap,) = gaps(list(chain.skip(START_NS + 200 * SECOND_NS, "lagging")))
    assert (gap.stop_ns, gap.reason) == (START_NS + 200 * SECOND_NS, "lagging")
    after = chained(worn.sent(range(201, 260)), chain)
    assert int(beats(after)[0][0]) > START_NS + 200 * SECOND_NS


def test_what_is_given_up_before_the_first_beat_is_a_gap_from_where_the_recording_begins():
    (gap,) = BeatChain(START_NS, LATE_NS).skip(START_NS + 50 * SECOND_NS, "lagging")
    assert (gap.start_ns, gap.stop_ns, gap.reason) == (START_NS, START_NS + 50 * SECOND_NS, "lagging")


def test_nothing_waits_after_a_release_and_a_second_one_says_nothing():
    chain = BeatChain(START_NS - LATE_NS, LATE_NS)
    assert list(chain.release()) == []
    chained(Heart(1).sent(range(1, 3)), chain)
    assert not chain.waiting and list(chain.release()) == []


# ---------------------------------------------------------------- whatever happens

STORIES = st.lists(
    st.tuples(
        st.lists(st.integers(1, 2000), max_size=2),
        st.one_of(st.integers(1, 3 * SECOND_NS), st.integers(1, 90 * SECOND_NS)),
        st.sampled_from([""] * 8 + ["disconnect", "lagging"]),
    ),
    max_size=30,
)
"""Intervals of a notification, how long after the last one it comes, and what becomes of the link then."""


def lived(chain: BeatChain, story: list[tuple[list[int], int, str]], at: int, *, released: bool = False) -> tuple[list[Item], int]:
    items = list(chain.add(np.array([1000]), at))
    for ticks, later_ns, what in story:
        at += later_ns
        items += chain.add(np.array(ticks, np.int64), at)
        if what == "lagging":
            items += chain.skip(at, what)
        elif what:
            items += chain.cut(what)
    return [*items, *(chain.release() if released else ())], at


@settings(max_examples=80)
@given(STORIES)
def test_any_bytes_at_any_time_are_told_once_in_order_and_never_before_what_was_told(story):
    chain = BeatChain(START_NS, LATE_NS)
    items, _ = lived(chain, story, START_NS, released=True)
    sent = [1000, *(tick for ticks, _, _ in story for tick in ticks)]
    told = [tick for item in items if isinstance(item, Chunk) for tick in item.values.tolist()]
    assert told == sent, "a beat was lost, doubled or changed"
    at = since = START_NS
    for item in items:
        if isinstance(item, Gap):
            assert item.start_ns in (since, at, at + 1), "a gap begins where beats or the last gap end, or goes on"
            assert item.start_ns < item.stop_ns and 0 <= item.lost_ns <= item.stop_ns - item.start_ns
            since, at = item.start_ns, item.stop_ns - 1
        elif isinstance(item, Chunk):
            assert int(item.t_ns[0]) > at
            assert bool(np.all(np.diff(item.t_ns) > 0))
            at = int(item.t_ns[-1])


@settings(max_examples=40)
@given(STORIES, STORIES)
def test_a_chain_that_was_put_down_and_taken_up_goes_on_as_if_it_never_had_been(before, after):
    whole = BeatChain(START_NS, LATE_NS)
    _, at = lived(whole, before, START_NS)
    again = BeatChain.of(json.loads(json.dumps(whole.state())))
    assert plain(lived(again, after, at)[0]) == plain(lived(whole, after, at)[0])
    assert again.state() == whole.state()


@given(STORIES, st.integers(-1000 * HOUR_NS, 1000 * HOUR_NS))
def test_what_is_told_does_not_depend_on_the_date(story, by_ns):
    here, there = BeatChain(START_NS, LATE_NS), BeatChain(START_NS + by_ns, LATE_NS)
    moved = [
        (item.t_ns - by_ns).tolist() if isinstance(item, Chunk) else (item.start_ns - by_ns, item.stop_ns - by_ns, item.lost_ns)
        for item in lived(there, story, START_NS + by_ns)[0]
    ]
    assert moved == [item.t_ns.tolist() if isinstance(item, Chunk) else (item.start_ns, item.stop_ns, item.lost_ns) for item in lived(here, story, START_NS)[0]]


# ---------------------------------------------------------------- how many beats were lost


@pytest.mark.parametrize(
    ("least_s", "most_s", "lost_s"),
    [(-0.4, 0.4, 0.0), (0.6, 1.0, 0.8), (1.4, 1.8, 1.6), (0.9, 0.95, 0.9), (2.0, 2.8, 2.4), (400.0, 402.0, 401.0)],
    ids=["none", "one", "two", "one, a little longer", "three in the middle", "too long to count"],
)
def test_lost_beats_are_counted_by_how_many_usual_ones_fit_into_the_hole(least_s, most_s, lost_s):
    found = _likely(round(least_s * SECOND_NS), round(most_s * SECOND_NS), round(0.8 * SECOND_NS))
    assert found / SECOND_NS == pytest.approx(lost_s, abs=0.001)


@given(st.integers(-5 * SECOND_NS, 100 * SECOND_NS), st.integers(0, 10 * SECOND_NS), st.integers(SECOND_NS // 4, 2 * SECOND_NS))
def test_what_was_lost_lies_within_what_is_possible_or_nothing_was(least_ns, room_ns, usual_ns):
    found = _likely(least_ns, least_ns + room_ns, usual_ns)
    assert found == 0 or least_ns <= found <= least_ns + room_ns
