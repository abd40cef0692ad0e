"""A recording folder as one frozen value: beats dated and accounted for, samples, gaps, events (design section 7, contracts section 8).

Knows the folder's files and columns; knows nothing of stores, engines or clocks. Every row of `rr.csv` is either a beat of the
result or counted under the reason it was refused for.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest import tables, tags
from ingest.dating import KEPT, MAX_SPAN_S, contradicted, date_beats, refuse, to_fine, to_ticks
from ingest.localtime import fixed_name, utc_offsets, zone_of
from ingest.said import TABLES, Said
from ingest.said import read as read_said
from ingest.tables import Table
from ingest.tags import ReadEvents
from somalink.domain.catalogue import REFUSALS
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit, digest
from somalink.domain.time import HOUR_NS, SECOND_NS, from_datetime
from somalink.domain.types import BoolArray, Event, FloatArray, Gap, IntArray, Posture, Stream, UtcOffset

FORMAT = "somalink-recording"
VERSION = 1
TIERS = ("A", "B", "C", "D")
TIER_HELP = "A chest RR + accelerometer, B chest RR, C optical intervals at rest, D heart rate only"
SILENCE_S = 5.0
"""A stream that says nothing for longer is a Gap (engine.md section 6, `gap.silence_s`)."""
SILENCE_PERIODS = 2.5
"""... unless it is a slow one: then two and a half of its own periods."""
FOLDER_HELP = "a recording folder holds meta.json and rr.csv, hr.csv or ecg.csv (also .csv.gz); acc, steps, posture and events are optional"
KNOWN_FILES = frozenset(("rr", "hr", "acc", "ecg", "steps", "posture", "events", *TABLES))
HEARTS = ("rr", "hr", "ecg")
"""Files that tell of a heart, the best first: what a recording is known by, and without one of which it is none."""
SILENT = frozenset(("meta.json", "truth.csv"))
"""Read elsewhere; and what a simulated day says of itself, which no reading may use."""
HUMAN_MS = (250.0, 2500.0)
"""A median outside this is no interval between heartbeats."""
OTHER_UNITS = ((0.25, 2.5, "seconds"), (25.0, 250.0, "heart rates in bpm"))
ENOUGH_TO_JUDGE = 30
"""Rows from which a median speaks for the file and not for a bad start."""
GAP_WORD = re.compile(r"[a-z][a-z_]{0,31}")
"""How a file names the reason of a gap: one word, as the store keeps it."""
UNNAMED_GAP = "hole"
YEARS = (1900, 2200)
"""What fits into nanoseconds and into a life."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a stream is written in its file: value columns, fixed-point units in one of theirs, least value that can be real."""

    columns: tuple[str, ...]
    scale: float
    least: float = -np.inf
    codes: Mapping[str, int] | None = None


LAYOUTS = {
    Stream.HR: Layout(("hr_bpm",), 1000, least=1e-3),
    Stream.ACC: Layout(("x_mg", "y_mg", "z_mg"), 100),
    Stream.ECG: Layout(("ecg_uv",), 10),
    Stream.STEPS: Layout(("steps",), 1, least=0),
    Stream.POSTURE: Layout(("posture",), 1, codes={member.name.lower(): int(member) for member in Posture}),
}
ORDER = {stream: at for at, stream in enumerate(Stream)}
MOST = 2.0**31
"""Beyond this a sample is a spilt digit, and its fixed-point form would not fit everywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One stream of a recording: `t_ns` (n,), `values` (n,) or (n, 3) and `fine` (n,) or None as in `domain.types.Chunk`."""

    t_ns: IntArray
    values: IntArray
    fine: IntArray | None = None


