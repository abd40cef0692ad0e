"""An answer to "why?" in plain words: one sentence first, then what it rests on, line by line.

Says what was measured and what rule decided; never a feeling, never a cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from somalink.cli.words import stage
from somalink.domain.catalogue import EXPIRED, STILL, TOO_VAGUE, WITHHELD
from somalink.domain.time import MINUTE_NS, SECOND_NS

if TYPE_CHECKING:
    from somalink.cli.moments import LocalTime
    from somalink.domain.constants import Constants
    from somalink.domain.types import Candidate, Episode, Link, Prompt
    from somalink.pipeline.why import Reading, Tagged, Why

HR_WORDS = {
    "rr": "from beats",
    "fused": "few beats, so mixed with the device's own figure",
    "hr_field": "the device's own figure",
    "rr_thin": "too few beats",
    "no_data": "no beats",
}
HRV_WORDS = {
    "too_few_pairs": "too few beats side by side",
    "artefacts": "too many doubtful beats",
    "no_data": "no beats",
    "irregular": "too many beats out of step",
    "no_variation": "the beats are as even as a clock",
}
Z_WORDS = {
    "": "",
    "session_relative": "against this recording's own quiet time so far",
    "learning": "still learning your usual",
    "no_heart_rate": "no heart rate",
    "no_baseline": "no usual to compare with",
    "rhythm": "rhythm-limited: variability is not shown, arousal rests on heart rate alone",
}
DRIVERS = {"phasic": "against the last half hour", "level": "against your usual"}
ANSWERS = {
    "spike": "A moment stood out here.",
    "slowing": "A slower moment: the heart was well below what is usual for you.",
    "elevated": "A longer stretch above your usual.",
    "not_recorded": "Nothing was recorded here, so nothing can be said.",
    "no_heart_rate": "Nothing stood out: no heart rate was known here.",
    "not_judged": "Nothing stood out, because nothing was judged: {gate}.",
    "not_compared": "Nothing stood out, because nothing could be compared yet: {z_reason}.",
    "turned_down": "There was a rise here, but it did not count as a moment: {rejected}.",
    "weak": "Nothing stood out: the signal was not good enough to go by.",
    "usual": "Nothing stood out: heart rate was within what is usual for you.",
    "high": "Above your usual here, but no moment of its own: it was not high enough for long enough, or is not settled yet.",
}
REJECTED = {
    "lapsed": "it fell back before it had been high enough for about a minute and a half",
    "gate": "the body began to move, and a moving heart is not judged",
    "unknown": "the signal was lost before it could be confirmed",
    "no_rise": "it was high already and had not risen enough over the minutes before",
    "no_reference": "too little was known of the minutes before to call it a rise",
    "artefact": "more than one beat in ten was doubtful",
    "few_beats": "there were too few beats to go by",
    "gap_step": "the step came right beside a hole in the signal",
    "frozen": "the device kept repeating one figure",
    "contact": "the strap had lost contact",
    "short": "it lasted less than a minute",
    "refractory": "it came within five minutes of the one before",
    "quality": "the signal was not good enough to go by",
}
PROMPTS = {
    "off": "Prompts are off.",
    "gate": "You were moving.",
    "tagged": "You had just tagged a moment.",
    "session": "You had just breathed.",
    "quiet_hours": "Quiet hours.",
    "cooldown": "Asked less than 90 minutes before.",
    "cap": "Asked as often as you chose for that day already.",
    "halved": "Asking less often for three days.",
    "not_now": "You said not now.",
    "maturity": "Still learning your usual.",
    "confidence": "The signal was not good enough.",
    "small_rise": "Too small a rise to ask about.",
    "withheld": "Chance said not to, as you agreed.",
    "exposure": "Around a step you planned.",
    "expired": "The page was not open.",
    "no_motion": "It would have asked first.",
    "eager": "It would have asked first, still learning your usual.",
    "not_recorded": "Nothing was recorded, so nothing could be asked.",
    "nothing_stood_out": "Nothing stood out, so there was nothing to ask about.",
    "not_a_spike": "Only moments that stand out are asked about.",
    "not_settled": "It is not settled yet.",
    "other_device": "Another device was in the lead.",
    "not_decided": "It was not decided yet.",
}
ANSWERED = {
    "tag": "with a tag",
    "breathe": "with a breath",
    "not_now": "not now",
    "wrong": "this didn't fit",
    "moving": "yes, moving",
    STILL: "no, not moving",
    "no_thanks": "no, thank you",
    "rated": "with a rating",
    "skipped": "by skipping the rating",
    "not_now_hour": "not now, for an hour",
    "not_now_today": "not now, for the rest of the day",
}


def lines(why: Why, local: LocalTime, constants: Constants) -> Iterator[str]:
    """The whole answer."""
    at_ns = why.at_ns if why.tag is None or why.reading else why.tag.event.t_ns
    yield f"{local.said(at_ns)}, {why.person}{f', {why.device}' if why.device else ''}"
    yield answer(why)
    rows = {
        "device": f"{why.device} speaks here; {' and '.join(why.beside)} {'was' if len(why.beside) == 1 else 'were'} worn too" if why.beside else "",
        "where": _where(why, local),
        "moment": _moment(why.episode, local) if why.episode else "",
        "the rise": _rise(why.turned_down, local) if why.turned_down else "",
        "nearby": f"a moment stood out: {_moment(why.near, local)}" if why.near else "",
        **(_measured(why, why.reading, local) if why.reading else {}),
        "your usual": _usual(why, local, constants),
        "prompt": _prompt(why.prompt, why.no_prompt, local),
        **(_tag(why.tag, local) if why.tag else {}),
    }
    for name, text in rows.items():
        if text:
            yield f"  {name:<11} {text}"


def answer(why: Why) -> str:
    """The first sentence."""
    from dashboards.picture.look import GATE_WORDS
    from somalink.domain.types import Gate

    reading = why.reading
    return ANSWERS[why.answer].format(
        gate=GATE_WORDS[Gate[reading.gate.upper()]] if reading else "",
        z_reason=Z_WORDS.get(reading.z_reason, reading.z_reason) if reading else "",
        rejected=REJECTED.get(why.turned_down.reason, why.turned_down.reason) if why.turned_down else "",
    )


def _usual(why: Why, local: LocalTime, constants: Constants) -> str:
    if why.stage is None:
        return ""
    fitted = f", fitted {local.said(why.baseline_from_ns)}" if why.baseline_mode == "personal" and why.baseline_from_ns is not None else ""
    return stage(why.stage, constants) + fitted


def _where(why: Why, local: LocalTime) -> str:
    """Why there is no grid point, and where the nearest one is."""
    from dashboards.picture.look import gap_words

    if why.reading:
        return ""
    if why.gap:
        return f"no signal from {local.clock(why.gap.start_ns)} to {local.clock(why.gap.stop_ns)} ({gap_words(why.gap.reason)})"
    return (
        f"the nearest that is known is {local.said(why.nearest_point_ns)}"
        if why.nearest_point_ns
        else "no recording is near; `somalink status` says what there is"
    )


def _moment(episode: Episode, local: LocalTime) -> str:
    until = "not over yet" if episode.stop_ns is None else f"{'at least ' if episode.truncated else ''}until {local.clock(episode.stop_ns)}"
    chance = f"; about {episode.chance_per_h:.2f} an hour would by chance" if episode.chance_per_h is not None else ""
    highest = f"highest {local.clock(episode.peak_ns)} ({episode.peak_z:+.1f} {DRIVERS[episode.driver]})"
    return f"from {local.clock(episode.start_ns)}, sure at {local.clock(episode.onset_ns)}, {highest}, {until}; confidence {episode.confidence:.2f}{chance}"


def _rise(candidate: Candidate, local: LocalTime) -> str:
    return f"from {local.clock(candidate.start_ns)} to {local.clock(candidate.stop_ns)}, at most {candidate.peak_z:+.1f} {DRIVERS[candidate.driver]}"


def _measured(why: Why, reading: Reading, local: LocalTime) -> dict[str, str]:
    """What was measured at this point, a line each."""
    from dashboards.picture.look import GATE_WORDS, level
    from somalink.domain.types import Gate

    z, z_on = (reading.z_phasic if why.driver == "phasic" else reading.z), why.z_on or 0.0
    about = "" if reading.z is None else f"{level(reading.z, reading.se or 0.0).phrase}: {_number(reading.z, '+.1f')} ± {_number(reading.se, '.1f')}"
    band = "" if reading.index is None else f", index {reading.index:.0f} ({_number(reading.index_from, '.0f')} to {_number(reading.index_to, '.0f')})"
    now = f"now {z:+.1f}" if z is not None else "not known now"
    moved = "" if reading.motion_mg is None else f", {reading.motion_mg:.0f} mg"
    return {
        "heart rate": f"{_number(reading.hr_bpm, '.0f')} a minute, {HR_WORDS[reading.hr_reason]}; signal {_quality(reading.hr_quality)}",
        "RMSSD": _number(reading.rmssd_ms, ".0f") + " ms"
        if reading.rmssd_ms is not None
        else f"not known: {HRV_WORDS.get(reading.hrv_reason, reading.hrv_reason)}",
        "movement": f"{GATE_WORDS[Gate[reading.gate.upper()]]} since {local.clock(reading.gate_since_ns)}{moved}",
        "arousal": f"{about}{band}{_because(reading)}" if about else f"not known: {Z_WORDS.get(reading.z_reason, reading.z_reason)}",
        "needed": f"{z_on:.2f} {DRIVERS[why.driver]} for about a minute and a half, after a rise of 1; {now}",
        "chance": f"about {reading.chance_per_h:.2f} an hour would stand out by chance" if reading.chance_per_h is not None else "",
    }


def _heart(reading: Reading) -> str:
    if reading.hr_bpm is None:
        return f"not known: {HR_WORDS[reading.hr_reason]}"
    return f"{reading.hr_bpm:.0f} a minute, {HR_WORDS[reading.hr_reason]}; signal {_quality(reading.hr_quality)}"


def _because(reading: Reading) -> str:
    return f" ({Z_WORDS.get(reading.z_reason, reading.z_reason)})" if reading.z_reason else ""


def _quality(quality: float | None) -> str:
    if quality is None:
        return "not known"
    return f"{'good' if quality >= 0.6 else 'weak'} ({quality:.2f})"


def _number(value: float | None, form: str) -> str:
    return "?" if value is None else f"{value:{form}}"


def _prompt(prompt: Prompt | None, no_prompt: str, local: LocalTime) -> str:
    if prompt is None:
        return PROMPTS[no_prompt]
    if prompt.arm == WITHHELD and not prompt.reason:
        return PROMPTS[WITHHELD]
    if prompt.shown_ns is None and prompt.answer in ("", EXPIRED):
        return PROMPTS.get(prompt.reason or EXPIRED, prompt.reason.replace("_", " "))
    answered = "" if prompt.answer == EXPIRED else ANSWERED.get(prompt.answer, prompt.answer.replace("_", " "))
    left_out = f"; {PROMPTS[WITHHELD][0].lower()}{PROMPTS[WITHHELD][1:-1]}" if prompt.arm == WITHHELD else ""
    return f"asked at {local.clock(prompt.shown_ns or prompt.t_ns)}" + (f", answered {answered}" if answered else ", not answered") + left_out


def _tag(tag: Tagged, local: LocalTime) -> dict[str, str]:
    """The tag, what it may belong to, and what the body did around it."""
    from dashboards.picture.look import KIND_WORDS

    event, metrics = tag.event, tag.metrics
    vague = f"± {event.certainty_s * SECOND_NS // MINUTE_NS} min" if event.certainty_s < 10_800 else "some part of the day"
    around = {
        "rise over 10 min": metrics and metrics.dz10,
        "height": metrics and metrics.peak_z,
    }
    said = [f"{name} {value:+.1f}" for name, value in around.items() if value is not None]
    if metrics and metrics.t_half_s is not None:
        said.append(f"half settled {'over ' if metrics.t_half_censored else 'after '}{metrics.t_half_s / 60:.0f} min")
    return {
        "tag": f"{KIND_WORDS.get(event.kind, event.kind)} {local.said(event.t_ns)} {vague}   {event.id}",
        "match": _match([link for link in tag.links if link.episode_id], tag.links),
        "around it": ", ".join(said),
    }


def _match(links: list[Link], every: tuple[Link, ...]) -> str:
    if not every:
        return ""
    if any(link.rule.startswith(TOO_VAGUE) for link in every):
        return "the time is too vague to match one moment; what was around it counts all the same"
    if not links:
        return "nothing that stood out is near enough in time"
    best = links[0]
    tenths = min(round(10 * best.probability), 9)
    said = f"a likely match, {tenths} in 10" if best.verdict == "linked" else f"possibly, {tenths} in 10"
    return f"{said}{_lag(best.lag_s)}; a tag at a random time would be matched {100 * best.chance:.0f} times in 100"


def _lag(lag_s: float | None) -> str:
    if lag_s is None:
        return ""
    away = f"{abs(lag_s):.0f} s" if abs(lag_s) < 90 else f"{abs(lag_s) / 60:.0f} min"
    return f", {away} {'after' if lag_s >= 0 else 'before'} the tag"
