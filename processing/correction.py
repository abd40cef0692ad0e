"""Beats -> put right, after the fact: Lipponen & Tarvainen 2019 with thresholds from both sides, over a whole recording at once.

Knows intervals in ticks and where they are broken; knows nothing of windows, streams or FINAL records, whose flags are those of
`processing.cleaning`. Each pass calls every interval normal, ectopic, missed, extra, or too long or too short; beats are then taken out,
put in or moved, and passes go on while fewer are called anything but normal. Thresholds have the floor that `cleaning` has, and a break in
the recording is never bridged. From NeuroKit2's form of the method it differs in which beats it touches: beats keep their numbers when
others are taken out or put in, and of an ectopic pair the beat between them is moved (docs/decisions/0036).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from processing.cleaning import MISSING, TICKS_PER_S, least, quantiles4
from processing.exact import int_sum, prefix
from somalink.domain.constants import Beat
from somalink.domain.types import BoolArray, FloatArray, IntArray

INSERTED = -1
"""Whence a beat comes that was missed: from no interval."""
_WALK = 12
"""Intervals one after the other that stand out, each handing the next on to be looked at; more than a dozen are no beats."""
_BLOCK = 16384
"""Intervals labelled at a time: some twenty columns of them, which a core's own cache holds, so that a month costs a beat what a day does."""


class Artefact(IntEnum):
    """The paper's classes of an interval. `EXTRA`: its closing beat is none; `MISSED`: it holds two intervals."""

    NORMAL = 0
    ECTOPIC = 1
    MISSED = 2
    EXTRA = 3
    LONG_OR_SHORT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """`kind`: (n,) `Artefact` of each interval as it came, by the first pass.

    The rest is (m,), one an interval as put right: its ticks, its segment, `source` (the place of the beat that closes it among
    those that came, or INSERTED), `measured` (as it was measured, both its beats untouched) and `doubtful`: still not normal, or beyond
    the bounds of an interval; what is lost for longer than a beat or two cannot be put right and stays so.
    """

    kind: IntArray
    rr_ticks: IntArray
    segment: IntArray
    source: IntArray
    measured: BoolArray
    doubtful: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """Beats on one line without its breaks, (m + 1,): places in ticks, and for each whence it comes. A segment's last beat is also where
    the next one begins, so it can be neither moved nor taken out. `segment`: (m,), of the interval that each beat but the first closes."""

    at_ticks: IntArray
    source: IntArray
    segment: IntArray

    @property
    def rr_ticks(self) -> IntArray:
        return np.diff(self.at_ticks)


def correct(rr_ticks: IntArray, rules: Beat, *, segment: IntArray | None = None) -> Corrected:
    """Intervals of one stretch, (n,) in time order, put right; thresholds remember over its breaks, and nothing else does.

    `segment`: (n,) a number that changes where the recording was broken (None: nowhere). Call once for each stretch between breaks of
    `history_gap_s` and more. Empty input gives empty output; fewer intervals than a threshold needs to mean much are judged all the same.
    The cost grows with the beats alone. Lipponen & Tarvainen 2019, J Med Eng Technol 43:173.
    """
    n = len(rr_ticks)
    chain = _Chain(prefix(rr_ticks), np.arange(-1, n), np.zeros(n, np.int64) if segment is None else segment)
    first = kind = label(chain.rr_ticks, chain.segment, rules)
    while artefacts := int_sum(kind != Artefact.NORMAL):
        better, was = _repaired(chain, kind)
        chain, kind = better, _label_again(better, was, chain.rr_ticks, kind, rules)
        if int_sum(kind != Artefact.NORMAL) >= artefacts:
            break
    rr, source = chain.rr_ticks, chain.source
    came = np.maximum(source[1:], 0)
    measured = (source[1:] >= 0) & (source[:-1] == source[1:] - 1) & (rr == (rr_ticks[came] if n else rr))
    low, high = (bound * TICKS_PER_S / 1000 for bound in rules.rr_ms)
    return Corrected(first, rr, chain.segment, source[1:], measured, (kind != Artefact.NORMAL) | (rr < low) | (rr > high))


