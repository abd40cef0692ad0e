"""A replica becomes what the store is, whatever happens on the way, and says what it could not become."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_influx import FakeInflux
from replica import FAKE_PLACE, MANNER, Line, Now, assert_same, held_by_fake, shipper, wanted
from small_store import T0, beats, episode, event, grid, unit

from somalink.domain.errors import SomalinkError
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Beats, EventMetrics, Gap, Link, Rating, Setting, Stream
from somalink.pipeline.replica.batch import LINES_AT_ONCE
from somalink.pipeline.replica.keeping import CAP_S, FIRST_S, MEND_CAP_S, keep_shipping, waits
from somalink.pipeline.replica.shipping import Shipper
from somalink.pipeline.replica.standing import replica_id, standing
from somalink.storage import LocalStore, RecordingRow
from somalink.storage.influx.server import Place, ServerError, Trouble
from somalink.storage.rows import DeviceStatus, HrvRow, RawRow

ANALYSIS = "A"
LIVED_S = 600


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "s.db") as opened:
        live(opened)
        yield opened


def live(store: LocalStore, seconds: int = LIVED_S) -> None:
    """Ten minutes of Ann's life, a minute a transaction, with a tag, an episode and a link."""
    points, hearts = grid(seconds // 5), beats(seconds)
    with store.transaction() as write:
        write.put_recording(unit(), RecordingRow(T0, analysis=ANALYSIS))
        write.put_device_status(unit(), DeviceStatus(T0, {"battery_pct": 80, "model": "H10", "contact": True}))
        write.put_counts(unit(), {T0: (len(hearts), {})})
    for k in range(0, len(points), 12):
        rows = points.take(slice(k, k + 12))
        with store.transaction() as write:
            write.put_beats(unit(), hearts.take((hearts.t_ns > rows.stop_ns[0] - 5 * SECOND_NS) & (hearts.t_ns <= rows.stop_ns[-1])))
            write.put_grid(unit(), ANALYSIS, rows)
    with store.transaction() as write:
        write.put_event(event())
        write.put_episodes(unit(), ANALYSIS, [episode()])
        write.put_hrv(unit(), [HrvRow(T0, T0 + 300 * SECOND_NS, 375, 0.01, "", {"HRV_RMSSD": 41.5, "HRV_LF": None})])
        write.put_links("ann", ANALYSIS, [Link("t1", "e1", 0.7, "linked", 60.0, 0.1, "r")], [EventMetrics("t1", 1.25, 2.0, 90.0, 400.0, False)])
        write.put_rating(Rating("r1", "ann", T0 + 700 * SECOND_NS, "belonging", 6, T0 + 700 * SECOND_NS))


def shipped(store: LocalStore, fake: FakeInflux, **other) -> None:
    shipper(store, fake, **other).drain(patient=False)


def test_everything_arrives_and_nothing_else(store):
    fake = FakeInflux()
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))
    assert {"beat", "arousal", "hrv_window", "device_status", "episode", "social_event", "link", "rating", "coverage", "hour_summary"} <= {
        key[0] for key in held_by_fake(fake)
    }
    assert standing(store, FAKE_PLACE, T0).changes == 0


def test_what_has_been_sent_is_not_sent_again(store):
    fake = FakeInflux()
    shipped(store, fake)
    before = list(fake.writes)
    shipped(store, fake)
    assert fake.writes[len(before) :] == [1], "one point of its own"
    with store.transaction() as write:
        write.put_event(event("t2", t_ns=T0 + 1800 * SECOND_NS))
    shipped(store, fake)
    assert sum(fake.writes[len(before) + 1 :]) < 30
    assert_same(wanted(store), held_by_fake(fake))


