"""An archived recording as a source of items: the same values a strap gives, cut into slices of event time.

Knows items and their order; knows nothing of speed, stores or engines: how fast items are taken is the taker's business.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from ingest.recording import Recording, read_folder
from ingest.rrtext import Detected, read_text
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS, ceil_to
from somalink.domain.types import Chunk, Gap, Heartbeat, Item, Opened

SETTLE_NS = MINUTE_NS
"""How far past the end the last heartbeat promises: flags settle within 5 s, so every window that holds a sample becomes FINAL."""


class ReplaySource:
    """A `domain.ports.Source` over a `Recording`. What was refused and noticed stays readable in `recording`.

    `detected`: what a text file was taken for, to be printed; None for a folder.
    """

    def __init__(self, recording: Recording, *, detected: Detected | None = None) -> None:
        self.recording = recording
        self.detected = detected
        self._gaps = {stream: [gap for gap in recording.gaps if gap.stream is stream] for stream in recording.samples}
        self._derived = [gap for gap in recording.gaps if gap.stream not in recording.samples]
        """Of beats that are found in the ECG."""

    @property
    def unit(self) -> Unit:
        return self.recording.unit

    def items(self, *, after_ns: int | None = None, slice_s: int = 3600) -> Iterator[Item]:
        """UTC offsets, `Opened`, then slice by slice the chunks and gaps of all streams and a `Heartbeat` at the slice's end.

        A slice is (T, T + slice_s] with T a multiple of `slice_s`, so that everything up to and with a heartbeat's time has been told
        when it comes, and `after_ns` = the last heartbeat seen continues without loss or repeat (a gap counts by its start). Streams
        that end before the recording does end in a Gap with reason `end`; the last heartbeat promises a minute past the end, so that
        everything becomes FINAL. Chunks joined end to end are the same for every `slice_s`.
        """
        whole = self.recording
        if after_ns is None or after_ns < whole.start_ns:
            yield from whole.offsets
            yield Opened(whole.unit, whole.start_ns, whole.streams, start_unknown=whole.start_unknown)
        step = slice_s * SECOND_NS
        begin = max(whole.start_ns - 1, after_ns or 0)
        while begin < whole.end_ns:
            stop = ceil_to(begin + 1, step)
            yield from self._slice(begin, stop)
            if stop < whole.end_ns:
                yield Heartbeat(stop)
            begin = stop
        if after_ns is None or after_ns < whole.end_ns + SETTLE_NS:
            yield Heartbeat(whole.end_ns + SETTLE_NS)

    def _slice(self, begin: int, stop: int) -> list[Chunk | Gap]:
        """Items with `begin` < t <= `stop`, in event time; at one time a chunk comes before the gap that begins where it ends."""
        told: list[tuple[int, int, int, Chunk | Gap]] = [(gap.start_ns, 1, -1, gap) for gap in self._derived if begin < gap.start_ns <= stop]
        for order, (stream, samples) in enumerate(self.recording.samples.items()):
            gaps = [gap for gap in self._gaps[stream] if begin < gap.start_ns <= stop]
            first, last = np.searchsorted(samples.t_ns, (begin, stop), side="right").tolist()
            edges = np.searchsorted(samples.t_ns, [gap.stop_ns for gap in gaps], side="left").tolist()
            cuts = [first, *(min(max(edge, first), last) for edge in edges), last]
            for left, right in pairwise(cuts):
                if left < right:
                    fine = None if samples.fine is None else samples.fine[left:right]
                    chunk = Chunk(stream, samples.t_ns[left:right], samples.values[left:right], fine=fine)
                    told.append((int(samples.t_ns[left]), 0, order, chunk))
            told.extend((gap.start_ns, 1, order, gap) for gap in gaps)
        return [item for *_, item in sorted(told, key=lambda entry: entry[:3])]


def open_source(path: Path, *, person: str | None = None, start_ns: int | None = None, tz: str | None = None) -> ReplaySource:
    """The recording at `path`, folder or RR text file, as a source. BadInput says what it should have been."""
    if not path.exists():
        raise BadInput(f"{path} does not exist", next_step="check the path; somalink replays recording folders and RR text files")
    if path.is_dir():
        return ReplaySource(read_folder(path, person=person, start_ns=start_ns, tz=tz))
    recording, detected = read_text(path, person=person, start_ns=start_ns, tz=tz)
    return ReplaySource(recording, detected=detected)
