"""A wearer's strap is found among everything else in the room, also when it hides its service or is held already."""

import asyncio

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from fake_air import HEART_RATE, FakeAir

from ingest.ble.finding import Sighting, is_heart_rate, scan
from somalink.domain.errors import BluetoothUnavailable

STRAP, WATCH, LAMP = "C0:00:00:00:00:01", "C0:00:00:00:00:02", "C0:00:00:00:00:03"


def heard(air: FakeAir, monkeypatch: pytest.MonkeyPatch) -> list[Sighting]:
    air.installed(monkeypatch)
    return asyncio.run(scan(0.0))


@pytest.mark.parametrize(
    ("services", "name", "found"),
    [
        (["180d"], None, True),
        (["0x180D"], "", True),
        ([HEART_RATE.upper()], "My strap", True),
        ([], "Polar H10 1A2B3C4D", True),
        ([], "polar sense 1A2B", True),
        ([], "HRM-Dual:123456", True),
        ([], "TICKR 9F11", True),
        (["180f"], "Amazfit GTR 4", True),
        (["180f", "180a"], "Living room", False),
        ([], None, False),
    ],
)
def test_a_heart_rate_sensor_is_known_by_its_service_or_by_its_makers_name(services, name, found):
    assert is_heart_rate(services, name) is found


def test_the_nearest_strap_comes_first_and_a_held_one_before_all(monkeypatch):
    air = FakeAir(
        packets=[(LAMP, "Lamp", [], -40), (WATCH, "Forerunner 265", [], -70), (STRAP, "Polar H10 1A2B3C4D", [HEART_RATE], -55)], held=[("C0:FF", "TICKR 1")]
    )
    assert heard(air, monkeypatch) == [
        Sighting("C0:FF", "TICKR 1", None, heart_rate=True, known_by_name=True, held=True),
        Sighting(LAMP, "Lamp", -40, heart_rate=False, known_by_name=False, held=False),
        Sighting(STRAP, "Polar H10 1A2B3C4D", -55, heart_rate=True, known_by_name=True, held=False),
        Sighting(WATCH, "Forerunner 265", -70, heart_rate=False, known_by_name=True, held=False),
    ]
    assert air.scans == ["start", "stop"]


def test_name_and_service_may_come_in_different_packets_and_one_loud_packet_does_not_make_it_near(monkeypatch):
    air = FakeAir(packets=[(STRAP, None, [HEART_RATE], -90), (STRAP, "Strap 7", [], -30), (STRAP, None, [], -80), (STRAP, "Strap 7", [], 127)])
    assert heard(air, monkeypatch) == [Sighting(STRAP, "Strap 7", -80, heart_rate=True, known_by_name=False, held=False)]


def test_a_strap_with_a_second_connection_is_one_strap(monkeypatch):
    """A Polar H10 goes on advertising while this computer holds it."""
    [seen] = heard(FakeAir(packets=[(STRAP, "Polar H10 1A2B3C4D", [], -50)], held=[(STRAP, None)]), monkeypatch)
    assert (seen.held, seen.heart_rate, seen.name, seen.rssi) == (True, True, "Polar H10 1A2B3C4D", -50)


@pytest.mark.parametrize("fails", [NotImplementedError(), BleakError("no"), TimeoutError()], ids=repr)
def test_a_system_that_cannot_tell_what_it_holds_still_tells_what_it_hears(fails, monkeypatch):
    assert [seen.address for seen in heard(FakeAir(packets=[(STRAP, "Strap", ["180d"], -50)], held_fails=fails), monkeypatch)] == [STRAP]


def test_a_scan_that_cannot_be_ended_keeps_what_it_heard(monkeypatch):
    assert len(heard(FakeAir(packets=[(STRAP, "Strap", ["180d"], -50)], stop_fails=BleakError("gone")), monkeypatch)) == 1


def test_without_bluetooth_the_wearer_is_told_what_to_do(monkeypatch):
    off = BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)
    with pytest.raises(BluetoothUnavailable, match="switched off") as caught:
        heard(FakeAir(start_fails=off), monkeypatch)
    assert caught.value.next_step


def test_a_mistake_of_ours_is_not_called_bluetooth(monkeypatch):
    with pytest.raises(KeyError):
        heard(FakeAir(start_fails=KeyError("ours")), monkeypatch)
