"""Every command our pages show is run, in the order they show it, as a newcomer would: an empty home, an empty folder, two recordings.

A page's fenced blocks marked `console` are one sitting. Lines that start with `$ ` are commands, the rest is what they print.
`$ somalink ...` is run and must end with 0 (`*` is what a shell makes of it); `$ make X` must name a target of the Makefile; `$ python
examples/X ...` must name an example, and those have tests of their own; `$ mkdir`, `$ cd` and the like are not run. A command that is too
long for every day is followed by `# slow`.

A page that shows `somalink scan` or `somalink run` is read in a room with two straps and a watch, which are programs. `somalink run` is
told to end, as a service manager would, once heartbeats arrive from everything it was to record; `somalink page`, once it has said its link.
`somalink calibrate` is typed in another window, while a strap is recorded.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from desk import laid_out
from strap_program import PATIENCE_S, StrapProgram

from ingest.ble.states import MEANINGS, State

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = {".", "cp", "mkdir", "cd", "ls", "git", "apt", "systemctl", "journalctl", "loginctl"}
"""What is not ours; the commands of a service are held by test_unit."""
SERVERS = re.compile(r"^\$?\s*(?:\w+=\S+ )*(?:docker compose|somalink (?:ship|influx|erase|grafana))\b", re.MULTILINE)
"""A block of what needs a server, an engine or a Grafana."""
LISTENS = {"scan", "run", "calibrate"}
ARRIVE = MEANINGS[State.STREAMING].words
STRAP = "Polar H10 51C0FFEE"
"""As the first of the virtual ones is called."""
SERVED = "lets one browser in"


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


def spelt_out(word: str, desk: Path) -> list[str]:
    """What a shell would pass for a word: the files it stands for, else itself."""
    return sorted(str(path.relative_to(desk)) for path in desk.glob(word)) if "*" in word else [word]


@contextmanager
def room(shown: Sequence[Command], desk: Path) -> Iterator[dict[str, str]]:
    """The variables by which a page's commands hear straps, where it shows any that listen."""
    if not any(c.words[0] == "somalink" and c.words[1] in LISTENS for c in shown):
        yield {}
        return
    if find_spec("bumble") is None:
        pytest.skip("virtual straps need bumble; `make test` installs it")
    beats = str(desk / "beats.txt")
    (desk / "room").mkdir()
    with StrapProgram(desk / "room", Path(beats), beats, "--watch", beats, "--loop") as straps:
        yield {"SOMALINK_VIRTUAL_RADIO": str(straps.socket)}


