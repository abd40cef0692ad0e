"""Which rows of a file are beats, and when each beat was: refusals, gaps and chained times (contracts, section 4).

Pure arithmetic on arrays; knows nothing of files, devices or clocks. Sums run over integer ticks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from somalink.domain.catalogue import REFUSALS
from somalink.domain.constants import Beat, FileGap
from somalink.domain.time import SECOND_NS
from somalink.domain.types import BoolArray, FloatArray, Gap, IntArray, Stream

HALF_NS_PER_TICK = 1_953_125
"""A tick of 1/1024 s is 976562.5 ns; in half nanoseconds it is whole."""
MAX_TICKS = 65_535
"""What the two bytes of a heart-rate notification can carry: 64 s."""
MAX_SPAN_S = 400 * 86_400.0
"""A time further from the start than this is no time in one recording (a Unix time, a spilt digit)."""
BEFORE_START_S = 1.0
"""A first beat may round to just before the start; anything earlier goes back behind it."""
KEPT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """Beats of a file: closing times, ticks, and the gaps between their segments."""

    t_ns: IntArray
    ticks: IntArray
    gaps: tuple[Gap, ...]


def to_ticks(rr_ms: FloatArray) -> FloatArray:
    """RR in 1/1024 s, half to even, still as floats: what is no number stays none."""
    with np.errstate(over="ignore"):
        return np.rint(rr_ms * 1.024)


def tick_ns(ticks: IntArray) -> IntArray:
    """Length of `ticks` in ns, rounded down."""
    return ticks * HALF_NS_PER_TICK // 2


def span_ns(ticks: int) -> int:
    """The same of one whole number of ticks."""
    return ticks * HALF_NS_PER_TICK // 2


def to_fine(rr_ms: FloatArray, ticks: IntArray) -> IntArray:
    """(n,) ns of each interval beyond its `ticks`, for files whose intervals are told to the ns. An odd number of ticks ends on half a
    nanosecond: told with it or without, it is 0."""
    return np.rint(rr_ms * 1e6 - ticks * (HALF_NS_PER_TICK / 2) + 0.25).astype(np.int64)


def refuse(t_s: FloatArray, rr_ms: FloatArray, *, slack_s: float = 0.0) -> IntArray:
    """(n,) index into REFUSALS for each row that is no beat, KEPT for the others.

    `slack_s`: how far a coarse clock may seem to step back without contradiction.
    """
    ticks = to_ticks(rr_ms)
    verdict = np.full(len(t_s), KEPT, np.int64)
    verdict[ticks > MAX_TICKS] = REFUSALS.index("too_long")
    verdict[ticks < 1] = REFUSALS.index("not_positive")
    verdict[t_s < -max(BEFORE_START_S, slack_s)] = REFUSALS.index("back_in_time")
    verdict[~np.isfinite(t_s) | ~np.isfinite(rr_ms) | (np.abs(t_s) > MAX_SPAN_S)] = REFUSALS.index("not_a_number")
    kept = np.flatnonzero(verdict == KEPT)
    verdict[kept[contradicted(t_s[kept], slack_s=slack_s)]] = REFUSALS.index("back_in_time")
    return verdict


def contradicted(t_s: FloatArray, *, slack_s: float = 0.0) -> BoolArray:
    """(n,) true for each row whose neighbours agree with one another and not with it, with one row of look-ahead."""
    refused = np.zeros(len(t_s), np.bool_)
    if len(t_s) < 2 or bool(np.all(np.diff(t_s) >= -slack_s)):
        return refused
    refused[_odd_ones_out(t_s.tolist(), slack_s)] = True
    return refused


def _odd_ones_out(times: Sequence[float], slack: float) -> list[int]:
    kept: list[int] = []
    odd: list[int] = []
    for i, now in enumerate(times):
        if not kept or now >= times[kept[-1]] - slack:
            kept.append(i)
            continue
        last = times[kept[-1]] - slack
        before = times[kept[-2]] - slack if len(kept) > 1 else -np.inf
        coming = times[i + 1] if i + 1 < len(times) else np.inf
        if now - slack <= coming < last and now >= before:
            odd.append(kept.pop())
            kept.append(i)
        else:
            odd.append(i)
    return odd


def date_beats(
    t_ns: IntArray,
    ticks: IntArray,
    *,
    fine: IntArray | None = None,
    resolution_s: float = 0.0,
    rule: FileGap | None = None,
    marked: Mapping[int, str] | None = None,
) -> Dated:
    """Date beats by chaining their intervals from an anchor, with a Gap and a new anchor where the file's own times tell of a loss.

    `t_ns`: (n,) closing times as the file has them. `fine`: (n,) ns beyond the ticks, None where there are none. `marked`: rows that the file
    says follow a gap, and why; they are anchored to their own time whatever the times tell. A beat is never dated before the one it follows.
    """
    rule = rule or FileGap()
    if not len(t_ns):
        return Dated(np.zeros(0, np.int64), np.zeros(0, np.int64), ())
    why = {**dict.fromkeys(hole_rows(t_ns, ticks, resolution_s=resolution_s, rule=rule).tolist(), "hole"), **(marked or {})}
    breaks = {row: why[row] for row in sorted(why) if row > 0}
    drift_ns = int(max(rule.drift_s, rule.resolution * resolution_s) * SECOND_NS)
    half_ns = ticks * HALF_NS_PER_TICK if fine is None else 2 * (tick_ns(ticks) + fine)
    first, anchor, reason = _anchors(t_ns, half_ns, breaks, drift_ns)
    at = np.array(first, np.int64)
    twice = np.cumsum(half_ns)
    count = np.diff(np.append(at, len(t_ns)))
    dated = np.repeat(np.array(anchor, np.int64), count) + (twice - np.repeat(twice[at], count)) // 2
    return Dated(dated, ticks, _gaps(dated, half_ns, first[1:], reason[1:]))


def hole_rows(t_ns: IntArray, ticks: IntArray, *, resolution_s: float, rule: FileGap) -> IntArray:
    """Rows that come later after their predecessor than their own interval explains."""
    unexplained = np.diff(t_ns) - tick_ns(ticks[1:])
    least = max(rule.ms / 1000, rule.resolution * resolution_s) * SECOND_NS
    suspects = np.flatnonzero(unexplained > least) + 1
    usual_ns = rule.frac * _median_before(ticks, suspects, rule.med) * HALF_NS_PER_TICK / 2
    return suspects[unexplained[suspects - 1] > usual_ns]


def _median_before(ticks: IntArray, at: IntArray, count: int) -> FloatArray:
    """Median of the last `count` in-range intervals before each row of `at`; 0 where there is none yet."""
    low, high = (ms * 1024 for ms in Beat().rr_ms)
    in_range = (ticks * 1000 >= low) & (ticks * 1000 <= high)
    values = ticks[in_range]
    known = np.cumsum(in_range)[at - 1]
    medians = np.zeros(len(at))
    full = known >= count
    if full.any():
        medians[full] = np.median(values[known[full, None] - count + np.arange(count)], axis=1)
    for i in np.flatnonzero(~full & (known > 0)):
        medians[i] = np.median(values[: known[i]])
    return medians


def _anchors(t_ns: IntArray, half_ns: IntArray, breaks: Mapping[int, str], drift_ns: int) -> tuple[list[int], list[int], list[str]]:
    """Where each segment begins, the time it is chained from, and why. `half_ns`: (n,) each interval in half nanoseconds. `breaks`: rows
    known to begin a segment, rising, and why.

    Inside a segment chain - t = anchor - t0 + (error - twice[first]) // 2 with one `error` a row, so the least and greatest
    error of a stretch tell at once whether any of its rows has drifted; only those that have are searched.
    """
    t0 = int(t_ns[0])
    twice = np.cumsum(half_ns)
    error = twice - 2 * (t_ns - t0)
    starts, stops = [0, *breaks], [*breaks, len(t_ns)]
    least, most = np.minimum.reduceat(error, starts).tolist(), np.maximum.reduceat(error, starts).tolist()
    first: list[int] = []
    anchor: list[int] = []
    reason: list[str] = []
    previous = t0 - 1
    for start, stop, low, high in zip(starts, stops, least, most, strict=True):
        here: int | None = start
        why = breaks.get(start, "")
        while here is not None:
            time = max(int(t_ns[here]), previous + 1)
            first.append(here)
            anchor.append(time)
            reason.append(why)
            base = int(twice[here])
            room = (base + 2 * (t0 - time) - 2 * drift_ns, base + 2 * (t0 - time) + 2 * drift_ns + 1)
            calm = room[0] <= low and high <= room[1]
            after = None if calm else _first_outside(error, here + 1, stop, room)
            last = (after or stop) - 1
            previous = time + (int(twice[last]) - base) // 2
            here, why = after, "drift"
    return first, anchor, reason


def _first_outside(error: IntArray, start: int, stop: int, room: tuple[int, int]) -> int | None:
    """First row of [start, stop) whose error leaves the room; looked for in blocks that double, since it is mostly near."""
    block = 64
    while start < stop:
        part = error[start : min(start + block, stop)]
        found = np.flatnonzero((part < room[0]) | (part > room[1]))
        if len(found):
            return start + int(found[0])
        start, block = start + block, block * 2
    return None


def _gaps(dated: IntArray, half_ns: IntArray, at: Sequence[int], reason: Sequence[str]) -> tuple[Gap, ...]:
    rows = np.array(at, np.int64)
    begin, stop = dated[rows - 1], dated[rows]
    lost = np.maximum(0, stop - begin - half_ns[rows] // 2)
    return tuple(Gap(Stream.RR, *row) for row in zip(begin.tolist(), stop.tolist(), reason, lost.tolist(), strict=True))
