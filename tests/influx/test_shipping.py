"""The shipper and a real InfluxDB: refused, cut off, killed, away for a week; in the end exactly the store's rows, none twice."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from influx import ORG, Influxd
from replica import Line, Now, Rows, assert_same, held_by, shipper, wanted
from replica_machine import Replica
from small_store import T0, beats, event, grid, unit

from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS
from somalink.pipeline.replica.batch import Sink
from somalink.pipeline.replica.keeping import keep_shipping
from somalink.pipeline.replica.standing import standing
from somalink.storage import LocalStore, RecordingRow
from somalink.storage.influx.server import Place, Server, ServerError, Trouble

pytestmark = pytest.mark.influx


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "s.db") as opened:
        with opened.transaction() as write:
            write.put_recording(unit(), RecordingRow(T0, analysis="A"))
            write.put_event(event(distress=4))
        live(opened, T0)
        yield opened


def live(store: LocalStore, start_ns: int, seconds: int = 3600) -> None:
    with store.transaction() as write:
        write.put_beats(unit(), beats(seconds, start_ns=start_ns, seed=start_ns % 97))
        write.put_grid(unit(), "A", grid(seconds // 5, start_ns=start_ns, seed=start_ns % 97))


@contextlib.contextmanager
def server(place: Place) -> Iterator[Server]:
    with contextlib.closing(Server(place)) as opened:
        yield opened


def ship(store: LocalStore, place: Place, now: Now | None = None) -> None:
    with server(place) as sink:
        shipper(store, sink, place, now=now).drain(patient=False)


def test_store_and_server_hold_the_same_and_sending_it_all_again_changes_nothing(store, place):
    ship(store, place)
    assert_same(wanted(store), held_by(place))
    with server(place) as sink:
        again = shipper(store, sink, place)
        again.outbox.begin_anew()
        shipper(store, sink, place).drain(patient=False)
    assert_same(wanted(store), held_by(place))


def test_an_edit_a_deletion_a_late_tag_and_a_packed_hour_leave_no_old_point(store, place):
    ship(store, place)
    with store.transaction() as write:
        write.put_event(event(revision=2, kind="conflict", t_ns=T0 + 7 * MINUTE_NS))
        write.put_event(event("late", t_ns=T0 - 5 * DAY_NS, received_ns=T0, certainty_s=10800))
        write.put_event(event("gone", t_ns=T0 + MINUTE_NS))
    store.compact(T0 + HOUR_NS)
    ship(store, place)
    assert_same(wanted(store), held_by(place))
    with store.transaction() as write:
        write.put_event(event("gone", revision=2, t_ns=T0 + MINUTE_NS, deleted=True))
        write.put_event(event(revision=3, kind="conflict", t_ns=T0 + 8 * MINUTE_NS))
    ship(store, place)
    tags = [key for key in held_by(place) if key[0] == "social_event"]
    assert sorted(dict(key[1])["id"] for key in tags) == ["late", "t1"]
    assert_same(wanted(store), held_by(place))


def test_a_field_that_is_a_text_on_the_server_parks_its_rows_and_no_others(store, place):
    with server(place) as sink:
        sink.write(place.bucket, [f'social_event,person_id=zoe,id=x,kind=other distress="four" {T0}'])
        shipper(store, sink, place).drain(patient=False)
    now = standing(store, place, T0)
    assert now.parked == 1 and now.changes == 0
    (reason,) = now.reasons
    assert "distress" in reason and "4" not in reason
    assert {key[0] for key in wanted(store)} - {key[0] for key in held_by(place) if dict(key[1])["person_id"] == "ann"} == {"social_event"}


def test_what_a_retention_refuses_is_counted_and_nothing_waits_for_it(store, place, influxd):
    influxd.bucket(f"{place.bucket}-short", retention_s=3600)
    short = replace(place, bucket=f"{place.bucket}-short")
    with server(short) as sink:
        shipping = shipper(store, sink, short)
        shipping.report = lambda: None  # its own point is of T0 as well
        shipping.drain(patient=False)
    now = standing(store, short, T0)
    assert now.progress.expired == len(wanted(store)) and now.parked == 0 and now.changes == 0 and not held_by(short)


@pytest.mark.parametrize(
    ("broken", "trouble"), [({"token": "wrong"}, Trouble.FORBIDDEN), ({"bucket": "nowhere"}, Trouble.MISSING), ({"org": "nobody"}, Trouble.MISSING)]
)
def test_what_somebody_has_to_mend_is_said_waited_for_and_then_made_good(store, place, broken, trouble):
    wrong = replace(place, **broken)
    heard, waited = [], []
    with server(wrong) as sink:
        keep_shipping(shipper(store, sink, wrong), lambda s: waited.append(s) or len(waited) == 3, lambda *said: heard.append(said))
    ((what, next_step),) = heard
    assert next_step and "wrong" not in what and standing(store, wrong, T0).changes > 0
    with pytest.raises(ServerError) as told, server(wrong) as sink:
        sink.write(wrong.bucket, ["beat rr_ms=1 1"])
    assert told.value.trouble is trouble
    ship(store, place)
    assert_same(wanted(store), held_by(place))


def test_a_server_that_is_killed_while_it_writes_has_everything_afterwards(store, own_influxd: Influxd):
    place = own_place(own_influxd)
    for k in range(1, 5):
        live(store, T0 + k * HOUR_NS)
    for k in (1, 3, 5):
        with server(place) as sink:
            running = shipper(store, _Killing(sink, own_influxd, at=k), place)
            with contextlib.suppress(ServerError):
                running.drain(patient=False)
        own_influxd.start()
        live(store, T0 + (20 + k) * HOUR_NS, 600)
    ship(store, place)
    assert_same(wanted(store), held_by(place))


def own_place(influxd: Influxd) -> Place:
    influxd.bucket("killed")
    return Place(influxd.url, ORG, "killed", influxd.operator)


class _Killing(Line):
    """Kills the server while its `at`-th request is under way."""

    def __init__(self, sink: Sink, influxd: Influxd, *, at: int) -> None:
        super().__init__(sink)
        self._influxd, self._at = influxd, at

    def _through(self, call) -> None:
        self._at -= 1
        if self._at == 0:
            killer = threading.Thread(target=self._influxd.kill)
            killer.start()
            try:
                call()
            finally:
                killer.join()
        else:
            call()


def test_a_week_without_a_server_is_made_up_for_when_it_is_back(store, own_influxd: Influxd):
    place = own_place(own_influxd)
    now, waited, heard = Now(T0 + HOUR_NS), [], []
    ship(store, place, now)
    own_influxd.stop()

    def wait(seconds: float) -> bool:
        """A day goes by between two tries; on the eighth the server is back."""
        waited.append(seconds)
        if len(waited) <= 7:
            now.t_ns += DAY_NS
            live(store, T0 + len(waited) * DAY_NS, 1800)
            with store.transaction() as write:
                write.put_event(event(f"d{len(waited)}", t_ns=T0 + len(waited) * DAY_NS + 10 * MINUTE_NS, distress=len(waited)))
        else:
            own_influxd.start()
        return len(waited) == 10

    with server(place) as sink:
        keep_shipping(shipper(store, sink, place, now=now), wait, lambda what, _: heard.append(bool(what)))
    assert heard == [True, False] and waited[:6] == [1, 2, 4, 8, 16, 32]
    ship(store, place, now)
    assert_same(wanted(store), held_by(place))
    lags = [fields["lag_s"] for fields in _pipeline(place)]
    assert max(lags) >= 6 * 86_400 and lags[-1] == 0.0


def _pipeline(place: Place) -> list[dict]:
    from influx import rows

    return rows(place, 'SELECT * FROM "pipeline" ORDER BY time')


class OnARealServer(Replica):
    """Each example in a bucket of its own."""

    influxd: Influxd
    made = 0

    def server(self) -> tuple[Sink, Place]:
        type(self).made += 1
        name = f"machine-{self.made}"
        self.influxd.bucket(name)
        place = Place(self.influxd.url, ORG, name, self.influxd.operator)
        return Server(place), place

    def held(self) -> Rows:
        return held_by(self.place)


def test_any_life_and_any_faults_end_as_the_store_is(own_influxd: Influxd):
    from hypothesis.stateful import run_state_machine_as_test

    OnARealServer.influxd = own_influxd
    run_state_machine_as_test(OnARealServer, settings=settings(max_examples=25, stateful_step_count=15, deadline=None))
