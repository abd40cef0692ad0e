"""Keys are made once, by chance, for their owner alone."""

import os
import re
import stat

import pytest

from deploy import make_env


@pytest.fixture
def made(tmp_path):
    assert make_env.main(tmp_path) == 0
    return tmp_path


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_its_owners_alone(made):
    assert mode(made / ".env") == 0o600 and mode(made / "secrets") == 0o700
    assert {mode(file) for file in (made / "secrets").iterdir()} == {0o600}


def test_every_umask_gives_the_same(tmp_path):
    before = os.umask(0)
    try:
        make_env.main(tmp_path)
    finally:
        os.umask(before)
    assert {mode(file) for file in (tmp_path / "secrets").iterdir()} | {mode(tmp_path / ".env")} == {0o600}


def test_no_two_keys_are_alike_and_none_comes_twice(made, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    make_env.main(other)
    keys = [file.read_text().strip() for folder in (made, other) for file in (folder / "secrets").iterdir()]
    assert len(set(keys)) == 2 * len(make_env.KEYS) and all(re.fullmatch(r"[\w-]{43}", key) for key in keys)


def test_a_second_time_nothing_is_written_and_it_says_how_to_renew(made, capsys):
    before = {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
    assert make_env.main(made) == 1
    assert {file: file.read_bytes() for file in made.rglob("*") if file.is_file()} == before
    assert "docs/how-to/influxdb-and-grafana.md" in capsys.readouterr().err


def test_a_key_that_a_database_may_know_outlives_a_lost_env(made, capsys):
    before = {file: file.read_text() for file in (made / "secrets").iterdir()}
    (made / ".env").unlink()
    (made / "secrets" / "grafana_secret_key").unlink()
    assert make_env.main(made) == 0
    assert "3 that were there are kept" in capsys.readouterr().out
    after = {file: file.read_text() for file in (made / "secrets").iterdir()}
    assert {file.name for file in before if before[file] != after[file]} == {"grafana_secret_key"}


def test_no_key_is_said_or_stands_in_env(made, capsys):
    make_env.main(made)
    said = (made / ".env").read_text() + "".join(capsys.readouterr())
    assert not [file.name for file in (made / "secrets").iterdir() if file.read_text().strip() in said]


def test_env_is_the_example_but_for_what_differs_between_computers(made, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Rome")
    example = (make_env.ROOT / ".env.example").read_text()
    written = make_env.settings(example)
    assert "SOMALINK_SECRETS=./secrets\n" in written and "SOMALINK_TZ=Europe/Rome\n" in written
    names = re.findall(r"^(\w+)=", example, re.MULTILINE)
    assert re.findall(r"^(\w+)=", written, re.MULTILINE) == names and "SOMALINK_SECRETS=\n" in example


def test_the_example_names_every_setting_of_the_compose_file_but_the_images():
    asked = set(re.findall(r"\$\{(\w+)", (make_env.ROOT / "compose.yaml").read_text()))
    given = set(re.findall(r"^(\w+)=", (make_env.ROOT / ".env.example").read_text(), re.MULTILINE))
    images = {"SOMALINK_IMAGE", "SOMALINK_BASE", "SOMALINK_INFLUXDB_IMAGE", "SOMALINK_GRAFANA_IMAGE"}
    assert asked - images == given - {"COMPOSE_PROJECT_NAME"} and images <= asked


@pytest.mark.parametrize(("linked", "named"), [("/usr/share/zoneinfo/Europe/Oslo", "Europe/Oslo"), ("/usr/share/nothing", "UTC")])
def test_the_zone_is_this_computers(tmp_path, monkeypatch, linked, named):
    monkeypatch.delenv("TZ", raising=False)
    (tmp_path / "localtime").symlink_to(linked)
    assert make_env.zone(tmp_path) == named
