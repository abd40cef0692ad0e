"""A container engine, a Debian to build on, and the compose file brought up from a copy of this checkout: once a run.

No image registry is asked. The base is made from Debian's own packages by mmdebstrap (kept in the engine as `somalink-test/base:bookworm`), the
database from the influxd that the other tests use. Grafana comes as an image only, so its part is read and not run. `SOMALINK_BASE` names another base.
Where there is no engine, the tests say so and are skipped; in CI that is a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
from influx import AROUND, found, free_port

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
BASE = f"somalink-test/base:{SUITE}"
DATABASE = "somalink-test/influxdb:2.7.12"
IMAGE = "somalink-test/somalink:local"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Of this computer: behind a proxy with a certificate of its own, a build reaches the package index by these alone."""
TOOLS = ("docker", "docker-compose", "mmdebstrap")
START_S = 60.0
PATIENCE_S = 300
"""How long docker-compose waits for one answer of the engine. Its own minute is short where two cores do ten things."""
STRANGER = 12345
"""Who typed `make env`, as a number that no container knows."""
DAYS = 2
LIKE_THE_OFFICIAL = """
ARG BASE
FROM ${BASE}
RUN groupadd --gid 1000 influxdb && useradd --uid 1000 --gid 1000 influxdb && install -d -o 1000 -g 1000 /var/lib/influxdb2 /etc/influxdb2
COPY influxd /usr/local/bin/
ENV INFLUXD_BOLT_PATH=/var/lib/influxdb2/influxd.bolt INFLUXD_ENGINE_PATH=/var/lib/influxdb2/engine
CMD ["influxd"]
"""
"""What our compose file leans on of the official image: its user 1000, its two folders, curl. None of its start script."""


def typed(*words: str | Path, check: bool = True, **how: Any) -> subprocess.CompletedProcess[str]:
    """A command with its answer as text; where it fails, its last words are in the failure."""
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **how)
    assert not check or done.returncode == 0, f"{' '.join(map(str, words))}: exit {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
    return done


def without(reason: str) -> NoReturn:
    """Skipped where somebody works; in CI a test that did not run did not do its work."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no containers here: {reason}")
    raise AssertionError


def answers() -> bool:
    return typed("docker", "info", check=False).returncode == 0


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One that answers; where none does and we are root, one that is started for these tests and ended after them."""
    if absent := [name for name in TOOLS if shutil.which(name) is None]:
        without(f"{', '.join(absent)} not installed: of Debian, the engine, docker-compose and mmdebstrap")
    if answers():
        yield
        return
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        without("no engine answers, and only root can start one")
    log = tmp_path_factory.mktemp("engine") / "dockerd.log"
    with log.open("wb") as file, subprocess.Popen(["dockerd"], stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True) as daemon:
        try:
            until = time.monotonic() + START_S
            while not answers():
                if daemon.poll() is not None or time.monotonic() > until:
                    without(f"dockerd does not start: {log.read_text()[-500:]}")
                time.sleep(0.2)  # for as long as it takes, which is not ours to say
            yield
        finally:
            daemon.terminate()


