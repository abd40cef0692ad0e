"""HRV features of stored beats, window by window, for a whole recording: a day at a time, so that a year needs no more room than a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from processing.cleaning import Raw, classify
from processing.correction import INSERTED, Corrected, correct
from processing.indices import spectrum
from processing.indices.features import ARTEFACTS, FEATURES, OK, REASONS, UNITS, Features, features, windows
from processing.windows import BeatSums, Settled, settle, ticks_to_ns
from somalink.domain.constants import Beat
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Beats, BoolArray, Flag, IntArray
from somalink.storage.export import Ask, Table
from somalink.storage.local import LocalStore
from somalink.storage.parquet import Chunk

BEFORE_NS = HOUR_NS
"""Beats read before a day's first window, over and above what it holds: thresholds rest on the 91 beats before, and a gap of a minute ends them."""
AFTER_NS = HOUR_NS
"""And behind its last one, where beats are put right: thresholds look both ways then, and what is put right moves them."""


def features_table(window_s: int, step_s: int, rules: Beat, *, corrected: bool = False) -> Table:
    """The table `windows`: one row a window [stop - window, stop) on the absolute grid, of every recording that was asked for.

    `corrected`: of beats put right after the fact, where otherwise what is flagged is left out."""
    columns = "person:s device:s recording:s start_ns:i stop_ns:i n_beats:i flagged:i covered_ns:i " + " ".join(f"{name}:f" for name in FEATURES) + " reason:s"

    def chunks(ask: Ask) -> Iterator[Chunk]:
        for unit in ask.units():
            for found in recording_features(ask.store, unit, window_s, step_s, rules, corrected=corrected):
                place = (unit.person, unit.device, unit.recording, found.stops - window_s * SECOND_NS, found.stops)
                values = (np.ascontiguousarray(found.values[:, k]) for k in range(len(FEATURES)))
                yield len(found.stops), (*place, found.beats, found.flagged, found.covered_ns, *values, _reasons(found))

    return Table(columns, chunks, units=UNITS)


def recording_features(store: LocalStore, unit: Unit, window_s: int, step_s: int, rules: Beat, *, corrected: bool = False) -> Iterator[Features]:
    """Of every UTC day of a recording, those of the windows that lie wholly in the recording and end in that day."""
    ends = _ends(store, unit)
    if ends is None:
        return
    stops = windows(*ends, window_s, step_s)
    for day in np.unique(stops // DAY_NS).tolist():
        own = stops[slice(*np.searchsorted(stops, (day * DAY_NS, (day + 1) * DAY_NS)).tolist())]
        first, last = int(own[0]) - window_s * SECOND_NS - BEFORE_NS - spectrum.CONTEXT_NS, int(own[-1]) + spectrum.CONTEXT_NS + SECOND_NS
        if corrected:
            yield corrected_features(store.recording_beats(unit, first, last + AFTER_NS), own, window_s, rules=rules)
        else:
            yield features(settled(store.recording_beats(unit, first, last), rules), own, window_s, rules=rules)


def corrected_features(beats: Beats, stops: IntArray, window_s: int, *, rules: Beat) -> Features:
    """As `features`, of beats put right. `flagged` counts those that were or could not be; where they are too many for the rule that holds of
    flagged beats, the window has no value either."""
    right = put_right(beats, rules)
    found = features(right.beats, stops, window_s, rules=rules)
    held = BeatSums(replace(right.beats, flag=np.where(right.measured, right.beats.flag, Flag.RANGE))).window(stops, window_s)
    rough = (held.flagged > rules.max_artefact_hrv * held.beats)[:, None]
    reason = np.where(rough & (found.reason == OK), ARTEFACTS, found.reason)
    return replace(found, values=np.where(rough, np.nan, found.values), reason=reason, flagged=held.flagged)


@dataclass(frozen=True, slots=True)
class PutRight:
    """Beats as they are to be counted, and (n,) whether each interval is as it was measured."""

    beats: Settled
    measured: BoolArray


def put_right(beats: Beats, rules: Beat) -> PutRight:
    """Stored beats with missed ones put in, extra ones taken out, and misplaced ones moved, stretch by stretch between gaps of a minute.

    What is still doubtful is flagged. Beats without trust in the sensor stay as they are, and nothing is put right across them.
    """
    told = settled(beats, rules)
    trusted = told.flag != Flag.UNTRUSTED
    begins = (np.diff(told.segment, prepend=told.segment[:1]) != 0) | np.append(False, ~trusted[:-1])[: len(told)]
    numbered = replace(told, segment=np.cumsum(begins))
    runs = _runs(beats.take(beats.flag != Flag.STALE), rules)
    stretches = [numbered.take(trusted & (runs == run)) for run in np.unique(runs).tolist()]
    rights = [_as_corrected(each, correct(each.rr_ticks, rules, segment=each.segment)) for each in stretches]
    rights.append(PutRight(numbered.take(~trusted), np.ones(len(told) - int(np.count_nonzero(trusted)), bool)))
    whole = Settled.concat(right.beats for right in rights)
    order = np.argsort(whole.t_ns, kind="stable")
    return PutRight(whole.take(order), np.concatenate([right.measured for right in rights])[order])


def _as_corrected(was: Settled, put: Corrected) -> PutRight:
    """One stretch put right. A beat that was put in or moved lies so many ticks before the next one that came."""
    at, before = np.cumsum(put.rr_ticks), np.cumsum(was.rr_ticks)
    next_ = np.searchsorted(before, at)
    came, source = put.source != INSERTED, np.maximum(put.source, 0)
    beats = Settled(
        t_ns=was.t_ns[next_] - ticks_to_ns(before[next_] - at),
        rr_ticks=put.rr_ticks,
        flag=np.where(put.doubtful, int(Flag.RANGE), int(Flag.OK)),
        segment=put.segment,
        used_ticks=np.where(put.doubtful, 0, put.rr_ticks),
        irregular=np.where(came, was.irregular[source], 0),
        rr_fine_ns=np.where(put.measured, was.rr_fine_ns[source], 0),
    )
    return PutRight(beats, put.measured)


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
