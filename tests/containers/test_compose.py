"""The compose file, brought up from a copy of this checkout: the real database, the set-up, a simulated person. Grafana's part is read."""

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from influx import rows

from somalink.storage.influx.server import Place

pytestmark = pytest.mark.containers
yaml = pytest.importorskip("yaml", reason="docker-compose tells its reading as YAML")

SOMALINK, GRAFANA, NOBODY = 1000, 472, 1001
ARRIVES_S = 600.0
"""Two days are lived and sent in a minute; half an hour's work of two other cores may lie in between."""
EVERY = ("--profile", "demo", "--profile", "ble")


@pytest.fixture(scope="module")
def read(site):
    """The compose file as docker-compose reads it, every profile in it."""
    return yaml.safe_load(site.compose(*EVERY, "config").stdout)


def place(site, key="influx_read_token"):
    return Place(f"http://127.0.0.1:{site.variables['SOMALINK_INFLUX_PORT']}", "somalink", "somalink", site.key(key))


def keys(site):
    """Every key there is, by name."""
    return {file.name: file.read_text().strip() for file in (site.folder / "secrets").iterdir()}


def settled(service, site):
    """How a service that runs once has ended."""
    return site.container(service)["State"]


def beats(site):
    """How many the database holds."""
    return rows(place(site), 'SELECT count("rr_ms") FROM "beat"')[0]["count"]


# ---------------------------------------------------------------- before anything is started


def test_nothing_starts_before_the_keys_are_made(site, tmp_path):
    bare = replace(site, folder=tmp_path, project="never")
    (tmp_path / "compose.yaml").write_text((site.folder / "compose.yaml").read_text())
    for example in ("", (site.folder / ".env.example").read_text()):
        (tmp_path / ".env").write_text(example)
        refused = bare.compose("up", "--detach", check=False)
        assert refused.returncode != 0 and "run: make env" in refused.stdout + refused.stderr


def test_every_port_of_every_profile_is_of_this_computer_alone(read):
    ports = [str(port) for service in read["services"].values() for port in service.get("ports", ())]
    assert len(ports) == 3 and all(port.startswith("127.0.0.1:") for port in ports)


def test_every_service_is_held_as_tightly_as_it_can_be(read):
    for name, service in read["services"].items():
        assert service["cap_drop"] == ["ALL"] and service["read_only"] and "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name
        assert not service.get("privileged") and service.get("user") != "root", name
    added = {name: service["cap_add"] for name, service in read["services"].items() if service.get("cap_add")}
    assert added == {"setup": ["CHOWN", "DAC_OVERRIDE", "SETUID", "SETGID"]}


def test_no_image_is_whatever_is_newest(read, site):
    compose = (site.folder / "compose.yaml").read_text()
    named = dict(re.findall(r"\$\{(SOMALINK_\w*(?:IMAGE|BASE)):-([^}]*)\}", compose))
    assert named == {
        "SOMALINK_INFLUXDB_IMAGE": "influxdb:2.7.12",
        "SOMALINK_GRAFANA_IMAGE": "grafana/grafana:12.2.0",
        "SOMALINK_IMAGE": "somalink:local",
        "SOMALINK_BASE": "python:3.12-slim-bookworm",
    }


