"""After shipping, a server holds what the store's export says: every row, every value, none twice."""

import pytest
from reckoned_points import MADE, NOT_EXPORTED, WORDED, table, unlike
from replicated import Replica, held

from somalink.domain.measurements import MEASUREMENTS

pytestmark = [pytest.mark.influx, pytest.mark.slow]


@pytest.fixture(scope="session", params=["real_day", "simulated"])
def replica(request: pytest.FixtureRequest) -> Replica:
    found: Replica = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("name", MADE)
def test_every_row_and_value_of_the_export_is_there_and_nothing_else(replica: Replica, name: str) -> None:
    assert not unlike(replica.reckoned[name], held(replica.place, name), without=WORDED.get(name, ()))


def test_every_beat_is_there_once(real_day: Replica) -> None:
    counted = real_day.there('SELECT count("rr_ms") FROM "beat"')[0].rows[0][1]
    assert counted == len(table(real_day.kept.folder, "beats")) > 70_000


def test_the_measurements_that_cannot_be_reckoned_are_named_with_their_reason() -> None:
    assert set(MADE) | set(NOT_EXPORTED) == set(MEASUREMENTS)
    assert all(field in MEASUREMENTS[name].fields for name, fields in WORDED.items() for field in fields)


def test_what_is_only_worded_is_worded_in_every_row(simulated: Replica) -> None:
    for name, field in (("episode", "label"), ("social_event", "label"), ("finding", "what"), ("finding", "words")):
        there = held(simulated.place, name)
        assert len(there) and all(there.fields[field]), f"{name}.{field}"


def test_an_effect_is_there_only_where_it_is_claimed(simulated: Replica) -> None:
    there = held(simulated.place, "finding")
    claimed = {fields["verdict"] for _, _, fields in there.rows() if "effect" in fields}
    assert claimed <= {"higher", "lower"}
    assert all(not fields["cannot"] for _, _, fields in there.rows() if "effect" in fields)


def test_both_together_fill_every_measurement_that_their_devices_have(real_day: Replica, simulated: Replica) -> None:
    empty = {name for name in MADE if not len(real_day.reckoned[name]) and not len(simulated.reckoned[name])}
    assert empty == {"device_status"}, "neither a recording folder nor a simulated client says anything of a battery"
