"""What a Grafana reads from files at its start: the data source, where the boards lie, and three rules about the apparatus.

Knows Grafana's provisioning forms and our measurements; knows no server and no secret (the read token is a file that Grafana opens itself).
The rules watch devices and shipping. None watches a body, and a test says so: arousal is to be looked at with somebody, not announced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somalink.domain.measurements import MEASUREMENTS, PERSON, STORE

DATASOURCE_UID, DATASOURCE_NAME = "somalink-influx", "somalink"
FOLDER_UID, FOLDER = "somalink", "Somalink"
RULES_FOLDER = "Somalink rules"
"""Rules are read before boards, and their file knows a folder by its title alone: under the boards' title it would make a second one."""
GROUP = "somalink-health"
URL, BUCKET = "${SOMALINK_INFLUX_URL}", "${SOMALINK_INFLUX_BUCKET}"
"""Filled in by Grafana from its own environment, when it reads the file."""
TOKEN_FILE = "/run/secrets/influx_read_token"
"""Where compose puts the token that only reads. A missing file stops Grafana at its start and says so, which is better than empty panels."""
BOARDS_FOLDER = "/etc/grafana/dashboards/somalink"
"""Where compose mounts dashboards/grafana/json."""

MINUTE_S, DAY_S = 60, 86_400
EVERY = "1m"
"""How often Grafana looks. Shipping is told of twice a minute, so oftener would see the same."""
SILENT_S = 15 * MINUTE_S
"""A link that is lost is found again within minutes (docs/bluetooth.md); a quarter of an hour is a strap taken off, out of reach or empty."""
BEHIND_S = 15 * MINUTE_S
"""A server that restarts is caught up with in a minute or two."""
REMEMBERED_S = 2 * DAY_S
"""Somebody who has recorded nothing for two days has stopped: the rule about a silent device forgets them by itself."""
QUIET = "somalink-quiet"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a series, its newest value, and the number it is held against. `no_data`: what silence of the series itself comes to."""

    uid: str
    title: str
    query: str
    back_s: int
    above: float | None
    below: float | None
    held: str
    no_data: str
    summary: str
    description: str


def _newest(field: str) -> str:
    """The newest value a minute of what each shipper tells of itself."""
    assert field in MEASUREMENTS["pipeline"].fields, field
    return f'SELECT last("{field}") FROM "pipeline" WHERE $timeFilter GROUP BY time(1m), "{STORE}" fill(none)'


RULES: tuple[Rule, ...] = (
    Rule(
        uid="somalink-device-silent",
        title="Device silent",
        # Filled with zeros: a person without a row would otherwise have no line, and nothing would be said of them.
        query=f'SELECT count("hr_bpm") FROM "arousal" WHERE $timeFilter GROUP BY time({SILENT_S // MINUTE_S}m), "{PERSON}" fill(0)',
        back_s=REMEMBERED_S,
        above=None,
        below=1,
        held="15m",  # the newest quarter of an hour has only just begun when it is looked at: it is given its time
        no_data="OK",
        summary="No data from {{ $labels.person_id }} for 15 minutes or more",
        description="The strap is off, out of reach, dry or empty, nothing is being recorded, or shipping is behind. Taken off for the night it says "
        "so too. It ends by itself when data come, and after two days without any.",
    ),
    Rule(
        uid="somalink-shipping-behind",
        title="Shipping is behind",
        query=_newest("lag_s"),
        back_s=BEHIND_S,
        above=BEHIND_S,
        below=None,
        held="5m",
        no_data="Alerting",  # a shipper that is away tells no lag
        summary="The dashboards are more than 15 minutes behind, or no computer has told of shipping for that long",
        description="Nothing is lost: the store on the recording computer has everything, and shipping goes on by itself. That computer may be off or "
        "without network; `somalink status` there says what it waits for.",
    ),
    Rule(
        uid="somalink-rows-parked",
        title="Rows set aside",
        query=_newest("parked_rows"),
        back_s=DAY_S,
        above=0,
        below=None,
        held="0s",
        no_data="OK",
        summary="The database refuses some rows; they are set aside, and the rest goes on",
        description="`somalink status` on the recording computer names each with its reason. They are in the store all the same.",
    ),
)
"""All of them. Lines without data for `no_data="OK"` say nothing, since the second rule says it already."""


def rule_model(rule: Rule) -> dict[str, Any]:
    """A rule as the files have it: a query of series, reduced to its newest value, held against a number (no other order is accepted over InfluxQL)."""
    compared = {"type": "gt", "params": [rule.above]} if rule.above is not None else {"type": "lt", "params": [rule.below]}
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "C",
        "for": rule.held,
        "noDataState": rule.no_data,
        "execErrState": "Error",  # anything calmer shows a rule that cannot work as one that found nothing
        "annotations": {"summary": rule.summary, "description": rule.description},
        "labels": {"severity": "info", "app": "somalink"},
        "data": [
            _step("A", rule.back_s, DATASOURCE_UID, {"rawQuery": True, "resultFormat": "time_series", "query": rule.query}),
            _step("B", 0, "__expr__", {"type": "reduce", "expression": "A", "reducer": "last"}),
            _step("C", 0, "__expr__", {"type": "threshold", "expression": "B", "conditions": [{"evaluator": compared}]}),
        ],
    }


def _step(ref: str, back_s: int, source: str, model: Mapping[str, Any]) -> dict[str, Any]:
    kind = "influxdb" if source == DATASOURCE_UID else "__expr__"
    fixed = {"refId": ref, "intervalMs": 1000, "maxDataPoints": 43_200, "datasource": {"type": kind, "uid": source}}
    return {"refId": ref, "relativeTimeRange": {"from": back_s, "to": 0}, "datasourceUid": source, "model": {**fixed, **model}}


def rule_for_api(rule: Rule, folder_uid: str = FOLDER_UID) -> dict[str, Any]:
    """The same, as Grafana's interface takes and gives it."""
    return {**rule_model(rule), "ruleGroup": GROUP, "folderUID": folder_uid, "orgID": 1, "isPaused": False}


