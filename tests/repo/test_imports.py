"""What a start costs, and whose names these are: heavy libraries stay out of every plain path, our root packages are ours alone."""

import importlib.metadata
import importlib.util
import subprocess
import sys

import pytest

HEAVY = ("neurokit2", "matplotlib", "pandas", "scipy", "pyarrow", "sklearn")
PLAIN = ("somalink.config", "somalink.doctor", "somalink.pipeline", "somalink.storage", "ingest", "processing", "dashboards", "somalink.cli")
EVERY_MODULE = """
import importlib, pkgutil
package = importlib.import_module({name!r})
for module in pkgutil.walk_packages(getattr(package, "__path__", ()), package.__name__ + "."):
    importlib.import_module(module.name)
"""
HELP = """
import sys
sys.argv = ["somalink", "--help"]
from somalink.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
REPORT = """
import sys
print("LOADED", *sys.modules)
"""


def loaded_by(code: str) -> set[str]:
    """Which heavy libraries a fresh interpreter holds after `code`."""
    done = subprocess.run([sys.executable, "-c", code + REPORT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(HEAVY) & set(done.stdout.splitlines()[-1].split())


def need(name: str) -> None:
    """A module that has not been written yet skips; one that exists and does not import fails."""
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"{name} is not written yet")


@pytest.mark.parametrize("name", PLAIN)
def test_importing_a_folder_whole_loads_nothing_heavy(name):
    need(name)
    assert loaded_by(EVERY_MODULE.format(name=name)) == set()


def test_help_loads_nothing_heavy():
    need("somalink.cli")
    assert loaded_by(HELP) == set()


def test_the_check_would_see_a_heavy_library():
    assert "scipy" in loaded_by("import scipy")


@pytest.mark.parametrize("name", ["somalink", "ingest", "processing", "dashboards"])
def test_each_root_package_is_ours_alone(name):
    try:
        importlib.metadata.distribution("somalink")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("somalink is not installed here; `make test` installs it")
    assert set(importlib.metadata.packages_distributions().get(name, ())) == {"somalink"}
