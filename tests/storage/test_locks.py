"""One engine a person and device, one recorder a strap; a killed one holds nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from somalink.domain.errors import EngineLocked
from somalink.domain.types import Setting
from somalink.storage import locks
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


@pytest.fixture
def looked_at(path, monkeypatch) -> Callable[[float], list[float]]:
    """`looked_at(0.3)`: somebody looks at the lock and is stopped for so long while he does; gives the waits of whoever wants it."""

    fcntl = pytest.importorskip("fcntl")

    def look(seconds: float) -> list[float]:
        handle = os.open(locks._lock_file(path, "ann", "strap"), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        waits: list[float] = []

        def wait(length_s: float) -> None:
            waits.append(length_s)
            if sum(waits) >= seconds > 0:
                fcntl.flock(handle, fcntl.LOCK_UN)

        monkeypatch.setattr(locks.time, "sleep", wait)
        monkeypatch.setattr(locks.time, "monotonic", lambda: sum(waits))
        return waits

    return look


def test_an_engine_that_begins_while_somebody_looks_is_not_refused(store, looked_at) -> None:
    waits = looked_at(0.3)
    with store.engine_lock("ann", "strap"):
        assert held(store.path, "ann", "strap")
    assert 0.3 <= sum(waits) < 0.4


def test_an_engine_waits_a_second_for_one_who_looks_and_never_longer(store, looked_at) -> None:
    waits = looked_at(3600)
    with pytest.raises(EngineLocked), store.engine_lock("ann", "strap"):
        pass
    assert sum(waits) == pytest.approx(1.0, abs=0.05)


def test_an_engine_that_is_really_there_is_told_of_at_once(store, monkeypatch) -> None:
    monkeypatch.setattr(locks.time, "sleep", lambda _: pytest.fail("nobody has to wait for that"))
    with store.engine_lock("ann", "strap"), pytest.raises(EngineLocked), store.engine_lock("ann", "strap"):
        pass


def test_a_strap_is_recorded_on_one_person_at_a_time_and_whoever_else_wants_it_is_told_on_whom(store) -> None:
    with store.transaction() as write:
        for person in ("ann", "ben"):
            write.put_setting(Setting(person, "any", "1", 1, 1))
    with store.engine_lock("ann", "h10"), store.strap_lock("h10"):
        with store.engine_lock("ben", "h10"), pytest.raises(EngineLocked, match="h10 is recorded already, on ann") as refused, store.strap_lock("h10"):
            pass
        assert "--strap" in refused.value.next_step
        with store.engine_lock("ben", "tickr"), store.strap_lock("tickr"):
            pass
    with store.engine_lock("ben", "h10"), store.strap_lock("h10"):
        pass


def test_a_strap_on_somebody_this_store_does_not_know_is_not_given_to_anybody_else(store) -> None:
    with store.strap_lock("h10"), pytest.raises(EngineLocked, match="on somebody else"), store.strap_lock("h10"):
        pass
