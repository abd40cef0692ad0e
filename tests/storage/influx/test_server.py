"""What a real InfluxDB says, and what we make of it; where no server says it, a small one of ours that answers with just that."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from influx import ORG, Influxd, free_port, rows

from somalink.domain.measurements import MEASUREMENTS
from somalink.storage.influx.points import Point
from somalink.storage.influx.server import EARLIEST_NS, LATEST_NS, Place, Server, ServerError, Trouble

T = 1_772_355_600_000_000_000
IDS = [
    "me",
    "with space",
    "o'neil",
    'the "quiet" one',
    "back\\slash",
    "ends in one\\",
    '\\"',
    "a\\,b",
    "a=b",
    "line\nbreak",
    "ünï",
    "日本",
    "new/li",
    "a AND b",
    "7up",
    " ",
]
"""Ids that break something somewhere: line protocol, a predicate, InfluxQL, a URL."""


def nowhere(url: str = "", **other: str) -> Place:
    return replace(Place(url or f"http://127.0.0.1:{free_port()}", ORG, "bucket", "t0ken"), **other)


def rating(person: str, value: float, t_ns: int = T) -> str:
    return Point("rating", {"person_id": person, "id": "i", "kind": "distress"}, {"value": value}, t_ns).line()


def refused(place: Place, bucket: str, lines: list[str]) -> ServerError:
    with pytest.raises(ServerError) as raised:
        Server(place).write(bucket, lines)
    return raised.value


@contextmanager
def answering(status: int, body: str = "", headers: dict[str, str] | None = None, asked: list[bytes] | None = None) -> Iterator[str]:
    """A server that gives one answer to everything; its address. `asked`: gets the body of every request."""

    class Answer(BaseHTTPRequestHandler):
        def answer(self) -> None:
            ([] if asked is None else asked).append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            running.join()


# ---------------------------------------------------------------- without a server


def test_a_place_does_not_show_its_token() -> None:
    assert "s3cret" not in repr(Place("http://x", "o", "b", "s3cret"))


def test_nobody_at_the_address_is_told_as_such_and_the_token_is_not() -> None:
    wrong = refused(nowhere(), "bucket", [rating("ada", 7)])
    assert wrong.trouble == Trouble.UNREACHABLE
    assert "nothing listens there" in wrong.what
    assert wrong.next_step and "t0ken" not in str(wrong) and wrong.__cause__ is None


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, '{"code":"unauthorized","message":"unauthorized access"}', Trouble.FORBIDDEN),
        (403, '{"code":"forbidden","message":"insufficient permissions for write"}', Trouble.FORBIDDEN),
        (404, '{"code":"not found","message":"bucket \\"x\\" not found"}', Trouble.MISSING),
        (404, "<h1>not found</h1>", Trouble.MISSING),
        (301, "", Trouble.MISSING),
        (413, '{"code":"request too large"}', Trouble.TOO_LARGE),
        (429, "", Trouble.BUSY),
        (500, '{"code":"internal error","message":"no space left on device"}', Trouble.BUSY),
        (502, "<h1>bad gateway</h1>", Trouble.BUSY),
        (503, '{"code":"unavailable"}', Trouble.BUSY),
    ],
)
def test_each_refusal_says_what_it_asks_for(status: int, body: str, trouble: Trouble) -> None:
    with answering(status, body, {"Location": "http://127.0.0.1:1/"} if status == 301 else None) as url:
        wrong = refused(nowhere(url), "bucket", [rating("ada", 7)])
    assert wrong.trouble == trouble
    assert wrong.next_step and wrong.dropped is None and not wrong.expired


@pytest.mark.parametrize("status", [204, 429, 500, 503])
def test_a_batch_is_one_request_as_it_was_given_and_is_never_sent_again_by_the_client(status: int) -> None:
    """What we lean on in influxdb_client: retrying is the shipper's, which remembers."""
    asked: list[bytes] = []
    with answering(status, "", {"Retry-After": "0"}, asked) as url:
        server = Server(nowhere(url))
        with pytest.raises(ServerError) if status >= 400 else nullcontext():
            server.write("bucket", [rating("ada", 7), rating("bo", 8)])
        server.close()
    assert asked == [f"{rating('ada', 7)}\n{rating('bo', 8)}".encode()]


@pytest.mark.parametrize("token", ["two\nlines", "smörgås-☃"])
def test_a_token_that_no_header_can_carry_is_not_repeated_in_the_words(token: str) -> None:
    with answering(204) as url:
        wrong = refused(nowhere(url, token=token), "bucket", [rating("ada", 7)])
    assert token not in str(wrong) and token not in repr(wrong.__context__ if not wrong.__suppress_context__ else "")