def test_an_edit_leaves_no_old_point(store):
    fake = FakeInflux()
    shipped(store, fake)
    with store.transaction() as write:
        write.put_event(event(revision=2, kind="conflict", t_ns=T0 + 560 * SECOND_NS, distress=7))
    shipped(store, fake)
    (row,) = fake.rows("social_event")
    assert row[0] == T0 + 560 * SECOND_NS and row[1]["kind"] == "conflict" and row[2]["distress"] == 7.0
    assert_same(wanted(store), held_by_fake(fake))


def test_a_figure_that_is_known_no_more_is_gone(store):
    fake = FakeInflux()
    shipped(store, fake)
    assert fake.rows("social_event")[0][2]["t_half_s"] == 400.0
    with store.transaction() as write:
        write.put_links("ann", ANALYSIS, [], [EventMetrics("t1", 1.25)])
    shipped(store, fake)
    assert "t_half_s" not in fake.rows("social_event")[0][2] and not fake.rows("link")
    assert_same(wanted(store), held_by_fake(fake))


def test_a_deleted_tag_is_gone(store):
    fake = FakeInflux()
    shipped(store, fake)
    with store.transaction() as write:
        write.put_event(event(revision=2, deleted=True))
    shipped(store, fake)
    assert not fake.rows("social_event")
    assert_same(wanted(store), held_by_fake(fake))


def test_another_analysis_takes_the_place_of_the_first(store):
    fake = FakeInflux()
    shipped(store, fake)
    with store.transaction() as write:
        write.put_grid(unit(), "B", grid(60, seed=2))
        write.set_current_analysis("ann", "B")
    shipped(store, fake)
    assert len(fake.rows("arousal")) == 60 and not fake.rows("episode")
    assert_same(wanted(store), held_by_fake(fake))


def test_hours_that_were_packed_meanwhile_are_the_same_hours(store):
    fake, line = FakeInflux(), Line(FakeInflux())
    line.sink, line.left = fake, ["ok", "lost"]
    with pytest.raises(ServerError):
        shipper(store, line).drain(patient=False)
    store.compact(T0 + HOUR_NS)
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


@pytest.mark.parametrize("how", ["lost", "deaf"])
def test_wherever_the_line_breaks_the_end_is_the_same(store, how):
    """Broken at each request in turn, by a program that is started anew each time, while the wearer edits in between."""
    fake = FakeInflux()
    line = Line(fake)
    for k in range(14):
        line.left = ["ok"] * k + [how]
        with contextlib.suppress(ServerError):
            shipper(store, line).drain(patient=False)
        with store.transaction() as write:
            write.put_event(event(revision=k + 2, t_ns=T0 + (540 + k) * SECOND_NS, distress=k % 10))
    line.left = []
    shipped(store, fake)
    assert len(fake.rows("social_event")) == 1
    assert_same(wanted(store), held_by_fake(fake))


def test_a_line_that_breaks_in_the_middle_of_a_long_change_leaves_the_store_free(store, monkeypatch):
    """A year in one change is told while it is read; what is cut off must not go on reading."""
    monkeypatch.setattr("somalink.storage.replication.MOST_BYTES", 0)
    store.compact(T0 + HOUR_NS)
    fake = FakeInflux()
    running = shipper(store, Line(fake, ["lost"]))
    with pytest.raises(ServerError) as error:
        running.drain(patient=False)
    running.failed(error.value)
    assert standing(store, FAKE_PLACE, T0).progress.retries == 1
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


def test_a_no_that_broke_half_way_is_carried_out_before_a_yes(store):
    for broken_at in (1, 4, 9):
        fake, there = FakeInflux(), replace(FAKE_PLACE, url=f"http://{broken_at}")
        shipped(store, fake, place=there)
        choose(store, "no", 10 * broken_at)
        with contextlib.suppress(ServerError):
            shipper(store, Line(fake, ["ok"] * broken_at + ["lost"]), there).drain(patient=False)
        choose(store, "yes", 10 * broken_at + 1)
        shipped(store, fake, place=there)
        assert_same(wanted(store), held_by_fake(fake))


