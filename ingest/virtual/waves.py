"""What the other sensors of a device feel: an accelerometer's and an electrocardiogram's samples on strap time.

A recording's own `acc.csv` and `ecg.csv`, read as strap time comes to them, so that a day of waves is never in memory; or, where it has
none, made ones: a wearer who stands still, and an electrocardiogram drawn from the beats. Both are the same again for the same recording.
Knows samples and seconds; knows nothing of bytes, radios or faults. Values are in the units of `domain.types.Chunk`.
"""

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, Protocol, cast

import numpy as np

from ingest import tables
from ingest.recording import LAYOUTS, MOST, Samples, read_meta, to_ns
from ingest.virtual.feed import Heart
from somalink.domain.time import SECOND_NS
from somalink.domain.types import FloatArray, IntArray, Stream

READ_BYTES = 1 << 20
"""Of a file at a time: some minutes of an electrocardiogram."""
MADE_AT_ONCE_NS = 10 * SECOND_NS
SAME_RATE = 0.02
"""A recording whose rate is as near as this to the one asked for is sent sample by sample: sensors are off by a hundredth."""
HOLE_PERIODS = 1.5
UPRIGHT_MG = (-40, -985, 160)
"""Gravity on a chest strap whose wearer stands: mostly along one axis, a little forward. Made up; no strap was measured."""
TREMOR_MG = 4
HISS_UV = 8
WAVE = ((-0.170, 0.020, 120.0), (-0.026, 0.010, -120.0), (0.0, 0.011, 1100.0), (0.028, 0.011, -250.0), (0.260, 0.045, 280.0))
"""P, Q, R, S and T: seconds from the peak of R, width, and height in microvolts. Ordinary figures of textbooks, the same at every beat."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2**64 by the golden ratio: multiplied by it, neighbouring numbers land far from each other."""


class Wave(Protocol):
    """Samples of one stream. `made`: nobody ever measured them."""

    @property
    def made(self) -> bool: ...

    def samples(self, rate_hz: float, from_ns: int, *, loop_ns: int | None = None) -> Iterator[Samples]:
        """Samples from strap time `from_ns` on, some at a time, none empty. `loop_ns`: the recording begins again after so long."""
        ...


@dataclass(frozen=True, slots=True)
class Burst:
    """Samples that are sent together, `values` (n,) or (n, 3), the last of them taken at `at_ns` of strap time."""

    at_ns: int
    values: IntArray


def bursts(wave: Wave, rate_hz: float, from_ns: int, size: int, *, loop_ns: int | None = None) -> Iterator[Burst]:
    """`size` samples after another. A burst ends early where the wave has a hole: it is dated by its last sample alone."""
    kept = Samples(np.zeros(0, np.int64), np.zeros(0, np.int64))
    for more in wave.samples(rate_hz, from_ns, loop_ns=loop_ns):
        *ended, going_on = _runs(_joined(kept, more) if len(kept.t_ns) else more, round(HOLE_PERIODS * SECOND_NS / rate_hz))
        whole = len(going_on.t_ns) // size * size
        for run in (*ended, _part(going_on, 0, whole)):
            yield from _cut(run, size)
        kept = _part(going_on, whole, None)
    yield from _cut(kept, size)


def _joined(first: Samples, then: Samples) -> Samples:
    return Samples(np.concatenate((first.t_ns, then.t_ns)), np.concatenate((first.values, then.values)))


def _part(samples: Samples, start: int, stop: int | None) -> Samples:
    return Samples(samples.t_ns[start:stop], samples.values[start:stop])


def _runs(samples: Samples, hole_ns: int) -> list[Samples]:
    """The parts between which something is missing."""
    ends = [0, *(np.flatnonzero(np.diff(samples.t_ns) > hole_ns) + 1).tolist(), len(samples.t_ns)]
    return [_part(samples, start, stop) for start, stop in pairwise(ends)]


def _cut(run: Samples, size: int) -> Iterator[Burst]:
    for start in range(0, len(run.t_ns), size):
        part = _part(run, start, start + size)
        yield Burst(int(part.t_ns[-1]), part.values)


