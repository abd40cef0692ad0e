"""Jobs of an analysis: made of what was named, done here, in a pool of processes or on a cluster, and what they came to.

Knows who is in which input and how many may work at once; what a job is and does is `analysing`'s.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ingest.recording import read_meta
from somalink.domain.constants import ALGORITHM_VERSION
from somalink.domain.errors import BadInput, SomalinkError, StoreError, UsageError
from somalink.domain.identity import digest
from somalink.pipeline.analysing import SAID, UNDONE, WORK, Done, Given, Job, Wish, analyse, failed, is_one_recording, results
from somalink.pipeline.cluster import on_cluster
from somalink.storage.files import private_file, safe_name
from somalink.storage.local import LocalStore
from somalink.storage.locks import results_lock
from somalink.storage.parquet import program_version

ABOUT = "analysis.json"
META = "meta.json"
SQLITE = b"SQLite format 3\0"
LIBRARIES = ("numpy", "scipy", "pyarrow")
"""What figures and files may depend on."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Threads of numpy's libraries would only fight with the other workers."""

Told = Callable[[Done], None]


# ---------------------------------------------------------------- what is to be done


def plan(paths: Sequence[Path], wish: Wish, out: Path, *, person: str | None = None, user: str = "me", unread: list[Done] | None = None) -> list[Job]:
    """A job for every person in the inputs, or for every recording where its usual is its own.

    `paths`: stores, recording folders, folders that hold recording folders, RR text files. `person`: whose, of stores; whom they are of, of the rest.
    `user`: whose a text file is, which does not say. BadInput for what is none of these.
    `unread`: takes, as failed, stores and folders that do not even say whose they are; without it their error is raised.
    """
    given = [each for path in paths for whole in _each(path) for each in _given(whole, person, user, unread)]
    if not given and not unread:
        raise BadInput("there is nothing to analyse in what was named", next_step="name stores, recording folders or RR text files")
    groups: dict[tuple[str, str], list[Given]] = {}
    for whose, each in given:
        if not is_one_recording(wish.mode):
            groups.setdefault((whose, ""), []).append(each)
            continue
        for name, one in _one_by_one(whose, each):
            groups.setdefault((whose, name), []).append(one)
    names = _names([name or whose for whose, name in groups])
    nobodys = tuple(each.name for each in unread or ())
    return [Job(name, whose, tuple(found), wish, out.resolve(), nobodys) for name, ((whose, _), found) in zip(names, groups.items(), strict=True)]


def _each(path: Path) -> Iterator[Path]:
    """What was named: a store, a text file, a recording folder, or all recording folders in a folder."""
    if not path.exists():
        raise BadInput(f"{path} does not exist", next_step="check the path; stores, recording folders and RR text files can be analysed")
    path = path.resolve()
    if path.is_file() or (path / META).exists():
        yield path
        return
    folders = [each for each in sorted(path.iterdir()) if (each / META).exists()]
    if not folders:
        raise BadInput(f"{path}: no recording folder, and none in it", next_step="a recording folder has a meta.json (docs/recording-folder.md)")
    yield from folders


def _given(path: Path, person: str | None, user: str, unread: list[Done] | None) -> list[tuple[str, Given]]:
    """(whose, input) of a store's people, of a text file or of a recording folder."""
    try:
        return [(whose, Given(path, is_store=is_store(path))) for whose in _whose(path, person, user)]
    except SomalinkError as error:
        if unread is None:
            raise
        unread.append(Done(path.name, "failed", what=error.what, next_step=error.next_step))
        return []


def _whose(path: Path, person: str | None, user: str) -> list[str]:
    if path.is_dir():
        return [read_meta(path / META, person=person).person]
    if not is_store(path):
        return [person or user]
    with LocalStore.open(path, create=False, read_only=True) as store:
        return [who for who in store.people() if store.recordings(who) and person in (None, who)]


def is_store(path: Path) -> bool:
    """Whether something is a database file, by its first bytes."""
    if path.is_dir():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})", next_step="check who owns the file") from error


def _one_by_one(whose: str, given: Given) -> Iterator[tuple[str, Given]]:
    """(name, recording) of each recording of an input."""
    if not given.is_store:
        yield f"{whose}-{given.path.name}", given
        return
    with LocalStore.open(given.path, create=False, read_only=True) as store:
        for found in store.recordings(whose):
            unit = found.unit
            yield f"{whose}-{unit.device}-{unit.recording[:12]}", Given(given.path, is_store=True, recording=unit.recording)


def _names(wanted: Sequence[str]) -> list[str]:
    """Folder names: what may be in one; with a few digits where that made two of them equal, or another one."""
    safe = [safe_name(name) for name in wanted]
    often = Counter(safe)
    return [name if name == was and often[name] == 1 else f"{name}-{digest(was)[:6]}" for was, name in zip(wanted, safe, strict=True)]


# ---------------------------------------------------------------- doing it


