"""The plain words of a picture: title, what was worn, moments, tags, what was not judged. Knows the model; draws nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from dashboards.picture.look import GATE_WORDS, KIND_WORDS, LEVELS, NOT_JUDGED, gap_words, level
from dashboards.picture.model import DayModel, Hole, Match, Moment, Tag
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Gate

NEARBY_NS = 5 * MINUTE_NS
LEAST_USABLE_S = 1800
"""Under half an hour of usable time a day has no word."""
DIGITS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
BASIS_WORDS = {
    "own": "Compared with your own last 14 days.",
    "learning": "Compared with your own days so far: your usual is nearly known.",
    "session": "Still learning your usual: compared with this recording's own quiet time, so far.",
    "recording": "Compared within this recording only.",
    "none": "Still learning your usual: nothing can be compared yet.",
}
BY_LUCK = 0.2
BRACKETS = "In brackets: how sure, from 0 to 1."
LIMIT = "It is not a feeling, and not a reason."


def number(count: int) -> str:
    return DIGITS[count] if count < len(DIGITS) else str(count)


def plural(count: int, one: str, many: str = "") -> str:
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def duration(ns: float) -> str:
    """`25 s`, `26 min`, `1 h 10 min`"""
    if ns < MINUTE_NS:
        return f"{ns / 1e9:.0f} s"
    minutes = round(ns / MINUTE_NS)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def seconds(s: int) -> str:
    return duration(s * 10**9)


def hours(s: int) -> str:
    return f"{s / 3600:.1f} hours" if s < 360_000 else f"{s / 3600:.0f} hours"


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------- the day as a whole


def title(model: DayModel) -> str:
    if not model.worn:
        return "Nothing was recorded"
    if model.basis == "none":
        return "Still learning your usual: drawn, not compared"
    if model.usable_s < LEAST_USABLE_S:
        return "Still learning your usual: too little to say how this was" if model.basis == "session" else "Too little usable signal to say how this day was"
    return f"{sentence(usually(model))}, {standing_out(len(model.spikes), model.by_chance)}"


def usually(model: DayModel) -> str:
    """`mostly about your usual`: the level most judged minutes had, `mostly` only if it is more than half of them."""
    z = model.minutes.z[model.minutes.judged]
    edges = np.array([each.from_z for each in LEVELS[1:]])
    counts = np.bincount(np.searchsorted(edges, z, side="right"), minlength=len(LEVELS))
    common = int(np.argmax(counts))
    if counts[common] * 2 > counts.sum():
        return f"mostly {LEVELS[common].phrase}"
    return f"mixed, {LEVELS[common].phrase} most often"


def standing_out(count: int, expected: float | None) -> str:
    """`three moments stood out`; and says so where chance alone brings as many on more than one such day in five."""
    if not count:
        return "and nothing stood out"
    said = f"{plural(count, 'moment')} stood out"
    by_luck = expected is not None and at_least(count, expected) > BY_LUCK
    return f"{said}, no more than by chance" if by_luck else said


def at_least(count: int, expected: float) -> float:
    """Chance of `count` or more where `expected` come on average (Poisson)."""
    term, below = math.exp(-expected), 0.0
    for k in range(count):
        below += term
        term *= expected / (k + 1)
    return 1 - below


def heading(model: DayModel) -> str:
    return f"{model.day:%A} {model.day.day} {model.day:%B %Y}   ·   {model.person}"


def worn(model: DayModel) -> str:
    if not model.worn:
        return "No beat arrived on this day."
    known = model.minutes.start_ns[model.minutes.known]
    first, last = model.local.clock(int(known[0])), model.local.clock(int(known[-1]) + MINUTE_NS)
    signal = f"signal good in {100 - round(100 * model.weak_s / max(model.measured_s, 1))} % of the measured time"
    usable = f"{hours(model.usable_s)} usable" if model.usable_s >= 360 else f"{seconds(model.usable_s)} usable" if model.usable_s else "none of it usable yet"
    return f"Worn {first} to {last}, {usable}; {signal}."


def compared(model: DayModel) -> str:
    movement = "" if model.motion_known else " Movement is not known here: exertion may look like a moment."
    return f"{BASIS_WORDS[model.basis]} {LIMIT}{movement}"


def shares(model: DayModel) -> list[tuple[str, float]]:
    """Share of the judged minutes at each level, lowest first."""
    z = model.minutes.z[model.minutes.judged]
    if not len(z):
        return []
    edges = np.array([each.from_z for each in LEVELS[1:]])
    counts = np.bincount(np.searchsorted(edges, z, side="right"), minlength=len(LEVELS))
    return [(each.phrase, int(count) / len(z)) for each, count in zip(LEVELS, counts, strict=True)]


# ---------------------------------------------------------------- moments


def length(moment: Moment) -> str:
    episode = moment.episode
    if episode.stop_ns is None:
        return "not over yet"
    lasted = duration(episode.stop_ns - episode.start_ns)
    return f"over {lasted} (end not seen)" if episode.truncated else lasted


NAMES = {"slowing": "A slower moment", "elevated": "A longer stretch above"}


def height(moment: Moment) -> str:
    """`Above your usual, sitting still`: how far at its highest, and what the body did."""
    doing = GATE_WORDS[Gate[moment.episode.gate.upper()]] if moment.episode.gate.upper() in Gate.__members__ else moment.episode.gate
    if moment.episode.kind in NAMES:
        return f"{NAMES[moment.episode.kind]}, {doing}"
    if not np.isfinite(moment.z):
        return f"A quick rise, level not known, {doing}"
    found = level(moment.z, moment.se)
    if found.from_z < 1:
        return f"A quick rise, not surely above your usual, {doing}"
    lowered = "at least " if found != level(moment.z) else ""
    return f"{sentence(lowered + found.phrase)}, {doing}"


def how_sure(moment: Moment) -> str:
    """The episode's confidence (quality, maturity, movement, height) in words and as it is."""
    c = moment.episode.confidence
    word = "fairly sure" if c >= 0.8 else "less sure" if c >= 0.6 else "not sure"
    return f"{word} ({c:.2f})"