def test_a_figure_that_was_lost_while_the_line_broke_is_gone_all_the_same(store):
    fake = FakeInflux()
    shipped(store, fake)
    with store.transaction() as write:
        write.put_links("ann", ANALYSIS, [], [EventMetrics("t1", 1.25)])
    for k in range(1, 5):
        with contextlib.suppress(ServerError):
            shipper(store, Line(fake, ["ok"] * k + ["lost"])).drain(patient=False)
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


def test_that_its_own_point_is_refused_stops_nothing(store):
    fake = FakeInflux()
    fake.forms["somalink", "pipeline", "lag_s"] = str
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


def test_a_device_that_turns_out_to_be_of_another_tier_is_there_once(store):
    fake = FakeInflux()
    shipped(store, fake)
    with store.transaction() as write:
        write.put_beats(replace(unit(), tier="D"), beats(10, start_ns=T0 + HOUR_NS))
    store.outbox(replica_id(FAKE_PLACE)).begin_anew()
    shipped(store, fake)
    assert {row[1]["device_tier"] for row in fake.rows("beat")} == {"D"}
    assert_same(wanted(store), held_by_fake(fake))


def test_rows_of_a_buried_analysis_are_parked_no_more(store):
    fake = FakeInflux()
    fake.forms["somalink", "arousal", "arousal_z"] = str
    shipped(store, fake)
    assert standing(store, FAKE_PLACE, T0).parked == LIVED_S // 5
    with store.transaction() as write:
        write.put_grid(unit(), "B", grid(60, seed=2))
        write.set_current_analysis("ann", "B")
    del fake.forms["somalink", "arousal", "arousal_z"]
    shipped(store, fake)
    assert standing(store, FAKE_PLACE, T0).parked == 0
    assert_same(wanted(store), held_by_fake(fake))


def test_another_zone_or_language_is_made_anew(store):
    fake = FakeInflux()
    shipped(store, fake)
    other = replace(MANNER, lang="de")
    shipped(store, fake, manner=other)
    assert_same(wanted(store, other), held_by_fake(fake))


def test_what_cannot_be_made_holds_up_nobody_else(store, monkeypatch):
    fake = FakeInflux()
    monkeypatch.setattr("somalink.pipeline.replica.shipping.ask_anew", lambda *_: {}["nothing there"])
    with pytest.raises(SomalinkError, match="could not be made"):
        shipped(store, fake)
    monkeypatch.undo()
    assert fake.rows("social_event") and fake.rows("hour_summary")
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


def test_bytes_alone_are_nothing_to_send(store):
    fake = FakeInflux()
    shipped(store, fake)
    with store.transaction() as write:
        write.put_raw(unit(), [RawRow(1, "boot", 1, "2a37", T0, b"x")])
    assert standing(store, FAKE_PLACE, T0).changes == 1
    shipped(store, fake)
    assert standing(store, FAKE_PLACE, T0).changes == 0


def test_a_clock_that_was_set_back_holds_nothing_up(store):
    fake, now = FakeInflux(), Now(T0 + 30 * HOUR_NS)
    running = shipper(store, fake, now=now)
    running.drain()
    now.t_ns = T0
    with store.transaction() as write:
        write.put_gaps(unit(), [Gap(Stream.RR, T0 + 8 * MINUTE_NS, T0 + 9 * MINUTE_NS, "hole")])
    running.drain()
    assert fake.rows("coverage")[0][2]["gap_s"] == 60.0