@dataclass(frozen=True, slots=True)
class HourCount:
    """RR rows of one UTC hour: all of them, and the refused ones by reason."""

    received: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class BeatRows:
    """What became of the rows of an interval file: beats (None when there is no such file), the account by hour, the gaps."""

    samples: Samples | None
    counts: Mapping[int, HourCount] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Everything a folder or a text file says, with what was refused and what was noticed."""

    unit: Unit
    start_ns: int
    end_ns: int
    offsets: tuple[UtcOffset, ...]
    samples: Mapping[Stream, Samples]
    gaps: tuple[Gap, ...]
    counts: Mapping[int, HourCount]
    events: tuple[Event, ...] = ()
    events_refused: int = 0
    said: tuple[Said, ...] = ()
    """Ratings, answers, sessions, plans and prompts that came with the folder."""
    notices: tuple[str, ...] = ()
    start_unknown: bool = False
    simulated: bool = False

    @property
    def streams(self) -> frozenset[Stream]:
        return frozenset(self.samples)

    @property
    def received(self) -> int:
        """RR rows seen."""
        return sum(hour.received for hour in self.counts.values())

    @property
    def refused(self) -> dict[str, int]:
        """RR rows that are no beats, by reason; reasons that did not occur are absent."""
        total: Counter[str] = Counter()
        for hour in self.counts.values():
            total.update(hour.refused)
        return dict(total)


@dataclass(frozen=True, slots=True)
class Meta:
    """What `meta.json` says, checked."""

    person: str
    device: str
    tier: str
    start_ns: int
    tz: str
    resolution_s: float
    simulated: bool
    rr_fine: bool
    """Intervals are told to the ns, as they were found in an ECG; else `rr_ms` stands for the ticks a strap sent, however it was rounded."""


@dataclass(slots=True)
class Findings:
    """Notices while reading: one each, in order."""

    notices: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)


def read_folder(
    folder: Path, *, person: str | None = None, start_ns: int | None = None, tz: str | None = None, without: frozenset[Stream] = frozenset()
) -> Recording:
    """The recording in `folder`; options stand over `meta.json`, files of the streams in `without` are not opened. BadInput names the file,
    the line and the next step."""
    meta = read_meta(folder / "meta.json", person=person, start_ns=start_ns, tz=tz)
    found = Findings()
    _notice_files(folder, found)
    raw = {name: tables.read_bytes(path) for name in sorted(KNOWN_FILES - without) if (path := tables.find(folder, name))}
    identity = next((raw[name] for name in HEARTS if name in raw), None)
    if identity is None:
        raise BadInput(f"{folder} has neither rr.csv nor hr.csv nor ecg.csv", next_step=FOLDER_HELP)
    unit = Unit(meta.person, meta.device, digest(meta.person, meta.device, meta.start_ns, hashlib.sha256(identity).hexdigest()), meta.tier)
    samples = {}
    for stream, layout in LAYOUTS.items():
        if stream.value in raw:
            table = _table(folder, stream.value, raw[stream.value], layout.columns, found, codes=layout.codes)
            samples[stream] = _samples(table, layout, meta, found)
    beats = BeatRows(samples=None)
    if "rr" in raw:
        table = _table(folder, "rr", raw["rr"], ("rr_ms",), found, words="gap")
        _check_unit(table)
        beats = read_beats(table, meta.start_ns, resolution_s=meta.resolution_s, found=found, fine=meta.rr_fine)
    events = _events(folder, raw, unit, meta, found)
    others = _said(folder, raw, unit, found)
    whole = assemble(unit, meta.start_ns, meta.tz, beats, samples)
    return replace(whole, events=events.events, events_refused=events.refused, said=others, notices=tuple(found.notices), simulated=meta.simulated)


def assemble(unit: Unit, start_ns: int, tz: str, beats: BeatRows, others: Mapping[Stream, Samples]) -> Recording:
    """A Recording with the silences of every stream and the offsets of its local time worked out; events and notices are the caller's."""
    samples = dict(others) if beats.samples is None else {Stream.RR: beats.samples, **others}
    holding = {stream: part for stream, part in samples.items() if stream is not Stream.POSTURE}
    end_ns = max([start_ns, *(_stop(stream, part) for stream, part in samples.items() if len(part.t_ns))])
    gaps = list(beats.gaps)
    for stream, part in holding.items():
        if stream is not Stream.RR:
            gaps.extend(silences(stream, part.t_ns))
        last = _stop(stream, part) if len(part.t_ns) else start_ns
        if last < end_ns:
            gaps.append(Gap(stream, last, end_ns, "end"))
    if Stream.ECG in holding and Stream.RR not in holding:
        # Beats will be found in the ECG: what it does not show is lost to them.
        gaps.extend([replace(gap, stream=Stream.RR) for gap in gaps if gap.stream is Stream.ECG])
    first_ns = min([start_ns, *(int(part.t_ns[0]) for part in samples.values() if len(part.t_ns))])
    return Recording(
        unit=unit,
        start_ns=first_ns,
        end_ns=end_ns,
        offsets=utc_offsets(tz, first_ns, end_ns),
        samples=samples,
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.start_ns, ORDER[gap.stream]))),
        counts=beats.counts,
    )


