"""What became of each tagged moment, and which moments are compared together.

Knows tags, what was measured at them and at their matched moments. Counts apart what may not be counted with the rest; leaves nothing out of
the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing.findings.compare import Stratum
from somalink.domain.catalogue import ACTIONS, CONTEXTS, KINDS, SCOPES, WITH_WHOM
from somalink.domain.types import Control, Event, EventMetrics, FloatArray

WORDS: Mapping[str, Sequence[str]] = {"kind": KINDS, "with_whom": WITH_WHOM, "action": ACTIONS, "context": CONTEXTS}


@dataclass(frozen=True, slots=True)
class Case:
    """A tagged moment with what is known of it. `day`: local day number; `standing`: one of `catalogue.STANDINGS`."""

    event: Event
    day: int
    metrics: EventMetrics
    controls: tuple[Control, ...]
    standing: str
    late: bool

    @property
    def counted(self) -> bool:
        return self.standing == "counted"

    @property
    def usable(self) -> bool:
        """Whether the body's answer could be read."""
        return self.metrics.dz10 is not None


def standing(event: Event, metrics: EventMetrics, controls: Sequence[Control], *, worn: bool, overlapping: bool, asked: bool) -> str:
    """The first reason that keeps a moment out of the comparison, or `counted`. `blind` unknown counts: most records cannot know."""
    reasons = (
        ("outside", not worn),
        ("no_signal", metrics.dz10 is None),
        ("overlapping", overlapping),
        ("not_blind", event.blind is False),
        ("asked", asked),
        ("unmatched", not controls),
    )
    return next((name for name, holds in reasons if holds), "counted")


def stratum(case: Case) -> Stratum:
    """A counted moment beside its matched moments, by dz10."""
    return _stratum(case, "dz10")


def strata(cases: Iterable[Case], metric: str) -> list[Stratum]:
    """Counted moments in which the metric is known, beside those of their matched moments in which it is."""
    found = (case for case in cases if case.counted and getattr(case.metrics, metric) is not None)
    return [_stratum(case, metric) for case in found if any(getattr(control, metric) is not None for control in case.controls)]


def _stratum(case: Case, metric: str) -> Stratum:
    known = [control for control in case.controls if getattr(control, metric) is not None]
    return Stratum(
        value=getattr(case.metrics, metric),
        controls=tuple(getattr(control, metric) for control in known),
        days=tuple(control.day for control in known),
        block=case.day,
    )


def groups(cases: Sequence[Case]) -> dict[tuple[str, str], list[Case]]:
    """Moments by (scope, word), every word that was used, in the order of the catalogue. A moment may be in several groups of a scope."""
    found = {(scope, word): [case for case in cases if word in words_of(case.event, scope)] for scope in SCOPES for word in WORDS[scope]}
    return {key: some for key, some in found.items() if some}


def words_of(event: Event, scope: str) -> tuple[str, ...]:
    """The words of a tag that group it by `scope`."""
    said = getattr(event, scope)
    return (said,) if isinstance(said, str) else tuple(said)


def column(cases: Sequence[Case], metric: str) -> FloatArray:
    """(n,) of a metric, NaN where it is not known."""
    return np.array([np.nan if (value := getattr(case.metrics, metric)) is None else float(value) for case in cases])


def felt(cases: Sequence[Case]) -> FloatArray:
    """(n,) distress as tagged, NaN where it was not."""
    return np.array([np.nan if case.event.distress is None else float(case.event.distress) for case in cases])
