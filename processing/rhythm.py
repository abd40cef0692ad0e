"""May beat-to-beat variability be read from this heart? One rule over the trailing five minutes, from settled beats, without any label.

Knows flags, irregular beats and intervals; knows nothing of indices, people or illnesses. Variability means something only where the
sinus node sets the time of the beats, and heart rate means less where it does not. So every grid point has a state:

* `irregular`: more than a twentieth of the beats are out of step (the limit RMSSD has for artefacts), and they are at least three
  times as many as those the recording itself spoilt: a loose strap splits and swallows beats, and is no rhythm;
* `no_variation`: the intervals of five minutes lie within 3 ms of each other, as a pacemaker at a fixed rate makes them. No sinus node
  does: the steadiest five minutes of 143 h of open people had 11.1 ms. One that follows the person's own atria beats with their
  variability, and cannot be seen in beats alone;
* `artefacts`: more than a twentieth is doubtful, and it does not look like the rhythm;
* `too_few_beats`: fewer than thirty a minute, as RMSSD asks pairs;
* and nothing, where variability may be read.

Which irregular rhythm it is this does not say: two people with atrial fibrillation are too few to tell it from frequent extra beats by
(docs/truth.md). All sums run over integers in bins of the grid, so that a state is the same for any chunking and any restart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.cleaning import TICKS_PER_S
from processing.exact import int_sum, prefix, running
from processing.indices.hrv import Variability
from processing.windows import Settled
from somalink.domain.catalogue import HRV_REASONS, RHYTHMS, Z_REASONS
from somalink.domain.constants import Rhythm
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, Flag, Grid, IntArray

SINUS, IRREGULAR, NO_VARIATION, ARTEFACTS, TOO_FEW = (RHYTHMS.code(word) for word in ("", "irregular", "no_variation", "artefacts", "too_few_beats"))
LIMITED = (IRREGULAR, NO_VARIATION)
"""States in which variability is not shown and arousal rests on heart rate alone: rhythm-limited."""
SPOILT = (Flag.RANGE, Flag.MISSED, Flag.EXTRA, Flag.UNTRUSTED)
"""What a recording does to beats. An ectopic beat is the heart's own."""
_BY_RHYTHM = tuple(HRV_REASONS.code(RHYTHMS[state]) for state in LIMITED)
_FIELDS = 7


class Trailing:
    """The state at each grid point. Carries the sums of the last five minutes, (bins, 7) integers; `run` takes the next stops in order."""

    def __init__(self, rules: Rhythm) -> None:
        self._rules = rules
        self._length = rules.win_s * SECOND_NS // GRID_NS
        self._bins = np.zeros((0, _FIELDS), np.int64)

    def run(self, stops: IntArray, beats: Settled) -> IntArray:
        """(k,) codes of RHYTHMS at `stops`, neighbours on the grid that go on where the last call ended. `beats` must hold all of the bins
        that end there. No beats: `too_few_beats`."""
        if not len(stops):
            return np.zeros(0, np.int64)
        bins = np.concatenate([self._bins, _binned(stops, beats)])
        sums = np.stack([running(column, self._length)[len(self._bins) :] for column in bins.T])
        self._bins = bins[-self._length :]
        return _state(sums, self._rules)

    def state(self) -> list[IntArray]:
        """What a restart needs."""
        return list(self._bins.T)

    def restore(self, kept: Sequence[IntArray]) -> None:
        """Takes over what `state` gave."""
        self._bins = np.stack(list(kept), axis=1).astype(np.int64)


def _binned(stops: IntArray, beats: Settled) -> IntArray:
    """(k, 7): beats, those out of step, spoilt, doubtful and `ok` ones by grid bin, and the two sums a spread is made of over `ok` intervals."""
    edges = np.searchsorted(beats.t_ns, np.append(stops[0] - GRID_NS, stops), side="left")
    spoilt, ok, irregular = np.isin(beats.flag, SPOILT), beats.flag == Flag.OK, beats.irregular > 0
    ticks = np.where(ok, beats.rr_ticks, 0)
    counted = (np.ones(len(beats), np.int64), irregular & ~spoilt, spoilt, irregular | ~ok, ok, ticks, ticks * ticks)
    return np.stack([np.diff(prefix(values)[edges]) for values in counted], axis=1)


