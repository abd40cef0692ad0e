"""The values that flow: items into the engine, records out of it. Frozen, columnar where there are many.

Times are UTC nanoseconds, RR is in 1/1024 s ticks, fixed-point columns say their unit in the name or in `catalogue.GRID_COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from somalink.domain.identity import Unit
from somalink.domain.time import TICK_NS_X2

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

UNKNOWN = np.iinfo(np.int32).min
"""The one mark for "not known" in fixed-point columns; an empty field in CSV."""


class Stream(StrEnum):
    """What a source can deliver. The first five hold the watermark; posture never does (contracts, section 2)."""

    RR = "rr"
    HR = "hr"
    ACC = "acc"
    ECG = "ecg"
    STEPS = "steps"
    POSTURE = "posture"


class Flag(IntEnum):
    """What the classifier or the clocking says of a beat; the stored beat itself is never edited."""

    OK = 0
    RANGE = 1
    ECTOPIC = 2
    MISSED = 3
    EXTRA = 4
    STALE = 5
    UNTRUSTED = 6


class Gate(IntEnum):
    """Whether the body was quiet enough for its heart rate to be read against the usual."""

    UNKNOWN = 0
    STILL = 1
    LIGHT = 2
    MOVING = 3
    RECOVERY = 4
    POSTURE = 5


class Posture(IntEnum):
    """Posture as a recording names it, or as a sensor at the chest sees it: `upright`, since that cannot tell sitting from standing.

    `unknown` never blocks the still gate.
    """

    UNKNOWN = 0
    STANDING = 1
    SITTING = 2
    LYING = 3
    UPRIGHT = 4


def word(member: IntEnum) -> str:
    """The word of an enum member as it stands in store, CSV and page: `Gate.STILL` -> `still`."""
    return member.name.lower()


# ---------------------------------------------------------------- items: what a source may say


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of one stream in time order. `t_ns`: (n,). `values` by stream:

    rr (n,) int ticks, `t_ns` is the closing beat; hr (n,) int milli-bpm; acc (n, 3) int, 0.01 mg; ecg (n,) int, 0.1 uV;
    steps (n,) int steps in the second that starts at `t_ns`; posture (n,) `Posture`.
    `flags`: (n,) `Flag` already known at the edge (`STALE`, `UNTRUSTED`), rr only. `fine`: (n,) ns of each interval beyond what its ticks
    say, rr only; None where it was measured in ticks.
    """

    stream: Stream
    t_ns: IntArray
    values: IntArray
    flags: IntArray | None = None
    fine: IntArray | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing of `stream` is known in [start, stop). After one in rr a new segment begins; nothing is bridged."""

    stream: Stream
    start_ns: int
    stop_ns: int
    reason: str
    lost_ns: int = 0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The source's promise that nothing older than `t_ns` will come, on `stream` or (None) on every stream."""

    t_ns: int
    stream: Stream | None = None


@dataclass(frozen=True, slots=True)
class UtcOffset:
    """Local time is UTC + `offset_s` from `from_ns` on."""

    from_ns: int
    offset_s: int
    tz: str = "UTC"


@dataclass(frozen=True, slots=True)
class ClockAnchor:
    """How the monotonic clock of one boot maps to UTC: t_utc = t_mono + offset."""

    boot_id: str
    t_mono_ns: int
    offset_ns: int


@dataclass(frozen=True, slots=True)
class Contact:
    """Electrode or skin contact from `t_ns` on."""

    t_ns: int
    on: bool


@dataclass(frozen=True, slots=True)
class StreamClock:
    """How a device's own clock ran against ours at `t_ns`: t_utc = sensor + `offset_ns`, drifting by `drift_ppb` (billionths).

    `rate_mhz`: samples in a thousand of our seconds, 0 where unknown. `error_ns`: by how much samples may be misdated, the transport's least
    delay apart, which nobody can see from here.
    """

    stream: Stream
    t_ns: int
    sensor_ns: int
    offset_ns: int
    drift_ppb: int
    rate_mhz: int
    error_ns: int


@dataclass(frozen=True, slots=True)
class Upright:
    """Which way gravity points for the sensor while its wearer stands upright, from `t_ns` on: x, y, z in 0.01 mg."""

    t_ns: int
    xyz: tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """What an earlier reading made of the body's movement, of samples that are no longer kept: (k,) each, in order of grid stops. Movement in
    0.1 mg, posture codes and steps x 10 as in `Grid`, turns of the body, and whether a chest's accelerometer told it."""

    stop_ns: IntArray
    motion: IntArray
    posture: IntArray
    steps: IntArray
    turned: BoolArray
    chest: BoolArray


@dataclass(frozen=True, slots=True)
class Opened:
    """A recording begins: which streams it has (they hold the watermark until a Gap ends them) and where the sensor sits."""

    unit: Unit
    t_ns: int
    streams: frozenset[Stream]
    start_unknown: bool = False


# ---------------------------------------------------------------- columns out of the engine


NOT_GIVEN: Any = None
"""Default of a column that may be left out: every row holds the `fill` of its metadata then."""

