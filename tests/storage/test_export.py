"""Exports have the columns that were promised, the same bytes every time, and no more than was asked for."""

import csv
import json
import math
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from somalink.domain.catalogue import INDICES
from somalink.domain.errors import UsageError
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, Baseline, Beats, EventMetrics, Gap, Link, Posture, Prompt, Stream, StreamClock
from somalink.storage import HrvRow, LocalStore, RecordingRow
from somalink.storage.export import TABLES, export

COLUMNS = {
    "beats": "person,device,recording,t_ns,rr_ticks,rr_ns,flag,segment",
    "gaps": "person,device,recording,stream,start_ns,stop_ns,reason,lost_s",
    "indices": "person,device,recording,name,start_ns,stop_ns,value,text,quality,confidence,reason,baseline,analysis",
    "stream_clocks": "person,device,recording,stream,t_ns,sensor_ns,offset_ns,drift_ppb,rate_hz,error_ns",
    "hrv": "person,device,recording,start_ns,stop_ns,n_beats,artefact,reason,HRV_RMSSD,HRV_LF",
    "episodes": "id,person,device,lead,kind,driver,start_ns,stop_ns,onset_ns,peak_ns,peak_z,mean_z,quality,confidence,gate,truncated,chance_per_h",
    "events": "id,revision,person,kind,t_ns,t_end_ns,certainty_s,made_at_ns,received_ns,source,distress,belonging,sensations,action,with_whom,theme,"
    "need,spoken,expectancy,context,blind,planned_distress,dz10,peak_z,latency_s,t_half_s,t_half_censored",
    "links": "event_id,episode_id,probability,verdict,lag_s,chance,rule",
    "prompts": "id,person,t_ns,trigger,episode_id,eligible,reason,arm,probability,seed,shown_ns,answer,answered_ns",
    "ratings": "id,person,t_ns,kind,value,prompt_id,blind",
    "coverage": "person,device,recording,hour_start_ns,received,refused,stored,flagged,gap_s,usable_s,suspect_s",
    "findings": "id,person,span,scope,metric,n_tagged,n_usable,n_blind,n_controls,effect,low,high,p,q,verdict,reason,analysis",
    "controls": "person,event_id,n,t_ns,device,day,still,motion_mg,dz10,peak_z,latency_s,t_half_s,t_half_censored,pre_z,area,slope,slowing_z",
    "sessions": "id,revision,person,start_ns,stop_ns,kind,rate,in_s,ex_s,prompt_id,outcome",
    "plans": "id,revision,person,step,kind,t_ns,t_end_ns,planned_distress,expectancy,event_id,state",
    "baselines": "person,tier,from_ns,mode,analysis,json",
    "profile": "person,revision,key,value,received_ns",
}


@pytest.fixture
def filled(store: LocalStore, make) -> LocalStore:
    """A wearer's two hours with one spike, one tag and one panel."""
    usual = Baseline(3, "personal", make.t0, (0,) * 8, ((0,) * 8,) * 8, 1, 1, 30.0, 7, None, None)
    with store.transaction() as write:
        write.put_recording(make.unit, RecordingRow(make.t0, tz="Europe/Rome"))
        write.put_beats(make.unit, make.beats(7200))
        write.put_counts(make.unit, {make.t0: (4500, {}), make.t0 + 3600 * SECOND_NS: (4501, {"too_long": 1})})
        write.put_stream_clocks(make.unit, [StreamClock(Stream.ACC, make.t0 + SECOND_NS, 5 * SECOND_NS, make.t0 - 4 * SECOND_NS, -31_000, 25_412, 2_000_000)])
        write.put_gaps(make.unit, [Gap(Stream.RR, make.t0, make.t0 + SECOND_NS, "hole", 400_000_000)])
        write.put_baseline("ann", "B", "A", usual)
        unknown = {
            "hr": UNKNOWN,
            "hr_reason": 4,
            "hr_q": 0,
            "z": UNKNOWN,
            "z_phasic": UNKNOWN,
            "se": UNKNOWN,
            "z_reason": 3,
            "phasic_reason": 3,
            "motion": UNKNOWN,
        }
        write.put_grid(make.unit, "A", make.grid(1430))
        write.put_grid(make.unit, "A", make.grid(10, start_ns=make.t0 + 7150 * SECOND_NS, ln_rmssd=UNKNOWN, hrv_reason=1, baseline=UNKNOWN, **unknown))
        write.put_hrv(make.unit, [HrvRow(make.t0, make.t0 + 300 * SECOND_NS, 370, 0.0, "", {"HRV_RMSSD": 40.25, "HRV_LF": None})])
        write.put_episodes(make.unit, "A", [make.episode()], lead=True)
        write.put_event(make.event(sensations=("heat", "cold"), spoken=True, note='he said "no", then left'))
        write.put_links(
            "ann", "A", [Link("t1", "e1", 0.75, "linked", 60.0, 0.1, "r"), Link("t1", "", 0.25, "none", None, 0.1, "r")], [EventMetrics("t1", dz10=1.5)]
        )
        write.put_prompts([Prompt("p1", "ann", make.t0, "arousal", "e1", False, "off")])
    return store


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_has_the_promised_columns_and_is_for_its_owner_alone(filled, tmp_path) -> None:
    written = export(filled, [], "csv", tmp_path / "out")
    assert [path.stem for path in written] == list(COLUMNS) == list(TABLES)
    assert {path.stem: path.read_text().split("\n")[0] for path in written} == COLUMNS
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert sorted((tmp_path / "out").iterdir()) == sorted(written)