def test_a_server_that_does_not_answer_is_left_in_time() -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(ServerError, match="no answer in time") as raised:
            Server(nowhere(f"http://127.0.0.1:{deaf.getsockname()[1]}"), timeout_s=0.05).write("bucket", [rating("ada", 7)])
    assert raised.value.trouble == Trouble.UNREACHABLE


def test_a_row_that_cannot_be_read_is_not_repeated_in_the_words() -> None:
    with answering(400, '{"code":"invalid","message":"unable to parse \'rating,person_id=ada value=7\': missing timestamp"}') as url:
        wrong = refused(nowhere(url), "bucket", ["x"])
    assert wrong.trouble == Trouble.REFUSED and wrong.dropped is None
    assert "missing timestamp" in wrong.what and "ada" not in str(wrong)


# ---------------------------------------------------------------- a real server


@pytest.mark.influx
def test_what_is_acknowledged_is_there_and_sent_twice_it_is_there_once(place: Place) -> None:
    server = Server(place)
    for _ in range(2):
        server.write(place.bucket, [rating("ada", 7), rating("ada", 3, T + 1)])
    assert [(row["time"], row["value"]) for row in rows(place, 'SELECT "value" FROM "rating"')] == [(T, 7.0), (T + 1, 3.0)]


@pytest.mark.influx
def test_a_server_tells_its_version_and_that_it_is_well(place: Place) -> None:
    server = Server(place)
    server.ready()
    assert server.version().startswith("2.")


@pytest.mark.influx
def test_a_field_of_another_type_is_refused_alone_and_counted(place: Place) -> None:
    Server(place).write(place.bucket, [rating("ada", 7)])
    text = rating("ada", 1, T + 1).replace("value=1.0", 'value="secret"')
    wrong = refused(place, place.bucket, [rating("bo", 2), text, text.replace("ada", "bo"), rating("bo", 3, T + 1)])
    assert (wrong.trouble, wrong.dropped, wrong.expired) == (Trouble.REFUSED, 2, False)
    assert wrong.what == "refused: rating.value is a float there, not a string"
    assert len(rows(place, 'SELECT "value" FROM "rating"')) == 3


@pytest.mark.influx
@pytest.mark.parametrize(
    "line", ["garbage", "rating,person_id=ada value=NaN 1", "rating,person_id=ada value=1 99999999999999999999", "rating,time=x value=1 1"]
)
def test_of_a_batch_with_a_row_that_cannot_be_read_nothing_is_kept(place: Place, line: str) -> None:
    wrong = refused(place, place.bucket, [rating("ada", 7), line])
    assert (wrong.trouble, wrong.dropped) == (Trouble.REFUSED, None)
    assert "ada" not in str(wrong)
    assert rows(place, 'SELECT "value" FROM "rating"') == []


@pytest.mark.influx
def test_what_is_older_than_the_bucket_keeps_is_told_from_what_is_wrong(influxd: Influxd, place: Place) -> None:
    short = f"{place.bucket}-short"
    influxd.bucket(short, retention_s=3600)
    wrong = refused(place, short, [rating("ada", 7, 1), rating("ada", 7, 2)])
    assert (wrong.trouble, wrong.dropped, wrong.expired) == (Trouble.REFUSED, 2, True)
    assert "1h0m0s" in wrong.what


@pytest.mark.influx
def test_a_wrong_token_a_missing_bucket_and_a_missing_organisation_say_which(place: Place) -> None:
    unknown = refused(replace(place, token="nobody"), place.bucket, [rating("ada", 7)])
    no_bucket = refused(place, "nowhere", [rating("ada", 7)])
    no_org = refused(replace(place, org="nobody"), place.bucket, [rating("ada", 7)])
    assert [wrong.trouble for wrong in (unknown, no_bucket, no_org)] == [Trouble.FORBIDDEN, Trouble.MISSING, Trouble.MISSING]
    assert "(401)" in unknown.what and "no such bucket" in no_bucket.what and "no such organisation" in no_org.what


@pytest.mark.influx
def test_a_token_that_only_reads_may_not_write_and_one_of_another_bucket_neither(influxd: Influxd, place: Place) -> None:
    here, there = str(influxd.ask("GET", "/api/v2/buckets", name=place.bucket)["buckets"][0]["id"]), influxd.bucket(f"{place.bucket}-there")
    reads = refused(replace(place, token=influxd.token(("read", here))), place.bucket, [rating("ada", 7)])
    elsewhere = refused(replace(place, token=influxd.token(("write", there))), place.bucket, [rating("ada", 7)])
    assert reads.trouble == elsewhere.trouble == Trouble.FORBIDDEN
    assert "does not allow" in reads.what and "does not allow" in elsewhere.what


