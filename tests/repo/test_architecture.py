"""ARCHITECTURE names every module there is and none that is gone, so that the page and the tree cannot drift apart."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("ingest", "processing", "dashboards", "somalink")
SECTION = re.compile(r"^## The folders\n(.*?)^## ", re.MULTILINE | re.DOTALL)
PAGE = re.sub(r"^```.*?^```", "", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def map_of() -> dict[str, str]:
    """The paragraph of each root package in the folder map."""
    found = SECTION.search(PAGE)
    assert found, "ARCHITECTURE has no section `The folders`"
    parts = re.split(r"^\*\*`(\w+)`\*\*", found[1], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def quoted(text: str) -> set[str]:
    """What stands in backquotes, a folder without its slash."""
    return {name.strip("/") for name in re.findall(r"`([^`\n]+)`", text)}


def modules(root: str) -> set[str]:
    """Modules and packages under a root, by their own name; of the panels and the families of devices, a file each, their folders alone."""
    files = [path for path in (ROOT / root).rglob("*.py") if path.name != "__init__.py"]
    return {path.stem for path in files if not one_of_many(path)} | {path.parent.name for path in files} - {root}


def one_of_many(path: Path) -> bool:
    return "panels" in path.parts or (path.parent.name == "devices" and path.stem != "catalogue")


def test_the_map_has_the_four_roots():
    assert set(map_of()) == set(ROOTS)


@pytest.mark.parametrize("root", ROOTS)
def test_every_module_is_on_the_map(root):
    missing = modules(root) - quoted(map_of()[root])
    assert not missing, f"say in ARCHITECTURE what {sorted(missing)} of {root} are for"


@pytest.mark.parametrize("root", ROOTS)
def test_the_map_names_no_module_that_is_gone(root):
    named = {name for name in quoted(map_of()[root]) if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    known = modules(root) | set(ROOTS) | {path.name for path in (ROOT / root).rglob("panels")}
    assert named <= known, sorted(named - known)


def test_every_dotted_name_leads_somewhere():
    """`processing.exact`, `pipeline.live.record_live`: a module under a root or `somalink`, and what is after it stands in the file."""
    for name in quoted(PAGE):
        if not re.fullmatch(r"[a-z_]+(\.\w+)+", name):
            continue
        parts = name.split(".")
        parts = parts if parts[0] in ROOTS else [("ingest" if parts[0] in modules("ingest") else "somalink"), *parts]
        assert stands(parts), name


def stands(parts: list[str]) -> bool:
    for cut in range(len(parts), 0, -1):
        here = ROOT.joinpath(*parts[:cut])
        if here.is_dir() and cut == len(parts):
            return True
        file = here.with_suffix(".py")
        if file.is_file():
            return cut == len(parts) or re.search(rf"^\s*(?:class|def|async def)? ?{parts[cut]}\b", file.read_text(encoding="utf-8"), re.MULTILINE) is not None
    return False
