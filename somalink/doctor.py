"""What a person can check before asking for help: Python, settings, time zone, disk, store, clocks, Bluetooth.

Looks and says; repairs nothing, writes nothing. Every finding has words and, where something is wrong, a next step. What it
looks at comes in as `Surroundings`, so that a broken machine can be tried without one.
"""

import ctypes
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ingest.ble.checking import Finding, look_now
from ingest.devices.catalogue import named
from somalink.config import Config, load
from somalink.domain.errors import BluetoothUnavailable, ConfigError, SomalinkError, StoreError
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


BLUETOOTH = "Bluetooth"


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing that is wanted here fails by it."""
    FAILED = "failed"
    """Something will not work as it should."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    level: Level
    words: str
    next_step: str = ""

    @property
    def ok(self) -> bool:
        return self.level is not Level.FAILED


def well(name: str, words: str) -> Check:
    return Check(name, Level.OK, words)


def failed(name: str, words: str, next_step: str) -> Check:
    return Check(name, Level.FAILED, words, next_step)


# ---------------------------------------------------------------- what is looked at


def boot_ns() -> int | None:
    """The clock that runs on through suspend; None where there is none."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime_ns(clock)


TIME_ERROR = 5
"""What adjtimex(2) returns while nobody keeps the clock right."""
TIMEX_BYTES = 512
"""More than any system's `struct timex`; zeros in it ask for nothing to be changed."""