# ---------------------------------------------------------------- meta.json


def read_meta(path: Path, *, person: str | None = None, start_ns: int | None = None, tz: str | None = None) -> Meta:
    """`meta.json`, checked key by key; options stand over what it says."""
    if not path.is_file():
        raise BadInput(f"{path.parent} has no meta.json", next_step=FOLDER_HELP)
    try:
        said = json.loads(tables.to_text(tables.read_bytes(path), path))
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}, line {error.lineno}: not JSON ({error.msg})", next_step="mend this line; meta.json is one JSON object") from None
    if not isinstance(said, dict):
        raise BadInput(f"{path}: not a JSON object", next_step='write it as {"format": "somalink-recording", "version": 1, ...}')
    if said.get("format") != FORMAT:
        raise BadInput(f"{path}: format is {said.get('format')!r}, not {FORMAT!r}", next_step=FOLDER_HELP)
    if said.get("version") != VERSION:
        raise BadInput(f"{path}: version is {said.get('version')!r}; this program reads {VERSION}", next_step="update somalink, or write the folder anew")
    zone = tz or said.get("tz")
    start, local = (start_ns, None) if start_ns is not None else _start(path, said, zone)
    return Meta(
        person=person or _name(path, said, "person"),
        device=_name(path, said, "device_id") if "device_id" in said else _name(path, said, "device"),
        tier=_tier(path, said),
        start_ns=start,
        tz=_zone(path, zone, local),
        resolution_s=_resolution(path, said),
        simulated=said.get("simulated") is True,
        rr_fine=said.get("rr_fine") is True,
    )


