"""The surviving side: starts replays that are to die, logs what they acknowledged, and says what a store lacks or has too much.

Knows the frames of `crash_driver` and what every call of a `Writer` promises; reads the store through its own readers, as a wearer would.
"""

import csv
import json
import os
import pickle
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from somalink.domain.identity import Unit
from somalink.domain.types import Beats, Grid
from somalink.storage.local import LocalStore
from somalink.storage.schema import APPLICATION_ID

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STORE = "killed.db"
"""Name of every store that dies: the shim counts calls on files with this in their path."""
BEFORE, HALF, AFTER, FULL = range(4)
KILLED = -9

Table = dict[Any, Any]
Tables = dict[str, Table]


# ---------------------------------------------------------------- the shim


def build_shim(folder: Path) -> Path:
    """Compiles `crash.c`. Skips where that cannot be; in CI it must be."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("kills at write calls need Linux and a C compiler named cc")
    made = folder / "crash.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(HERE / "crash.c"), "-ldl"], check=True, capture_output=True)
    return made


def preloaded(shim: Path, *, at: int = 0, how: int = BEFORE) -> dict[str, str]:
    """Environment of a program that dies (or meets a full disk) at write call `at`; 0 never."""
    own = {"LD_PRELOAD": str(shim), "CRASH_FILES": STORE, "CRASH_AT": str(at), "CRASH_HOW": str(how)}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


# ---------------------------------------------------------------- recordings and stores to begin from


def cut(folder: Path, out: Path, start_s: float, stop_s: float, start: str) -> Path:
    """A stretch of a recording folder as a recording of its own that began at `start`."""
    out.mkdir(parents=True)
    meta = json.loads((folder / "meta.json").read_text())
    (out / "meta.json").write_text(json.dumps({**meta, "start": start}))
    for name in ("rr.csv", "steps.csv", "posture.csv", "events.csv"):
        if not (folder / name).exists():
            continue
        with (folder / name).open(newline="") as source, (out / name).open("w", newline="") as target:
            rows = csv.DictReader(source)
            writer = csv.DictWriter(target, rows.fieldnames or ())
            writer.writeheader()
            for row in rows:
                if start_s <= float(row["t_s"]) < stop_s:
                    times = {key: f"{float(row[key]) - start_s:.9f}" for key in ("t_s", "t_end_s", "made_at_s") if row.get(key)}
                    writer.writerow({**row, **times})
    return out


def old_store(path: Path, rows: int = 200) -> None:
    """A store of a version 0 that never was released: somebody's diary, which every later version must keep."""
    path.touch(0o600)
    with sqlite3.connect(path) as connection:
        connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE diary (t_ns INTEGER PRIMARY KEY, said TEXT) STRICT")
        connection.executemany("INSERT INTO diary VALUES (?, ?)", [(t, f"{t} " + "dear diary " * 30) for t in range(rows)])
    connection.close()


