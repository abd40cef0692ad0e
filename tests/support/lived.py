"""A store with a few still hours of one strap, a spike where it is wanted, and a person who was told what prompts are."""

from dataclasses import fields
from pathlib import Path

import numpy as np

from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import Baseline, Episode, Gate, Grid, Setting, UtcOffset
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow

PERSON = "ann"
UNIT = Unit(PERSON, "strap", "r1", "A")
T0 = 492_009 * HOUR_NS
"""09:00 UTC: a waking hour."""
HOURS = 6
CONSTANTS = Constants()
USUAL = Baseline(1, "personal", T0, (0,) * 8, ((0,) * 8,) * 8, 5_000_000, 3_000_000, 30.0, 9, None, None, {"level": 2.0}, {"level": 2.5})


def minute(n: float) -> int:
    """UTC nanoseconds of a minute of these hours, on the grid."""
    return T0 + round(n * 12) * GRID_NS


def still(**stretches: tuple[float, float, int]) -> Grid:
    """Six hours of sitting still; `name=(from min, to min, value)` sets a column there."""
    n = HOURS * HOUR_NS // GRID_NS
    table = {f.name: np.zeros(n, np.int64) for f in fields(Grid)}
    table |= {"stop_ns": T0 + GRID_NS * np.arange(1, n + 1), "hr": np.full(n, 70_000), "hr_q": np.full(n, 9_500), "gate": np.full(n, Gate.STILL)}
    table |= {"maturity": np.full(n, 100), "motion_conf": np.full(n, 100), "baseline": np.ones(n, np.int64)}
    for name, (start, stop, value) in stretches.items():
        table[name.split("__")[0]][(table["stop_ns"] >= minute(start)) & (table["stop_ns"] <= minute(stop))] = value
    return Grid(**table)


def spike(start: float, stop: float | None, *, peak: float = 3.0, state: str = "final", driver: str = "level") -> Episode:
    """Sure a minute after its start."""
    end = None if stop is None else minute(stop)
    return Episode(f"s{start}", "spike", driver, minute(start), end, minute(start + 1), minute(start + 1), peak, peak, 0.9, 0.7, "still", False, 0.4, state)


def agree(store: LocalStore, at_ns: int = T0, **choices: str) -> None:
    """The first days are over: measured, introduced, chance allowed."""
    said = {"consent_measure": "yes", "introduced": "yes", "randomised": "yes", **choices}
    with store.transaction() as write:
        for key, value in said.items():
            put = write.put_profile if key.startswith("consent") else write.put_setting
            put(Setting(PERSON, key, value, at_ns, 1))


def keep(store: LocalStore, grid: Grid, *episodes: Episode, lead: bool | None = None) -> None:
    with store.transaction() as write:
        write.put_recording(UNIT, RecordingRow(T0, T0 + HOURS * HOUR_NS, analysis="a"))
        write.put_utc_offsets(UNIT, [UtcOffset(T0 - HOUR_NS, 0)])
        write.put_baseline(PERSON, "A", "a", USUAL)
        write.put_grid(UNIT, "a", grid)
        write.put_episodes(UNIT, "a", episodes, lead=lead)


def opened(file: Path, *, secret: str = "39") -> LocalStore:
    """With a secret whose random times of this day are the minutes 159 and 329 of it."""
    store = LocalStore.open(file)
    store.person_secret(PERSON, given=secret)
    return store


def until(grid: Grid, t_ns: int) -> Grid:
    """What of it was FINAL by then."""
    return grid.take(grid.stop_ns <= t_ns)


TEN_NS = 10 * MINUTE_NS
