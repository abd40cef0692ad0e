"""A recording as items: in order, promised honestly, the same however it is cut and wherever it is taken up again."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.replay import SETTLE_NS, ReplaySource, open_source
from somalink.domain.errors import BadInput
from somalink.domain.ports import Source
from somalink.domain.time import SECOND_NS, to_datetime
from somalink.domain.types import Chunk, Gap, Heartbeat, Opened, Stream, UtcOffset

META = {
    "format": "somalink-recording",
    "version": 1,
    "person": "ada",
    "device": "strap",
    "tier": "B",
    "start": "2026-03-28T23:40:00+01:00",
    "tz": "Europe/Rome",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> ReplaySource:
    """Four hours over the night in which the clocks go forward: beats with holes, steps with missing seconds, posture to the end."""
    path = tmp_path_factory.mktemp("night")
    (path / "meta.json").write_text(json.dumps(META))
    beats = [0.8 * k for k in range(1, 17_000) if k % 400 > 9]
    (path / "rr.csv").write_text("t_s,rr_ms\n" + "".join(f"{t:.3f},800\n" for t in beats))
    (path / "steps.csv").write_text("t_s,steps\n" + "".join(f"{t},{t % 3}\n" for t in range(14_400) if t % 1000 > 6))
    (path / "posture.csv").write_text("t_s,posture\n0,sitting\n7200,lying\n14400,unknown\n")
    return open_source(path)


def told(items) -> dict[Stream, tuple[list[int], list[int], list[Gap]]]:
    """Everything said of each stream: times, values, gaps."""
    every: dict[Stream, tuple[list[int], list[int], list[Gap]]] = {stream: ([], [], []) for stream in Stream}
    for item in items:
        if isinstance(item, Chunk):
            every[item.stream][0].extend(item.t_ns.tolist())
            every[item.stream][1].extend(item.values.tolist())
        elif isinstance(item, Gap):
            every[item.stream][2].append(item)
    return every


def test_everything_of_the_recording_is_told_and_nothing_else(source):
    whole = told(source.items())
    for stream, samples in source.recording.samples.items():
        assert whole[stream][0] == samples.t_ns.tolist()
        assert whole[stream][1] == samples.values.tolist()
    assert sorted((gap for part in whole.values() for gap in part[2]), key=repr) == sorted(source.recording.gaps, key=repr)


def test_a_source_is_what_the_pipeline_asks_for(source):
    asked: Source = source
    first, second, opened, *_ = asked.items()
    assert isinstance(first, UtcOffset)
    assert isinstance(second, UtcOffset)
    assert opened == Opened(source.unit, source.recording.start_ns, frozenset((Stream.RR, Stream.STEPS, Stream.POSTURE)))


def test_no_item_is_older_than_what_was_promised_and_the_last_promise_settles_everything(source):
    promised = 0
    for item in source.items(slice_s=600):
        if isinstance(item, Heartbeat):
            assert item.t_ns > promised
            promised = item.t_ns
        elif isinstance(item, Chunk):
            assert item.t_ns[0] > promised
        elif isinstance(item, Gap):
            assert item.start_ns > promised
    assert promised == source.recording.end_ns + SETTLE_NS


def test_no_chunk_runs_over_a_gap(source):
    gaps = [gap for gap in source.recording.gaps if gap.stream is Stream.RR]
    for item in source.items():
        if isinstance(item, Chunk) and item.stream is Stream.RR:
            assert not any(item.t_ns[0] <= gap.start_ns and gap.stop_ns <= item.t_ns[-1] for gap in gaps)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(slice_s=st.sampled_from([1800, 60, 777, 3600, 86_400]), beat=st.integers(1, 200), again_s=st.sampled_from([600, 3600]))
def test_the_items_are_the_same_however_cut_and_wherever_taken_up_again(source, slice_s, beat, again_s):
    items = list(source.items(slice_s=slice_s))
    beats = [at for at, item in enumerate(items) if isinstance(item, Heartbeat)]
    until = beats[min(beat, len(beats)) - 1]
    rest = list(source.items(after_ns=items[until].t_ns, slice_s=again_s))
    assert told([*items[: until + 1], *rest]) == told(source.items())
    assert not any(isinstance(item, Opened | UtcOffset) for item in rest)


def test_the_night_the_clocks_go_forward_has_two_offsets(source):
    start, change = source.recording.offsets
    assert (start.offset_s, change.offset_s) == (3600, 7200)
    assert to_datetime(change.from_ns).isoformat() == "2026-03-29T01:00:00+00:00"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "has no meta.json"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(bytes(range(256))), "not UTF-8 text|binary"),
    ],
)
def test_what_is_no_recording_is_named_with_the_next_step(tmp_path, make, says):
    path: Path = tmp_path / "thing"
    make(path)
    with pytest.raises(BadInput, match=says) as raised:
        open_source(path)
    assert str(path) in raised.value.what
    assert raised.value.next_step


@pytest.mark.truth
def test_a_real_day_is_told_the_same_hour_by_hour_and_at_once(recording):
    day = open_source(recording("mmash_polar_h7", "3"))
    assert told(day.items()) == told(day.items(slice_s=10 * 86_400))
    assert len(told(day.items())[Stream.RR][0]) == day.recording.received
    spans = np.diff([item.t_ns for item in day.items() if isinstance(item, Heartbeat)])
    assert spans[1:-1].tolist() == [3600 * SECOND_NS] * (len(spans) - 2)
