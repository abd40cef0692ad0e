"""The same jobs on a cluster of two workers, each a process of its own: equal to the byte, also where a worker is killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from analysed import CONSTANTS, life

from somalink.domain.errors import UsageError
from somalink.pipeline import cluster
from somalink.pipeline.analysing import UNDONE, Wish
from somalink.pipeline.cluster import ClusterTrouble, on_cluster
from somalink.pipeline.jobs import carry_out, plan, prepare
from somalink.pipeline.run import Mode

WISH = Wish(CONSTANTS, Mode(), 300, 60)
PATIENCE_S = 120


def files(place: Path) -> dict[str, bytes]:
    return {str(file.relative_to(place)): file.read_bytes() for file in sorted(place.rglob("*")) if file.is_file()}


@pytest.fixture
def two_workers(tmp_path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its two workers. No nanny stands behind them: who is killed stays away."""
    pytest.importorskip("distributed")
    named = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    beginning = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(named)]
    running = [subprocess.Popen([sys.executable, *beginning], **quiet)]
    try:
        _until(named.exists)
        worker = ["-m", "distributed.cli.dask_worker", "--scheduler-file", str(named), "--no-nanny", "--nthreads", "1", "--no-dashboard"]
        running += [subprocess.Popen([sys.executable, *worker], **quiet) for _ in range(2)]
        from distributed import Client

        with Client(scheduler_file=str(named), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=PATIENCE_S)
            address = client.scheduler.address
        yield address, running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()


def _until(holds) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed_in_the_middle(two_workers, tmp_path):
    people = [life(tmp_path / name, person=name, days=2, minutes=60, seed=k)[0].parent for k, name in enumerate(("ann", "ben", "cleo", "dan"))]
    scheduler, (one, _) = two_workers
    for out in ("alone", "cluster"):
        prepare(tmp_path / out, WISH)
    carry_out(plan(people, WISH, tmp_path / "alone"), workers=1)
    killed = []

    def kill(*_: object) -> None:
        """As soon as the first job is done, while the others are under way."""
        if not killed:
            os.kill(one.pid, signal.SIGKILL)
            killed.append(one.wait())

    done = carry_out(plan(people, WISH, tmp_path / "cluster"), scheduler=scheduler, told=kill)
    assert killed == [-signal.SIGKILL]
    assert {each.state for each in done} <= {"done", "skipped"} and len(done) == 4
    assert files(tmp_path / "alone") == files(tmp_path / "cluster")
    assert not list((tmp_path / "cluster").glob(f".*{UNDONE}"))


def test_without_dask_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="Dask") as refused:
        list(on_cluster("tcp://127.0.0.1:1", []))
    assert "pip install" in refused.value.next_step


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        ({}, "no workers"),
        ({"tcp://w1": {"version": "0.0.9", "algorithm": "1", "unseen": []}}, "another somalink"),
        ({"tcp://w1": {**cluster._able([]), "unseen": ["results"]}}, "does not see results"),
    ],
)
def test_workers_that_cannot_do_it_are_told_before_anything_is_sent(answers, trouble):
    with pytest.raises(ClusterTrouble, match=trouble):
        cluster._asked(answers)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_where_no_scheduler_is_it_is_said(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with pytest.raises(ClusterTrouble, match="no scheduler"):
        list(on_cluster("tcp://127.0.0.1:9", []))
