"""Jobs on a Dask cluster: the same function, on other computers. The one importer of distributed, inside functions.

Workers see the inputs and the folder of results under the same paths as this computer, and have the same somalink: both are asked before anything
is sent (docs/decisions/0037). A worker that is killed is replaced by another one for its job; Dask gives a job up after the fourth.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from somalink.domain.constants import ALGORITHM_VERSION
from somalink.domain.errors import SomalinkError, UsageError
from somalink.pipeline.analysing import Done, Job, analyse, failed
from somalink.storage.parquet import program_version

CONNECT_S = 10
"""Nobody who typed a wrong address waits longer."""


class ClusterTrouble(SomalinkError):
    """The cluster cannot be reached, or its workers cannot do the work."""


def on_cluster(scheduler: str, jobs: Sequence[Job]) -> Generator[Done]:
    """Each job as it ends. UsageError where Dask is not installed, ClusterTrouble where the cluster cannot do it."""
    if find_spec("distributed") is None:
        raise UsageError(
            "--scheduler needs Dask, which is not installed",
            next_step="install it beside somalink: pip install 'distributed>=2025.2' (the extra `cluster` has it), or leave --scheduler out",
        )
    from distributed import Client, as_completed

    try:
        client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterTrouble(f"no scheduler answers at {scheduler}", next_step="start one with `dask scheduler`, and name it as tcp://HOST:8786") from error
    with client:
        _asked(client.run(_able, [str(job.out) for job in jobs]))
        futures = client.map(analyse, jobs, pure=False)
        names = {future.key: job.name for job, future in zip(jobs, futures, strict=True)}
        for future in as_completed(futures, loop=client.loop):
            trouble = future.exception()
            yield future.result() if trouble is None else failed(names[future.key], trouble)


def _able(places: Sequence[str]) -> dict[str, Any]:
    """What a worker has to say before it is given work."""
    return {"version": program_version(), "algorithm": ALGORITHM_VERSION, "unseen": [place for place in places if not Path(place).is_dir()][:1]}


def _asked(answers: Mapping[str, Mapping[str, Any]]) -> None:
    if not answers:
        raise ClusterTrouble("the cluster has no workers", next_step="start some with `dask worker SCHEDULER --nworkers auto --nthreads 1`")
    for worker, said in answers.items():
        if (said["version"], said["algorithm"]) != (program_version(), ALGORITHM_VERSION):
            raise ClusterTrouble(f"{worker} has another somalink ({said['version']})", next_step="install the same version on every worker")
        if said["unseen"]:
            raise ClusterTrouble(
                f"{worker} does not see {said['unseen'][0]}", next_step="give inputs and --out on a disk that all workers share, under one path"
            )