def test_the_same_store_gives_the_same_bytes(filled, path, tmp_path) -> None:
    first = export(filled, [], "csv", tmp_path / "one")
    filled.close()
    with LocalStore.open(path, read_only=True) as again:
        second = export(again, [], "csv", tmp_path / "two")
    assert [one.read_bytes() for one in first] == [two.read_bytes() for two in second]


def test_every_index_row_says_its_value_its_word_or_its_reason(filled, make, tmp_path) -> None:
    export(filled, ["indices"], "csv", tmp_path)
    rows = read(tmp_path, "indices")
    assert len(rows) == 1440 * len(INDICES)
    assert all(row["value"] or row["text"] or row["reason"] for row in rows)
    assert {row["text"] for row in rows if row["name"] == "gate"} == {"still"}
    last = {row["name"]: row for row in rows if int(row["stop_ns"]) == make.t0 + 7200 * SECOND_NS}
    assert (last["HR"]["value"], last["HR"]["reason"], last["arousal_index"]["reason"], last["motion_mg"]["reason"]) == (
        "",
        "no_data",
        "no_heart_rate",
        "no_data",
    )
    assert last["arousal_z"]["baseline"] == "none"


def test_values_are_the_shortest_decimals_of_what_is_stored(store, make, tmp_path) -> None:
    own = {"motion": 153, "steps": 84, "posture": Posture.UPRIGHT}
    points = make.grid(1, hr=72_500, ln_rmssd=36_889, z=-12_345, z_phasic=20_000, se=4_100, hr_q=9_500, maturity=40, motion_conf=80, **own)
    with store.transaction() as write:
        write.put_grid(make.unit, "A", points)
    export(store, ["indices"], "csv", tmp_path)
    rows = {row["name"]: row for row in read(tmp_path, "indices")}
    assert {name: row["value"] for name, row in rows.items()} == {
        "HR": "72.5", "HRV_RMSSD": f"{round(math.exp(3.6889), 3)}", "HRV_LnRMSSD": "3.6889", "motion_mg": "15.3", "gate": "",
        "arousal_z": "-1.2345", "arousal_phasic_z": "2.0", "arousal_se": "0.41", "arousal_index": "0.0",
        "posture": "", "steps": "8.4",
    }  # fmt: skip
    assert (rows["posture"]["text"], rows["steps"]["reason"]) == ("upright", "")
    assert (rows["arousal_z"]["quality"], rows["arousal_z"]["confidence"], rows["HR"]["confidence"]) == ("0.95", "0.304", "")
    assert int(rows["arousal_z"]["stop_ns"]) - int(rows["arousal_z"]["start_ns"]) == 30 * SECOND_NS


def test_notes_leave_only_when_asked_for(filled, tmp_path) -> None:
    export(filled, ["events"], "csv", tmp_path)
    assert "he said" not in (tmp_path / "events.csv").read_text()
    export(filled, ["events"], "csv", tmp_path, notes=True)
    (row,) = read(tmp_path, "events")
    assert (row["note"], row["sensations"], row["spoken"], row["distress"], row["dz10"]) == ('he said "no", then left', "heat;cold", "1", "", "1.5")


def test_the_secret_never_leaves(filled, tmp_path) -> None:
    secret = filled.person_secret("ann")
    written = [*export(filled, [], "csv", tmp_path / "csv", notes=True), *export(filled, [], "recording", tmp_path / "rec", notes=True)]
    assert all(secret not in path.read_text() for path in written)


