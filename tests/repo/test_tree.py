"""What is in the repository, and what must never be: paths of machines, addresses of mirrors, a change without its line."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from somalink.config import SETTINGS
from somalink.domain import catalogue
from somalink.domain.types import Flag, Gate, Stream, word

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
# Folders that exist on a developer's machine and nowhere else. /etc, /usr and /dev are the system's and may be named.
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(?:home|root|Users|work|tmp|mnt|opt|srv|workspace|private/var)/[\w.-]+")
ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|^-i ", re.MULTILINE)


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    """Tracked files that are text, by their path; lock files are looked at apart."""
    found = {}
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw[:4096] and path.stat().st_size < 1_000_000:
            found[str(path.relative_to(ROOT))] = raw.decode("utf-8", errors="replace")
    return found


def test_no_tracked_file_names_a_path_of_one_machine():
    here = {str(ROOT.parent) + "/", str(Path.home()) + "/"} - {"//", "/"}
    mine = "tests/repo/test_tree.py"
    found = {name: hit for name, text in texts().items() if name != mine and (hit := MACHINE_PATH.findall(text) + [path for path in here if path in text])}
    assert not found


def test_no_tracked_file_names_this_host():
    host = socket.gethostname()
    if len(host) < 6 or host in {"localhost", "debian", "ubuntu"}:
        pytest.skip(f"{host!r} is too plain a word to look for")
    assert not [name for name, text in texts().items() if host in text]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-grafana.txt", "requirements-node.txt"])
def test_locks_pin_every_package_by_hash_and_name_no_place_to_get_it(name):
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert not ADDRESS.search(text)
    assert all(re.match(r"[\w.-]+==[^ ]+", entry) and "--hash=sha256:" in entry for entry in entries)


def test_what_runs_is_locked_to_the_same_versions_as_what_is_tested():
    runtime, dev = (set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE)) for name in ("requirements.txt", "requirements-dev.txt"))
    assert runtime <= dev


def test_nothing_large_is_tracked():
    assert not [path for path in tracked() if path.stat().st_size > 700_000]


def test_tests_are_no_package():
    assert not list((ROOT / "tests").rglob("__init__.py")), "a tests/ingest package would shadow the real ingest"


def test_the_changelog_has_a_place_for_the_next_change():
    assert re.search(r"^## Unreleased$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_setting_is_documented_with_its_key_variable_and_meaning(setting):
    page = SETTINGS_PAGE.read_text()
    assert f"`{setting.key}`" in page
    assert f"`{setting.variable}`" in page
    assert setting.meaning in page


def test_the_settings_page_names_no_setting_that_is_gone():
    known = {setting.variable for setting in SETTINGS} | {"SOMALINK_CONFIG"}
    named = {name.removesuffix("_FILE") for name in re.findall(r"`(SOMALINK_[A-Z_]+)`", SETTINGS_PAGE.read_text())}
    assert named <= known | {"SOMALINK_"}


def test_every_word_people_and_exports_meet_is_in_the_glossary():
    lists = (catalogue.KINDS, catalogue.SENSATIONS, catalogue.ACTIONS, catalogue.WITH_WHOM, catalogue.THEMES, catalogue.NEEDS, catalogue.CONTEXTS)
    lists += (catalogue.RATING_KINDS, catalogue.SESSION_KINDS)
    reasons = (catalogue.HR_REASONS, catalogue.HRV_REASONS, catalogue.Z_REASONS, catalogue.PHASIC_REASONS, catalogue.REJECTIONS, catalogue.REFUSALS)
    chosen = {each for words in (*lists, *reasons) for each in words if each} | {index.name for index in catalogue.INDICES}
    enums = {word(member) for kind in (Flag, Gate) for member in kind} | {str(stream) for stream in Stream}
    explained = set(re.findall(r"\w+", (ROOT / "docs" / "glossary.md").read_text()))
    assert chosen | enums <= explained, sorted((chosen | enums) - explained)


def test_every_decision_has_its_three_parts_and_its_number_once():
    notes = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert len({note.name[:4] for note in notes}) == len(notes) > 0
    for note in notes:
        text = note.read_text()
        assert all(part in text for part in ("**Question**", "**Answer**", "**What would change our mind**")), note.name


def headings(page: Path) -> set[str]:
    """What a link into a page may name."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_into_a_page_name_one_of_its_headings():
    pages = [ROOT / name for name in texts() if name.endswith(".md")]
    links = [(page, *link) for page in pages for link in re.findall(r"\]\((?!https?://)([^)#\s]*)#([\w-]+)\)", page.read_text())]
    assert not [f"{page.name} -> {file}#{title}" for page, file, title in links if title not in headings(page.parent / file if file else page)]


def test_links_between_our_pages_lead_somewhere():
    pages = [ROOT / name for name in texts() if name.endswith(".md")]
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
