"""Text files of intervals: every form they come in, and what is no such file."""

import numpy as np
import pytest

from ingest.replay import open_source
from ingest.rrtext import UNKNOWN_START_NS, read_text
from somalink.domain.errors import BadInput
from somalink.domain.types import Stream

MS = (812, 803, 790, 1020, 905, 811)
SECONDS = tuple(f"{ms / 1000:.3f}" for ms in MS)


def lines(*rows: object) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (lines(*MS), "6 rows: one interval a line, intervals in ms"),
        (lines(*MS).replace(b"\n", b"\r\n"), "intervals in ms"),
        (b"\xef\xbb\xbf" + lines(*MS), "intervals in ms"),
        (lines(*MS).decode().encode("utf-16"), "intervals in ms"),
        (lines(*SECONDS), "intervals in s"),
        (lines(*SECONDS).replace(b".", b","), "one interval a line, decimal comma, intervals in s"),
        (lines("RR [ms]", *MS), "1 header"),
        (lines("# made by an app", *MS[:3], "", "// more", *MS[3:]), "2 comment lines"),
        (lines("", "i,rr", *(f"{k},{ms}" for k, ms in enumerate(MS))), "index and interval, set apart by commas"),
        (lines(*(f"{k};{s}".replace(".", ",") for k, s in enumerate(SECONDS))), "index and interval, set apart by semicolons, decimal comma"),
        (lines(*(f"{t:.3f}\t{ms}" for t, ms in zip(np.cumsum(MS) / 1000, MS, strict=True))), "time in s and interval, set apart by spaces or tabs"),
        (lines(*(f"{t:.3f} {s}" for t, s in zip(np.cumsum(MS) / 1000, SECONDS, strict=True))), "time in s and interval, set apart by spaces or tabs"),
        (lines(*(f"{t}, {ms}" for t, ms in zip(np.cumsum(MS), MS, strict=True))), "time in ms and interval, set apart by commas"),
        (lines(*(f"{ms},{t:.3f}" for t, ms in zip(np.cumsum(MS) / 1000, MS, strict=True))), "time in s and interval"),
        (lines(*(f"{ms};" for ms in MS)), "one interval a line"),
    ],
)
def test_the_same_beats_come_out_of_every_form_and_the_form_is_said(tmp_path, written, says):
    path = tmp_path / "log.txt"
    path.write_bytes(written)
    whole, detected = read_text(path)
    assert whole.samples[Stream.RR].values.tolist() == [round(ms * 1.024) for ms in MS]
    assert whole.gaps == ()
    assert says in str(detected)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"", "empty"),
        (b"# nothing\n\n", "empty"),
        (lines("dear diary", "today"), "line 1: no interval can be read from 'dear diary'"),
        (lines(*MS[:3], *["what?"] * 5), "line 4: no interval can be read from 'what"),
        (lines(72, 71, 75), "these look like heart rates in bpm"),
        (lines(812_000, 803_000), "no intervals between heartbeats"),
        (lines(*(f"{a} {b}" for a, b in ((800, 1), (700, 5), (900, 2), (650, 3), (800, 1)))), "neither of the two columns rises"),
        (lines("1 2 3", "4 5 6"), "line 1"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_intervals_is_named_with_its_line(tmp_path, written, says):
    path = tmp_path / "log.txt"
    path.write_bytes(written)
    with pytest.raises(BadInput) as raised:
        open_source(path)
    assert says in raised.value.what
    assert str(path) in raised.value.what
    assert raised.value.next_step


def test_garbage_among_intervals_is_refused_row_by_row(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(lines(*MS, "lost", -5, 1e9, *MS))
    whole = open_source(path).recording
    assert whole.refused == {"not_a_number": 1, "not_positive": 1, "too_long": 1}
    assert whole.received == len(whole.samples[Stream.RR].t_ns) + 3
    assert whole.gaps == ()


def test_a_file_without_a_date_says_that_its_start_is_unknown(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(lines(*MS))
    undated, _ = read_text(path)
    dated, detected = read_text(path, person="ada", start_ns=10**18, tz="Europe/Rome")
    assert (undated.start_unknown, undated.start_ns) == (True, UNKNOWN_START_NS)
    assert (dated.start_unknown, dated.start_ns, dated.unit.person, dated.offsets[0].offset_s) == (False, 10**18, "ada", 7200)
    assert "start" not in str(detected)


def test_two_undated_files_of_one_person_do_not_collide(tmp_path):
    for name, rows in (("a", MS), ("b", MS[::-1])):
        (tmp_path / name).write_bytes(lines(*rows))
    one, other = (open_source(tmp_path / name, person="ada").unit for name in "ab")
    assert one.device != other.device
    assert one.recording != other.recording


REAL = {
    "elitehrv_01.txt": (2085, 0, "one interval a line, intervals in ms"),
    "elitehrv_2017-06-29_13-11-53.txt": (4201, 0, "one interval a line, intervals in ms"),
    "polar_01_cumtime_rr.txt": (685, 1, "time in s and interval, set apart by spaces or tabs, intervals in s"),
    "systole_rr_ms.txt": (245, 0, "index and interval, set apart by commas, intervals in ms, 1 header"),
}


@pytest.mark.truth
def test_every_real_log_is_read_to_the_beat(data):
    found = {path.name: open_source(path) for path in sorted((data / "rr_logs").glob("*.txt"))}
    assert set(found) == set(REAL)
    for name, (rows, gaps, says) in REAL.items():
        whole = found[name].recording
        assert (whole.received, len(whole.samples[Stream.RR].t_ns), whole.refused, len(whole.gaps)) == (rows, rows, {}, gaps), name
        assert says in str(found[name].detected)
