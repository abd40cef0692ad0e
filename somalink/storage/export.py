"""Writes what is stored as files other programs read: CSV, Parquet, recording folders (contracts, sections 7 and 8).

Knows columns and their order; knows nothing of how rows are kept. The same store gives the same bytes. Free text leaves only
when asked for (`notes`); the person's secret never does. Files are for their owner alone (0600).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from somalink.domain.catalogue import INDICES
from somalink.domain.errors import UsageError
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Episode, EventMetrics, Finding, Flag, Grid, Prompt, word
from somalink.storage import rows
from somalink.storage.derived import FORMS, NO_BASELINE, baseline_labels, confidence, unknown, worded
from somalink.storage.files import make_folder, private_file, quoted, text_of
from somalink.storage.folders import write_recording
from somalink.storage.local import LocalStore
from somalink.storage.parquet import Chunk, Column, require_pyarrow, write_parquet

FORMATS = ("csv", "parquet", "recording")


@dataclass(frozen=True, slots=True)
class Ask:
    """What is exported: whose, and whether free text may leave."""

    store: LocalStore
    people: tuple[str, ...]
    notes: bool

    def units(self) -> list[Unit]:
        """By person and device, in the order their recordings began."""
        began = {found.unit: found.row.start_ns for person in self.people for found in self.store.recordings(person)}
        units = [unit for person in self.people for unit in self.store.units(person)]
        return sorted(units, key=lambda unit: (unit.person, unit.device, began.get(unit, 0), unit.recording))


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its columns as `name:type` (i integer, f float, s text, b 0/1) and where its rows come from."""

    columns: str
    chunks: Callable[[Ask], Iterator[Chunk]]
    more: Callable[[Ask], str] | None = None
    """Columns that depend on what is asked or stored, after the fixed ones."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of columns whose name does not say it."""

    def header(self, ask: Ask) -> dict[str, str]:
        names = self.columns + (f" {self.more(ask)}" if self.more else "")
        return dict(name.rsplit(":", 1) for name in names.split())


def export(store: LocalStore, what: Sequence[str], fmt: str, out: Path, *, notes: bool = False, person: str | None = None) -> list[Path]:
    """Writes the tables named in `what` (all when empty), or recording folders, into the folder `out`; the paths written."""
    if fmt not in FORMATS:
        raise UsageError(f"there is no format {fmt}", next_step=f"choose one of {', '.join(FORMATS)}")
    if strangers := [name for name in what if name not in TABLES]:
        raise UsageError(f"there is nothing called {', '.join(strangers)} to export", next_step=f"choose from {', '.join(TABLES)}")
    if person is not None and person not in store.people():
        raise UsageError(
            f"the store knows nobody called {person}", next_step=f"choose from {', '.join(store.people()) or 'nobody yet: replay a recording first'}"
        )
    ask = Ask(store, tuple(store.people()) if person is None else (person,), notes)
    make_folder(out)
    if fmt == "recording":
        return [path for unit in ask.units() for path in write_recording(ask.store, unit, out, notes=ask.notes)]
    write = _write_csv if fmt == "csv" else _parquet_writer()
    return [write(ask, TABLES[name], out / name) for name in (what or TABLES)]


# ---------------------------------------------------------------- rows from columns: beats and indices


def _beats(ask: Ask) -> Iterator[Chunk]:
    for unit in ask.units():
        for start, stop in ask.store.days(unit):
            beats = ask.store.recording_beats(unit, start, stop)
            flags = worded([word(flag) for flag in Flag], beats.flag)
            yield len(beats), (*_place(unit), beats.t_ns, beats.rr_ticks, beats.rr_ns, flags, beats.segment)


def _indices(ask: Ask) -> Iterator[Chunk]:
    """One row an index and grid point, a day at a time."""
    for unit in ask.units():
        analysis = ask.store.current_analysis(unit.person) or ""
        modes = {found.baseline.number: found.baseline.mode for found in ask.store.tier_baselines(unit.person) if found.tier == unit.tier}
        for start, stop in ask.store.days(unit):
            grid = _own(ask.store, unit, start, stop)
            if not len(grid):
                continue
            sure, usual = confidence(grid), baseline_labels(grid, modes)
            for spec in INDICES:
                form = FORMS[spec.name]
                begin = grid.stop_ns - spec.window_s * SECOND_NS
                certain, rests_on = (sure, usual) if form.against_usual else (unknown(grid), NO_BASELINE)
                said = (form.value(grid), form.text(grid), form.quality(grid), certain, form.reason(grid), rests_on)
                yield len(grid), (*_place(unit), spec.name, begin, grid.stop_ns, *said, analysis)


def _own(store: LocalStore, unit: Unit, start: int, stop: int) -> Grid:
    """The recording's grid points but those that another recording of the device has too and shows: that of the least id."""
    grid = store.recording_grid(unit, start, stop)
    rivals = [other for other in store.units(unit.person) if other.device == unit.device and other.recording < unit.recording]
    for rival in rivals:
        grid = grid.take(~np.isin(grid.stop_ns, store.recording_grid(rival, start, stop).stop_ns))
    return grid


