"""Beat by beat, nothing is lost without a word: received = stored + refused, with received counted at the reader."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path

import numpy as np
import pytest
import real
from archived import archived, exported, table

from somalink.domain.types import Beats
from somalink.pipeline import run
from somalink.storage.writer import Writer

PEOPLE = {
    "mmash_polar_h7": [str(n) for n in range(1, 6)],
    "stress_predict": [f"S{n:02}" for n in range(2, 19)],
    "gudb_beats": [str(n) for n in range(12)],
    "h10_pvc_ecg_rr": ["1"],
}
LOGS = ("elitehrv_01", "elitehrv_2017-06-29_13-11-53", "polar_01_cumtime_rr", "systole_rr_ms")


def rows_given(path: Path) -> int:
    """Intervals a source holds, counted without our reader: rows of rr.csv, or lines of a text file that hold no letter."""
    if path.is_dir():
        return len(table(path / "rr.csv"))
    return sum(1 for line in path.read_text().splitlines() if line.strip() and not any(sign.isalpha() for sign in line))


@dataclass(frozen=True)
class Line:
    """One recording's part in the line of its data set."""

    dataset: str
    numbers: Counter[str]
    hours: dict[str, float]
    refused: Counter[str]
    flagged: Counter[str]


def account(name: str, path: Path, tmp_path: Path) -> Line:
    """Holds one recording to its account, hour by hour and table by table; returns its line of the table."""
    with archived(path, tmp_path / "store.db") as store:
        total = store.totals()
        found = exported(store, tmp_path / "out", "beats", "gaps", "coverage")
    beats, gaps, hours = found["beats"], found["gaps"], found["coverage"]
    refused = sum(total["beats_refused"].values())
    assert total["beats_received"] == rows_given(path)
    assert total["beats_received"] == total["beats_stored"] + refused
    assert len(beats) == total["beats_stored"] and len(gaps) == total["gaps"]
    assert Counter(beat["flag"] for beat in beats if beat["flag"] != "ok") == Counter(total["beats_flagged"])

    assert all(int(hour["received"]) == int(hour["stored"]) + int(hour["refused"]) for hour in hours)
    for column, sum_of_all in (("received", total["beats_received"]), ("stored", len(beats)), ("refused", refused)):
        assert sum(int(hour[column]) for hour in hours) == sum_of_all, column
    assert sum(int(hour["flagged"]) for hour in hours) == sum(total["beats_flagged"].values())
    assert sum(float(hour["gap_s"]) for hour in hours) == pytest.approx(total["gap_s"], abs=1e-3)
    assert sum(float(hour["usable_s"]) for hour in hours) == total["usable_s"]
    check_segments(beats, gaps)
    return Line(
        name.split()[0],
        numbers=Counter(recordings=1, received=total["beats_received"], stored=total["beats_stored"], gaps=total["gaps"], spikes=total["episodes"]),
        hours={"gap h": total["gap_s"] / 3600, "usable h": total["usable_s"] / 3600},
        refused=Counter(total["beats_refused"]),
        flagged=Counter(total["beats_flagged"]),
    )


def check_segments(beats: list[dict[str, str]], gaps: list[dict[str, str]]) -> None:
    """Beats in order; a segment is named by its first beat; every break between two beats of the file is a gap, and no segment spans one."""
    times = [int(beat["t_ns"]) for beat in beats]
    assert times == sorted(times)
    first: dict[str, int] = {}
    for beat, t_ns in zip(beats, times, strict=True):
        first.setdefault(beat["segment"], t_ns)
    assert all(int(segment) == t_ns for segment, t_ns in first.items())
    holes = {int(gap["stop_ns"]) for gap in gaps if gap["stream"] == "rr" and gap["reason"] != "end"}
    breaks = {t_ns for (before, after), t_ns in zip(pairwise(beats), times[1:], strict=True) if before["segment"] != after["segment"]}
    assert breaks == holes
    assert all(int(gap["start_ns"]) <= int(gap["stop_ns"]) and float(gap["lost_s"]) >= 0 for gap in gaps)


def summed(lines: Sequence[Line]) -> str:
    """A line for each data set."""
    rows = []
    for dataset in dict.fromkeys(line.dataset for line in lines):
        mine = [line for line in lines if line.dataset == dataset]
        n, refused, flagged = (reduce(add, (getattr(line, what) for line in mine)) for what in ("numbers", "refused", "flagged"))
        hours = [f"{sum(line.hours[what] for line in mine):.1f}" for what in ("gap h", "usable h")]
        counts = [n[what] for what in ("recordings", "received", "stored")]
        rows.append([dataset, *counts, said(refused), said(flagged), n["gaps"], *hours, n["spikes"]])
    return real.table(["data set", "recordings", "received", "stored", "refused", "flagged", "gaps", "in gaps, h", "usable, h", "spikes"], rows)