def test_a_hiccup_is_waited_out_and_an_end_is_not(store):
    class Over:
        def __init__(self, ends: bool) -> None:
            self.ends, self.waited = ends, []

        def is_set(self) -> bool:
            return False

        def wait(self, seconds: float) -> bool:
            self.waited.append(seconds)
            return self.ends

    fake, over = FakeInflux(), Over(ends=False)
    Shipper(store, Line(fake, ["lost", "deaf", "ok", "lost"]), FAKE_PLACE, MANNER, Now(T0), over).drain(patient=False)
    assert over.waited == [1, 2, 1]
    assert_same(wanted(store), held_by_fake(fake))
    with store.transaction() as write:
        write.put_beats(unit(), beats(60, start_ns=T0 + HOUR_NS))
    ending = Over(ends=True)
    with pytest.raises(ServerError):
        Shipper(store, Line(fake, ["lost"]), FAKE_PLACE, MANNER, Now(T0), ending).drain(patient=False)
    assert ending.waited == [1]


def test_a_row_that_is_refused_is_parked_with_its_reason_and_the_rest_goes_on(store):
    fake = FakeInflux()
    fake.forms["somalink", "beat", "rr_ms"] = str
    shipped(store, fake)
    now = standing(store, FAKE_PLACE, T0)
    assert now.parked == len(beats(LIVED_S)) and list(now.reasons) == ["refused for its type"] and now.changes == 0
    rest = {key: fields for key, fields in wanted(store).items() if key[0] != "beat"}
    assert_same(rest, {key: fields for key, fields in held_by_fake(fake).items() if key[0] != "beat"})
    del fake.forms["somalink", "beat", "rr_ms"]
    shipper(store, fake).again()
    assert standing(store, FAKE_PLACE, T0).parked == 0
    assert_same(wanted(store), held_by_fake(fake))


def test_a_parked_tag_that_is_edited_into_shape_is_parked_no_more(store):
    fake = FakeInflux()
    fake.forms["somalink", "social_event", "distress"] = str
    with store.transaction() as write:
        write.put_event(event("t2", distress=5, t_ns=T0 + 900 * SECOND_NS))
    shipped(store, fake)
    assert standing(store, FAKE_PLACE, T0).parked == 1
    with store.transaction() as write:
        write.put_event(event("t2", revision=2, t_ns=T0 + 900 * SECOND_NS))
    shipped(store, fake)
    assert standing(store, FAKE_PLACE, T0).parked == 0 and len(fake.rows("social_event")) == 2


def test_rows_older_than_the_server_keeps_are_counted_and_not_parked(store):
    fake = FakeInflux(oldest_ns=T0 + 5 * MINUTE_NS)
    shipped(store, fake)
    now = standing(store, FAKE_PLACE, T0)
    kept = {key for key in wanted(store) if key[2] >= fake.oldest_ns}
    assert now.parked == 0 and now.progress.expired == len(wanted(store)) - len(kept) and now.changes == 0
    assert set(held_by_fake(fake)) == kept


def test_beats_go_to_the_raw_bucket_where_there_is_one(store):
    fake, place = FakeInflux(("somalink", "raw")), replace(FAKE_PLACE, raw_bucket="raw")
    shipped(store, fake, place=place)
    assert len(fake.rows("beat", "raw")) == len(beats(LIVED_S)) and not fake.rows("beat")
    assert_same(wanted(store), held_by_fake(fake, "somalink", "raw"))


def test_two_beats_of_one_instant_are_two_points_whichever_came_first(store):
    fake = FakeInflux()
    shipped(store, fake)
    first = beats(LIVED_S).take(slice(100, 101))
    with store.transaction() as write:
        write.put_beats(replace(unit(), recording="rec2"), Beats(first.t_ns, first.rr_ticks + 7, first.flag, first.t_ns))
    shipped(store, fake)
    (t_ns,) = first.t_ns.tolist()
    assert [row[0] for row in fake.rows("beat") if abs(row[0] - t_ns) < 10] == [t_ns, t_ns + 1]
    assert_same(wanted(store), held_by_fake(fake))


