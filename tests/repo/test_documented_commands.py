"""Every command our pages show is run, in the order they show it, as a newcomer would: an empty home, an empty folder, two recordings.

A page's fenced blocks marked `console` are one sitting. Lines that start with `$ ` are commands, the rest is what they print.
`$ somalink ...` is run and must end with 0; `$ make X` must name a target of the Makefile; `$ cp`, `$ mkdir`, `$ cd` and `$ ls` are not
run. A command that is too long for every day is followed by `# slow`.
"""

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = {"cp", "mkdir", "cd", "ls", "git", "apt", "sudo", "python3"}
META = {
    "format": "somalink-recording",
    "version": 1,
    "person": "me",
    "device": "strap",
    "tier": "B",
    "start": "2026-03-02T09:00:00+01:00",
    "tz": "Europe/Rome",
}


@dataclass(frozen=True)
class Command:
    """One documented command. `slow`: left to the slow suite."""

    words: tuple[str, ...]
    slow: bool


def commands(page: str) -> list[Command]:
    """The commands of a page in order; a backslash at the end of a line continues it."""
    blocks = "\n".join(BLOCK.findall(page)).replace("\\\n", " ")
    lines = [line.removeprefix("$ ").strip() for line in blocks.splitlines() if line.startswith("$ ")]
    return [Command(tuple(shlex.split(line, comments=True)), slow=line.endswith("# slow")) for line in lines]


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def program() -> str:
    """The installed console script, beside this interpreter."""
    found = shutil.which("somalink", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("somalink is not installed beside this Python; `make test` installs it")
    return found


def laid_out(desk: Path) -> Path:
    """The folder a page's reader sits at, with `my-day` (a recording folder, 45 quiet minutes with a rise) and `beats.txt` (one RR in ms a line)."""
    intervals = [round(850 + 40 * math.sin(n / 5) + 15 * math.sin(n * 1.7) - (150 if 1500 < n < 1900 else 0)) for n in range(3000)]
    day = desk / "my-day"
    day.mkdir(parents=True)
    (day / "meta.json").write_text(json.dumps(META))
    rows, t_ms = ["t_s,rr_ms"], 0
    for interval in intervals:
        t_ms += interval
        rows.append(f"{t_ms / 1000:.3f},{interval}")
    (day / "rr.csv").write_text("\n".join(rows) + "\n")
    (desk / "beats.txt").write_text("\n".join(map(str, intervals[:600])) + "\n")
    return desk


def sit(page: Path, desk: Path, *, slow: bool) -> None:
    """Runs the page's `somalink` commands in order; the quick ones always, since a slow one may rest on them."""
    home = desk / "home"
    home.mkdir()
    env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}", "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1", "TZ": "Europe/Rome"}
    env["MPLCONFIGDIR"] = os.environ.get("MPLCONFIGDIR", str(home / "mpl"))
    for command in commands(page.read_text(encoding="utf-8")):
        if command.words[0] == "somalink" and (slow or not command.slow):
            typed = [program(), *command.words[1:]]
            done = subprocess.run(typed, cwd=desk, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, f"{shlex.join(command.words)}: exit {done.returncode}\n{done.stderr[-2000:]}"


def with_commands(*, slow: bool) -> list[Path]:
    """Pages with something to run; of the slow suite only those that have a slow command."""
    found = [(page, commands(page.read_text(encoding="utf-8"))) for page in pages()]
    return [page for page, shown in found if any(c.words[0] == "somalink" and (c.slow or not slow) for c in shown)]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.e2e
@pytest.mark.parametrize("page", with_commands(slow=False), ids=name_of)
def test_what_a_page_shows_runs(page, tmp_path):
    sit(page, laid_out(tmp_path), slow=False)


@pytest.mark.e2e
@pytest.mark.slow
def test_the_long_commands_run_too(tmp_path):
    for number, page in enumerate(with_commands(slow=True)):
        sit(page, laid_out(tmp_path / str(number)), slow=True)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_pages_show_only_commands_that_exist(page):
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands(page.read_text(encoding="utf-8")):
        verb = command.words[0]
        if verb == "make":
            assert {word for word in command.words[1:] if "=" not in word} <= targets, command
        else:
            assert verb == "somalink" or verb in NOT_RUN, f"{verb}: say how this is tested"


def test_a_console_block_is_read_as_a_person_reads_it():
    page = "text\n```console\n$ somalink tag conflict \\\n    --distress 6\nstored\n$ somalink demo  # slow\n```\n```\n$ not this\n```\n"
    assert commands(page) == [Command(("somalink", "tag", "conflict", "--distress", "6"), slow=False), Command(("somalink", "demo"), slow=True)]
