"""The plain words of a picture: title, what was worn, moments, tags, what was not judged. Knows the model; draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dashboards.picture.look import GATE_WORDS, KIND_WORDS, LEVELS, NOT_JUDGED, gap_words, level
from dashboards.picture.model import DayModel, Hole, Match, Moment, Tag
from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Gate

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
        return "Too little usable signal to say how this day was"
    return f"{sentence(usually(model))}, {standing_out(len(model.spikes))}"


def usually(model: DayModel) -> str:
    """`mostly about your usual`: the level most judged minutes had, `mostly` only if it is more than half of them."""
    z = model.minutes.z[model.minutes.judged]
    edges = np.array([each.from_z for each in LEVELS[1:]])
    counts = np.bincount(np.searchsorted(edges, z, side="right"), minlength=len(LEVELS))
    common = int(np.argmax(counts))
    if counts[common] * 2 > counts.sum():
        return f"mostly {LEVELS[common].phrase}"
    return f"mixed, {LEVELS[common].phrase} most often"


def standing_out(count: int) -> str:
    return "and nothing stood out" if not count else f"{plural(count, 'moment')} stood out"


def heading(model: DayModel) -> str:
    return f"{model.day:%A} {model.day.day} {model.day:%B %Y}   ·   {model.person}"


def worn(model: DayModel) -> str:
    if not model.worn:
        return "No beat arrived on this day."
    known = model.minutes.start_ns[model.minutes.known]
    first, last = model.local.clock(int(known[0])), model.local.clock(int(known[-1]) + MINUTE_NS)
    signal = f"signal good in {100 - round(100 * model.weak_s / max(model.measured_s, 1))} % of the measured time"
    return f"Worn {first} to {last}, {hours(model.usable_s)} usable; {signal}."


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
    return f"A quick rise, {found.phrase}, {doing}" if found.from_z < 1 else f"{sentence(found.phrase)}, {doing}"


def how_sure(moment: Moment) -> str:
    """The episode's confidence (quality, maturity, movement, height) in words and as it is."""
    c = moment.episode.confidence
    word = "fairly sure" if c >= 0.8 else "less sure" if c >= 0.6 else "not sure"
    return f"{word} ({c:.2f})"


def chance_note(model: DayModel) -> str:
    if not model.spikes:
        return ""
    if model.by_chance is None:
        return f"How many of these would show up by chance is not known yet. {BRACKETS}"
    expected = model.by_chance
    if expected < 0.5:
        return f"On a day worn this long, fewer than one of these would show up by chance alone. {BRACKETS}"
    return f"On a day worn this long, about {number(round(expected))} of these would show up by chance alone. {BRACKETS}"


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


def tag_matches(tag: Tag) -> str:
    if not tag.matches:
        return "nothing stood out nearby"
    return "; ".join(f"moment {match.number}: {match_words(match)}" for match in tag.matches[:2])


# ---------------------------------------------------------------- what was left out


def not_judged(model: DayModel) -> str:
    """`Not judged: 50 min moving, 43 min settling after moving, 12 min of weak signal.`"""
    parts = [f"{seconds(model.gate_s.get(gate, 0))} {GATE_WORDS[gate]}" for gate in NOT_JUDGED if model.gate_s.get(gate, 0) >= 60]
    weak = [f"{seconds(model.weak_s)} of weak signal"] if model.weak_s >= 60 else []
    return f"Not judged: {', '.join(parts + weak)}." if parts or weak else ""


def no_signal(model: DayModel) -> str:
    """Each hole with from, to and why, as far as four; then how many more, and the short ones."""
    if not model.worn:
        return ""
    longest = sorted(model.holes, key=lambda hole: hole.start_ns - hole.stop_ns)[:4]
    named = [hole_words(model, hole) for hole in sorted(longest, key=lambda hole: hole.start_ns)]
    more = [f"{plural(len(model.holes) - 4, 'shorter one')}"] if len(model.holes) > 4 else []
    short = [f"{plural(model.short_gaps, 'gap')} of under five minutes"] if model.short_gaps else []
    parts = named + more + short
    return f"No signal: {'; '.join(parts)}." if parts else "No gap in the signal."


def hole_words(model: DayModel, hole: Hole) -> str:
    why = f" ({gap_words(hole.reason)})" if hole.reason else ""
    return f"{model.local.clock(hole.start_ns)} to {model.local.clock(hole.stop_ns)}{why}"


# ---------------------------------------------------------------- several days


def spikes_of(models: Sequence[DayModel]) -> int:
    return sum(len(model.spikes) for model in models)


def by_chance(models: Sequence[DayModel]) -> float | None:
    """Chance spikes of all days that have usable time; None when one of them is not known."""
    rates = [model.by_chance for model in models if model.usable_s]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known and len(known) == len(rates) else None


def span_title(models: Sequence[DayModel]) -> str:
    """The usual day, and how much stood out of how much."""
    said = [usually(model) for model in models if model.usable_s >= LEAST_USABLE_S]
    if not said:
        return "Too little usable signal to say how these days were" if any(model.worn for model in models) else "Nothing was recorded"
    common, count = Counter(said).most_common(1)[0]
    days = ("that day" if count == 1 else f"all {number(count)} days") if count == len(said) else f"{number(count)} of {number(len(said))} days"
    return f"{sentence(common)} on {days}, {standing_out(spikes_of(models))}"


def span_worn(models: Sequence[DayModel]) -> str:
    """`Worn on five of seven days, 61.0 hours usable. 9 moments stood out; about 6 would by chance alone.`"""
    days, usable = sum(model.worn for model in models), sum(model.usable_s for model in models)
    count, expected = spikes_of(models), by_chance(models)
    chance = "how many would by chance is not known yet" if expected is None else f"about {number(round(expected))} would by chance alone"
    stood_out = f"Of {number(count)} that stood out, {chance}." if count else "Nothing stood out."
    return f"Worn on {number(days)} of {plural(len(models), 'day')}, {hours(usable)} usable. {stood_out}"


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
