"""Whatever is handed to the program, it ends in words: which input, which line, what to do next; and nothing recorded before is lost.

One table a kind: what cannot be used at all (exit 1), what was asked wrongly (exit 2), and what is odd but is real life (exit 0, counted).
"""

import gzip
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from archived import dump

from somalink.cli.app import main
from somalink.storage import LocalStore, db

META = {"format": "somalink-recording", "version": 1, "person": "ann", "device": "strap", "tier": "B", "start": "2026-03-01T09:00:00+01:00"}


def rows(count: int, *, shift: float = 0.0) -> list[str]:
    """A calm heart: an interval of 800 ms every 0.8 s."""
    return [f"{shift + 0.8 * n:.1f},800" for n in range(1, count + 1)]


def folder(where: Path, *, rr: str | bytes | None = None, meta: object = META, **others: str | bytes) -> Path:
    """A recording folder; `rr` None is a good one. `meta` as text is written as it is."""
    where.mkdir()
    written: dict[str, str | bytes | None] = {"meta.json": meta if isinstance(meta, str | bytes) else json.dumps(meta) if meta is not None else None}
    written["rr.csv"] = "t_s,rr_ms\n" + "\n".join(rows(900)) + "\n" if rr is None else rr
    for name, content in (written | {name.replace("__", "."): content for name, content in others.items()}).items():
        if content is not None:
            (where / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return where


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Typed = Callable[..., Ended]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """The program as typed, in this process. Whatever escapes it as an exception is a failure of the test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["somalink", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        assert "Traceback" not in said.err + said.out
        return Ended(end.value.code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which something is recorded already."""
    where = tmp_path_factory.mktemp("before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["somalink", "replay", str(folder(where / "good")), "--store", str(where / "store.db"), "--no-hrv", "--json"])
        with pytest.raises(SystemExit, match="0"):
            main()
    return where / "store.db"


@pytest.fixture
def store(recorded_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(recorded_once, tmp_path / "store.db"))


# ---------------------------------------------------------------- inputs that cannot be used


def text(where: Path, content: str | bytes) -> Path:
    where.write_bytes(content if isinstance(content, bytes) else content.encode())
    return where


def cut_off(where: Path) -> Path:
    """A packed file of which the end is missing."""
    packed = gzip.compress(("t_s,rr_ms\n" + "\n".join(rows(5000))).encode())
    return folder(where, rr=b"", rr__csv__gz=packed[: len(packed) // 2])


def packed_only(where: Path) -> Path:
    made = cut_off(where)
    (made / "rr.csv").unlink()
    return made


@dataclass(frozen=True)
class Unusable:
    """`make(path)` puts it there; the message names it and says each of `says`."""

    name: str
    make: Callable[[Path], object]
    says: tuple[str, ...]


UNUSABLE = (
    Unusable("that is not there", lambda at: None, ("does not exist",)),
    Unusable("empty folder", lambda at: at.mkdir(), ("has no meta.json",)),
    Unusable("folder without beats or rate", lambda at: folder(at, rr="").joinpath("rr.csv").unlink(), ("neither rr.csv nor hr.csv nor ecg.csv",)),
    Unusable("rr.csv is empty", lambda at: folder(at, rr=""), ("rr.csv, line 1", "is empty")),
    Unusable("rr.csv without its column", lambda at: folder(at, rr="t_s,bpm\n1,60\n"), ("rr.csv, line 1", "no column rr_ms")),
    Unusable("rr.csv is no UTF-8", lambda at: folder(at, rr=b"t_s,rr_ms\n0.8,800\n\xe9\xff,800\n"), ("rr.csv, line 3", "not UTF-8")),
    Unusable("rr.csv is binary", lambda at: folder(at, rr=b"t_s,rr_ms\n\x00\x01\x02\x03\n"), ("rr.csv, line 2", "binary")),
    Unusable("packed rr.csv cut off", packed_only, ("rr.csv.gz", "cut off")),
    Unusable("packed rr.csv that is not packed", lambda at: folder(at, rr__csv__gz="t_s,rr_ms\n").joinpath("rr.csv").unlink(), ("rr.csv.gz", "gzip")),
    Unusable("rr.csv in seconds", lambda at: folder(at, rr="t_s,rr_ms\n" + "\n".join(f"{n},0.8" for n in range(99))), ("rr.csv, line 2", "look like seconds")),
    Unusable("rr.csv of heart rates", lambda at: folder(at, rr="t_s,rr_ms\n" + "\n".join(f"{n},72" for n in range(99))), ("rr.csv, line 2", "in bpm")),
    Unusable("meta.json cut off", lambda at: folder(at, meta='{"format": "somalink-recording",\n "version": 1,'), ("meta.json, line 2", "not JSON")),
    Unusable("meta.json is a list", lambda at: folder(at, meta=[]), ("meta.json", "not a JSON object")),
    Unusable("meta.json of something else", lambda at: folder(at, meta={**META, "format": "fit"}), ("meta.json", "format")),
    Unusable("meta.json of a later version", lambda at: folder(at, meta={**META, "version": 9}), ("meta.json", "version is 9")),
    Unusable("nobody's", lambda at: folder(at, meta={**META, "person": ""}), ("meta.json", "person")),
    Unusable("start without offset", lambda at: folder(at, meta={**META, "start": "2026-03-01T09:00:00"}), ("meta.json", "no offset")),
    Unusable("start that is no time", lambda at: folder(at, meta={**META, "start": "yesterday"}), ("meta.json", "ISO 8601")),
    Unusable("unknown zone", lambda at: folder(at, meta={**META, "tz": "Mars/Olympus"}), ("meta.json", "Mars/Olympus")),
    Unusable("unknown tier", lambda at: folder(at, meta={**META, "tier": "Z"}), ("meta.json", "tier")),
    Unusable("acc.csv without its columns", lambda at: folder(at, acc__csv="t_s,x\n0,1\n"), ("acc.csv, line 1", "x_mg")),
    Unusable("events.csv with a torn quote", lambda at: folder(at, events__csv='t_s,kind,note\n1,other,"a\n' + "x" * 140_000), ("events.csv", "field")),
    Unusable("text file that is empty", lambda at: text(at, ""), ("is empty",)),
    Unusable("text file of words", lambda at: text(at, "dear diary\nnothing today\n"), ("line 1", "no interval")),
    Unusable("text file of heart rates", lambda at: text(at, "\n".join(["72", "74", "71"] * 20)), ("line 1", "bpm")),
    Unusable("text file of zeros", lambda at: text(at, "0\n" * 50), ("line 1",)),
    Unusable("text file of binary", lambda at: text(at, bytes(range(256)) * 4), ("line",)),
)


@pytest.mark.parametrize("spoilt", UNUSABLE, ids=lambda spoilt: spoilt.name)
def test_an_input_that_cannot_be_used_is_named_with_what_to_do(spoilt: Unusable, typed: Typed, store: Path, tmp_path: Path):
    before = dump(store)
    spoilt.make(tmp_path / "given")
    ended = typed("replay", tmp_path / "given", "--store", store, "--json", "--no-hrv")
    held_to_form(ended, 1)
    assert str(tmp_path / "given") in ended.err and all(said in ended.err for said in spoilt.says), ended.err
    assert dump(store) == before


def held_to_form(ended: Ended, code: int) -> None:
    """Our own errors: two lines, what and next; nothing on stdout, which belongs to results."""
    assert ended.code == code and ended.out == "", ended
    assert [line.split(":")[0].strip() for line in ended.err.splitlines()[-2:]] == ["somalink", "next"], ended.err


def test_one_bad_path_among_good_ones_keeps_all_of_them_out(typed: Typed, store: Path, tmp_path: Path):
    before = dump(store)
    good = folder(tmp_path / "good", meta={**META, "start": "2026-03-02T09:00:00+01:00"})
    ended = typed("import", good, tmp_path / "nothing", "--store", store)
    held_to_form(ended, 1)
    assert dump(store) == before


def test_a_file_nobody_may_read_is_named(typed: Typed, store: Path, tmp_path: Path):
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    closed = folder(tmp_path / "closed")
    (closed / "rr.csv").chmod(0)
    ended = typed("replay", closed, "--store", store)
    held_to_form(ended, 1)
    assert "rr.csv" in ended.err and "permission" in ended.err.lower()


def test_a_disk_that_fails_while_reading_is_named(typed: Typed, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spoilt, read_bytes = folder(tmp_path / "given"), Path.read_bytes

    def fails(path: Path) -> bytes:
        if path.name == "rr.csv":
            raise OSError(5, "Input/output error", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", fails)
    ended = typed("replay", spoilt, "--store", store)
    held_to_form(ended, 1)
    assert "rr.csv" in ended.err and "Input/output error" in ended.err


# ---------------------------------------------------------------- inputs that are odd, and are real life


@dataclass(frozen=True)
class Odd:
    """Rows that are kept, flagged or refused: `refused` by reason, and what is said aside."""

    name: str
    lines: tuple[str, ...]
    refused: dict[str, int]
    says: str = ""


GOOD = tuple(rows(900))
ODD = (
    Odd("truncated in its last row", (*GOOD[:-1], "719.2,"), {"not_a_number": 1}, "first in line 901"),
    Odd("two rows changed places", (*GOOD[:400], GOOD[401], GOOD[400], *GOOD[402:]), {"back_in_time": 1}, "first in line 403"),
    Odd("every row twice", tuple(line for line in GOOD for _ in range(2)), {}),
    Odd("negative", (*GOOD[:100], "80.8,-800", *GOOD[101:]), {"not_positive": 1}, "first in line 102"),
    Odd("not a number", (*GOOD[:100], "80.8,nan", "81.6,inf", "82.4,x", *GOOD[103:]), {"not_a_number": 3}, "first in line 102"),
    Odd("absurd", (*GOOD[:100], "80.8,64001", "81.6,1e300", "82.4,6500", *GOOD[103:]), {"too_long": 2}, "first in line 102"),
    Odd("a time of another century", (*GOOD[:100], "1.7e9,800", *GOOD[101:]), {"not_a_number": 1}, "first in line 102"),
)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_odd_rows_are_counted_named_and_the_rest_is_kept(odd: Odd, typed: Typed, tmp_path: Path):
    given = folder(tmp_path / "given", rr="t_s,rr_ms\n" + "\n".join(odd.lines) + "\n")
    ended = typed("replay", given, "--store", tmp_path / "new.db", "--json", "--no-hrv")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert told["beats_received"] == len(odd.lines)
    assert told["beats_received"] == told["beats_stored"] + sum(told["beats_refused"].values())
    if odd.refused:
        assert told["beats_refused"] == odd.refused
    assert odd.says in ended.err


# ---------------------------------------------------------------- stores that cannot be used


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another program is in the middle of writing."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def recording_now(file: Path) -> Iterator[None]:
    """Another engine records the same person on the same device."""
    with LocalStore.open(file) as other, other.engine_lock("ann", "strap"):
        yield


@contextmanager
def damaged(file: Path) -> Iterator[None]:
    """Every page but the first is noise."""
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    yield


@contextmanager
def something_else(file: Path) -> Iterator[None]:
    file.write_bytes(b"this is a letter, not a store\n" * 300)
    yield


@contextmanager
def of_another_program(file: Path) -> Iterator[None]:
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE recipes (name)")
        other.commit()
    yield


@contextmanager
def from_the_future(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 999")
    yield


@contextmanager
def a_folder(file: Path) -> Iterator[None]:
    file.unlink()
    file.mkdir()
    yield


STORES = (
    (held, "another process holds the store", ("replay",)),
    (recording_now, "another engine", ("replay",)),
    (damaged, "damaged", ("replay", "export")),
    (something_else, "not a somalink store", ("replay", "export", "status")),
    (of_another_program, "another program", ("replay", "export", "status")),
    (from_the_future, "version 999", ("replay", "export", "status")),
    (a_folder, "folder", ("replay", "export", "status")),
)


@pytest.mark.parametrize(("spoil", "says", "command"), [(spoil, says, command) for spoil, says, commands in STORES for command in commands])
def test_a_store_in_trouble_is_named_and_left_as_it_is(spoil, says, command, typed: Typed, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(db, "BUSY_MS", 50)
    given = folder(tmp_path / "given", meta={**META, "start": "2026-03-02T09:00:00+01:00"})
    words = {"replay": ("replay", given, "--no-hrv"), "export": ("export", "--out", tmp_path / "out"), "status": ("status",)}[command]
    with spoil(store):
        bytes_before = store.read_bytes() if store.is_file() else b""
        ended = typed(*words, "--store", store, "--json")
        held_to_form(ended, 1)
        assert str(store) in ended.err and says in ended.err, ended.err
        if store.is_file() and spoil is not held:
            assert store.read_bytes() == bytes_before


def test_a_disk_that_is_full_says_so_and_what_was_recorded_stays(typed: Typed, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = dump(store)
    given = folder(tmp_path / "given", rr="t_s,rr_ms\n" + "\n".join(rows(20_000)), meta={**META, "start": "2026-03-02T09:00:00+01:00"})
    connect = db.Database._connect

    def small(path: Path, read_only: bool) -> sqlite3.Connection:
        made = connect(path, read_only)
        made.execute("PRAGMA max_page_count = 1")  # SQLite takes this as: not a page more than there are
        return made

    monkeypatch.setattr(db.Database, "_connect", staticmethod(small))
    ended = typed("replay", given, "--store", store, "--json", "--no-hrv")
    held_to_form(ended, 1)
    assert str(store) in ended.err and "disk is full" in ended.err
    monkeypatch.undo()
    after = dump(store)
    assert all(set(rows_before) <= set(after[name]) for name, rows_before in before.items() if name in ("beats", "gaps", "hours", "episodes", "events"))


@pytest.mark.parametrize("words", [("export", "--out", "out"), ("status",), ("show", "--out", "day.html"), ("why", "--at", "2026-03-01T09:05:00+01:00")])
def test_a_store_that_is_not_there_is_not_made_by_reading(words: tuple[str, ...], typed: Typed, tmp_path: Path):
    ended = typed(*words, "--store", tmp_path / "missing.db")
    held_to_form(ended, 1)
    assert str(tmp_path / "missing.db") in ended.err and not (tmp_path / "missing.db").exists()


# ---------------------------------------------------------------- questions that do not fit, and settings that cannot be read

ASKED_WRONGLY = (
    (("replay", "GIVEN", "--speed", "abc"), ("--speed", "abc"), 2),
    (("replay", "GIVEN", "--speed", "0"), ("--speed", "0"), 2),
    (("replay", "GIVEN", "--speed", "nan"), ("--speed", "nan"), 2),
    (("replay", "GIVEN", "--start", "2026-03-01T09:00:00"), ("--start", "time zone"), 2),
    (("replay", "GIVEN", "--start", "soon"), ("--start", "soon"), 2),
    (("replay", "GIVEN", "--baseline", "nobody.json"), ("nobody.json",), 1),
    (("replay", "GIVEN", "--baseline", "GIVEN"), ("baseline",), 1),
    (("export", "--out", "out", "--what", "beats,dreams"), ("dreams",), 2),
    (("export", "--out", "out", "--format", "xls"), ("xls",), 2),
    (("export", "--out", "out", "--person", "bob"), ("bob", "ann"), 2),
    (("export", "--out", "STORE"), ("store.db",), 1),
    (("replay", "GIVEN", "--baseline", "recording"), ("another baseline",), 2),
    (("export",), ("--out",), 2),
    (("replay", "GIVEN", "--sped", "1"), ("--sped",), 2),
    (("rewind",), ("rewind",), 2),
)


@pytest.mark.parametrize(("words", "says", "code"), ASKED_WRONGLY, ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value))
def test_a_question_that_does_not_fit_ends_in_words(words: tuple[str, ...], says: tuple[str, ...], code: int, typed: Typed, store: Path, tmp_path: Path):
    before = dump(store)
    given = folder(tmp_path / "given", meta={**META, "start": "2026-03-02T09:00:00+01:00"})
    places = {"GIVEN": str(given), "STORE": str(store)}
    chosen = ("--store", store) if words[0] != "rewind" else ()
    ended = typed(*(places.get(word, word) for word in words), *chosen)
    assert ended.code == code and ended.out == "", ended
    assert all(said in ended.err for said in says), ended.err
    assert dump(store) == before


SETTINGS = (
    ("no TOML", b"store = \n", ("line 1",)),
    ("no UTF-8", b"person = '\xe9'\n", ("config.toml",)),
    ("an unknown key", b"perosn = 'ann'\n", ("perosn",)),
    ("a wrong type", b"person = 3\n", ("person",)),
)


@pytest.mark.parametrize(("name", "content", "says"), SETTINGS, ids=lambda value: value if isinstance(value, str) else "")
def test_settings_that_cannot_be_read_are_named(
    name: str, content: bytes, says: tuple[str, ...], typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOMALINK_CONFIG", str(text(tmp_path / "config.toml", content)))
    ended = typed("status")
    held_to_form(ended, 1)
    assert "config.toml" in ended.err and all(said in ended.err for said in says), ended.err


def test_settings_that_were_asked_for_and_are_not_there_are_named(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOMALINK_CONFIG", str(tmp_path / "none.toml"))
    ended = typed("status")
    held_to_form(ended, 1)
    assert "none.toml" in ended.err
