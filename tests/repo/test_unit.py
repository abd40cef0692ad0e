"""The service that records for months starts a command that exists, keeps the heart's data to its owner, and is what its page says."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from somalink.cli.app import app
from somalink.config import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "docs" / "systemd" / "somalink.service"
PAGE = ROOT / "docs" / "how-to" / "run-unattended.md"
LATER = {"RestartSteps", "RestartMaxDelaySec"}
"""Directives of systemd 254: older ones pass them over, and say so."""


def directives(text: str) -> list[tuple[str, str]]:
    """`Key=value` in order; systemd allows a key twice, which configparser does not."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(("#", ";", "["))]
    assert all("=" in line for line in lines), lines
    return [(key, value) for key, _, value in (line.partition("=") for line in lines)]


def one(key: str) -> str:
    [value] = [value for known, value in directives(UNIT.read_text(encoding="utf-8")) if known == key]
    return value


def typed_in(text: str) -> list[list[str]]:
    """What every ExecStart starts, in words; an empty one takes another away."""
    return [shlex.split(value) for key, value in directives(text) if key == "ExecStart" and value]


def edits() -> list[str]:
    """What the page lets a person write into the unit."""
    return re.findall(r"^```ini\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", [UNIT.read_text(encoding="utf-8"), *edits()], ids=lambda text: "unit" if "[Install]" in text else "edited")
def test_what_the_service_starts_is_a_command_with_options_that_exist(text):
    commands: Any = typer.main.get_command(app)
    for program, *words in typed_in(text):
        assert Path(program).name == "somalink"
        name = next(word for word in words if not word.startswith("-"))
        known = {option for param in (*commands.params, *commands.commands[name].params) for option in param.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


def test_the_service_names_no_folder_of_one_machine():
    for text in (UNIT.read_text(encoding="utf-8"), *edits()):
        told = "\n".join(f"{key}={value}" for key, value in directives(text))
        assert not re.search(r"(?<![\w%}])/(?!sys|dev)\w", re.sub(r"%h(/[\w.-]+)+", "", told)), told


def test_the_service_keeps_health_data_to_its_owner_and_leaves_no_memory_behind():
    assert (one("UMask"), one("LimitCORE"), one("NoNewPrivileges")) == ("0077", "0", "yes")
    assert one("StandardOutput") == "null"
    assert not re.search(r"password|token|secret", UNIT.read_text(encoding="utf-8"), re.IGNORECASE)


def test_the_service_reaches_the_system_bus_and_the_store():
    """What would hide either of them, or needs rights that a person's own systemd may not have."""
    keys = {key for key, _ in directives(UNIT.read_text(encoding="utf-8"))}
    assert "AF_UNIX" in one("RestrictAddressFamilies").split()
    assert not keys & {"ProtectHome", "ProtectSystem", "PrivateTmp", "PrivateUsers", "PrivateNetwork", "InaccessiblePaths", "TemporaryFileSystem", "User"}


def test_the_service_comes_back_from_a_failure_for_ever_and_never_from_a_word_to_stop():
    assert (one("Restart"), one("StartLimitIntervalSec"), one("RestartPreventExitStatus")) == ("on-failure", "0", "2")
    assert int(one("TimeoutStopSec")) >= 30


def test_its_page_says_of_it_what_it_says():
    """Every `Key=value` on the page that is one of the unit's, and every setting."""
    page = PAGE.read_text(encoding="utf-8")
    known = dict(directives(UNIT.read_text(encoding="utf-8")))
    said = [(key, value) for key, value in re.findall(r"`(\w+)=([^`\s]+)`", page) if key in known]
    assert len(said) >= 6 and not [(key, value) for key, value in said if known[key] != value]
    assert set(re.findall(r"SOMALINK_[A-Z_]+", page + UNIT.read_text(encoding="utf-8"))) <= {setting.variable for setting in SETTINGS}
    assert set(re.findall(r"config set (\w+)", page)) <= {setting.key for setting in SETTINGS}
    assert "../systemd/somalink.service" in page and "cp docs/systemd/somalink.service" in page


def test_commands_for_the_service_name_it():
    for line in re.findall(r"^\$ (systemctl|journalctl)( .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        assert "--user" in line[1] and ("somalink" in line[1] or "daemon-reload" in line[1]), line


def test_systemd_itself_has_nothing_to_say_against_it(tmp_path):
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd on this system")
    program = tmp_path / one("ExecStart").split()[0].removeprefix("%h/")
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/true")
    (tmp_path / "run").mkdir(mode=0o700)
    env = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run"), "PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run([verify, "--user", "verify", str(UNIT)], env=env, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and not any(f"'{key}'" in line for key in LATER)]
    assert (done.returncode, said) == (0, [])