def _state(sums: IntArray, rules: Rhythm) -> IntArray:
    """(7, k) sums of five minutes -> (k,) states."""
    beats, out_of_step, spoilt, doubtful, ok, ticks, squares = sums
    limit = rules.max_bad * beats
    irregular = (out_of_step > limit) & (out_of_step >= rules.times_spoilt * spoilt)
    # n^2 times the variance, which in whole ticks is exact.
    steady = (ok >= rules.min_beats) & (ok * squares - ticks * ticks <= (rules.steady_ms * TICKS_PER_S / 1000 * ok) ** 2)
    return np.select([beats < rules.min_beats, irregular, steady, doubtful > limit], [TOO_FEW, IRREGULAR, NO_VARIATION, ARTEFACTS], SINUS).astype(np.int64)


# ---------------------------------------------------------------- what follows from it


def without_variability(found: Variability, rhythm: IntArray) -> Variability:
    """Variability with its values withheld where the rhythm does not carry them; (k,) in, (k,) out. A minute without a beat keeps its reason.
    A minute alone is no rhythm: where five do not say so, its irregular beats are doubtful ones."""
    reason = np.where(found.reason == HRV_REASONS.code("irregular"), HRV_REASONS.code("artefacts"), found.reason)
    for state, code in zip(LIMITED, _BY_RHYTHM, strict=True):
        reason = np.where((rhythm == state) & (found.reason != HRV_REASONS.code("no_data")), code, reason)
    kept = reason == HRV_REASONS.code("")
    return Variability(np.where(kept, found.ln_rmssd, UNKNOWN), reason, np.where(kept, found.q, 0))


def labelled(z_reason: IntArray, rhythm: IntArray) -> IntArray:
    """(k,) reasons of arousal, with `rhythm` where it is known against the usual and rests on heart rate alone."""
    return np.where((z_reason == Z_REASONS.code("")) & np.isin(rhythm, LIMITED), Z_REASONS.code("rhythm"), z_reason)


def limited(grid: Grid) -> BoolArray:
    """(k,) where rows are rhythm-limited, whatever is known of the usual."""
    return np.asarray(np.isin(grid.hrv_reason, _BY_RHYTHM))


# ---------------------------------------------------------------- a whole recording


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a recording is usable for variability; `reason` is one of RHYTHMS, empty where it is. `good` of `judged` stretches were."""

    usable: bool
    reason: str
    good: int
    judged: int


def stretches(beats: Settled, rules: Rhythm) -> IntArray:
    """States of the five-minute stretches that hold a beat, whole ones of the absolute grid; (0,) without beats."""
    if not len(beats):
        return np.zeros(0, np.int64)
    length = rules.win_s * SECOND_NS
    stops = np.arange(beats.t_ns[0] // length * length + GRID_NS, beats.t_ns[-1] // length * length + length + 1, GRID_NS)
    return Trailing(rules).run(stops, beats)[length // GRID_NS - 1 :: length // GRID_NS]


def verdict(states: IntArray) -> Verdict:
    """The verdict over the states of stretches, (n,): usable when at least half of those with beats enough are, else the reason that took most of the
    others, the rhythm before artefacts. Nothing to judge: `too_few_beats`."""
    judged = states[states != TOO_FEW]
    good = int_sum(judged == SINUS)
    if not len(judged):
        return Verdict(False, RHYTHMS[TOO_FEW], 0, 0)
    usable = 2 * good >= len(judged)
    most = SINUS if usable else max((IRREGULAR, NO_VARIATION, ARTEFACTS), key=lambda state: (int_sum(judged == state), -state))
    return Verdict(usable, RHYTHMS[most], good, len(judged))