def _place(unit: Unit) -> tuple[str, str, str]:
    return unit.person, unit.device, unit.recording


# ---------------------------------------------------------------- rows from rows


Row = Sequence[Any]


def _chunked(found: Callable[[Ask], Iterable[Row]]) -> Callable[[Ask], Iterator[Chunk]]:
    """Few rows of many kinds: one chunk."""

    def chunks(ask: Ask) -> Iterator[Chunk]:
        listed = list(found(ask))
        if listed:
            yield len(listed), tuple(zip(*listed, strict=True))

    return chunks


def _each(read: Callable[[LocalStore, str], Iterable[Any]], *names: str) -> Callable[[Ask], Iterator[Chunk]]:
    """The named attributes of everything a reader gives for each person."""
    return _chunked(lambda ask: ([getattr(value, name) for name in names] for person in ask.people for value in read(ask.store, person)))


def _gaps(ask: Ask) -> Iterable[Row]:
    for unit in ask.units():
        for gap in ask.store.recording_gaps(unit):
            yield (*_place(unit), gap.stream.value, gap.start_ns, gap.stop_ns, gap.reason, gap.lost_ns / SECOND_NS)


def _stream_clocks(ask: Ask) -> Iterable[Row]:
    for unit in ask.units():
        for clock in ask.store.stream_clocks(unit):
            rate_hz = clock.rate_mhz / 1000 if clock.rate_mhz else None
            yield (*_place(unit), clock.stream.value, clock.t_ns, clock.sensor_ns, clock.offset_ns, clock.drift_ppb, rate_hz, clock.error_ns)


def _hrv_names(ask: Ask) -> list[str]:
    """NeuroKit2's columns in its order; those that only some windows have come last."""
    return list(dict.fromkeys(name for unit in ask.units() for panel in ask.store.hrv(unit) for name in panel.columns))


def _hrv(ask: Ask) -> Iterable[Row]:
    names = _hrv_names(ask)
    for unit in ask.units():
        for panel in ask.store.hrv(unit):
            own = (panel.start_ns, panel.stop_ns, panel.n_beats, panel.artefact, panel.reason)
            yield (*_place(unit), *own, *(panel.columns.get(name) for name in names))


_EPISODE_FIELDS = tuple(f.name for f in fields(Episode) if f.name not in ("id", "state"))


def _episodes(ask: Ask) -> Iterable[Row]:
    for person in ask.people:
        for found in ask.store.device_episodes(person):
            yield (found.episode.id, person, found.unit.device, found.lead, *(getattr(found.episode, name) for name in _EPISODE_FIELDS))


_EVENT_FIELDS = (
    "id", "revision", "person", "kind", "t_ns", "t_end_ns", "certainty_s", "made_at_ns", "received_ns", "source", "distress", "belonging", "sensations",
    "action", "with_whom", "theme", "need", "spoken", "expectancy", "context", "blind", "planned_distress",
)  # fmt: skip
_METRIC_FIELDS = ("dz10", "peak_z", "latency_s", "t_half_s", "t_half_censored")


def _events(ask: Ask) -> Iterable[Row]:
    for person in ask.people:
        metrics = {metric.event_id: metric for metric in ask.store.event_metrics(person)}
        for event in ask.store.events(person):
            metric = metrics.get(event.id, EventMetrics(event.id))
            note = [event.note] if ask.notes else []
            yield [*(getattr(event, name) for name in _EVENT_FIELDS), *(getattr(metric, name) for name in _METRIC_FIELDS), *note]


def _coverage(ask: Ask) -> Iterable[Row]:
    for person in ask.people:
        for hour in ask.store.coverage(person):
            counts = (hour.received, hour.refused, hour.stored, hour.flagged, hour.gap_s, hour.usable_s, hour.suspect_s)
            yield (*_place(hour.unit), hour.hour_start_ns, *counts)


def _baselines(ask: Ask) -> Iterable[Row]:
    for person in ask.people:
        for found in ask.store.tier_baselines(person):
            yield person, found.tier, found.baseline.from_ns, found.baseline.mode, found.analysis, rows.baseline_json(found.baseline)


_CONTROL_FIELDS = ("event_id", "n", "t_ns", "device", "day", "still", "motion_mg", *_METRIC_FIELDS, "pre_z", "area", "slope", "slowing_z")


def _controls(ask: Ask) -> Iterable[Row]:
    for person in ask.people:
        for control in ask.store.controls(person):
            yield (person, *(getattr(control, name) for name in _CONTROL_FIELDS))


