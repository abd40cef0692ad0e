"""Beats laid end to end from an anchor, and the evidence that some of them never came (contracts, sections 2 and 4).

Intervals say exactly how far beats are apart and nothing of when they were; arrivals say when and not exactly. So a chain of intervals is
hung where its notifications allow it: each beat closed before its notification was sent, and after the one before that. Beats that must
have closed earlier than that have others, lost ones, before them. Pure integers; knows nothing of bytes, streams but RR, or clocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from ingest.cadence import MISSING_NS, PERIOD_NS, Cadence
from ingest.dating import span_ns, tick_ns
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, Flag, Gap, IntArray, Stream

LATE_NS = 350_000_000
"""A beat that was due this long before the previous notification was sent should have been in it (contracts, section 4)."""
FIRST_NS = 4 * SECOND_NS
"""The first beats of a connection wait this long at least: every notification narrows where the chain can hang."""
STEADY_NS, STEADY = (300_000_000, 2_500_000_000), 3
"""A suspicion is judged when so many notifications in a row came at a strap's own pace: a radio that stalls says nothing, then all at once."""
HOLE_NS = 10 * SECOND_NS
"""A hole may stay unexplained this long (engine.md section 6, `gap.hole_s`)."""
SILENCE_NS, SUSPEND_NS = 5 * SECOND_NS, 60 * SECOND_NS
"""A link that says nothing for longer was silent (`gap.silence_s`); one that says nothing for a minute slept, with the computer."""
AHEAD_NS = 5 * SECOND_NS
"""A chain further ahead of its arrivals than any anchor can be wrong has lost it."""
OVERLAP_NS = 2 * SECOND_NS
"""Beats after a gap that would lie further than this before what was told cannot be dated: nothing goes back in time."""
LEAK = 6000
"""The usual distance may grow by one part in this many: a strap's clock and ours differ by at most 170 ppm."""
LEARN_NS = 10 * MINUTE_NS
"""How long after an anchor the usual distance is learned: a heart near 60 bpm keeps its phase to the notifications for minutes."""
STRAIGHT_NS = 20_000_000
"""A chain this near to its usual distance is left alone, so that beats keep theirs (contracts, section 2: 0.1 s of a straight line)."""
SLEW = 1000
"""Beyond, it is moved by at most one part in this many of the time that has passed."""
SPREAD = 20
"""Lost intervals differ from the usual by about one part in this many: what a count of lost beats says of their time is that sure."""
NARROW_NS, WAITED_NS = 150_000_000, 9 * SECOND_NS
"""A chain is hung when its notifications leave it no more room than this, at the latest so long after its first one, or after the last
beat before a hole: beats are dated the better the longer they wait, and a hole has to be told within 10 s."""
VAGUE_NS = 200_000_000
"""Room within which the middle is no more than 0.1 s off (contracts, section 4)."""
BUNCH_NS = 300_000_000
"""Notifications that arrive this close together were held up on their way, and let go at once."""
PROMPT_NS = 50_000_000
"""Notifications after a loss are at most this much earlier than the promptest three of them in a row."""
USUAL_OF = 8
"""Intervals on either side of a hole that tell how long a lost one was."""


@dataclass(slots=True)
class Waiting:
    """Beats of one notification that are not dated yet; `number` is its own, `before` that of the one before it, which arrived `since_ns`."""

    ticks: list[int]
    arrival_ns: int
    number: int
    since_ns: int
    before: int
    behind_ns: int
    """How late the last notification was that arrived together with this one: one that was held up says no more of what is missing."""


class Dating:
    """What any way of dating beats does while none come: time goes on in one gap, and beats that cannot be waited for are given up."""

    told_ns: int
    anchor_ns: int | None
    gap_from_ns: int
    why: str
    waiting: Sequence[Any]

    def cut(self, reason: str) -> Iterator[Chunk | Gap]:
        """Beats end here, and go on after a Gap."""
        raise NotImplementedError

    def outage(self, until_ns: int) -> Iterator[Gap]:
        """The gap after a cut, grown to `until_ns`."""
        if until_ns > self.told_ns:
            self.told_ns = until_ns
            yield Gap(Stream.RR, self.gap_from_ns, until_ns, self.why, until_ns - self.gap_from_ns)

    def skip(self, until_ns: int, reason: str) -> Iterator[Chunk | Gap]:
        """Everything before `until_ns` is given up."""
        if self.anchor_ns is not None or self.waiting:
            yield from self.cut(reason)
        elif not self.why:
            self.why, self.gap_from_ns = reason, self.told_ns
        yield from self.outage(until_ns)


