"""Taking a person out of a real server, whatever their id is made of."""

from dataclasses import replace

import pytest
from influx import Influxd, rows

from somalink.storage.influx.erase import forget, values_of
from somalink.storage.influx.points import Point
from somalink.storage.influx.server import EARLIEST_NS, LATEST_NS, Place, Server, ServerError, Trouble

IDS = ["me", "o'neil", "\\'", 'the "quiet" one', "ends in one\\", "line\nbreak", "ünï", "a' OR 'b' = 'b", "a/b"]


def words_of(person: str) -> list[str]:
    """Two ratings with two values each, at either end of time, and a plan with one."""
    named = {"person_id": person, "kind": "distress"}
    ratings = [Point("rating", {**named, "id": str(t)}, {"value": 7.0, "blind": True}, t).line() for t in (EARLIEST_NS, LATEST_NS)]
    return [*ratings, Point("plan", {**named, "id": "p"}, {"state": "planned"}, 1).line()]


@pytest.mark.influx
@pytest.mark.parametrize("person", IDS)
def test_whoever_is_forgotten_has_no_value_left_and_the_others_have_all_of_theirs(place: Place, person: str) -> None:
    Server(place).write(place.bucket, [*words_of(person), *words_of("b"), *words_of("bo")])
    assert values_of(place, place.token, person) == {place.bucket: 5}
    forget(place, person)
    assert values_of(place, place.token, person) == {place.bucket: 0}
    assert [values_of(place, place.token, other) for other in ("b", "bo")] == [{place.bucket: 5}] * 2


@pytest.mark.influx
def test_an_id_stays_in_the_servers_index_and_a_list_that_looks_at_points_leaves_it_out(place: Place) -> None:
    """2.7.12. Lists of people have to ask with this WHERE; the day the first half fails, they need it no more, and docs/influxdb.md says less."""
    Server(place).write(place.bucket, [*words_of("ada"), *words_of("bo")])
    forget(place, "ada")
    listed = 'SHOW TAG VALUES FROM "rating" WITH KEY = "person_id"'
    assert [row["value"] for row in rows(place, listed)] == ["ada", "bo"]
    assert [row["value"] for row in rows(place, f'{listed} WHERE "person_id" =~ /./')] == ["bo"]


@pytest.mark.influx
def test_the_token_that_writes_forgets_and_cannot_count_and_the_other_way_round(influxd: Influxd, place: Place) -> None:
    Server(place).write(place.bucket, words_of("ada"))
    id = str(influxd.ask("GET", "/api/v2/buckets", name=place.bucket)["buckets"][0]["id"])
    writes, reads = influxd.token(("write", id)), influxd.token(("read", id))
    with pytest.raises(ServerError) as raised:
        values_of(place, writes, "ada")
    assert raised.value.trouble == Trouble.FORBIDDEN and "ada" not in str(raised.value)
    with pytest.raises(ServerError, match="does not allow"):
        forget(replace(place, token=reads), "ada")
    forget(replace(place, token=writes), "ada")
    assert values_of(place, reads, "ada") == {place.bucket: 0}
