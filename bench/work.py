"""What driver and workers say to each other: a job, on a recording, with figures; and what came of it. One line of JSON each.

A library's module has a table `JOBS`. A job takes the recording and its figures, prepares (untimed), and returns what is then timed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.day import Recording

FEATURES = ("HRV_MeanNN", "HRV_SDNN", "HRV_RMSSD", "HRV_LnRMSSD", "HRV_pNN50", "HRV_SD1", "HRV_SD2", "HRV_SI", "HRV_LF", "HRV_HF", "HRV_LFHF")
"""The eleven, in the order in which every library gives them; NaN for one it does not have. A test holds them to `processing.indices.features`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`units`: how many windows, beats or days were worked on. `values`: (windows, 11), where a job gives them. `told`: other figures by name."""

    units: float
    values: list[list[float]] | None = None
    told: Mapping[str, float] = field(default_factory=dict)


Work = Callable[[], Outcome]
Job = Callable[[Recording, Mapping[str, Any]], Work]


@dataclass(frozen=True, slots=True)
class Request:
    """`recording`: a file of intervals (npy). `warm`: do a little of it untimed before the first time, so that no one-off cost is measured."""

    job: str
    recording: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    warm: bool = True

    def line(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """Processor and wall time of one go, the worker's greatest memory so far in MB, and the outcome. `error`: what went wrong instead."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_mb: float = 0.0
    units: float = 0.0
    values: list[list[float]] | None = None
    told: Mapping[str, float] = field(default_factory=dict)
    error: str = ""

    @property
    def each_s(self) -> float:
        """Processor time a unit."""
        return self.cpu_s / self.units

    def line(self) -> str:
        return json.dumps(asdict(self))


def request(line: str) -> Request:
    return Request(**json.loads(line))


def answer(line: str) -> Answer:
    return Answer(**json.loads(line))
