"""One engine a person and device; a killed one holds nothing."""

import os
import signal
import subprocess
import sys

import pytest

from somalink.domain.errors import EngineLocked
from somalink.storage.locks import held

HOLD = """
import sys
from pathlib import Path
from somalink.storage.locks import engine_lock
with engine_lock(Path(sys.argv[1]), "ann", "strap"):
    print(flush=True)
    sys.stdin.read()
"""


def test_a_second_engine_is_told_who_is_recorded_and_what_to_do(store) -> None:
    with store.engine_lock("ann", "strap"):
        with pytest.raises(EngineLocked, match="ann on strap") as refused, store.engine_lock("ann", "strap"):
            pass
        assert refused.value.next_step
        with store.engine_lock("ann", "watch"), store.engine_lock("ben", "strap"):
            pass
    with store.engine_lock("ann", "strap"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_kill_minus_nine_releases_the_lock(path, store) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    with holder:
        holder.stdout.readline()
        with pytest.raises(EngineLocked), store.engine_lock("ann", "strap"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with store.engine_lock("ann", "strap"):
        pass


def test_looking_at_a_lock_neither_takes_nor_makes_it(path, store) -> None:
    assert not held(path, "ann", "strap")
    assert not list(path.parent.glob("*.lock"))
    with store.engine_lock("ann", "strap"):
        assert held(path, "ann", "strap") and not held(path, "ben", "strap")
    assert not held(path, "ann", "strap")
    with store.engine_lock("ann", "strap"):
        pass
