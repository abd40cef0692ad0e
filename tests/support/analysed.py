"""Small lives to be analysed: a few hours a day with movement, postures and a tag, as folders and as stores made of them."""

import os
import signal
from pathlib import Path
from unittest.mock import patch

import numpy as np
from fake_strap import heart
from recording_folders import folder

from somalink.domain.constants import Constants
from somalink.pipeline.analysing import Done, Job, analyse
from somalink.pipeline.intake import from_path
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, run_archive
from somalink.storage.local import LocalStore

CONSTANTS = Constants()
EARLIER = "0"
"""What an older program's algorithm is called here."""


def life(place: Path, *, person: str = "ada", days: int = 2, minutes: int = 90, seed: int = 0) -> list[Path]:
    """A recording folder a day: she sits, lies down for a while, walks ten minutes in thirty, and tags one moment."""
    place.mkdir(parents=True, exist_ok=True)
    return [_day(place, person, day, minutes, seed + 10 * day) for day in range(days)]


def _day(place: Path, person: str, day: int, minutes: int, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    ticks = heart(minutes, seed=seed)
    t_s = np.cumsum(ticks) / 1024
    walks = (np.arange(int(t_s[-1])) // 60 % 30) >= 20
    steps = np.where(walks, rng.integers(1, 3, len(walks)), 0)
    postures = ["standing" if walk else ("lying" if 600 <= second < 1000 else "sitting") for second, walk in enumerate(walks)]
    return folder(
        place / f"{person}-{day + 1}",
        meta={"person": person, "start": f"2026-03-0{day + 1}T09:00:00+01:00"},
        rr="t_s,rr_ms\n" + "".join(f"{t:.4f},{tick / 1.024:.7f}\n" for t, tick in zip(t_s, ticks, strict=True)),
        steps="t_s,steps\n" + "".join(f"{k},{n}\n" for k, n in enumerate(steps)),
        posture="t_s,posture\n" + "".join(f"{k},{word}\n" for k, word in enumerate(postures)),
        events="t_s,kind,id\n" + f"1800,conflict,00000000-0000-4000-8000-{seed:012d}\n",
    )


def ends_with_ben(job: Job) -> Done:
    """`analyse` where memory runs out over ben: his process is killed."""
    if job.person == "ben":
        os.kill(os.getpid(), signal.SIGKILL)
    return analyse(job)


def replayed(path: Path, folders: list[Path], *, secret: str = "sesame", version: str | None = None) -> Path:
    """A store with these recordings, taken in as `somalink import` does; `version`: by a program with another algorithm."""
    if version is not None:
        with patch("somalink.domain.constants.ALGORITHM_VERSION", version):
            return replayed(path, folders, secret=secret)
    with LocalStore.open(path) as store:
        for each in folders:
            intake = from_path(each)
            store.person_secret(intake.unit.person, given=secret)
            run_archive(store, intake, Mode(), CONSTANTS)
        for person in store.people():
            settle_person(store, person, CONSTANTS)
    return path


def differing(one: LocalStore, two: LocalStore, person: str) -> list[str]:
    """Names of what is not equal in two stores, bit for bit, of all that an engine and the person stage say."""
    found = {
        "analysis": one.current_analysis(person) == two.current_analysis(person),
        "episodes": one.device_episodes(person) == two.device_episodes(person),
        "links": one.links(person) == two.links(person),
        "metrics": one.event_metrics(person) == two.event_metrics(person),
        "baselines": one.tier_baselines(person) == two.tier_baselines(person),
        "units": one.units(person) == two.units(person),
        "totals": {**one.totals(person), "prompts": 0} == {**two.totals(person), "prompts": 0},
    }
    for unit in one.units(person):
        for name, column in one.recording_grid(unit).arrays().items():
            found[f"grid.{name}"] = np.array_equal(column, two.recording_grid(unit).arrays()[name])
        for name, column in one.recording_beats(unit).arrays().items():
            found[f"beats.{name}"] = np.array_equal(column, two.recording_beats(unit).arrays()[name])
        found[f"candidates {unit.recording}"] = one.recording_candidates(unit) == two.recording_candidates(unit)
        found[f"gaps {unit.recording}"] = one.recording_gaps(unit) == two.recording_gaps(unit)
    return [name for name, same in found.items() if not same]
