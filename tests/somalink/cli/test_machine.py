"""Settings are written so that they can be read again, and the doctor's verdict is the exit code."""

import pytest

from somalink.storage.local import LocalStore


def test_a_setting_is_set_and_the_rest_of_the_file_stays(typed, monkeypatch, tmp_path):
    file = tmp_path / "somalink.toml"
    file.write_text('# mine\nperson = "ann"   # short\nprompts = "off"\n')
    monkeypatch.setenv("SOMALINK_CONFIG", str(file))
    assert typed("config", "set", "prompts", "on").code == 0
    assert typed("config", "set", "hide_heart_rate", "yes").code == 0
    assert file.read_text() == '# mine\nperson = "ann"   # short\nprompts = "on"\nhide_heart_rate = true\n'
    shown = typed("config", "show", "--json").json["settings"]
    assert shown["prompts"] == {"value": "on", "from": "file"}
    assert shown["tz"] == {"value": "Europe/Rome", "from": "SOMALINK_TZ"}
    assert shown["language"]["from"] == "default"


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


def test_the_doctor_is_content_with_a_healthy_machine(typed, tmp_path):
    LocalStore.open(tmp_path / "somalink.db").close()
    ended = typed("doctor", "--json")
    assert ended.code == 0 and ended.json["ok"] is True
    assert {"settings", "store", "clock"} <= {check["name"] for check in ended.json["checks"]}


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
