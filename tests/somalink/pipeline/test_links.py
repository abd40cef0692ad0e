"""What a strap is doing now, as another process reads it: a recorder that was killed cannot say that it is gone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.ble.states import MEANINGS, State
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.pipeline.links import LOW_PCT, LinkNow, link_of
from somalink.storage.local import LocalStore
from somalink.storage.rows import DEVICE_STATUS, DeviceStatus

T_NS = 1_772_438_400 * SECOND_NS
DEVICE = "polar-h10-1a2b3c4d"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "store.db") as opened:
        yield opened


def tell(store: LocalStore, second: int, *, recording: str = "run-1", device: str = DEVICE, person: str = "ada", tier: str = "B", **said: Any) -> None:
    """A recorder puts down what a strap, or its link, said then."""
    with store.transaction() as write:
        write.put_device_status(Unit(person, device, recording, tier), DeviceStatus(T_NS + second * SECOND_NS, said))


def now(store: LocalStore, *, recorded: bool = True) -> LinkNow:
    """The newest word, while somebody records it or after."""
    if recorded:
        with store.engine_lock("ada", DEVICE):
            found = link_of(store, "ada", DEVICE)
    else:
        found = link_of(store, "ada", DEVICE)
    assert found is not None
    return found


def test_a_device_that_was_only_ever_imported_has_no_link(store):
    assert link_of(store, "ada", DEVICE) is None
    tell(store, 0, model="H10")
    assert link_of(store, "ada", DEVICE) is None


def test_a_strap_is_doing_what_its_recorder_said_last(store):
    for second, state in enumerate(("looking", "connecting", "streaming")):
        tell(store, second, state=state, reason="")
    found = now(store)
    assert (found.device, found.link.state, found.link.since_ns) == (DEVICE, State.STREAMING, T_NS + 2 * SECOND_NS)


def test_what_a_strap_said_of_itself_since_does_not_make_its_state_newer(store):
    tell(store, 0, state="streaming", reason="")
    tell(store, 600, battery_pct=86)
    assert now(store).link.since_ns == T_NS


@pytest.mark.parametrize("state", [state for state in State if state is not State.STOPPED])
def test_a_recorder_that_was_killed_records_nothing_whatever_it_said_last(store, state):
    tell(store, 0, state=state.value, reason="")
    assert now(store).link.state is state
    stopped = now(store, recorded=False).link
    assert (stopped.state, stopped.help) == (State.STOPPED, MEANINGS[State.STOPPED].help)


def test_the_reason_of_a_loss_is_told_with_it_and_forgotten_with_it(store):
    tell(store, 0, state="lost", reason="disconnect")
    assert now(store).link.reason == "disconnect"
    tell(store, 1, state="streaming", reason="")
    assert now(store).link.reason == ""


def test_the_newest_battery_counts_and_what_was_said_once_is_remembered_over_recordings(store):
    tell(store, 0, state="streaming", reason="", recording="run-1")
    tell(store, 1, battery_pct=90, manufacturer="Polar Electro Oy", model="H10", sensor_location="chest", recording="run-1")
    tell(store, 90_000, state="streaming", reason="", recording="run-2")
    tell(store, 90_001, battery_pct=14, recording="run-2")
    found = now(store)
    assert (found.battery_pct, found.about) == (14, {"manufacturer": "Polar Electro Oy", "model": "H10", "sensor_location": "chest"})


def test_where_utc_was_set_back_a_strap_is_doing_what_it_was_said_to_do_last(store):
    tell(store, 90_000, state="streaming", reason="", battery_pct=90, model="H10")
    tell(store, 60, state="away", reason="", battery_pct=89)
    found = now(store)
    assert (found.link.state, found.link.since_ns) == (State.AWAY, T_NS + 60 * SECOND_NS)
    assert (found.battery_pct, found.about) == (89, {"model": "H10"})


def test_what_is_said_twice_in_one_tick_of_a_coarse_clock_is_kept_twice(store):
    tell(store, 0, state="looking", reason="")
    tell(store, 0, battery_pct=77)
    tell(store, 0, state="connecting", reason="")
    found = now(store)
    assert (found.link.state, found.battery_pct) == (State.CONNECTING, 77)
    assert found.link.since_ns - T_NS < 1000


def test_a_month_of_flapping_links_is_not_read_to_know_the_last_one(store, monkeypatch):
    for second in range(200):
        tell(store, 2 * second, state="lost", reason="disconnect")
        tell(store, 2 * second + 1, state="streaming", reason="", model="H10")
    read = []
    value = DEVICE_STATUS.value
    monkeypatch.setattr(type(DEVICE_STATUS), "value", lambda kind, columns: read.append(columns) or value(columns))
    assert now(store).link.state is State.STREAMING
    assert len(read) <= 3


def test_what_is_said_before_it_is_known_what_the_device_sends_is_said_of_the_same_device(store):
    tell(store, 0, state="looking", reason="", tier="")
    tell(store, 1, battery_pct=50, tier="")
    tell(store, 2, state="streaming", reason="", tier="B")
    assert (now(store).link.state, now(store).battery_pct) == (State.STREAMING, 50)


def test_another_persons_strap_and_another_strap_are_other_links(store):
    tell(store, 0, state="streaming", reason="", battery_pct=50)
    tell(store, 5, state="away", reason="", battery_pct=3, person="ben")
    tell(store, 6, state="silent", reason="", battery_pct=4, device="tickr-0010")
    assert (now(store).link.state, now(store).battery_pct) == (State.STREAMING, 50)


@pytest.mark.parametrize(("level", "low"), [(None, False), (0, True), (LOW_PCT, True), (LOW_PCT + 1, False)])
def test_a_battery_that_never_was_told_is_not_low(store, level, low):
    tell(store, 0, state="streaming", reason="", **({} if level is None else {"battery_pct": level}))
    assert now(store).battery_low is low


@pytest.mark.parametrize("contact", [True, False])
def test_whether_it_feels_skin_is_what_its_newest_heartbeats_said(store, contact):
    tell(store, 0, state="streaming", reason="")
    tell(store, 1, contact=not contact)
    tell(store, 2, contact=contact)
    assert now(store).contact is contact


def test_a_program_reads_the_same_as_plain_values(store):
    tell(store, 0, state="no_contact", reason="", battery_pct=50, model="H10")
    assert now(store).as_json() == {
        "state": "no_contact", "words": MEANINGS[State.NO_CONTACT].words, "help": MEANINGS[State.NO_CONTACT].help, "reason": "",
        "since_ns": T_NS, "battery_pct": 50, "contact": None, "model": "H10",
    }  # fmt: skip
