"""Writes a stored recording as a recording folder (design, section 7) that `replay` reads back to equal beats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS, to_datetime
from somalink.domain.types import Beats, Event, Stream
from somalink.storage.files import make_folder, private_file, safe_name, text_of
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow


def write_recording(store: LocalStore, unit: Unit, out: Path, *, notes: bool) -> list[Path]:
    """A folder that `replay` reads back to equal beats. Holds beats and self-tags: other streams are kept as grid values only.

    `gap` names the reason where a new segment begins: times alone cannot tell a small step back of a coarse clock. Where intervals were
    measured finer than a tick, `meta.json` says so (`rr_fine`), and they are told to the ns.
    """
    row = store.recording(unit)
    beats = store.recording_beats(unit)
    if not len(beats):
        return []
    began = row.start_ns if row else int(beats.t_ns[0])
    start_ns = min(began, int(beats.t_ns[0])) // SECOND_NS * SECOND_NS
    folder = out / f"{safe_name(unit.person)}-{safe_name(unit.device)}-{unit.recording[:12]}"
    make_folder(folder)
    written = [
        _write_meta(folder, unit, row, start_ns, fine=bool(beats.rr_fine_ns.any())),
        _write_rr(folder, store, unit, start_ns, _marks(store, unit, beats)),
    ]
    return written + _write_events(folder, store, unit, start_ns, notes)


def _write_meta(folder: Path, unit: Unit, row: RecordingRow | None, start_ns: int, *, fine: bool) -> Path:
    said = {"format": "somalink-recording", "version": 1, "person": unit.person, "device": unit.device, "tier": unit.tier}
    said |= {"start": to_datetime(start_ns).isoformat(), "tz": row.tz if row else "UTC"}
    if row and row.simulated:
        said |= {"simulated": True}
    if fine:
        said |= {"rr_fine": True}
    with private_file(folder / "meta.json") as file:
        file.write((json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode())
    return folder / "meta.json"


def _marks(store: LocalStore, unit: Unit, beats: Beats) -> dict[int, str]:
    """Why a segment begins, by the time of its first beat: where a strap tells of intervals a gap ends with that beat; where beats are found in
    an ECG it ends before, when the ECG is seen again."""
    marks = {}
    for gap in sorted(store.recording_gaps(unit), key=lambda gap: gap.stop_ns):
        at = int(np.searchsorted(beats.t_ns, gap.stop_ns))
        if gap.stream is Stream.RR and 0 < at < len(beats) and beats.t_ns[at] == beats.segment[at]:
            marks[int(beats.t_ns[at])] = gap.reason
    return marks


def _write_rr(folder: Path, store: LocalStore, unit: Unit, start_ns: int, marks: Mapping[int, str]) -> Path:
    path = folder / "rr.csv"
    with private_file(path) as file:
        file.write(b"t_s,rr_ms,gap\n")
        for start, stop in store.days(unit):
            beats = store.recording_beats(unit, start, stop)
            times = (_seconds(t - start_ns) for t in beats.t_ns.tolist())
            lengths = map(_length, beats.rr_ticks.tolist(), beats.rr_fine_ns.tolist(), beats.rr_ns.tolist())
            reasons = (marks.get(t, "") for t in beats.t_ns.tolist())
            file.write("".join(f"{t},{rr},{reason}\n" for t, rr, reason in zip(times, lengths, reasons, strict=True)).encode())
    return path


def _length(ticks: int, fine: int, rr_ns: int) -> str:
    """An interval in ms, exactly: whole ticks have seven decimals, whole nanoseconds six."""
    return f"{rr_ns / 1e6 if fine else ticks / 1.024:.7f}"


_FOLDER_FIELDS = (
    "kind", "certainty_s", "distress", "belonging", "sensations", "action", "with_whom", "theme", "need", "spoken", "expectancy", "context", "blind",
    "planned_distress", "source", "id", "revision",
)  # fmt: skip


def _write_events(folder: Path, store: LocalStore, unit: Unit, start_ns: int, notes: bool) -> list[Path]:
    """The person's tags, in the folder of the recording that had begun last when they happened."""
    own = [event for event in store.events(unit.person) if _home(store, event) == unit]
    if not own:
        return []
    names = ["t_s", "t_end_s", "made_at_s", *_FOLDER_FIELDS, *(["note"] if notes else [])]
    with private_file(folder / "events.csv") as file:
        file.write((",".join(names) + "\n").encode())
        for event in own:
            times = [None if t is None else _seconds(t - start_ns) for t in (event.t_ns, event.t_end_ns, event.made_at_ns)]
            said = [*times, *(getattr(event, name) for name in names[3:])]
            file.write((",".join(map(text_of, said)) + "\n").encode())
    return [folder / "events.csv"]


def _home(store: LocalStore, event: Event) -> Unit | None:
    units = [found for found in store.recordings(event.person) if len(store.days(found.unit))]
    before = [found for found in units if found.row.start_ns <= event.t_ns]
    chosen = before[-1:] or units[:1]
    return chosen[0].unit if chosen else None


def _seconds(ns: int) -> str:
    """Nanoseconds as decimal seconds, exactly."""
    whole, rest = divmod(abs(ns), SECOND_NS)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"-{text}" if ns < 0 else text
