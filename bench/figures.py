"""Medians over rounds, ratios taken round by round, goals, and tables of them. Knows numbers and words; measures nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """What the rounds gave, at least one: shown as the median and, where there is more than one, the least and the greatest."""

    rounds: tuple[float, ...]

    @classmethod
    def of(cls, rounds: Iterable[float]) -> Spread:
        return cls(tuple(rounds))

    @property
    def median(self) -> float:
        return median(self.rounds)

    def times(self, factor: float) -> Spread:
        return Spread(tuple(each * factor for each in self.rounds))

    def over(self, other: Spread) -> Spread:
        """Ratio in each round: both were measured within the same seconds, so what else the machine did falls out. ValueError if they are not as many."""
        return Spread(tuple(a / b for a, b in zip(self.rounds, other.rounds, strict=True)))

    def said(self, unit: str = "") -> str:
        """`12.3 (11.9-13.0) ms`."""
        between = f" ({number(min(self.rounds))}-{number(max(self.rounds))})" if len(self.rounds) > 1 else ""
        return f"{number(self.median)}{between}{unit and ' ' + unit}"


def number(value: float) -> str:
    """Three figures that mean something, thousands with a comma: 0.00123, 12.3, 4,560."""
    if not math.isfinite(value) or value == 0:
        return "-" if not math.isfinite(value) else "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{digits}f}" if digits <= 5 else f"{value:.0e}"


@dataclass(frozen=True, slots=True)
class Goal:
    """`what` is a ratio that was to be at least (or at most) `sought`; the median decides."""

    what: str
    sought: float
    got: Spread
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.got.median <= self.sought if self.at_most else self.got.median >= self.sought

    @property
    def row(self) -> list[str]:
        return [self.what, f"{'at most' if self.at_most else 'at least'} {number(self.sought)}", self.got.said(), "met" if self.met else "**not met**"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One place on the page: `text` goes there, `goals` are told again at the end, `faults` are values that disagree beyond what was expected."""

    name: str
    text: str
    goals: tuple[Goal, ...] = ()
    faults: tuple[str, ...] = ()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. ValueError for a row of another width than its head."""
    lines = [list(head), ["---"] * len(head)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells under {len(head)} heads: {row}")
        lines.append(list(row))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_goals(goals: Iterable[Goal]) -> str:
    """Goals beside results."""
    return table(["goal", "sought", "got", ""], (goal.row for goal in goals))
