"""The prompt ledger: one row a spike, decided once."""

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from processing.ledger import Decision, decide
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import Episode, Prompt

START = 1_772_366_400 * 10**9


def spike(at_min: int, *, kind: str = "spike") -> Episode:
    start = START + at_min * MINUTE_NS
    return Episode(f"{kind}{at_min}", kind, "level", start, None, start + MINUTE_NS, start, 3.0, 2.0, 0.9, 0.5, "still", False, None)


def hourly(spike: Episode, before: Sequence[Prompt]) -> Decision:
    """A policy with a cooldown, to show that one needs no memory of its own."""
    recent = any(row.eligible and row.t_ns > spike.onset_ns - HOUR_NS for row in before)
    return Decision(False, "cooldown") if recent else Decision(True, "", arm="offer", probability=0.6, seed="s")


def test_with_prompts_off_every_spike_has_a_row_that_says_so() -> None:
    rows = decide([spike(30), spike(0)], "p", analysis="a")
    assert [(r.episode_id, r.t_ns, r.trigger, r.eligible, r.reason, r.arm) for r in rows] == [
        ("spike0", START + MINUTE_NS, "arousal", False, "off", ""),
        ("spike30", START + 31 * MINUTE_NS, "arousal", False, "off", ""),
    ]


def test_slowings_and_long_elevations_are_no_decision_points() -> None:
    assert decide([spike(0, kind="slowing"), spike(9, kind="elevated")], "p", analysis="a") == []


def test_a_row_is_named_by_person_spike_and_analysis() -> None:
    def name(person: str, analysis: str, at_min: int = 0) -> str:
        return decide([spike(at_min)], person, analysis=analysis)[0].id

    assert name("p", "a") == name("p", "a")
    assert len({name("p", "a"), name("q", "a"), name("p", "b"), name("p", "a", 9)}) == 4


def test_a_decided_spike_is_never_drawn_again() -> None:
    rows = decide([spike(0)], "p", analysis="a")
    assert decide([spike(0)], "p", analysis="a", policy=hourly, before=rows) == []


def test_a_policy_sees_what_was_decided_before_the_spike_and_nothing_later() -> None:
    rows = decide([spike(m) for m in (0, 30, 70)], "p", analysis="a", policy=hourly)
    assert [(r.eligible, r.reason, r.arm) for r in rows] == [(True, "", "offer"), (False, "cooldown", ""), (True, "", "offer")]
    late_news = decide([spike(-5)], "p", analysis="a", policy=hourly, before=rows)
    assert [r.eligible for r in late_news] == [True]


@given(st.lists(st.integers(0, 500), unique=True, max_size=12), st.integers(0, 12), st.randoms(use_true_random=False))
def test_spikes_at_once_in_portions_or_in_any_order_give_the_same_rows(at_min: list[int], cut: int, shuffle: Random) -> None:
    spikes = [spike(m) for m in sorted(at_min)]
    mixed = list(spikes)
    shuffle.shuffle(mixed)
    first = decide(spikes[:cut], "p", analysis="a", policy=hourly)
    rest = decide(spikes[cut:], "p", analysis="a", policy=hourly, before=first)
    assert first + rest == decide(mixed, "p", analysis="a", policy=hourly)