_NAMES: dict[type, tuple[str, ...]] = {}
_FILLS: dict[type, tuple[tuple[str, int], ...]] = {}


def _names(of: type) -> tuple[str, ...]:
    """A record's columns in declaration order: asked for with every beat, so looked up once."""
    if of not in _NAMES:
        _NAMES[of] = tuple(column.name for column in fields(of))
    return _NAMES[of]


def _fills(of: type) -> tuple[tuple[str, int], ...]:
    """Columns that may be left out, and what they hold then."""
    if of not in _FILLS:
        _FILLS[of] = tuple((column.name, column.metadata["fill"]) for column in fields(of) if "fill" in column.metadata)
    return _FILLS[of]


class Columns:
    """Base of columnar records: equal-length 1-D arrays, one a field. Behaves like a list of rows that are never made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, fill in _fills(type(self)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(len(self), fill, np.int64))

    def __len__(self) -> int:
        return len(getattr(self, _names(type(self))[0]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns by name, in declaration order."""
        return {name: getattr(self, name) for name in _names(type(self))}

    def take(self, index: Any) -> Self:
        """The rows a slice, mask or index array picks."""
        return type(self)(**{name: column[index] for name, column in self.arrays().items()})

    @classmethod
    def concat(cls, parts: Iterable[Self]) -> Self:
        """All rows of all parts, in order; no parts give an empty record."""
        kept = [part.arrays() for part in parts if len(part)]
        if not kept:
            return cls.empty()
        return cls(**{name: np.concatenate([part[name] for part in kept]) for name in kept[0]})

    @classmethod
    def empty(cls) -> Self:
        return cls(**{name: np.zeros(0, np.int64) for name in _names(cls)})


@dataclass(frozen=True, slots=True, eq=False)
class Beats(Columns):
    """Beats with their settled flags. `segment` is the `t_ns` of the first beat of the unbroken run.

    `rr_fine_ns`: what the interval has beyond its ticks, where it was measured finer (from an ECG): it is ticks x 1953125 // 2 + fine.
    """

    t_ns: IntArray
    rr_ticks: IntArray
    flag: IntArray
    segment: IntArray
    rr_fine_ns: IntArray = field(default=NOT_GIVEN, metadata={"fill": 0})

    @property
    def rr_ns(self) -> IntArray:
        """(n,) each interval, as exactly as it was measured."""
        return self.rr_ticks * TICK_NS_X2 // 2 + self.rr_fine_ns


@dataclass(frozen=True, slots=True, eq=False)
class Grid(Columns):
    """FINAL (or, in the hub, provisional) values of every 5-s grid point. Units: `catalogue.GRID_COLUMNS`. UNKNOWN = not known."""

    stop_ns: IntArray
    hr: IntArray
    hr_reason: IntArray
    hr_q: IntArray
    ln_rmssd: IntArray
    hrv_reason: IntArray
    hrv_q: IntArray
    motion: IntArray
    a30: IntArray
    a180: IntArray
    a600: IntArray
    gate: IntArray
    z: IntArray
    z_phasic: IntArray
    se: IntArray
    z_reason: IntArray
    phasic_reason: IntArray
    maturity: IntArray
    motion_conf: IntArray
    artefact: IntArray
    baseline: IntArray
    posture: IntArray = field(default=NOT_GIVEN, metadata={"fill": Posture.UNKNOWN})
    steps: IntArray = field(default=NOT_GIVEN, metadata={"fill": UNKNOWN})


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch in which the driving z stood out: `spike`, `slowing` or `elevated`. z in units of the person's own spread."""

    id: str
    kind: str
    driver: str
    start_ns: int
    stop_ns: int | None
    onset_ns: int
    peak_ns: int
    peak_z: float
    mean_z: float
    quality: float
    confidence: float
    gate: str
    truncated: bool
    chance_per_h: float | None
    state: str = "final"
    """open (may grow), closed, final; or dropped: it opened, but did not last a minute, and is taken back."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rise that did not become an episode, and why. Kept, so that "why none?" has an answer."""

    kind: str
    driver: str
    start_ns: int
    stop_ns: int
    reason: str
    peak_z: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """The person's usual, as fitted once from FINAL rows and frozen. Integer micro-units wherever a fit made the number.

    `coef_u`: (8,) b0 b1 b2 b3 c1 d1 c2 d2 in micro-bpm (per unit of A; hour harmonics 0 until they enter).
    `cov_u`: (8, 8) covariance of the coefficients, micro-bpm^2. `s_level_u`, `s_phasic_u`: robust spreads in micro-bpm.
    `chance`: spikes per usable hour by (gate word, local 4-h block), shrunk; `chance_all` over all cells.
    """

    number: int
    mode: str
    from_ns: int
    coef_u: tuple[int, ...]
    cov_u: tuple[tuple[int, ...], ...]
    s_level_u: int
    s_phasic_u: int
    still_h: float
    still_days: int
    p60_a600: int | None
    """60th percentile of worn A600, 1e-4; None skips that clause of the still gate."""
    rest_hr: int | None
    """5th percentile of HR, milli-bpm, for the cardiac-only gate."""
    z_on: Mapping[str, float] = field(default_factory=dict)
    prompt_on: Mapping[str, float] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    """Keys `gate/block`, as in `still/2` (08-12 local)."""
    chance_all: float | None = None
    excluded: tuple[str, ...] = ()
    span_ns: tuple[int, int] = (0, 0)
    recording: str = ""
    """Whose own usual this is (`within_recording`); empty for a person's."""