def datasource(url: str = URL, bucket: str = BUCKET, token: str = f"$__file{{{TOKEN_FILE}}}") -> dict[str, Any]:
    """The data source, as files and interface have it; `token` reads one bucket and nothing else."""
    return {
        "name": DATASOURCE_NAME,
        "uid": DATASOURCE_UID,
        "type": "influxdb",
        "access": "proxy",
        "url": url,
        # 5 s is the grid: a chart asks for no finer steps, so that none of them is empty where there are data.
        "jsonData": {"version": "InfluxQL", "dbName": bucket, "httpMode": "POST", "timeInterval": "5s", "httpHeaderName1": "Authorization"},
        "secureJsonData": {"httpHeaderValue1": f"Token {token}"},
    }


def _datasources() -> dict[str, Any]:
    return {"apiVersion": 1, "datasources": [{**datasource(), "orgId": 1, "editable": False}]}


def _boards() -> dict[str, Any]:
    provider = {
        "name": "somalink",
        "orgId": 1,
        "type": "file",
        "folder": FOLDER,
        "folderUid": FOLDER_UID,
        "allowUiUpdates": False,
        "disableDeletion": False,  # true would leave the board of a removed file behind, as one that anybody may change
        "updateIntervalSeconds": 30,
        "options": {"path": BOARDS_FOLDER},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _rules() -> dict[str, Any]:
    group = {"orgId": 1, "name": GROUP, "folder": RULES_FOLDER, "interval": EVERY, "rules": [rule_model(rule) for rule in RULES]}
    return {"apiVersion": 1, "groups": [group]}


def _quiet() -> dict[str, Any]:
    """Tells nobody outside: what the rules find is seen in Grafana's own list, and no message leaves the computer until somebody wants one."""
    always = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
    ours = {"receiver": "grafana-default-email", "object_matchers": [["app", "=", "somalink"]], "mute_time_intervals": [QUIET]}
    root = {"orgId": 1, "receiver": "grafana-default-email", "group_by": ["grafana_folder", "alertname"], "routes": [ours]}
    return {"apiVersion": 1, "muteTimes": [{"orgId": 1, "name": QUIET, "time_intervals": always}], "policies": [root]}


HEADS: Mapping[str, str] = {
    "datasources/somalink.yaml": "InfluxDB, read by InfluxQL with a token that only reads. Grafana takes ${...} from its environment, the token from a file.",
    "dashboards/somalink.yaml": "Where the boards lie. They are changed in dashboards/grafana and generated; Grafana refuses to save over them.",
    "alerting/somalink.yaml": "Three rules about the apparatus: a silent device, shipping that is behind, rows set aside. None about a body.",
    "alerting/quiet.yaml": "No message leaves this Grafana: docs/grafana.md says how to have one sent, and what to remove then.",
}
"""What each file says of itself, by its place under grafana/provisioning."""
MODELS: Mapping[str, Any] = {
    "datasources/somalink.yaml": _datasources,
    "dashboards/somalink.yaml": _boards,
    "alerting/somalink.yaml": _rules,
    "alerting/quiet.yaml": _quiet,
}
PLACE = Path(__file__).parents[2] / "grafana" / "provisioning"


def files() -> dict[str, str]:
    """Every file's text, by its place under grafana/provisioning."""
    return {
        name: f"# Written by `make dashboards` from dashboards/grafana/provisioning.py.\n# {HEADS[name]}\n{as_yaml(make())}" for name, make in MODELS.items()
    }


def as_yaml(value: Mapping[str, Any]) -> str:
    """Block style; every text in double quotes, which YAML reads as JSON does, so that no word becomes a number or a yes.

    >>> print(as_yaml({"a": 1, "b": [{"c": "no"}]}), end="")
    a: 1
    b:
      - c: "no"
    """
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Mapping[str, Any]) -> Iterator[str]:
    for key, each in value.items():
        if isinstance(each, Mapping) and each:
            yield f"{key}:"
            yield from (f"  {line}" for line in _lines(each))
        elif isinstance(each, Sequence) and not isinstance(each, str) and any(isinstance(one, Mapping) for one in each):
            yield f"{key}:"
            yield from (f"  {lead}{line}" for one in each for lead, line in zip(_leads(), _lines(one), strict=False))
        else:
            yield f"{key}: {json.dumps(each, ensure_ascii=False)}"


def _leads() -> Iterator[str]:
    """A dash before the first line of an entry, and room before the others."""
    yield "- "
    while True:
        yield "  "
