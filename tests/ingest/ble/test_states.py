"""What a wearer is told of a strap's link."""

import pytest

from ingest.ble.states import MEANINGS, LinkState, State

EMOTION = {"stress", "anxious", "calm", "great", "well done"}
JARGON = {"gatt", "ble", "dbus", "bluez", "hci", "timeout", "exception", "error", "rssi"}


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_that_a_wearer_reads_and_no_jargon(state):
    said = f"{MEANINGS[state].words} {MEANINGS[state].help}".lower()
    assert MEANINGS[state].words
    assert not [word for word in EMOTION | JARGON if word in said.split()]


@pytest.mark.parametrize("state", [state for state in State if state not in (State.CONNECTING, State.STREAMING, State.SILENT)])
def test_a_state_in_which_the_wearer_can_help_says_how(state):
    assert LinkState(state, 0).help


def test_no_two_states_say_the_same():
    assert len({meaning.words for meaning in MEANINGS.values()}) == len(State)


def test_a_state_is_kept_by_its_name_and_read_back():
    assert [State(state.value) for state in State] == list(State)
    assert State("no_contact") is State.NO_CONTACT


def test_a_link_says_the_words_of_its_state():
    off = LinkState(State.RADIO_OFF, 1, "powered_off")
    assert (off.words, off.help) == ("this computer's Bluetooth is not available", "switch Bluetooth on; recording goes on by itself")
