"""A baseline from the recording itself, for a recording without history (`--baseline recording`). Marked `within_recording`.

Not causal: the whole recording is read first, then streamed with what was learnt frozen. The first reading has no rest rate and no
usual movement, so its gates are asked again once both are known, and the fit is made on those.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import numpy as np

from processing import chance, usual
from processing.arousal import RECORDING
from processing.exact import int_sum
from processing.gates import GateInput, GateMachine, is_still
from processing.usual import Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import UNKNOWN, Baseline, Grid


def joined(parts: Sequence[GateInput]) -> GateInput:
    """What the gate was told over a whole recording."""
    return GateInput(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(GateInput)))


def _still_h(rows: Grid, excluded_spans: Sequence[tuple[int, int]], constants: Constants) -> float:
    """Still hours with a sound heart rate outside the spans."""
    sound = (rows.hr != UNKNOWN) & (rows.hr_q >= constants.usual.min_quality * 10_000)
    return int_sum(sound & is_still(rows.gate, rows.motion_conf) & usual.outside(rows.stop_ns, excluded_spans)) * GRID_NS / HOUR_NS


def baseline_within(
    rows: Grid,
    trace: Sequence[GateInput],
    *,
    placement: str,
    offsets: Offsets,
    hours_known: bool,
    excluded_spans: Sequence[tuple[int, int]],
    excluded: Sequence[str],
    generator: Callable[[str], np.random.Generator],
    constants: Constants,
) -> Baseline | None:
    """The usual of one recording from its first reading; None when there are not two minutes of usable still time.

    `generator(name)`: a generator seeded by the person's secret and a name, for the surrogates.
    """

    def fitted(given: Grid) -> Baseline | None:
        return usual.fit(
            given, number=1, mode=RECORDING, from_ns=int(given.stop_ns[0]), placement=placement, offsets=offsets,
            excluded_spans=excluded_spans, excluded=excluded, constants=constants, hours_known=hours_known,
        )  # fmt: skip

    if not len(rows):
        return None
    if excluded_spans and _still_h(rows, excluded_spans, constants) < constants.usual.within_still_h:
        excluded_spans, excluded = (), ()
    first = fitted(rows)
    if first is None:
        return None
    machine = GateMachine(constants.motion, constants.cardiac, has_movement=placement != "none")
    gated = replace(rows, gate=machine.run(joined(trace), first))
    second = fitted(gated) or first
    second = replace(second, p60_a600=first.p60_a600, rest_hr=first.rest_hr)
    days = chance.quiet_days(gated, second, offsets, constants, excluded_spans)
    each = -(-constants.chance.draws // max(len(days), 1))
    draws = [chance.draw(day, each, generator(f"within/{day.day}"), constants) for day in days]
    return chance.calibrate(second, draws, has_movement=placement != "none", before=None, constants=constants)
