"""One radio for all straps: who looks shares a scan, who connects is alone, and what is wrong is said once."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import bleak
import pytest
from bleak.backends.device import BLEDevice
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from dbus_fast.errors import InternalError, InvalidMessageError
from fake_bleak import Ether, Strap, at_once, going_on, now, on_air

from ingest.ble.patience import Patience
from ingest.ble.radio import PASSING, VANISHED_S, Radio, Wanted
from ingest.ble.trouble import Trouble

OFF = BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)
ADA, BEN = Wanted("Polar H10 51C0FFEE"), Wanted("Polar H10 0BADCAFE")
WAITS = Patience()


BUSY = BleakError("org.bluez.Error.InProgress")


def adas(**what) -> Strap:
    return Strap(ADA.name, "C0:00:00:00:00:01", **what)


def bens(**what) -> Strap:
    return Strap(BEN.name, "C0:00:00:00:00:02", **what)


# ---------------------------------------------------------------- which one is meant


@pytest.mark.parametrize(
    ("wanted", "address", "called", "said", "it_is"),
    [
        (Wanted("", "c0:ff:00:00:00:01"), "C0:FF:00:00:00:01", None, None, True),
        (Wanted("TICKR", "C0:FF:00:00:00:01"), "C0:FF:00:00:00:99", "TICKR", "TICKR", False),
        (Wanted("TICKR", "C0:FF:00:00:00:01"), "5AFF0000-0000-4000-8000-000000000001", "TICKR", None, True),
        (Wanted("TICKR", "5AFF0000-0000-4000-8000-000000000001"), "C0:FF:00:00:00:01", "TICKR", None, True),
        (Wanted("TICKR", "5AFF0000-0000-4000-8000-000000000001"), "5AFF0000-0000-4000-8000-000000000002", "TICKR", None, False),
        (Wanted("Polar H10 A1B2C3D4", "C0:FF:00:00:00:01"), "C0:FF:00:00:00:99", None, "Polar H10 A1B2C3D4", True),
        (Wanted("Watch 3", "5A:FF:00:00:00:01"), "6B:FF:00:00:00:99", None, "Watch 3", True),
        (Wanted("TICKR"), "C0:FF:00:00:00:99", None, "TICKR", True),
        (Wanted("TICKR"), "C0:FF:00:00:00:99", "TICKR 2", "TICKR 2", False),
        (Wanted("", "C0:FF:00:00:00:01"), "C0:FF:00:00:00:99", "", "", False),
        (Wanted(""), "C0:FF:00:00:00:99", None, None, False),
    ],
    ids=["by address", "another of its make", "known from a Mac", "known to a Mac", "another of its make on a Mac", "by the number in its name",
         "one whose address changes", "by the name it advertises", "a name that only begins so", "no name is no match", "nothing"],
)  # fmt: skip
def test_a_strap_is_known_by_its_address_or_by_its_whole_name_where_no_other_goes_by_it(wanted, address, called, said, it_is):
    assert wanted.is_it(BLEDevice(address, called, None), said) is it_is


# ---------------------------------------------------------------- looking


def test_a_strap_that_is_worn_is_found_at_once_and_the_scan_ends_with_the_search():
    async def scene(ether: Ether, radio: Radio) -> None:
        began = now()
        assert (await radio.find(ADA)).address == ether.straps[0].address
        assert now() - began < 1
        await asyncio.sleep(1)
        assert ether.scanning == 0 and len(ether.scans) == 1

    on_air(scene, adas(), bens())


def test_a_strap_that_is_put_on_later_is_found_then():
    async def scene(_ether: Ether, radio: Radio) -> None:
        asyncio.get_running_loop().call_later(3000, setattr, strap, "present", True)
        began = now()
        await radio.find(ADA)
        assert 3000 <= now() - began < 3001

    strap = adas(present=False)
    on_air(scene, strap)


def test_two_people_who_look_for_their_straps_share_one_scan():
    async def scene(ether: Ether, radio: Radio) -> None:
        found = await asyncio.gather(radio.find(ADA), radio.find(BEN))
        assert [device.address for device in found] == [strap.address for strap in ether.straps]
        assert ether.most_scanning == 1 and len(ether.scans) == 1

    on_air(scene, adas(), bens())


def test_one_who_has_found_a_strap_does_not_end_the_scan_of_another():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(BEN)) as (ben,):
            await radio.find(ADA)
            await asyncio.sleep(5)
            assert ether.scanning == 1 and not ben.done()
            other.present = True
            await asyncio.sleep(1)
            assert ben.result().address == other.address

    other = bens(present=False)
    on_air(scene, adas(), other)


def test_a_search_that_is_given_up_ends_the_scan():
    async def scene(ether: Ether, radio: Radio) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await radio.find(ADA)
        await asyncio.sleep(1)
        assert ether.scanning == 0

    on_air(scene)


def test_a_strap_that_this_computer_holds_already_is_found_though_it_does_not_advertise():
    async def scene(ether: Ether, radio: Radio) -> None:
        began = now()
        assert (await radio.find(ADA)).address == ether.straps[0].address
        assert now() - began < 1

    on_air(scene, adas(present=False, held_by_us=True))


@pytest.mark.parametrize("fails", [NotImplementedError(), BleakError("no"), TimeoutError()], ids=repr)
def test_a_system_that_cannot_tell_what_it_holds_still_hears(fails):
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with asyncio.timeout(2):
            await radio.find(ADA)

    on_air(scene, adas(), held_fails=fails)


def test_a_scan_that_hears_nothing_at_all_is_begun_anew_since_the_daemon_behind_it_may_be_dead():
    async def scene(ether: Ether, radio: Radio) -> None:
        asyncio.get_running_loop().call_later(20, setattr, ether, "deaf", False)
        began = now()
        await radio.find(ADA)
        assert now() - began == pytest.approx(2 * WAITS.rescan, abs=1)
        assert len(ether.scans) == 3

    on_air(scene, adas(), deaf=True)


def test_a_scan_that_hears_others_goes_on_and_asks_again_what_is_held():
    async def scene(ether: Ether, radio: Radio) -> None:
        asyncio.get_running_loop().call_later(100, setattr, strap, "held_by_us", True)
        began = now()
        await radio.find(ADA)
        assert now() - began < 100 + WAITS.rescan + 1
        assert len(ether.scans) == 1

    strap = adas(present=False)
    on_air(scene, strap, bens())


def test_a_scan_that_cannot_be_ended_does_not_hold_up_the_next():
    async def scene(ether: Ether, radio: Radio) -> None:
        await radio.find(ADA)
        began = now()
        await radio.find(BEN)
        assert now() - began < WAITS.disconnect + 1

    on_air(scene, adas(), bens(), stop_takes_s=3600.0)


def test_a_scan_is_begun_anew_now_and_then_whatever_it_heard_since_some_systems_remember_everything_they_hear():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)):
            await asyncio.sleep(3 * 3600)
        apart = [late - early for early, late in pairwise(ether.scans)]
        assert apart == pytest.approx([WAITS.renew] * len(apart)) and len(apart) > 10
        assert ether.most_scanning == 1

    on_air(scene, bens())


# ---------------------------------------------------------------- a scan that is slow


@dataclass(eq=False)
class Slow:
    """A scanner of a stack that takes its time, or never answers. `went`: what became of each of its calls."""

    start_takes_s: float = 0.0
    stop_takes_s: float = 0.0
    went: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        slow, quick = self, bleak.BleakScanner

        class Scanner(quick):
            async def start(self) -> None:
                await slow.take("start", slow.start_takes_s)
                await super().start()

            async def stop(self) -> None:
                await slow.take("stop", slow.stop_takes_s)
                await super().stop()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bleak, "BleakScanner", Scanner)
            yield

    async def take(self, call: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.went.append(f"{call} cut off")
            raise
        self.went.append(call)


def test_a_scan_that_is_late_in_beginning_is_not_cut_off_but_ended_once_it_has_begun_and_no_other_begins_before():
    async def scene(ether: Ether, radio: Radio) -> None:
        with slow.installed():
            async with going_on(radio.find(ADA)) as (looking,):
                await asyncio.sleep(2 * WAITS.command)
                assert slow.went == [] and ether.scans == []
                assert radio.trouble is None, "not yet"
                slow.start_takes_s = 0.0
                await asyncio.sleep(5 * WAITS.command)
                assert slow.went == ["start", "stop", "start"]
                strap.present = True
                await at_once(looking.done, 2)
            await asyncio.sleep(60)
            assert ether.scanning == 0 and ether.most_scanning == 1

    slow = Slow(start_takes_s=5 * WAITS.command)
    strap = adas(present=False)
    on_air(scene, strap)


def test_a_scan_that_never_begins_is_said_not_to_answer_and_is_cut_off_in_the_end():
    async def scene(_ether: Ether, radio: Radio) -> None:
        with slow.installed():
            async with going_on(radio.find(ADA)) as (looking,):
                await at_once(lambda: radio.trouble is not None)
                assert radio.trouble.id == "no_answer"
                assert slow.went == []
                slow.start_takes_s = 0.0
                await at_once(looking.done, WAITS.late + WAITS.cap)
                assert slow.went[:2] == ["start cut off", "start"]
                assert radio.trouble is None

    slow = Slow(start_takes_s=1e6)
    on_air(scene, adas())


def test_a_search_that_ends_while_its_scan_begins_leaves_no_scan_behind():
    async def scene(ether: Ether, radio: Radio) -> None:
        with slow.installed():
            for seconds in (0.0, 1.0, WAITS.command, 1.5 * WAITS.command):
                async with going_on(radio.find(BEN)):
                    await asyncio.sleep(seconds)
                await asyncio.sleep(10 * WAITS.command)
                assert ether.scanning == 0
        assert "start cut off" not in slow.went

    slow = Slow(start_takes_s=2 * WAITS.command)
    on_air(scene, adas())


def test_a_scan_that_is_slow_to_end_is_not_cut_off_either():
    async def scene(_ether: Ether, radio: Radio) -> None:
        with slow.installed():
            await radio.find(ADA)
            await asyncio.sleep(60)
        assert slow.went == ["start", "stop"]

    slow = Slow(stop_takes_s=30.0)
    on_air(scene, adas())


# ---------------------------------------------------------------- a strap that comes back


def test_a_strap_that_went_on_advertising_has_not_come_back():
    async def scene(_ether: Ether, radio: Radio) -> None:
        await radio.find(ADA)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await radio.find(ADA, come_back=True)

    on_air(scene, adas())


def test_a_strap_that_could_not_be_heard_for_a_while_and_is_heard_again_has_come_back():
    async def scene(_ether: Ether, radio: Radio) -> None:
        await radio.find(ADA)
        strap.present = False
        asyncio.get_running_loop().call_later(20, setattr, strap, "present", True)
        began = now()
        await radio.find(ADA, come_back=True)
        assert 20 <= now() - began <= 21

    strap = adas()
    on_air(scene, strap)


def test_a_strap_that_was_not_listened_for_while_somebody_connected_has_not_come_back():
    async def scene(_ether: Ether, radio: Radio) -> None:
        await radio.find(ADA)
        async with radio.alone():
            await asyncio.sleep(4 * VANISHED_S)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await radio.find(ADA, come_back=True)

    on_air(scene, adas())


# ---------------------------------------------------------------- connecting


def test_nobody_scans_while_somebody_connects_and_the_search_goes_on_after_it():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)) as (looking,):
            await asyncio.sleep(1)
            async with radio.alone():
                assert ether.scanning == 0
                strap.present = True
                await asyncio.sleep(20)
                assert ether.scanning == 0 and not looking.done()
            await asyncio.sleep(1)
            assert looking.done()

    strap = adas(present=False)
    on_air(scene, strap)


def test_straps_connect_one_at_a_time():
    async def scene(_ether: Ether, radio: Radio) -> None:
        within: list[str] = []

        async def connect(name: str) -> None:
            async with radio.alone():
                within.append(f"{name} in")
                await asyncio.sleep(3)
                within.append(f"{name} out")

        began = now()
        async with going_on(radio.find(BEN)):
            await asyncio.sleep(1)
            await asyncio.gather(connect("ada"), connect("ben"), connect("eva"))
        assert now() - began < 11, "nobody waits for a scan that goes on between two"
        assert within == ["ada in", "ada out", "ben in", "ben out", "eva in", "eva out"]

    on_air(scene)


def test_an_attempt_that_fails_lets_the_next_one_in_and_the_scan_go_on():
    async def scene(_ether: Ether, radio: Radio) -> None:
        with pytest.raises(BleakError):
            async with radio.alone():
                raise BleakError("connection refused")
        async with asyncio.timeout(5), radio.alone():
            pass
        async with asyncio.timeout(5):
            await radio.find(ADA)

    on_air(scene, adas())


# ---------------------------------------------------------------- trouble


def test_bluetooth_that_is_switched_off_is_said_once_and_that_it_works_again_too():
    async def scene(ether: Ether, radio: Radio) -> None:
        told: list[str | None] = []
        radio.watch(lambda trouble: told.append(None if trouble is None else trouble.id))
        asyncio.get_running_loop().call_later(600, setattr, ether, "scan_fails", None)
        await radio.find(ADA)
        await asyncio.sleep(1)
        assert told == ["powered_off", None]
        assert radio.trouble is None

    on_air(scene, adas(), scan_fails=OFF)


def test_a_radio_that_is_busy_for_a_moment_is_no_trouble_and_one_that_stays_busy_is():
    async def scene(ether: Ether, radio: Radio) -> None:
        told: list[str | None] = []
        radio.watch(lambda trouble: told.append(None if trouble is None else trouble.id))
        async with going_on(radio.find(ADA)):
            await at_once(lambda: len(ether.scans) == PASSING - 1)
            ether.scan_fails = None
            await asyncio.sleep(60)
            assert told == []
            ether.scan_fails = BUSY
            ether.power(True)
            await asyncio.sleep(60)
            assert told == ["busy"]
            ether.scan_fails = None
            await asyncio.sleep(60)
            assert told == ["busy", None]

    on_air(scene, bens(), scan_fails=BUSY)


def test_who_has_gone_is_told_no_more():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told: list[Trouble | None] = []
        radio.watch(told.append)
        radio.unwatch(told.append)
        async with going_on(radio.find(ADA)):
            await asyncio.sleep(60)
        assert radio.trouble is not None and told == []

    on_air(scene, scan_fails=OFF)


@pytest.mark.parametrize(("fails", "cap"), [(OFF, WAITS.cap_off), (BUSY, WAITS.cap)], ids=["off", "busy"])
def test_a_scan_that_fails_is_tried_again_after_longer_and_longer_waits_up_to_a_cap(fails, cap):
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)):
            await asyncio.sleep(1000)
        waits = [late - early for early, late in zip(ether.scans, ether.scans[1:], strict=False)]
        assert waits[0] <= 1
        assert all(cap / 2 <= wait <= cap for wait in waits[6:])
        assert len(waits) > 1000 / cap

    on_air(scene, scan_fails=fails)


def test_an_adapter_that_is_switched_on_is_used_at_once_however_long_it_was_off():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)) as (looking,):
            await asyncio.sleep(3600)
            ether.scan_fails = None
            ether.power(True)
            await asyncio.sleep(0.5)
            assert looking.done() and radio.powered is True

    on_air(scene, adas(), scan_fails=OFF)


def test_after_news_of_the_adapter_the_waits_begin_with_the_shortest_again():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)):
            await asyncio.sleep(3600)
            ether.power(True)
            began = now()
            await at_once(lambda: len([at for at in ether.scans if at >= began]) >= 3)
            assert now() - began < 4

    on_air(scene, scan_fails=OFF)


def test_an_adapter_that_goes_ends_the_scan_on_it():
    async def scene(ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)):
            await asyncio.sleep(1)
            ether.scan_fails = OFF
            ether.power(False)
            await asyncio.sleep(0.5)
            assert len(ether.scans) == 2 and radio.powered is False

    on_air(scene, bens())


def test_an_adapter_on_which_a_scan_begins_is_not_off_whatever_was_said_of_it():
    async def scene(ether: Ether, radio: Radio) -> None:
        ether.power(False)
        await radio.find(ADA)
        await asyncio.sleep(1)
        assert radio.powered is None

    on_air(scene, adas())


def test_a_system_that_says_nothing_any_more_is_no_news_and_its_last_word_is_not_kept():
    async def scene(ether: Ether, radio: Radio) -> None:
        ether.power(True)
        asyncio.get_running_loop().call_later(2, ether.power, None)
        assert not await radio.changed(7)
        assert radio.powered is None

    on_air(scene)


def test_news_is_what_comes_from_now_on():
    async def scene(ether: Ether, radio: Radio) -> None:
        ether.power(False)
        began = now()
        assert not await radio.changed(7)
        assert now() - began == pytest.approx(7)
        asyncio.get_running_loop().call_later(2, ether.power, True)
        assert await radio.changed(7)
        assert now() - began == pytest.approx(9)

    on_air(scene)


@contextlib.contextmanager
def scanning_raises(error: BaseException, *, module: str) -> Iterator[None]:
    """As code of that module would raise it, as long as this lasts."""

    class Scanner:
        def __init__(self, _told: Any) -> None:
            pass

        async def start(self) -> None:
            exec("raise error", {"__name__": module, "error": error})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bleak, "BleakScanner", Scanner)
        yield


@pytest.mark.parametrize(
    ("error", "module"),
    [
        (InvalidMessageError("missing required field"), "dbus_fast.message"),
        (InternalError("invalid message type"), "dbus_fast.message_bus"),
        (ValueError("already started"), "bleak.backends.corebluetooth.scanner"),
        (RuntimeError("the object has been closed"), "winrt.runtime"),
        (asyncio.CancelledError(), "bleak.backends.winrt.scanner"),
    ],
    ids=repr,
)
def test_whatever_the_radios_libraries_raise_is_waited_out(error, module):
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)) as (looking,):
            with scanning_raises(error, module=module):
                await asyncio.sleep(600)
                assert radio.trouble is not None and not looking.done()
            await at_once(looking.done, WAITS.cap + 1)
            assert looking.result().name == ADA.name and radio.trouble is None

    on_air(scene, adas())


def test_a_scan_that_somebody_else_cancels_is_begun_anew():
    async def scene(_ether: Ether, radio: Radio) -> None:
        async with going_on(radio.find(ADA)) as (looking,):
            for _ in range(3):
                await asyncio.sleep(10)
                (scanning,) = (task for task in asyncio.all_tasks() if task.get_name() == "scan")
                scanning.cancel()
            await asyncio.sleep(10)
            strap.present = True
            await at_once(looking.done, 2)

    strap = adas(present=False)
    on_air(scene, strap)


def test_a_mistake_of_ours_is_not_taken_for_bluetooth_and_reaches_whoever_looks():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told: list[Trouble | None] = []
        radio.watch(told.append)
        with scanning_raises(KeyError("ours"), module="ingest.ble.radio"):
            found = asyncio.gather(radio.find(ADA), radio.find(BEN), return_exceptions=True)
            async with asyncio.timeout(1000):
                assert [type(each) for each in await found] == [KeyError, KeyError]
                with pytest.raises(KeyError):
                    await radio.find(ADA)
        assert told == []

    on_air(scene, adas())


def test_after_a_mistake_of_ours_the_scan_goes_on_for_everybody_who_looks_then():
    async def scene(_ether: Ether, radio: Radio) -> None:
        with scanning_raises(KeyError("ours"), module="ingest.ble.radio"), pytest.raises(KeyError):
            await radio.find(ADA)
        async with asyncio.timeout(WAITS.cap):
            await asyncio.gather(radio.find(ADA), radio.find(BEN))

    on_air(scene, adas(), bens())


def test_a_mistake_of_ours_that_nobody_waits_for_is_told_to_the_loop():
    async def scene(_ether: Ether, radio: Radio) -> None:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: told.append(what["exception"]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bleak.BleakScanner, "stop", fails)
            await radio.find(ADA)
            await asyncio.sleep(1)
        assert [type(each) for each in told] == [KeyError]

    async def fails(_scanner: Any) -> None:
        raise KeyError("ours")

    on_air(scene, adas())
