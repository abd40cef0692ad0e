"""A wearer who looks for a strap sees which is hers, how near it is, and what to do when none is heard."""

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from fake_air import HEART_RATE, FakeAir

from ingest.ble.finding import Sighting
from somalink.cli.scanning import signal
from somalink.pipeline.wearing import remember, wear
from somalink.storage.local import LocalStore

H10, WATCH, LAMP = ("C0:00:00:00:00:01", "Polar H10 1A2B3C4D"), ("C0:00:00:00:00:02", "Forerunner 265"), ("C0:00:00:00:00:03", "Lamp")


@pytest.fixture
def room(monkeypatch) -> FakeAir:
    """A strap, a watch that does not say what it is, and a lamp."""
    return FakeAir(packets=[(*H10, [HEART_RATE], -55), (*WATCH, [], -80), (*LAMP, [], -40)]).installed(monkeypatch)


@pytest.fixture
def scanned(typed):
    return lambda *words: typed("scan", "--seconds", "0.1", *words)


def rows(out: str) -> dict[str, str]:
    """Lines by the address in them."""
    return {address: line for line in out.splitlines() for address, _ in (H10, WATCH, LAMP) if address in line}


@pytest.mark.usefixtures("room")
def test_straps_and_watches_are_listed_the_nearest_first_and_nothing_else(scanned):
    ended = scanned()
    assert ended.code == 0
    assert list(rows(ended.out)) == [H10[0], WATCH[0]]
    assert "Polar H10 1A2B3C4D" in ended.out and "strong (-55 dBm)" in ended.out and "weak (-80 dBm)" in ended.out
    assert ended.err.splitlines()[-1] == 'next: somalink run --strap "Polar H10 1A2B3C4D"'


@pytest.mark.usefixtures("room")
def test_a_watch_that_is_known_by_its_name_alone_is_said_to_be(scanned):
    lines = rows(scanned().out)
    assert "by its name only: it does not say that it offers heart rate" in lines[WATCH[0]]
    assert "by its name" not in lines[H10[0]]


@pytest.mark.usefixtures("room")
def test_everything_that_is_heard_is_listed_when_asked_for(scanned):
    assert set(rows(scanned("--all").out)) == {H10[0], WATCH[0], LAMP[0]}


@pytest.mark.usefixtures("room")
def test_programs_get_the_same_as_json(scanned):
    strap, watch = scanned("--json").json["devices"]
    assert strap == {
        "name": H10[1], "address": H10[0], "rssi_dbm": -55, "signal": "strong", "heart_rate": True, "by_name_only": False, "held": False, "person": None,
        "family": "polar_h10", "tier": "A", "how_to_switch_on": [],
    }  # fmt: skip
    assert watch["by_name_only"] is True and watch["heart_rate"] is False
    assert (watch["family"], watch["tier"]) == ("garmin_watch", "D") and "Select Broadcast Heart Rate." in watch["how_to_switch_on"]
    assert scanned("--json", "--all").json["devices"][0]["family"] is None, "a lamp is nobody"


@pytest.mark.usefixtures("room")
def test_each_is_said_to_be_what_it_can_be_and_a_watch_that_is_silent_how_it_is_switched_on(scanned):
    ended = scanned()
    assert "strap that sees movement" in rows(ended.out)[H10[0]] and "watch, heart rate only" in rows(ended.out)[WATCH[0]]
    assert ended.err.splitlines()[-2] == "a watch sends its heart rate once it is told to; how: somalink devices garmin_watch"


def test_a_watch_that_offers_its_heart_rate_needs_no_advice(scanned, monkeypatch):
    FakeAir(packets=[(*WATCH, [HEART_RATE], -60)]).installed(monkeypatch)
    assert "once it is told to" not in scanned().err


def test_a_strap_that_this_computer_holds_comes_first_and_has_no_signal(scanned, monkeypatch):
    FakeAir(packets=[(*WATCH, [], -80)], held=[H10]).installed(monkeypatch)
    ended = scanned()
    assert list(rows(ended.out)) == [H10[0], WATCH[0]]
    assert "held by this computer already" in rows(ended.out)[H10[0]] and "dBm" not in rows(ended.out)[H10[0]]


