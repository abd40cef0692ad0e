"""What many people's moments say together: those who agreed to it, each estimate drawn towards all, nobody ranked (science, section 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from processing.findings.cases import Case, stratum
from processing.findings.compare import difference
from processing.findings.daily import day_start
from processing.findings.offers import Decision, Offered, offered
from processing.findings.people import Pooled, Row, pooled
from somalink.domain.choices import YES
from somalink.domain.constants import STATISTICS, Constants, Statistics
from somalink.domain.time import local_hour
from somalink.domain.types import Event
from somalink.pipeline.choosing import choices_of
from somalink.pipeline.comparing import Compared, compared
from somalink.pipeline.reporting import EPOCH, decisions_of, drawn_by_lot, local_of
from somalink.pipeline.tracks import Told
from somalink.storage.local import LocalStore

CONSENT = "consent_research"


@dataclass(frozen=True, slots=True)
class Together:
    """`asked`: everybody in the store; `agreed`: those whose moments are in it."""

    asked: int
    agreed: tuple[str, ...]
    pooled: Pooled
    offers: Offered | None
    """Breathing offers that chance made or withheld, of all of them; None below ten people."""


def together(
    store: LocalStore, from_day: date, to_day: date, *, constants: Constants, tz: str, rules: Statistics = STATISTICS, told: Told | None = None
) -> Together:
    """Everybody who agreed to research, local days `from_day` to `to_day`. Below ten people nothing is said, and nobody listed."""
    people = store.people()
    agreed = tuple(person for person in people if choices_of(store, person)[CONSENT] == YES)
    rows: list[Row] = []
    decisions: list[Decision] = []
    for k, person in enumerate(agreed):
        offsets = local_of(store, person, from_day, tz)
        from_ns, to_ns = (day_start((day - EPOCH).days, offsets) for day in (from_day, to_day + timedelta(days=1)))
        found = compared(store, person, from_ns, to_ns, offsets, constants, rules)
        rows += [_row(case, found) for case in found.cases if case.counted]
        decisions += decisions_of(drawn_by_lot(store.prompts(person, from_ns, to_ns)), found, rules)
        if told is not None:
            told((k + 1) / len(agreed))
    enough = len({each.person for each in decisions}) >= rules.people
    return Together(len(people), agreed, pooled(rows, rules), offered(decisions, rules) if enough else None)


def _row(case: Case, found: Compared) -> Row:
    event: Event = case.event
    matched = [control.still for control in case.controls]
    return Row(
        person=event.person,
        kind=event.kind,
        dz10=difference(stratum(case)),
        pre=case.metrics.pre_z if case.metrics.pre_z is not None else float("nan"),
        hour=local_hour(event.t_ns, found.offsets.one(event.t_ns)),
        still=sum(matched) / len(matched),
        talking="talking" in event.context,
        caffeine="caffeine" in event.context,
    )
