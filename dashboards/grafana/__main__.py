"""`python -m dashboards.grafana`: writes every board's JSON and what a Grafana reads at its start; with `--check` says what is stale, and ends with 1."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from dashboards.grafana.build import FOLDER, boards, written
from dashboards.grafana.pages import page
from dashboards.grafana.provisioning import PLACE, files
from dashboards.grafana.variables import UTC


def main(words: list[str] | None = None) -> int:
    asked = _options().parse_args(words)
    texts = {asked.to / f"{name}.json": written(board, asked.tz) for name, board in boards().items()} | _beside(asked.to)
    if asked.check:
        return _stale(texts)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def _beside(to: Path) -> dict[Path, str]:
    """What a Grafana reads at its start, and the page that explains the boards. They have one place; whoever writes boards elsewhere wants boards alone."""
    return {PLACE / name: text for name, text in files().items()} | page() if to == FOLDER else {}


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m dashboards.grafana", description="Writes Grafana's boards as JSON.")
    options.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    options.add_argument("--to", type=Path, default=FOLDER, metavar="FOLDER", help="where to (default: beside the program)")
    options.add_argument("--tz", default=UTC, metavar="ZONE", help="whose midnight ends a day, as Europe/Berlin (default: UTC)")
    return options


def _stale(texts: dict[Path, str]) -> int:
    """The difference of every file that is not as it would be written; 1 where there is one."""
    found = [line for path, text in texts.items() for line in _difference(path, text)]
    sys.stdout.writelines(found)
    return 1 if found else 0


def _difference(path: Path, text: str) -> list[str]:
    there = path.read_text(encoding="utf-8") if path.is_file() else ""
    return list(difflib.unified_diff(there.splitlines(keepends=True), text.splitlines(keepends=True), path.name, f"{path.name}, as it would be written"))


if __name__ == "__main__":
    sys.exit(main())