def waves_of(path: Path, heart: Heart) -> Mapping[Stream, Wave]:
    """The accelerometer and the electrocardiogram of whoever this heart is in: the recording's own where it has them, else made ones."""
    waves = made_waves(heart)
    if path.is_dir():
        shift_ns = read_meta(path / "meta.json").start_ns - heart.start_ns
        for stream in tuple(waves):
            if (file := tables.find(path, stream.value)) is not None:
                waves[stream] = Recorded(file, stream, shift_ns)
    return waves


# ---------------------------------------------------------------- made ones


def made_waves(heart: Heart) -> dict[Stream, Wave]:
    """What is felt where nothing was recorded: somebody stands still, and has this heart."""
    return {Stream.ACC: standing(), Stream.ECG: drawn(heart)}


@dataclass(frozen=True, slots=True)
class Made:
    """A wave that is a function of strap time: `at` gives the values (n,) or (n, 3) of times (n,)."""

    at: Callable[[IntArray], IntArray]
    made: bool = True

    def samples(self, rate_hz: float, from_ns: int, *, loop_ns: int | None = None) -> Iterator[Samples]:
        """Without end, on the grid of multiples of the period."""
        while True:
            until_ns = from_ns + MADE_AT_ONCE_NS
            t_ns = _grid(rate_hz, from_ns, until_ns)
            yield Samples(t_ns, self.at(t_ns if loop_ns is None else t_ns % loop_ns))
            from_ns = until_ns


def standing() -> Made:
    """The accelerometer of somebody who stands still."""
    return Made(_standing)


def drawn(heart: Heart) -> Made:
    """An electrocardiogram with one wave at each beat, the peak of R where the beat closes; between the beats of a hole, only hiss."""
    return Made(lambda t_ns: _drawn(heart.closes_ns, t_ns))


def _standing(t_ns: IntArray) -> IntArray:
    shaken = np.stack([_noise(t_ns, axis, TREMOR_MG) for axis in range(len(UPRIGHT_MG))], axis=1)
    return np.asarray((np.array(UPRIGHT_MG) + shaken) * int(LAYOUTS[Stream.ACC].scale), np.int64)


def _drawn(closes_ns: IntArray, t_ns: IntArray) -> IntArray:
    total: FloatArray = _noise(t_ns, 0, HISS_UV).astype(np.float64)
    after = np.searchsorted(closes_ns, t_ns)
    for beat in (after - 1, after):
        there = (beat >= 0) & (beat < len(closes_ns))
        since_s = np.where(there, (t_ns - closes_ns[beat * there]) / SECOND_NS, np.inf) if len(closes_ns) else np.full(len(t_ns), np.inf)
        for at_s, width_s, height_uv in WAVE:
            total += height_uv * np.exp(-0.5 * ((since_s - at_s) / width_s) ** 2)
    return np.rint(total).astype(np.int64) * int(LAYOUTS[Stream.ECG].scale)


def _noise(t_ns: IntArray, which: int, most: int) -> IntArray:
    """Whole numbers from -most to most that look like chance, and are the same for the same time."""
    mixed = (t_ns.astype(np.uint64) + np.uint64(which)) * GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(29))) * GOLDEN
    return (mixed >> np.uint64(40)).astype(np.int64) % (2 * most + 1) - most


# ---------------------------------------------------------------- recorded ones