def _name(path: Path, said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{path}: {key!r} is missing or not a name", next_step=f'add "{key}": "..." to it' + (", or give --person" if key == "person" else ""))
    return value.strip()


def _tier(path: Path, said: Mapping[str, Any]) -> str:
    tier = said.get("tier")
    if tier not in TIERS:
        raise BadInput(f"{path}: tier is {tier!r}, not one of {' '.join(TIERS)}", next_step=TIER_HELP)
    return str(tier)


def _start(path: Path, said: Mapping[str, Any], zone: Any) -> tuple[int, datetime | None]:
    text = said.get("start")
    advice = 'write it as "2026-03-01T09:00:00+01:00", or give --start'
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BadInput(f"{path}: start {text!r} is not an ISO 8601 time", next_step=advice) from None
    if moment.tzinfo is None:
        if not isinstance(zone, str):
            raise BadInput(f"{path}: start {text!r} has no offset from UTC", next_step=advice)
        moment = moment.replace(tzinfo=zone_of(zone, path))
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise BadInput(f"{path}: start {text!r} is not in the years {YEARS[0]} to {YEARS[1]}", next_step=advice)
    return from_datetime(moment), moment


def _zone(path: Path, zone: Any, start: datetime | None) -> str:
    if zone is not None:
        if not isinstance(zone, str):
            raise BadInput(f"{path}: tz {zone!r} is not a name", next_step='write it as "Europe/Rome"')
        zone_of(zone, path)
        return zone
    offset = start.utcoffset() if start else None
    return fixed_name(int(offset.total_seconds())) if offset else "UTC"


def _resolution(path: Path, said: Mapping[str, Any]) -> float:
    value = said.get("time_resolution_s", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 60:
        raise BadInput(f"{path}: time_resolution_s is {value!r}, not a number of seconds from 0 to 60", next_step="give how coarse t_s is, or leave it out")
    return float(value)


# ---------------------------------------------------------------- streams


def read_beats(table: Table, start_ns: int, *, resolution_s: float, found: Findings, fine: bool = False) -> BeatRows:
    """Beats, the account of every row by UTC hour, and the gaps between segments. `fine`: the intervals are told to the ns."""
    t_s, rr_ms = table.columns["t_s"], table.columns["rr_ms"]
    verdict = refuse(t_s, rr_ms, slack_s=resolution_s)
    kept = verdict == KEPT
    marked = _marked(table, kept, found)
    ticks = to_ticks(rr_ms[kept]).astype(np.int64)
    beyond = to_fine(rr_ms[kept], ticks) if fine else None
    dated = date_beats(to_ns(t_s[kept], start_ns), ticks, fine=beyond, resolution_s=resolution_s, marked=marked)
    row_ns = np.empty(len(t_s), np.int64)
    row_ns[kept] = dated.t_ns
    row_ns[~kept] = _nearby(kept, dated.t_ns, start_ns)
    _notice_refused(table, verdict, found)
    return BeatRows(Samples(dated.t_ns, dated.ticks, beyond), _count(row_ns // HOUR_NS * HOUR_NS, verdict), dated.gaps)


def _check_unit(table: Table) -> None:
    """Single intervals may be absurd, that is real life; a whole file whose middle is none a heart can keep is in another unit."""
    known = table.columns["rr_ms"][np.isfinite(table.columns["rr_ms"])]
    if len(known) >= ENOUGH_TO_JUDGE and not HUMAN_MS[0] <= (middle := float(np.median(known))) <= HUMAN_MS[1]:
        raise BadInput(
            f"{table.path}, line {table.line[0]}: the middle of rr_ms is {middle:g}, so these look like {other_unit(middle)}",
            next_step="write intervals in milliseconds and times in seconds from the start",
        )


def other_unit(middle: float) -> str:
    """What numbers are that should be intervals in ms and have this in their middle."""
    return next((guess for low, high, guess in OTHER_UNITS if low <= middle <= high), "no intervals between heartbeats")


def to_ns(t_s: FloatArray, start_ns: int) -> IntArray:
    """UTC ns of seconds from the start, to the nearest ns; whole seconds apart, so that months do not cost the last digits."""
    whole = np.floor(t_s)
    since: IntArray = whole.astype(np.int64) * SECOND_NS + np.rint((t_s - whole) * SECOND_NS).astype(np.int64)
    return since + start_ns


def _marked(table: Table, kept: BoolArray, found: Findings) -> dict[int, str]:
    """Beats that follow a gap by the file's own word, and why; the mark of a refused row goes to the beat after it."""
    beat: IntArray = np.cumsum(kept) - kept
    marked: dict[int, str] = {}
    for row, said in sorted(table.marks.items()):
        reason = said.lower()
        if not GAP_WORD.fullmatch(reason):
            found.add(f"{table.path.name}, line {table.line[row]}: gap {said[:40]!r} is no word; kept as {UNNAMED_GAP}")
            reason = UNNAMED_GAP
        marked.setdefault(int(beat[row]), reason)
    return {at: reason for at, reason in marked.items() if at < np.count_nonzero(kept)}


def _nearby(kept: BoolArray, t_ns: IntArray, start_ns: int) -> IntArray:
    """A time for each refused row, whose own cannot be trusted: that of the last beat before it, or the start."""
    known: IntArray = np.concatenate((np.array([start_ns]), t_ns))
    return known[np.cumsum(kept)[~kept]]


def _count(hour_ns: IntArray, verdict: IntArray) -> dict[int, HourCount]:
    hours, received = np.unique(hour_ns, return_counts=True)
    refused: dict[int, Counter[str]] = {}
    for at in np.flatnonzero(verdict != KEPT).tolist():
        refused.setdefault(int(hour_ns[at]), Counter())[REFUSALS[verdict[at]]] += 1
    return {hour: HourCount(count, dict(refused.get(hour, {}))) for hour, count in zip(hours.tolist(), received.tolist(), strict=True)}


def _notice_refused(table: Table, verdict: IntArray, found: Findings) -> None:
    odd = np.flatnonzero(verdict != KEPT)
    if len(odd):
        reasons = Counter(REFUSALS[code] for code in verdict[odd].tolist())
        said = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        found.add(f"{table.path.name}: {len(odd)} of {len(table)} rows refused ({said}; first in line {table.line[odd[0]]})")


def _table(
    folder: Path, name: str, raw: bytes, columns: tuple[str, ...], found: Findings, *, codes: Mapping[str, int] | None = None, words: str | None = None
) -> Table:
    path = tables.find(folder, name)
    assert path is not None
    table = tables.read_table(path, raw, ("t_s", *columns), codes=codes, words=words)
    for column in table.unknown:
        found.add(f"{path.name}: column {column!r} is not known and was left out")
    return table


def _samples(table: Table, layout: Layout, meta: Meta, found: Findings) -> Samples:
    """Samples of a stream that is no beats; rows that cannot be samples are left out and counted in a notice."""
    t_s = table.columns["t_s"]
    values = np.stack([table.columns[name] for name in layout.columns])
    verdict = np.full(len(t_s), KEPT, np.int64)
    verdict[(values < layout.least).any(axis=0)] = REFUSALS.index("not_positive")
    possible = (np.abs(values) < MOST / layout.scale).all(axis=0)
    verdict[~possible | ~np.isfinite(t_s) | (np.abs(t_s) > MAX_SPAN_S)] = REFUSALS.index("not_a_number")
    kept = np.flatnonzero(verdict == KEPT)
    verdict[kept[contradicted(t_s[kept], slack_s=0.0)]] = REFUSALS.index("back_in_time")
    _notice_refused(table, verdict, found)
    good = verdict == KEPT
    fixed = np.rint(values[:, good] * layout.scale).astype(np.int64)
    return Samples(to_ns(t_s[good], meta.start_ns), np.ascontiguousarray(fixed.T) if len(layout.columns) > 1 else fixed[0])


def _period_ns(stream: Stream, t_ns: IntArray) -> int:
    """How long one sample speaks for: a second of steps, else the stream's usual spacing."""
    if stream is Stream.STEPS:
        return SECOND_NS
    return int(np.median(np.diff(t_ns))) if len(t_ns) > 1 else SECOND_NS


def _stop(stream: Stream, part: Samples) -> int:
    """When the last sample of a stream stops speaking: at once, but for a second of steps."""
    return int(part.t_ns[-1]) + (SECOND_NS if stream is Stream.STEPS else 0)


def silences(stream: Stream, t_ns: IntArray) -> Iterator[Gap]:
    """Gaps where a stream says nothing: any missing second of steps, more than 5 s of another."""
    period = _period_ns(stream, t_ns)
    limit = period if stream is Stream.STEPS else max(int(SILENCE_S * SECOND_NS), int(SILENCE_PERIODS * period))
    spacing = np.diff(t_ns)
    for at in np.flatnonzero(spacing > limit).tolist():
        yield Gap(stream, int(t_ns[at]) + period, int(t_ns[at + 1]), "silence", int(spacing[at]) - period)


# ---------------------------------------------------------------- the rest of the folder


def _notice_files(folder: Path, found: Findings) -> None:
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(".gz").removesuffix(".csv")
        if path.name in SILENT:
            continue
        if name not in KNOWN_FILES or name == path.name:
            found.add(f"{path.name} is not a file of a recording and was left out")
        elif path.suffix == ".gz" and tables.find(folder, name) != path:
            found.add(f"{path.name} was left out, since {name}.csv is there")


def _events(folder: Path, raw: Mapping[str, bytes], unit: Unit, meta: Meta, found: Findings) -> ReadEvents:
    if "events" not in raw:
        return ReadEvents((), 0, ())
    path = tables.find(folder, "events")
    assert path is not None
    header, lines = tables.rows(path, tables.to_text(raw["events"], path))
    read = tags.read_events(path.name, header, lines, person=unit.person, recording=unit.recording, start_ns=meta.start_ns)
    for notice in read.notices:
        found.add(notice)
    return read


def _said(folder: Path, raw: Mapping[str, bytes], unit: Unit, found: Findings) -> tuple[Said, ...]:
    """What the other tables of the person say, as an export or a simulation wrote them."""
    records: list[Said] = []
    for name in TABLES:
        if name in raw:
            path = tables.find(folder, name)
            assert path is not None
            header, lines = tables.rows(path, tables.to_text(raw[name], path))
            told, notices = read_said(name, path.name, header, lines, person=unit.person)
            records.extend(told)
            for notice in notices:
                found.add(notice)
    return tuple(records)