def test_who_says_no_to_the_clinician_is_taken_out_and_who_says_yes_again_is_there_again(store):
    fake = FakeInflux()
    with store.transaction() as write:
        write.put_event(event("o1", person="ben"))
    shipped(store, fake)
    everything = wanted(store)
    choose(store, "no", 1)
    shipped(store, fake)
    assert {dict(key[1])["person_id"] for key in held_by_fake(fake)} == {"ben"} and standing(store, FAKE_PLACE, T0).withheld == 1
    with store.transaction() as write:
        write.put_event(event("t3", t_ns=T0 + 1200 * SECOND_NS))
    shipped(store, fake)
    assert {row[1]["person_id"] for row in fake.rows("social_event")} == {"ben"}
    choose(store, "yes", 2)
    shipped(store, fake)
    assert set(everything) < set(held_by_fake(fake))
    assert_same(wanted(store), held_by_fake(fake))


def test_a_line_that_breaks_while_somebody_comes_back_leaves_nobody_out(store):
    fake = FakeInflux()
    choose(store, "no", 1)
    shipped(store, fake)
    choose(store, "yes", 2)
    for k in range(6):
        line = Line(fake, ["ok"] * k + ["lost"])
        with contextlib.suppress(ServerError):
            shipper(store, line).drain(patient=False)
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


def choose(store: LocalStore, value: str, revision: int) -> None:
    with store.transaction() as write:
        write.put_profile(Setting("ann", "consent_clinician", value, T0 + revision, revision))


def test_another_bucket_is_another_replica_and_a_new_token_is_the_same_one(store):
    other = replace(FAKE_PLACE, bucket="other")
    assert replica_id(FAKE_PLACE) != replica_id(other) and replica_id(replace(FAKE_PLACE, token="new")) == replica_id(FAKE_PLACE)
    fake = FakeInflux(("somalink", "other"))
    shipped(store, fake)
    assert standing(store, other, T0).changes == store.change
    shipped(store, fake, place=other)
    assert_same(wanted(store), held_by_fake(fake, "other"))


def test_a_server_that_was_emptied_is_filled_again_on_request(store):
    fake = FakeInflux()
    shipped(store, fake)
    fake.points.clear()
    store.outbox(replica_id(FAKE_PLACE)).begin_anew()
    shipped(store, fake)
    assert_same(wanted(store), held_by_fake(fake))


def test_a_request_is_never_larger_than_a_batch_and_what_is_too_large_is_halved(store):
    fake = FakeInflux()
    shipped(store, fake)
    assert max(fake.writes) <= LINES_AT_ONCE

    class Narrow(FakeInflux):
        def write(self, bucket, lines):
            if len(lines) > 100:
                raise ServerError("too large", next_step="less", trouble=Trouble.TOO_LARGE)
            super().write(bucket, lines)

    narrow = Narrow()
    shipped(store, narrow, place=replace(FAKE_PLACE, url="http://narrow"))
    assert_same(wanted(store), held_by_fake(narrow))


def test_what_changes_every_few_seconds_rests_a_minute(store):
    fake, now = FakeInflux(), Now(T0 + HOUR_NS)
    running = shipper(store, fake, now=now)
    running.drain()
    for k in range(12):
        now.t_ns += 5 * SECOND_NS
        with store.transaction() as write:
            write.put_grid(unit(), ANALYSIS, grid(1, start_ns=T0 + HOUR_NS + k * 5 * SECOND_NS))
        running.drain()
    assert len(fake.rows("arousal")) == LIVED_S // 5 + 12, "grid points do not wait"
    assert len([row for row in fake.rows("hour_summary") if row[0] == T0 + HOUR_NS]) == 1
    assert fake.rows("hour_summary")[-1][2]["usable_s"] <= 60
    now.t_ns += 61 * SECOND_NS
    running.drain()
    assert fake.rows("hour_summary")[-1][2]["usable_s"] == 60


def test_a_gap_counts_in_every_hour_it_touches(store):
    fake = FakeInflux()
    with store.transaction() as write:
        write.put_gaps(unit(), [Gap(Stream.RR, T0 + 50 * MINUTE_NS, T0 + 130 * MINUTE_NS, "disconnect")])
    shipped(store, fake)
    assert [row[2]["gap_s"] for row in fake.rows("coverage")] == [600.0, 3600.0, 600.0]
    assert [row[2]["reconnects"] for row in fake.rows("coverage")] == [1.0, 0.0, 0.0]


