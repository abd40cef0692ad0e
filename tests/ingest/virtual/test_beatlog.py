"""What a heart really did is written line by line, for its owner alone, and can be read while it grows."""

import json
import stat
import time
from itertools import pairwise
from pathlib import Path

from ingest.virtual.beatlog import BeatLog, boot_ns


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_can_be_read_as_soon_as_it_is_written(tmp_path):
    with BeatLog(tmp_path / "beats") as log:
        log.write("beat", 5, 1, n=0, ticks=1024, sent=None)
        assert rows(tmp_path / "beats") == [{"t": 5, "what": "beat", "strap": 1, "n": 0, "ticks": 1024, "sent": None}]
        log.write("end", 6, 2, beats=1, sent=0)
        assert len(rows(tmp_path / "beats")) == 2


def test_heartbeats_are_their_owners_alone(tmp_path):
    with BeatLog(tmp_path / "beats"):
        assert stat.S_IMODE((tmp_path / "beats").stat().st_mode) == 0o600


def test_a_program_that_is_started_again_adds_to_its_log(tmp_path):
    for number in (1, 2):
        with BeatLog(tmp_path / "beats") as log:
            log.write("start", number, 1)
    assert [row["t"] for row in rows(tmp_path / "beats")] == [1, 2]


def test_without_a_path_nothing_is_written_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with BeatLog() as log:
        log.write("beat", 1, 1)
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_after_the_end_is_passed_over(tmp_path):
    with BeatLog(tmp_path / "beats") as log:
        log.write("end", 1, 1)
    log.write("fault", 2, 1)
    assert [row["what"] for row in rows(tmp_path / "beats")] == ["end"]


def test_the_log_is_stamped_by_a_clock_that_never_steps_back(monkeypatch):
    seen = [boot_ns() for _ in range(1000)]
    assert all(late >= early for early, late in pairwise(seen))
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert boot_ns() >= seen[-1], "whatever happens to the clock on the wall"