def label(rr_ticks: IntArray, segment: IntArray, rules: Beat) -> IntArray:
    """(n,) `Artefact` of each interval: one pass of the paper's Figure 1, at the ends of a segment with the neighbours there are."""
    n, reach = len(rr_ticks), _reach(rules)
    kind = np.full(n, Artefact.NORMAL, np.int64)
    for start in range(0, n, _BLOCK):
        begin, stop = max(start - reach, 0), min(start + _BLOCK, n)
        seen = slice(begin, stop + reach)
        kind[start:stop] = _label(rr_ticks[seen], segment[seen], rules)[start - begin : stop - begin]
    return kind


def _reach(rules: Beat) -> int:
    """Intervals to either side on which a label rests."""
    return rules.win // 2 + rules.med // 2 + _WALK


def _label(rr_ticks: IntArray, segment: IntArray, rules: Beat) -> IntArray:
    """Labels of at least one interval, at once."""
    n = len(rr_ticks)
    kind = np.full(n, Artefact.NORMAL, np.int64)
    chained = np.append(False, segment[1:] == segment[:-1])
    step = np.append(0, np.diff(rr_ticks))
    (middle,), _ = quantiles4(rr_ticks, (rules.med // 2, rules.med // 2), (2,))
    median2 = middle // 2
    off2 = 2 * rr_ticks - median2
    off2 = np.where(off2 < 0, 2 * off2, off2)
    floor = least(median2, rules)
    off_th = np.maximum(_spread(np.abs(off2), rules) / 2, floor)
    d = _share(step, np.maximum(_spread(np.where(chained, np.abs(step), MISSING), rules), floor))
    d[~chained] = np.nan
    m = _share(off2 / 2, off_th)
    alike = _long_or_short(d, m, rr_ticks, median2 / 2, off_th, chained)
    ectopic = _ectopic(d, rules)
    passes_on = np.append(np.abs(d[1:-1]) < np.abs(d[2:]), [False, False])[:n]
    done = -1
    for i in np.flatnonzero((np.abs(d) > 1) | (~chained & (np.abs(m) > 3))).tolist():
        if i <= done:
            continue
        kind[i], done = (Artefact.ECTOPIC, i) if ectopic[i] else (alike[i], i)
        if passes_on[i] and not ectopic[i]:
            kind[i + 1], done = alike[i + 1], i + 1
    return kind


def _label_again(chain: _Chain, was: IntArray, old_rr: IntArray, old_kind: IntArray, rules: Beat) -> IntArray:
    """Labels after a repair, made anew only around what it changed: a label rests on some fifty intervals to either side, and the rest keep theirs.

    `was`: (m + 1,) each beat's place before, or INSERTED. What has to be looked at is looked at end to end; where two stretches of it meet,
    labels are without meaning, and are of places that keep theirs.
    """
    rr, before = chain.rr_ticks, np.maximum(was[1:] - 1, 0)
    same = (was[1:] > 0) & (was[:-1] == was[1:] - 1) & (rr == old_rr[before])
    reach = _reach(rules)
    anew, around = _near(~same, reach), np.flatnonzero(_near(~same, 2 * reach))
    kind = old_kind[before]
    kind[anew] = label(rr[around], chain.segment[around], rules)[anew[around]]
    return kind


def _near(places: BoolArray, reach: int) -> BoolArray:
    """Whether one of `places` is at most `reach` away."""
    count, at = prefix(places), np.arange(len(places))
    return count[np.minimum(at + reach + 1, len(places))] > count[np.maximum(at - reach, 0)]


def _spread(values: IntArray, rules: Beat) -> FloatArray:
    """5.2 x quartile deviation of the 91 values around each place."""
    half = rules.win // 2
    (low, high), _ = quantiles4(values, (half, half), (1, 3))
    spread: FloatArray = rules.alpha * ((high - low) / 8)
    return spread


def _share(values: IntArray | FloatArray, threshold: FloatArray) -> FloatArray:
    """How many thresholds; NaN where the threshold is 0, which a floor of 0 alone allows."""
    share: FloatArray = np.divide(values, threshold, out=np.full(len(values), np.nan), where=threshold > 0)
    return share


def _after(values: FloatArray, steps: int) -> FloatArray:
    """values[i + steps], NaN beyond the end."""
    return np.append(values[steps:], np.full(min(steps, len(values)), np.nan))


def _ectopic(d: FloatArray, rules: Beat) -> BoolArray:
    """The paper's first subspace: a step and, on either side of it, one back."""
    before, after = np.append(np.nan, d[:-1]), _after(d, 1)
    up = (d > 1) & (np.fmax(before, after) < -rules.c1 * d - rules.c2)
    down = (d < -1) & (np.fmin(before, after) > -rules.c1 * d + rules.c2)
    return np.asarray(up | down)


def _long_or_short(d: FloatArray, m: FloatArray, rr: IntArray, median: FloatArray, off_th: FloatArray, chained: BoolArray) -> IntArray:
    """What each interval is once it is looked at: the second subspace, and the tests for a beat missed and a beat too many."""
    d1 = _after(d, 1)
    d2 = np.where(np.isnan(d1), np.nan, _after(d, 2))
    long, short = (d > 1) & (np.fmin(d1, d2) < -1), (d < -1) & (np.fmax(d1, d2) > 1)
    half_fits = np.abs(rr / 2 - median) < off_th
    pair_fits = np.append(chained[1:], False) & (np.abs(rr + np.append(rr[1:], 0) - median) < off_th)
    kinds = [Artefact.EXTRA, Artefact.MISSED, Artefact.LONG_OR_SHORT]
    return np.select([short & pair_fits, long & half_fits, long | short | (np.abs(m) > 3)], kinds, Artefact.NORMAL)


def _at_fault(kind: IntArray, segment: IntArray) -> IntArray:
    """(n,) what is to be done with the beat that closes each interval.

    An interval called ectopic steps up or down between two steps back, so the beat out of place is the one that it begins with. The rest
    of an interval that an extra beat cut in two is short for that reason alone. A beat between two segments stays where it is.
    """
    ectopic = kind == Artefact.ECTOPIC
    begins = np.append(ectopic[1:], False)
    of = np.where(ectopic, Artefact.NORMAL, kind)
    of[begins & ((of == Artefact.NORMAL) | (of == Artefact.LONG_OR_SHORT))] = Artefact.ECTOPIC
    of[np.append(False, (kind == Artefact.EXTRA)[:-1]) & (of == Artefact.LONG_OR_SHORT)] = Artefact.NORMAL
    last = np.append(segment[1:] != segment[:-1], True)
    return np.where(last & (of != Artefact.MISSED), Artefact.NORMAL, of)


def _repaired(chain: _Chain, kind: IntArray) -> tuple[_Chain, IntArray]:
    """Extra beats out, missed ones in, then ectopic and then misplaced ones halfway between their neighbours; places are rounded down.

    Each step takes its neighbours from the step before, and every beat carries its kind with it, so no number can slip. Beside the chain, (m + 1,):
    each beat's place in the one before, or INSERTED.
    """
    of = np.append(Artefact.NORMAL, _at_fault(kind, chain.segment))
    was = np.flatnonzero(of != Artefact.EXTRA)
    at, of, segment = chain.at_ticks[was], of[was], np.append(chain.segment[:1], chain.segment)[was]

    missed = np.flatnonzero(of == Artefact.MISSED)
    at = np.insert(at, missed, at[missed - 1] + (at[missed] - at[missed - 1]) // 2)
    was, of, segment = np.insert(was, missed, INSERTED), np.insert(of, missed, Artefact.NORMAL), np.insert(segment, missed, segment[missed])

    for moved in (Artefact.ECTOPIC, Artefact.LONG_OR_SHORT):
        which = np.flatnonzero(of == moved)
        at[which] = at[which - 1] + (at[which + 1] - at[which - 1]) // 2
    return _Chain(at, np.where(was == INSERTED, INSERTED, chain.source[was]), segment[1:]), was