_PLACE = "person:s device:s recording:s"
TABLES: Mapping[str, Table] = {
    "beats": Table(f"{_PLACE} t_ns:i rr_ticks:i rr_ns:i flag:s segment:i", _beats),
    "gaps": Table(f"{_PLACE} stream:s start_ns:i stop_ns:i reason:s lost_s:f", _chunked(_gaps)),
    "indices": Table(f"{_PLACE} name:s start_ns:i stop_ns:i value:f text:s quality:f confidence:f reason:s baseline:s analysis:s", _indices),
    "stream_clocks": Table(
        f"{_PLACE} stream:s t_ns:i sensor_ns:i offset_ns:i drift_ppb:i rate_hz:f error_ns:i",
        _chunked(_stream_clocks),
    ),
    "hrv": Table(
        f"{_PLACE} start_ns:i stop_ns:i n_beats:i artefact:f reason:s",
        _chunked(_hrv),
        lambda ask: " ".join(f"{name}:f" for name in _hrv_names(ask)),
    ),
    "episodes": Table(
        "id:s person:s device:s lead:b kind:s driver:s start_ns:i stop_ns:i onset_ns:i peak_ns:i peak_z:f mean_z:f quality:f confidence:f gate:s truncated:b "
        "chance_per_h:f",
        _chunked(_episodes),
    ),
    "events": Table(
        "id:s revision:i person:s kind:s t_ns:i t_end_ns:i certainty_s:i made_at_ns:i received_ns:i source:s distress:i belonging:i sensations:s action:s "
        "with_whom:s theme:s need:s spoken:b expectancy:i context:s blind:b planned_distress:i dz10:f peak_z:f latency_s:f t_half_s:f t_half_censored:b",
        _chunked(_events),
        lambda ask: "note:s" if ask.notes else "",
    ),
    "links": Table(
        "event_id:s episode_id:s probability:f verdict:s lag_s:f chance:f rule:s",
        _each(LocalStore.links, "event_id", "episode_id", "probability", "verdict", "lag_s", "chance", "rule"),
    ),
    "prompts": Table(
        "id:s person:s t_ns:i trigger:s episode_id:s eligible:b reason:s arm:s probability:f seed:s shown_ns:i answer:s answered_ns:i",
        _each(LocalStore.prompts, *(f.name for f in fields(Prompt))),
    ),
    "ratings": Table(
        "id:s person:s t_ns:i kind:s value:i prompt_id:s blind:b", _each(LocalStore.ratings, "id", "person", "t_ns", "kind", "value", "prompt_id", "blind")
    ),
    "coverage": Table(f"{_PLACE} hour_start_ns:i received:i refused:i stored:i flagged:i gap_s:f usable_s:i suspect_s:i", _chunked(_coverage)),
    "findings": Table(
        "id:s person:s span:s scope:s metric:s n_tagged:i n_usable:i n_blind:i n_controls:i effect:f low:f high:f p:f q:f verdict:s reason:s analysis:s",
        _each(LocalStore.findings, *(f.name for f in fields(Finding))),
    ),
    "controls": Table(
        "person:s event_id:s n:i t_ns:i device:s day:i still:f motion_mg:f dz10:f peak_z:f latency_s:f t_half_s:f t_half_censored:b pre_z:f area:f slope:f "
        "slowing_z:f",
        _chunked(_controls),
    ),
    "sessions": Table(
        "id:s revision:i person:s start_ns:i stop_ns:i kind:s rate:f in_s:f ex_s:f prompt_id:s outcome:s",
        _each(LocalStore.sessions, "id", "revision", "person", "start_ns", "stop_ns", "kind", "rate", "in_s", "ex_s", "prompt_id", "outcome"),
    ),
    "plans": Table(
        "id:s revision:i person:s step:s kind:s t_ns:i t_end_ns:i planned_distress:i expectancy:i event_id:s state:s",
        _each(LocalStore.plans, "id", "revision", "person", "step", "kind", "t_ns", "t_end_ns", "planned_distress", "expectancy", "event_id", "state"),
    ),
    "baselines": Table("person:s tier:s from_ns:i mode:s analysis:s json:s", _chunked(_baselines)),
    "profile": Table("person:s revision:i key:s value:s received_ns:i", _each(LocalStore.profile, "person", "revision", "key", "value", "received_ns")),
}
"""Every file an export can write, and its columns (contracts, section 7)."""


# ---------------------------------------------------------------- CSV


def _write_csv(ask: Ask, table: Table, stem: Path) -> Path:
    path = stem.with_name(f"{stem.name}.csv")
    with private_file(path) as file:
        file.write((",".join(table.header(ask)) + "\n").encode())
        for count, columns in table.chunks(ask):
            lines = map(",".join, zip(*(_texts(column, count) for column in columns), strict=True))
            file.write(("\n".join(lines) + "\n").encode() if count else b"")
    return path


def _texts(column: Column, count: int) -> Iterable[str]:
    """A column as CSV fields; empty is not known."""
    if isinstance(column, str):
        return repeat(quoted(column), count)
    if not isinstance(column, np.ndarray):
        return map(text_of, column)
    if column.dtype.kind == "f":
        return ("" if value != value else repr(value) for value in column.tolist())
    return map(str, column.tolist())


# ---------------------------------------------------------------- Parquet


def _parquet_writer() -> Callable[[Ask, Table, Path], Path]:
    require_pyarrow(", or choose --format csv")
    return write_table


def write_table(ask: Ask, table: Table, stem: Path) -> Path:
    """The CSV's columns as Parquet, with their units."""
    path = stem.with_name(f"{stem.name}.parquet")
    write_parquet(path, stem.name, table.header(ask), table.chunks(ask), table.units)
    return path
