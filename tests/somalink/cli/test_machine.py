"""Settings are written so that they can be read again, and the doctor's verdict is the exit code."""

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from fake_air import FakeAir

from somalink.pipeline.wearing import remember, wear
from somalink.storage.local import LocalStore


def test_a_setting_is_set_and_the_rest_of_the_file_stays(typed, monkeypatch, tmp_path):
    file = tmp_path / "somalink.toml"
    file.write_text('# mine\nperson = "ann"   # short\nlanguage = "en"\n')
    monkeypatch.setenv("SOMALINK_CONFIG", str(file))
    assert typed("config", "set", "language", "en").code == 0
    assert typed("config", "set", "hide_heart_rate", "yes").code == 0
    assert file.read_text() == '# mine\nperson = "ann"   # short\nlanguage = "en"\nhide_heart_rate = true\n'
    shown = typed("config", "show", "--json").json["settings"]
    assert shown["language"] == {"value": "en", "from": "file"}
    assert shown["tz"] == {"value": "Europe/Rome", "from": "SOMALINK_TZ"}
    assert shown["person"] == {"value": "ann", "from": "file"}
    assert shown["desktop_notices"]["from"] == "default"


def test_the_first_setting_makes_the_file_where_path_says(typed):
    assert typed("config", "set", "person", "ann").code == 0
    assert typed("config", "path").out.strip().endswith("config.toml")
    assert typed("config", "show", "--json").json["settings"]["person"] == {"value": "ann", "from": "file"}


def test_what_stands_above_the_file_is_said(typed):
    assert "SOMALINK_TZ is set and stands above the file" in typed("config", "set", "tz", "Asia/Tokyo").err


@pytest.mark.parametrize(("key", "value", "what"), [("persn", "ann", "did you mean person?"), ("tz", "Mars", "Europe/Rome"), ("person", "a b", "short id")])
def test_a_setting_that_cannot_be_used_is_not_written(typed, tmp_path, key, value, what):
    ended = typed("config", "set", key, value)
    assert ended.code == 1 and what in ended.err
    assert not list(tmp_path.rglob("*.toml")) and not list(tmp_path.rglob("*.part"))


@pytest.fixture
def radio(monkeypatch) -> FakeAir:
    """A radio that works, on a system other than Linux."""
    monkeypatch.setattr("bleak.get_platform_scanner_backend_type", lambda: (None, "core_bluetooth"))
    return FakeAir().installed(monkeypatch)


@pytest.fixture
def no_radio(radio: FakeAir) -> FakeAir:
    """One that is switched off."""
    radio.start_fails = BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)
    return radio


@pytest.mark.usefixtures("radio")
def test_the_doctor_is_content_with_a_healthy_machine(typed, tmp_path):
    LocalStore.open(tmp_path / "somalink.db").close()
    ended = typed("doctor", "--json")
    assert ended.code == 0 and ended.json["ok"] is True
    found = {check["name"]: check for check in ended.json["checks"]}
    assert {"settings", "store", "clock", "Bluetooth"} <= set(found)
    assert set(found["Bluetooth"]) == {"name", "ok", "level", "words", "next_step"}
    assert (found["Bluetooth"]["ok"], found["Bluetooth"]["level"]) == (True, "ok")


@pytest.mark.usefixtures("no_radio")
def test_a_machine_without_bluetooth_is_well_as_long_as_nobody_wears_a_strap(typed, tmp_path):
    LocalStore.open(tmp_path / "somalink.db").close()
    ended = typed("doctor")
    assert ended.code == 0
    assert "--  Bluetooth: Bluetooth is switched off" in ended.out
    said = typed("doctor", "--json").json
    assert said["ok"] is True and [(each["ok"], each["level"]) for each in said["checks"] if each["name"] == "Bluetooth"] == [(True, "note")]


@pytest.mark.usefixtures("no_radio")
def test_a_machine_without_bluetooth_ends_with_3_where_somebody_wears_a_strap(typed, tmp_path):
    with LocalStore.open(tmp_path / "somalink.db") as store:
        remember(store, wear("ann", "Polar H10 1A2B3C4D", None), 1)
    ended = typed("doctor")
    assert ended.code == 3
    assert "NO  Bluetooth: Bluetooth is switched off; Polar H10 1A2B3C4D cannot be heard" in ended.out and "next:" in ended.out
    assert typed("doctor", "--json").json["ok"] is False
    (tmp_path / "somalink.db").chmod(0o644)
    assert typed("doctor").code == 1


def test_the_doctor_can_look_at_a_virtual_radio(typed, tmp_path):
    pytest.importorskip("bumble")
    ended = typed("doctor", "--virtual-radio", tmp_path / "none")
    assert ended.code == 0 and "no Bluetooth adapter is found" in ended.out


def test_a_store_that_is_none_fails_with_what_to_do(typed, tmp_path):
    strange = tmp_path / "letters.txt"
    strange.write_text("dear all, " * 100)
    ended = typed("doctor", "--store", strange)
    assert ended.code == 1
    assert "not a somalink store" in ended.out and "next:" in ended.out and "chmod" not in ended.out


def test_unreadable_settings_are_the_doctors_first_finding_and_an_error_elsewhere(typed, monkeypatch, tmp_path):
    file = tmp_path / "broken.toml"
    file.write_text("person = [")
    monkeypatch.setenv("SOMALINK_CONFIG", str(file))
    monkeypatch.delenv("SOMALINK_STORE")
    assert typed("doctor").code == 1
    ended = typed("tag", "conflict")
    assert ended.code == 1 and "broken.toml" in ended.err and "Traceback" not in ended.err
