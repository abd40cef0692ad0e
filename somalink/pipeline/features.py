"""HRV features of stored beats, window by window, for a whole recording: a day at a time, so that a year needs no more room than a day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from processing.cleaning import Raw, classify
from processing.indices import spectrum
from processing.indices.features import FEATURES, REASONS, UNITS, Features, features, windows
from processing.windows import Settled, settle
from somalink.domain.constants import Beat
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Beats, Flag, IntArray
from somalink.storage.export import Ask, Table
from somalink.storage.local import LocalStore
from somalink.storage.parquet import Chunk

BEFORE_NS = HOUR_NS
"""Beats read before a day's first window, over and above what it holds: thresholds rest on the 91 beats before, and a gap of a minute ends them."""


def features_table(window_s: int, step_s: int, rules: Beat) -> Table:
    """The table `windows`: one row a window [stop - window, stop) on the absolute grid, of every recording that was asked for."""
    columns = "person:s device:s recording:s start_ns:i stop_ns:i n_beats:i flagged:i covered_ns:i " + " ".join(f"{name}:f" for name in FEATURES) + " reason:s"

    def chunks(ask: Ask) -> Iterator[Chunk]:
        for unit in ask.units():
            for found in recording_features(ask.store, unit, window_s, step_s, rules):
                place = (unit.person, unit.device, unit.recording, found.stops - window_s * SECOND_NS, found.stops)
                values = (np.ascontiguousarray(found.values[:, k]) for k in range(len(FEATURES)))
                yield len(found.stops), (*place, found.beats, found.flagged, found.covered_ns, *values, _reasons(found))

    return Table(columns, chunks, units=UNITS)


def recording_features(store: LocalStore, unit: Unit, window_s: int, step_s: int, rules: Beat) -> Iterator[Features]:
    """Of every UTC day of a recording, those of the windows that lie wholly in the recording and end in that day."""
    ends = _ends(store, unit)
    if ends is None:
        return
    stops = windows(*ends, window_s, step_s)
    for day in np.unique(stops // DAY_NS).tolist():
        own = stops[slice(*np.searchsorted(stops, (day * DAY_NS, (day + 1) * DAY_NS)).tolist())]
        reach = (int(own[0]) - window_s * SECOND_NS - spectrum.CONTEXT_NS - BEFORE_NS, int(own[-1]) + spectrum.CONTEXT_NS + SECOND_NS)
        yield features(settled(store.recording_beats(unit, *reach), rules), own, window_s, rules=rules)


def settled(beats: Beats, rules: Beat) -> Settled:
    """Stored beats as the engine settled them: their flags, and what the classifier says beside them. Those that came too late are no part of it."""
    told = beats.take(beats.flag != Flag.STALE)
    edge = np.where(told.flag == Flag.UNTRUSTED, told.flag, int(Flag.OK))
    raw = Raw(told.t_ns, told.rr_ticks, told.segment, edge, _runs(told, rules), told.rr_fine_ns)
    return settle(raw, classify(raw, rules), slice(0, len(raw)))


def _runs(beats: Beats, rules: Beat) -> IntArray:
    """A number that rises with each segment that begins a minute or more after the last beat before it."""
    hole_ns = np.diff(beats.t_ns, prepend=beats.t_ns[:1]) - beats.rr_ticks * SECOND_NS // 1024
    begins = np.diff(beats.segment, prepend=beats.segment[:1]) != 0
    return np.cumsum(begins & (hole_ns >= rules.history_gap_s * SECOND_NS))


def _ends(store: LocalStore, unit: Unit) -> tuple[int, int] | None:
    """When the first beat of a recording began to be measured, and when the last one closed."""
    days = store.days(unit)
    first = next((found for start, stop in days if len(found := store.recording_beats(unit, start, stop))), None)
    last = next((found for start, stop in reversed(days) if len(found := store.recording_beats(unit, start, stop))), None)
    if first is None or last is None:
        return None
    return int(first.t_ns[0]) - int(first.rr_ticks[0]) * SECOND_NS // 1024, int(last.t_ns[-1])


def _reasons(found: Features) -> list[str]:
    """Why values are missing, for each window: the word alone where it holds for all eleven, else each word with the features it is about."""
    rows, which = np.unique(found.reason, axis=0, return_inverse=True)
    said = np.array([_said(row.tolist()) for row in rows] or [""], dtype=object)
    told: list[str] = said[which.reshape(-1)].tolist()
    return told


def _said(codes: list[int]) -> str:
    """
    >>> _said([1] * 11), _said([0] * 11), _said([0] * 8 + [6] * 3)
    ('no_data', '', 'short: HRV_LF HRV_HF HRV_LFHF')
    """
    if len(set(codes)) == 1:
        return REASONS[codes[0]]
    words = dict.fromkeys(REASONS[code] for code in codes if REASONS[code])
    return "; ".join(f"{word}: {' '.join(name for name, code in zip(FEATURES, codes, strict=True) if REASONS[code] == word)}" for word in words)
