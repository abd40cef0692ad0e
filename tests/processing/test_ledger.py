"""The prompt ledger: one row a decision point, decided once."""

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from processing.ledger import Decision, Moment, decide, prompt_id
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import Prompt

START = 1_772_366_400 * 10**9


def moment(at_min: int, *, trigger: str = "arousal") -> Moment:
    return Moment(f"row{at_min}", START + at_min * MINUTE_NS, trigger, f"spike{at_min}" if trigger == "arousal" else "")


def hourly(moment: Moment, known: Sequence[Prompt]) -> Decision:
    """A policy with a cooldown, to show that one needs no memory of its own."""
    recent = any(row.eligible and abs(row.t_ns - moment.t_ns) < HOUR_NS for row in known)
    return Decision(False, "cooldown") if recent else Decision(True, "", arm="offer", probability=0.6, seed="s")


def test_with_prompts_off_every_spike_has_a_row_that_says_so() -> None:
    rows = decide([moment(30), moment(0)], "p")
    assert [(r.episode_id, r.t_ns, r.trigger, r.eligible, r.reason, r.arm) for r in rows] == [
        ("spike0", START, "arousal", False, "off", ""),
        ("spike30", START + 30 * MINUTE_NS, "arousal", False, "off", ""),
    ]


def test_a_random_time_is_a_row_of_no_episode() -> None:
    assert [(r.episode_id, r.trigger) for r in decide([moment(1, trigger="random")], "p")] == [("", "random")]


def test_a_row_is_named_by_person_spike_and_analysis() -> None:
    assert prompt_id("p", "spike", "a") == prompt_id("p", "spike", "a")
    names = {prompt_id(*which) for which in (("p", "spike", "a"), ("q", "spike", "a"), ("p", "spike", "b"), ("p", "other", "a"))}
    assert len({*names, prompt_id("p", "spike", "a", trigger="random")}) == 5


def test_a_decided_spike_is_never_drawn_again() -> None:
    rows = decide([moment(0)], "p")
    assert decide([moment(0)], "p", policy=hourly, known=rows) == []


def test_news_that_comes_late_minds_what_was_decided_after_it() -> None:
    rows = decide([moment(m) for m in (0, 30, 70)], "p", policy=hourly)
    assert [(r.eligible, r.reason, r.arm) for r in rows] == [(True, "", "offer"), (False, "cooldown", ""), (True, "", "offer")]
    assert [r.eligible for r in decide([moment(-5)], "p", policy=hourly, known=rows)] == [False]
    assert [r.eligible for r in decide([moment(-60)], "p", policy=hourly, known=rows)] == [True]


@given(st.lists(st.integers(0, 500), unique=True, max_size=12), st.integers(0, 12), st.randoms(use_true_random=False))
def test_moments_at_once_in_portions_or_in_any_order_give_the_same_rows(at_min: list[int], cut: int, shuffle: Random) -> None:
    moments = [moment(m) for m in sorted(at_min)]
    mixed = list(moments)
    shuffle.shuffle(mixed)
    first = decide(moments[:cut], "p", policy=hourly)
    rest = decide(moments[cut:], "p", policy=hourly, known=first)
    assert first + rest == decide(mixed, "p", policy=hourly)
