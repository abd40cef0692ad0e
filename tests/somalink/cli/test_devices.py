"""Somebody who owns a watch finds out what it can give, how to make it send, and whether anybody ever tried."""

import pytest

from ingest.devices.catalogue import families


def test_all_families_are_listed_a_line_each_with_what_they_are_and_what_was_tried(typed):
    ended = typed("devices")
    lines = ended.out.splitlines()
    assert ended.code == 0 and [line.split()[0] for line in lines] == list(families())
    assert "Polar H10" in ended.out and "strap that sees movement" in ended.out and "tried: never" in ended.out
    assert ended.err.strip().startswith("next: somalink devices ")


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("garmin", ["garmin_hrm_dual", "garmin_hrm_pro", "garmin_watch"]),
        ("  WHOOP ", ["whoop"]),
        ("polar h10", ["polar_h10"]),
        ("Polar H10 51C0FFEE", ["polar_h10"]),
        ("Forerunner 265", ["garmin_watch"]),
        ("Mi Smart Band 6", ["amazfit"]),
        ("other_watch", ["other_watch"]),
    ],
)
def test_a_maker_a_model_or_the_name_of_a_scan_finds_it(typed, word, found):
    assert [each["id"] for each in typed("devices", word, "--json").json["devices"]] == found


def test_one_that_is_found_is_told_with_its_steps_in_order_and_where_they_were_read(typed):
    out = typed("devices", "charge 6").out
    steps = [line.strip() for line in out.splitlines() if line.strip()[:2] in {"1.", "2.", "3.", "4."}]
    assert steps[0] == "1. Swipe down from the clock face and tap HR on equipment." and steps[3].startswith("4. Tap Start")
    assert "after: Google's Fitbit help, answer 14236705" in out
    assert "to switch it on (Pixel Watch); unverified" in out


def test_what_nobody_tried_is_said_to_be_untried(typed):
    assert "tried: never (nothing; what stands here was read)" in typed("devices", "whoop").out
    assert "tried: recorded bytes (ECG frames" in typed("devices", "polar_h10").out


@pytest.mark.parametrize("family", list(families()))
def test_every_family_is_told_in_lines_that_a_terminal_holds(typed, family):
    out = typed("devices", family).out
    assert all(len(line) <= 100 for line in out.splitlines()) and out.count("tried:") == 1


def test_a_strap_is_told_how_late_it_is_and_what_it_is_asked_for(typed):
    out = " ".join(typed("devices", "polar_h10").out.split())
    assert "latency: 2.6 s after the beat" in out
    assert "movement 25 times a second, up to 4 g; ECG 130 times a second, on request" in out
    assert "latency: nobody measured" in typed("devices", "polar_h9").out


def test_programs_get_numbers_and_null_for_what_is_not_known(typed):
    [h10], [h9] = (typed("devices", name, "--json").json["devices"] for name in ("polar_h10", "polar_h9"))
    assert (h10["tier"], h10["latency_s"], h10["sends"]) == ("A", 2.6, ["hr", "rr"])
    assert h10["wants"][1] == {"stream": "ecg", "rate_hz": 130, "range_g": None, "resolution": 14, "on_request": True}
    assert (h9["tier"], h9["latency_s"], h9["wants"]) == ("B", None, [])


def test_a_device_that_nobody_described_is_said_to_work_all_the_same(typed):
    ended = typed("devices", "a thing")
    assert ended.code == 2 and "somalink scan" in ended.err and "Traceback" not in ended.err