def synchronised() -> bool | None:
    """Whether the kernel says that network time keeps the clock; None where it does not say."""
    if sys.platform != "linux":
        return None
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The machine as the checks see it. `strap`: one that is worn here, by its name; without one Bluetooth is not needed."""

    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    config_file: Path | None = None
    python: tuple[int, ...] = tuple(sys.version_info[:3])
    utc_ns: Callable[[], int] = time.time_ns
    mono_ns: Callable[[], int] = time.monotonic_ns
    boot_ns: Callable[[], int | None] = boot_ns
    synchronised: Callable[[], bool | None] = synchronised
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    bluetooth: Callable[[], Finding] = look_now
    strap: str = ""


def examine(around: Surroundings | None = None) -> list[Check]:
    """Every check in the order a person would act on them; never raises for what it finds."""
    around = around or Surroundings()
    utc, mono = around.utc_ns(), around.mono_ns()
    config, settings = _settings(around)
    checks = [_python(around), *settings]
    if config is not None:
        checks += [_zone(config, utc), _disk(config.store, around), *_store(config.store)]
    return [*checks, _clock(utc, mono, around), _network_time(around), _sleep(around), _bluetooth(around)]


def exit_code(checks: Sequence[Check]) -> int:
    """0; where Bluetooth alone has failed, the code of every command that finds none; else 1."""
    bad = {check.name for check in checks if not check.ok}
    if not bad:
        return 0
    return BluetoothUnavailable.exit_code if bad == {BLUETOOTH} else SomalinkError.exit_code


def _python(around: Surroundings) -> Check:
    found = ".".join(map(str, around.python))
    if around.python < PYTHON:
        return failed("Python", f"{found} is too old", "install Python 3.11 or newer and set somalink up again with it")
    return well("Python", found)


def _settings(around: Surroundings) -> tuple[Config | None, list[Check]]:
    try:
        config = load(around.config_file, env=around.env)
    except ConfigError as error:
        return None, [failed("settings", error.what, error.next_step)]
    words = str(config.file) if config.file.exists() else f"none written yet, defaults hold; they would be in {config.file}"
    return config, [well("settings", words)]


def _zone(config: Config, utc_ns: int) -> Check:
    """The zone was resolved when the settings were read; here the person sees whether it is the right one."""
    local = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC).astimezone(config.zone)
    return well("time zone", f"{config.tz}: it is {local:%H:%M} there now")


def _clock(utc_ns: int, mono_ns: int, around: Surroundings) -> Check:
    """UTC is plausible, and moved as the monotonic clock did while the other checks ran."""
    if not EARLIEST_NS <= utc_ns < LATEST_NS:
        return failed("clock", f"it says {iso(utc_ns)}, which cannot be", "set the clock, or switch network time on")
    utc_moved, mono_moved = around.utc_ns() - utc_ns, around.mono_ns() - mono_ns
    if mono_moved < 0:
        return failed("clock", "the monotonic clock went back", "restart the machine; a virtual one may need its clock source changed")
    if abs(utc_moved - mono_moved) > STEP_NS:
        return failed("clock", "UTC was stepped while looking", "wait until network time has settled, then look again")
    return well("clock", f"{iso(utc_ns)} UTC")


def _network_time(around: Surroundings) -> Check:
    kept = around.synchronised()
    if kept is None:
        return well("network time", "this system does not tell whether it keeps the clock")
    if kept:
        return well("network time", "it keeps the clock")
    words = "nobody keeps the clock: intervals stay exact, but a moment may be dated apart from what your phone calls it"
    return Check("network time", Level.NOTE, words, "switch network time on: `sudo timedatectl set-ntp true`")


def _sleep(around: Surroundings) -> Check:
    """How a gap is told when the computer slept; that there is one never depends on it."""
    if around.boot_ns() is None:
        words = "no clock here runs on through it: a recording that slept goes on as if its clock had been set (`clock_step`)"
        return Check("sleep", Level.NOTE, words, "keep this computer awake while you record")
    return well("sleep", "a clock runs on through it: what was missed meanwhile is a gap of the right length")


def _bluetooth(around: Surroundings) -> Check:
    """Needed by whoever wears a strap; to everybody else worth a note."""
    found = around.bluetooth()
    if found.trouble is None:
        return well(BLUETOOTH, f"{found.words}{_told_to_send(around.strap)}")
    if around.strap:
        return failed(BLUETOOTH, f"{found.words}; {around.strap} cannot be heard", found.trouble.next_step)
    return Check(BLUETOOTH, Level.NOTE, f"{found.words}; it is needed once a strap is worn", found.trouble.next_step)


def _told_to_send(strap: str) -> str:
    """A watch that is worn here is silent until it is told to share its heart rate, which no scan can find out."""
    family = named(strap)
    if family is None or not family.broadcasting:
        return ""
    return f"; {strap} sends once it is told to: `somalink devices {family.id}` says how"


def _disk(store: Path, around: Surroundings) -> Check:
    folder = next(parent for parent in store.absolute().parents if parent.exists())
    free = around.free_bytes(folder)
    words = f"{free / (1 << 30):.1f} GiB free for {store}"
    if free < FREE_WARN:
        return failed("disk", words, "make room: a recording stops when the disk is full, what is recorded stays")
    return well("disk", words)


# ---------------------------------------------------------------- the store


def _store(store: Path) -> list[Check]:
    if not store.exists():
        return [well("store", f"none yet; the first recording makes {store}")]
    private, content = _mode(store), _content(store)
    return [private, content] if content.ok else [content]


def _mode(store: Path) -> Check:
    """Health data is nobody else's: the store and the files SQLite keeps beside it are 0600. Asked of what is a store: other files are not ours."""
    beside = sorted(path for path in store.parent.glob(store.name + "*") if path.is_file())
    open_to_others = [path for path in beside if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others and os.name == "posix":
        names = " ".join(map(str, open_to_others))
        return failed("store is private", f"others on this machine may read {names}", f"chmod 600 {names}")
    return well("store is private", "readable by you alone")


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
        return failed("store", error.what, error.next_step)
    if verdict != "ok":
        return failed("store", f"{store} is damaged: {verdict}", "copy the file, then restore a backup or replay your recordings into a new store")
    if version and program != APPLICATION_ID:
        return failed("store", f"{store} is a database of another program", "name another file in the settings: store")
    return _version(store, version)


def _version(store: Path, version: int) -> Check:
    known = len(STEPS)
    words = f"{store}, version {version}, {store.stat().st_size / (1 << 20):.1f} MiB"
    if version > known:
        return failed("store", f"{words}; this program knows {known}", "update somalink; the store was left as it is")
    if version < known:
        return well("store", f"{words}; the next command that writes brings it to version {known} and keeps a backup")
    return well("store", words)
