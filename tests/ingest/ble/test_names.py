"""Bluetooth's numbers in whichever way they are written, and where a sensor says it sits."""

import pytest
from bleak.uuids import normalize_uuid_str, uuidstr_to_str
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.names import LOCATIONS, SIG_NAMES, location_word, normalise


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
