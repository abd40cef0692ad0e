"""The prompt ledger: every confirmed spike of the leading device and every random control time is a decision point and gets one row, made prompt
or not (engine.md section 5).

Knows decision points and rows, and asks a policy. Does not know the policy's rules, clocks, or whether anyone is looking at a screen.
A row is decided once, from what was FINAL at its moment, and never redrawn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from somalink.domain.catalogue import AROUSAL
from somalink.domain.identity import digest
from somalink.domain.types import Prompt


@dataclass(frozen=True, slots=True)
class Moment:
    """A decision point and what was FINAL at it. Quality, maturity and motion confidence in [0, 1]; `gate` as in the store.

    `z`: how high the spike had risen on its driver's scale, `needs`: how high it must be for a prompt; both 0 at random times.
    """

    id: str
    """Of the row it becomes."""
    t_ns: int
    trigger: str
    episode_id: str = ""
    gate: str = "unknown"
    quality: float = 0.0
    maturity: float = 0.0
    motion_conf: float = 0.0
    z: float = 0.0
    needs: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says of one decision point. `reason` tells why not, or why it asks first; the draw (`arm`, `probability`, `seed`) belongs
    to eligible ones."""

    eligible: bool
    reason: str
    arm: str = ""
    probability: float | None = None
    seed: str = ""


class Policy(Protocol):
    """Whether a moment may prompt. `known`: every row of the person so far in time order, from which caps and cooldowns follow, and which may
    hold later ones where news came late; a policy keeps nothing."""

    def __call__(self, moment: Moment, known: Sequence[Prompt]) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Off:
    """The empty policy: nobody is prompted and the ledger says so."""

    def __call__(self, moment: Moment, known: Sequence[Prompt]) -> Decision:
        return Decision(eligible=False, reason="off")


OFF = Off()


def decide(moments: Iterable[Moment], person: str, *, policy: Policy = OFF, known: Sequence[Prompt] = ()) -> list[Prompt]:
    """The new rows of the ledger in order of time, one for each moment that `known` has no row of.

    The same moments at once or in portions of later and later time, each with the rows before it, give the same rows.
    """
    ledger = sorted(known, key=place)
    decided = {row.id for row in ledger}
    fresh: list[Prompt] = []
    for moment in sorted(moments, key=lambda m: (m.t_ns, m.id)):
        if moment.id in decided:
            continue
        row = _row(person, moment, policy(moment, ledger))
        decided.add(row.id)
        fresh.append(row)
        ledger.insert(bisect_right(ledger, place(row), key=place), row)
    return fresh


def prompt_id(person: str, key: str, analysis: str, *, trigger: str = AROUSAL) -> str:
    """Name of the row of a spike (its id is the key), the same in every replay of the same analysis; or of a random time, which rests on none."""
    return digest("prompt", person, trigger, key, analysis)


def place(row: Prompt) -> tuple[int, str]:
    """What rows of a ledger are ordered by."""
    return row.t_ns, row.id


def _row(person: str, moment: Moment, decision: Decision) -> Prompt:
    return Prompt(
        id=moment.id,
        person=person,
        t_ns=moment.t_ns,
        trigger=moment.trigger,
        episode_id=moment.episode_id,
        eligible=decision.eligible,
        reason=decision.reason,
        arm=decision.arm,
        probability=decision.probability,
        seed=decision.seed,
    )