def test_beats_and_coverage_add_up(filled, tmp_path) -> None:
    export(filled, ["beats", "coverage"], "csv", tmp_path)
    beats, hours = read(tmp_path, "beats"), read(tmp_path, "coverage")
    assert len(beats) == sum(int(row["stored"]) for row in hours) == filled.totals()["beats_stored"]
    assert sum(int(row["received"]) for row in hours) == 9001
    assert all(int(row["rr_ns"]) == int(row["rr_ticks"]) * 1_953_125 // 2 for row in beats)


def test_an_interval_that_was_measured_finer_than_a_tick_leaves_as_it_was_measured(store, make, tmp_path) -> None:
    beats = Beats(make.t0 + np.array([1, 2]), np.array([833, 852]), np.zeros(2, np.int64), np.full(2, make.t0 + 1), np.array([-487_000, 12_345]))
    with store.transaction() as write:
        write.put_recording(make.unit, RecordingRow(make.t0))
        write.put_beats(make.unit, beats)
    export(store, ["beats"], "csv", tmp_path)
    assert [int(row["rr_ns"]) for row in read(tmp_path, "beats")] == [813_476_562 - 487_000, 832_031_250 + 12_345]
    (folder,) = {path.parent for path in export(store, [], "recording", tmp_path)}
    assert [row["rr_ms"] for row in read(folder, "rr")] == ["812.9895620", "832.0435950"]
    assert json.loads((folder / "meta.json").read_text())["rr_fine"] is True


def test_what_a_device_s_clock_showed_leaves_with_its_rate_in_hertz(filled, tmp_path) -> None:
    export(filled, ["stream_clocks"], "csv", tmp_path)
    (row,) = read(tmp_path, "stream_clocks")
    assert (row["stream"], row["sensor_ns"], row["drift_ppb"], row["rate_hz"], row["error_ns"]) == ("acc", "5000000000", "-31000", "25.412", "2000000")


def test_what_cannot_be_exported_is_named_with_the_choices(filled, tmp_path) -> None:
    for what, fmt, person, said in ((["beats", "moods"], "csv", None, "moods"), ([], "xlsx", None, "xlsx"), ([], "csv", "ben", "ben")):
        with pytest.raises(UsageError, match=said) as refused:
            export(filled, what, fmt, tmp_path, person=person)
        assert "choose" in refused.value.next_step


def test_parquet_without_its_library_says_what_to_install(filled, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("somalink.storage.parquet.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pyarrow") as refused:
        export(filled, ["beats"], "parquet", tmp_path)
    assert "pip install" in refused.value.next_step and "--format csv" in refused.value.next_step


def test_parquet_has_the_columns_and_values_of_the_csv(filled, tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for path in export(filled, [], "parquet", tmp_path):
        table = parquet.read_table(path)
        assert ",".join(table.column_names) == COLUMNS[path.stem]
    assert parquet.read_table(tmp_path / "beats.parquet").num_rows == filled.totals()["beats_stored"]


def test_a_recording_says_exactly_when_each_beat_was(filled, make, tmp_path) -> None:
    paths = export(filled, [], "recording", tmp_path)
    assert {path.name for path in paths} == {"meta.json", "rr.csv", "events.csv"}
    rr = read(paths[0].parent, "rr")
    beats = filled.recording_beats(make.unit)
    whole = [divmod(int(t) - make.t0, SECOND_NS) for t in beats.t_ns]
    assert [float(row["t_s"]) for row in rr] == [float(f"{seconds}.{rest:09d}") for seconds, rest in whole]
    assert [round(float(row["rr_ms"]) * 1.024) for row in rr] == beats.rr_ticks.tolist()
    assert {len(row["rr_ms"].split(".")[1]) for row in rr} == {7}


def test_replay_reads_an_exported_recording_back_to_equal_beats(store, make, tmp_path) -> None:
    from ingest.recording import read_folder  # the reader that the format is written for

    one = make.beats(900)
    later = make.beats(900, start_ns=int(one.t_ns[-1]) + 7 * SECOND_NS, seed=2)
    beats = Beats.concat([one, later])
    hole = Gap(Stream.RR, int(one.t_ns[-1]), int(later.t_ns[0]), "hole", 7 * SECOND_NS)
    with store.transaction() as write:
        write.put_recording(make.unit, RecordingRow(make.t0))
        write.put_beats(make.unit, beats)
        write.put_gaps(make.unit, [hole])
        write.put_event(make.event(sensations=("heat",)))
    folder = export(store, [], "recording", tmp_path)[0].parent
    back = read_folder(folder)
    assert np.array_equal(back.samples[Stream.RR].t_ns, beats.t_ns)
    assert np.array_equal(back.samples[Stream.RR].values, beats.rr_ticks)
    assert [(gap.start_ns, gap.stop_ns) for gap in back.gaps if gap.reason == "hole"] == [(hole.start_ns, hole.stop_ns)]
    assert [replace(said, source="cli") for said in back.events] == [make.event(sensations=("heat",))]
