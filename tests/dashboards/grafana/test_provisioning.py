"""What Grafana reads at its start: the files are as written, point at us alone, hold no secret, and watch devices, never a body."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.grafana.provisioning import (
    BOARDS_FOLDER,
    DATASOURCE_UID,
    FOLDER,
    FOLDER_UID,
    GROUP,
    HEADS,
    MODELS,
    QUIET,
    RULES,
    RULES_FOLDER,
    TOKEN_FILE,
    as_yaml,
    files,
    rule_for_api,
)
from somalink.domain.measurements import MEASUREMENTS

PLACE = Path(__file__).parents[3] / "grafana" / "provisioning"
FROM = re.compile(r'^SELECT (?:count|last)\("(\w+)"\) FROM "(\w+)" WHERE \$timeFilter GROUP BY time\((\d+)m\)(?:, "(\w+)")? fill\((0|none)\)$')


def read(name: str) -> Any:
    return yaml.safe_load((PLACE / name).read_text(encoding="utf-8"))


def test_files_are_what_the_program_writes_and_no_others_lie_there():
    lying = {str(path.relative_to(PLACE)): path.read_text(encoding="utf-8") for path in PLACE.rglob("*") if path.is_file()}
    assert lying == files(), "stale: make dashboards"
    assert set(HEADS) == set(lying)


def test_every_file_means_what_was_meant():
    assert {name: read(name) for name in files()} == {name: make() for name, make in MODELS.items()}


@pytest.mark.parametrize("word", ["no", "1e3", "~", "2026-11-29", "a: b", "- x", 'say "so"', "", "ü #"])
def test_no_word_is_taken_for_something_else(word):
    value = {"k": word, "list": [{"a": word, "b": {"c": [word]}}, {"a": word}]}
    assert yaml.safe_load(as_yaml(value)) == value


def test_the_source_reads_one_bucket_by_influxql_with_a_token_that_is_in_a_file():
    (source,) = read("datasources/somalink.yaml")["datasources"]
    assert (source["uid"], source["type"], source["access"], source["editable"]) == (DATASOURCE_UID, "influxdb", "proxy", False)
    assert source["url"] == "${SOMALINK_INFLUX_URL}" and source["jsonData"]["dbName"] == "${SOMALINK_INFLUX_BUCKET}"
    assert source["jsonData"]["version"] == "InfluxQL" and source["jsonData"]["timeInterval"] == "5s"
    assert source["secureJsonData"] == {"httpHeaderValue1": f"Token $__file{{{TOKEN_FILE}}}"}
    assert source["jsonData"]["httpHeaderName1"] == "Authorization"


def test_nothing_secret_is_in_any_file():
    for name, text in files().items():
        secrets = re.findall(r"(?i)(?:token|password|secret)\S*\s*[:=]?\s*\S*[A-Za-z0-9+/_-]{24,}={0,2}", text.replace(TOKEN_FILE, ""))
        assert not secrets, name
        assert "://" not in text, name


def test_boards_lie_in_a_folder_of_fixed_name_and_cannot_be_saved_over():
    (provider,) = read("dashboards/somalink.yaml")["providers"]
    assert (provider["folder"], provider["folderUid"]) == (FOLDER, FOLDER_UID)
    assert provider["allowUiUpdates"] is False and provider["disableDeletion"] is False
    assert provider["options"] == {"path": BOARDS_FOLDER}


def test_rules_ask_for_what_there_is():
    for rule in RULES:
        asked = FROM.match(rule.query)
        assert asked, rule.query
        field, measurement, _, tag, _ = asked.groups()
        assert field in MEASUREMENTS[measurement].fields, rule.uid
        assert tag is None or tag in MEASUREMENTS[measurement].tags, rule.uid


def test_no_rule_watches_a_body():
    """Of what a body did, only how many values there were is ever held against a number."""
    for rule in RULES:
        assert 'FROM "pipeline"' in rule.query or re.search(r'^SELECT count\("hr_bpm"\) FROM "arousal"', rule.query), rule.uid
        assert not re.search(r"(?i)arousal|alarm|stress|abnormal|trigger|danger|warning", f"{rule.title} {rule.summary} {rule.description}"), rule.uid


def test_every_rule_is_a_series_brought_down_to_one_value_and_then_compared():
    (group,) = read("alerting/somalink.yaml")["groups"]
    assert (group["name"], group["folder"], group["orgId"]) == (GROUP, RULES_FOLDER, 1)
    assert [rule["uid"] for rule in group["rules"]] == ["somalink-device-silent", "somalink-shipping-behind", "somalink-rows-parked"]
    for rule in group["rules"]:
        ask, reduce, compare = rule["data"]
        assert rule["condition"] == "C" and rule["execErrState"] == "Error" and rule["labels"]["severity"] == "info"
        assert ask["datasourceUid"] == DATASOURCE_UID and ask["model"]["resultFormat"] == "time_series"
        assert (reduce["model"]["type"], reduce["model"]["expression"], compare["model"]["type"], compare["model"]["expression"]) == (
            "reduce",
            "A",
            "threshold",
            "B",
        )


def test_a_silent_person_has_a_line_and_is_given_the_time_of_the_newest_bucket():
    rule = next(rule for rule in RULES if rule.uid == "somalink-device-silent")
    asked = FROM.match(rule.query)
    assert asked and asked[5] == "0" and asked[4] == "person_id"
    assert int(rule.held.removesuffix("m")) >= int(asked[3])


def test_a_shipper_that_says_nothing_is_said():
    assert {rule.uid: rule.no_data for rule in RULES} == {
        "somalink-device-silent": "OK",
        "somalink-shipping-behind": "Alerting",
        "somalink-rows-parked": "OK",
    }


def test_no_message_leaves_until_somebody_asks_for_one():
    quiet = read("alerting/quiet.yaml")
    (policy,), (mute,) = quiet["policies"], quiet["muteTimes"]
    (ours,) = policy["routes"]
    assert ours["mute_time_intervals"] == [QUIET] == [mute["name"]]
    assert mute["time_intervals"] == [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
    (_, _, label) = ours["object_matchers"][0]
    assert {rule_for_api(rule)["labels"]["app"] for rule in RULES} == {label}


def test_by_the_interface_a_rule_is_the_same_and_says_where_it_belongs():
    (group,) = read("alerting/somalink.yaml")["groups"]
    for rule, filed in zip(RULES, group["rules"], strict=True):
        given = rule_for_api(rule)
        assert {key: given[key] for key in filed} == filed
        assert (given["ruleGroup"], given["folderUID"], given["orgID"]) == (GROUP, FOLDER_UID, 1)
