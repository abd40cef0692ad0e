"""Bluetooth's numbers in whichever way they are written, and where a sensor says it sits."""

import pytest
from bleak.uuids import normalize_uuid_str, uuidstr_to_str
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.names import LOCATIONS, SIG_NAMES, is_bluetooth_address, location_word, may_change, names_one_unit, normalise


@pytest.mark.parametrize("written", ["180D", "180d", "0x180d", "0X180D", "0000180d", "0000180D-0000-1000-8000-00805F9B34FB"])
def test_the_heart_rate_service_is_known_however_its_number_is_written(written):
    assert normalise(written) == "0000180d-0000-1000-8000-00805f9b34fb"


@given(st.integers(0, 0xFFFF))
def test_every_number_is_written_as_bleak_writes_it(number):
    assert normalise(f"{number:04x}") == normalise(f"0x{number:04X}") == normalize_uuid_str(f"{number:04x}")


@given(st.uuids().map(str))
def test_a_makers_own_number_stays_what_it_is(number):
    assert normalise(number.upper()) == number


@pytest.mark.parametrize(("uuid", "name"), SIG_NAMES.items(), ids=SIG_NAMES.values())
def test_every_number_used_here_is_what_bluetooth_calls_it(uuid, name):
    """bleak's list is the other witness; it may add the word Service."""
    assert uuidstr_to_str(uuid).removesuffix(" Service") == name


@given(st.binary(max_size=3))
def test_a_place_that_has_no_word_is_another_place_and_never_an_error(payload):
    assert location_word(payload) in LOCATIONS


def test_a_strap_says_that_it_sits_on_the_chest():
    assert (location_word(b"\x01"), location_word(b"\x02"), location_word(b"\x07"), location_word(b"")) == ("chest", "wrist", "other", "other")


@pytest.mark.parametrize(
    ("name", "one"),
    [("Polar H10 A1B2C3D4", True), ("Polar Sense 51c0ffee ", True), ("HRM-Dual:123456", True), ("TICKR", False), ("Forerunner 255", False), ("", False)],
)
def test_a_name_that_ends_in_a_number_of_its_own_names_one_unit(name, one):
    assert names_one_unit(name) is one


@pytest.mark.parametrize(
    ("address", "changes"),
    [("5A:FF:00:00:00:01", True), ("C0:FF:00:00:00:01", False), ("a0:9e:1a:00:00:01", False), ("5AFF0000-0000-4000-8000-000000000001", False)],
    ids=["changes", "given for life", "its maker's", "a Mac's"],
)
def test_an_address_that_may_change_is_known_by_how_it_begins(address, changes):
    assert may_change(address) is changes


def test_what_a_mac_has_instead_of_an_address_is_none():
    assert is_bluetooth_address("c0:ff:EE:00:00:01")
    assert not is_bluetooth_address("5AFF0000-0000-4000-8000-000000000001")
    assert not is_bluetooth_address("C0:FF:EE:00:00")
