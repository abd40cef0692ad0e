"""What a time-series replica holds: its measurements, their tags and their fields, once (contracts, section 12).

Whoever writes points, whoever draws panels and the page that explains both read this table; a name that is not here is a fault, and a test says so.
Numbers are floats with their unit in the name; times that links and regions use are whole milliseconds, because nanoseconds lose digits in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Form(StrEnum):
    """How a field is written, for ever: a database that has once seen another form of a field refuses the row."""

    FLOAT = "float"
    INT = "int"
    TEXT = "text"
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its form, its unit (empty: a share, a code or a word) and what it may be read as."""

    form: Form
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One kind of point. `tags` in order; `at`: which instant its time is; `others`: how the names of float
    fields begin that are somebody else's list; `raw`: whether it belongs in the raw bucket, where there is one."""

    name: str
    meaning: str
    at: str
    tags: tuple[str, ...]
    fields: Mapping[str, Field] = field(default_factory=dict)
    others: str = ""
    raw: bool = False


def _float(unit: str, meaning: str) -> Field:
    return Field(Form.FLOAT, unit, meaning)


def _text(meaning: str) -> Field:
    return Field(Form.TEXT, "", meaning)


def _bool(meaning: str) -> Field:
    return Field(Form.BOOL, "", meaning)


def _ms(meaning: str) -> Field:
    return Field(Form.INT, "ms", meaning)


PERSON, DEVICE, TIER, STORE = "person_id", "device_id", "device_tier", "store"
WORN = (PERSON, DEVICE, TIER)
"""Tags of what a device measured."""
NAMED = (PERSON, "id", "kind")
"""Tags of what there are tens of a day of: `id` keeps two of one instant apart, and is what an edit is found by."""

REACTION = {
    "dz10": _float("SD", "Rise of the ten minutes after over the ten calm minutes before"),
    "peak_z": _float("SD", "Highest minute after"),
    "latency_s": _float("s", "Time to that peak"),
    "t_half_s": _float("s", "Time until half of the rise was gone"),
    "t_half_censored": _bool("Half had not gone while it could be seen: longer than `t_half_s`"),
    "pre_z": _float("SD", "Median of the ten calm minutes before"),
    "area": _float("SD min", "Level above that, over half an hour"),
    "slope": _float("SD/min", "How it went in the ten minutes after the peak; below 0 it settles"),
    "slowing_z": _float("SD", "Least minute of the ten after"),
}
"""What the level did around a moment (docs/findings.md)."""

GATE_SECONDS = ("still_s", "light_s", "moving_s", "recovery_s", "posture_s", "unknown_s")
HOURS = tuple(f"h{hour:02d}" for hour in range(24))