@pytest.mark.influx
@pytest.mark.parametrize("person", IDS)
def test_anybodys_points_can_be_deleted_and_nobody_elses_are(place: Place, person: str) -> None:
    server = Server(place)
    server.write(place.bucket, [rating(person, 7), rating("somebody else", 1)])
    server.delete(place.bucket, "rating", {"person_id": person}, T, T + 1)
    assert [row["person_id"] for row in rows(place, 'SELECT "value", "person_id" FROM "rating"')] == ["somebody else"]


@pytest.mark.influx
def test_a_deletion_takes_its_first_nanosecond_and_leaves_its_last(place: Place) -> None:
    server = Server(place)
    server.write(place.bucket, [rating("ada", t, T + t) for t in range(5)])
    server.delete(place.bucket, "rating", {"person_id": "ada", "id": "i", "kind": "distress"}, T + 1, T + 3)
    server.delete(place.bucket, "rating", {"person_id": "ada"}, T + 4, T + 4)
    assert [row["value"] for row in rows(place, 'SELECT "value" FROM "rating"')] == [0.0, 3.0, 4.0]


@pytest.mark.influx
def test_a_deletion_reaches_from_the_first_time_there_can_be_to_the_last(place: Place) -> None:
    server = Server(place)
    server.write(place.bucket, [rating("ada", 1, EARLIEST_NS), rating("ada", 2, T), rating("ada", 3, LATEST_NS)])
    server.delete(place.bucket, "rating", {"person_id": "ada"}, -(2**63), 2**63 - 1)
    assert rows(place, 'SELECT "value" FROM "rating"') == []


@pytest.mark.influx
def test_deleting_what_was_never_there_is_no_error_but_a_bucket_that_never_was_is_one(place: Place) -> None:
    server = Server(place)
    server.delete(place.bucket, "rating", {"person_id": "ada"}, 0, T)
    with pytest.raises(ServerError) as raised:
        server.delete("nowhere", "rating", {"person_id": "ada"}, 0, T)
    assert raised.value.trouble == Trouble.MISSING


@pytest.mark.influx
def test_a_server_that_is_killed_has_what_it_acknowledged_and_is_spoken_to_again(own_influxd: Influxd) -> None:
    own_influxd.bucket("kept")
    place = Place(own_influxd.url, ORG, "kept", own_influxd.operator)
    server = Server(place)
    server.write("kept", [rating("ada", 7)])
    own_influxd.kill()
    with pytest.raises(ServerError) as raised:
        server.write("kept", [rating("ada", 8, T + 1)])
    assert raised.value.trouble == Trouble.UNREACHABLE
    own_influxd.start()
    server.write("kept", [rating("ada", 9, T + 2)])
    assert [row["value"] for row in rows(place, 'SELECT "value" FROM "rating"')] == [7.0, 9.0]


@pytest.mark.influx
def test_a_server_that_is_killed_while_it_reads_a_batch_is_unreachable(own_influxd: Influxd) -> None:
    own_influxd.bucket("kept")
    place = Place(own_influxd.url, ORG, "kept", own_influxd.operator)
    server = Server(place)
    lines = [rating("ada", 7, T + n) for n in range(20_000)]
    acknowledged = 0

    def batches() -> None:
        nonlocal acknowledged
        while True:
            server.write("kept", [line.replace("id=i", f"id=i{acknowledged}") for line in lines])
            acknowledged += 1

    seen: list[ServerError] = []

    def ship(work: Callable[[], None]) -> None:
        try:
            work()
        except ServerError as error:
            seen.append(error)

    shipping = threading.Thread(target=ship, args=(batches,))
    shipping.start()
    while acknowledged < 1:
        shipping.join(0.01)
    own_influxd.kill()
    shipping.join()
    assert [error.trouble for error in seen] == [Trouble.UNREACHABLE]
    own_influxd.start()
    kept = rows(place, 'SELECT count("value") AS "n" FROM "rating" GROUP BY "id"')
    assert [row["n"] for row in kept][:acknowledged] == [len(lines)] * acknowledged


@pytest.mark.influx
def test_every_measurement_can_be_written_in_the_forms_that_the_table_has(place: Place) -> None:
    """The server fixes a field's type for ever at its first row: each must be the table's."""
    from somalink.domain.measurements import Form

    values: dict[Form, Any] = {Form.FLOAT: 1.0, Form.INT: 1, Form.TEXT: "x", Form.BOOL: True}
    types = {Form.FLOAT: "float", Form.INT: "integer", Form.TEXT: "string", Form.BOOL: "boolean"}
    for name, about in MEASUREMENTS.items():
        point = Point(name, dict.fromkeys(about.tags, "x"), {field: values[told.form] for field, told in about.fields.items()}, T)
        Server(place).write(place.bucket, [point.line()])
        there = {row["fieldKey"]: row["fieldType"] for row in rows(place, f'SHOW FIELD KEYS FROM "{name}"')}
        assert there == {field: types[told.form] for field, told in about.fields.items()}, name