@pytest.mark.parametrize(("person", "next_step"), [("me", f'--strap "{H10[1]}"'), ("ann", f'--strap ann="{H10[1]}"')])
@pytest.mark.usefixtures("room")
def test_a_strap_that_was_worn_before_is_said_to_be_whose_it_is(scanned, tmp_path, person, next_step):
    with LocalStore.open(tmp_path / "somalink.db") as store:
        remember(store, wear(person, "an older name", H10[0].lower()), 1)
        change = store.change
    ended = scanned()
    assert f"worn by {person}" in rows(ended.out)[H10[0]] and "worn by" not in rows(ended.out)[WATCH[0]]
    assert ended.err.strip().endswith(next_step)
    assert scanned("--json").json["devices"][0]["person"] == person
    with LocalStore.open(tmp_path / "somalink.db") as store:
        assert store.change == change


@pytest.mark.usefixtures("room")
def test_looking_makes_no_store(scanned, tmp_path):
    assert scanned().code == 0
    assert not (tmp_path / "somalink.db").exists()


@pytest.mark.parametrize(("packets", "what"), [([], "was heard in 0.1 s\n"), ([(*LAMP, [], -40)], "; 1 other device was (--all lists it)")])
def test_where_no_strap_is_heard_it_ends_with_4_and_says_what_helps(scanned, monkeypatch, packets, what):
    FakeAir(packets=packets).installed(monkeypatch)
    ended = scanned()
    assert ended.code == 4 and ended.out == ""
    assert what in ended.err
    assert all(help in ended.err for help in ("moistened", "phone app", "H10", "watch"))


def test_a_room_without_straps_can_still_be_listed(scanned, monkeypatch):
    FakeAir(packets=[(*LAMP, [], -40)]).installed(monkeypatch)
    ended = scanned("--all")
    assert ended.code == 0 and "Lamp" in ended.out and "next" not in ended.err


def test_without_bluetooth_it_ends_with_3_and_the_next_step(scanned, monkeypatch):
    FakeAir(start_fails=BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)).installed(monkeypatch)
    ended = scanned()
    assert ended.code == 3
    assert [line.split(":")[0].strip() for line in ended.err.splitlines()] == ["somalink", "next"]


def test_a_name_cannot_command_the_terminal_or_the_shell(scanned, monkeypatch):
    FakeAir(packets=[(H10[0], 'Strap\x1b[2J"; rm -r .', [HEART_RATE], -55)]).installed(monkeypatch)
    ended = scanned()
    assert "\x1b" not in ended.out and "Strap?[2J" in ended.out
    assert ended.err.strip() == f"next: somalink run --strap {H10[0]}"


def test_a_strap_without_a_name_is_called_by_its_address(scanned, monkeypatch):
    FakeAir(packets=[(H10[0], None, [HEART_RATE], -55)]).installed(monkeypatch)
    ended = scanned()
    assert "(no name)" in ended.out and ended.err.strip().endswith(f"--strap {H10[0]}")


@pytest.mark.parametrize(
    ("rssi", "held", "words"),
    [(-60, False, "strong (-60 dBm)"), (-75, False, "good (-75 dBm)"), (-86, False, "very weak (-86 dBm)"), (None, True, ""), (None, False, "signal not told")],
)
def test_a_signal_is_said_in_words(rssi, held, words):
    assert signal(Sighting("C0", "Strap", rssi, heart_rate=True, known_by_name=False, held=held)) == words


def test_a_virtual_radio_that_is_not_there_is_no_bluetooth(typed, tmp_path):
    pytest.importorskip("bumble")
    ended = typed("scan", "--virtual-radio", tmp_path / "none", "--seconds", "0.1")
    assert ended.code == 3 and "Traceback" not in ended.err


def test_without_the_library_of_virtual_straps_their_radio_says_how_to_get_it(typed, monkeypatch, tmp_path):
    monkeypatch.setattr("somalink.cli.air.find_spec", lambda _: None)
    ended = typed("scan", "--virtual-radio", tmp_path / "none")
    assert ended.code == 1 and "somalink[virtual]" in ended.err


def test_a_whole_page_of_commands_can_hear_one_virtual_radio(typed, tmp_path, monkeypatch):
    pytest.importorskip("bumble")
    monkeypatch.setenv("SOMALINK_VIRTUAL_RADIO", str(tmp_path / "none"))
    monkeypatch.setattr("somalink.cli.running.ONCE_S", 0.2)
    assert typed("scan", "--seconds", "0.1").code == typed("run", "--once", "--strap", "x").code == 3
