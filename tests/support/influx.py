"""A real InfluxDB 2 for tests: found, started on a free port, set up, asked; one a pytest run (or xdist worker), a fresh bucket a test.

Looked for in this order: `SOMALINK_TEST_INFLUX_URL` with `SOMALINK_TEST_INFLUX_TOKEN` (an empty server of one's own and its operator's
token), `INFLUXD`, `influxd` in PATH, the project's `servers/get-influxd` beside the real recordings. Knows nothing of somalink but `Place`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from somalink.storage.influx.server import Place

ORG = "somalink-tests"
USER = "tester"
START_S, LOOK_S = 30.0, 0.02
"""A server is there after 0.3 s; a minute's work of the other core may lie in between."""
BUILD_S = 1800
"""`get-influxd` builds it once, 8 min on two cores; afterwards it answers at once."""
AROUND = dict(os.environ)
"""What was said to this run before the tests got their empty home and their empty settings."""
_numbers = itertools.count(1)


@dataclass(slots=True)
class Influxd:
    """A running server. `operator`: the token that may do everything. `url` stays the same over `kill` and `start`."""

    url: str
    operator: str
    binary: str = ""
    """Empty: somebody else's server, which is neither killed nor started."""
    home: Path = Path()
    how: str = ""
    """Where it was found."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it on the data that are there and waits until it is ready."""
        if self.running or not self.binary:
            return
        places = {"--bolt-path": "influxd.bolt", "--engine-path": "engine", "--sqlite-path": "influxd.sqlite"}
        options = [text for name, file in places.items() for text in (name, str(self.home / file))]
        command = [self.binary, *options, "--http-bind-address", self.url.removeprefix("http://"), "--reporting-disabled", "--log-level", "error"]
        with (self.home / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._wait()

    def kill(self) -> None:
        """As a power cut does it: no goodbye."""
        self._end(lambda process: process.kill())

    def stop(self) -> None:
        """As a service manager does it."""
        self._end(lambda process: process.terminate())

    def ask(self, method: str, path: str, body: object = None, *, token: str | None = None, **query: str) -> Any:
        """The JSON of an answer (None: an empty one); urllib's HTTPError otherwise."""
        address = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(address, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Token {self.operator if token is None else token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def bucket(self, name: str, *, retention_s: int = 0) -> str:
        """Makes a bucket; its id."""
        body = {"orgID": self.org_id, "name": name, "retentionRules": [{"type": "expire", "everySeconds": retention_s}] if retention_s else []}
        return str(self.ask("POST", "/api/v2/buckets", body)["id"])

    def token(self, *allowed: tuple[str, str]) -> str:
        """A token that may do just this: `("read" or "write", id of a bucket)`."""
        permissions = [{"action": action, "resource": {"type": "buckets", "id": bucket, "orgID": self.org_id}} for action, bucket in allowed]
        return str(self.ask("POST", "/api/v2/authorizations", {"orgID": self.org_id, "permissions": permissions})["token"])

    @property
    def org_id(self) -> str:
        return str(self.ask("GET", "/api/v2/orgs", org=ORG)["orgs"][0]["id"])

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError):
                if self.ask("GET", "/health")["status"] == "pass":
                    return
            if (self._process is not None and self._process.poll() is not None) or time.monotonic() > until:
                raise RuntimeError(f"influxd did not come up; its log: {self.home / 'influxd.log'}")
            time.sleep(LOOK_S)  # for as long as it takes, which is not ours to say

    def _end(self, how: Callable[[subprocess.Popen[bytes]], None]) -> None:
        if self._process is not None:
            how(self._process)
            self._process.wait(START_S)
            self._process = None


def rows(place: Place, influxql: str, *, bucket: str = "") -> list[dict[str, Any]]:
    """What an InfluxQL question finds, a dict a row with `time` in ns and the tags of a GROUP BY; AssertionError with the server's words where it minds."""
    query = urllib.parse.urlencode({"db": bucket or place.bucket, "epoch": "ns", "q": influxql})
    request = urllib.request.Request(f"{place.url}/query?{query}", headers={"Authorization": f"Token {place.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        (result,) = json.loads(answer.read())["results"]
    assert "error" not in result, result["error"]
    return [{**one.get("tags", {}), **dict(zip(one["columns"], values, strict=True))} for one in result.get("series", ()) for values in one.get("values", ())]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def found() -> tuple[str, str]:
    """A program to start and how it was found; two texts, the first empty where there is none."""
    if (named := AROUND.get("INFLUXD")) is not None:
        return (named, "INFLUXD") if os.access(named, os.X_OK) else ("", f"INFLUXD names no program: {named}")
    if installed := shutil.which("influxd", path=AROUND.get("PATH")):
        return installed, "influxd in PATH"
    beside = Path(AROUND.get("SOMALINK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")).parent / "servers" / "get-influxd"
    if not beside.exists():
        return "", "no InfluxDB 2 here: set INFLUXD, or SOMALINK_TEST_INFLUX_URL and SOMALINK_TEST_INFLUX_TOKEN (CONTRIBUTING.md)"
    done = subprocess.run([str(beside)], capture_output=True, text=True, timeout=BUILD_S, env=AROUND)
    path = done.stdout.strip().rpartition("\n")[2]
    return (path, "servers/get-influxd") if done.returncode == 0 else ("", f"get-influxd: {done.stderr.strip()[-300:]}")


def _absent(why: str) -> None:
    """Skipped where there is no server; in CI that is a failure, since then nothing of the replica was tried."""
    (pytest.fail if AROUND.get("CI") else pytest.skip)(why)


@contextlib.contextmanager
def fresh_influxd(home: Path) -> Iterator[Influxd]:
    """A server of one's own that nobody has set up: no organisation, no operator's token."""
    binary, how = found()
    if not binary:
        _absent(how)
    server = Influxd(f"http://127.0.0.1:{free_port()}", "", binary, home, how)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def set_up(server: Influxd) -> None:
    """Organisation, operator and a first bucket; the operator's token is made here."""
    server.operator = secrets.token_urlsafe(32)
    body = {"username": USER, "password": secrets.token_urlsafe(16), "org": ORG, "bucket": "first", "token": server.operator}
    server.ask("POST", "/api/v2/setup", body, token="")


def _move_in(server: Influxd) -> None:
    """Our organisation on somebody's server, and an operator's token that belongs to it: InfluxQL reads in the organisation of the token alone."""
    with contextlib.suppress(urllib.error.HTTPError):  # there from the run before
        server.ask("POST", "/api/v2/orgs", {"name": ORG})
    (theirs,) = [each for each in server.ask("GET", "/api/v2/authorizations")["authorizations"] if each["token"] == server.operator]
    if theirs["org"] != ORG:
        server.operator = server.ask("POST", "/api/v2/authorizations", {"orgID": server.org_id, "permissions": theirs["permissions"]})["token"]


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """The server of this run, set up. Who wants to kill one asks for `own_influxd`."""
    if url := AROUND.get("SOMALINK_TEST_INFLUX_URL", ""):
        theirs = Influxd(url.rstrip("/"), AROUND.get("SOMALINK_TEST_INFLUX_TOKEN", ""), how="SOMALINK_TEST_INFLUX_URL")
        _move_in(theirs)
        yield theirs
        return
    with fresh_influxd(tmp_path_factory.mktemp("influxd")) as ours:
        set_up(ours)
        yield ours


@pytest.fixture
def place(influxd: Influxd, request: pytest.FixtureRequest) -> Place:
    """A bucket that nobody has used, kept for ever, with a token that may do everything."""
    request.node.user_properties.append(("server", f"InfluxDB {influxd.ask('GET', '/health')['version']}, found by {influxd.how}"))
    name = f"b{os.getpid()}-{next(_numbers)}"
    influxd.bucket(name)
    return Place(influxd.url, ORG, name, influxd.operator)


@pytest.fixture
def own_influxd(tmp_path: Path) -> Iterator[Influxd]:
    """A server for one test, set up: for those who kill it, or fill it."""
    with fresh_influxd(tmp_path) as server:
        set_up(server)
        yield server
