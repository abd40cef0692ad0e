"""The index in words, as page and pictures say it: an axis, a number and a sentence of the same five words. Knows no panel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from dashboards.grafana.kinds import ranges, steps, values
from dashboards.grafana.look import ABOVE, BELOW, USUAL, WELL
from dashboards.grafana.model import Json

TYPICAL, PER_SD = 20, 20
"""Index of one's own typical still level, and what one SD adds."""
FLOOR = 0.01
"""The index ends at 0, one SD below the typical level: what lies there is below the usual, however far."""


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of the index, from `low` up to the next one's. `tick`: as the axis has it."""

    low: float
    words: str
    tick: str
    colour: str


LEVELS = (
    Level(float("-inf"), "Below your usual", "below", BELOW),
    Level(0, "About your usual", "your usual", USUAL),
    Level(40, "A little above your usual", "a little above", ABOVE),
    Level(60, "Above your usual", "above", ABOVE),
    Level(80, "Well above your usual", "well above", WELL),
)
TICKS = {0: LEVELS[0].tick, TYPICAL: LEVELS[1].tick, **{int(level.low): level.tick for level in LEVELS[2:]}}
"""Where the axis has a word: at the floor, at the typical level, and where each further level begins."""
UNSAID = (10, 30, 50, 70, 90, 100)
"""Ticks a tall axis has besides; a number without a word would ask to be ranked."""


def in_words() -> list[Json]:
    """Mappings of a number. The floor comes first, then from above, since the first that fits is taken and both ends belong to a stretch."""
    top = (None, *(level.low for level in reversed(LEVELS[1:])))
    stretches = [(level.low, high, level.words) for level, high in zip(reversed(LEVELS[1:]), top, strict=False)]
    return ranges((None, FLOOR, LEVELS[0].words), *stretches)


def on_axis() -> list[Json]:
    """Mappings of an axis: words at some ticks, nothing at the others, and a sentence for what a tooltip reads."""
    return [*values({**{str(at): word for at, word in TICKS.items()}, **{str(at): " " for at in UNSAID}}), *in_words()]


def inked() -> Json:
    """Thresholds: the further from the usual, the more ink, and never red."""
    return steps(*_changes())


def _changes() -> Iterator[tuple[float | None, str]]:
    yield None, BELOW
    yield FLOOR, USUAL
    yield from ((later.low, later.colour) for before, later in pairwise(LEVELS[1:]) if later.colour != before.colour)