def in_short(moment: Moment) -> str:
    """`9 min · well above (0.84)`"""
    episode = moment.episode
    name = {"slowing": "slower", "elevated": "longer above"}.get(episode.kind) or (
        "level not known" if not np.isfinite(moment.z) else level(moment.z, moment.se).tick
    )
    lasted = "not over" if episode.stop_ns is None else duration(episode.stop_ns - episode.start_ns)
    return f"{'over ' if episode.truncated else ''}{lasted} · {'a quick rise' if name == 'your usual' else name} ({episode.confidence:.2f})"


def chance_note(model: DayModel) -> str:
    if not model.spikes:
        return ""
    if model.by_chance is None:
        return f"How many such would show up by chance is not known yet. {BRACKETS}"
    expected = model.by_chance
    if expected < 0.5:
        return f"On a day worn this long, fewer than one such would show up by chance alone. {BRACKETS}"
    return f"On a day worn this long, about {number(round(expected))} such would show up by chance alone. {BRACKETS}"


# ---------------------------------------------------------------- tags


def tenths(probability: float) -> str:
    return f"{min(round(10 * probability), 9)} in 10"


def match_words(match: Match) -> str:
    return f"a likely match, {tenths(match.probability)}" if match.verdict == "linked" else f"possibly, {tenths(match.probability)}"


def tag_name(tag: Tag) -> str:
    return KIND_WORDS.get(tag.event.kind, tag.event.kind)


def certainty(tag: Tag) -> str:
    minutes = round(tag.event.certainty_s / 60)
    return f"± {minutes} min" if minutes < 180 else "part of the day"


def tag_matches(model: DayModel, tag: Tag) -> str:
    if tag.matches:
        return "; ".join(f"moment {match.number}: {match_words(match)}" for match in tag.matches[:2])
    return "nothing stood out nearby" if _could_be_judged(model, tag) else "not judged at that time"


def _could_be_judged(model: DayModel, tag: Tag) -> bool:
    """Was any minute around the tag, as unsure as its time is, fit to be judged?"""
    reach = tag.event.certainty_s * SECOND_NS + NEARBY_NS
    minutes = model.minutes
    return bool(minutes.judged[minutes.at(tag.event.t_ns - reach) : minutes.at(tag.event.t_ns + reach) + 1].any())


# ---------------------------------------------------------------- what was left out


def not_judged(model: DayModel) -> str:
    """`Not judged: 50 min moving, 43 min settling after moving, 12 min of weak signal.`"""
    parts = [f"{seconds(model.gate_s.get(gate, 0))} {GATE_WORDS[gate]}" for gate in NOT_JUDGED if model.gate_s.get(gate, 0) >= 60]
    weak = [f"{seconds(model.weak_s)} of weak signal"] if model.weak_s >= 60 else []
    return f"Not judged: {', '.join(parts + weak)}." if parts or weak else ""


