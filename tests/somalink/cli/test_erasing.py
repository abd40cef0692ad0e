"""`somalink erase` as a person types it: what it asks, what it refuses, what it says it cannot reach; and on a real server, that nothing is left."""

import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from influx import ORG, Influxd, free_port, rows

from somalink.domain.measurements import MEASUREMENTS, Form
from somalink.domain.time import from_datetime
from somalink.pipeline.replica.shipping import Manner, Shipper
from somalink.pipeline.replica.standing import replica_id
from somalink.storage import locks
from somalink.storage.influx.points import Point
from somalink.storage.influx.server import Place, Server
from somalink.storage.local import LocalStore

VALUES: dict[Form, Any] = {Form.FLOAT: 1.0, Form.INT: 1, Form.TEXT: "x", Form.BOOL: True}


def people(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as connection:
        return [person for (person,) in connection.execute("SELECT DISTINCT person FROM events ORDER BY 1")]


def without_ids(store: Path) -> bytes:
    """The file's bytes but for the ids and secrets of what is still there: their hexadecimal digits may spell a short name (about once in 150 runs)."""
    data = store.read_bytes()
    with closing(sqlite3.connect(store)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        values = {value for name in tables for row in connection.execute(f"SELECT * FROM {name}") for value in row if isinstance(value, str)}
    for spelt in (value.encode() for value in values if re.fullmatch("[0-9a-f-]{12,}", value)):
        data = data.replace(spelt, b"")
    return data


@pytest.fixture
def two(lived: Path, typed: Callable[..., Any]) -> Path:
    """A store with two days of ada, and a word of bo's."""
    assert typed("tag", "conflict", "--person", "bo", "--note", "his own").code == 0
    return lived


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`answering("ada")`: that is what is typed when something is asked."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))


@pytest.fixture
def replica(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """`replica(place)`: the settings name it."""

    def choose(place: Place) -> None:
        named = {"URL": place.url, "ORG": place.org, "BUCKET": place.bucket, "BUCKET_RAW": place.raw_bucket, "TOKEN": place.token}
        for name, value in named.items():
            monkeypatch.setenv(f"SOMALINK_INFLUX_{name}", value)

    return choose


def test_the_id_has_to_be_typed_and_anything_else_erases_nothing(two: Path, typed: Callable[..., Any], answering: Callable[[str], None]) -> None:
    for answer in ("", "y", "yes", "bo"):
        answering(answer)
        ended = typed("erase", "--person", "ada")
        assert ended.code == 2 and "nothing was erased" in ended.err
    assert people(two) == ["ada", "bo"]
    answering("ada")
    assert typed("erase", "--person", "ada").code == 0
    assert people(two) == ["bo"]


def test_it_says_of_every_table_what_was_there_and_that_nothing_is_now(two: Path, typed: Callable[..., Any]) -> None:
    told = typed("erase", "--person", "ada", "--yes", "--json").json
    assert {"units", "events", "hours", "episodes", "links", "baselines", "secrets"} <= set(told["local"])
    assert all(counts["before"] > 0 and counts["after"] == 0 for counts in told["local"].values())
    assert told["replica"] == {} and told["left_in_file"] == ""
    left = without_ids(two)
    assert b"ada" not in left and b"his own" in left


def test_it_needs_to_be_said_who(typed: Callable[..., Any], two: Path) -> None:
    assert typed("erase", "--yes").code == 2
    assert people(two) == ["ada", "bo"]


def test_who_is_being_recorded_is_not_erased(two: Path, typed: Callable[..., Any], engine: Callable[..., Any]) -> None:
    with closing(sqlite3.connect(two)) as connection:
        (device,) = connection.execute("SELECT device FROM units WHERE person = 'ada'").fetchone()
    with engine(two, "ada", device):
        ended = typed("erase", "--person", "ada", "--yes")
    assert ended.code == 1 and "end that somalink" in ended.err
    assert people(two) == ["ada", "bo"]


def test_backups_and_settings_that_still_name_them_are_named(two: Path, typed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (two.parent / "somalink.db.v1-backup").write_bytes(two.read_bytes())
    monkeypatch.setenv("SOMALINK_PERSON", "ada")
    ended = typed("erase", "--person", "ada", "--yes")
    assert "somalink.db.v1-backup" in ended.out and "SOMALINK_PERSON" in ended.out
    assert "exports" in ended.out and "InfluxDB" in ended.out


def test_a_replica_out_of_reach_stops_it_before_anything_is_erased(two: Path, typed: Callable[..., Any], replica: Callable[[Place], None]) -> None:
    replica(Place(f"http://127.0.0.1:{free_port()}", ORG, "bucket", "t0ken"))
    ended = typed("erase", "--person", "ada", "--yes")
    assert ended.code == 1 and "cannot be reached" in ended.err
    assert people(two) == ["ada", "bo"]


def test_without_the_replica_it_says_that_the_replica_was_left(two: Path, typed: Callable[..., Any], replica: Callable[[Place], None]) -> None:
    place = Place(f"http://127.0.0.1:{free_port()}", ORG, "bucket", "t0ken")
    replica(place)
    with closing(sqlite3.connect(two)) as connection, connection:
        connection.execute("INSERT INTO replica_state VALUES (?, 0, 0, 0, 0, '', '', 0, 0)", (replica_id(place),))
    ended = typed("erase", "--person", "ada", "--yes", "--local")
    assert ended.code == 0 and "1 replica this store was sent to, left as it is" in ended.out
    assert people(two) == ["bo"]


def test_while_another_program_sends_to_the_replica_nothing_is_erased(two: Path, typed: Callable[..., Any], replica: Callable[[Place], None]) -> None:
    """It would bring back what was just deleted."""
    place = Place(f"http://127.0.0.1:{free_port()}", ORG, "bucket", "t0ken")
    replica(place)
    with locks.shipping_lock(two, replica_id(place)):
        ended = typed("erase", "--person", "ada", "--yes")
    assert ended.code == 1 and "already sends" in ended.err
    assert people(two) == ["ada", "bo"]


# ---------------------------------------------------------------- on a real server


def everything_of(person: str) -> list[str]:
    """A point of every measurement that has people, with every field."""
    named = {name: about for name, about in MEASUREMENTS.items() if "person_id" in about.tags}
    made = [
        Point(name, {**dict.fromkeys(about.tags, "x"), "person_id": person}, {field: VALUES[told.form] for field, told in about.fields.items()}, 1)
        for name, about in named.items()
    ]
    return [line for point in made if (line := point.line())]


@pytest.fixture
def filled(influxd: Influxd, place: Place, tmp_path: Path) -> tuple[Place, Path]:
    """Both buckets with two people in every measurement, and one that no version of ours writes; the place as a shipper has it, and a token that reads."""
    whole = replace(place, raw_bucket=f"{place.bucket}-raw")
    ids = [str(influxd.ask("GET", "/api/v2/buckets", name=place.bucket)["buckets"][0]["id"]), influxd.bucket(whole.raw_bucket)]
    for bucket in whole.buckets:
        Server(place).write(bucket, [*everything_of("ada"), *everything_of("bo"), "of_old,person_id=ada z=1.0 1"])
    reads = tmp_path / "reads"
    reads.write_text(influxd.token(*(("read", id) for id in ids)))
    return replace(whole, token=influxd.token(*(("write", id) for id in ids))), reads


def left(place: Place, bucket: str, operator: str) -> set[str]:
    """Who has points in the bucket, in any measurement."""
    found = rows(replace(place, token=operator), 'SHOW TAG VALUES WITH KEY = "person_id" WHERE "person_id" =~ /./', bucket=bucket)
    return {str(row["value"]) for row in found}


@pytest.mark.influx
def test_in_the_replica_it_is_gone_from_every_measurement_of_both_buckets_and_counted(
    two: Path, typed: Callable[..., Any], replica: Callable[[Place], None], influxd: Influxd, filled: tuple[Place, Path]
) -> None:
    place, reads = filled
    replica(place)
    values = sum(len(line.split(" ")[1].split(",")) for line in everything_of("ada")) + 1
    told = typed("erase", "--person", "ada", "--yes", "--json", "--influx-read-token-file", reads).json
    assert told["replica"] == {bucket: {"before": values, "after": 0} for bucket in place.buckets}
    assert [left(place, bucket, influxd.operator) for bucket in place.buckets] == [{"bo"}, {"bo"}]
    assert people(two) == ["bo"]


@pytest.mark.influx
def test_a_shipper_that_goes_on_afterwards_does_not_bring_them_back(
    two: Path, typed: Callable[..., Any], replica: Callable[[Place], None], place: Place, tmp_path: Path
) -> None:
    def ship() -> None:
        with LocalStore.open(two) as store:
            Shipper(store, Server(place), place, Manner(), lambda: from_datetime(datetime.fromisoformat("2026-03-04T12:00:00+00:00"))).drain(patient=False)

    replica(place)
    ship()
    (tmp_path / "reads").write_text(place.token)
    told = typed("erase", "--person", "ada", "--yes", "--json", "--influx-read-token-file", tmp_path / "reads").json
    assert told["replica"][place.bucket]["before"] > 10_000 and told["local"]["replica_points"]["after"] == 0
    ship()
    assert left(place, place.bucket, place.token) == {"bo"}


@pytest.mark.influx
def test_without_a_token_that_reads_it_deletes_and_says_that_it_could_not_count(
    two: Path, typed: Callable[..., Any], replica: Callable[[Place], None], influxd: Influxd, filled: tuple[Place, Path]
) -> None:
    place, _ = filled
    replica(place)
    ended = typed("erase", "--person", "ada", "--yes")
    assert ended.code == 0 and "only a token that reads can count" in ended.out
    assert left(place, place.bucket, influxd.operator) == {"bo"}


@pytest.mark.influx
@pytest.mark.parametrize("which", ["write", "wrong"])
def test_a_token_that_cannot_read_is_said_before_anything_is_erased(
    two: Path, typed: Callable[..., Any], replica: Callable[[Place], None], influxd: Influxd, filled: tuple[Place, Path], which: str, tmp_path: Path
) -> None:
    place, _ = filled
    replica(place)
    (tmp_path / "token").write_text(place.token if which == "write" else "nobody")
    ended = typed("erase", "--person", "ada", "--yes", "--influx-read-token-file", tmp_path / "token")
    assert ended.code == 1
    assert people(two) == ["ada", "bo"] and left(place, place.bucket, influxd.operator) == {"ada", "bo"}
