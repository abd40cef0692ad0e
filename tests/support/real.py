"""Real recordings as the engine's parts take them, for the tests that print tables."""

from collections.abc import Sequence

import numpy as np

from ingest.recording import Recording
from processing.cleaning import Raw
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, Stream


def raw_beats(recording: Recording) -> Raw:
    """All beats of a recording with the segments its gaps make."""
    beats = recording.samples[Stream.RR]
    gaps = [gap for gap in recording.gaps if gap.stream is Stream.RR]
    starts = np.unique([0, *(int(np.searchsorted(beats.t_ns, gap.stop_ns)) for gap in gaps)])
    starts = starts[starts < len(beats.t_ns)]
    which = np.searchsorted(starts, np.arange(len(beats.t_ns)), side="right") - 1
    hole = np.zeros(len(starts), np.int64)
    hole[1:] = beats.t_ns[starts[1:]] - beats.values[starts[1:]] * SECOND_NS // 1024 - beats.t_ns[starts[1:] - 1]
    run = np.cumsum(hole >= Constants().beat.history_gap_s * SECOND_NS)
    return Raw(beats.t_ns, beats.values, beats.t_ns[starts][which], np.full(len(beats.t_ns), Flag.OK), run[which])


def table(header: str, rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as they need to be; numbers to three places."""
    said = [header.split(), *([f"{x:.3f}" if isinstance(x, float) else str(x) for x in row] for row in rows)]
    widths = [max(len(row[k]) for row in said) for k in range(len(said[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in said)