@pytest.fixture(scope="session")
def base(engine: None) -> str:
    """A small Debian with Python, made once an engine (a minute)."""
    if named := AROUND.get("SOMALINK_BASE"):
        return named
    if typed("docker", "image", "inspect", BASE, check=False).returncode == 0:
        return BASE
    mirror = typed("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}").stdout.splitlines()
    make = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-venv,ca-certificates,curl"]
    make += [f"--customize-hook=upload {CERTIFICATES} {CERTIFICATES}"] if CERTIFICATES.is_file() else []
    told = [word for name in ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS") for word in ("--change", f"ENV {name}={CERTIFICATES}")]
    told += [word for name in ("PIP_INDEX_URL",) if (value := AROUND.get(name)) for word in ("--change", f"ENV {name}={value}")]
    with subprocess.Popen([*make, SUITE, "-", *mirror[:1]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as made:
        done = subprocess.run(["docker", "import", *told, "-", BASE], stdin=made.stdout, capture_output=True, text=True, check=False)
    assert made.returncode == 0 and done.returncode == 0, done.stderr
    return BASE


@pytest.fixture(scope="session")
def database(base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The real server in an image of its own."""
    program, how = found()
    if not program:
        without(f"no influxd: {how}")
    folder = tmp_path_factory.mktemp("influxdb")
    shutil.copy(program, folder / "influxd")
    (folder / "Dockerfile").write_text(LIKE_THE_OFFICIAL)
    typed("docker", "build", "--quiet", "--build-arg", f"BASE={base}", "--tag", DATABASE, folder)
    return DATABASE


# ---------------------------------------------------------------- a checkout, and what is brought up from it


def checkout(folder: Path) -> Path:
    """What a fresh clone of this tree would have, uncommitted changes included: nothing that git ignores."""
    listed = typed("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", check=False, cwd=ROOT)
    if listed.returncode:
        without("not a git checkout")
    for name in listed.stdout.split("\0"):
        if name and not name.startswith(("tests/", "docs/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@dataclass(frozen=True)
class Site:
    """A checkout with a compose file, and what its variables are; `project`: what its containers and volumes are called after."""

    folder: Path
    project: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def compose(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
        env = {**mine, **self.variables, "COMPOSE_HTTP_TIMEOUT": str(PATIENCE_S)}
        return typed("docker-compose", "--project-name", self.project, *words, check=check, cwd=self.folder, env=env)

    def make_env(self) -> subprocess.CompletedProcess[str]:
        return typed(sys.executable, self.folder / "deploy" / "make_env.py", self.folder, check=False)

    def key(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def containers(self) -> list[dict[str, Any]]:
        """Of every service that was started, as the engine has it."""
        ids = typed("docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}").stdout.split()
        return list(json.loads(typed("docker", "inspect", *ids).stdout)) if ids else []

    def container(self, service: str) -> dict[str, Any]:
        (one,) = [each for each in self.containers() if each["Config"]["Labels"]["com.docker.compose.service"] == service]
        return one

    def inside(self, service: str, *words: str) -> str:
        return self.compose("exec", "-T", service, *words).stdout


@pytest.fixture(scope="session")
def site(base: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Built, and not started."""
    ports = {f"SOMALINK_{name}_PORT": str(free_port()) for name in ("GRAFANA", "INFLUX", "PAGE")}
    images = {"SOMALINK_BASE": base, "SOMALINK_IMAGE": IMAGE, "SOMALINK_INFLUXDB_IMAGE": database}
    made = Site(checkout(tmp_path_factory.mktemp("checkout")), f"somalinktest{os.getpid()}", {**ports, **images, "SOMALINK_DEMO_DAYS": str(DAYS)})
    assert made.make_env().returncode == 0
    _give_away(made.folder / "secrets")
    made.compose("build", "setup")
    return made


@pytest.fixture(scope="session")
def up(site: Site) -> Iterator[Site]:
    """Brought up with the demo's person, and taken down with all that it held. Grafana is not: no image of it can be made here."""
    try:
        site.compose("--profile", "demo", "up", "--detach", "influxdb", "setup", "demo")
        yield site
    finally:
        with contextlib.suppress(AssertionError):
            site.compose("--profile", "demo", "down", "--volumes")


def _give_away(folder: Path) -> None:
    """To somebody whom no container knows, as it is on most computers: their keys are then readable to nobody inside but by our own road."""
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, STRANGER, STRANGER)


def run_in(image: str, *words: str, options: Sequence[str] = (), check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command in a container that is gone afterwards, without a network."""
    return typed("docker", "run", "--rm", "--network", "none", *options, image, *words, check=check)


@pytest.fixture(scope="session")
def inside() -> Any:
    """`run_in`, for tests: a conftest cannot be imported."""
    return run_in
