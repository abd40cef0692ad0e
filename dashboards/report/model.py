"""What a report says, as plain values: the one form that the printed pages, "My weeks" on the page and `--json` share.

Made by `somalink.pipeline.reporting` from the store's findings. Knows no texts (`words` has them), no layout, no statistics: every number
in here was computed elsewhere and is only shown. None = not known, or not to be said; what is not to be said has its reason in a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

from somalink.domain.types import Finding


@dataclass(frozen=True, slots=True)
class Day:
    """A local day (04:00 to 04:00). `date`: ISO. Hours are of 5-s points."""

    date: str
    worn_h: float
    usable_h: float
    graded_h: float
    """Of the usable: confidence A or B."""
    still_hr: float | None
    """Heart rate while still, less what is usual at those hours, in bpm; None under half an hour of still time."""
    rises: int
    chance: float | None
    """Rises that chance alone would show in its usable hours."""
    belonging: float | None
    engagement: float | None
    """Answers of that day, mean, 0-10."""
    contacts: int | None
    """Tagged contacts (connection, support, group, reaching_out, or rated `contacts`); None where nothing was worn nor said."""
    reached_out: bool
    marks: tuple[str, ...]
    """`unwell`, `medication_change`, `alcohol`, ...: context words said that day."""


@dataclass(frozen=True, slots=True)
class Coverage:
    worn_h: float
    usable_h: float
    graded_h: float
    limited_h: float
    """Rhythm-limited: variability is not shown, and arousal rests on heart rate alone."""
    days_worn: int
    days: int
    gates: tuple[tuple[str, float], ...]
    """Share of worn time by gate word, largest first: still, light, moving, recovery, posture, unknown."""
    beats_received: int
    beats_stored: int
    beats_flagged: int
    gap_h: float
    devices: tuple[tuple[str, str], ...]
    """(device, tier) that spoke."""
    tagged: int
    usable: int
    counted: int
    not_blind: int
    asked: int
    """Said when a rise had made the page ask: the level chose the moment."""
    no_signal: int
    overlapping: int
    outside: int
    unmatched: int
    late: int
    """Counted, but made 12 h or more after."""
    blind_unknown: int
    """Counted, but not known whether the chart was seen before."""
    talking_or_moving: int
    """Counted, and said to be while talking or moving."""
    confounders: tuple[tuple[str, int], ...]
    """How many moments carry each context word."""


@dataclass(frozen=True, slots=True)
class Group:
    """One row of "Reactions": a group of moments and its primary finding."""

    scope: str
    """`kind`, `with_whom`, `action` or `context`."""
    word: str
    """Id of the word: `conflict`."""
    tagged: int
    counted: int
    felt: float | None
    """Median distress of all tagged."""
    points: tuple[float, ...]
    """dz10 of the counted moments, in order of time."""
    matched: tuple[float, float] | None
    """10th and 90th percentile of dz10 of their matched moments."""
    finding: Finding
    """metric `dz10`."""


@dataclass(frozen=True, slots=True)
class Match:
    """One matched moment: the answer to "matched with what?"."""

    t_ns: int
    when: str
    """Local date and time, ISO to the minute."""
    dz10: float | None
    still: float
    motion_mg: float | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One tagged moment, as listed."""

    event_id: str
    t_ns: int
    when: str
    """Local date and time, ISO to the minute: `2026-11-12T19:15`."""
    kind: str
    with_whom: tuple[str, ...]
    action: str
    context: tuple[str, ...]
    felt: int | None
    certainty_s: int
    standing: str
    """One of `catalogue.STANDINGS`."""
    dz10: float | None
    peak_z: float | None
    half_min: float | None
    """None where there was under half an SD to settle from."""
    half_censored: bool
    """`half_min` is how long it was seen to stay up."""
    link: str
    """`linked`, `possible`, `none` or "" (too vague or no signal)."""
    link_p: float | None
    note: str
    """Empty unless notes are shared."""
    matches: tuple[Match, ...]
    matches_elsewhere: int = 0
    """Matched moments of days that may be in no report: they count, and are not listed."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line over days and what may be said of it. `finding.effect` is its slope per 30 days."""

    finding: Finding
    n: int
    line: tuple[float | None, ...]
    """One a day of the span: running mean or usual; None where nothing is known."""
    band: tuple[float, float] | None
    """What is usual, around 0 (level at rest)."""
    change_at: str
    """Local date from which a lasting shift shows (CUSUM); empty: none."""
    change_up: bool