@dataclass(slots=True)
class BeatChain(Dating):
    """`told_ns`: time of the last beat told, or what was given up; nothing older is ever told. `gap_from_ns`: where a gap that is still
    open begins. `late` is how old a beat may be when it arrives."""

    told_ns: int
    late_ns: int
    anchor_ns: int | None = None
    ticks: int = 0
    floor_ns: int = 0
    """How far the last beat of the promptest notifications lies behind their sending: no chain that hangs right has less."""
    ceiling_ns: int = -AHEAD_NS
    """How far the first beat of the tightest notifications lies behind the sending of the one before: no chain that hangs right has more."""
    home_ns: int = 0
    """What `floor_ns` was when it had been learned; a strap's clock that runs fast or slow takes it away from there."""
    learned_ns: int = 0
    arrival_ns: int = 0
    gap_from_ns: int = 0
    why: str = ""
    suspected_ns: int | None = None
    steady: int = 0
    """Notifications in a row, since the suspicion began, that came at a strap's pace."""
    behind_ns: int = 0
    """How late the promptest of them was: whole periods are what is missing."""
    watched_ns: int = 0
    recent: list[int] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    cadence: Cadence = field(default_factory=Cadence)

    # ---- what comes in

    def add(self, ticks: IntArray, arrival_ns: int) -> Iterator[Chunk | Gap]:
        """One notification with its beats, (n,) ticks; none in a second without a beat."""
        since_ns, before = self.arrival_ns or arrival_ns - PERIOD_NS, self.cadence.count
        self.arrival_ns = arrival_ns
        late_ns = self.cadence.add(arrival_ns)
        self._suspect(ticks, late_ns, self.cadence.sent_ns(since_ns, before))
        self._keep_pace(late_ns, arrival_ns - since_ns)
        if len(ticks):
            self.waiting.append(Waiting(ticks.tolist(), arrival_ns, self.cadence.count, since_ns, min(before, self.cadence.count - 1), late_ns))
        if self.anchor_ns is None:
            if self._can_hang():
                yield from self._hang(self.why)
        elif self.suspected_ns is not None:
            yield from self._judge(late_ns)
        elif self.waiting:
            yield from self._follow()

    def cut(self, reason: str) -> Iterator[Chunk | Gap]:
        """The connection ends: what waits is dated as well as it can be, and the next beats begin after a Gap for `reason`."""
        yield from self.release()
        self.anchor_ns, self.why, self.gap_from_ns = None, reason, self.told_ns
        self.cadence = Cadence()

    def release(self) -> Iterator[Chunk | Gap]:
        """Tells what waits: nothing more will come that could explain it."""
        if not self.waiting:
            self.suspected_ns = None
        elif self.anchor_ns is None:
            yield from self._hang(self.why)
        elif self.suspected_ns is not None:
            yield from self._settle()
        else:
            yield from self._follow()

    # ---- suspicion

    def _suspect(self, ticks: IntArray, late_ns: int, before_ns: int) -> None:
        """A notification that its schedule misses, or a beat that was due before the last notification was sent."""
        if self.anchor_ns is None or self.suspected_ns is not None:
            return
        missing = self.cadence.keeps and late_ns >= MISSING_NS
        if missing or (len(ticks) and before_ns - (self._end() + span_ns(int(ticks[0])) + self.floor_ns) > LATE_NS):
            self.suspected_ns, self.steady, self.behind_ns = self.arrival_ns, 0, late_ns

    def _keep_pace(self, late_ns: int, quiet_ns: int) -> None:
        """One period apart and equally late, notifications tell by how much; those of a bunch are as late as its last."""
        if quiet_ns < BUNCH_NS and self.waiting:
            bunch = self.waiting[-1].behind_ns
            for part in reversed(self.waiting):
                if part.behind_ns != bunch:
                    break
                part.behind_ns = late_ns
        same = STEADY_NS[0] <= quiet_ns <= STEADY_NS[1] and abs(late_ns - self.behind_ns) < MISSING_NS
        self.behind_ns = min(self.behind_ns, late_ns) if same and self.steady else late_ns
        self.steady = self.steady + 1 if same else 0

    def _judge(self, late_ns: int) -> Iterator[Chunk | Gap]:
        """Explained by a late bunch, given up after long enough, or waited on."""
        assert self.suspected_ns is not None
        if self.cadence.keeps and late_ns < MISSING_NS and self._room()[0] < LATE_NS:
            self.suspected_ns = None
            if self.waiting:
                yield from self._follow()
        elif self.waiting and self._long_enough():
            yield from self._settle()

    def _long_enough(self) -> bool:
        assert self.suspected_ns is not None
        least, most = self._room()
        enough = most - least < NARROW_NS or self.arrival_ns - self.told_ns >= WAITED_NS
        return (self.steady >= STEADY and enough) or self.arrival_ns - self.suspected_ns >= HOLE_NS

    def _settle(self) -> Iterator[Chunk | Gap]:
        """Beats were lost, as many as the notifications leave room for, or none were and the suspicion was void."""
        missing = self._missing()
        came_before, came_after = self._parted(missing)
        if came_before:
            self.waiting = came_before
            yield from self._follow()
            self.waiting = came_after
            if self.anchor_ns is None:  # what came before had carried it away
                yield from self._hang_all(self.why)
                return
        self._put_back(missing)
        least, most = self._room()
        by = _likely(least, most, self._usual())
        self.suspected_ns = None
        if by <= 0:
            self.cadence.was_void()
            yield from self._follow()
            return
        yield from self._begin(self._start() + by, self._reason(), floor_ns=self.floor_ns)

    def _missing(self) -> int:
        """How many notifications never came, by how late those are that keep the pace."""
        return round(self.behind_ns / PERIOD_NS) if self.cadence.keeps else 0

    def _parted(self, missing: int) -> tuple[list[Waiting], list[Waiting]]:
        """What came before the missing notifications, held up on its way, and what came after them: all that is as late as they make it."""
        least = min(self.behind_ns, missing * PERIOD_NS) - PROMPT_NS
        first = len(self.waiting)
        while first and least < self.waiting[first - 1].behind_ns < least + PERIOD_NS:
            first -= 1
        return (self.waiting[:first], self.waiting[first:]) if missing and first < len(self.waiting) else ([], self.waiting)

    def _put_back(self, missing: int) -> None:
        """Notifications that never came have their places in the schedule; those that wait were sent that much later."""
        if not missing:
            return
        self.cadence.skip(missing)
        for k, part in enumerate(self.waiting):
            part.number += missing
            part.before += missing if k else 0

    def _sent(self, part: Waiting) -> int:
        return self.cadence.sent_ns(part.arrival_ns, part.number)

    def _before(self, part: Waiting) -> int:
        """When the notification before it was sent."""
        return min(self.cadence.sent_ns(part.since_ns, part.before), self._sent(part))

    def _reason(self) -> str:
        quiet = self.waiting[0].arrival_ns - self.waiting[0].since_ns
        return "suspend" if quiet > SUSPEND_NS else "silence" if quiet > SILENCE_NS else "hole"

    def _room(self) -> tuple[int, int]:
        """By how much the waiting beats may be moved on, at least and at most, for each to close between its notification and the one before."""
        if not self.waiting:
            return 0, 0
        at = self._end()
        least, most = -AHEAD_NS, AHEAD_NS * 1_000_000
        for part in self.waiting:
            least = max(least, self._before(part) - (at + span_ns(part.ticks[0])) - self.floor_ns)
            at += sum(span_ns(x) for x in part.ticks)
            most = min(most, self._sent(part) - at - self.floor_ns)
        return min(least, most), most

    def _usual(self) -> int:
        """A usual interval around here, in ns."""
        near = sorted([*self.recent[-USUAL_OF:], *[x for part in self.waiting for x in part.ticks][:USUAL_OF]])
        middle = near[len(near) // 4 : len(near) - len(near) // 4]
        return max(span_ns(sum(middle)) // len(middle), 1) if near else SECOND_NS

    # ---- hanging the chain

    def _end(self) -> int:
        """Where the chain ends: the last beat told, were none lost since."""
        assert self.anchor_ns is not None
        return self.anchor_ns + span_ns(self.ticks)

    def _start(self) -> int:
        """When the first waiting beat closed, were none lost."""
        return self._end() + span_ns(self.waiting[0].ticks[0])

    def _can_hang(self) -> bool:
        if not self.waiting:
            return False
        least, most = self._first_room()
        passed = self.arrival_ns - self.waiting[0].arrival_ns
        enough = passed >= WAITED_NS or (passed >= FIRST_NS and most - least < NARROW_NS)
        return (self.steady >= STEADY and enough) or passed >= 2 * WAITED_NS

    def _first_room(self) -> tuple[int, int]:
        """When the interval of the first beat began, at least and at most, for each beat to close between its notification and the one before."""
        at, least, most = 0, -AHEAD_NS * 1_000_000, AHEAD_NS * 1_000_000_000
        for k, part in enumerate(self.waiting):
            if k:
                least = max(least, self._before(part) - (at + span_ns(part.ticks[0])))
            at += sum(span_ns(x) for x in part.ticks)
            most = min(most, self._sent(part) - at)
        return max(least, most - PERIOD_NS), most

    def _hang(self, reason: str) -> Iterator[Chunk | Gap]:
        """A first anchor: in the middle of where the notifications leave room for the chain; what came before a hole by itself."""
        came_before, came_after = self._parted(self._missing() if self.steady >= STEADY else 0)
        if came_before:
            self.waiting = came_before
            yield from self._hang_all(reason)
            self.waiting = came_after
            yield from self._settle() if self.anchor_ns is not None else self._hang_all(self.why)
        else:
            yield from self._hang_all(reason)

    def _hang_all(self, reason: str) -> Iterator[Chunk | Gap]:
        """Of a link that went before its notifications could tell, beats are somewhere within a second: they are told, and not to be trusted."""
        least, most = self._first_room()
        vague = most - least > VAGUE_NS and self.arrival_ns - self.waiting[0].arrival_ns < FIRST_NS
        flag = Flag.UNTRUSTED if vague else Flag.OK
        start = min((least + most) // 2, most)
        yield from self._begin(start + span_ns(self.waiting[0].ticks[0]), reason, floor_ns=None, slack_ns=most - start, flag=flag)

    def _begin(self, first_ns: int, reason: str, *, floor_ns: int | None, slack_ns: int = 0, flag: Flag = Flag.OK) -> Iterator[Chunk | Gap]:
        """Anchors the waiting beats so that the first of them closes at `first_ns`, but none before what was told."""
        if self.told_ns + 1 - first_ns > OVERLAP_NS:
            yield from self._crowd(reason)
            return
        ticks = self.waiting[0].ticks[0]
        first_ns = max(first_ns, self.told_ns + 1)
        if reason:
            begun = self.gap_from_ns if self.anchor_ns is None else self.told_ns
            yield Gap(Stream.RR, begun, first_ns, reason, max(0, first_ns - begun - span_ns(ticks)))
        self.anchor_ns, self.ticks, self.ceiling_ns = first_ns, -ticks, -AHEAD_NS
        if floor_ns is None:
            self.floor_ns = self.home_ns = slack_ns
            self.learned_ns = self.arrival_ns + LEARN_NS
        self.suspected_ns = None
        yield from self._follow(flag)

    def _follow(self, flag: Flag = Flag.OK) -> Iterator[Chunk | Gap]:
        """Tells the waiting beats as the chain dates them; a beat is stale by its own arrival, whoever promised what."""
        assert self.anchor_ns is not None
        ticks = np.array([x for part in self.waiting for x in part.ticks], np.int64)
        lag = self._sent(self.waiting[-1]) - (self._end() + int(ticks.sum()) * 1_953_125 // 2)
        if lag < -AHEAD_NS:
            yield from self._lost_anchor()
            return
        self._watch()
        arrival = np.array([part.arrival_ns for part in self.waiting for _ in part.ticks], np.int64)
        t_ns = self.anchor_ns + tick_ns(self.ticks + np.cumsum(ticks))
        flags = np.where(t_ns < arrival - self.late_ns, int(Flag.STALE), int(flag)).astype(np.int64)
        self.ticks += int(ticks.sum())
        self.told_ns = int(t_ns[-1])
        self.recent = [*self.recent, *ticks.tolist()][-USUAL_OF:]
        self.waiting.clear()
        yield Chunk(Stream.RR, t_ns, ticks, flags)

    def _lost_anchor(self) -> Iterator[Chunk | Gap]:
        """Intervals that were not lived carried the chain away: it is hung anew, behind the newest notification."""
        span = sum(span_ns(x) for part in self.waiting for x in part.ticks)
        first_ns = self._sent(self.waiting[-1]) - span + span_ns(self.waiting[0].ticks[0])
        yield from self._begin(first_ns, "drift", floor_ns=None)

    def _crowd(self, reason: str) -> Iterator[Chunk]:
        """No time is left between what was told and now: UTC was set back, or nobody lived these intervals. They are told all the same, one
        behind the other and not to be trusted; what comes next is hung anew."""
        ticks = np.array([x for part in self.waiting for x in part.ticks], np.int64)
        t_ns = self.told_ns + np.arange(1, len(ticks) + 1)
        self.waiting.clear()
        self.anchor_ns, self.suspected_ns, self.why = None, None, reason or "drift"
        self.told_ns = self.gap_from_ns = int(t_ns[-1])
        yield Chunk(Stream.RR, t_ns, ticks, np.full(len(ticks), int(Flag.UNTRUSTED), np.int64))

    def _watch(self) -> None:
        """Learns the usual distance, and holds the chain to it, never so fast that a beat would go back behind the one told."""
        assert self.anchor_ns is not None
        at, passed_ns = self._end(), max(0, self.arrival_ns - (self.watched_ns or self.arrival_ns))
        self.watched_ns = self.arrival_ns
        self.floor_ns += passed_ns // LEAK
        self.ceiling_ns -= passed_ns // LEAK
        for part in self.waiting:
            self.ceiling_ns = max(self.ceiling_ns, self._before(part) - (at + span_ns(part.ticks[0])))
            at += sum(span_ns(x) for x in part.ticks)
            self.floor_ns = min(self.floor_ns, self._sent(part) - at)
        if self.arrival_ns < self.learned_ns:
            self.home_ns = self.floor_ns
            return
        away = min(max(self.home_ns, self.ceiling_ns), self.floor_ns) - self.home_ns
        if abs(away) > STRAIGHT_NS:
            most = passed_ns // SLEW
            by = max(min(away, most), -most, self.told_ns + 1 - self._start())
            self.anchor_ns += by
            self.floor_ns -= by
            self.ceiling_ns -= by

    # ---- memory

    def state(self) -> dict[str, Any]:
        """Everything needed to go on."""
        return asdict(self)

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """A chain as it was."""
        whole = dict(state)
        whole["waiting"] = [Waiting(**part) for part in whole["waiting"]]
        whole["cadence"] = Cadence.of(whole["cadence"])
        return cls(**whole)


def _likely(least_ns: int, most_ns: int, usual_ns: int) -> int:
    """How long the lost beats took together, 0 if none were lost: so many usual intervals as fit best into what is possible."""
    middle_ns = (least_ns + most_ns) // 2
    if middle_ns > SPREAD * usual_ns:
        return middle_ns
    near = range(max(0, least_ns // usual_ns - 1), max(0, most_ns // usual_ns + 1) + 1)

    def misfit(count: int) -> tuple[float, int]:
        """Standard deviations outside of what is possible, then how far from its middle."""
        at_ns = count * usual_ns
        outside_ns = max(least_ns - at_ns, at_ns - most_ns, 0)
        return outside_ns / math.hypot(STRAIGHT_NS, math.sqrt(count) * usual_ns / SPREAD), abs(at_ns - middle_ns)

    count = min(near, key=misfit)
    return min(max(count * usual_ns, least_ns), most_ns) if count else 0
