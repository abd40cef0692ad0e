"""`somalink grafana apply` says what it made, takes tokens from variables and files alone, and shows what would change before anything does."""

from importlib.util import find_spec

import pytest
from grafanas import BOARD, RULE, SOURCE, FakeGrafana, fake_grafana  # noqa: F401  a fixture

import somalink.pipeline.grafana as pipeline

there = pytest.mark.skipif(find_spec("grafana_client") is None, reason="grafana-client is kept out of this environment: docs/decisions/0027; make grafana")


@pytest.fixture
def given(monkeypatch, fake_grafana: FakeGrafana):  # noqa: F811
    """The variables of somebody who brings the boards to that Grafana."""
    monkeypatch.setenv("SOMALINK_GRAFANA_URL", fake_grafana.url)
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN", fake_grafana.token("Admin"))
    monkeypatch.setenv("SOMALINK_INFLUX_URL", "http://influxdb:8086")
    monkeypatch.setenv("SOMALINK_INFLUX_READ_TOKEN", "read-me")
    return fake_grafana


@there
def test_it_makes_all_says_so_and_finds_it_the_same_the_second_time(typed, given):
    first = typed("grafana", "apply")
    assert first.code == 0, first.err
    assert "made: data source somalink (somalink-influx)" in first.out and "made: dashboard Live (somalink-live)" in first.out
    versions = {uid: board["dashboard"]["version"] for uid, board in given.held[BOARD].items()}
    second = typed("grafana", "apply")
    assert second.code == 0 and all(line.startswith("the same: ") for line in second.out.splitlines())
    assert {uid: board["dashboard"]["version"] for uid, board in given.held[BOARD].items()} == versions


@there
def test_a_dry_run_shows_the_difference_and_changes_nothing(typed, given):
    typed("grafana", "apply")
    given.held[BOARD]["somalink-live"]["dashboard"]["refresh"] = "1d"
    asked = len(given.log)
    shown = typed("grafana", "apply", "--dry-run")
    assert shown.code == 0
    assert "would be changed: dashboard Live (somalink-live)" in shown.out and '-  "refresh": "1d",' in shown.out
    assert not [line for line in given.log[asked:] if not line.startswith("GET ")]
    assert given.held[BOARD]["somalink-live"]["dashboard"]["refresh"] == "1d"


@there
def test_json_tells_the_same_as_one_object(typed, given):
    planned = typed("grafana", "apply", "--dry-run", "--json").json
    assert planned["dry_run"] is True and {step["was"] for step in planned["steps"]} == {"missing"} and planned["reads"] is None
    done = typed("grafana", "apply", "--json").json
    assert done["dry_run"] is False and {step["is"] for step in done["steps"]} == {"made"}
    assert done["reads"] == {"works": True, "words": "9 measurements found"}
    assert given.url == done["url"]


@there
def test_rules_and_data_source_can_be_left_out(typed, given):
    assert typed("grafana", "apply", "--no-alerts", "--no-datasource").code == 0
    assert given.held[BOARD] and not given.held[RULE] and not given.held[SOURCE]


@there
def test_tokens_come_from_files_too_and_no_flag_takes_one(typed, given, monkeypatch, tmp_path):
    monkeypatch.delenv("SOMALINK_GRAFANA_TOKEN")
    monkeypatch.delenv("SOMALINK_INFLUX_READ_TOKEN")
    (tmp_path / "grafana").write_text(given.token("Admin") + "\n")
    (tmp_path / "read").write_text("read-me\n")
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN_FILE", str(tmp_path / "grafana"))
    assert typed("grafana", "apply", "--influx-read-token-file", tmp_path / "read").code == 0
    assert {word for word in typed("grafana", "apply", "--help").out.split() if word.startswith("--")} >= {"--token-file", "--influx-read-token-file"}
    assert typed("grafana", "apply", "--token", "x").code == 2


@there
def test_no_token_is_in_what_is_said(typed, given, monkeypatch):
    monkeypatch.setenv("SOMALINK_INFLUX_READ_TOKEN", "read-me-and-tell-nobody")
    said = [typed("grafana", "apply", *words) for words in (("--dry-run",), (), ("--json",), ("--dry-run", "--json"))]
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN", "glsa_of-nobody")
    said.append(typed("grafana", "apply"))
    everything = "".join(each.out + each.err for each in said)
    assert "tell-nobody" not in everything and "glsa_" not in everything


@there
def test_all_is_there_and_grafana_cannot_read_it(typed, given):
    given.influx_says = "connection refused"
    ended = typed("grafana", "apply")
    assert ended.code == 1 and "made: dashboard Live" in ended.out
    assert "cannot read InfluxDB: connection refused" in ended.err and "http://influxdb:8086 must be its address as Grafana reaches it" in ended.err


def test_without_a_token_it_is_said_where_to_get_one(typed, monkeypatch):
    monkeypatch.setenv("SOMALINK_INFLUX_URL", "http://influxdb:8086")
    ended = typed("grafana", "apply", "--url", "http://127.0.0.1:9")
    assert ended.code == 2 and "no token for Grafana" in ended.err and "Service accounts" in ended.err


def test_without_an_influxdb_it_is_said_how_to_name_one(typed, monkeypatch):
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN", "t")
    ended = typed("grafana", "apply", "--url", "http://127.0.0.1:9")
    assert ended.code == 2 and "--influx-url" in ended.err and "--no-datasource" in ended.err


def test_the_token_that_writes_is_not_given_to_grafana(typed, monkeypatch):
    for name in ("SOMALINK_GRAFANA_TOKEN", "SOMALINK_INFLUX_TOKEN", "SOMALINK_INFLUX_READ_TOKEN"):
        monkeypatch.setenv(name, "one-for-all")
    monkeypatch.setenv("SOMALINK_INFLUX_URL", "http://influxdb:8086")
    ended = typed("grafana", "apply", "--url", "http://127.0.0.1:9")
    assert ended.code == 2 and "the one that writes" in ended.err


@pytest.mark.parametrize("text", ["", "two words", "one\ntwo"])
def test_a_file_that_holds_no_token_is_named(typed, monkeypatch, tmp_path, text):
    (tmp_path / "token").write_text(text)
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN_FILE", str(tmp_path / "token"))
    ended = typed("grafana", "apply", "--url", "http://127.0.0.1:9", "--no-datasource")
    assert ended.code == 1 and "not one word" in ended.err


def test_a_zone_that_is_none_is_refused(typed):
    ended = typed("grafana", "apply", "--url", "http://127.0.0.1:9", "--no-datasource", "--tz", "Mars")
    assert ended.code == 2 and "Mars" in ended.err


def test_who_has_no_client_is_told_in_two_lines(typed, monkeypatch):
    monkeypatch.setattr(pipeline, "find_spec", lambda _: None)
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN", "t")
    ended = typed("grafana", "apply", "--url", "http://127.0.0.1:9", "--no-datasource")
    assert ended.code == 1 and "grafana-client" in ended.err and "environment of its own" in ended.err
    assert len(ended.err.splitlines()) == 2


@pytest.mark.parametrize(("address", "warned"), [("http://grafana.example", True), ("https://grafana.example", False), ("http://127.0.0.1:3000", False)])
def test_a_token_on_an_open_wire_is_warned_of(typed, monkeypatch, address, warned):
    monkeypatch.setattr(pipeline, "find_spec", lambda _: None)
    monkeypatch.setenv("SOMALINK_GRAFANA_TOKEN", "t")
    assert ("whoever listens" in typed("grafana", "apply", "--url", address, "--no-datasource").err) is warned
