"""Colours, words and glyphs of the product, light theme. Knows what things look like and are called; knows nothing of drawing.

Two rules: the further from the usual, the more ink (never red); and colour never says anything alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from somalink.domain.constants import Constants
from somalink.domain.types import Gate

# ---------------------------------------------------------------- colours

PAPER, SURFACE, INK, INK_2, INK_3, RULE, EDGE = "#f6f4ef", "#ffffff", "#1d282d", "#47545b", "#5f6a70", "#dfdbd3", "#7d868a"
BELOW, USUAL, ABOVE, WELL, USUAL_BAND, UNSURE, BAND = "#4f82ad", "#468d89", "#6a55a4", "#3b1d63", "#e4efed", "#868e92", "#47545b"
HATCH, HEART, NOTE = "#8f989c", "#985a33", "#75590d"
WASH, QUIET = "#f1efeb", "#b4bcbf"
"""Behind what was measured and not judged; a body that hardly moves."""
BAND_ALPHA = 0.15

# ---------------------------------------------------------------- level: z to words and back


@dataclass(frozen=True, slots=True)
class Level:
    """A named stretch of z, from `from_z` up to the next one's."""

    from_z: float
    phrase: str
    tick: str
    colour: str


LEVELS = (
    Level(-math.inf, "below your usual", "below", BELOW),
    Level(-1.0, "about your usual", "your usual", USUAL),
    Level(1.0, "a little above your usual", "a little above", ABOVE),
    Level(2.0, "above your usual", "above", ABOVE),
    Level(3.0, "well above your usual", "well above", WELL),
)
Z_RANGE = (-2.5, 4.1)
HEART_RANGE = (40.0, 140.0)
"""The same in every picture, so that two of them can be laid side by side. What is further out is drawn at the edge, with an arrow."""
SURE_SE = 1.64
"""Half of a 90 % band in standard errors."""


def level(z: float, se: float = 0.0) -> Level:
    """The level of `z`; where its band covers two, the one nearer to the usual."""
    surely = math.copysign(max(0.0, abs(z) - SURE_SE * se), z)
    return [each for each in LEVELS if surely >= each.from_z][-1]


# ---------------------------------------------------------------- words

GATE_WORDS = {
    Gate.UNKNOWN: "movement not known",
    Gate.STILL: "still",
    Gate.LIGHT: "moving a little",
    Gate.MOVING: "moving",
    Gate.RECOVERY: "settling after moving",
    Gate.POSTURE: "just stood up or sat down",
}
POSTURE_FOR = f"{GATE_WORDS[Gate.POSTURE]} ({Constants().motion.posture_s} s after)"
NOT_JUDGED = (Gate.MOVING, Gate.RECOVERY, Gate.POSTURE)
JUDGED = (Gate.UNKNOWN, Gate.STILL, Gate.LIGHT)

KIND_WORDS = {
    "rejection": "Rejection",
    "exclusion": "Left out",
    "ignored": "Ignored",
    "criticism": "Criticism",
    "conflict": "Conflict",
    "boundary": "Boundary",
    "connection": "Connection",
    "support": "Support",
    "reaching_out": "Reached out",
    "group": "Group",
    "exposure_step": "Planned step",
    "other": "Something else",
}

GAP_WORDS = {
    "end": "recording ended",
    "silence": "strap out of reach or dry",
    "disconnect": "strap out of reach",
    "lost": "beats lost on the way",
    "hole": "the recorder paused or lost beats",
    "drift": "the recorder's times jumped",
    "clock_step": "the clock was set",
    "lagging": "too far behind",
    "off": "strap off",
    "strap_off": "strap off",
    "dry": "strap dry",
}


def gap_words(reason: str) -> str:
    return GAP_WORDS.get(reason, reason.replace("_", " "))


# ---------------------------------------------------------------- textures: shape first, so they read in grey


@dataclass(frozen=True, slots=True)
class Texture:
    """Parallel strokes: lean (0 upright, 1 at 45 degrees), spacing in inches, width in points, dash in points (None: unbroken)."""

    lean: float
    spacing: float
    width: float
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A shade as high as `share` of its lane: the more the body moves, the higher."""

    share: float
    colour: str


LANE: dict[Gate, Bar | Texture] = {
    Gate.UNKNOWN: Texture(0.0, 0.06, 0.8, (0.1, 6.0)),
    Gate.STILL: Bar(0.18, QUIET),
    Gate.LIGHT: Bar(0.5, QUIET),
    Gate.MOVING: Bar(1.0, EDGE),
    Gate.RECOVERY: Texture(1.0, 0.05, 0.8),
    Gate.POSTURE: Bar(0.75, INK),
}
"""How the lane of movement shows each gate."""

# ---------------------------------------------------------------- glyphs: the filled dot is you, open circles are others

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Disc:
    """You."""

    at: Point
    r: float = 3.4


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody else, or something between; `dash` in glyph units, arcs in degrees counted clockwise from three o'clock."""

    at: Point
    r: float = 3.6
    dash: tuple[float, float] | None = None
    arc: tuple[float, float] = (0.0, 360.0)


@dataclass(frozen=True, slots=True)
class Stroke:
    points: tuple[Point, ...]


Mark = Disc | Ring | Stroke
GLYPH_UNITS = 28.0
"""Every glyph lives in a square of 28 units, y downwards."""

GLYPHS: dict[str, tuple[Mark, ...]] = {
    "rejection": (Disc((6.5, 14)), Stroke(((14, 6), (14, 22))), Ring((21.5, 14))),
    "exclusion": (Disc((7, 21.5)), Ring((13.5, 7.5), 3.1), Ring((21.5, 7.5), 3.1), Ring((20, 15.5), 3.1)),
    "ignored": (Disc((7, 14)), Ring((20.5, 14), 4.4, dash=(2, 2.6))),
    "criticism": (Ring((14, 6), 3.4), Stroke(((14, 11.5), (14, 16.5))), Stroke(((11.4, 14.1), (14, 16.7), (16.6, 14.1))), Disc((14, 22.6))),
    "conflict": (Disc((5.5, 14)), Stroke(((10.5, 16.5), (13.5, 11.5), (15.5, 16.5), (18.5, 11.5))), Ring((23, 14), 3.2)),
    "boundary": (Disc((12, 14)), Ring((12, 14), 8.5, arc=(-90, 90)), Ring((12, 14), 8.5, dash=(0.1, 3.4), arc=(90, 270)), Ring((25, 6), 1.9)),
    "connection": (Ring((10.5, 14), 6.2), Ring((17.5, 14), 6.2), Disc((14, 14), 2.6)),
    "support": (Disc((14, 10)), Ring((14, 13), 8, arc=(0, 180)), Stroke(((14, 21), (14, 23.5)))),
    "reaching_out": (Disc((6, 14)), Stroke(((11, 14), (17, 14))), Stroke(((14.6, 11.4), (17.2, 14), (14.6, 16.6))), Ring((23, 14), 3.2)),
    "group": (Disc((14, 15)), Ring((14, 6), 2.9), Ring((6, 20.5), 2.9), Ring((22, 20.5), 2.9)),
    "exposure_step": (Stroke(((4, 23), (10, 23), (10, 18), (16, 18), (16, 13), (22, 13), (22, 8))), Disc((13, 12.4), 3)),
    "other": (Disc((14, 14), 3), Ring((6, 14), 2), Ring((22, 14), 2)),
}