# ---------------------------------------------------------------- what people say


@dataclass(frozen=True, slots=True)
class Event:
    """A self-tag: a moment the person names. The UUID is the client's; edits raise `revision` (contracts, sections 1, 7, 9)."""

    id: str
    person: str
    kind: str
    t_ns: int
    made_at_ns: int
    received_ns: int
    revision: int = 1
    t_end_ns: int | None = None
    certainty_s: int = 300
    source: str = "cli"
    distress: int | None = None
    belonging: int | None = None
    sensations: tuple[str, ...] = ()
    action: str = ""
    with_whom: tuple[str, ...] = ()
    theme: str = ""
    need: str = ""
    spoken: bool | None = None
    expectancy: int | None = None
    context: tuple[str, ...] = ()
    blind: bool | None = None
    planned_distress: int | None = None
    note: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class EventMetrics:
    """What the level z did around an event (science, section 3.3), on FINAL rows; None where it cannot be known."""

    event_id: str
    dz10: float | None = None
    peak_z: float | None = None
    latency_s: float | None = None
    t_half_s: float | None = None
    t_half_censored: bool | None = None
    pre_z: float | None = None
    """Median z of the ten calm minutes before: what `dz10` is over."""
    area: float | None = None
    """z x min above `pre_z` in the half hour after; below it counts against."""
    slope: float | None = None
    """z per min over the ten minutes after the peak (Theil-Sen): below 0 it settles."""
    slowing_z: float | None = None
    """The least z of a minute in the ten after: some bodies go quiet instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(EventMetrics):
    """A matched moment of an event: another day at that hour, in the same state, with nothing said nearby; measured by the same operator."""

    n: int
    """From 0, in the order they were drawn."""
    t_ns: int
    device: str
    day: int
    """Number of its local day (`time.local_day`): controls of one day are one witness."""
    still: float
    """Share of its 25 minutes that was still; the event's own is within the tolerance."""
    motion_mg: float | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer about one person and span, or why there is none (docs/findings.md). A figure is None where nothing may be said.

    `scope`: `all`, or a group of moments as `kind:conflict`, `with_whom:work`, `action:left`, `context:talking`. `effect` with its 90 %
    interval is in the metric's own unit (`catalogue.FINDING_METRICS`). `reason`: a word, `:` and a number where more moments would help.
    """

    id: str
    person: str
    span: str
    """`2026-10-16/2026-11-12`, first and last local day."""
    scope: str
    metric: str
    n_tagged: int
    n_usable: int
    n_blind: int
    """Usable, and not said after seeing the chart: what the figures rest on."""
    n_controls: int
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    verdict: str
    reason: str
    analysis: str


@dataclass(frozen=True, slots=True)
class Link:
    """How likely an event belongs to an episode, against chance. `episode_id` empty: the `none` row (engine, section 4)."""

    event_id: str
    episode_id: str
    probability: float
    verdict: str
    lag_s: float | None
    chance: float
    rule: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One row of the ledger: a decision point, whether it was eligible and why not, and what came of it. Never redrawn."""

    id: str
    person: str
    t_ns: int
    trigger: str
    episode_id: str
    eligible: bool
    reason: str
    arm: str = ""
    probability: float | None = None
    seed: str = ""
    shown_ns: int | None = None
    answer: str = ""
    answered_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """A number a person gives, 0-10: distress, belonging, engagement, ..."""

    id: str
    person: str
    t_ns: int
    kind: str
    value: int
    received_ns: int
    prompt_id: str = ""
    blind: bool | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A breathing, muscle or grounding exercise as done."""

    id: str
    person: str
    start_ns: int
    stop_ns: int
    kind: str
    revision: int = 1
    rate: float | None = None
    in_s: float | None = None
    ex_s: float | None = None
    prompt_id: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A graded step back into contact, as planned; `event_id` names the tag it became."""

    id: str
    person: str
    step: str
    kind: str
    t_ns: int
    revision: int = 1
    t_end_ns: int | None = None
    planned_distress: int | None = None
    expectancy: int | None = None
    event_id: str = ""
    state: str = "planned"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to a prompt."""

    prompt_id: str
    person: str
    answer: str
    received_ns: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A dated choice of a person: profile, quiet hours, prompt mode."""

    person: str
    key: str
    value: str
    received_ns: int
    revision: int = 1


Item = Chunk | Gap | Heartbeat | UtcOffset | ClockAnchor | StreamClock | Upright | Contact | Opened | Baseline | Moved
PersonInput = Event | Rating | Answer | Setting | Session | Plan
Record = Beats | Grid | Episode | Candidate
