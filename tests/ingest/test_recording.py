"""A recording folder: read to the row, or refused with the file, the line and the next step."""

import gzip
from itertools import pairwise

import numpy as np
import pytest
from recording_folders import REAL, folder

from ingest.recording import read_folder
from ingest.replay import ReplaySource
from somalink.domain.errors import BadInput
from somalink.domain.types import Gap, Posture, Stream

RR = "t_s,rr_ms\n" + "".join(f"{0.8 * k:.3f},800\n" for k in range(1, 21))
START_NS = 1_772_352_000 * 10**9


def test_a_plain_folder_is_read_whole(tmp_path):
    whole = read_folder(folder(tmp_path, rr=RR))
    beats = whole.samples[Stream.RR]
    assert beats.values.tolist() == [819] * 20
    assert beats.t_ns[0] == START_NS + 800_000_000
    assert (whole.received, whole.refused, whole.gaps, whole.notices) == (20, {}, (), ())
    assert [(offset.offset_s, offset.tz) for offset in whole.offsets] == [(3600, "Europe/Rome")]


@pytest.mark.parametrize(
    "written",
    [
        RR.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + RR.encode(),
        RR.encode("utf-16"),
        RR.replace("t_s,rr_ms", ' "t_s", RR_MS').encode(),
        RR.replace("800\n", '"800"\n').encode(),
        RR.replace("\n", "\n\n").encode(),
        RR.rstrip().encode(),
    ],
    ids=["CRLF", "byte order mark", "UTF-16", "quoted header", "quoted numbers", "blank lines", "no last line end"],
)
def test_the_same_beats_are_read_however_the_file_was_saved(tmp_path, written):
    beats = read_folder(folder(tmp_path, rr=written)).samples[Stream.RR]
    assert beats.values.tolist() == [819] * 20


def test_a_compressed_folder_elsewhere_is_the_same_recording(tmp_path):
    plain, packed = folder(tmp_path / "a", rr=RR), folder(tmp_path / "b")
    (packed / "rr.csv.gz").write_bytes(gzip.compress(RR.encode()))
    assert read_folder(plain).unit == read_folder(packed).unit
    assert read_folder(plain).unit.recording != read_folder(plain, person="bea").unit.recording


def test_every_bad_row_is_counted_by_its_reason_and_the_first_is_named(tmp_path):
    rows = ["1.0,800", "1.8,abc", "2.6,-800", "3.4,90000", "4.2", "3.9,800", "99,800", "4.7,800", "5.5,nan", "", "6.3,800"]
    whole = read_folder(folder(tmp_path, rr="t_s,rr_ms\n" + "\n".join(rows) + "\n"))
    assert whole.refused == {"not_a_number": 3, "not_positive": 1, "too_long": 1, "back_in_time": 1}
    assert whole.received == len(whole.samples[Stream.RR].t_ns) + sum(whole.refused.values()) == 10
    assert whole.notices == ("rr.csv: 6 of 10 rows refused (3 not_a_number, 1 not_positive, 1 too_long, 1 back_in_time; first in line 3)",)


def test_rows_are_counted_in_the_hour_they_belong_to(tmp_path):
    rows = "".join(f"{t},800\n" for t in (3598.5, 3599.3, 3600.1, 3600.9)) + "3601.7,x\n"
    whole = read_folder(folder(tmp_path, rr=f"t_s,rr_ms\n{rows}"))
    hours = {hour - START_NS: (count.received, count.refused) for hour, count in whole.counts.items()}
    assert hours == {0: (2, {}), 3600 * 10**9: (3, {"not_a_number": 1})}


def test_a_file_pasted_twice_counts_its_second_half_as_back_in_time(tmp_path):
    whole = read_folder(folder(tmp_path, rr=RR + RR.partition("\n")[2]))
    assert whole.received == 40
    assert whole.refused == {"back_in_time": 19}


def test_a_watch_without_intervals_is_a_recording_too(tmp_path):
    whole = read_folder(folder(tmp_path, meta={"tier": "D"}, hr="t_s,hr_bpm\n0,61.5\n1,0\n2,62\n20,63\n"))
    assert whole.samples[Stream.HR].values.tolist() == [61500, 62000, 63000]
    assert [(gap.reason, (gap.start_ns - START_NS) / 1e9, (gap.stop_ns - START_NS) / 1e9) for gap in whole.gaps] == []
    assert whole.notices == ("hr.csv: 1 of 4 rows refused (1 not_positive; first in line 3)",)


