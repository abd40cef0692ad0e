"""Times as people say them: `20 min ago`, `14:30`, `yesterday 18:05`, `this morning`, ISO 8601.

Pure: now and the local offset are given. What is said of a part of the day comes with how sure such words are.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from somalink.domain.errors import UsageError
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, from_datetime

UNITS_NS = {
    "s": SECOND_NS,
    "sec": SECOND_NS,
    "second": SECOND_NS,
    "m": MINUTE_NS,
    "min": MINUTE_NS,
    "minute": MINUTE_NS,
    "h": HOUR_NS,
    "hr": HOUR_NS,
    "hour": HOUR_NS,
    "d": DAY_NS,
    "day": DAY_NS,
}
PART_OF_DAY_S = 10_800
PARTS_H = {"night": (0, 6), "morning": (6, 12), "noon": (11, 13), "midday": (11, 13), "afternoon": (12, 18), "evening": (18, 24)}
"""Local hours that a part of the day spans; its middle is taken."""
DAYS = {"today": 0, "this": 0, "yesterday": -1, "tomorrow": 1}
SAYINGS = {"tonight": "this evening", "last night": "yesterday evening", "an hour": "1 hour", "half an hour": "30 min", "a minute": "1 min", "just now": "now"}
FARTHEST_NS = 20 * 365 * DAY_NS
"""Nobody remembers, or plans, a moment further away; and it still fits into 64 bits."""
SLACK_NS = MINUTE_NS
"""Two clocks, two opinions of now: this far ahead is still now."""
HELP = 'write "20 min ago", "14:30", "yesterday 18:05", "this morning" or 2026-03-01T14:30'
HELP_AHEAD = 'write "in 2 h", "18:00", "tomorrow 18:00", "tomorrow morning" or 2026-03-01T18:00'
SPAN = re.compile(r"(?:about |ca\.? )?(\d+(?:[.,]\d+)?) ?([a-z]+?)s?")
CLOCK = re.compile(r"(?:at )?(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2})? ?(am|pm)?")


def parse_when(text: str, *, now_ns: int, offset_s: int) -> tuple[int, int | None]:
    """(UTC ns, certainty in s or None where the words do not say) of a moment that has been; UsageError for anything else.

    A bare time of day is the last one there was, so `23:50` said at ten past midnight is last night's.
    """
    said = _tidy(text)
    if said in ("now", ""):
        return now_ns, None
    if said.endswith(" ago"):
        return now_ns - _span(said.removesuffix(" ago"), text, HELP), None
    t_ns, sure = _dated(said, text, now_ns=now_ns, offset_s=offset_s, help=HELP, turn=-1)
    if t_ns > now_ns + SLACK_NS:
        raise UsageError(f"{text.strip()!r} has not come yet", next_step=HELP)
    return min(t_ns, now_ns), sure


def parse_ahead(text: str, *, now_ns: int, offset_s: int) -> int:
    """UTC ns of a moment to come. A bare time of day is the next one there will be."""
    said = _tidy(text)
    if said.startswith("in "):
        return now_ns + _span(said.removeprefix("in "), text, HELP_AHEAD)
    t_ns, _ = _dated(said, text, now_ns=now_ns, offset_s=offset_s, help=HELP_AHEAD, turn=1)
    if t_ns < now_ns - SLACK_NS:
        raise UsageError(f"{text.strip()!r} has been already", next_step=HELP_AHEAD)
    return t_ns


def _tidy(text: str) -> str:
    said = " ".join(text.strip().lower().split())
    for saying, plain in sorted(SAYINGS.items(), key=lambda entry: -len(entry[0])):
        said = re.sub(rf"\b{saying}\b", plain, said)
    return said


def _span(said: str, text: str, help: str) -> int:
    match = SPAN.fullmatch(said)
    if not match or match[2] not in UNITS_NS:
        raise UsageError(f"{text.strip()!r} is not a length of time", next_step=help)
    length = float(match[1].replace(",", ".")) * UNITS_NS[match[2]]
    if length > FARTHEST_NS:
        raise UsageError(f"{text.strip()!r} is too far away", next_step=help)
    return round(length)


def _dated(said: str, text: str, *, now_ns: int, offset_s: int, help: str, turn: int) -> tuple[int, int | None]:
    """A day's part, a time of day (of the day before or after when it is not yet, or no longer, to be had: `turn`), or ISO 8601."""
    offset_ns = offset_s * SECOND_NS
    today = (now_ns + offset_ns) // DAY_NS * DAY_NS - offset_ns
    first, _, rest = said.partition(" ")
    day, of_day = (DAYS[first], rest) if first in DAYS else (None, said)
    midnight = today + (day or 0) * DAY_NS
    if of_day in PARTS_H:
        start, stop = (midnight + hour * HOUR_NS for hour in PARTS_H[of_day])
        if turn < 0 and start < now_ns < stop:
            stop = now_ns
        return (start + stop) // 2, PART_OF_DAY_S
    since = _time_of_day(of_day)
    if since is None:
        return _iso(text, now_ns, offset_s, help), None
    t_ns = midnight + since
    passed = (t_ns - now_ns) * turn >= -SLACK_NS
    return (t_ns if day is not None or passed else t_ns + turn * DAY_NS), None


def _time_of_day(said: str) -> int | None:
    match = CLOCK.fullmatch(said)
    if not match or (match[2] is None and match[3] is None):
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return hour * HOUR_NS + minute * MINUTE_NS if hour < 24 and minute < 60 else None


def _iso(text: str, now_ns: int, offset_s: int, help: str) -> int:
    said = text.strip()
    try:
        moment = datetime.fromisoformat(said)
        local = timezone(timedelta(seconds=offset_s)) if offset_s else UTC
        t_ns = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=local))
    except (ValueError, OverflowError):
        raise UsageError(f"{said!r} is not a time", next_step=help) from None
    if len(said) <= 10:
        raise UsageError(f"{said!r} is a day without a time", next_step=help)
    if abs(t_ns - now_ns) > FARTHEST_NS:
        raise UsageError(f"{said!r} is too far away", next_step=help)
    return t_ns