@dataclass(frozen=True, slots=True)
class Settling:
    """Half-way recovery: Kaplan-Meier. `steps`: (minutes, share still more than half up), from (0, 1)."""

    finding: Finding
    n: int
    censored: int
    median_min: float | None
    low_min: float | None
    high_min: float | None
    steps: tuple[tuple[float, float], ...]
    cuts: tuple[tuple[float, float], ...]
    """Where a moment was not seen to the end."""
    trend: Finding
    """Do later moments settle faster? s per 30 days."""


@dataclass(frozen=True, slots=True)
class Concord:
    """Felt distress against change in arousal, one point a counted moment."""

    finding: Finding
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """Breathing offers that chance made or withheld; mean z 5 to 15 minutes after the decision."""

    finding: Finding
    """effect = offered minus withheld, SD."""
    offered: tuple[float, ...]
    withheld: tuple[float, ...]
    offered_mean: tuple[float, float, float] | None
    """Mean, low, high; None under two."""
    withheld_mean: tuple[float, float, float] | None
    decisions: int
    """Randomised, whether or not the signal after could be read."""
    taken: int
    rated_offered: tuple[int, ...]
    """Distress ten minutes after, by arm."""
    rated_withheld: tuple[int, ...]
    least_effect: float | None
    """The smallest effect that so many decisions would show four times in five."""
    made: int | None = None
    """Decisions that were offers, whether or not the signal after could be read: what `taken` is of. None: not counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """A planned step back into contact."""

    when: str
    """Local date."""
    text: str
    """The person's own words; empty unless notes are shared."""
    expected: int | None
    """Planned distress, 0-10."""
    met: int | None
    """Felt distress of its tag."""
    expectancy: int | None
    """How sure the person was that what was feared would happen, 0-10, as planned."""
    outcome: int | None
    """How much of it did, 0-10, as tagged afterwards; None where not said."""
    state: str
    dz10: float | None
    standing: str = ""
    """Of its tag, one of `catalogue.STANDINGS`; empty without one."""


@dataclass(frozen=True, slots=True)
class Report:
    person: str
    span: str
    from_day: str
    to_day: str
    lang: str
    notes: bool
    """Whether notes and the person's own words are in here."""
    simulated: bool
    maturity: str
    """`begun`, `learning`, `nearly`, `own` or `recording`: how well the usual is known."""
    analysis: str
    algorithm: str
    baseline_day: str
    """Local date of the newest usual; empty: none."""
    days: tuple[Day, ...]
    coverage: Coverage
    kinds: tuple[Group, ...]
    """Every kind that was tagged, in the order of the catalogue."""
    others: tuple[Group, ...]
    """With whom, action, context."""
    moments: tuple[Moment, ...]
    """All of the span, newest first."""
    level: Series
    rises: int
    chance: float | None
    usable_h_with_chance: float
    rises_with_chance: int
    """Of `rises` those in the hours whose chance is known: what `chance` is to be compared with."""
    belonging: Series
    engagement: Series
    thresholds: Series
    trends: tuple[Finding, ...]
    """`dz10_trend` of every kind that was tagged."""
    contrasts: tuple[Finding, ...]
    settling: Settling
    concord: Concord
    offers: Offers
    steps: tuple[Step, ...]
    step_findings: tuple[Finding, ...]
    secondaries: tuple[Finding, ...]
    """peak_z, latency_s, area, t_half_s, slope, slowing_z by kind: without p."""