def test_silences_and_early_ends_are_gaps(tmp_path):
    hr = "t_s,hr_bpm\n" + "".join(f"{t},60\n" for t in [*range(10), *range(20, 30)])
    steps = "t_s,steps\n" + "".join(f"{t},0\n" for t in [*range(5), *range(7, 12)])
    whole = read_folder(folder(tmp_path, rr=RR, hr=hr, steps=steps))
    told = [(gap.stream.value, gap.reason, (gap.start_ns - START_NS) / 1e9, (gap.stop_ns - START_NS) / 1e9) for gap in whole.gaps]
    assert told == [("steps", "silence", 5, 7), ("hr", "silence", 10, 20), ("steps", "end", 12, 29), ("rr", "end", 15.996289062, 29)]


def test_samples_come_in_their_own_units(tmp_path):
    acc, ecg, posture = "t_s,x_mg,y_mg,z_mg\n0,-31.25,46.88,984.38\n", "t_s,ecg_uv\n0,-98.1\n", "t_s,posture\n0,lying\n1,dancing\n2,unknown\n"
    whole = read_folder(folder(tmp_path, rr=RR, acc=acc, ecg=ecg, posture=posture))
    assert whole.samples[Stream.ACC].values.tolist() == [[-3125, 4688, 98438]]
    assert whole.samples[Stream.ECG].values.tolist() == [-981]
    assert whole.samples[Stream.POSTURE].values.tolist() == [Posture.LYING, Posture.UNKNOWN]


def test_what_is_not_known_is_left_out_with_one_notice_each(tmp_path):
    path = folder(tmp_path, rr=RR.replace("rr_ms", "rr_ms,mood").replace("800\n", "800,1\n"), beat_labels="t_s,symbol\n0,N\n")
    (path / "rr.csv.gz").write_bytes(b"")
    (path / "notes.txt").write_text("hello")
    assert read_folder(path).notices == (
        "beat_labels.csv is not a file of a recording and was left out",
        "notes.txt is not a file of a recording and was left out",
        "rr.csv.gz was left out, since rr.csv is there",
        "rr.csv: column 'mood' is not known and was left out",
    )


@pytest.mark.parametrize(
    ("meta", "says"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "not a JSON object"),
        ({"format": "other"}, "format is 'other'"),
        ({"version": 2}, "version is 2"),
        ({"person": None}, "'person' is missing"),
        ({"device": 7}, "'device' is missing or not a name"),
        ({"tier": "E"}, "tier is 'E'"),
        ({"start": "yesterday"}, "'yesterday' is not an ISO 8601 time"),
        ({"start": None}, "start None is not an ISO 8601 time"),
        ({"start": "2026-03-01T09:00:00", "tz": None}, "has no offset from UTC"),
        ({"start": "9026-03-01T09:00:00Z"}, "not in the years"),
        ({"tz": "Europe/Atlantis"}, "no time zone is called 'Europe/Atlantis'"),
        ({"time_resolution_s": "fine"}, "time_resolution_s is 'fine'"),
        ({"time_resolution_s": -1}, "time_resolution_s is -1"),
    ],
)
def test_a_bad_meta_json_is_named_with_the_next_step(tmp_path, meta, says):
    with pytest.raises(BadInput) as raised:
        read_folder(folder(tmp_path, meta=meta, rr=RR))
    assert "meta.json" in raised.value.what
    assert says in raised.value.what
    assert raised.value.next_step


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"", "line 1: is empty"),
        (b"time,interval\n1,800\n", "line 1: has no column t_s or rr_ms"),
        (b"t_s,rr_ms\n1,800\n2,\xe9\n", "line 3: not UTF-8 text (byte 0xe9)"),
        (b"t_s,rr_ms\n1,800\n\x00\x00\n", "line 3: holds binary data"),
        (b't_s,rr_ms\n1,"' + b"8" * 200_000 + b"\n", "line 2: field larger than field limit"),
    ],
)
def test_an_unreadable_file_is_named_with_its_line(tmp_path, written, says):
    with pytest.raises(BadInput) as raised:
        read_folder(folder(tmp_path, rr=written))
    assert says in raised.value.what
    assert "rr.csv" in raised.value.what
    assert raised.value.next_step


@pytest.mark.parametrize(("spoil", "says"), [(lambda packed: packed[:-20], "cut off"), (lambda packed: b"no gzip at all", "not valid gzip")])
def test_a_broken_compressed_file_is_named(tmp_path, spoil, says):
    path = folder(tmp_path)
    (path / "rr.csv.gz").write_bytes(spoil(gzip.compress(RR.encode())))
    with pytest.raises(BadInput, match=says):
        read_folder(path)


def test_a_header_alone_is_a_recording_without_beats(tmp_path):
    whole = read_folder(folder(tmp_path, rr="t_s,rr_ms\n"))
    assert (whole.received, len(whole.samples[Stream.RR].t_ns), whole.gaps) == (0, 0, ())


