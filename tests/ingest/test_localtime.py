"""Where a person's clock stood: names of zones become offsets, and the days they make have 23, 24 or 25 hours."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from recording_folders import folder

from ingest.localtime import fixed_name, utc_offsets, zone_of
from ingest.replay import ReplaySource, open_source
from processing.usual import UTC_ONLY, Offsets, days_of
from somalink.domain.errors import BadInput
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS, from_datetime, to_datetime
from somalink.domain.types import Chunk, UtcOffset

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_a_local_day_has_23_24_or_25_hours(day, hours):
    noon = from_datetime(to_datetime(0).fromisoformat(f"{day}T10:00:00+00:00"))
    offsets = utc_offsets("Europe/Rome", noon - 30 * HOUR_NS, noon + 30 * HOUR_NS)
    change = offsets[-1].offset_s - offsets[0].offset_s
    assert 24 * 3600 - change == hours * 3600


def test_places_half_an_hour_off_and_names_that_are_only_an_offset_are_known():
    assert utc_offsets("Asia/Kolkata", 0, HOUR_NS)[0].offset_s == 19_800
    assert utc_offsets("UTC-03:30", 0, HOUR_NS) == (UtcOffset(0, -12_600, "UTC-03:30"),)


@pytest.mark.parametrize("offset_s", [0, 3600, -12_600, 20_700])
def test_a_zone_that_is_only_an_offset_is_read_as_it_is_named(offset_s):
    assert [found.offset_s for found in utc_offsets(fixed_name(offset_s), 0, 400 * 24 * HOUR_NS)] == [offset_s]


def test_a_year_changes_its_offset_twice_to_the_second():
    year = (from_datetime(datetime(2026, month, 1, tzinfo=UTC)) for month in (1, 12))
    changes = utc_offsets("Europe/Rome", *year)[1:]
    assert [to_datetime(change.from_ns).isoformat() for change in changes] == ["2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"]


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_named_with_the_next_step(name):
    with pytest.raises(BadInput) as raised:
        zone_of(name, "meta.json")
    assert raised.value.what.startswith("meta.json: no time zone is called")
    assert "Europe/Rome" in raised.value.next_step


# ---------------------------------------------------------------- through a recording, as the engine hears it


def heard(source: ReplaySource) -> tuple[Offsets, np.ndarray]:
    """The offsets in force after all items, put together as the engine does, and the times of all samples."""
    offsets, times = UTC_ONLY, []
    for item in source.items():
        if isinstance(item, UtcOffset):
            offsets = offsets.then(item.from_ns, item.offset_s)
        elif isinstance(item, Chunk):
            times.append(item.t_ns)
    return offsets, np.concatenate(times)


@pytest.mark.parametrize(("start", "hours"), [("2026-03-27T04:00:00+01:00", [24, 23, 24]), ("2026-10-23T04:00:00+02:00", [24, 25, 24])])
def test_the_days_of_a_recording_over_a_change_of_the_clocks_are_those_of_the_wall_clock(tmp_path, start, hours):
    rows = "".join(f"{60 * minute},60\n" for minute in range(sum(hours) * 60))
    source = open_source(folder(tmp_path, meta={"start": start, "tier": "D"}, hr=f"t_s,hr_bpm\n{rows}"))
    offsets, t_ns = heard(source)
    wall = [to_datetime(t).astimezone(ROME) for t in t_ns.tolist()]
    assert offsets.at(t_ns).tolist() == [int(time.utcoffset().total_seconds()) for time in wall]
    days = days_of(t_ns, offsets)
    lived = [(time.replace(tzinfo=None) - timedelta(hours=4)).date() for time in wall]
    assert len(set(zip(days.tolist(), lived, strict=True))) == len(set(lived)) == 3
    assert [minutes / 60 for minutes in Counter(days.tolist()).values()] == hours


@pytest.mark.parametrize(("change", "before_s", "after_s"), [("2026-03-29T01:00:00+00:00", 3600, 7200), ("2026-10-25T01:00:00+00:00", 7200, 3600)])
def test_the_offset_changes_between_one_nanosecond_and_the_next(tmp_path, change, before_s, after_s):
    t_ns = from_datetime(datetime.fromisoformat(change))
    rows = "".join(f"{60 * minute},60\n" for minute in range(120))
    source = open_source(folder(tmp_path, meta={"tier": "D"}, hr=f"t_s,hr_bpm\n{rows}"), start_ns=t_ns - 30 * MINUTE_NS)
    offsets, _ = heard(source)
    assert [offsets.one(at) for at in (t_ns - SECOND_NS, t_ns - 1, t_ns, t_ns + 1)] == [before_s, before_s, after_s, after_s]