def test_how_it_stands_is_told_to_the_board_of_the_apparatus(store):
    fake, now = FakeInflux(), Now(T0 + HOUR_NS)
    running = shipper(store, fake, now=now)
    running.drain(patient=False)
    ((_, tags, about),) = fake.rows("pipeline")
    assert about["lag_s"] == 0.0 and about["lag_changes"] == 0.0 and about["shipped_rows"] > 800 and len(tags["store"]) == 8
    for _ in range(3):
        now.t_ns += 20 * MINUTE_NS
        running.failed(ServerError("InfluxDB is away", next_step="start it", trouble=Trouble.UNREACHABLE))
    with store.transaction() as write:
        write.put_event(event("t9", t_ns=T0 + 1900 * SECOND_NS))
    assert standing(store, FAKE_PLACE, now.t_ns).lag_s == pytest.approx(3600.0, abs=1)
    running.drain(patient=False)
    (_, late), (_, ready) = (row[1:] for row in fake.rows("pipeline")[-2:])
    assert late["lag_s"] == pytest.approx(3600.0, abs=1) and late["last_error"] == "InfluxDB is away"
    assert ready["retries"] == 3.0 and ready["lag_s"] == 0.0 and ready["last_error"] == ""


def test_notes_stay_at_home(store):
    with store.transaction() as write:
        write.put_event(event("t4", note="a sentence nobody else reads", t_ns=T0 + 2000 * SECOND_NS))
    fake = FakeInflux()
    shipped(store, fake)
    assert "nobody else reads" not in repr(fake.points)


# ---------------------------------------------------------------- trying again


def test_waits_double_and_end_at_a_minute_or_at_five_where_somebody_must_mend_something():
    away, token = waits(Trouble.UNREACHABLE), waits(Trouble.FORBIDDEN)
    assert [next(away) for _ in range(8)] == [FIRST_S, 2, 4, 8, 16, 32, CAP_S, CAP_S]
    assert [next(token) for _ in range(12)][-1] == MEND_CAP_S


def test_a_server_that_is_away_is_tried_for_ever_and_said_to_be_away_once(store):
    fake, heard, waited = FakeInflux(fails=[(Trouble.UNREACHABLE, False)] * 50), [], []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return len(waited) == 52

    keep_shipping(shipper(store, fake), wait, lambda what, _: heard.append(what))
    assert heard == ["the server: unreachable", ""] and waited[:3] == [1, 2, 4] and max(waited) == CAP_S
    assert_same(wanted(store), held_by_fake(fake))


def test_a_token_that_is_wrong_waits_for_whoever_mends_it(store):
    fake, waited = FakeInflux(fails=[(Trouble.FORBIDDEN, False)] * 20), []
    keep_shipping(shipper(store, fake), lambda s: waited.append(s) or len(waited) == 12, lambda *_: None)
    now = standing(store, FAKE_PLACE, T0)
    assert now.progress.last_error == "the server: forbidden" and now.progress.retries == 12 and max(waited) == MEND_CAP_S
    assert now.changes == store.change


def test_only_one_somalink_sends_a_store_to_a_server(store):
    from somalink.domain.errors import EngineLocked

    with store.shipping_lock(replica_id(FAKE_PLACE)):
        with pytest.raises(EngineLocked, match="already sends"), store.shipping_lock(replica_id(FAKE_PLACE)):
            pass
        with store.shipping_lock(replica_id(replace(FAKE_PLACE, bucket="other"))):
            pass


def test_the_place_does_not_show_its_token():
    assert "sesame" not in repr(Place("http://x", "o", "b", "sesame")) and MANNER.tz == "Europe/Berlin"
