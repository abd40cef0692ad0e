"""Links: which spike a tag may belong to, and the honest column beside it that says how often any tag would have got one."""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.linking import (
    CHANCE_FLOOR_PER_H,
    RULE,
    RULE_TARGET,
    RULE_VAGUE,
    chance_at,
    chance_linked,
    lambda_per_min,
    link,
    link_all,
    target_per_h,
)
from somalink.domain.constants import Constants
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import Baseline, Episode, Event, Gate, IntArray, Link

CONSTANTS = Constants()
NOON = 1_772_366_400 * 10**9
ROUNDING = 1e-4
"""What rounding P down to 1e-4 may take from each row."""


def tag(at_min: float = 0.0, *, certainty_s: int = 60, name: str = "tag", deleted: bool = False) -> Event:
    t_ns = NOON + round(at_min * MINUTE_NS)
    return Event(id=name, person="p", kind="conflict", t_ns=t_ns, made_at_ns=t_ns, received_ns=t_ns, certainty_s=certainty_s, deleted=deleted)


def spike(at_min: float, *, quality: float = 0.9, kind: str = "spike", name: str = "") -> Episode:
    start = NOON + round(at_min * MINUTE_NS)
    return Episode(
        id=name or f"{kind}@{start}", kind=kind, driver="level", start_ns=start, stop_ns=start + 3 * MINUTE_NS, onset_ns=start + MINUTE_NS,
        peak_ns=start + MINUTE_NS, peak_z=3.0, mean_z=2.5, quality=quality, confidence=0.5, gate="still", truncated=False, chance_per_h=0.4,
    )  # fmt: skip


def links(event: Event, episodes: Sequence[Episode], chance_per_h: float | None = 0.4) -> list[Link]:
    return link(event, episodes, chance_per_h=chance_per_h, chance=0.1, constants=CONSTANTS)


def minutes(n: int, *, every: int = 1) -> IntArray:
    return NOON + np.arange(0, n * every, every, dtype=np.int64) * MINUTE_NS


def even(rate_per_h: float, n: int) -> np.ndarray:
    return lambda_per_min(np.full(n, rate_per_h), CONSTANTS)


few_spikes = st.lists(st.builds(spike, st.integers(-90, 90), quality=st.floats(0, 1).map(lambda q: round(q, 4))), max_size=8, unique_by=lambda e: e.start_ns)
certainties = st.sampled_from([60, 300, 900])


def test_a_spike_a_minute_after_a_sure_tag_is_linked() -> None:
    found, none = links(tag(), [spike(1)])
    density = 1 / (math.sqrt(10) * math.sqrt(2 * math.pi))
    assert found.verdict == "linked"
    assert found.probability == pytest.approx(density * 0.9 / (density * 0.9 + 0.4 / 60), abs=ROUNDING)
    assert found.lag_s == 60.0
    assert (none.episode_id, none.verdict, none.lag_s, none.rule) == ("", "none", None, RULE)
    assert found.probability + none.probability == pytest.approx(1, abs=2 * ROUNDING)


def test_a_spike_twenty_minutes_from_a_sure_tag_is_not_linked() -> None:
    for minutes_off in (-20, 20):
        for chance_per_h in (0.0, 0.4, None):
            assert [x.verdict for x in links(tag(), [spike(minutes_off)], chance_per_h)] == ["none"]


def test_two_spikes_equally_near_are_both_only_possible() -> None:
    assert [x.verdict for x in links(tag(), [spike(-4), spike(6)])] == ["possible", "possible", "none"]


def test_slowings_and_long_elevations_are_never_linked() -> None:
    assert [x.verdict for x in links(tag(), [spike(1, kind="slowing"), spike(2, kind="elevated")])] == ["none"]


def test_a_tag_too_vague_for_one_spike_gets_its_none_row_alone() -> None:
    assert links(tag(certainty_s=901), [spike(1)]) == [Link("tag", "", 1.0, "none", None, 0.1, RULE_VAGUE)]
    assert links(tag(certainty_s=900), [spike(1)])[-1].rule == RULE


def test_without_a_baseline_the_target_rate_stands_in_and_the_rule_says_so() -> None:
    unknown, known = links(tag(), [spike(3)], None), links(tag(), [spike(3)], target_per_h(CONSTANTS))
    assert {x.rule for x in unknown} == {RULE_TARGET}
    assert [x.probability for x in unknown] == [x.probability for x in known]
    assert target_per_h(CONSTANTS) == 6 / 14


def test_a_chance_rate_of_zero_is_not_taken_as_certainty() -> None:
    assert links(tag(), [spike(15)], 0.0) == links(tag(), [spike(15)], CHANCE_FLOOR_PER_H)
    assert [x.verdict for x in links(tag(), [spike(15)], 0.0)] == ["none"]


@given(few_spikes, certainties, st.floats(0.0, 5.0), st.randoms(use_true_random=False))
def test_the_order_of_the_episodes_never_changes_the_links(episodes: list[Episode], certainty_s: int, rate: float, shuffle: Random) -> None:
    mixed = list(episodes)
    shuffle.shuffle(mixed)
    assert links(tag(certainty_s=certainty_s), mixed, rate) == links(tag(certainty_s=certainty_s), episodes, rate)


@given(few_spikes, certainties, st.floats(0.0, 5.0))
def test_each_event_has_one_none_row_and_no_more_than_all_of_the_probability(episodes: list[Episode], certainty_s: int, rate: float) -> None:
    rows = links(tag(certainty_s=certainty_s), episodes, rate)
    assert [x.verdict for x in rows].count("none") == 1
    assert rows[-1].episode_id == ""
    assert 0.5 <= sum(x.probability for x in rows) <= 1.000001
    assert all(x.probability >= 0.05 and (x.verdict == "linked") == (x.probability >= 0.6) for x in rows[:-1])
    assert [x.verdict for x in rows].count("linked") <= 1


