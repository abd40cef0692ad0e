"""Simulated days as recording folders (design, section 7), one a day, so that everything that reads a recording can be tried on them.

Beside what a strap records, a folder holds what the wearer said (`ratings.csv`, `answers.csv`, ... in the columns of the export) and
`truth.csv`: what really moved the heart. `meta.json` says `simulated`.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ingest.simulate.days import SimulatedDay, Truth, simulate
from ingest.simulate.strap import Signal
from ingest.simulate.wearer import DEVICE, USUAL, Ways
from ingest.tags import ROW_COLUMNS
from somalink.domain.errors import BadInput
from somalink.domain.time import SECOND_NS, to_datetime
from somalink.domain.types import Event, Posture, Stream, word

MARK = "Made by a simulation: nobody wore this, and no figure from it is evidence for the index."
TABLES = {
    "ratings": "id,person,t_ns,kind,value,prompt_id,blind",
    "prompts": "id,person,t_ns,trigger,episode_id,eligible,reason,arm,probability,seed,shown_ns,answer,answered_ns",
    "answers": "prompt_id,person,answer,received_ns",
    "sessions": "id,revision,person,start_ns,stop_ns,kind,rate,in_s,ex_s,prompt_id,outcome",
    "plans": "id,revision,person,step,kind,t_ns,t_end_ns,planned_distress,expectancy,event_id,state",
}
PRIVATE = 0o600


def write_recordings(
    out: Path,
    person: str,
    start: datetime | int,
    days: int,
    seed: int,
    *,
    tier: str = "B",
    tz: str = "Europe/Berlin",
    motion: str | None = None,
    rate_hz: int = 25,
    nights: bool = False,
    ways: Ways = USUAL,
) -> list[Path]:
    """Writes `out/PERSON-DATE/` for every day and returns the folders; one that exists already is an error, never overwritten."""
    lived = simulate(person, start, days, seed, tier=tier, tz=tz, motion=motion, rate_hz=rate_hz, nights=nights, ways=ways)
    return [write_day(out / f"{person}-{day.plan.date}", day) for day in lived]


def write_day(folder: Path, day: SimulatedDay) -> Path:
    """Writes one lived day as a recording folder, which must not exist yet, and returns it."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise BadInput(f"{folder} exists already", next_step="name another folder, or remove this one first") from None
    except OSError as error:
        raise BadInput(f"{folder} cannot be made: {error.strerror or error}", next_step="check the path, its permissions and the space left") from None
    _write(folder / "meta.json", json.dumps(_meta(day), indent=1) + "\n")
    for stream, signal in day.signals().items():
        header, rows = _rows(stream, signal, day.start_ns)
        _write(folder / f"{stream}.csv", "\n".join([header, *rows, ""]))
    _write(folder / "events.csv", _csv(ROW_COLUMNS, (_event_row(event, day.start_ns) for event in day.diary.events)))
    for name, columns in TABLES.items():
        names = columns.split(",")
        _write(folder / f"{name}.csv", _csv(names, ([getattr(row, column) for column in names] for row in getattr(day.diary, name))))
    _write(folder / "truth.csv", _csv(Truth._fields, day.truth))
    return folder


def _meta(day: SimulatedDay) -> dict[str, Any]:
    local = timezone(timedelta(seconds=day.plan.offset_s))
    return {
        "format": "somalink-recording",
        "version": 1,
        "person": day.life.person,
        "device": DEVICE,
        "tier": day.setup.tier,
        "start": to_datetime(day.start_ns).astimezone(local).isoformat(),
        "tz": day.life.tz,
        "simulated": True,
        "seed": day.life.seed,
        **({"client": day.life.ways.name} if day.life.ways.name else {}),
        "note": MARK,
    }


def _write(path: Path, text: str) -> None:
    """Writes a new file that only its owner can read: made up or not, it looks like health data."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w", encoding="utf-8", newline="") as handle:
            handle.write(text)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}", next_step="check its permissions and the space left") from None


# ---------------------------------------------------------------- rows


def _rows(stream: Stream, signal: Signal, start_ns: int) -> tuple[str, list[str]]:
    """Header and lines of a stream's file; times from the start to the nanosecond, so that reading gives the same times back."""
    since = [f"{ns // SECOND_NS}.{ns % SECOND_NS:09d}" for ns in (signal.t_ns - start_ns).tolist()]
    if stream is Stream.RR:
        return "t_s,rr_ms", [f"{t},{ticks / 1.024:.7f}" for t, ticks in zip(since, signal.values.tolist(), strict=True)]
    if stream is Stream.HR:
        return "t_s,hr_bpm", [f"{t},{bpm / 1000:g}" for t, bpm in zip(since, signal.values.tolist(), strict=True)]
    if stream is Stream.ACC:
        milli = (signal.values / 100).tolist()
        return "t_s,x_mg,y_mg,z_mg", [f"{t},{x:g},{y:g},{z:g}" for t, (x, y, z) in zip(since, milli, strict=True)]
    whole = [ns // SECOND_NS for ns in (signal.t_ns - start_ns).tolist()]
    if stream is Stream.STEPS:
        return "t_s,steps", [f"{t},{steps}" for t, steps in zip(whole, signal.values.tolist(), strict=True)]
    return "t_s,posture", [f"{t},{word(Posture(code))}" for t, code in zip(whole, signal.values.tolist(), strict=True)]


def _event_row(event: Event, start_ns: int) -> list[Any]:
    """A tag in the columns of a folder's events.csv; times in seconds from the start."""
    times = {"t_s": event.t_ns, "t_end_s": event.t_end_ns, "made_at_s": event.made_at_ns}
    return [_seconds(times[name], start_ns) if name in times else getattr(event, name) for name in ROW_COLUMNS]


def _seconds(t_ns: int | None, start_ns: int) -> float | None:
    return None if t_ns is None else round((t_ns - start_ns) / SECOND_NS, 3)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return "\n".join([",".join(columns), *(",".join(_field(value) for value in row) for row in rows), ""])


def _field(value: Any) -> str:
    """Empty for what is not known, lists joined by `;`, 1 or 0 for yes or no, quotes where a comma asks for them."""
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    text = ";".join(value) if isinstance(value, tuple) else str(value)
    return f'"{text}"' if "," in text else text