def recorded(typed: Sequence[str], desk: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`somalink run`, ended once heartbeats arrive from everything that it was to record."""
    return ended_when(typed, desk, env, ARRIVE, max(1, typed.count("--strap")))


def ended_when(typed: Sequence[str], desk: Path, env: Mapping[str, str], word: str, wanted: int = 1) -> subprocess.CompletedProcess[str]:
    """A command that would go on for ever, ended once it has said a word so often."""
    said: list[str] = []
    with subprocess.Popen(typed, cwd=desk, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        limit = threading.Timer(2 * PATIENCE_S, running.kill)
        limit.start()
        assert running.stderr is not None
        for line in running.stderr:
            said.append(line)
            if word in line and sum(word in each for each in said) == wanted:
                running.terminate()
        limit.cancel()
    return subprocess.CompletedProcess(typed, running.returncode, "", "".join(said))


def beside_a_recording(typed: Sequence[str], desk: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A command of another window, while a strap is recorded into the store that it names."""
    store = list(typed)[typed.index("--store") :][:2] if "--store" in typed else []
    recording = [program(), "run", "--strap", STRAP, "--no-page", *store]
    with subprocess.Popen(recording, cwd=desk, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        limit = threading.Timer(2 * PATIENCE_S, running.kill)
        limit.start()
        assert running.stderr is not None
        next(line for line in running.stderr if ARRIVE in line)
        try:
            return subprocess.run(typed, cwd=desk, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
        finally:
            limit.cancel()
            running.terminate()


def sit(page: Path, desk: Path, *, slow: bool) -> None:
    """Runs the page's `somalink` commands in order; the quick ones always, since a slow one may rest on them."""
    home = desk / "home"
    home.mkdir()
    env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}", "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1", "TZ": "Europe/Rome"}
    env["MPLCONFIGDIR"] = os.environ.get("MPLCONFIGDIR", str(home / "mpl"))
    shown = [command for command in commands(page.read_text(encoding="utf-8")) if slow or not command.slow]
    with room(shown, desk) as heard:
        for command in shown:
            if command.words[0] != "somalink":
                continue
            typed = [program(), *(word for each in command.words[1:] for word in spelt_out(each, desk))]
            if command.words[1] == "run":
                done = recorded(typed, desk, env | heard)
            elif command.words[1] == "calibrate":
                done = beside_a_recording(typed, desk, env | heard)
            elif command.words[1] == "page":
                done = ended_when(typed, desk, env, SERVED)
            else:
                done = subprocess.run(typed, cwd=desk, env=env | heard, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, f"{shlex.join(command.words)}: exit {done.returncode}\n{done.stderr[-2000:]}"


def with_commands(*, slow: bool) -> list[Path]:
    """Pages with something to run; of the slow suite only those that have a slow command."""
    found = [(page, commands(page.read_text(encoding="utf-8"))) for page in pages()]
    return [page for page, shown in found if any(c.words[0] == "somalink" and (c.slow or not slow) for c in shown)]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


LONG = ("docs/bluetooth.md", "docs/how-to/run-unattended.md", "docs/page.md")
"""A quarter of a minute and more each: straps that are listened for, programs that are started and ended."""


@pytest.mark.e2e
@pytest.mark.parametrize("page", [pytest.param(p, id=name_of(p), marks=[pytest.mark.slow] * (name_of(p) in LONG)) for p in with_commands(slow=False)])
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
        elif verb == "python":
            assert command.words[1].startswith("examples/") and (ROOT / command.words[1]).is_file(), command
        else:
            assert verb == "somalink" or verb in NOT_RUN, f"{verb}: say how this is tested"


def test_no_command_hides_from_being_run():
    """In a fence of another kind it would be copied by people and run by nobody; what needs a server may stand in one."""
    for page in pages():
        blocks = [block for block in fences(page) if not SERVERS.search(block)]
        assert not [line for block in blocks for line in block.splitlines() if re.match(r"(\$ )?(somalink|make) [a-z]", line)], name_of(page)


def test_a_command_that_needs_a_server_has_the_options_that_are_shown():
    """They are run by the suites that have one (`influx`, `containers`, `grafana`); here it is held that they are spelt right."""
    for page in pages():
        for words in server_commands(page):
            command = command_of(words)
            known = {option for each in command.params for option in each.opts}
            assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, (name_of(page), words)


def test_every_command_is_shown_somewhere():
    """By the program's own list."""
    run = {c.words[1] for page in pages() for c in commands(page.read_text(encoding="utf-8")) if c.words[0] == "somalink"}
    shown = {words[0] for page in pages() for words in server_commands(page)}
    assert not set(group().commands) - run - shown


def fences(page: Path) -> list[str]:
    """Blocks that are not `console`."""
    rest = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
    return re.findall(r"^```(?!console\n)\w*\n(.*?)^```", rest, re.MULTILINE | re.DOTALL)


def server_commands(page: Path) -> list[list[str]]:
    """Words after `somalink` of the commands in such blocks, whatever runs them (docker compose, a variable before them)."""
    lines = "\n".join(block for block in fences(page) if SERVERS.search(block)).replace("\\\n", " ").splitlines()
    found = [re.search(r"(?:^|\s)somalink ((?:ship|influx|erase|grafana)\b.*)", line) for line in lines]
    return [shlex.split(each[1], comments=True) for each in found if each]


def group():
    import typer

    from somalink.cli.app import app

    return typer.main.get_command(app)


def command_of(words: Sequence[str]):
    """The command that these words begin with."""
    command = group()
    for word in words:
        if not hasattr(command, "commands"):
            break
        command = command.commands[word]
    return command


def test_a_recording_that_never_begins_does_not_pass_for_one(tmp_path):
    """As when the strap's name on a page is misspelt: the reader would wait for ever."""
    done = recorded([sys.executable, "-c", "import sys; print('looking for it', file=sys.stderr); sys.exit(4)"], tmp_path, {})
    assert (done.returncode, done.stderr) == (4, "looking for it\n")


def test_a_console_block_is_read_as_a_person_reads_it():
    page = "text\n```console\n$ somalink tag conflict \\\n    --distress 6\nstored\n$ somalink demo  # slow\n```\n```\n$ not this\n```\n"
    assert commands(page) == [Command(("somalink", "tag", "conflict", "--distress", "6"), slow=False), Command(("somalink", "demo"), slow=True)]
