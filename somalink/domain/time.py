"""Time as the whole program has it: UTC nanoseconds in int64; windows are [start, stop); the grid is every 5 s of UTC.

Knows arithmetic and ISO 8601; reads no clock.
"""

from datetime import UTC, datetime

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
GRID_NS = 5 * SECOND_NS
"""Every window ends where `stop_ns % GRID_NS == 0` (contracts, section 2)."""
TICK_NS_X2 = 1_953_125
"""An interval is in ticks of 1/1024 s, which is 976,562.5 ns: twice that is whole."""
DAY_BREAK_NS = 4 * HOUR_NS
"""A local day runs from 04:00 to 04:00, so that a late evening belongs to the day it was lived in."""


def ceil_to(t_ns: int, step_ns: int) -> int:
    """The least multiple of `step_ns` that is >= `t_ns`."""
    return -(-t_ns // step_ns) * step_ns


def local_day(t_ns: int, offset_s: int) -> int:
    """Number of the local day that holds `t_ns`: floor((t + offset - 4 h) / 24 h) (contracts, section 2)."""
    return (t_ns + offset_s * SECOND_NS - DAY_BREAK_NS) // DAY_NS


def local_hour(t_ns: int, offset_s: int) -> float:
    """Hours since local midnight, in [0, 24)."""
    return ((t_ns + offset_s * SECOND_NS) % DAY_NS) / HOUR_NS


def to_datetime(t_ns: int) -> datetime:
    """Aware UTC time, to the microsecond."""
    seconds, rest = divmod(t_ns, SECOND_NS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def from_datetime(moment: datetime) -> int:
    """UTC nanoseconds of an aware time; a naive one is an error, since nobody can say what it meant."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it with an offset, as in 2026-03-01T09:00:00+01:00")
    whole = moment.astimezone(UTC)
    return int(whole.replace(microsecond=0).timestamp()) * SECOND_NS + whole.microsecond * 1000


def iso(t_ns: int) -> str:
    """ISO 8601 in UTC, to the second: `2026-03-01T08:00:00Z`."""
    return to_datetime(t_ns).strftime("%Y-%m-%dT%H:%M:%SZ")
