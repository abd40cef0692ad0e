"""`somalink ship` as a person types it, and what `status` says of the replica; on a real server, and without one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from influx import Influxd, free_port, rows
from replica import assert_same, held_by, wanted
from small_store import T0, beats, event, grid, unit

from somalink.pipeline.replica.standing import replica_id
from somalink.storage.influx.server import Place
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "worn.db"
    with LocalStore.open(path) as store, store.transaction() as write:
        write.put_recording(unit(), RecordingRow(T0, analysis="A"))
        write.put_beats(unit(), beats(600))
        write.put_grid(unit(), "A", grid(120))
        write.put_event(event(distress=3, note="for nobody"))
    return path


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """The settings name this place."""

    def choose(place: Place) -> None:
        for name, value in {"URL": place.url, "TOKEN": place.token, "ORG": place.org, "BUCKET": place.bucket}.items():
            monkeypatch.setenv(f"SOMALINK_INFLUX_{name}", value)

    return choose


def test_without_a_server_it_says_how_to_name_one(typed: Callable[..., Any], file: Path) -> None:
    ended = typed("ship", "--store", file, "--once")
    assert ended.code == 2 and "influx_url" in ended.err
    assert typed("status", "--store", file, "--json").json["replica"] is None


def test_a_server_that_is_away_ends_once_with_the_reason_and_status_remembers_it(typed: Callable[..., Any], file: Path, set_to: Callable[..., None]) -> None:
    set_to(Place(f"http://127.0.0.1:{free_port()}", "clinic", "somalink", "s3same"))
    ended = typed("ship", "--store", file, "--once")
    assert ended.code == 1 and "cannot be reached" in ended.err and "s3same" not in ended.err + ended.out
    told = typed("status", "--store", file)
    assert "1 changes to go" in told.out and "cannot be reached" in told.out and "s3same" not in told.out
    about = typed("status", "--store", file, "--json").json["replica"]
    assert about["retries"] == 1 and about["lag_changes"] == 1 and about["acknowledged_ns"] is None and about["next_step"]


@pytest.mark.influx
def test_everything_is_sent_once_and_status_says_that_nothing_is_left(typed: Callable[..., Any], file: Path, set_to: Callable[..., None], place: Place) -> None:
    set_to(place)
    sent = typed("ship", "--store", file, "--once", "--json")
    assert sent.code == 0 and sent.json["lag_changes"] == 0 and sent.json["parked_rows"] == 0
    with LocalStore.open(file, read_only=True) as store:
        assert_same(wanted(store), held_by(place))
    assert "nothing left to send" in typed("status", "--store", file).out
    again = typed("ship", "--store", file, "--once", "--json").json
    assert again["shipped_rows"] == sent.json["shipped_rows"]
    assert typed("ship", "--store", file, "--once", "--again", "--json").json["shipped_rows"] > 1.9 * sent.json["shipped_rows"]


@pytest.mark.influx
def test_what_the_server_refuses_is_told_by_its_reason_and_sent_once_it_is_mended(
    typed: Callable[..., Any], file: Path, set_to: Callable[..., None], place: Place, influxd: Influxd
) -> None:
    set_to(place)
    influxd_write(influxd, place, f'social_event,person_id=x,id=x,kind=other distress="three" {T0}')
    assert typed("ship", "--store", file, "--once").code == 0
    told = typed("status", "--store", file)
    assert "1 rows that the server refuses" in told.out and "--parked" in told.out and "nobody" not in told.out
    influxd.ask("POST", "/api/v2/delete", {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z"}, org=place.org, bucket=place.bucket)
    assert typed("ship", "--store", file, "--once", "--again", "--parked", "--json").json["parked_rows"] in (0, 1)


def influxd_write(influxd: Influxd, place: Place, line: str) -> None:
    from contextlib import closing

    from somalink.storage.influx.server import Server

    with closing(Server(place)) as server:
        server.write(place.bucket, [line])


@pytest.mark.influx
@pytest.mark.e2e
def test_what_is_lived_meanwhile_arrives_while_a_program_runs(file: Path, place: Place) -> None:
    import time

    from somalink.pipeline.replica.keeping import shipping
    from somalink.pipeline.replica.shipping import Manner

    def count() -> int:
        found = rows(place, 'SELECT count("rr_ms") AS n FROM "beat"')
        return int(found[0]["n"]) if found else 0

    def until(n: int) -> None:
        end = time.monotonic() + 120
        while count() != n and time.monotonic() < end:
            time.sleep(0.1)
        assert count() == n

    heard: list[str] = []
    with LocalStore.open(file) as store, shipping(file, place, Manner(), time.time_ns, lambda what, _: heard.append(what)):
        until(len(beats(600)))
        with store.transaction() as write:
            write.put_beats(unit(), beats(60, start_ns=T0 + 700 * 10**9))
        until(len(beats(600)) + len(beats(60)))
        assert store.outbox(replica_id(place)).progress.shipped > 0
    assert not heard