def carry_out(jobs: Sequence[Job], *, workers: int | None = None, scheduler: str | None = None, told: Told | None = None) -> list[Done]:
    """Does them all; what becomes of one does not touch the others. `told` hears of each as it ends.

    `workers`: processes, else all cores; with one the work is done here. `scheduler`: the address of a Dask cluster, which does it instead.
    Interrupted, what is done stays and nothing half-done does. EngineLocked while another one works into the same folder.
    """
    done: list[Done] = []
    with ExitStack() as held:
        for place in sorted({job.out for job in jobs}):
            held.enter_context(results_lock(place))
            sweep(place)
            held.callback(sweep, place)
        ending = _here(jobs, workers or os.cpu_count() or 1) if scheduler is None else on_cluster(scheduler, jobs)
        for each in held.enter_context(closing(ending)):
            done.append(each)
            if told is not None:
                told(each)
    return done


def sweep(out: Path) -> None:
    """Takes away what workers that were killed left half-done, and nothing else that is called so. For whoever holds the folder's lock."""
    for left in out.glob(f".*{UNDONE}"):
        if any((left / name).exists() for name in (WORK, SAID)):
            shutil.rmtree(left, ignore_errors=True)


def _here(jobs: Sequence[Job], workers: int) -> Generator[Done]:
    if workers == 1 or len(jobs) <= 1:
        yield from map(_one, jobs)
        return
    left = deque(jobs)
    with _single_threaded():
        while left:
            for job in (yield from _pooled(left, workers)):
                if (yield from _pooled(deque((job,)), 1)):
                    yield _died(job.name)


def _pooled(left: deque[Job], workers: int) -> Generator[Done, None, list[Job]]:
    """Takes jobs from `left` and has them done, one a process. Returns when none is left, or a worker has died, then with the jobs under way.

    Which of them it was that died is not known, and the pool is of no more use: alone in a pool of its own, each one shows.
    """
    under_way: dict[Future[Done], Job] = {}
    with ProcessPoolExecutor(min(workers, len(left)), mp_context=multiprocessing.get_context("spawn"), initializer=_deaf) as pool:
        try:
            while left or under_way:
                while left and len(under_way) < workers:
                    under_way[pool.submit(analyse, left[0])] = left[0]
                    left.popleft()
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        raise BrokenProcessPool
                    yield _ended(under_way.pop(future).name, future)
        except BrokenProcessPool:
            pass  # it ends the other workers itself
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
    return list(under_way.values())


def _died(name: str) -> Done:
    return Done(
        name,
        "failed",
        what="its process was ended from outside, as the system does where memory runs out",
        next_step="close other programs, then run the same command again, with fewer --jobs or shorter --windows",
    )


def _one(job: Job) -> Done:
    future: Future[Done] = Future()
    try:
        future.set_result(analyse(job))
    except Exception as error:  # noqa: BLE001 (the outermost edge of a job: what becomes of one does not touch the others)
        future.set_exception(error)
    return _ended(job.name, future)


def _ended(name: str, future: Future[Done]) -> Done:
    """What a job came to, also where it came to a fault of ours or its process to its end."""
    error = future.exception()
    return future.result() if error is None else failed(name, error)


def _deaf() -> None:
    """Ctrl-C is for whoever waits: a worker ends when it is told to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes that are started meanwhile use one thread each."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


# ---------------------------------------------------------------- what the whole says of itself


def prepare(out: Path, wish: Wish) -> None:
    """The folder of the results, for its owner alone. UsageError where it holds another analysis: results that look alike and are not."""
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{out}: the folder cannot be made ({error.strerror})", next_step="name another with --out") from error
    before, now = _about(out), _what(wish)
    if before and any(before.get(key) != value for key, value in now.items()):
        raise UsageError(
            f"{out} holds another analysis",
            next_step="name another --out, or give the same --constants, --baseline, --windows, --corrected and --hrv as before",
        )
    conclude(out, wish)


def conclude(out: Path, wish: Wish) -> None:
    """Writes down what was done, with what and from what: all results that are in the folder now."""
    said = {
        "somalink": program_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        **_what(wish),
        "inputs": {found["job"]: found["inputs"] for found in results(out)},
    }
    with private_file(out / ABOUT) as file:
        file.write((json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def _what(wish: Wish) -> dict[str, Any]:
    """What makes an analysis this one."""
    whole: dict[str, Any] = json.loads(
        json.dumps(
            {
                "analysis": wish.analysis,
                "algorithm": ALGORITHM_VERSION,
                "baseline": wish.mode.name,
                "windows": {"window_s": wish.window_s, "step_s": wish.step_s, "corrected": wish.corrected},
                "hrv": wish.hrv,
                "constants": asdict(wish.constants),
            }
        )
    )
    return whole


def _about(out: Path) -> dict[str, Any]:
    try:
        said = json.loads((out / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{out / ABOUT} cannot be read", next_step="name another --out, or take that file away") from error
    return said if isinstance(said, dict) else {}