MEASUREMENTS: Mapping[str, Measurement] = {
    measurement.name: measurement
    for measurement in (
        Measurement("beat", "One point a stored beat", "the closing beat (of two at one instant the second is 1 ns later)", WORN, {
            "rr_ms": _float("ms", "Interval to the beat before, as the device told it"),
            "flag": _text("ok, range, ectopic, missed, extra, stale or untrusted"),
        }, raw=True),
        Measurement("arousal", "One point a FINAL grid point of 5 s", "end of the windows", WORN, {
            "hr_bpm": _float("bpm", "Heart rate, mean over 30 s"),
            "rmssd_ms": _float("ms", "RMSSD over 60 s"),
            "motion_mg": _float("mg", "Movement"),
            "arousal_z": _float("SD", "Heart rate beyond what movement and hour explain, in the person's own still-time spread"),
            "arousal_phasic_z": _float("SD", "The same against the last half hour"),
            "arousal_se": _float("SD", "Standard error of arousal_z"),
            "arousal_index": _float("", "clip(20 + 20 z, 0, 100): 20 is the person's own typical still level"),
            "arousal_lo": _float("", "Lower end of its 90 % band: clip(20 + 20 (z - 1.64 se), 0, 100)"),
            "arousal_hi": _float("", "Upper end: clip(20 + 20 (z + 1.64 se), 0, 100)"),
            "arousal_index_ok": _float("", "The index where it could be judged: quality from 0.6 and a gate that is open"),
            "arousal_index_weak": _float("", "The index everywhere else: drawn grey, never judged"),
            "gate": _text("still, light, moving, recovery, posture or unknown"),
            "posture": _text("upright, standing, sitting or lying, where it is known"),
            "steps": _float("", "Steps in the 5 s, where anything counts them"),
            "gate_code": Field(Form.INT, "", "0 unknown, 1 still, 2 light, 3 moving, 4 recovery, 5 posture"),
            "hr_quality": _float("", "0-1: is the heart rate right"),
            "hrv_quality": _float("", "0-1: is RMSSD right"),
            "confidence": _float("", "0-1: may one act on it"),
            "artefact_share": _float("", "0-1: share of flagged beats"),
            "usable": _float("", "1 where a moment that stands out could have been seen, else 0: its mean is coverage"),
        }),
        Measurement("hrv_window", "NeuroKit2's values of 5 minutes, under its names", "end of the window", WORN, {
            "n_beats": _float("", "Beats in it"),
            "artefact_share": _float("", "0-1"),
            "reason": _text("Why there are no values"),
        }, others="HRV_"),
        Measurement("episode", "A stretch that stood out, once it is over", "its start", (*NAMED, DEVICE, TIER), {
            "label": _text("What a region on a chart says"),
            "start_ms": _ms("Start"),
            "stop_ms": _ms("End"),
            "duration_s": _float("s", "Length"),
            "peak_z": _float("SD", "Highest (of a slowing: lowest)"),
            "mean_z": _float("SD", "Mean"),
            "quality": _float("", "0-1"),
            "confidence": _float("", "0-1"),
            "gate": _text("Gate it began in"),
            "driver": _text("level or phasic"),
            "truncated": _bool("Not seen to its end"),
            "lead": _bool("Seen by the device that counts at that time"),
            "chance_per_h": _float("1/h", "How often chance alone shows one at such an hour"),
            "named": _bool("Somebody said what it was, or a tag is linked to it"),
            "said": _text("nothing, moving or unknown, where that was answered"),
            "state": _text("closed, or final once nothing can change it"),
            "win_from_ms": _ms("Where a chart of this moment begins"),
            "win_to_ms": _ms("Where it ends"),
        }),
        Measurement("social_event", "A self-tagged moment with everything about it, so that no panel joins", "when it was, as told", NAMED, {
            "label": _text("The kind in words, and with whom"),
            "certainty_s": _float("s", "How sure the time is"),
            "late_s": _float("s", "How long after it was told"),
            "source": _text("page, cli, import ..."),
            "blind": _bool("Told before the chart was seen"),
            "distress": _float("", "0-10, as told"),
            "belonging": _float("", "0-10, as told"),
            "sensations": _text("Body sensations"),
            "action": _text("approached, stayed, paused, left or avoided"),
            "with_whom": _text("With whom"),
            "theme": _text("Theme"),
            "need": _text("Need"),
            "context": _text("What else was going on"),
            "spoken": _bool("Whether it was said"),
            "planned_distress": _float("", "0-10 expected of a planned step"),
            "expectancy": _float("", "0-10: how likely what was feared seemed"),
            "outcome": _float("", "0-10: how much of what was feared happened"),
            **REACTION,
            "n_controls": _float("", "Matched moments it is compared with"),
            "control_dz10": _float("SD", "Mean rise of those matched moments"),
            "link_p": _float("", "0-1: how likely it belongs to the likeliest of the moments that stood out"),
            "link_verdict": _text("linked, possible, none or why it cannot be said"),
            "link_chance": _float("", "0-1: how often a tag at any other time would match as well"),
            "episode_id": _text("That moment"),
            "win_from_ms": _ms("Where a chart of this moment begins"),
            "win_to_ms": _ms("Where it ends"),
        }),
        Measurement("link", "How likely a tag belongs to a moment that stood out", "the tag's", NAMED, {
            "event_id": _text("The tag"),
            "episode_id": _text("The moment; empty in the row that says none"),
            "probability": _float("", "0-1"),
            "verdict": _text("linked, possible or none"),
            "lag_s": _float("s", "Tag to moment"),
            "chance": _float("", "0-1: how often a tag at any other time would match as well"),
            "rule": _text("By which rule"),
        }),
        Measurement("plan", "A planned step back into contact", "when it is planned for", NAMED, {
            "state": _text("planned, done, skipped ..."),
            "planned_distress": _float("", "0-10"),
            "expectancy": _float("", "0-10: how likely what is feared seems"),
            "event_id": _text("The tag it became"),
        }),
        Measurement("breathing", "An offer to breathe that chance made or withheld, or an exercise somebody began alone", "when it was decided or begun",
            (*NAMED, "outcome"), {
            "chance": _float("", "0-1: how likely an offer was; empty where nothing was drawn"),
            "rate": _float("1/min", "Breaths a minute"),
            "duration_s": _float("s", "Length of the exercise"),
            "before_z": _float("SD", "Level of the two minutes before"),
            "after_z": _float("SD", "Level of minute 5 to 15 after"),
            "change_z": _float("SD", "After less before; it falls by itself too, so compare arms, never before and after"),
        }),
        Measurement("prompt", "A decision whether to ask", "when it was decided", NAMED, {
            "eligible": _bool("Whether anything could be asked"),
            "reason": _text("Why not"),
            "arm": _text("offer or withheld"),
            "probability": _float("", "0-1"),
            "answer": _text("What was said to it"),
            "answered_s": _float("s", "How long after it was shown"),
            "episode_id": _text("The moment it is about"),
        }),
        Measurement("rating", "A number somebody gave", "when", NAMED, {
            "value": _float("", "0-10"),
            "blind": _bool("Given before the chart was seen"),
            "about": _text("empty: by itself; tag, prompt: about one"),
        }),
        Measurement("coverage", "What came in an hour, and what could be used", "start of the hour, UTC", WORN, {
            "received_beats": _float("", "Beats that came"),
            "refused_beats": _float("", "Beats that were no beats"),
            "stored_beats": _float("", "Beats kept"),
            "flagged_beats": _float("", "Kept beats with a flag"),
            "gaps": _float("", "Gaps that began"),
            "gap_s": _float("s", "Time without beats inside recordings"),
            "reconnects": _float("", "Links that were lost and made again"),
            "worn_s": _float("s", "Time with figures"),
            "usable_s": _float("s", "Time in which a moment that stands out could have been seen"),
            "simulated": _bool("No body: made up"),
        }),
        Measurement("device_status", "What a device said of itself", "when", WORN, {
            "battery_pct": _float("%", "Battery"),
            "contact": _float("", "1 on the skin, 0 not"),
            "state": _text("What its link is doing"),
            "reason": _text("Why"),
        }),
        Measurement("baseline", "A usual, as it was fitted", "from when it holds", (PERSON, TIER), {
            "number": _float("", "Which one"),
            "mode": _text("How it was fitted"),
            "still_h": _float("h", "Quiet hours it rests on"),
            "still_days": _float("d", "Days it rests on"),
            "still_hr_bpm": _float("bpm", "Usual heart rate when still, hour of day apart"),
            "rest_hr_bpm": _float("bpm", "5th percentile of heart rate"),
            "level_spread_bpm": _float("bpm", "Robust spread of the level"),
            "phasic_spread_bpm": _float("bpm", "Robust spread against the last half hour"),
            "spike_z": _float("SD", "Where a moment begins to stand out"),
            "chance_per_h": _float("1/h", "How often chance alone shows one"),
        }),
        Measurement("finding", "One answer over a span, or why there is none", "last hour of the span", (*NAMED, "scope", "days"), {
            "what": _text("What it is about, in words"),
            "n_tagged": _float("", "Moments tagged"),
            "n_usable": _float("", "Of them usable"),
            "n_blind": _float("", "Of them told before the chart was seen: what the figures rest on"),
            "n_controls": _float("", "Matched moments"),
            "effect": _float("", "Only where something is claimed; in the unit that `figure` says"),
            "low": _float("", "90 % interval, only where something is claimed"),
            "high": _float("", "90 % interval, only where something is claimed"),
            "figure": _text("+0.8 (+0.5 to +1.2) SD, where a figure may be told"),
            "verdict": _text("listed_only, too_few, not_told_apart, higher or lower"),
            "words": _text("The verdict in words"),
            "cannot": _text("What cannot be said and what it would take; empty where something is"),
            "span": _text("First and last local day"),
            "from_ms": _ms("Start of the span"),
            "to_ms": _ms("End of the span"),
        }),
        Measurement("hour_summary", "An hour of one person's one device", "start of the hour, UTC", (*WORN, "hour"), {
            "z_mean": _float("SD", "Mean level over usable time"),
            "hr_mean_bpm": _float("bpm", "Mean heart rate"),
            "still_hr_bpm": _float("bpm", "Mean heart rate over usable still time"),
            "rmssd_mean_ms": _float("ms", "Mean RMSSD over usable still time"),
            "usable_s": _float("s", "Usable time"),
            **{name: _float("s", f"Time {name[:-2]}") for name in GATE_SECONDS},
            "spikes": _float("", "Spikes that began"),
            "chance_spikes": _float("", "Spikes that chance alone would show in the usable time"),
        }),
        Measurement("week_profile", "Usual week: mean level by weekday and local hour, over four weeks", "start of the newest local day", (PERSON, "weekday"), {
            **{name: _float("SD", f"Mean level from {name[1:]}:00, empty below ten usable minutes") for name in HOURS},
            "days": _float("", "Days it rests on"),
        }),
        Measurement("pipeline", "How the replica is doing, by the shipper itself; `store` tells computers apart and names none", "when", (STORE,), {
            "lag_s": _float("s", "Age of the oldest thing that is not here yet"),
            "lag_changes": _float("", "Changes not here yet"),
            "shipped_rows": _float("", "Rows sent so far"),
            "parked_rows": _float("", "Rows the server refuses; each with its reason in `somalink status`"),
            "expired_rows": _float("", "Rows older than what the server keeps"),
            "retries": _float("", "Tries that failed so far"),
            "last_error": _text("Why the last of them failed, empty since it works again"),
            "store_bytes": _float("B", "Size of the store"),
            "disk_free_bytes": _float("B", "Room on its disk"),
        }),
    )
}  # fmt: skip
"""Every measurement, by name. `person_id`, `device_id` and `id` are ids, never names; free text is in none of them."""