def test_grafana_finds_what_its_files_name(read, site):
    """Its part of the file against the files it will read: mounts, the key by its path, the folder of boards, the first board."""
    grafana = read["services"]["grafana"]
    mounted = {target: source for source, target, *_ in (mount.split(":") for mount in grafana["volumes"])}
    told = {name: (Path(mounted[f"/etc/grafana/provisioning/{name}"]) / "somalink.yaml").read_text() for name in ("datasources", "dashboards", "alerting")}
    boards, source = Path(mounted["/etc/grafana/dashboards/somalink"]), told["datasources"]
    assert mounted["/run/secrets"] == "keys-grafana" and "$__file{/run/secrets/influx_read_token}" in source
    assert set(re.findall(r"\$\{(\w+)\}", source)) <= set(grafana["environment"])
    assert "/etc/grafana/dashboards/somalink" in told["dashboards"] and "somalink-influx" in told["alerting"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (boards / home.name).is_file() and len(list(boards.glob("*.json"))) == 4
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


# ---------------------------------------------------------------- brought up


def test_the_set_up_is_done_and_hands_the_tokens_to_who_made_the_keys(up):
    assert settled("setup", up)["ExitCode"] == 0
    owner = (up.folder / "secrets").stat().st_uid
    for file in (up.folder / "secrets").iterdir():
        assert file.stat().st_uid == owner and file.stat().st_mode & 0o077 == 0, file.name
    assert len(keys(up)) == 6


def test_each_key_can_be_read_by_its_reader_and_nobody_else(up, inside):
    def readable(volume, uid):
        look = "for f in /run/secrets/*; do [ -r $f ] && basename $f; done; true"
        mount = ("--volume", f"{up.project}_{volume}:/run/secrets:ro", "--user", f"{uid}:{uid}", "--cap-drop", "ALL")
        return set(inside(up.variables["SOMALINK_IMAGE"], "sh", "-c", look, options=mount).stdout.split())

    assert readable("keys-grafana", GRAFANA) == {"influx_read_token", "grafana_admin_password", "grafana_secret_key"}
    assert readable("keys-somalink", SOMALINK) == {"influx_read_token", "influx_write_token"}
    others = [("keys-grafana", SOMALINK), ("keys-somalink", GRAFANA), ("keys-grafana", NOBODY), ("keys-somalink", NOBODY)]
    assert not any(readable(volume, uid) for volume, uid in others)


def test_the_tokens_do_one_thing_each(up):
    assert isinstance(rows(place(up), "SHOW MEASUREMENTS"), list)
    with pytest.raises(AssertionError, match="not found"):
        rows(place(up, "influx_write_token"), 'SELECT "rr_ms" FROM "beat" LIMIT 1')
    write = urllib.request.Request(f"{place(up).url}/api/v2/write?org=somalink&bucket=somalink", data=b"m f=1", method="POST")
    write.add_header("Authorization", f"Token {up.key('influx_read_token')}")
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(write, timeout=30):
        pass
    assert refused.value.code in (401, 403)
    refused.value.close()


def test_the_demos_points_arrive_while_it_lives(up, figures):
    began, wanted = time.monotonic(), {"beat", "arousal", "coverage", "pipeline", "social_event"}
    while not wanted <= (there := {row["name"] for row in rows(place(up), "SHOW MEASUREMENTS")}):
        assert time.monotonic() - began < ARRIVES_S, f"{wanted - there} did not come: {up.compose('logs', 'demo').stdout[-1500:]}"
        time.sleep(2)  # it lives and sends in a container of its own; only looking tells
    figures(f"the first of each came within {time.monotonic() - began:.0f} s")
    assert {row["value"] for row in rows(place(up), 'SHOW TAG VALUES WITH KEY = "person_id"')} == {"demo"}


def test_a_browser_on_this_computer_comes_to_the_page_and_stands_before_its_door(up):
    url = f"http://127.0.0.1:{up.variables['SOMALINK_PAGE_PORT']}"
    with urllib.request.urlopen(f"{url}/", timeout=30) as page:
        assert page.status == 200 and b"somalink" in page.read().lower()
    with pytest.raises(urllib.error.HTTPError) as stranger, urllib.request.urlopen(f"{url}/api/v1/status", timeout=30):
        pass
    assert stranger.value.code == 401
    stranger.value.close()
    assert f"page of demo: {url}/join#" in up.compose("logs", "demo").stdout


def test_what_runs_is_healthy_and_not_root(up):
    for service in ("influxdb", "demo"):
        up.compose("exec", "-T", service, "true")
        until = time.monotonic() + 120
        while (health := up.container(service)["State"]["Health"]["Status"]) == "starting" and time.monotonic() < until:
            time.sleep(1)
        assert health == "healthy"
        assert up.inside(service, "id", "-u").strip() == str(SOMALINK)
        assert up.inside(service, "sh", "-c", "grep CapEff /proc/1/status").split()[1] == "0" * 16


def test_only_this_computer_can_knock(up):
    bound = [binding for each in up.containers() for bindings in (each["NetworkSettings"]["Ports"] or {}).values() for binding in bindings or ()]
    assert bound and {binding["HostIp"] for binding in bound} == {"127.0.0.1"}


def test_no_key_is_in_an_environment_a_command_or_a_log(up):
    said = json.dumps(up.containers()) + up.compose("logs").stdout + up.compose("config").stdout + (up.folder / ".env").read_text()
    said += subprocess.run(["docker", "history", "--no-trunc", up.variables["SOMALINK_IMAGE"]], capture_output=True, text=True, check=True).stdout
    held = keys(up)
    assert len(held) == 6 and not [name for name, value in held.items() if value in said]


# ---------------------------------------------------------------- again


def test_brought_up_again_it_makes_nothing_twice_and_loses_nothing(up):
    before, first = keys(up), settled("setup", up)["FinishedAt"]
    counted = beats(up)
    up.compose("--profile", "demo", "up", "--detach", "setup")
    until = time.monotonic() + 120
    while (state := settled("setup", up))["Running"] or state["FinishedAt"] == first:
        assert time.monotonic() < until
        time.sleep(0.5)
    said = up.compose("logs", "--tail", "5", "setup").stdout
    assert state["ExitCode"] == 0 and keys(up) == before
    assert " made" not in said and said.count(" there") == 5
    assert beats(up) >= counted


def test_a_key_that_is_missing_is_named(up):
    away = up.folder / "secrets" / "influx_admin_token"
    held, of = away.read_text(), away.stat()
    away.unlink()
    try:
        refused = up.compose("run", "--rm", "--no-deps", "setup", check=False)
    finally:
        away.write_text(held)
        away.chmod(0o600)
        os.chown(away, of.st_uid, of.st_gid)
    said = refused.stdout + refused.stderr
    assert refused.returncode == 2 and "influx_admin_token is missing" in said and "make env" in said


def test_it_ends_when_it_is_told_to_and_not_by_force(up):
    began = time.monotonic()
    up.compose("stop", "demo")
    state = settled("demo", up)
    assert state["ExitCode"] == 0 and time.monotonic() - began < 40


def test_what_was_lived_is_there_to_the_beat(up, figures):
    up.compose("run", "--rm", "demo", "somalink", "ship", "--once")
    said = json.loads(up.compose("run", "--rm", "demo", "somalink", "status", "--json").stdout)
    assert beats(up) == said["totals"]["beats_stored"] > 10_000
    assert not said["replica"]["parked_rows"] and not said["replica"]["lag_changes"]
    figures(f"{said['replica']['shipped_rows']} rows sent, {beats(up)} beats among them")


def test_a_database_that_was_thrown_away_is_set_up_anew_and_filled_from_the_store(up):
    """As the page on it says: the store has everything."""
    before, sent = keys(up), beats(up)
    up.compose("--profile", "demo", "down")
    subprocess.run(["docker", "volume", "rm", *(f"{up.project}_influxdb-{name}" for name in ("data", "config"))], check=True, capture_output=True)
    up.compose("--profile", "demo", "up", "--detach", "influxdb", "setup")
    up.compose("run", "--rm", "demo", "somalink", "ship", "--once", "--again")
    changed = {name for name, key in keys(up).items() if key != before[name]}
    assert changed == {"influx_write_token", "influx_read_token"}
    assert beats(up) == sent
