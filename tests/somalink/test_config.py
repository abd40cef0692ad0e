import dataclasses
from pathlib import Path

import pytest

from somalink.config import BY_KEY, SETTINGS, Config, load, machine_zone
from somalink.domain.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_a_person_who_never_wrote_a_file_gets_quiet_defaults(tmp_path):
    config = load(env={"XDG_CONFIG_HOME": str(tmp_path), "TZ": "Europe/Rome"})
    assert (config.person, config.hide_heart_rate, config.tz) == ("me", False, "Europe/Rome")
    assert config.store.name == "store.db"


def test_the_environment_stands_above_the_file_and_the_file_above_the_defaults(file):
    written(file, 'person = "p-017"\nhide_heart_rate = false\ntz = "Asia/Tokyo"\n')
    config = load(file, env={"SOMALINK_HIDE_HEART_RATE": "yes"})
    assert (config.person, config.hide_heart_rate, config.zone.key) == ("p-017", True, "Asia/Tokyo")


def test_a_value_may_come_from_a_file_that_a_variable_names(file, tmp_path):
    secret = written(tmp_path / "person", "p-018\n")
    assert load(written(file, ""), env={"SOMALINK_PERSON_FILE": str(secret)}).person == "p-018"


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ('person = "me"\nlanguage = "loud"\n', "line 2", "one of en"),
        ('# mine\n\nhide_heart_rate = "late"\n', "line 3", "true or false"),
        ('quiet_hours = "22:00-07:00"\n', "line 1", "on the page"),
        ('tz = "Europe/Atlantis"\n', "line 1", "Europe/Rome"),
        ('tz = "../../etc/passwd"\n', "line 1", "Europe/Rome"),
        ("hide_heart_rate = 3\n", "line 1", "true or false"),
        ('person = "a b/c"\n', "line 1", "short id"),
        ('stores = "x.db"\n', "line 1", "did you mean store?"),
        ('language = "tlh"\n', "line 1", "one of en"),
        ("[language]\nwhen = 3\n", "line 1", "one of en"),
        ("person = me\n", "line 1", "texts in quotes"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_file_line_and_fix(file, text, line, fix):
    with pytest.raises(ConfigError) as caught:
        load(written(file, text), env={})
    assert str(file) in caught.value.what
    assert line in caught.value.what
    assert fix in caught.value.next_step


def test_a_bad_variable_is_named_as_the_person_set_it():
    with pytest.raises(ConfigError, match="environment variable SOMALINK_TZ"):
        load(env={"SOMALINK_TZ": "nowhere"})


def test_two_sources_of_one_value_are_refused_rather_than_ranked():
    with pytest.raises(ConfigError, match="both set"):
        load(env={"SOMALINK_PERSON": "a", "SOMALINK_PERSON_FILE": "b"})


def test_a_file_that_was_asked_for_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml", env={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(env={"SOMALINK_CONFIG": str(tmp_path / "none.toml")})


def test_a_folder_or_foreign_bytes_in_place_of_the_file_say_so(file):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file.parent, env={})
    file.write_bytes(b'person = "\xff\xfe"')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(file, env={})


@pytest.mark.parametrize("text", ["ntfy.sh/topic", "ftp://ntfy.sh/topic", "https://ntfy.sh/", "https://ntfy.sh/topic?x=1"])
def test_a_topic_is_a_whole_address(file, text):
    with pytest.raises(ConfigError, match="ntfy_url"):
        load(written(file, f'ntfy_url = "{text}"\n'), env={})
    assert load(written(file, 'ntfy_url = "https://ntfy.example/a-long-word"\n'), env={}).ntfy_url == "https://ntfy.example/a-long-word"


def test_the_machine_zone_is_read_from_where_systems_keep_it(tmp_path):
    assert machine_zone({}, etc=tmp_path) == "UTC"
    written(tmp_path / "timezone", "America/Lima\n")
    assert machine_zone({}, etc=tmp_path) == "America/Lima"
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Oslo")
    assert machine_zone({}, etc=tmp_path) == "Europe/Oslo"
    assert machine_zone({"TZ": "Asia/Kolkata"}, etc=tmp_path) == "Asia/Kolkata"


def test_every_field_is_a_setting_with_a_parser_that_gives_its_type():
    fields = {field.name: field.type for field in dataclasses.fields(Config)} | {"file": None}
    assert set(fields) - {"file"} == set(BY_KEY)
    examples: dict[str, object] = {
        "store": "~/x.db", "person": "me", "tz": "UTC", "hide_heart_rate": True, "language": "en",
        "desktop_notices": True, "ntfy_url": "https://ntfy.sh/topic", "influx_url": "http://127.0.0.1:8086", "influx_token": "x" * 20,
        "influx_org": "clinic", "influx_bucket": "somalink", "influx_bucket_raw": "",
        "keep_waveforms_days": "14", "keep_raw_days": 0,
    }  # fmt: skip
    for setting in SETTINGS:
        assert isinstance(setting.parse(examples[setting.key]), fields[setting.key]), setting.key


@pytest.mark.parametrize("text", ["-1", "1.5", "true", '"a week"', '""'])
def test_how_long_bytes_are_kept_is_a_whole_number_of_days(file, text):
    with pytest.raises(ConfigError, match="keep_raw_days is a whole number of days, or 0 for ever"):
        load(written(file, f"keep_raw_days = {text}\n"), env={})
    assert load(written(file, "keep_raw_days = 0\n"), env={"SOMALINK_KEEP_WAVEFORMS_DAYS": "3"}).keep_waveforms_days == 3


def test_a_token_is_never_shown():
    config = load(env={"SOMALINK_INFLUX_TOKEN": "sesame-open"})
    assert config.influx_token == "sesame-open" and "sesame-open" not in repr(config)
    with pytest.raises(ConfigError) as told:
        load(env={"SOMALINK_INFLUX_TOKEN": "sesame open"})
    assert "sesame" not in str(told.value)


@pytest.mark.parametrize("bucket", ["a/b", '"a"', "_a", "a" * 200])
def test_a_bucket_that_a_dashboard_could_not_ask_for_is_refused(bucket):
    with pytest.raises(ConfigError, match="without slashes"):
        load(env={"SOMALINK_INFLUX_BUCKET": bucket})
