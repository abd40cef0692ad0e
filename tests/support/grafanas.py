"""Grafanas for tests: a small one that answers as Grafana 12.2 was watched to answer, and, where one is named, a real one.

`SOMALINK_TEST_GRAFANA_URL` and `SOMALINK_TEST_GRAFANA_PASSWORD_FILE` (of its user admin) name a real Grafana; each test then gets an organisation
of its own in it, so that nothing else there is touched. `SOMALINK_TEST_GRAFANA_INFLUX` is "ADDRESS BUCKET READ_TOKEN_FILE" of an InfluxDB it reaches.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

REAL_URL = os.environ.get("SOMALINK_TEST_GRAFANA_URL", "").rstrip("/")
REAL_PASSWORD = os.environ.get("SOMALINK_TEST_GRAFANA_PASSWORD_FILE", "")
REAL_INFLUX = os.environ.get("SOMALINK_TEST_GRAFANA_INFLUX", "")
"""Read when this is imported: tests take every variable of ours out of their environment."""
ROLES = ("Viewer", "Editor", "Admin")
SOURCE, FOLDER, BOARD, RULE = "datasources/uid", "folders", "dashboards/uid", "v1/provisioning/alert-rules"
MISSING = {SOURCE: "Data source not found", FOLDER: "folder not found", BOARD: "Dashboard not found", RULE: ""}


def asked(url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """One request by the standard library: status and what came, as JSON where it is."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read()
    return status, json.loads(text or "null")


