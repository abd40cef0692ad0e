"""Hours of a device: what came, what could be used and what the level did, each from the rows of that hour alone."""

from dataclasses import replace

import lived
import morning
import numpy as np
import pytest
from lived import CONSTANTS, PERSON, T0, UNIT, USUAL, minute, spike

from somalink.domain.identity import Unit
from somalink.domain.measurements import GATE_SECONDS
from somalink.domain.time import HOUR_NS
from somalink.domain.types import UNKNOWN, Gap, Gate, Stream, UtcOffset
from somalink.pipeline.holdings import holdings
from somalink.pipeline.replica.sets import hours_of
from somalink.storage import RecordingRow

ALL = range(T0, T0 + lived.HOURS * HOUR_NS, HOUR_NS)


@pytest.fixture
def hours(subject):
    """`hours("coverage")`: the points of these hours, by their number since the morning began."""

    def do(measurement: str, of=ALL, device: str = UNIT.device):
        return {(point.t_ns - T0) // HOUR_NS: point for point in hours_of(subject(), device, of) if point.measurement == measurement}

    return do


def test_an_hour_says_what_came_and_what_was_lost(hours) -> None:
    first, second = (hours("coverage")[k].fields for k in (0, 1))
    assert [first[name] for name in ("received_beats", "refused_beats", "stored_beats", "flagged_beats")] == [3620.0, 20.0, 3599.0, 72.0]
    assert [second[name] for name in ("stored_beats", "gaps", "gap_s", "reconnects")] == [1801.0, 2.0, 360.0, 1.0]
    assert (first["worn_s"], first["usable_s"], first["simulated"]) == (3600.0, 3600.0, False)


def test_a_gap_counts_in_the_hour_it_begins_and_is_lost_in_each_it_touches(hours) -> None:
    third = hours("coverage")[2].fields
    assert (third["gaps"], third["gap_s"], third["reconnects"]) == (0.0, 60.0, 0.0)


def test_an_hour_is_named_by_device_and_start(hours) -> None:
    point = hours("coverage")[1]
    assert (point.t_ns, point.id) == (T0 + HOUR_NS, f"strap/{T0 + HOUR_NS}")
    assert point.tags == {"person_id": PERSON, "device_id": "strap", "device_tier": "A"}


def test_one_hour_alone_says_what_it_says_among_others(hours) -> None:
    for measurement in ("coverage", "hour_summary"):
        among = hours(measurement)
        assert {k: hours(measurement, [hour])[k].line() for k, hour in enumerate(ALL)} == {k: point.line() for k, point in among.items()}


def test_an_hour_with_nothing_gives_no_point(hours) -> None:
    assert hours("coverage", [T0 - 40 * HOUR_NS, T0 + 1000 * HOUR_NS]) == {}
    assert hours("coverage", []) == {}
    assert hours("coverage", ALL, "another strap") == {}


def test_a_night_without_a_strap_has_its_gap_and_no_level(hours, write) -> None:
    write(lambda w: w.put_grid(UNIT, "a", lived.still(hr=(240, 360, UNKNOWN), z=(240, 360, UNKNOWN))))
    write(lambda w: w.put_gaps(UNIT, [Gap(Stream.RR, minute(240), minute(300), "strap_off")]))
    coverage = hours("coverage")
    assert 5 not in coverage and 5 not in hours("hour_summary")
    assert (coverage[4].fields["gap_s"], coverage[4].fields["worn_s"]) == (3600.0, 0.0)
    assert 4 not in hours("hour_summary")


def test_a_gap_in_movement_is_no_gap_in_beats(hours, write) -> None:
    before = hours("coverage")[3].line()
    write(lambda w: w.put_gaps(UNIT, [Gap(Stream.ACC, minute(190), minute(220), "silence")]))
    assert hours("coverage")[3].line() == before


@pytest.mark.parametrize(
    ("reason", "lost"), [("disconnect", 1.0), ("silence", 1.0), ("adapter_off", 1.0), ("restart", 1.0), ("drift", 0.0), ("strap_off", 0.0)]
)
def test_a_link_that_was_lost_is_told_from_beats_that_were(hours, write, reason: str, lost: float) -> None:
    write(lambda w: w.put_gaps(UNIT, [Gap(Stream.RR, minute(190), minute(191), reason)]))
    assert (hours("coverage")[3].fields["reconnects"], hours("coverage")[3].fields["gaps"]) == (lost, 1.0)


def test_means_are_of_the_usable_time_and_gates_of_all_that_was_worn(hours, write) -> None:
    rows = lived.still(
        z=(15, 30, 10_000), z__2=(30, 60, 20_000), gate=(45, 60, Gate.MOVING), hr=(0, 15, 60_000), hr__2=(45, 60, 110_000), hr_q=(0, 5, 5_999),
        hr__3=(0, 5, 90_000), ln_rmssd=(0, 30, round(10_000 * np.log(40))), ln_rmssd__2=(30, 60, round(10_000 * np.log(90))), hrv_q=(0, 29, 9_000),
    )  # fmt: skip
    write(lambda w: w.put_grid(UNIT, "a", rows))
    inside = rows.take((rows.stop_ns > T0) & (rows.stop_ns <= T0 + HOUR_NS))
    fit = inside.take((inside.gate != Gate.MOVING) & (inside.hr_q >= 6_000))
    assert len(fit) < 480
    fields = hours("hour_summary")[0].fields
    assert fields["z_mean"] == pytest.approx(fit.z.mean() / 10_000, abs=1e-12)
    assert fields["hr_mean_bpm"] == pytest.approx(inside.hr.mean() / 1000, abs=1e-9)
    assert fields["still_hr_bpm"] == pytest.approx(fit.hr.mean() / 1000, abs=1e-9)
    assert fields["rmssd_mean_ms"] == pytest.approx(40, abs=0.01)
    moving = float(np.count_nonzero(inside.gate == Gate.MOVING)) * 5
    assert [fields[f"{name}_s"] for name in ("usable", "still", "moving", "light")] == [len(fit) * 5.0, 3600 - moving, moving, 0.0]


def test_gates_are_of_the_time_the_strap_was_worn(hours, write) -> None:
    write(lambda w: w.put_grid(UNIT, "a", lived.still(hr=(40, 60, UNKNOWN), z=(40, 60, UNKNOWN), gate=(40, 60, Gate.UNKNOWN))))
    fields = hours("hour_summary")[0].fields
    assert sum(fields[name] for name in GATE_SECONDS) == fields["still_s"] == hours("coverage")[0].fields["worn_s"] == 479 * 5.0
    assert fields["hr_mean_bpm"] == 70.0


def test_where_movement_is_not_known_the_body_counts_as_still(hours, write) -> None:
    write(lambda w: w.put_grid(UNIT, "a", lived.still(gate=(0, 60, Gate.UNKNOWN), motion_conf=(0, 60, 50))))
    fields = hours("hour_summary")[0].fields
    assert (fields["still_hr_bpm"], fields["unknown_s"]) == (70.0, 3600.0)


def test_spikes_are_those_of_the_device_that_leads_beside_what_chance_would_show(hours, write) -> None:
    write(lambda w: w.put_baseline(PERSON, "A", "a", replace(USUAL, number=2, from_ns=minute(60), chance_all=0.6)))
    write(lambda w: w.put_grid(UNIT, "a", lived.still(baseline=(61, 360, 2), gate=(90, 120, Gate.MOVING))))
    write(lambda w: w.put_episodes(UNIT, "a", [spike(70, 75)], lead=False))
    write(lambda w: w.put_episodes(UNIT, "a", [spike(110, None, state="open")]))
    second = hours("hour_summary")[1].fields
    assert second["spikes"] == 1.0
    assert second["chance_spikes"] == pytest.approx(0.6 * 29 / 60)  # from minute 61 to the one before the body moves
    assert hours("hour_summary")[0].fields["chance_spikes"] is None


def test_the_hour_tag_is_the_wearers_own(hours, write) -> None:
    assert hours("hour_summary")[0].tags["hour"] == "09"
    write(lambda w: w.put_utc_offsets(UNIT, [UtcOffset(T0 + HOUR_NS, 5 * 3600 + 1800, "Asia/Kolkata")]))
    assert [hours("hour_summary")[k].tags["hour"] for k in (0, 1)] == ["09", "15"]


def test_recordings_of_a_device_add_up_and_where_they_overlap_time_counts_once(hours, write) -> None:
    again = Unit(PERSON, "strap", "r2", "C")
    write(lambda w: w.put_recording(again, RecordingRow(T0, T0 + 2 * HOUR_NS, "done", analysis="a", simulated=True)))
    write(lambda w: w.put_beats(again, morning.beats(30)))
    write(lambda w: w.put_grid(again, "a", lived.still()))
    write(lambda w: w.put_counts(again, {T0: (1800, {})}))
    first = hours("coverage")[0]
    assert [first.fields[name] for name in ("received_beats", "stored_beats", "worn_s")] == [5420.0, 3599.0 + 1800.0, 3600.0]
    assert (first.fields["simulated"], first.tags["device_tier"]) == (True, "A")
    assert hours("coverage")[4].fields["simulated"] is False


def test_the_hours_add_up_to_what_the_store_says_it_holds(hours, store) -> None:
    [holding] = holdings(store, PERSON, CONSTANTS)
    told = hours("hour_summary")
    assert sum(point.fields["usable_s"] for point in told.values()) == holding.usable_s
    assert sum(point.fields["spikes"] for point in told.values()) == holding.spikes
    coverage = hours("coverage").values()
    assert sum(point.fields["stored_beats"] for point in coverage) == store.totals(PERSON)["beats_stored"]
    assert sum(point.fields["gap_s"] for point in coverage) == store.totals(PERSON)["gap_s"]


def test_a_live_recording_has_no_end_and_still_says_whose_it_is(store, write, hours) -> None:
    write(lambda w: w.put_recording(UNIT, RecordingRow(T0, None, "running", "a", simulated=True)))
    assert all(point.fields["simulated"] for point in hours("coverage").values())
    assert hours("coverage")[0].fields["received_beats"] == 3620.0
