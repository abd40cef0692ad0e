"""What became of a tagged moment: each reason that keeps one out, and the groups that are compared."""

from dataclasses import replace

import pytest

from processing.findings.cases import Case, groups, standing, strata, stratum
from somalink.domain.catalogue import STANDINGS
from somalink.domain.types import Control, Event, EventMetrics

EVENT = Event("e", "p", "conflict", 0, 0, 0, with_whom=("work", "friend"), action="left", blind=True)
SEEN = EventMetrics("e", dz10=1.0, peak_z=2.0)
CONTROL = Control("e", dz10=0.25, n=0, t_ns=1, device="strap", day=7, still=1.0, motion_mg=None)


def case(event: Event = EVENT, metrics: EventMetrics = SEEN, controls: tuple[Control, ...] = (CONTROL,), stands: str = "counted") -> Case:
    return Case(event, 3, metrics, controls, stands, late=False)


@pytest.mark.parametrize(
    ("wanted", "event", "metrics", "controls", "facts"),
    [
        ("counted", EVENT, SEEN, (CONTROL,), {}),
        ("counted", replace(EVENT, blind=None), SEEN, (CONTROL,), {}),
        ("not_blind", replace(EVENT, blind=False), SEEN, (CONTROL,), {}),
        ("asked", EVENT, SEEN, (CONTROL,), {"asked": True}),
        ("no_signal", EVENT, EventMetrics("e"), (), {}),
        ("outside", EVENT, EventMetrics("e"), (), {"worn": False}),
        ("overlapping", EVENT, SEEN, (CONTROL,), {"overlapping": True}),
        ("unmatched", EVENT, SEEN, (), {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_moment_has_one_standing(wanted: str, event: Event, metrics: EventMetrics, controls: tuple[Control, ...], facts: dict[str, bool]) -> None:
    said = standing(event, metrics, controls, **{"worn": True, "overlapping": False, "asked": False, **facts})
    assert said == wanted
    assert said in STANDINGS


def test_a_moment_belongs_to_every_word_that_was_said_of_it() -> None:
    assert set(groups([case()])) == {("kind", "conflict"), ("with_whom", "work"), ("with_whom", "friend"), ("action", "left")}


def test_only_counted_moments_are_compared_and_only_with_what_is_known() -> None:
    unknown = replace(CONTROL, n=1, dz10=None)
    some = [case(controls=(CONTROL, unknown)), case(stands="not_blind"), case(controls=(unknown,)), case(metrics=EventMetrics("e"))]
    (only,) = strata(some, "dz10")
    assert (only.value, only.controls, only.days, only.block) == (1.0, (0.25,), (7,), 3)
    assert only == stratum(some[0])