@dataclass
class FakeGrafana:
    """What it holds, and how it is set up: all of it may be changed while it runs. `log`: every request, as "METHOD path"."""

    version: str = "12.2.0"
    anonymous: bool = False
    influx_says: str = ""
    """What its data source's check complains of; empty: it works."""
    tokens: dict[str, str] = field(default_factory=lambda: {f"glsa_{role.lower()}": role for role in ROLES})
    held: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in (SOURCE, FOLDER, BOARD, RULE)})
    log: list[str] = field(default_factory=list)
    instead: tuple[int, str, str] | None = None
    """A status, content type and text that are answered to whatever is asked."""
    url: str = ""

    influx = ("http://127.0.0.1:8086", "somalink", "read-me")

    def token(self, role: str) -> str:
        return f"glsa_{role.lower()}"

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """As an Admin, past the code under test."""
        return asked(self.url, method, path, body, {"Authorization": f"Bearer {self.token('Admin')}"})

    # ------------------------------------------------------------ what it answers

    def answer(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        role = self.tokens.get(token)
        if path == "health":
            return 200, {"database": "ok", **({"version": self.version} if self.version else {})}
        if role is None and (not self.anonymous or path == "user"):
            return 401, {"message": "Invalid API key"}
        if path == "user":
            return 200, {"login": "sa-1-somalink", "orgId": 1, "isGrafanaAdmin": False}
        rank = ROLES.index(role or "Viewer")
        if method == "GET":
            return self._read(path, rank)
        if rank == 0:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        return self._write(method, path, body, rank)

    def _read(self, path: str, rank: int) -> tuple[int, Any]:
        kind, uid = self._split(path)
        if kind == SOURCE and rank < 2:
            return 403, {"message": "You'll need additional permissions to perform this action. Permissions needed: datasources:read"}
        if path.endswith("/health"):
            return (400, {"status": "ERROR", "message": self.influx_says}) if self.influx_says else (200, {"status": "OK", "message": "9 measurements found"})
        if uid not in self.held[kind]:
            forbidden = rank < 2 and kind == FOLDER
            return (403, {"message": "You'll need additional permissions"}) if forbidden else (404, {"message": MISSING[kind]})
        return 200, self.held[kind][uid]

    def _write(self, method: str, path: str, body: Any, rank: int) -> tuple[int, Any]:
        if path.startswith("datasources"):
            return self._put_source(method, body) if rank == 2 else (403, {"message": "Permissions needed: datasources:create"})
        if path == "folders":
            return self._put_folder(body)
        if path == "dashboards/db":
            return self._put_board(body)
        return self._put_rule(method, path, body)

    def _put_source(self, method: str, body: dict[str, Any]) -> tuple[int, Any]:
        there = self.held[SOURCE].get(body["uid"])
        if method == "PUT" and there is not None and there["readOnly"]:
            return 403, {"message": "Cannot update read-only data source"}
        if method == "POST" and any(each["name"] == body["name"] for each in self.held[SOURCE].values()):
            return 409, {"message": "data source with the same name already exists"}
        secrets = {**(there or {}).get("secureJsonFields", {}), **dict.fromkeys(body.get("secureJsonData", {}), True)}
        kept = {name: each for name, each in body.items() if name != "secureJsonData"}
        self.held[SOURCE][body["uid"]] = {
            "id": 1,
            "orgId": 1,
            "typeLogoUrl": "",
            "basicAuth": False,
            "readOnly": False,
            **kept,
            "secureJsonFields": secrets,
            "version": (there or {"version": 0})["version"] + 1,
        }
        return 200, {"message": "ok", "datasource": self.held[SOURCE][body["uid"]]}

    def _put_folder(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["uid"] in self.held[FOLDER]:
            return 412, {"message": "The folder has been changed by someone else", "status": "version-mismatch"}
        self.held[FOLDER][body["uid"]] = {"id": 1, "uid": body["uid"], "title": body["title"], "version": 1}
        return 200, self.held[FOLDER][body["uid"]]

    def _put_board(self, body: dict[str, Any]) -> tuple[int, Any]:
        uid = body["dashboard"]["uid"]
        there = self.held[BOARD].get(uid)
        if there is not None and there["meta"]["provisioned"]:
            return 400, {"message": "Cannot save provisioned dashboard"}
        if there is not None and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        version = 1 if there is None else there["dashboard"]["version"] + 1
        self.held[BOARD][uid] = {
            "dashboard": {**body["dashboard"], "id": 7, "version": version},
            "meta": {"provisioned": False, "folderUid": body.get("folderUid", "")},
        }
        return 200, {"uid": uid, "version": version, "status": "success"}

    def _put_rule(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        there = self.held[RULE].get(body["uid"])
        if method == "POST" and there is not None:
            return 409, {"message": "alert rule already exists"}
        if there is not None and there.get("provenance") == "file":
            return 500, {"message": "cannot change provenance from 'file' to 'api'"}
        self.held[RULE][body["uid"]] = {
            "id": 3,
            **body,
            "orgID": 1,
            "provenance": "api",
            "updated": "2026-01-01T00:00:00Z",
            "notification_settings": None,
            "record": None,
        }
        return (201 if method == "POST" else 200), self.held[RULE][body["uid"]]

    @staticmethod
    def _split(path: str) -> tuple[str, str]:
        kind = next(each for each in (SOURCE, FOLDER, BOARD, RULE) if path.startswith(f"{each}/"))
        return kind, path.removeprefix(f"{kind}/").split("/")[0]


@pytest.fixture
def fake_grafana() -> Iterator[FakeGrafana]:
    """One on a free loopback port, for as long as the test takes."""
    grafana = FakeGrafana()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(grafana))
    grafana.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield grafana
    server.shutdown()
    server.server_close()
    thread.join()


def _handler(grafana: FakeGrafana) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            grafana.log.append(f"{self.command} {path}")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if grafana.instead is not None:
                status, kind, text = grafana.instead
                self._say(status, kind, text.encode())
                return
            status, value = grafana.answer(self.command, path.removeprefix("/api/"), json.loads(sent or b"null"), token)
            self._say(status, "application/json; charset=UTF-8", json.dumps(value).encode())

        def _say(self, status: int, kind: str, text: bytes) -> None:
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", text.decode())
                text = b""
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    return Handler


@dataclass
class RealGrafana:
    """An organisation of its own in a Grafana that runs already."""

    url: str
    org: int
    admin: str
    influx: tuple[str, str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, role: str) -> str:
        if role not in self.tokens:
            self.tokens[role] = self._made(role)
        return self.tokens[role]

    def _made(self, role: str) -> str:
        """Of a service account of its own; the names of two tokens must differ, in different accounts too."""
        _, account = self.call("POST", "/api/serviceaccounts", {"name": f"somalink {role}", "role": role})
        status, made = self.call("POST", f"/api/serviceaccounts/{account['id']}/tokens", {"name": f"somalink {role} {self.org}"})
        assert status == 200, made
        return str(made["key"])

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return asked(self.url, method, path, body, {"Authorization": self.admin, "X-Grafana-Org-Id": str(self.org)})


@pytest.fixture
def real_grafana(request: pytest.FixtureRequest) -> Iterator[RealGrafana]:
    """Skipped where none is named."""
    if not (REAL_URL and REAL_PASSWORD and REAL_INFLUX):
        pytest.skip("no real Grafana: set SOMALINK_TEST_GRAFANA_URL, ..._PASSWORD_FILE and ..._INFLUX")
    password = Path(REAL_PASSWORD).read_text().strip()
    admin = f"Basic {base64.b64encode(f'admin:{password}'.encode()).decode()}"
    status, made = asked(REAL_URL, "POST", "/api/orgs", {"name": f"{request.node.name} {os.getpid()}"}, {"Authorization": admin})
    assert status == 200, made
    address, bucket, token_file = REAL_INFLUX.split()
    yield RealGrafana(REAL_URL, made["orgId"], admin, (address, bucket, Path(token_file).read_text().strip()))
    asked(REAL_URL, "DELETE", f"/api/orgs/{made['orgId']}", None, {"Authorization": admin})


@pytest.fixture(params=["fake", "real"])
def a_grafana(request: pytest.FixtureRequest) -> FakeGrafana | RealGrafana:
    """Both, one after the other: what the small one answers is what the real one does."""
    found: FakeGrafana | RealGrafana = request.getfixturevalue(f"{request.param}_grafana")
    return found
