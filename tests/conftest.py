"""What every test may ask for: the real recordings, and nothing else of the outside world."""

import os
from pathlib import Path

import pytest

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
