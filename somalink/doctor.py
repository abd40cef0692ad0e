"""What a person can check before asking for help: Python, clock, disk, settings, time zone, store.

Looks and says; repairs nothing, writes nothing. Every finding has words and, where something is wrong, a next step. What it
looks at comes in as `Surroundings`, so that a broken machine can be tried without one.
"""

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from somalink.config import Config, load
from somalink.domain.errors import ConfigError, StoreError
from somalink.domain.time import SECOND_NS, iso
from somalink.storage.db import Database
from somalink.storage.schema import APPLICATION_ID, STEPS

PYTHON = (3, 11)
EARLIEST_NS = 1_767_225_600 * SECOND_NS
"""2026-01-01: this program did not exist before; a clock that says so has lost its battery or its network time."""
LATEST_NS = 4_102_444_800 * SECOND_NS
"""2100-01-01: int64 nanoseconds reach 2262, but nobody records in the next century yet."""
STEP_NS = SECOND_NS
"""A UTC step of more than 1 s breaks a recording (contracts, section 2)."""
FREE_WARN = 1 << 30
"""A wearer's year is 200 MB; a migration copies the store first. 1 GiB leaves room for both and for the system."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `ok` False means something will not work as it should."""

    name: str
    ok: bool
    words: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The machine as the checks see it."""

    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    config_file: Path | None = None
    python: tuple[int, ...] = tuple(sys.version_info[:3])
    utc_ns: Callable[[], int] = time.time_ns
    mono_ns: Callable[[], int] = time.monotonic_ns
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free


def examine(around: Surroundings | None = None) -> list[Check]:
    """Every check in the order a person would act on them; never raises for what it finds."""
    around = around or Surroundings()
    utc, mono = around.utc_ns(), around.mono_ns()
    config, settings = _settings(around)
    checks = [_python(around), *settings]
    if config is not None:
        checks += [_zone(config, utc), _disk(config.store, around), *_store(config.store)]
    return [*checks, _clock(utc, mono, around), BLUETOOTH]


BLUETOOTH = Check("Bluetooth", True, "not looked at: it comes with `somalink run`")


def _python(around: Surroundings) -> Check:
    found = ".".join(map(str, around.python))
    if around.python < PYTHON:
        return Check("Python", False, f"{found} is too old", "install Python 3.11 or newer and set somalink up again with it")
    return Check("Python", True, found)


def _settings(around: Surroundings) -> tuple[Config | None, list[Check]]:
    try:
        config = load(around.config_file, env=around.env)
    except ConfigError as error:
        return None, [Check("settings", False, error.what, error.next_step)]
    words = str(config.file) if config.file.exists() else f"none written yet, defaults hold; they would be in {config.file}"
    return config, [Check("settings", True, words)]


def _zone(config: Config, utc_ns: int) -> Check:
    """The zone was resolved when the settings were read; here the person sees whether it is the right one."""
    local = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC).astimezone(config.zone)
    return Check("time zone", True, f"{config.tz}: it is {local:%H:%M} there now")


def _clock(utc_ns: int, mono_ns: int, around: Surroundings) -> Check:
    """UTC is plausible, and moved as the monotonic clock did while the other checks ran."""
    if not EARLIEST_NS <= utc_ns < LATEST_NS:
        return Check("clock", False, f"it says {iso(utc_ns)}, which cannot be", "set the clock, or switch network time on")
    utc_moved, mono_moved = around.utc_ns() - utc_ns, around.mono_ns() - mono_ns
    if mono_moved < 0:
        return Check("clock", False, "the monotonic clock went back", "restart the machine; a virtual one may need its clock source changed")
    if abs(utc_moved - mono_moved) > STEP_NS:
        return Check("clock", False, "UTC was stepped while looking", "wait until network time has settled, then look again")
    return Check("clock", True, f"{iso(utc_ns)} UTC")


def _disk(store: Path, around: Surroundings) -> Check:
    folder = next(parent for parent in store.absolute().parents if parent.exists())
    free = around.free_bytes(folder)
    words = f"{free / (1 << 30):.1f} GiB free for {store}"
    if free < FREE_WARN:
        return Check("disk", False, words, "make room: a recording stops when the disk is full, what is recorded stays")
    return Check("disk", True, words)


# ---------------------------------------------------------------- the store


def _store(store: Path) -> list[Check]:
    if not store.exists():
        return [Check("store", True, f"none yet; the first recording makes {store}")]
    private, content = _mode(store), _content(store)
    return [private, content] if content.ok else [content]


def _mode(store: Path) -> Check:
    """Health data is nobody else's: the store and the files SQLite keeps beside it are 0600. Asked of what is a store: other files are not ours."""
    beside = sorted(path for path in store.parent.glob(store.name + "*") if path.is_file())
    open_to_others = [path for path in beside if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others and os.name == "posix":
        names = " ".join(map(str, open_to_others))
        return Check("store is private", False, f"others on this machine may read {names}", f"chmod 600 {names}")
    return Check("store is private", True, "readable by you alone")


def _content(store: Path) -> Check:
    """Opens the store as a reader does; a damaged, foreign or newer one is left as it is."""
    try:
        database = Database(store, read_only=True)
        try:
            verdict = database.value("PRAGMA quick_check(1)")
            version, program = database.value("PRAGMA user_version"), database.value("PRAGMA application_id")
        finally:
            database.close()
    except StoreError as error:
        return Check("store", False, error.what, error.next_step)
    if verdict != "ok":
        return Check("store", False, f"{store} is damaged: {verdict}", "copy the file, then restore a backup or replay your recordings into a new store")
    if version and program != APPLICATION_ID:
        return Check("store", False, f"{store} is a database of another program", "name another file in the settings: store")
    return _version(store, version)


def _version(store: Path, version: int) -> Check:
    known = len(STEPS)
    words = f"{store}, version {version}, {store.stat().st_size / (1 << 20):.1f} MiB"
    if version > known:
        return Check("store", False, f"{words}; this program knows {known}", "update somalink; the store was left as it is")
    if version < known:
        return Check("store", True, f"{words}; the next command that writes brings it to version {known} and keeps a backup")
    return Check("store", True, words)