def no_signal(model: DayModel, *, named: int = 6) -> str:
    """The longest holes with from, to and why, as many as `named`; then how many more, and the short ones."""
    if not model.worn:
        return ""
    longest = sorted(model.holes, key=lambda hole: hole.start_ns - hole.stop_ns)[:named]
    left = len(model.holes) - len(longest)
    more = [f"{plural(left, 'other')}, {duration(sum(hole.stop_ns - hole.start_ns for hole in model.holes if hole not in longest))} in all"] if left else []
    short = [f"{plural(model.short_gaps, 'gap')} of under five minutes, {seconds(model.short_gap_s)} in all"] if model.short_gaps else []
    parts = [*_by_reason(model, sorted(longest, key=lambda hole: hole.start_ns)), *more, *short]
    return f"No signal: {'; '.join(parts)}." if parts else "No gap in the signal."


def _by_reason(model: DayModel, holes: Sequence[Hole]) -> list[str]:
    """`11:16 to 11:45, 12:02 to 12:10 (strap off)`: neighbours of one reason together."""
    said = []
    for reason, group in groupby(holes, key=lambda hole: hole.reason):
        times = ", ".join(f"{model.local.clock(hole.start_ns)} to {model.local.clock(hole.stop_ns)}" for hole in group)
        said.append(f"{times} ({gap_words(reason)})" if reason else times)
    return said


# ---------------------------------------------------------------- several days


def spikes_of(models: Sequence[DayModel]) -> int:
    return sum(len(model.spikes) for model in models)


def by_chance(models: Sequence[DayModel]) -> tuple[int, float] | None:
    """Spikes that stood out and that chance alone would bring, on the days whose chance rate is known; None when on none."""
    known = [model for model in models if model.by_chance is not None]
    return (spikes_of(known), sum(model.by_chance or 0.0 for model in known)) if known else None


def span_title(models: Sequence[DayModel]) -> str:
    """The usual day, and how much stood out of how much."""
    said = [usually(model) for model in models if model.usable_s >= LEAST_USABLE_S]
    if not said:
        return "Too little usable signal to say how these days were" if any(model.worn for model in models) else "Nothing was recorded"
    common, count = Counter(said).most_common(1)[0]
    days = ("that day" if count == 1 else f"all {number(count)} days") if count == len(said) else f"{number(count)} of {number(len(said))} days"
    return f"{sentence(common)} on {days}, {_standing_out_of(models)}"


def _standing_out_of(models: Sequence[DayModel]) -> str:
    count, expected = by_chance(models) or (0, None)
    return standing_out(spikes_of(models), expected if count == spikes_of(models) else None)


def span_worn(models: Sequence[DayModel]) -> str:
    """`Worn on five of seven days, 61.0 hours usable. 9 moments stood out; about 6 would by chance alone.`"""
    days, usable = sum(model.worn for model in models), sum(model.usable_s for model in models)
    return f"Worn on {number(days)} of {plural(len(models), 'day')}, {hours(usable)} usable. {_beside_chance(models)}"


def _beside_chance(models: Sequence[DayModel]) -> str:
    if not spikes_of(models):
        return "Nothing stood out."
    known = by_chance(models)
    if known is None:
        return f"Of {number(spikes_of(models))} that stood out, how many would by chance is not known yet."
    count, expected = known
    where = "" if count == spikes_of(models) else " on the days whose chance rate is known"
    return f"Of {number(count)} that stood out{where}, about {number(round(expected))} would by chance alone."


def span_compared(models: Sequence[DayModel]) -> str:
    last = next((model for model in reversed(models) if model.worn), None)
    return compared(last) if last else LIMIT


def span_heading(models: Sequence[DayModel]) -> str:
    first, last = models[0].day, models[-1].day
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}   ·   {models[-1].person}"


def rate_per_10h(model: DayModel) -> float:
    """Spikes per ten usable hours; NaN under two usable hours, where one spike would be a peak of the year."""
    return len(model.spikes) * 36_000 / model.usable_s if model.usable_s >= 7200 else float("nan")


def kinds(models: Sequence[DayModel]) -> str:
    """`23 tags: Conflict 9, Connection 8, Group 6.`"""
    counts = Counter(tag_name(tag) for model in models for tag in model.tags)
    said = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    return f"{sentence(plural(counts.total(), 'tag'))}: {said}." if counts else "Nothing was tagged."
