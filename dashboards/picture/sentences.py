"""The plain words of a picture: title, what was worn, moments, tags, what was not judged. Knows the model; draws nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from dashboards.picture.look import GATE_WORDS, KIND_WORDS, LEVELS, POSTURE_FOR, Level, gap_words, level
from dashboards.picture.model import DayModel, Hole, Match, Moment, Part, Tag
from somalink.domain.constants import Linking
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
PART_WORDS = {
    Part.USABLE: "usable",
    Part.MOVING: GATE_WORDS[Gate.MOVING],
    Part.SETTLING: GATE_WORDS[Gate.RECOVERY],
    Part.POSTURE: POSTURE_FOR,
    Part.WEAK: "weak signal",
    Part.UNCOMPARED: "nothing to compare with yet",
    Part.NOTHING: "no signal",
}
BY_LUCK = 0.2
"""Told apart from chance only where luck alone brings as many on fewer than one such day in five, or one such moment in five."""
CLEAR = 0.6
"""The confidence from which a moment is called clear."""
CURVE = "Heart rate beyond what movement explains, against {usual}"
UNNUMBERED = "{where} without a {mark}: did not last, did not {change} sharply, or could not be judged."
NO_TAGS = "No tags on this day."
SLOWER = "Slower heart"
BELOW = "Below {usual}:"
LIMIT = "It is not a feeling, and not a reason."
UNMOVED = "Not a feeling, not a reason; movement is not known, so effort shows too."


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
    """The sentence with its base: a level is of the hours that could be judged, not of the day."""
    base = of_how_much(model)
    return f"{claim(model)}, {base}" if base else claim(model)


def claim(model: DayModel) -> str:
    if not model.worn:
        return "Nothing was recorded"
    if model.basis == "none":
        return "Still learning your usual: drawn, not compared"
    if model.usable_s < LEAST_USABLE_S:
        return "Still learning your usual: too little to say how this was" if model.basis == "session" else "Too little usable signal to say how this day was"
    return f"{sentence(usually(model))}, {standing_out([model])}"


def of_how_much(model: DayModel) -> str:
    if not model.worn:
        return ""
    usable = f"{model.usable_s / 3600:.1f}" if model.usable_s >= 360 or not model.usable_s else f"{model.usable_s / 3600:.2f}"
    return f"in the {usable} of {hours(model.worn_s)} that could be judged"


def base(model: DayModel) -> str:
    """The line under the claim: of how much it is said, and what chance alone would bring in that, so that nobody reads the claim without it."""
    rises, expected = len(model.spikes), model.by_chance
    if not rises:
        return of_how_much(model)
    chance = "how many by chance is not known yet" if expected is None else f"where chance alone brings {about(expected)}"
    return f"{of_how_much(model)}; {plural(rises, 'quick rise')}, {chance}"


def usual(model: DayModel) -> str:
    """What the level is compared with, as it may be called."""
    return "this recording's usual" if model.basis == "recording" else "your usual"


def phrase(model: DayModel, found: Level) -> str:
    return found.phrase.replace("your usual", usual(model))


def usually(model: DayModel) -> str:
    """`mostly about your usual`: the level most judged minutes had, `mostly` only if it is more than half of them."""
    z = model.minutes.z[model.minutes.judged]
    edges = np.array([each.from_z for each in LEVELS[1:]])
    counts = np.bincount(np.searchsorted(edges, z, side="right"), minlength=len(LEVELS))
    common = int(np.argmax(counts))
    if counts[common] * 2 > counts.sum():
        return f"mostly {phrase(model, LEVELS[common])}"
    return f"mixed, {phrase(model, LEVELS[common])} most often"


def standing_out(models: Sequence[DayModel]) -> str:
    """`three moments stood out`; and says so where chance alone brings as many quick rises."""
    told, quick = sum(len(model.risen) for model in models), spikes_of(models)
    if not told:
        return "and nothing stood out"
    said = f"{plural(told, 'moment')} stood out"
    count, expected = by_chance(models) or (0, 0.0)
    if not quick or count < quick or at_least(count, expected) <= BY_LUCK:
        return said
    only_quick = all(moment.episode.kind == "spike" for model in models for moment in model.risen)
    return f"{said}, no more than by chance" if only_quick else f"{said}, the quick ones no more than by chance"


def about(expected: float) -> str:
    return f"about {number(round(expected))}" if expected >= 0.5 else "fewer than one"


def at_least(count: int, expected: float) -> float:
    """Chance of `count` or more where `expected` come on average (Poisson)."""
    term, below = math.exp(-expected), 0.0
    for k in range(count):
        below += term
        term *= expected / (k + 1)
    return 1 - below


def heading(model: DayModel) -> str:
    undated = "   ·   date not known" if model.undated else ""
    return f"{model.day:%A} {model.day.day} {model.day:%B %Y}   ·   {model.person}{undated}"


DAY_BREAK = "a day runs from 04:00 to 04:00"


def worn(model: DayModel) -> str:
    """`Worn 09:29 to 04:00: 18 h 31 min = 6 h 24 min usable + 2 h 31 min moving + ...`: parts that add up, each minute in one of them."""
    if model.worn_ns is None:
        return "No beat arrived on this day."
    first, last = (model.local.clock(t_ns + MINUTE_NS // 2) for t_ns in model.worn_ns)
    parts = [f"{seconds(60 * minutes)} {PART_WORDS[part]}" for part, minutes in whole_minutes(model.part_s).items() if minutes or part == Part.USABLE]
    by = f" Of {' and '.join(f'{device} {seconds(s)}' for device, s in model.device_s.items())}." if len(model.device_s) > 1 else ""
    return f"Worn {first} to {last}: {seconds(60 * sum(whole_minutes(model.part_s).values()))} = {' + '.join(parts)}.{by}"


def whole_minutes(part_s: Mapping[Part, int]) -> dict[Part, int]:
    """Seconds to minutes that add up to the rounded sum: the largest remainders are rounded up."""
    floor = {part: s // 60 for part, s in part_s.items()}
    left = round(sum(part_s.values()) / 60) - sum(floor.values())
    up = sorted(part_s, key=lambda part: -(part_s[part] % 60))[:left]
    return {part: minutes + (part in up) for part, minutes in floor.items()}


def compared(model: DayModel) -> str:
    return BASIS_WORDS[model.basis]


def limits(model: DayModel) -> str:
    return LIMIT if model.motion_known else UNMOVED


def shares(model: DayModel) -> list[tuple[str, float]]:
    """Share of the judged minutes at each level, lowest first."""
    z = model.minutes.z[model.minutes.judged]
    if not len(z):
        return []
    edges = np.array([each.from_z for each in LEVELS[1:]])
    counts = np.bincount(np.searchsorted(edges, z, side="right"), minlength=len(LEVELS))
    return [(phrase(model, each), int(count) / len(z)) for each, count in zip(LEVELS, counts, strict=True)]


# ---------------------------------------------------------------- moments


def when(model: DayModel, moment: Moment) -> str:
    """`13:17–13:21`"""
    start = model.local.clock(moment.start_ns)
    if moment.stop_ns is None:
        return f"{start}, not over yet"
    stop = model.local.clock(moment.stop_ns)
    return f"{start}–{stop}" if stop != start else start


def what(model: DayModel, moment: Moment) -> str:
    """`quick rise, well above, still; then moving`: what it was, how far at its highest, what the body did, why its end was not seen."""
    kind, doing = moment.episode.kind, moment.episode.gate.upper()
    gate = GATE_WORDS[Gate[doing]] if doing in Gate.__members__ else moment.episode.gate
    said = {"slowing": "slower", "elevated": _longer(model, moment)}.get(kind) or _quick(moment)
    last = max(moment.whole, key=lambda each: each.episode.stop_ns or 0).then
    end = "" if not last else f"; {last}" if last == "end not seen" else f"; then {last}"
    return f"{said}, {gate}{end}"


def _quick(moment: Moment) -> str:
    if not np.isfinite(moment.z):
        return "quick rise, level not known"
    found = level(moment.z, moment.se)
    if found.from_z < 1:
        return "quick rise, not surely above"
    return f"quick rise, {'at least ' if found != level(moment.z) else ''}{found.tick}"


def _longer(model: DayModel, moment: Moment) -> str:
    if not moment.rises:
        return "longer above"
    times = " and ".join(model.local.clock(each.top_ns) for each in moment.rises)
    return f"longer above, with {'a quick rise' if len(moment.rises) == 1 else 'quick rises'} at {times}"


def sureness(moment: Moment) -> str:
    return "clear" if moment.episode.confidence >= CLEAR else "uncertain"


def mostly_sure(moments: Sequence[Moment]) -> str:
    """The word of certainty most of them have; it is said once, and only the others carry theirs."""
    words = [sureness(moment) for moment in moments]
    return max(("uncertain", "clear"), key=words.count)


def told(model: DayModel, moment: Moment, among: Sequence[Moment]) -> str:
    """A moment in a line or two, with a word of certainty where most of its neighbours have another."""
    word = sureness(moment)
    return what(model, moment) if word == mostly_sure(among) else f"{what(model, moment)} · {word}"


def chance_note(model: DayModel) -> str:
    """The certainty of the list: quick rises beside what chance alone brings in the same hours."""
    if not model.risen:
        return ""
    rises = len(model.spikes)
    said = [_beside(rises, model)] if rises else []
    if any(moment.episode.kind == "elevated" for moment in model.risen):
        said.append("Chance is not counted for longer stretches.")
    common = mostly_sure(model.risen)
    others = {sureness(moment) for moment in model.risen} - {common}
    each = f"{'It' if len(model.risen) == 1 else 'Each one'} is {common}{' in itself' if common == 'clear' else ''}"
    said.append(f"{each}, but where marked {others.pop()}." if others else f"{each}.")
    return " ".join(said)


def _beside(rises: int, model: DayModel) -> str:
    moments = "" if rises == len(model.risen) else f" in {_these(len(model.risen))}"
    begin = f"{sentence(plural(rises, 'quick rise'))}{moments} in the {model.usable_s / 3600:.1f} usable hours"
    if model.by_chance is None:
        return f"{begin}; how many such would show up by chance is not known yet."
    expected = model.by_chance
    apart = "" if expected <= BY_LUCK * rises else " It cannot be told from chance." if rises == 1 else " None of them can be told from chance one by one."
    return f"{begin}; {about(expected)} such would show up by chance alone.{apart}"


def _these(moments: int) -> str:
    return "this moment" if moments == 1 else f"these {number(moments)} moments"


def briefly(model: DayModel, moments: Sequence[Moment]) -> str:
    """`and e 02:17–02:36, f 03:01–03:09`: those that have no room for more than their time."""
    return f"and {', '.join(f'{moment.label} {when(model, moment)}' for moment in moments)}"


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
        return "; ".join(f"moment {match.label}: {match_words(match)}" for match in tag.matches[:2])
    if tag.event.certainty_s > Linking().max_certainty_s:
        return "time too vague to match"
    return "nothing stood out nearby" if _could_be_judged(model, tag) else "not judged at that time"


def _could_be_judged(model: DayModel, tag: Tag) -> bool:
    """Was any minute around the tag, as unsure as its time is, fit to be judged?"""
    reach = tag.event.certainty_s * SECOND_NS + NEARBY_NS
    minutes = model.minutes
    return bool(minutes.judged[minutes.at(tag.event.t_ns - reach) : minutes.at(tag.event.t_ns + reach) + 1].any())


# ---------------------------------------------------------------- what was left out


def no_signal(model: DayModel, *, named: int = 6) -> str:
    """The longest holes with from, to and why, as many as `named`; then how many more, and the short ones."""
    if not model.worn:
        return ""
    longest = sorted(model.holes, key=lambda hole: hole.start_ns - hole.stop_ns)[:named]
    left = len(model.holes) - len(longest)
    more = [f"{plural(left, 'other')}, {duration(sum(hole.stop_ns - hole.start_ns for hole in model.holes if hole not in longest))} in all"] if left else []
    parts = [*_by_reason(model, sorted(longest, key=lambda hole: hole.start_ns)), *more]
    holes = f"No signal: {'; '.join(parts)}." if parts else ""
    return f"{holes} {_short_gaps(model)}".strip() or "No gap in the signal."


def _short_gaps(model: DayModel) -> str:
    """How long one is and what they come to: how many there are tells nobody anything."""
    short = model.short
    if not short.count:
        return ""
    where = "all day" if short.share >= 0.75 else "here and there"
    return f"Inside these parts: short holes of about {duration(short.typical_s * 1e9)}, {where}, {seconds(short.total_s)} in all ({gap_words(short.reason)})."


def unnumbered(model: DayModel) -> str:
    """Said where the curve is above or below the usual outside every moment that has a number or letter."""
    inside = np.zeros(len(model.minutes.start_ns), bool)
    for moment in model.moments:
        start_ns, stop_ns = moment.around_ns
        inside |= (model.minutes.start_ns >= start_ns) & (model.minutes.start_ns < stop_ns)
    outside = model.minutes.judged & ~inside
    above, below = bool((outside & (model.minutes.z >= 1)).any()), bool((outside & (model.minutes.z < -1)).any())
    if not above and not below:
        return ""
    where = " or ".join(word for word, occurs in (("above", above), ("below", below)) if occurs)
    mark = " or ".join(word for word, occurs in (("number", above), ("letter", below)) if occurs)
    return UNNUMBERED.format(where=sentence(where), mark=mark, change="rise" if not below else "change" if above else "fall")


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
    return f"{sentence(common)} on {days}, {standing_out(models)}"


def span_base(models: Sequence[DayModel]) -> str:
    usable, whole = (sum(column) for column in zip(*((model.usable_s, model.worn_s) for model in models), strict=True))
    return f"in the {usable / 3600:.{0 if usable >= 360_000 else 1}f} of {hours(whole)} that could be judged" if whole else ""


def span_worn(models: Sequence[DayModel]) -> str:
    """`Worn on five of seven days. Of nine quick rises, about six would show up by chance alone.`"""
    days = sum(model.worn for model in models)
    return f"Worn on {number(days)} of {plural(len(models), 'day')}. {_beside_chance(models)}"


def _beside_chance(models: Sequence[DayModel]) -> str:
    if not spikes_of(models):
        return "No quick rise stood out."
    known = by_chance(models)
    if known is None:
        return f"{sentence(plural(spikes_of(models), 'quick rise'))}; how many would show up by chance is not known yet."
    count, expected = known
    where = "" if count == spikes_of(models) else " where chance is known"
    return f"{sentence(plural(count, 'quick rise'))}{where}; {about(expected)} would show up by chance alone."


def span_compared(models: Sequence[DayModel]) -> str:
    last = next((model for model in reversed(models) if model.worn), None)
    return compared(last) if last else ""


def span_limits(models: Sequence[DayModel]) -> str:
    last = next((model for model in reversed(models) if model.worn), None)
    return limits(last) if last else LIMIT


def span_usual(models: Sequence[DayModel]) -> str:
    worn_days = [model for model in models if model.worn]
    return usual(worn_days[-1]) if worn_days else "your usual"


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
