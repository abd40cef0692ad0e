"""Is this heart's rhythm usable for heart rate variability? One rule, from flags and irregular beats, without any label.

Knows settled classifications; knows nothing of windows on the grid. Variability between beats means something only where the sinus
node sets their time. So five minutes are usable when at most 5 % of their beats are artefacts or irregular: the limit that RMSSD has
in its own minute (`Beat.max_artefact_hrv`), asked of the stretch that the clinical panel reads. A recording is usable when at least
half of its stretches are. Both are needed: flags alone pass a bigeminy, since thresholds grow used to what never ends; and
irregular beats alone pass scattered artefacts. Against cardiologists' annotations the stretches agree almost one for one
(tests/truth/test_engine_rhythm.py prints the table).
"""

from dataclasses import dataclass

import numpy as np

from processing.cleaning import Classified
from processing.exact import int_sum
from somalink.domain.constants import Beat
from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Flag, IntArray

STRETCH_NS = 5 * MINUTE_NS
MINUTES = 5
"""A stretch must hold as many beats a minute as RMSSD asks pairs."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty where usable, else `irregular` (the rhythm), `artefacts` (the recording) or `too_few_beats`.

    `good` of `judged` stretches were usable; shares are over all beats.
    """

    usable: bool
    reason: str
    good: int
    judged: int
    flagged: float
    irregular: float


def verdict(t_ns: IntArray, found: Classified, rules: Beat) -> Verdict:
    """The verdict over beats closing at `t_ns`, (n,) in time order. No beats: not usable, `too_few_beats`."""
    flagged, n = found.flag != Flag.OK, len(t_ns)
    bad = flagged | found.irregular
    edges = np.flatnonzero(np.diff(t_ns // STRETCH_NS, prepend=-1, append=-1))
    good = judged = rough = 0
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        beats = stop - start
        if beats < MINUTES * rules.min_pairs:
            continue
        judged += 1
        good += int_sum(bad[start:stop]) <= rules.max_artefact_hrv * beats
        rough += int_sum(found.irregular[start:stop]) > rules.max_artefact_hrv * beats
    usable = judged > 0 and 2 * good >= judged
    reason = "" if usable else "too_few_beats" if not judged else "irregular" if 2 * rough >= judged - good else "artefacts"
    return Verdict(usable, reason, good, judged, int_sum(flagged) / max(n, 1), int_sum(found.irregular) / max(n, 1))
