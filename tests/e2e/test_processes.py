"""Several processes on one store: an engine, people who say something, readers; and a store that somebody or something has damaged."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import crash
import numpy as np
import pytest

from ingest.simulate import write_recordings
from somalink.cli.app import main
from somalink.domain.errors import StoreError
from somalink.domain.time import DAY_NS, MINUTE_NS
from somalink.domain.types import Event, Rating, Setting
from somalink.pipeline.intake import from_path
from somalink.storage.db import BUSY_MS
from somalink.storage.local import LocalStore

pytestmark = pytest.mark.e2e

PERSON = "ada"
SAID = 200
NOBODY = 65534


@dataclass(frozen=True)
class Lab:
    killer: crash.Killer
    recording: Path
    store: Path
    """The recording replayed, nobody else about."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("processes")
    (day,) = write_recordings(folder / "days", PERSON, datetime.fromisoformat("2026-03-02T07:00:00+01:00"), 1, seed=1)
    recording = crash.cut(day, folder / "recording", 0, 4 * 3600, "2026-03-02T07:00:00+01:00")
    with crash.killer(crash.build_shim(folder)) as killer:
        assert killer.run(recording, folder / crash.STORE).code == 0
        yield Lab(killer, recording, folder / crash.STORE)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`typed("status", ...)`: the program in this process, while others run."""

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["somalink", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, said.out, said.err)

    return run


# ---------------------------------------------------------------- an engine and people who say something


def say(path: Path, recording: Path, among: threading.Thread | None = None) -> list[float]:
    """Tags, ratings and settings in turn, each in a transaction of its own; how long each took, in seconds.

    `among` whose writes they fall: every fourth waits until that one has written something too, while it lives.
    """
    row = from_path(recording).row
    assert row.stop_ns is not None
    received = row.stop_ns + DAY_NS
    took = []
    with LocalStore.open(path) as store:
        for k in range(SAID):
            began = time.perf_counter()
            at = row.start_ns + k * MINUTE_NS
            change = store.change
            with store.transaction() as write:
                if k % 4 == 1:
                    write.put_rating(Rating(f"rating-{k}", PERSON, at, "distress", k % 11, received))
                elif k % 4 == 2:
                    write.put_setting(Setting(PERSON, "prompt_on", str(k), received, k))
                else:
                    write.put_event(Event(f"tag-{k}", PERSON, "conflict", at, at, received, distress=k % 11))
            took.append(time.perf_counter() - began)
            while among is not None and among.is_alive() and k % 4 == 0 and store.change == change + 1:
                time.sleep(0.001)
    return took


def test_what_is_said_while_a_replay_runs_is_kept_and_ends_in_the_links_it_would_have_had_before(lab, tmp_path) -> None:
    before, during = tmp_path / "before" / crash.STORE, tmp_path / "during" / crash.STORE
    for path in (before, during):
        path.parent.mkdir()
        LocalStore.open(path).close()
    say(before, lab.recording)
    assert lab.killer.run(lab.recording, before).code == 0

    ends: list[int] = []
    replay = threading.Thread(target=lambda: ends.append(lab.killer.run(lab.recording, during).code))
    replay.start()
    took = say(during, lab.recording, among=replay)
    replay.join()
    assert ends == [0]
    assert max(took) < BUSY_MS / 1000
    with sqlite3.connect(during) as connection:
        said = [change for (change,) in connection.execute("SELECT change FROM events UNION SELECT change FROM ratings UNION SELECT change FROM settings")]
    connection.close()
    assert len(said) == SAID + 1, "and the tag that came with the recording"
    assert max(said) - min(said) > SAID + 20, "they took turns: many change numbers in between are the engine's"

    # The last word may have come after the links were made: the next replay of the same finds them wanting, and settles.
    assert lab.killer.run(lab.recording, during).code == 0
    ended = crash.whole(during, PERSON)
    assert ended == crash.whole(before, PERSON)
    assert len(ended["links"]) >= SAID // 2 and len(ended["ratings"]) == len(ended["settings"]) == SAID // 4


def test_a_second_engine_is_refused_until_the_first_is_killed_and_everybody_else_goes_on(lab, tmp_path, typed, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / crash.STORE
    shutil.copy2(lab.store, path)
    later = tmp_path / "later"
    shutil.copytree(lab.recording, later, ignore=shutil.ignore_patterns("events.csv"))
    (later / "meta.json").write_text((later / "meta.json").read_text().replace("2026-03-02", "2026-03-03"))
    words = ["replay", str(later), "--store", str(path), "--no-hrv", "--json"]
    program = [sys.executable, "-c", "from somalink.cli import main; main()", *words, "--speed", "100"]
    with subprocess.Popen(program, env={**os.environ, "PYTHONPATH": str(crash.ROOT)}, stdout=subprocess.DEVNULL) as first:
        try:
            _wait_until_recording(path)
            second = typed(*words)
            assert second.code == 1 and second.out == ""
            assert "another engine already records ada" in second.err and "next:" in second.err
            assert typed("rate", "distress", "4", "--store", path).code == 0
            assert typed("status", "--store", path, "--json").code == 0
            assert typed("export", "--store", path, "--what", "beats,indices", "--out", tmp_path / "out").code == 0
            assert len((tmp_path / "out" / "beats.csv").read_text().splitlines()) > 10_000
            assert first.poll() is None
        finally:
            first.send_signal(signal.SIGKILL)
    assert typed(*words).code == 0


def _wait_until_recording(path: Path) -> None:
    """Until the second recording has been put down."""
    for _ in range(600):
        with LocalStore.open(path, read_only=True) as store:
            if len(store.recordings(PERSON)) == 2:
                return
        time.sleep(0.05)
    raise AssertionError("the first engine never began")


def test_readers_see_the_store_as_it_was_and_at_once_however_long_a_write_lasts(lab, tmp_path) -> None:
    path = tmp_path / crash.STORE
    shutil.copy2(lab.store, path)
    with LocalStore.open(path) as writer, LocalStore.open(path, read_only=True) as reader:
        before = reader.totals()
        with writer.transaction() as write:
            unit = writer.units(PERSON)[0]
            write.put_beats(unit, _a_while_later(writer.recording_beats(unit), DAY_NS))
            began = time.perf_counter()
            assert reader.totals() == before
            assert time.perf_counter() - began < BUSY_MS / 1000 / 2
        assert reader.totals()["beats_stored"] == 2 * before["beats_stored"]


def _a_while_later(beats, by_ns: int):
    """The same heart a while later."""
    return type(beats)(beats.t_ns + by_ns, beats.rr_ticks, beats.flag, beats.segment + by_ns)


# ---------------------------------------------------------------- a store that was damaged


def _noise(whole: bytearray, page: int, rng: np.random.Generator) -> None:
    whole[page * 4096 : (page + 1) * 4096] = rng.bytes(4096)


def _turned_bits(whole: bytearray, page: int, rng: np.random.Generator) -> None:
    for at in rng.integers(0, 4096, 5).tolist():
        whole[page * 4096 + at] ^= 1 << int(rng.integers(8))


def _cut_short(whole: bytearray, page: int, rng: np.random.Generator) -> None:
    del whole[page * 4096 :]


@pytest.mark.parametrize("harm", [_noise, _turned_bits, _cut_short], ids=["noise", "bits", "cut"])
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 8])
def test_a_page_that_was_harmed_is_harmless_or_ends_in_words(lab, tmp_path, harm, every: int) -> None:
    whole, rng = lab.store.read_bytes(), np.random.default_rng(5)
    with LocalStore.open(lab.store, read_only=True) as store:
        good = crash.held(store, PERSON)
    path, told = tmp_path / crash.STORE, 0
    for page in range(1, len(whole) // 4096, every):
        harmed = bytearray(whole)
        harm(harmed, page, rng)
        path.write_bytes(harmed)
        read = _read(path)
        if isinstance(read, crash.Ledger):
            # Rows of SQLite bear no checksum of their own; hours, which are nearly all of a store, do: what they give back is right.
            assert all(read.tables[name].items() <= good.tables[name].items() for name in ("beats", "grid") if name in read.tables)
        else:
            assert "backup" in read.next_step
            told += 1
        for side in tmp_path.glob(f"{crash.STORE}?*"):
            side.unlink()
    assert told


def _read(path: Path) -> crash.Ledger | StoreError:
    """All that the readers give, or what they say instead."""
    try:
        with LocalStore.open(path, read_only=True) as store:
            store.totals()
            return crash.held(store, PERSON)
    except StoreError as error:
        return error


def test_a_log_that_was_cut_short_gives_back_every_transaction_before_the_cut(lab, tmp_path) -> None:
    path = tmp_path / crash.STORE
    story = lab.killer.run(lab.recording, path, at=400)
    assert story.code == crash.KILLED
    log = path.with_name(f"{path.name}-wal")
    whole, kept = log.read_bytes(), []
    for share in (0.0, 0.3, 0.6, 1.0):
        look = crash.copied(path, tmp_path / str(share))
        look.with_name(log.name).write_bytes(whole[: int(len(whole) * share)])
        with contextlib.suppress(StoreError), LocalStore.open(look) as store:
            kept.append(store.totals()["beats_stored"])
    assert kept == sorted(kept) and kept[-1] > 0


@pytest.fixture
def shelf(lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store in a folder that whoever runs this may not write; the superuser is somebody else meanwhile."""
    superuser = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / crash.STORE
        shutil.copy2(lab.store, path)
        if superuser:
            os.chown(path, NOBODY, NOBODY)
        folder.chmod(0o555)
        try:
            if superuser:
                os.setresuid(NOBODY, NOBODY, 0)
            yield path
        finally:
            if superuser:
                os.setresuid(0, 0, 0)
            folder.chmod(0o700)


def test_a_store_in_a_folder_that_may_not_be_written_can_still_be_read(lab, shelf) -> None:
    with LocalStore.open(shelf, read_only=True) as store:
        assert store.totals()["beats_stored"] > 10_000
    with pytest.raises(StoreError) as refused, LocalStore.open(shelf) as store, store.engine_lock(PERSON, "strap"):
        pass
    assert str(shelf.parent) in refused.value.what and "folder" in refused.value.next_step
