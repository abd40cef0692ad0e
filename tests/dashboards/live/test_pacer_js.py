"""The page's breathing arithmetic, tried by Node as it is: no browser, no build."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def test_the_pacer_keeps_time():
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this system; CI has one")
    done = subprocess.run([node, "--test", str(HERE / "pacer.test.mjs")], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
