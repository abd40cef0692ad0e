"""Where a person's clock stood: offsets from UTC by the name of a time zone, days of 23 and 25 hours with them.

Knows the tz database of this machine; knows no clock and no default zone.
"""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from somalink.domain.errors import BadInput
from somalink.domain.time import SECOND_NS, to_datetime
from somalink.domain.types import UtcOffset


def fixed_name(offset_s: int) -> str:
    """Name of a zone that is nothing but its offset: `UTC+02:00`."""
    sign = "-" if offset_s < 0 else "+"
    hours, rest = divmod(abs(offset_s), 3600)
    return f"UTC{sign}{hours:02d}:{rest // 60:02d}" if offset_s else "UTC"


def zone_of(name: str, where: object = "--tz") -> ZoneInfo:
    """The time zone of that name; BadInput when this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"{where}: no time zone is called {name!r}", next_step='use a name of the tz database, as "Europe/Rome" or "UTC"') from None


def utc_offsets(tz: str, start_ns: int, stop_ns: int) -> tuple[UtcOffset, ...]:
    """The offset at the start and every change of it in (start, stop], to the second."""
    if tz.startswith("UTC") and tz != "UTC":
        hours, minutes = tz[4:].split(":")
        offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if tz[3] == "-" else 1)
        return (UtcOffset(start_ns, offset_s, tz),)
    zone = zone_of(tz)

    def at(second: int) -> int:
        offset = to_datetime(second * SECOND_NS).astimezone(zone).utcoffset() or timedelta(0)
        return int(offset.total_seconds())

    first, last = start_ns // SECOND_NS, -(-stop_ns // SECOND_NS)
    found = [UtcOffset(start_ns, at(first), tz)]
    for left in range(first, last, 6 * 3600):
        right = min(left + 6 * 3600, last)
        if at(right) != at(left):
            found.append(UtcOffset(_change(at, left, right) * SECOND_NS, at(right), tz))
    return tuple(found)


def _change(at: Callable[[int], int], left: int, right: int) -> int:
    """First second of (left, right] whose offset is that of `right`."""
    while right - left > 1:
        middle = (left + right) // 2
        left, right = (left, middle) if at(middle) == at(right) else (middle, right)
    return right
