"""The prompt ledger: every confirmed spike of the leading device is a decision point and gets one row, made prompt or not (engine.md section 5).

Knows spikes and earlier rows, and asks a policy. Does not know the policy's rules, clocks, or whether anyone is looking at a screen.
A row is decided once, from what was FINAL at its onset, and never redrawn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from somalink.domain.identity import digest
from somalink.domain.types import Episode, Prompt

TRIGGER = "arousal"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says of one decision point. `reason` tells why not; the draw (`arm`, `probability`, `seed`) belongs to eligible ones."""

    eligible: bool
    reason: str
    arm: str = ""
    probability: float | None = None
    seed: str = ""


class Policy(Protocol):
    """Whether a spike may prompt. `before`: the person's earlier rows in time order, from which caps and cooldowns follow; a policy keeps nothing."""

    def __call__(self, spike: Episode, before: Sequence[Prompt]) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Off:
    """The empty policy: nobody is prompted and the ledger says so."""

    def __call__(self, spike: Episode, before: Sequence[Prompt]) -> Decision:
        return Decision(eligible=False, reason="off")


OFF = Off()


def decide(spikes: Iterable[Episode], person: str, *, analysis: str, policy: Policy = OFF, before: Sequence[Prompt] = ()) -> list[Prompt]:
    """The new rows of the ledger in order of onset, one for each spike that `before` has no row of.

    `spikes`: episodes of the leading device, open ones too (an id is fixed by its start); kinds other than spike are passed over.
    The same spikes at once or in portions of later and later onset, each with the rows before it, give the same rows.
    """
    ledger = sorted(before, key=_place)
    decided = {row.id for row in ledger}
    fresh: list[Prompt] = []
    for spike in sorted((s for s in spikes if s.kind == "spike"), key=lambda s: (s.onset_ns, s.id)):
        row_id = prompt_id(person, spike, analysis)
        if row_id in decided:
            continue
        here = bisect_right(ledger, (spike.onset_ns, spike.id), key=_place)
        row = _row(row_id, person, spike, policy(spike, ledger[:here]))
        decided.add(row_id)
        fresh.append(row)
        ledger.insert(here, row)
    return fresh


def prompt_id(person: str, spike: Episode, analysis: str) -> str:
    """Name of the row of a spike; the same in every replay of the same analysis."""
    return digest("prompt", person, TRIGGER, spike.id, analysis)


def _row(row_id: str, person: str, spike: Episode, decision: Decision) -> Prompt:
    return Prompt(
        id=row_id,
        person=person,
        t_ns=spike.onset_ns,
        trigger=TRIGGER,
        episode_id=spike.id,
        eligible=decision.eligible,
        reason=decision.reason,
        arm=decision.arm,
        probability=decision.probability,
        seed=decision.seed,
    )


def _place(row: Prompt) -> tuple[int, str]:
    return row.t_ns, row.episode_id
