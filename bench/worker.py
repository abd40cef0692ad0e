"""A process that holds one library and does what it is asked, one job at a time, timing itself: `python -m bench.worker LIBRARY`.

Processor time of the whole process and of its children, so that a library that hands work on is charged for it. What the library prints goes
where errors go; only answers are on the line to the driver.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from bench.day import Recording
from bench.work import Answer, Job, Request, Work, request


def main() -> None:
    """Answers until the driver hangs up."""
    to_driver = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        print(worker.do(request(line)).line(), file=to_driver)


class Worker:
    """Jobs of one library, each prepared once."""

    def __init__(self, library: str) -> None:
        self._module = f"bench.libraries.{library}"
        self._recordings: dict[str, Recording] = {"": Recording(np.zeros(0, np.int64))}
        self._prepared: dict[str, Work] = {}

    def do(self, asked: Request) -> Answer:
        """Whatever a library raises is an answer: one library that fails is told by its name, and the others go on."""
        try:
            return timed(self._work(asked))
        except Exception:  # noqa: BLE001 (the outermost edge of a process that runs others' code)
            return Answer(error=traceback.format_exc())

    def _work(self, asked: Request) -> Work:
        key = asked.line()
        if key not in self._prepared:
            jobs: dict[str, Job] = import_module(self._module).JOBS
            recording = self._recording(asked.recording)
            if asked.warm:
                jobs[asked.job](recording, few(asked.figures))()
            self._prepared[key] = jobs[asked.job](recording, asked.figures)
        return self._prepared[key]

    def _recording(self, file: str) -> Recording:
        if file not in self._recordings:
            self._recordings[file] = Recording(np.load(file))
        return self._recordings[file]


def few(figures: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with three windows, or three beats, where it says which: enough to have everything imported and planned."""
    shorter = dict(figures)
    if "stops" in figures:
        shorter["stops"] = figures["stops"][:3]
    if "count" in figures:
        shorter["count"] = 3
    return shorter


def timed(work: Work) -> Answer:
    """Does it once, with the rubbish of the last one cleared away before."""
    gc.collect()
    wall, cpu = time.perf_counter(), processor_s()
    done = work()
    cpu, wall = processor_s() - cpu, time.perf_counter() - wall
    return Answer(cpu, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, done.units, done.values, dict(done.told))


def processor_s() -> float:
    """Time on any processor, of this process and of children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