@dataclass(frozen=True, slots=True)
class Recorded:
    """A wave in a file of a recording folder. `shift_ns` is added to its times to make strap time of them."""

    path: Path
    stream: Stream
    shift_ns: int
    made: bool = False

    def samples(self, rate_hz: float, from_ns: int, *, loop_ns: int | None = None) -> Iterator[Samples]:
        """Its own samples at its own times, holes and all; taken at the asked rate where its own is another one."""
        round_ns = 0
        if loop_ns is not None:
            round_ns = from_ns // loop_ns * loop_ns
        while True:
            for part in _at_rate(self._told(max(from_ns - round_ns, 0), loop_ns), rate_hz):
                yield Samples(part.t_ns + round_ns, part.values)
            if loop_ns is None:
                return
            round_ns += loop_ns

    def _told(self, from_ns: int, until_ns: int | None) -> Iterator[Samples]:
        """What the file says of this time, a part after another, in order of time; rows that hold no number are left out."""
        layout = LAYOUTS[self.stream]
        last_ns = from_ns - 1
        for table in _parts(self.path, ("t_s", *layout.columns), (from_ns - self.shift_ns) / SECOND_NS - 1):
            values = np.stack([table.columns[name] for name in layout.columns], axis=1)
            good = np.isfinite(table.columns["t_s"]) & (np.abs(values) < MOST / layout.scale).all(axis=1)
            t_ns = to_ns(table.columns["t_s"][good], self.shift_ns)
            newest_ns = np.maximum.accumulate(np.concatenate((np.array([last_ns]), t_ns)))
            kept = (t_ns > newest_ns[:-1]) & (t_ns < (until_ns or np.iinfo(np.int64).max))
            last_ns = int(newest_ns[-1])
            if kept.any():
                fixed = np.rint(values[good][kept] * layout.scale).astype(np.int64)
                yield Samples(t_ns[kept], fixed if len(layout.columns) > 1 else fixed[:, 0])
            if until_ns is not None and last_ns >= until_ns:
                return


def _parts(path: Path, columns: tuple[str, ...], since_s: float) -> Iterator[tables.Table]:
    """A file as tables of whole rows, each read with the header. What ends before `since_s` is passed over unread, so that hours take no time."""
    with _opened(path) as file:
        header, rest = file.readline(), b""
        place = [name.strip(' "').lower() for name in tables.to_text(header, path).split(",")].index("t_s") if header.strip() else 0
        while block := file.read(READ_BYTES):
            rows, _, rest = (rest + block).rpartition(b"\n")
            if rows and not _is_before(rows.rpartition(b"\n")[2], place, since_s):
                yield tables.read_table(path, header + rows, columns)
        if rest.strip():
            yield tables.read_table(path, header + rest, columns)


def _is_before(row: bytes, place: int, since_s: float) -> bool:
    try:
        return float(row.split(b",")[place]) < since_s
    except (ValueError, IndexError):
        return False


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _at_rate(told: Iterator[Samples], rate_hz: float) -> Iterator[Samples]:
    """Samples as they are where they come at about this rate; else, at each tick of it, the last one, while it is fresh."""
    first = next(told, None)
    if first is None:
        return
    own_ns = float(np.median(np.diff(first.t_ns))) if len(first.t_ns) > 1 else SECOND_NS / rate_hz
    parts = chain((first,), told)
    yield from parts if abs(SECOND_NS / own_ns / rate_hz - 1) <= SAME_RATE else _sampled(parts, rate_hz, round(HOLE_PERIODS * own_ns))


def _sampled(parts: Iterator[Samples], rate_hz: float, fresh_ns: int) -> Iterator[Samples]:
    known: Samples | None = None
    for part in parts:
        known = part if known is None else _joined(_part(known, -1, None), part)
        ticks_ns = _grid(rate_hz, int(known.t_ns[0]), int(part.t_ns[-1]))
        row = np.searchsorted(known.t_ns, ticks_ns, side="right") - 1
        fresh = ticks_ns - known.t_ns[row] <= fresh_ns
        if fresh.any():
            yield Samples(ticks_ns[fresh], known.values[row[fresh]])


def _grid(rate_hz: float, from_ns: int, until_ns: int) -> IntArray:
    """The multiples of a period in [from, until)."""
    first, stop = (-int(-at_ns * rate_hz // SECOND_NS) for at_ns in (from_ns, until_ns))
    ticks_ns: IntArray = np.rint(np.arange(first, stop) * (SECOND_NS / rate_hz)).astype(np.int64)
    return ticks_ns
