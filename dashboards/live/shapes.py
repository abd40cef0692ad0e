"""What the page is told, as JSON: one frozen value an answer. `*_ms` are UTC milliseconds as numbers, for drawing; `*_ns` are UTC
nanoseconds as strings, since a browser's numbers would lose their last digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wears:
    """The device that leads now, and what its link is doing."""

    id: str
    name: str
    tier: str
    state: str
    words: str
    help: str
    since_ms: int | None
    battery: int | None
    signal: str
    """`good`, `weak` (under 0.6 in the last minute) or `none`."""


@dataclass(frozen=True, slots=True)
class Today:
    """What was worn, missed and received since the local day began at four."""

    worn_s: int = 0
    gap_s: float = 0.0
    gaps: list[tuple[int, int, str]] = field(default_factory=list)
    """(from_ms, to_ms, reason) of a minute or more."""
    beats_received: int = 0
    beats_flagged: int = 0
    rhythm_s: int = 0
    """How long it was rhythm-limited: variability is not shown there, and arousal rests on heart rate alone."""
    rhythm_now: bool = False


@dataclass(frozen=True, slots=True)
class Knows:
    """How well the person's usual is known: `none`, `session`, `learning`, `full` or `within_recording`."""

    maturity: str
    still_h: float
    of_h: float
    days: int
    of_days: int


@dataclass(frozen=True, slots=True)
class Status:
    """Whose page it is and how things are."""

    person: str
    display_name: str
    now_ms: int
    tz: str
    offset_s: int
    offsets: list[tuple[int, int]]
    """(from_ms, seconds) of the wearer's offsets in the weeks that a page shows, rising; the first holds before."""
    device: Wears | None
    today: Today
    stage: Knows
    day_from_ms: int
    lan: bool
    secure: bool
    here: bool
    lived: float | None
    """How much of a made-up life is lived by now, 0 to 1, while the page is still catching up with it; None: it has."""
    simulated: bool


@dataclass(frozen=True, slots=True)
class Indices:
    """Grid points of one step, in order of time; what is missing was not recorded, and `gaps` says why. Never joined, never filled."""

    step_s: int
    t_ms: list[int]
    z: list[float | None]
    se: list[float | None]
    gate: list[str]
    ok: list[bool]
    """Whether heart rate was good enough to go by (Q >= 0.6)."""
    hr: list[float | None]
    gaps: list[tuple[int, int, str]]


@dataclass(frozen=True, slots=True)
class LinkedTo:
    event_id: str
    probability: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An episode of the leading device. `half_min`: minutes from the peak until half of it was gone; None when that was not seen."""

    id: str
    kind: str
    driver: str
    start_ms: int
    stop_ms: int | None
    peak_ms: int
    peak_z: float
    gate: str
    state: str
    truncated: bool
    quality: float
    confidence: float
    chance_per_h: float | None
    half_min: float | None
    links: list[LinkedTo]
    said: str
    """What the person said of it when no tag fits: `nothing`, `moving`, `unknown`, or '' so far."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """`chance_expected`: how many of these spikes chance alone would show in the usable hours of the span; None when not known."""

    episodes: list[Moment]
    usable_h: float
    chance_expected: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A row of the prompt ledger."""

    id: str
    t_ms: int
    trigger: str
    eligible: bool
    reason: str
    arm: str
    probability: float | None
    """That of an offer, where chance decided."""
    shown_ms: int | None
    answer: str
    answered_ms: int | None


@dataclass(frozen=True, slots=True)
class Open:
    """What is asked just now, on which screen, from when until when it stands. `early`: the usual is not known yet, and the screen says so."""

    id: str
    t_ms: int
    screen: str
    from_ms: int
    until_ms: int
    early: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One local day at a glance; `z` one value in four minutes from `z_from_ms` on, None where nothing is known."""

    day: str
    from_ms: int
    to_ms: int
    worn_h: float
    usable_h: float
    moments: int
    belonging: int | None
    tags: list[tuple[int, str]]
    z_from_ms: int
    z: list[float | None]
    judged: list[bool]
    """Whether the body was quiet enough for each to be read against the usual."""


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that has joined."""

    id: str
    name: str
    joined_ms: int
    seen_ms: int


@dataclass(frozen=True, slots=True)
class Upright:
    """Which chest sensor with movement is recorded just now, '' for none, and when its wearer last stood upright for it."""

    device: str
    told_ms: int | None


@dataclass(frozen=True, slots=True)
class Stood:
    """What the last ten seconds were: `reason` '' where they are kept as standing upright, else why not: `not_recording`, `no_movement`,
    `too_short`, `moved` or `no_gravity`."""

    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """One message of the stream: its name, its data, and after which change of the store it was said."""

    name: str
    data: dict[str, Any]
    change: int | None = None
