"""Local time at the edge: what a person means by `14:30`, and how a moment is said back to them.

Knows the recordings' own offsets and the time zone of the settings; the clock of this machine is read here and nowhere deeper.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from somalink.domain.time import HOUR_NS, to_datetime

if TYPE_CHECKING:
    from somalink.domain.types import UtcOffset
    from somalink.storage.local import LocalStore

AROUND_NS = 12 * HOUR_NS
"""A recording's local time also holds for the hours around it: the evening after the strap came off is still that day."""


def now_ns() -> int:
    """The wall clock, UTC ns."""
    return time.time_ns()


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A person's local time: near a recording as that recording says, elsewhere as the settings say."""

    zone: ZoneInfo
    offsets: tuple[UtcOffset, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, zone: ZoneInfo, store: LocalStore, person: str) -> LocalTime:
        rows = [found.row for found in store.recordings(person)]
        spans = tuple((row.start_ns - AROUND_NS, (row.stop_ns or now_ns()) + AROUND_NS) for row in rows)
        return cls(zone, tuple(store.utc_offsets(person)), spans)

    def offset_s(self, t_ns: int) -> int:
        told = [each.offset_s for each in self.offsets if each.from_ns <= t_ns] or [each.offset_s for each in self.offsets[:1]]
        if told and any(start <= t_ns < stop for start, stop in self.spans):
            return told[-1]
        away = to_datetime(t_ns).astimezone(self.zone).utcoffset()
        return int(away.total_seconds()) if away else 0

    def at(self, t_ns: int) -> datetime:
        """The moment as an aware local time."""
        return to_datetime(t_ns).astimezone(timezone(timedelta(seconds=self.offset_s(t_ns))))

    def clock(self, t_ns: int) -> str:
        """`09:53`"""
        return f"{self.at(t_ns):%H:%M}"

    def said(self, t_ns: int) -> str:
        """`Mon 2 Mar 2026 09:53`"""
        there = self.at(t_ns)
        return f"{there:%a} {there.day} {there:%b %Y %H:%M}"

    def iso(self, t_ns: int) -> str:
        """ISO 8601 with the local offset, to the second."""
        return self.at(t_ns).isoformat(timespec="seconds")

    def offset_said(self, text: str, *, ahead: bool = False) -> int:
        """The offset that `14:30` or `tomorrow 18:00` is meant in: that of the place and season it falls into, not today's."""
        from ingest.when import parse_ahead, parse_when

        now = now_ns()
        here = self.offset_s(now)
        about = parse_ahead(text, now_ns=now, offset_s=here) if ahead else parse_when(text, now_ns=now, offset_s=here)[0]
        return self.offset_s(about)

    def been(self, text: str) -> int:
        """UTC ns of a moment that has been, as people say it."""
        from ingest.when import parse_when

        return parse_when(text, now_ns=now_ns(), offset_s=self.offset_said(text))[0]