def said(counts: Counter[str]) -> str:
    reasons = ", ".join(f"{n} {reason}" for reason, n in counts.items())
    return f"{counts.total()} ({reasons})" if reasons else "0"


@pytest.mark.truth
def test_every_beat_of_every_recording_is_stored_or_refused(data: Path, recording: Callable[[str, str], Path], tmp_path: Path, figures: Callable[[str], None]):
    folders = [(f"{name} {person}", recording(name, person)) for name, people in PEOPLE.items() for person in people]
    folders += [(f"rr_logs {name}", data / "rr_logs" / f"{name}.txt") for name in LOGS]
    places = [tmp_path / str(k) for k in range(len(folders))]
    for place in places:
        place.mkdir()
    with ProcessPoolExecutor(2) as pool:
        lines = list(pool.map(account, *zip(*folders, strict=True), places))
    figures(summed(lines))
    assert len(lines) == 39


@pytest.mark.truth
def test_nobody_and_no_file_is_left_out_of_the_account(data: Path):
    assert {path.stem for path in (data / "rr_logs").glob("*.txt")} == set(LOGS)
    assert {path.stem for path in (data / "stress_predict" / "subjects").glob("*.npz")} == set(PEOPLE["stress_predict"])
    assert {row["subject"] for row in table(data / "gudb_beats" / "summary.csv")} == set(PEOPLE["gudb_beats"])
    assert len(list((data / "mmash_polar_h7" / "subjects").glob("*.npz"))) == len(PEOPLE["mmash_polar_h7"])


# ---------------------------------------------------------------- without real recordings: what the account is worth


def folder_of(rr_csv: str, tmp_path: Path) -> Path:
    folder = tmp_path / "recording"
    folder.mkdir()
    meta = '{"format": "somalink-recording", "version": 1, "person": "ann", "device": "strap", "tier": "B", "start": "2026-03-01T09:30:00+01:00"}'
    (folder / "meta.json").write_text(meta)
    (folder / "rr.csv").write_text(rr_csv)
    return folder


def steady(seconds: int) -> str:
    return "t_s,rr_ms\n" + "".join(f"{0.8 * n:.1f},800\n" for n in range(1, seconds * 5 // 4 + 1))


def test_a_write_that_loses_a_beat_shows_in_the_totals_and_in_its_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_beats, calls = Writer.put_beats, []

    def loses_one(self: Writer, unit: object, beats: Beats) -> None:
        calls.append(len(beats))
        wanted = np.arange(len(beats)) != (len(beats) // 2 if len(calls) == 2 else -1)
        put_beats(self, unit, beats.take(wanted))  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "put_beats", loses_one)
    monkeypatch.setattr(run, "SLICE_S", 3600)
    with archived(folder_of(steady(7200), tmp_path), tmp_path / "store.db") as store:
        total, hours = store.totals(), store.coverage()
    assert total["beats_received"] == 9000 and not total["beats_refused"]
    assert total["beats_received"] - total["beats_stored"] == 1
    assert [hour.received - hour.refused - hour.stored for hour in hours] == [0, 1, 0]


def test_a_transaction_that_never_reached_the_disk_shows_beat_by_beat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_beats, calls = Writer.put_beats, []

    def loses_the_last(self: Writer, unit: object, beats: Beats) -> None:
        calls.append(len(beats))
        if len(calls) < 3:
            put_beats(self, unit, beats)  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "put_beats", loses_the_last)
    monkeypatch.setattr(run, "SLICE_S", 3600)
    with archived(folder_of(steady(7200), tmp_path), tmp_path / "store.db") as store:
        total = store.totals()
    assert total["beats_received"] - total["beats_stored"] == sum(calls[2:]) > 1000


def test_what_is_refused_is_refused_by_name_and_the_rest_is_kept(tmp_path: Path):
    rows = steady(600).splitlines()
    rows[100:105] = ["80,nan", "80.8,-5", "81.6,1e6", "2,800", "not a row"]
    with archived(folder_of("\n".join(rows) + "\n", tmp_path), tmp_path / "store.db") as store:
        total = store.totals()
    assert total["beats_received"] == len(rows) - 1
    assert total["beats_refused"] == {"back_in_time": 1, "not_a_number": 2, "not_positive": 1, "too_long": 1}
    assert total["beats_stored"] == total["beats_received"] - 5