@given(few_spikes, certainties, st.integers(-(10**6), 10**6))
def test_a_shift_of_all_times_changes_nothing_but_the_times(episodes: list[Episode], certainty_s: int, shift_min: int) -> None:
    moved = [spike((e.start_ns - NOON) / MINUTE_NS + shift_min, quality=e.quality, name=e.id) for e in episodes]
    assert links(tag(shift_min, certainty_s=certainty_s), moved) == links(tag(certainty_s=certainty_s), episodes)


@given(few_spikes, certainties, st.integers(100, 10_000), st.booleans())
def test_a_far_spike_is_never_listed_and_changes_nothing(episodes: list[Episode], certainty_s: int, far: int, before: bool) -> None:
    event = tag(certainty_s=certainty_s)
    assert links(event, [*episodes, spike(-far if before else far)]) == links(event, [e for e in episodes if abs(e.start_ns - NOON) < 100 * MINUTE_NS])


@given(few_spikes, certainties, st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_more_chance_never_makes_a_link_more_likely(episodes: list[Episode], certainty_s: int, rate: float, more: float) -> None:
    def none(chance_per_h: float) -> float:
        return links(tag(certainty_s=certainty_s), episodes, chance_per_h)[-1].probability

    assert none(rate + more) >= none(rate)


@settings(max_examples=30)
@given(few_spikes, st.sampled_from([60, 300, 900, 2700]), st.floats(0.0, 3.0))
def test_the_chance_column_is_the_link_itself_tried_at_every_usable_minute(episodes: list[Episode], certainty_s: int, rate: float) -> None:
    usable = minutes(60, every=3)
    tried = [tag(3 * k, certainty_s=certainty_s) for k in range(60)]
    won = sum(any(x.verdict == "linked" for x in links(one, episodes, rate)) for one in tried)
    share = chance_linked(usable, episodes, certainty_s=certainty_s, lam_per_min=even(rate, 60), constants=CONSTANTS)
    assert share == won / 60


def test_without_usable_minutes_nothing_is_linked_by_chance() -> None:
    assert chance_linked(minutes(0), [spike(1)], certainty_s=60, lam_per_min=even(0.4, 0), constants=CONSTANTS) == 0.0


@pytest.mark.parametrize(
    ("rate_per_h", "apart_min", "least", "most"), [(0.43, 0, 0.09, 0.10), (0.43, 6, 0.09, 0.10), (1.0, 0, 0.15, 0.16), (1.0, 6, 0.17, 0.18)]
)
def test_random_sure_tags_among_random_spikes_link_as_rarely_as_foretold(rate_per_h: float, apart_min: float, least: float, most: float) -> None:
    """Foretold: 9-10 % at .43/h, 16-17 % at 1/h. Two years each; the standard error of a share is about a tenth of a point.

    At 1/h it matters whether spikes may fall on each other: quite free ones compete and stay just under the foretold share, those that
    keep a minute's length and the refractory time apart come just over it.
    """
    hours, rng = 2 * 8760, np.random.default_rng(20260301)
    starts = np.cumsum(apart_min + rng.exponential(60 / rate_per_h - apart_min, round(rate_per_h * hours)))
    episodes = [spike(start, quality=q) for start, q in zip(starts, rng.uniform(0.8, 1.0, len(starts)), strict=True)]
    n = hours * 6
    share = chance_linked(minutes(n, every=10), episodes, certainty_s=60, lam_per_min=even(rate_per_h, n), constants=CONSTANTS)
    assert least <= share <= most


def test_all_events_at_once_are_linked_as_one_by_one_and_deleted_ones_not_at_all() -> None:
    events = [tag(0, name="a"), tag(5, name="b", certainty_s=300), tag(6, name="c", deleted=True), tag(30, name="d", certainty_s=10800)]
    episodes, usable, lam = [spike(1), spike(28)], minutes(120), even(0.4, 120)
    rows = link_all(events, episodes, chances_per_h=[0.4, None, 0.4, 0.4], usable_minutes_ns=usable, usable_lam_per_min=lam, constants=CONSTANTS)
    expected = []
    for event, rate in ((events[0], 0.4), (events[1], None), (events[3], 0.4)):
        chance = chance_linked(usable, episodes, certainty_s=event.certainty_s, lam_per_min=lam, constants=CONSTANTS)
        expected += link(event, episodes, chance_per_h=rate, chance=chance, constants=CONSTANTS)
    assert rows == expected


def test_the_chance_of_a_moment_is_its_cell_of_gate_and_local_block() -> None:
    baseline = Baseline(
        number=1, mode="personal", from_ns=0, coef_u=(0,) * 8, cov_u=((0,) * 8,) * 8, s_level_u=1, s_phasic_u=1, still_h=30, still_days=7,
        p60_a600=None, rest_hr=None, chance={"still/3": 0.2, "light/3": 0.7}, chance_all=0.5,
    )  # fmt: skip
    at = np.array([NOON, NOON, NOON, NOON + 4 * HOUR_NS])
    gate = np.array([Gate.STILL, Gate.LIGHT, Gate.MOVING, Gate.STILL])
    assert chance_at(baseline, at, gate, 0, CONSTANTS).tolist() == [0.2, 0.7, 0.5, 0.5]
    assert chance_at(baseline, at, gate, -4 * 3600, CONSTANTS).tolist() == [0.5, 0.5, 0.5, 0.2]
    assert np.isnan(chance_at(None, at, gate, 0, CONSTANTS)).all()