def copied(path: Path, folder: Path) -> Path:
    """The store with its side files as a killed process left them, for whoever wants to look without touching."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy2(file, folder / file.name)
    return folder / path.name


# ---------------------------------------------------------------- running replays that die


@dataclass(frozen=True, slots=True)
class Story:
    """What another process logged of one replay.

    `phases`: (name, write calls until then); `offered`: in a commit when it ended; `error`: what a person would have read.
    """

    phases: list[tuple[str, int]]
    acknowledged: list[list[tuple[str, tuple[Any, ...]]]]
    offered: list[tuple[str, tuple[Any, ...]]] | None
    code: int = 0
    calls: int = 0
    error: str = ""

    @property
    def last_phase(self) -> str:
        return self.phases[-1][0] if self.phases else "between"

    def phase_of_calls(self) -> list[str]:
        """The phase of each write call, from the first; of a replay that came to its end."""
        named = []
        edges = [*(calls for _, calls in self.phases), self.calls]
        named += ["between"] * edges[0]
        for (name, begin), end in zip(self.phases, edges[1:], strict=True):
            named += [name] * (end - begin)
        return named


class Killer:
    """A process that forks a replay for every call of `run` and is there to tell how it ended."""

    def __init__(self, shim: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "crash_driver.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=preloaded(shim), bufsize=0
        )

    def run(self, recording: Path, store: Path, *, at: int = 0, how: int = BEFORE, opening: str = "opening", forget: int = 0) -> Story:
        """One replay, killed at write call `at` if it has so many. `forget`: the number of a commit that is said and not done."""
        assert self._process.stdin is not None
        job = {"recording": str(recording), "store": str(store), "at": at, "how": how, "opening": opening, "forget": forget}
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        story = Story([], [], None)
        for word, *rest in self._frames():
            if word == "phase":
                story.phases.append((rest[0], rest[1]))
            elif word == "offer":
                story = replace(story, offered=rest[0])
            elif word == "acknowledged":
                assert story.offered is not None
                story.acknowledged.append(story.offered)
                story = replace(story, offered=None)
            elif word in ("calls", "error"):
                story = replace(story, **{word: rest[0]})
            else:
                return replace(story, code=rest[0])
        raise AssertionError("the driver ended")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _frames(self) -> Iterator[tuple[Any, ...]]:
        while head := self._read(4):
            yield pickle.loads(self._read(struct.unpack("<I", head)[0]))

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        got = b""
        while len(got) < size:
            more = self._process.stdout.read(size - len(got))
            assert more or not got, "a frame was cut"
            if not more:
                break
            got += more
        return got


@contextmanager
def killer(shim: Path) -> Iterator[Killer]:
    made = Killer(shim)
    try:
        yield made
    finally:
        made.close()


# ---------------------------------------------------------------- what was promised


@dataclass(slots=True)
class Ledger:
    """Rows by table and key as they must stand after the transactions it was told of."""

    tables: Tables = field(default_factory=dict)

    def after(self, transactions: Iterable[list[tuple[str, tuple[Any, ...]]]]) -> "Ledger":
        made = Ledger({name: dict(table) for name, table in self.tables.items()})
        for transaction in transactions:
            for method, given in transaction:
                _PROMISES[method](made, *given)
        return made

    def of(self, name: str) -> Table:
        return self.tables.setdefault(name, {})


def _beats(ledger: Ledger, unit: Unit, beats: Beats) -> None:
    t = beats.t_ns.tolist()
    ranks = _ranks(t)
    rows = zip(beats.rr_ticks.tolist(), beats.flag.tolist(), beats.segment.tolist(), strict=True)
    ledger.of("beats").update({(unit.recording, at, n): row for at, n, row in zip(t, ranks, rows, strict=True)})


def _ranks(t: list[int]) -> list[int]:
    ranks = [0] * len(t)
    for k in range(1, len(t)):
        ranks[k] = ranks[k - 1] + 1 if t[k] == t[k - 1] else 0
    return ranks


def _grid(ledger: Ledger, unit: Unit, analysis: str, grid: Grid) -> None:
    block = np.column_stack(list(grid.arrays().values())).tolist()
    ledger.of("grid").update({(unit.recording, stop): tuple(row) for stop, row in zip(grid.stop_ns.tolist(), block, strict=True)})


def _episodes(ledger: Ledger, unit: Unit, analysis: str, episodes: Iterable[Any]) -> None:
    for episode in episodes:
        known = ledger.of("episodes").get(episode.id)
        if known is None or known.state != "final":
            ledger.of("episodes")[episode.id] = episode


def _drops(ledger: Ledger, person: str, ids: Iterable[str]) -> None:
    for id in ids:
        if (known := ledger.of("episodes").get(id)) is not None and known.state != "final":
            del ledger.of("episodes")[id]
            ledger.of("leads").pop(id, None)


def _leads(ledger: Ledger, leads: Mapping[str, bool]) -> None:
    ledger.of("leads").update({id: lead for id, lead in leads.items() if id in ledger.of("episodes")})


def _links(ledger: Ledger, person: str, analysis: str, links: Iterable[Any], metrics: Iterable[Any]) -> None:
    ledger.tables["links"] = {(link.event_id, link.episode_id): link for link in links}
    ledger.tables["metrics"] = {metric.event_id: metric for metric in metrics}


def _snapshot(ledger: Ledger, unit: Unit, analysis: str, t_ns: int, payload: bytes) -> None:
    ledger.of("snapshots")[unit.recording, t_ns] = payload
    for old in sorted(key for key in ledger.of("snapshots") if key[0] == unit.recording)[:-2]:
        del ledger.of("snapshots")[old]


def _prompts(ledger: Ledger, prompts: Iterable[Any]) -> None:
    for prompt in prompts:
        ledger.of("prompts").setdefault(prompt.id, prompt)


_PROMISES: Mapping[str, Any] = {
    "put_beats": _beats,
    "put_grid": _grid,
    "put_episodes": _episodes,
    "drop_episodes": _drops,
    "set_lead": _leads,
    "put_links": _links,
    "put_snapshot": _snapshot,
    "put_prompts": _prompts,
    "compact": lambda ledger, before_ns: None,
    "put_recording": lambda ledger, unit, row: ledger.of("recordings").update({unit.recording: row}),
    "put_gaps": lambda ledger, unit, gaps: ledger.of("gaps").update({(unit.recording, g.stream, g.start_ns): g for g in gaps}),
    "put_candidates": lambda ledger, unit, analysis, rows: ledger.of("candidates").update(dict.fromkeys(rows, True)),
    "put_utc_offsets": lambda ledger, unit, offsets: ledger.of("offsets").update(dict.fromkeys(offsets, True)),
    "put_counts": lambda ledger, unit, counts: ledger.of("counts").update({(unit.recording, h): (n, dict(r)) for h, (n, r) in counts.items()}),
    "put_baseline": lambda ledger, person, tier, analysis, baseline: ledger.of("baselines").setdefault((tier, baseline.from_ns), baseline),
    "put_device_status": lambda ledger, unit, status: ledger.of("devices").update({(unit.recording, status.t_ns): dict(status.fields)}),
    "put_event": lambda ledger, event: ledger.of("events").update({(event.id, event.revision): event}),
}
"""What each call of a writer promises to a reader. A call that is not here fails the test: a promise nobody checks is none."""


def held(store: LocalStore, person: str) -> Ledger:
    """The same tables as the store's readers give them."""
    ledger = Ledger()
    for unit in store.units(person):
        _beats(ledger, unit, store.recording_beats(unit))
        _grid(ledger, unit, "", store.recording_grid(unit))
        ledger.of("gaps").update({(unit.recording, gap.stream, gap.start_ns): gap for gap in store.recording_gaps(unit)})
        ledger.of("counts").update({(unit.recording, hour): count for hour, count in store.refusals(unit).items()})
        ledger.of("devices").update({(unit.recording, status.t_ns): dict(status.fields) for status in store.device_status(unit)})
        analysis = store.current_analysis(person) or ""
        found = store.latest_snapshot(unit, analysis)
        while found is not None:
            ledger.of("snapshots")[unit.recording, found[0]] = found[1]
            found = store.latest_snapshot(unit, analysis, before_ns=found[0])
    ledger.of("recordings").update({found.unit.recording: found.row for found in store.recordings(person)})
    for row in store.device_episodes(person):
        ledger.of("episodes")[row.episode.id] = row.episode
        if row.lead is not None:
            ledger.of("leads")[row.episode.id] = row.lead
    ledger.of("candidates").update(dict.fromkeys(store.candidates(person, -(1 << 62), 1 << 62), True))
    ledger.of("offsets").update(dict.fromkeys(store.utc_offsets(person), True))
    ledger.of("baselines").update({(row.tier, row.baseline.from_ns): row.baseline for row in store.tier_baselines(person)})
    ledger.of("events").update({(event.id, event.revision): event for event in store.events(person)})
    ledger.of("links").update({(link.event_id, link.episode_id): link for link in store.links(person)})
    ledger.of("metrics").update({metric.event_id: metric for metric in store.event_metrics(person)})
    ledger.of("prompts").update({prompt.id: prompt for prompt in store.prompts(person)})
    return ledger