def test_an_ecg_alone_is_a_recording_and_what_it_does_not_show_is_lost_to_the_beats_in_it(tmp_path):
    rows = "".join(f"{k / 130 + (k > 400) * 20:.6f},{k % 7}\n" for k in range(800))
    whole = read_folder(folder(tmp_path, ecg="t_s,ecg_uv\n" + rows))
    assert whole.streams == {Stream.ECG} and whole.received == 0
    by_stream = {gap.stream: (gap.start_ns, gap.stop_ns, gap.reason) for gap in whole.gaps}
    assert by_stream.keys() == {Stream.ECG, Stream.RR} and by_stream[Stream.RR] == by_stream[Stream.ECG]
    told = [item.stream for item in ReplaySource(whole).items() if isinstance(item, Gap)]
    assert sorted(told) == [Stream.ECG, Stream.RR]


def test_an_ecg_beside_intervals_speaks_for_itself_alone(tmp_path):
    whole = read_folder(folder(tmp_path, rr=RR, ecg="t_s,ecg_uv\n0,1\n0.01,2\n9,3\n"))
    assert {gap.stream for gap in whole.gaps} == {Stream.ECG}


def test_a_folder_without_intervals_or_heart_rate_says_what_one_holds(tmp_path):
    with pytest.raises(BadInput, match=r"neither rr\.csv nor hr\.csv nor ecg\.csv"):
        read_folder(folder(tmp_path, steps="t_s,steps\n0,1\n"))


def test_options_stand_over_meta_json(tmp_path):
    path = folder(tmp_path, meta={"person": None, "start": None, "tz": None, "device_id": "1A2B"}, rr=RR)
    whole = read_folder(path, person="bea", start_ns=5 * 10**18 // 3, tz="Asia/Kolkata")
    assert (whole.unit.person, whole.unit.device, whole.start_ns, whole.offsets[0].offset_s) == ("bea", "1A2B", 5 * 10**18 // 3, 19_800)


def test_events_keep_their_ids_and_an_unknown_kind_becomes_other(tmp_path):
    rows = ("60,criticism,90,400,6,tight_jaw;heat,boss", "60,party,,,12,,", "soon,conflict,,,,,", "70,other,,,,,", "70,other,,,,,")
    events = "\n".join(("t_s,kind,t_end_s,made_at_s,distress,sensations,note", *rows, ""))
    whole = read_folder(folder(tmp_path / "a", rr=RR, events=events))
    again = read_folder(folder(tmp_path / "b", rr=RR, events=events))
    first, second, *twins = whole.events
    assert whole.events == again.events
    assert len({event.id for event in whole.events}) == 4
    assert whole.events_refused == 1
    assert (first.kind, first.distress, first.sensations, first.received_ns) == ("criticism", 6, ("tight_jaw", "heat"), START_NS + 400 * 10**9)
    assert (second.kind, second.distress, second.received_ns) == ("other", None, START_NS + 60 * 10**9)
    assert len(twins) == 2
    assert [notice for notice in whole.notices if "line 3" in notice] == [
        "events.csv, line 3: kind 'party' is not known; kept as other",
        "events.csv, line 3: distress is not a whole number from 0 to 10; left out",
    ]


# ---------------------------------------------------------------- real recordings


@pytest.mark.truth
@pytest.mark.parametrize(("name", "person"), REAL)
def test_every_beat_of_a_real_recording_is_accounted_for(recording, name, person):
    path = recording(name, person)
    whole = read_folder(path)
    beats, holes = whole.samples[Stream.RR], [gap for gap in whole.gaps if gap.stream is Stream.RR]
    rows = (path / "rr.csv").read_text().splitlines()[1:]
    assert whole.received == len(rows) == len(beats.t_ns) + sum(whole.refused.values())
    assert beats.values.tolist() == [round(float(row.split(",")[1]) * 1.024) for row in rows]
    assert bool(np.all(np.diff(beats.t_ns) > 0))
    starts = {gap.stop_ns for gap in holes}
    assert all(gap.start_ns < gap.stop_ns for gap in whole.gaps)
    first = [0, *(at for at in range(1, len(beats.t_ns)) if int(beats.t_ns[at]) in starts), len(beats.t_ns)]
    for begin, stop in pairwise(first):
        since = np.cumsum(beats.values[begin:stop]) - beats.values[begin]
        assert np.array_equal(beats.t_ns[begin:stop], beats.t_ns[begin] + since * 1_953_125 // 2)
    inside = np.searchsorted(beats.t_ns, [gap.start_ns for gap in holes], side="right") - np.searchsorted(
        beats.t_ns, [gap.stop_ns for gap in holes], side="left"
    )
    assert not inside.any(), "a beat lies inside a gap"
