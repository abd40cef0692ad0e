"""Real recordings as the engine's parts take them, for the tests that print tables."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingest.recording import Recording
from ingest.replay import ReplaySource, open_source
from processing.cleaning import Raw
from processing.engine import Engine
from processing.within import baseline_within
from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, Episode, Flag, Grid, Record, Stream

PUBLISHED = Constants()


def raw_beats(recording: Recording) -> Raw:
    """All beats of a recording with the segments its gaps make."""
    beats = recording.samples[Stream.RR]
    gaps = [gap for gap in recording.gaps if gap.stream is Stream.RR]
    starts = np.unique([0, *(int(np.searchsorted(beats.t_ns, gap.stop_ns)) for gap in gaps)])
    starts = starts[starts < len(beats.t_ns)]
    which = np.searchsorted(starts, np.arange(len(beats.t_ns)), side="right") - 1
    hole = np.zeros(len(starts), np.int64)
    hole[1:] = beats.t_ns[starts[1:]] - beats.values[starts[1:]] * SECOND_NS // 1024 - beats.t_ns[starts[1:] - 1]
    run = np.cumsum(hole >= PUBLISHED.beat.history_gap_s * SECOND_NS)
    return Raw(beats.t_ns, beats.values, beats.t_ns[starts][which], np.full(len(beats.t_ns), Flag.OK), run[which])


def table(header: str | Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of Markdown whose columns line up in a terminal too; numbers to three places. In headings given as one text, `_` is a space."""
    names = [name.replace("_", " ") for name in header.split()] if isinstance(header, str) else header
    said = [names, *([f"{x:.3f}" if isinstance(x, float) else str(x) for x in row] for row in rows)]
    widths = [max(3, *(len(row[k]) for row in said)) for k in range(len(said[0]))]
    said.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))} |" for row in said)


@dataclass(frozen=True)
class Lived:
    """A recording read against its own usual, as `--baseline recording` does it."""

    source: ReplaySource
    baseline: Baseline
    grid: Grid
    episodes: tuple[Episode, ...]

    def tasks(self, folder: Path) -> list[tuple[str, int, int]]:
        """Labelled stretches of the folder: name, start, stop."""
        start = self.source.recording.start_ns
        with (folder / "events.csv").open() as file:
            return [(row["note"], *(start + round(float(row[edge]) * SECOND_NS) for edge in ("t_s", "t_end_s"))) for row in csv.DictReader(file)]  # type: ignore[misc]


def lived(folder: Path) -> Lived:
    return lived_of(open_source(folder))


def without(source: ReplaySource, *streams: Stream) -> ReplaySource:
    """The same recording from a device that has not these streams."""
    own = source.recording
    kept = {stream: samples for stream, samples in own.samples.items() if stream not in streams}
    return ReplaySource(replace(own, samples=kept, gaps=tuple(gap for gap in own.gaps if gap.stream not in streams)))


def lived_of(source: ReplaySource, constants: Constants = PUBLISHED) -> Lived:
    """Two readings: the first learns the recording's usual, the second streams with it frozen. One seed for all."""
    first = Engine(source.unit, constants, "analysis", asks=False, traced=True)
    rows = Grid.concat([r for r in _said(first, source) if isinstance(r, Grid)])
    assert first.trace is not None
    usual = baseline_within(
        rows, first.trace, placement=first.placement, offsets=first.offsets, hours_known=True, excluded_spans=[], excluded=[],
        generator=lambda name: np.random.default_rng(3), constants=constants,
    )  # fmt: skip
    assert usual is not None
    return against(source, usual, constants)


def against(source: ReplaySource, usual: Baseline, constants: Constants = PUBLISHED) -> Lived:
    """A recording streamed with a usual that stands."""
    records = _said(Engine(source.unit, constants, "analysis", baseline=usual, asks=False), source)
    grid = Grid.concat([r for r in records if isinstance(r, Grid)])
    return Lived(source, usual, grid, tuple(r for r in records if isinstance(r, Episode) and r.state == "final"))


def _said(engine: Engine, source: ReplaySource) -> list[Record]:
    return [record for item in source.items() for record in engine.push(item)] + engine.flush()


def minutes_of(grid: Grid, start_ns: int, stop_ns: int) -> list[tuple[int, np.ndarray]]:
    """Whole minutes from `start_ns` on, wholly inside: the stop of each and its grid points."""
    stops = range(start_ns + MINUTE_NS, stop_ns + 1, MINUTE_NS)
    return [(stop, np.flatnonzero((grid.stop_ns > stop - MINUTE_NS) & (grid.stop_ns <= stop))) for stop in stops]