def differences(promised: Ledger, found: Ledger) -> list[str]:
    """Row by row: what was promised and is not there, is another, or is there and nobody promised it."""
    told = []
    for name in sorted({*promised.tables, *found.tables}):
        mine, yours = promised.tables.get(name, {}), found.tables.get(name, {})
        told += [f"{name} {key}: lost" for key in mine if key not in yours]
        told += [f"{name} {key}: changed" for key in mine if key in yours and mine[key] != yours[key]]
        told += [f"{name} {key}: from nowhere" for key in yours if key not in mine]
    return told


# ---------------------------------------------------------------- whole stores


LAID_BY = ("beats", "grid", "raw", "hours")
"""Tables whose rows move to blobs when their hour is over: compared as readers see them."""


def whole(path: Path, person: str) -> dict[str, Any]:
    """Everything in a store, change numbers apart: what two stores must agree on to be the same.

    Tombstones are compared as what is gone: a replica may be told so twice.
    """
    with LocalStore.open(path, create=False) as store:
        seen = held(store, person)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: _rows(connection, name) for name in names if name not in (*LAID_BY, "counters")}
    connection.close()
    tables["tombstones"] = sorted(set(tables["tombstones"]))
    return {**tables, **{f"{name} as read": seen.tables.get(name, {}) for name in ("beats", "grid")}}


def _rows(connection: sqlite3.Connection, name: str) -> list[str]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[1] != "change"]
    quoted = ", ".join(f'"{column}"' for column in columns)
    return sorted(repr(row) for row in connection.execute(f"SELECT {quoted} FROM {name}"))
