"""What every test may ask for: the real recordings, and nothing else of the outside world."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from figures import figures, pytest_addoption, pytest_terminal_summary  # noqa: F401  what tests measured: told, and written to its page
from influx import influxd, own_influxd, place  # noqa: F401  fixtures, for tests in several folders

# Two busy cores make any deadline a lie; in CI the same examples are drawn every time, so that a red run can be repeated.
hypothesis.settings.register_profile("everyday", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("everyday"), derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "everyday")

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def data_folder() -> Path | None:
    """The real recordings: `SOMALINK_DATA`, else `../shared/data` beside the repository, else None."""
    folder = Path(os.environ.get("SOMALINK_DATA", BESIDE))
    return folder if (folder / "README.md").exists() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real recordings; a test that needs it is skipped, with the reason printed, where it is absent."""
    folder = data_folder()
    if folder is None:
        pytest.skip(f"no real recordings at {BESIDE}; set SOMALINK_DATA")
    return folder


@pytest.fixture(scope="session")
def recording(data: Path, tmp_path_factory: pytest.TempPathFactory):
    """`recording("mmash_polar_h7", "1")` -> a recording folder of that person, made once a session by the data set's own script."""
    import subprocess
    import sys

    made: dict[tuple[str, str], Path] = {}

    def make(name: str, person: str) -> Path:
        if (name, person) not in made:
            out = tmp_path_factory.mktemp("recording") / f"{name}-{person}"
            subprocess.run([sys.executable, str(data / "to_recording.py"), name, person, str(out)], check=True, capture_output=True)
            made[name, person] = out
        return made[name, person]

    return make


@pytest.fixture(scope="session", autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[None]:
    """An empty home and no settings, for the tests and the programs they start, so that nobody's own store is ever touched."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("SOMALINK_", "XDG_")) and name != "SOMALINK_DATA"]:
            patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        if (cache := getattr(request.config, "cache", None)) is not None:
            # matplotlib takes seconds to list the fonts of a machine; once is enough.
            patch.setenv("MPLCONFIGDIR", str(cache.mkdir("matplotlib")))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """In CI the real recordings are there, so a test on them that is skipped did not do its work: a failure."""
    report = yield
    on_recordings = item.get_closest_marker("truth") or "data" in getattr(item, "fixturenames", ())
    if os.environ.get("CI") and on_recordings and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"a test on real recordings was skipped in CI: {report.longrepr}"
    return report
