"""Ten seconds of standing still tell a chest sensor which way is up; ten seconds of anything else tell it nothing, and say why."""

import numpy as np
import pytest
from house import House
from standing import CONSTANTS, PERSON, RATE_HZ, START_NS, STRAP, UP, chest, recording, rows

from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.pipeline.upright import calibrate, judged, look, told_last, upright_of
from somalink.storage.local import LocalStore

RULES = CONSTANTS.motion


@pytest.fixture
def store(tmp_path):
    with LocalStore.open(tmp_path / "store.db") as opened:
        yield opened


def test_who_stands_still_has_told_which_way_is_up(store) -> None:
    now_ns = recording(store, rows(chest(90, lying_s=60)))
    stood = calibrate(store, PERSON, now_ns + SECOND_NS, RULES)
    assert (stood.device, stood.reason) == (STRAP, "") and stood.motion_mg < 10
    assert np.allclose(stood.xyz, np.array(UP) * 100, atol=200)
    assert upright_of(store, PERSON, STRAP) == stood.xyz
    again = calibrate(store, PERSON, now_ns + 2 * SECOND_NS, RULES)
    assert (upright_of(store, PERSON, STRAP), told_last(store, PERSON, STRAP).revision) == (again.xyz, 2)


def test_looking_keeps_nothing(store) -> None:
    now_ns = recording(store, rows(chest(90)))
    assert look(store, PERSON, now_ns, RULES).xyz is not None
    assert upright_of(store, PERSON, STRAP) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (rows(chest(90, moves_s=(83, 86))), "moved"),
        (rows(chest(90, lying_s=85)), "moved"),
        (rows(np.rint(chest(90) * 1.3).astype(np.int64)), "no_gravity"),
        (rows(chest(90), acc=False), "no_movement"),
    ],
    ids=["moves", "gets up", "pulled by more than the earth", "without an accelerometer"],
)
def test_what_was_not_standing_still_is_not_kept_and_says_why(store, given, reason) -> None:
    stood = calibrate(store, PERSON, recording(store, given), RULES)
    assert (stood.reason, stood.xyz) == (reason, None)
    assert upright_of(store, PERSON, STRAP) is None


def test_samples_that_stopped_a_while_ago_are_not_of_now(store) -> None:
    assert look(store, PERSON, recording(store, rows(chest(90))) + 20 * SECOND_NS, RULES).reason == "too_short"


def test_nothing_can_be_told_while_nothing_is_recorded(store) -> None:
    assert look(store, PERSON, START_NS, RULES).reason == "not_recording"
    now_ns = recording(store, rows(chest(30)))
    assert look(store, PERSON, now_ns + HOUR_NS, RULES).reason == "not_recording"
    assert look(store, "ben", now_ns, RULES).reason == "not_recording"


@pytest.mark.parametrize("seconds", [0, 4, 9])
def test_less_than_ten_seconds_are_too_short(seconds: int) -> None:
    xyz = chest(seconds) * 100
    t_ns = START_NS + np.rint(np.arange(len(xyz)) / RATE_HZ * SECOND_NS).astype(np.int64)
    assert judged(STRAP, t_ns, xyz, START_NS + seconds * SECOND_NS, RULES).reason == "too_short"


def test_a_hole_in_the_ten_seconds_is_no_standing_still() -> None:
    xyz = chest(20) * 100
    t_ns = START_NS + np.rint(np.arange(len(xyz)) / RATE_HZ * SECOND_NS).astype(np.int64)
    there = (t_ns < START_NS + 11 * SECOND_NS) | (t_ns > START_NS + 16 * SECOND_NS)
    assert judged(STRAP, t_ns[there], xyz[there], START_NS + 20 * SECOND_NS, RULES).reason == "too_short"


def test_the_page_is_told_whether_there_is_a_sensor_to_stand_for_and_what_came_of_it(store) -> None:
    house = House(store, now_ns=recording(store, rows(chest(90))))
    ada, ben = house.browser("ada"), house.browser("ben")
    assert ada.get("/api/v1/upright").json == {"device": STRAP, "told_ms": None}
    assert ben.get("/api/v1/upright").json == {"device": "", "told_ms": None}
    assert ada.post("/api/v1/upright", {}).json == {"device": STRAP, "reason": ""}
    assert ada.get("/api/v1/upright").json == {"device": STRAP, "told_ms": house.now_ns // 10**6}
    assert ben.post("/api/v1/upright", {}).json == {"device": "", "reason": "not_recording"}
