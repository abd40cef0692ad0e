"""One strap is held for as long as it is wanted, whatever becomes of it, of the air and of this computer's Bluetooth."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import bleak_retry_connector
import fake_bleak
import numpy as np
import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from dbus_fast.errors import InternalError, InvalidMessageError
from fake_bleak import BEAT, OFF_THE_SKIN, Attempt, Ether, Strap, at_once, going_on, now, on_air
from fast_loop import LoopStamps
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.ble import notes
from ingest.ble.patience import Patience
from ingest.ble.radio import Radio, Wanted
from ingest.ble.stamps import Stamp
from ingest.ble.states import LinkState, State
from ingest.ble.supervisor import Supervisor
from ingest.devices.catalogue import Want
from ingest.straps.heart_rate import CHARACTERISTIC
from somalink.domain.errors import BluetoothUnavailable, DeviceNotFound
from somalink.domain.types import Stream

OFF = BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)
REFUSED = BleakError("connection refused")
WAITS = Patience()
NO_BEAT = bytes.fromhex("00 00")
"""No heart rate, no interval, and no word on whether skin is felt."""
GARBAGE = (b"", b"\x10\x48\x01", b"\xff")
BUSY = BleakError("org.bluez.Error.InProgress")


@dataclass
class Told:
    """Everything a supervisor says. `rows`: second, connection, and the bytes of a notification or the words of a note."""

    rows: list[tuple[float, int, bytes | str]] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    said: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)

    def row(self, connection: int, characteristic: str, payload: bytes, stamp: Stamp) -> None:
        assert characteristic in (CHARACTERISTIC, notes.CHARACTERISTIC)
        self.rows.append((now(), connection, payload if characteristic == CHARACTERISTIC else payload.decode()))

    def state(self, state: LinkState) -> None:
        self.states.append(state)

    def about(self, fields: Mapping[str, Any], stamp: Stamp) -> None:
        self.said.append((now(), fields))

    @property
    def beats(self) -> list[tuple[float, int]]:
        return [(at, connection) for at, connection, row in self.rows if isinstance(row, bytes)]

    @property
    def notes(self) -> list[str]:
        return [row for _, _, row in self.rows if isinstance(row, str)]

    @property
    def seen(self) -> list[str]:
        return [state.state.value for state in self.states]

    @property
    def now(self) -> State:
        return self.states[-1].state


def supervisor(strap: Strap, radio: Radio, told: Told, *, wanted: Wanted | None = None, **more: Any) -> Supervisor:
    stamps = LoopStamps(asyncio.get_running_loop())
    return Supervisor(wanted or Wanted(strap.name, strap.address), radio, told, stamps, WAITS, np.random.default_rng(7), **more)


@contextlib.asynccontextmanager
async def wanted(strap: Strap, radio: Radio) -> AsyncIterator[Told]:
    """The strap is wanted from now on."""
    told = Told()
    async with going_on(supervisor(strap, radio, told).run()):
        yield told


@contextlib.asynccontextmanager
async def held(strap: Strap, radio: Radio) -> AsyncIterator[Told]:
    """The same, and its heartbeats arrive already."""
    async with wanted(strap, radio) as told:
        await at_once(lambda: len(told.beats) >= 2)
        yield told


def waits(strap: Strap) -> list[float]:
    """Between one attempt to connect and the next."""
    return [late - early for early, late in pairwise(strap.tried)]


# ---------------------------------------------------------------- held


def test_a_strap_that_is_worn_is_found_connected_and_heard_and_the_record_says_when_its_link_began():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            assert told.seen == ["looking", "connecting", "streaming"]
            assert [row for _, _, row in told.rows[:3]] == ["up", BEAT, BEAT]
            assert {connection for _, connection, _ in told.rows} == {1}

    strap = Strap()
    on_air(scene, strap)


def test_every_notification_is_handed_on_as_its_own_bytes_in_order():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            payloads = [bytes([0x10, 60 + k, 0, 4]) for k in range(20)] + [b"", b"\xff"]
            for payload in payloads:
                strap.link.say(payload)
            assert [row for _, _, row in told.rows[-len(payloads) :]] == payloads

    strap = Strap()
    on_air(scene, strap)


def test_a_strap_that_this_computer_holds_already_is_taken_though_it_does_not_advertise():
    async def scene(_ether: Ether, radio: Radio) -> None:
        began = now()
        async with held(strap, radio):
            assert now() - began < 4

    strap = Strap(present=False, held_by_us=True)
    on_air(scene, strap)


def test_a_strap_that_cannot_tell_whether_it_feels_skin_streams():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            assert told.now is State.STREAMING

    strap = Strap(payload=bytes.fromhex("00 48"))
    on_air(scene, strap)


def test_a_strap_that_feels_no_skin_is_said_to_and_that_it_does_again():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.payload = OFF_THE_SKIN
            await at_once(lambda: told.now is State.NO_CONTACT, 2)
            strap.payload = BEAT
            await at_once(lambda: told.now is State.STREAMING, 2)
            assert told.seen[-3:] == ["streaming", "no_contact", "streaming"]

    strap = Strap()
    on_air(scene, strap)


@pytest.mark.parametrize("first", [BEAT, NO_BEAT], ids=["after beats", "from the start"])
def test_a_strap_that_cannot_tell_and_sends_no_beat_for_a_while_feels_no_skin(first):
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await at_once(lambda: len(told.beats) >= 2)
            strap.payload, began, said = NO_BEAT, now(), len(told.states)
            await at_once(lambda: told.now is State.NO_CONTACT, 15)
            assert now() - began == pytest.approx(WAITS.doubt, abs=2.1)
            assert len(told.states) == said + 1, "nothing arrives, and nothing else is said of it"
            strap.payload = bytes.fromhex("00 48")
            await at_once(lambda: told.now is State.STREAMING, 2)

    strap = Strap(payload=first)
    on_air(scene, strap)


def test_a_strap_that_was_just_put_on_and_counts_its_first_beats_streams():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.payload = OFF_THE_SKIN
            await at_once(lambda: told.now is State.NO_CONTACT, 2)
            await asyncio.sleep(WAITS.doubt / 2)
            strap.payload = bytes.fromhex("06 00")
            await at_once(lambda: told.now is State.STREAMING, 2)

    strap = Strap()
    on_air(scene, strap)


@pytest.mark.parametrize("payload", GARBAGE, ids=["empty", "half an interval", "cut short"])
@pytest.mark.parametrize("first", [True, False], ids=["from the start", "after beats"])
def test_a_strap_that_sends_nothing_but_what_nobody_can_read_is_said_to_and_is_recorded(payload, first):
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.payload = payload
            await at_once(lambda: told.now is State.UNREADABLE, WAITS.doubt + 2)
            count = len(told.beats)
            await asyncio.sleep(100)
            assert len(told.beats) >= count + 99 and told.now is State.UNREADABLE
            assert told.notes == ["up"]
            strap.payload = BEAT
            await at_once(lambda: told.now is State.STREAMING, 2)

    strap = Strap(payload=payload if first else BEAT)
    on_air(scene, strap)


@pytest.mark.parametrize("payload", GARBAGE, ids=["empty", "half an interval", "cut short"])
def test_bytes_that_nobody_can_read_for_a_moment_change_no_state_and_are_recorded(payload):
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.payload = OFF_THE_SKIN
            await at_once(lambda: told.now is State.NO_CONTACT, 2)
            strap.payload, count = payload, len(told.beats)
            await asyncio.sleep(WAITS.doubt - 2)
            assert told.now is State.NO_CONTACT
            assert len(told.beats) >= count + WAITS.doubt - 3

    strap = Strap()
    on_air(scene, strap)


def test_a_battery_is_asked_for_again_and_again():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.values = {name: bytes([86]) for name in strap.values}
            await asyncio.sleep(4 * WAITS.battery)
            assert [fields for _, fields in told.said] == [{"sensor_location": "chest", "battery_pct": 87}, *[{"battery_pct": 86}] * 4]
            assert all(late - early == pytest.approx(WAITS.battery) for (early, _), (late, _) in pairwise(told.said))

    strap = Strap()
    on_air(scene, strap)


def test_a_strap_that_does_not_tell_its_battery_is_held_all_the_same():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            await asyncio.sleep(3 * WAITS.battery)
            assert [fields for _, fields in told.said] == [{}]
            assert told.now is State.STREAMING and told.notes == ["up"]

    strap = Strap(values={})
    on_air(scene, strap)


# ---------------------------------------------------------------- lost


class Talks:
    """Streams of its own that never end, whatever became of the link."""

    def __init__(self, *given: Any) -> None:
        self.came_at: dict[Stream, float] = {}
        self.keep = given[2]

    async def listen(self) -> None: ...

    async def start(self, _want: Want) -> str:
        return ""

    async def stop(self, _stream: Stream) -> str:
        return ""


def test_a_link_that_was_given_up_says_nothing_more_of_its_own_streams_either(monkeypatch: pytest.MonkeyPatch):
    links: list[Talks] = []

    def own(*given: Any) -> Talks:
        links.append(Talks(*given))
        return links[-1]

    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            links[0].keep(CHARACTERISTIC, b"here")
            strap.mute = True
            await at_once(lambda: "down silence" in told.notes, 10)
            links[0].keep(CHARACTERISTIC, b"late")
            assert [row for _, _, row in told.rows if row in (b"here", b"late")] == [b"here"]

    monkeypatch.setattr("ingest.ble.supervisor.own_streams", own)
    strap = Strap(disconnect_takes_s=1.5)
    on_air(scene, strap)


def test_a_link_that_is_lost_is_a_disconnect_and_the_strap_is_held_again_as_a_new_connection():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.drop()
            await at_once(lambda: told.beats[-1][1] == 2, 5)
            assert told.notes == ["up", "down disconnect", "up"]
            assert told.seen[2:] == ["streaming", "lost", "connecting", "streaming"]
            assert [state.reason for state in told.states if state.state is State.LOST] == ["disconnect"]

    strap = Strap()
    on_air(scene, strap)


def test_five_seconds_without_a_heartbeat_are_a_link_that_nobody_said_is_dead():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.mute, last = True, told.beats[-1][0]
            await at_once(lambda: "down silence" in told.notes, 10)
            (at,) = [at for at, _, row in told.rows if row == "down silence"]
            assert at - last == pytest.approx(WAITS.silence, abs=0.01)
            assert told.states[3] == LinkState(State.SILENT, told.states[3].since_ns, "silence")
            strap.mute = False
            await at_once(lambda: told.beats[-1][1] > 1, 20)

    strap = Strap()
    on_air(scene, strap)


def test_four_seconds_without_a_heartbeat_are_nothing():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.mute = True
            await asyncio.sleep(WAITS.silence - 1.2)
            strap.mute = False
            await asyncio.sleep(10)
            assert told.notes == ["up"]

    strap = Strap()
    on_air(scene, strap)


@pytest.mark.parametrize("first", ["the link", "the adapter"])
def test_an_adapter_that_goes_takes_the_link_with_it_and_is_named_whichever_is_noticed_first(first):
    async def scene(ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            ether.scan_fails = OFF
            strap.drop() if first == "the link" else ether.power(False)
            await asyncio.sleep(0.1)
            ether.power(False) if first == "the link" else strap.drop()
            await at_once(lambda: told.now is State.RADIO_OFF, 10)
            assert told.notes == ["up", "down adapter_off"]
            assert told.states[-1].reason == "powered_off"
            await asyncio.sleep(100)
            ether.scan_fails, count = None, len(told.beats)
            ether.power(True)
            assert await at_once(lambda: len(told.beats) > count, 10) < 4

    strap = Strap()
    on_air(scene, strap)


def test_a_link_that_is_lost_while_the_adapter_is_well_is_no_fault_of_the_adapter():
    async def scene(ether: Ether, radio: Radio) -> None:
        ether.power(False)
        ether.power(True)
        async with held(strap, radio) as told:
            strap.drop()
            await asyncio.sleep(1)
            assert told.notes[1] == "down disconnect"

    strap = Strap()
    on_air(scene, strap)


def test_a_disconnect_that_blocks_is_not_waited_for_longer_than_it_is_worth():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.mute, strap.disconnect_takes_s = True, 3600.0
            await at_once(lambda: told.now is State.SILENT, 10)
            strap.mute, lost = False, now()
            strap.clients[0].is_connected = False  # it advertises again, though its disconnect has not answered
            await at_once(lambda: len(strap.tried) > 1, 10)
            assert now() - lost < WAITS.disconnect + 1

    strap = Strap()
    on_air(scene, strap)


def test_heartbeats_of_a_link_that_was_given_up_are_not_recorded_neither_before_the_next_one_nor_during_it():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            old = strap.link
            strap.mute, strap.disconnect_takes_s = True, 3600.0
            await at_once(lambda: "down silence" in told.notes, 10)
            count = len(told.beats)
            old.say(BEAT)
            assert len(told.beats) == count
            strap.mute, old.is_connected = False, False
            await at_once(lambda: told.beats[-1][1] == 2, 10)
            count = len(told.beats)
            old.say(BEAT)
            assert len(told.beats) == count
            strap.link.say(BEAT)
            assert len(told.beats) == count + 1

    strap = Strap()
    on_air(scene, strap)


def test_a_subscription_that_takes_long_leaves_five_seconds_for_the_first_heartbeat():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            assert told.notes == ["up"]

    strap = Strap(subscribing=Attempt(takes_s=WAITS.silence + 1))
    on_air(scene, strap)


def test_a_strap_that_connects_and_never_lets_itself_be_heard_is_not_asked_again_at_once():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(600)
            assert set(told.notes) == {"up", "down disconnect", "still disconnect"}
            assert all(wait >= WAITS.cap / 2 for wait in waits(strap)[5:])
            strap.subscribing = Attempt()
            assert await at_once(lambda: bool(told.beats), 20) < WAITS.cap + 2

    strap = Strap(subscribing=Attempt(fails=BleakError("org.bluez.Error.NotPermitted: Notify acquired")))
    on_air(scene, strap)


# ---------------------------------------------------------------- which one it is


def test_a_strap_that_was_named_is_told_by_its_address_once_it_is_held():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(strap, radio, told, wanted=Wanted(strap.name)).run()):
            await at_once(lambda: len(told.beats) >= 2)
            strap.drop()
            await at_once(lambda: told.beats[-1][1] == 2, 10)
            assert [fields["address"] for _, fields in told.said if "address" in fields] == [strap.address]

    strap = Strap("TICKR")
    on_air(scene, strap)


@pytest.mark.parametrize("address", ["C0:00:00:00:00:0A", "c0:00:00:00:00:0a"])
def test_a_strap_whose_address_was_known_is_not_told_by_it(address):
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(strap, radio, told, wanted=Wanted(strap.name, address)).run()):
            await at_once(lambda: len(told.beats) >= 2)
            assert not any("address" in fields for _, fields in told.said)

    strap = Strap("TICKR", "C0:00:00:00:00:0A")
    on_air(scene, strap)


def test_in_a_room_with_two_of_one_name_it_stays_with_the_one_that_was_found_first():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(mine, radio, told, wanted=Wanted("TICKR")).run()):
            await at_once(lambda: len(told.beats) >= 2)
            another.present, mine.present = True, False
            mine.drop()
            await asyncio.sleep(600)
            assert told.now is State.AWAY and another.tried == []
            mine.present, count = True, len(told.beats)
            await at_once(lambda: len(told.beats) > count, 10)

    mine, another = Strap("TICKR", "C0:00:00:00:00:0A"), Strap("TICKR", "C0:00:00:00:00:0B", present=False)
    on_air(scene, mine, another)


def test_one_whose_address_changes_is_found_again_by_its_name_and_told_by_its_new_address():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(watch, radio, told, wanted=Wanted("Watch 3")).run()):
            await at_once(lambda: len(told.beats) >= 2)
            watch.drop()
            watch.address = "6B:00:00:00:00:02"
            await at_once(lambda: told.beats[-1][1] == 2, 10)
            assert [fields["address"] for _, fields in told.said if "address" in fields] == ["5A:00:00:00:00:01", "6B:00:00:00:00:02"]

    watch = Strap("Watch 3", "5A:00:00:00:00:01")
    on_air(scene, watch)


# ---------------------------------------------------------------- trying again


def test_an_attempt_that_fails_is_said_and_the_next_one_holds():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            assert told.seen == ["looking", "connecting", "lost", "connecting", "streaming"]
            assert told.states[2].reason == "connect_failed"
            assert told.notes == ["up"], "a link that never was leaves no note"

    strap = Strap(attempts=deque([Attempt(fails=REFUSED)]))
    on_air(scene, strap)


@pytest.mark.parametrize(
    ("error", "module"),
    [
        (ValueError("Characteristic notifications already started"), "bleak.backends.corebluetooth.PeripheralDelegate"),
        (InvalidMessageError("missing required field"), "dbus_fast.message"),
        (InternalError("invalid message type"), "dbus_fast.message_bus"),
        (RuntimeError("the object has been closed"), "winrt.runtime"),
        (asyncio.CancelledError(), "bleak.backends.winrt.client"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("call", ["connect", "subscribe", "read", "disconnect"])
def test_whatever_the_radios_libraries_raise_is_waited_out_and_the_strap_held_again(error, module, call):
    async def fails(*_what: Any, **_how: Any) -> None:
        failed.append(call)
        exec("raise error", {"__name__": module, "error": error})

    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            with pytest.MonkeyPatch.context() as patch:
                owner, name = {
                    "connect": (bleak_retry_connector, "establish_connection"),
                    "subscribe": (fake_bleak.Client, "start_notify"),
                    "read": (fake_bleak.Client, "read_gatt_char"),
                    "disconnect": (fake_bleak.Client, "disconnect"),
                }[call]
                patch.setattr(owner, name, fails)
                strap.drop()
                await asyncio.sleep(100)
            strap.drop()
            count = len(told.beats)
            await at_once(lambda: len(told.beats) > count + 3)
            assert failed and told.now is State.STREAMING

    failed: list[str] = []
    strap = Strap()
    on_air(scene, strap)


@pytest.mark.parametrize("call", ["connect", "subscribe"])
def test_a_mistake_of_ours_is_not_waited_out_and_leaves_the_radio_to_the_others(call):
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with held(other, radio) as of_other:
            (ended,) = await asyncio.gather(supervisor(strap, radio, told).run(), return_exceptions=True)
            assert isinstance(ended, KeyError) and told.now is State.STOPPED
            other.drop()
            await at_once(lambda: of_other.beats[-1][1] == 2, 10)

    ours = Attempt(fails=KeyError("ours"))
    strap = Strap(always=ours) if call == "connect" else Strap(subscribing=ours)
    other = Strap("Polar H10 0BADCAFE", "C0:00:00:00:00:02")
    on_air(scene, strap, other)


@pytest.mark.parametrize("takes_s", [0.0, 20.0, 3600.0], ids=["at once", "as late as BlueZ says so", "never by itself"])
def test_attempts_that_fail_are_tried_again_after_longer_and_longer_waits_up_to_a_cap(takes_s):
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio):
            await asyncio.sleep(1200)
            took = min(takes_s, WAITS.connect)
            pauses = [wait - took for wait in waits(strap)]
            assert pauses[0] <= WAITS.first + 1
            assert all(WAITS.cap / 2 <= pause <= WAITS.cap + 1 for pause in pauses[5:])
            assert len(pauses) > 1200 / (took + WAITS.cap + 1)

    strap = Strap(always=Attempt(fails=REFUSED, takes_s=takes_s))
    on_air(scene, strap)


def test_the_adapter_switched_on_ends_a_wait_at_once_and_the_next_ones_are_short_again():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio):
            await asyncio.sleep(600)
            count, at = len(strap.tried), strap.tried[-1]
            await at_once(lambda: now() - at > 1)
            ether.power(True)
            await at_once(lambda: len(strap.tried) > count, 1)
            assert all(wait <= WAITS.first + 1 for wait in await next_waits(strap, 1))

    strap = Strap(always=Attempt(fails=REFUSED))
    on_air(scene, strap)


def test_a_strap_that_vanished_and_advertises_again_is_tried_at_once_and_the_next_waits_are_short_again():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio):
            await asyncio.sleep(600)
            strap.present = False
            await asyncio.sleep(2 * WAITS.cap)
            count, strap.present = len(strap.tried), True
            await at_once(lambda: len(strap.tried) > count, 1.1)
            assert all(wait <= WAITS.first + 1 for wait in await next_waits(strap, 1))

    strap = Strap(always=Attempt(fails=REFUSED))
    on_air(scene, strap)


def test_a_strap_that_vanishes_during_a_wait_and_advertises_again_before_its_end_ends_it():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(600)
            count = len(strap.tried)
            await at_once(lambda: len(strap.tried) > count)
            assert told.now is State.LOST
            strap.present = False
            asyncio.get_running_loop().call_later(5.6, setattr, strap, "present", True)
            assert (await next_waits(strap, 1))[0] < 7

    patience = Patience(cap=60.0)
    strap = Strap(always=Attempt(fails=REFUSED))
    on_air(scene, strap, patience=patience)


def test_a_heartbeat_makes_the_next_waits_short_again():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio):
            strap.always = Attempt(fails=REFUSED)
            count = len(strap.tried)
            strap.drop()
            await at_once(lambda: len(strap.tried) > count)
            assert (await next_waits(strap, 1))[0] <= WAITS.first + 1

    strap = Strap(attempts=deque([Attempt(fails=REFUSED)] * 8))
    on_air(scene, strap)


async def next_waits(strap: Strap, count: int) -> list[float]:
    """Between the attempts that come now."""
    begun = len(strap.tried) - 1
    await at_once(lambda: len(strap.tried) > begun + count, 100)
    return waits(strap)[begun : begun + count]


# ---------------------------------------------------------------- time without a strap


def test_a_strap_not_heard_for_45_s_is_probably_off_and_is_found_when_it_is_worn_again():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.present = False
            strap.drop()
            lost = now()
            await at_once(lambda: told.now is State.AWAY, 60)
            assert now() - lost == pytest.approx(WAITS.away, abs=1)
            await asyncio.sleep(3600)
            assert told.seen.count("away") == 1
            strap.present, count = True, len(told.beats)
            assert await at_once(lambda: len(told.beats) > count, 10) < 4

    strap = Strap()
    on_air(scene, strap)


def test_a_strap_that_cannot_be_heard_because_bluetooth_is_off_is_not_said_to_be_away():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(10 * WAITS.away)
            assert told.seen == ["looking", "radio_off"]

    strap = Strap()
    on_air(scene, strap, scan_fails=OFF)


def test_bluetooth_that_comes_back_without_the_strap_is_a_search_again():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(100)
            ether.scan_fails = None
            ether.power(True)
            await asyncio.sleep(1)
            assert told.seen == ["looking", "radio_off", "looking"]

    strap = Strap(present=False)
    on_air(scene, strap, scan_fails=OFF)


def test_bluetooth_that_is_busy_for_a_moment_says_nothing_of_the_strap():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await at_once(lambda: len(ether.scans) == 2)
            ether.scan_fails = None
            await at_once(lambda: bool(told.beats))
            assert told.seen == ["looking", "connecting", "streaming"]

    strap = Strap()
    on_air(scene, strap, scan_fails=BUSY)


@pytest.mark.parametrize(("fails", "reason"), [(BUSY, "busy"), (TimeoutError(), "no_answer"), (BleakError("new"), "unknown")], ids=["busy", "mute", "unknown"])
def test_bluetooth_that_fails_and_is_on_is_not_said_to_be_off_and_a_strap_not_heard_after_it_is_away(fails, reason):
    async def scene(ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(10 * WAITS.away)
            assert told.seen == ["looking", "radio_trouble"] and told.states[-1].reason == reason
            ether.scan_fails = None
            await at_once(lambda: told.now is State.LOOKING, WAITS.cap + 1)
            assert await at_once(lambda: told.now is State.AWAY, 2 * WAITS.away + 1) > WAITS.away - 1, "nobody could have heard it before"

    strap = Strap(present=False)
    on_air(scene, strap, scan_fails=fails)


@pytest.mark.parametrize(("fails", "state"), [(OFF, "radio_off"), (BUSY, "radio_trouble")], ids=["off", "busy"])
def test_trouble_that_was_met_while_the_strap_was_held_is_said_once_its_link_is_lost(fails, state):
    async def scene(ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told, going_on(radio.find(Wanted("another"))):
            ether.scan_fails = fails
            ether.power(True)
            await at_once(lambda: radio.trouble is not None)
            assert told.now is State.STREAMING
            strap.drop()
            await at_once(lambda: told.seen[-1] == state, 2)
            await asyncio.sleep(100)
            assert told.seen[-1] == state
            ether.scan_fails = None
            ether.power(True)
            await at_once(lambda: told.now is State.STREAMING, 10)

    strap = Strap()
    on_air(scene, strap)


def test_trouble_with_the_scan_says_nothing_of_a_strap_that_is_held():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told, going_on(radio.find(Wanted("another"))):
            ether.scan_fails = OFF
            ether.power(False)
            await asyncio.sleep(100)
            assert radio.trouble is not None
            assert told.now is State.STREAMING

    strap = Strap()
    on_air(scene, strap)


def test_time_goes_on_in_the_record_while_there_is_no_link_first_every_ten_seconds_and_later_every_minute():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            strap.present = False
            strap.drop()
            await asyncio.sleep(600)
            told_at = [at for at, _, row in told.rows if isinstance(row, str)][1:]
            assert told.notes[:2] == ["up", "down disconnect"] and set(told.notes[2:]) == {"still disconnect"}
            apart = [late - early for early, late in pairwise(told_at)]
            assert apart[0] <= 10 and apart[-3:] == pytest.approx([60, 60, 60])
            assert max(apart) == pytest.approx(60)

    strap = Strap()
    on_air(scene, strap)


def test_before_the_first_link_no_time_goes_on():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(600)
            assert told.rows == []

    strap = Strap(present=False)
    on_air(scene, strap)


def test_a_recording_that_is_gone_on_with_counts_its_connections_on_and_its_gap_is_the_restart():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(strap, radio, told, connection=4).run()):
            await asyncio.sleep(25)
            assert told.rows == [(told.rows[0][0], 4, "still restart")]
            strap.present = True
            await at_once(lambda: bool(told.beats))
            assert [(connection, row) for _, connection, row in told.rows[1:3]] == [(5, "up"), (5, BEAT)]

    strap = Strap(present=False)
    on_air(scene, strap)


# ---------------------------------------------------------------- the end


def test_a_program_that_is_ended_says_so_in_the_record_and_lets_go_of_the_strap():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            pass
        assert told.notes == ["up", "down stop"]
        assert told.seen[-2:] == ["streaming", "stopped"]
        assert not strap.is_linked

    strap = Strap()
    on_air(scene, strap)


def test_a_program_that_is_ended_while_it_looks_or_connects_leaves_nothing_in_the_record():
    async def scene(ether: Ether, radio: Radio) -> None:
        for wait_s in (0.0, 1.0, 5.0):
            async with wanted(strap, radio) as told:
                await asyncio.sleep(wait_s)
            assert told.rows == [] and told.now is State.STOPPED
        await asyncio.sleep(1)
        assert (ether.scanning, ether.connecting) == (0, 0)

    strap = Strap(always=Attempt(takes_s=20.0))
    on_air(scene, strap)


def test_a_program_that_is_ended_while_it_waits_to_try_again_looks_no_more():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            await asyncio.sleep(100)
            assert told.now is State.LOST
        await asyncio.sleep(WAITS.cap)
        count = len(ether.scans)
        await asyncio.sleep(100)
        assert ether.scanning == 0 and len(ether.scans) == count

    strap = Strap(always=Attempt(fails=REFUSED))
    on_air(scene, strap)


def test_after_its_end_nothing_is_said_of_a_strap_whatever_becomes_of_the_radio():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with held(strap, radio) as told:
            pass
        async with going_on(radio.find(Wanted("another"))):
            ether.scan_fails = OFF
            ether.power(False)
            await asyncio.sleep(100)
        assert radio.trouble is not None
        assert told.now is State.STOPPED

    strap = Strap()
    on_air(scene, strap)


# ---------------------------------------------------------------- once


def once(strap: Strap, seconds: float = 30.0, **ether: Any) -> tuple[Told, float, BaseException | None]:
    """What `run_once` says, how long it took, and how it ended."""
    told, took, ended = Told(), [0.0], [None]

    async def scene(_ether: Ether, radio: Radio) -> None:
        began = now()
        (ended[0],) = await asyncio.gather(supervisor(strap, radio, told).run_once(seconds), return_exceptions=True)
        took[0] = now() - began

    on_air(scene, strap, **ether)
    return told, took[0], ended[0]


def test_once_ends_with_the_first_connection_and_says_nothing_else_between():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(strap, radio, told).run_once(30)) as (running,):
            await asyncio.sleep(100)
            assert told.seen == ["looking", "connecting", "streaming"], "longer than it would have looked for one"
            strap.drop()
            await asyncio.wait({running}, timeout=5)
            assert running.done() and running.exception() is None
        assert told.notes == ["up", "down disconnect"]
        assert told.seen[-2:] == ["lost", "stopped"]
        assert len(strap.tried) == 1

    strap = Strap()
    on_air(scene, strap)


def test_once_tries_again_to_connect_while_its_time_lasts():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told = Told()
        async with going_on(supervisor(strap, radio, told).run_once(30)):
            await at_once(lambda: bool(told.beats), 30)

    strap = Strap(attempts=deque([Attempt(fails=REFUSED)] * 3))
    on_air(scene, strap)


def test_once_a_strap_that_is_not_heard_is_not_found():
    told, took, ended = once(Strap(present=False))
    assert isinstance(ended, DeviceNotFound)
    assert "Polar H10 51C0FFEE: not heard within 30 s" in ended.what and ended.next_step
    assert took == pytest.approx(30)
    assert told.now is State.STOPPED and told.rows == []


def test_once_a_strap_that_cannot_be_connected_is_not_found():
    _, took, ended = once(Strap(always=Attempt(fails=REFUSED)))
    assert isinstance(ended, DeviceNotFound)
    assert took == pytest.approx(30)


def test_once_without_a_radio_says_what_to_do_about_the_radio():
    told, took, ended = once(Strap(), scan_fails=OFF)
    assert isinstance(ended, BluetoothUnavailable)
    assert "switched off" in ended.what and ended.next_step
    assert took == pytest.approx(30)
    assert told.seen == ["looking", "radio_off", "stopped"]


# ---------------------------------------------------------------- several straps


def test_two_straps_share_one_scan_and_connect_one_at_a_time():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with held(ada, radio) as of_ada, held(ben, radio) as of_ben:
            for _ in range(5):
                ada.drop()
                ben.drop()
                await asyncio.sleep(20)
            assert (ether.most_scanning, ether.most_connecting, ether.both) == (1, 1, False)
            assert of_ada.beats[-1][1] == of_ben.beats[-1][1] == 6

    slow = Attempt(takes_s=3.0)
    ada, ben = Strap("Polar H10 ADA", "C0:00:00:00:00:0A", always=slow), Strap("Polar H10 BEN", "C0:00:00:00:00:0B", always=slow)
    on_air(scene, ada, ben)


def test_one_strap_that_cannot_be_connected_does_not_keep_the_other_from_being_held():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with wanted(ada, radio), wanted(ben, radio) as told:
            await at_once(lambda: bool(told.beats), 60)
            await asyncio.sleep(600)
            assert told.notes == ["up"]

    ada = Strap("Polar H10 ADA", "C0:00:00:00:00:0A", always=Attempt(fails=REFUSED, takes_s=20.0))
    ben = Strap("Polar H10 BEN", "C0:00:00:00:00:0B")
    on_air(scene, ada, ben)


# ---------------------------------------------------------------- whatever happens

FAULTS = st.lists(
    st.tuples(
        st.sampled_from(["drop", "mute", "away", "refuse", "unheard", "radio off", "power", "block", "slow", "deaf", "garbage", "held elsewhere"]),
        st.floats(0.05, 100),
    ),
    max_size=12,
)


async def suffer(ether: Ether, strap: Strap, kind: str, seconds: float) -> None:
    """One fault, for so long; then all is well again."""
    match kind:
        case "drop":
            strap.drop()
        case "mute":
            strap.mute = True
        case "away":
            strap.present = False
            strap.drop()
        case "refuse":
            strap.always = Attempt(fails=REFUSED)
            strap.drop()
        case "unheard":
            strap.subscribing = Attempt(fails=BleakError("Notify acquired"))
            strap.drop()
        case "radio off":
            ether.scan_fails = OFF
            ether.power(False)
            strap.drop()
        case "power":
            ether.power(True)
        case "block":
            strap.disconnect_takes_s, strap.mute = 50.0, True
        case "slow":
            strap.always = Attempt(takes_s=seconds)
            strap.drop()
        case "deaf":
            ether.deaf = True
            strap.drop()
        case "garbage":
            strap.payload = b"\x10"
        case "held elsewhere":
            ether.held_fails = BleakError("no")
            strap.reading = Attempt(takes_s=3600.0)
            strap.drop()
    await asyncio.sleep(seconds)
    if ether.scan_fails is not None:
        ether.scan_fails = None
        ether.power(True)
    ether.deaf, ether.held_fails = False, None
    strap.mute, strap.present, strap.payload, strap.disconnect_takes_s = False, True, BEAT, 0.0
    strap.always = strap.subscribing = strap.reading = Attempt()
    for client in strap.clients[:-1]:
        client.lose()


@settings(max_examples=40)
@given(FAULTS)
def test_a_supervisor_never_stops_looking_whatever_goes_wrong_in_whatever_order(faults):
    async def scene(ether: Ether, radio: Radio) -> None:
        async with wanted(strap, radio) as told:
            for kind, seconds in faults:
                await suffer(ether, strap, kind, seconds)
            count = len(told.beats)
            await at_once(lambda: len(told.beats) > count + 3, 120)
            assert told.now is State.STREAMING
        links(told)

    strap = Strap()
    on_air(scene, strap)


def links(told: Told) -> None:
    """Links begin and end in turn, each with a number of its own, and every heartbeat lies in one."""
    linked, number = False, 0
    for _, connection, row in told.rows:
        if row == "up":
            assert not linked and connection == number + 1
            linked, number = True, connection
        elif isinstance(row, bytes):
            assert linked and connection == number
        else:
            assert row.startswith("down ") == linked, row
            linked = False
    assert told.notes[-1] == "down stop" and not linked
    assert set(Counter(row.partition(" ")[2] for row in told.notes)) <= {"", "disconnect", "silence", "adapter_off", "stop"}
