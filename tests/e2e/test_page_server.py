"""The page as a program serves it, over TLS too, to whoever trusts this house's own authority; and after the program was started again."""

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from house import house_in, tag
from strap_program import ROOT

from somalink.pipeline.serving import Address, listen, page_file

pytestmark = pytest.mark.e2e

PATIENCE_S = 60


@pytest.fixture
def store(tmp_path: Path) -> Path:
    house_in(tmp_path).store.close()
    return tmp_path / "store.db"


@pytest.fixture
def serves(store: Path, tmp_path: Path) -> Callable[..., Any]:
    """`with serves("--https") as link`: `somalink page` in another process, which then ends as it should and has said nothing that it should not."""
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path), "SOMALINK_TZ": "Europe/Berlin"}

    @contextmanager
    def serving(*words: str, port: int | None = None) -> Iterator[str]:
        typed = [sys.executable, "-c", "from somalink.cli import main; main()", "page", "--store", str(store), "--person", "ada", "--json", *words]
        with listen(Address(0)) as free:
            port = port or free.getsockname()[1]
        with (tmp_path / "errors.txt").open("w") as errors:
            running = subprocess.Popen([*typed, "--port", str(port)], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert running.stdout is not None
            link = json.loads("".join(iter(running.stdout.readline, "}\n")) + "}")["link"]
            yield link
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
            running.communicate()
        said = (tmp_path / "errors.txt").read_text()
        assert running.returncode == 0 and "Traceback" not in said and "WARNING" not in said, said
        assert not page_file(store).exists()

    return serving


class Browser:
    """One that trusts what it is given and keeps its cookie."""

    def __init__(self, link: str, trusting: Path | None = None, name: str = "127.0.0.1") -> None:
        scheme, _, place = link.partition("/join")[0].partition("://")
        self.host = f"{name}:{place.rpartition(':')[2]}"
        self.origin = f"{scheme}://{self.host}"
        self.tls = ssl.create_default_context(cafile=str(trusting) if trusting else None) if scheme == "https" else None
        if self.tls is not None:
            self.tls.verify_flags |= ssl.VERIFY_X509_STRICT
        self.cookie = ""

    def ask(self, method: str, path: str, form: Any = None) -> tuple[int, Any]:
        line = http.client.HTTPSConnection(self.host, context=self.tls, timeout=10) if self.tls else http.client.HTTPConnection(self.host, timeout=10)
        headers = {"Cookie": self.cookie, "Origin": self.origin, "X-Somalink": "1", "Content-Type": "application/json"}
        try:
            line.request(method, path, None if form is None else json.dumps(form), headers)
            answer = line.getresponse()
            self.cookie = (answer.headers["Set-Cookie"] or self.cookie).partition(";")[0]
            body = answer.read()
        finally:
            line.close()
        return answer.status, json.loads(body) if body.startswith((b"{", b"[")) else body

    def join(self, link: str) -> int:
        return self.ask("POST", "/api/v1/join", {"token": link.partition("#")[2]})[0]


def test_https_with_a_certificate_of_ones_own_house_is_served_and_trusted_by_its_authority_alone(serves, tmp_path):
    with serves("--https") as link:
        assert link.startswith("https://127.0.0.1:")
        authority = tmp_path / "config" / "somalink" / "tls" / "authority.pem"
        for name in ("127.0.0.1", "localhost"):
            browser = Browser(link, authority, name)
            assert browser.ask("GET", "/")[0] == 200
        assert browser.join(link) == 204 and browser.cookie.startswith("__Host-somalink-")
        status, told = browser.ask("GET", "/api/v1/status")
        assert (status, told["person"], told["secure"]) == (200, "ada", True)
        with pytest.raises(ssl.SSLCertVerificationError):
            Browser(link).ask("GET", "/")
        with pytest.raises((http.client.BadStatusLine, ConnectionError, http.client.RemoteDisconnected)):
            Browser(link.replace("https", "http")).ask("GET", "/")


def test_a_program_that_is_started_again_knows_the_browser_and_what_it_said(serves, store):
    with serves() as link:
        browser = Browser(link)
        assert browser.join(link) == 204
        assert browser.ask("POST", "/api/v1/events", tag(1))[0] == 201
        port = int(browser.host.rpartition(":")[2])
    with serves(port=port) as link:
        assert browser.ask("POST", "/api/v1/events", tag(1))[0] == 200, "sent again, since the answer was lost: one tag"
        assert browser.join(link) == 204
        assert len(browser.ask("GET", "/api/v1/devices")[1]) == 2


def test_a_link_from_another_terminal_is_to_the_page_that_is_served(serves, store):
    with serves() as link:
        typed = [sys.executable, "-c", "from somalink.cli import main; main()", "page", "--store", str(store), "--person", "ben", "--json"]
        done = subprocess.run(typed, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        another = json.loads(done.stdout)["link"]
        assert another.partition("/join")[0] == link.partition("/join")[0]
        browser = Browser(another)
        assert browser.join(another) == 204 and browser.ask("GET", "/api/v1/status")[1]["person"] == "ben"


def test_an_open_stream_does_not_keep_the_program(serves):
    with serves() as link:
        browser = Browser(link)
        browser.join(link)
        line = http.client.HTTPConnection(browser.host, timeout=10)
        line.request("GET", "/api/v1/stream", headers={"Cookie": browser.cookie})
        assert line.getresponse().readline() == b"retry: 2000\n"
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    line.close()
