"""Clients of three months whose truth is known, as stores: FINAL rows written directly, without beats and without the engine, in seconds.

`grid_client("settling", store)` fills a store and returns what is true of it; `client_store` has it ready when it was asked for before.
The level z is noise with two time constants, the hour, what movement leaves behind, and reactions of a known height at known moments;
the rest of a row (heart rate, movement, quality) agrees with that z.

`lived_store` has the clients of `ingest.simulate.clients`, whose beats went the whole road through the engine: minutes, when it is not kept.
"""

from __future__ import annotations

import inspect
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from scipy.signal import lfilter

from ingest.localtime import utc_offsets
from ingest.simulate import CLIENTS, SimulatedSource
from ingest.simulate.planning import Surge
from ingest.simulate.wearer import Ways
from ingest.tags import stable_uuid
from processing.ledger import prompt_id
from somalink.domain.catalogue import ACTIONS, AROUSAL, OF_EVENT, OFFER, RANDOM, SENSATIONS, THEMES, WITH_WHOM, WITHHELD
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit, digest
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, ceil_to, from_datetime
from somalink.domain.types import (
    UNKNOWN,
    Answer,
    Baseline,
    BoolArray,
    Episode,
    Event,
    FloatArray,
    Gap,
    Gate,
    Grid,
    IntArray,
    Plan,
    Prompt,
    Rating,
    Session,
    Stream,
)
from somalink.pipeline.intake import from_simulation
from somalink.pipeline.run import Mode, run_archive
from somalink.storage import LocalStore
from somalink.storage.rows import DeviceStatus, RecordingRow

ROOT = Path(__file__).parents[2]
KEPT_IN = ROOT / ".pytest_cache" / "d" / "clients"
CONSTANTS = Constants()
ANALYSIS = Mode().analysis(CONSTANTS)
DEVICE = "Simulated strap"
ZONE = "Europe/Berlin"
FIRST_DAY = date(2026, 3, 2)
"""A Monday; the clocks go forward on the 28th day."""
SPREAD_BPM = 4.0
"""The person's own spread: one SD of z."""
A_MINUTE = MINUTE_NS // GRID_NS
A_DAY = 24 * 60 * A_MINUTE
BREAK_H = 4
PLEASANT = ("connection", "support", "group")
RISE_S = 20.0
HOLD_S = 200.0


class Moments(NamedTuple):
    """How often a kind is tagged in ninety days, and how high the level then rises at its peak, in SD: on the first day, and on the last."""

    tags: int
    first: float = 0.0
    last: float = 0.0


HARD, MILD, NONE = (3.0, 3.0), (1.25, 1.25), (0.0, 0.0)
KINDS: Mapping[str, Moments] = {
    "conflict": Moments(26, *HARD),
    "criticism": Moments(26, *HARD),
    "rejection": Moments(20, *MILD),
    "exclusion": Moments(12, *MILD),
    "ignored": Moments(18, *MILD),
    "boundary": Moments(12, *MILD),
    "connection": Moments(32, *NONE),
    "support": Moments(16, *NONE),
    "reaching_out": Moments(12, *MILD),
    "group": Moments(14, *NONE),
    "other": Moments(6, *NONE),
}
"""Of somebody who reacts the same throughout: 12 bpm to a conflict, 5 bpm to being ignored, nothing to company. A step a week comes on top."""


@dataclass(frozen=True)
class Character:
    """What is true of a client. Counts are for ninety days and shrink with fewer."""

    kinds: Mapping[str, Moments] = field(default_factory=lambda: KINDS)
    step: tuple[float, float] = HARD
    """Height of a planned step's reaction, first and last day."""
    settle_s: tuple[float, float] = (300.0, 300.0)
    """Time constant with which a reaction settles, first and last day."""
    uneven: float = 0.3
    """Spread (of the logarithm) of single reactions around the height of their kind; their mean is that height."""
    watching: bool = False
    """Tags are put where the chart has just risen, and made right after; nothing that happens moves the heart."""
    blind: float = 0.9
    """Share of tags made before the chart was seen; of the rest the chart was seen."""
    blind_unknown: float = 0.04
    """Share of which that is not known."""
    certainties: Mapping[int, float] = field(default_factory=lambda: {60: 0.4, 300: 0.4, 900: 0.12, 2700: 0.05, 10800: 0.03})
    vague_by: float = 0.5
    """How far off the time of a tag is, in units of its certainty (one SD)."""
    late: int = 8
    """Tags made on the next day."""
    overlapping: int = 6
    """Tags that follow another within 3 to 8 min."""
    outside: int = 6
    """Tags of times at which nothing was worn; they come on top."""
    restless: float = 0.1
    """Share of moments around which the body is not kept still."""
    unwell: tuple[int, int] = (40, 44)
    """First and last of the days on which the person was unwell, counted from 0; empty when the last is before the first."""
    unwell_bpm: float = 6.0
    medication_day: int | None = None
    medication_bpm: float = -6.0
    medication_share: float = 1.0
    """What is left of reactions from the day on which the medication was changed."""
    drift_bpm: float = 0.0
    """Heart rate at rest on the last day less the first's."""
    belonging: tuple[float, float] = (4.5, 4.5)
    engagement: tuple[float, float] = (5.0, 5.0)
    offers_a_day: float = 0.0
    """Randomised decisions a day, two thirds of them after a rise."""
    offer_p: float = 0.6
    offer_effect: float = 0.0
    """What an offer does to the level from 5 to 15 min after it, in SD, whether it is taken or not: the true intention to treat."""
    off_days: float = 0.04


HALVED = {name: moments._replace(last=moments.first / 2) for name, moments in KINDS.items()}
OFFERED = {"kinds": {name: moments._replace(tags=moments.tags // 2) for name, moments in KINDS.items()}, "offers_a_day": 2.2}
CHARACTERS: Mapping[str, Character] = {
    "settling": Character(HALVED, (3.0, 1.5), (360.0, 150.0), belonging=(4.0, 6.5), engagement=(4.0, 6.0)),
    "steady": Character(),
    "watcher": Character(watching=True, blind=0.0, blind_unknown=0.0, late=0, overlapping=0),
    "breath_helps": Character(offer_effect=-0.7, **OFFERED),  # type: ignore[arg-type]
    "breath_idle": Character(**OFFERED),  # type: ignore[arg-type]
}


class Moved(NamedTuple):
    """The truth of one tagged moment. `dz10`: mean rise in the ten minutes from `t_ns`, where it really was, in SD."""

    event_id: str
    kind: str
    t_ns: int
    height: float
    settle_s: float
    dz10: float


@dataclass(frozen=True)
class Client:
    """What was written, and what is true of it."""

    name: str
    person: str
    unit: Unit
    character: Character | Ways
    start_ns: int
    stop_ns: int
    first_day: date
    last_day: date
    events: tuple[Event, ...]
    prompts: tuple[Prompt, ...]
    truth: tuple[Moved, ...]

    @property
    def span(self) -> str:
        return f"{self.first_day}/{self.last_day}"

    def true_dz10(self, kind: str) -> float:
        """Mean over its tags inside the recording."""
        return float(np.mean([row.dz10 for row in self.truth if row.kind == kind]))


def grid_client(name: str, store: LocalStore, *, days: int = 90, seed: int = 1, person: str = "", **changed: Any) -> Client:
    """Writes a client into a store and says what is true of it. `changed`: fields of `Character` that are to be otherwise, as in
    `grid_client("steady", store, late=20, medication_day=50)`. `name` may be new, then it is `steady` with these changes."""
    character = replace(CHARACTERS.get(name, Character()), **changed)
    return _Living(name, person or name, character, days, seed).write(store)


@contextmanager
def client_store(name: str, file: Path, *, days: int = 90, seed: int = 1, **changed: Any) -> Iterator[tuple[LocalStore, Client]]:
    """A store of one's own, in `file`, with such a client in it: a copy of one that is made once and kept in pytest's cache until the code changes.

    A change that halves needs some forty moments of a kind to be seen: `kinds={**HALVED, "conflict": Moments(45, 3.0, 1.5)}`.
    """
    hashable = {field: tuple(value.items()) if isinstance(value, Mapping) else value for field, value in changed.items()}
    with _copied(_written, file, name, days, seed, tuple(sorted(hashable.items()))) as found:
        yield found


@contextmanager
def lived_store(name: str, file: Path, *, days: int = 90, seed: int = 1) -> Iterator[tuple[LocalStore, Client]]:
    """The same of a client of `ingest.simulate.clients`: lived beat by beat, through engine and store, a second a day. Kept until any code changes."""
    with _copied(_lived, file, name, days, seed, ()) as found:
        yield found


# ---------------------------------------------------------------- made once

Changes = tuple[tuple[str, Any], ...]
Make = Callable[[LocalStore, str, int, int, Changes], Client]


def _written(store: LocalStore, name: str, days: int, seed: int, changed: Changes) -> Client:
    fields = {field: dict(value) if field in ("kinds", "certainties") else value for field, value in changed}
    return grid_client(name, store, days=days, seed=seed, **fields)


def _lived(store: LocalStore, name: str, days: int, seed: int, changed: Changes) -> Client:
    ways = CLIENTS[name]
    start = datetime.combine(FIRST_DAY, time(6), ZoneInfo(ZONE))
    source = SimulatedSource(name, start, days, seed, tz=ZONE, ways=ways)
    store.person_secret(name, given=f"client/{name}/{seed}")
    run_archive(store, from_simulation(source), Mode(), CONSTANTS)
    spread = store.baselines(name)[-1].s_level_u / 1e6
    told = {event.id for event in source.events}
    truth = [
        Moved(event_id, h.kind, day.plan.ns(h.start), h.surge.bpm / spread if h.surge else 0.0, h.surge.settle if h.surge else 300.0, _dz10_of(h.surge, spread))
        for day in source.days
        for number, h in enumerate(day.plan.happenings)
        if (event_id := day.life.id("event", day.plan.number, number)) in told
    ]
    last_day = FIRST_DAY + timedelta(days=days - 1)
    said = tuple(source.events), tuple(source.prompts), tuple(truth)
    return Client(name, name, source.unit, ways, source.start_ns, source.end_ns, FIRST_DAY, last_day, *said)


def _dz10_of(surge: Surge | None, spread: float) -> float:
    """Mean of its first ten minutes, in SD."""
    if surge is None:
        return 0.0
    since = np.arange(5, 601, 5, dtype=np.float64)
    shape = -np.expm1(-2 * since / surge.rise) * np.exp(-np.clip(since - surge.rise - surge.hold, 0, None) / surge.settle)
    return float(surge.bpm * shape.mean() / spread)


@contextmanager
def _copied(make: Make, file: Path, *what: Any) -> Iterator[tuple[LocalStore, Client]]:
    made, client = _kept(make, *what)
    shutil.copyfile(made, file)
    file.chmod(0o600)
    with LocalStore.open(file) as store:
        yield store, client


@lru_cache
def _kept(make: Make, name: str, days: int, seed: int, changed: Changes) -> tuple[Path, Client]:
    """The file is whole whenever it is there, so that workers may ask for the same one at once."""
    what = f"{make.__name__[1:]}-{name}-{digest(days, seed, changed)[:8]}"
    made = KEPT_IN / f"{what}-{_code(make)}.db"
    if not made.exists():
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=KEPT_IN) as folder:
            with LocalStore.open(Path(folder) / "client.db") as store:
                client = make(store, name, days, seed, changed)
            (Path(folder) / "client").write_bytes(pickle.dumps(client))
            for old in KEPT_IN.glob(f"{what}-*"):
                old.unlink(missing_ok=True)
            (Path(folder) / "client").replace(made.with_suffix(".client"))
            (Path(folder) / "client.db").replace(made)
    return made, pickle.loads(made.with_suffix(".client").read_bytes())


STORED_BY = ("somalink/domain/types.py", *(f"somalink/storage/{name}.py" for name in ("schema", "blobs", "hours", "rows", "writer")))
LIVED_BY = (
    "ingest/simulate/*.py",
    "processing/indices/*.py",
    *(f"processing/{name}.py" for name in ("arousal", "chance", "cleaning", "engine", "episodes", "exact", "gates", "motion", "posture", "usual", "windows")),
    "somalink/pipeline/run.py",
    "somalink/pipeline/usuals.py",
    "somalink/domain/constants.py",
)


@lru_cache
def _code(make: Make) -> str:
    """What a kept store rests on: the code it came through."""
    own = Path(__file__).read_text(encoding="utf-8") if make is _written else inspect.getsource(_lived) + inspect.getsource(_dz10_of)
    places = STORED_BY if make is _written else (*STORED_BY, *LIVED_BY)
    return digest(own, *(file.read_text(encoding="utf-8") for place in places for file in sorted(ROOT.glob(place))))[:12]


# ---------------------------------------------------------------- shapes


def response(since_s: FloatArray, settle_s: float) -> FloatArray:
    """A reaction of height 1 at `since_s` seconds after its beginning: up within a minute, held three, settling exponentially."""
    risen = -np.expm1(-np.clip(since_s, 0, None) / RISE_S)
    return np.asarray(risen * np.exp(-np.clip(since_s - HOLD_S, 0, None) / settle_s))


def dz10_of(height: float, settle_s: float) -> float:
    """Mean of the first ten minutes of a reaction."""
    return float(height * response(np.arange(5, 601, 5, dtype=np.float64), settle_s).mean())


def relief(since_s: FloatArray) -> FloatArray:
    """What an offer does, in units of its effect: nothing in the first minute, all of it from 4 to 16 min, gone after 25."""
    return np.interp(since_s, (60, 240, 960, 1500), (0, 1, 1, 0), left=0, right=0)


def _wander(draw: np.random.Generator, n: int, tau_s: float) -> FloatArray:
    """(n,) first-order noise of unit variance."""
    kept = np.exp(-5 / tau_s)
    return np.asarray(lfilter([np.sqrt(1 - kept**2)], [1, -kept], draw.normal(size=n + 4000))[4000:])


def _smooth(values: FloatArray, tau_s: float) -> FloatArray:
    kept = np.exp(-5 / tau_s)
    return np.asarray(lfilter([1 - kept], [1, -kept], values, zi=[kept * values[0]])[0])


# ---------------------------------------------------------------- a life on the grid


class _Stay(NamedTuple):
    """One social moment, as it happened. `kept`: the body is kept still around it."""

    kind: str
    day: int
    at: int
    kept: bool
    step: int | None = None


class _Living:
    """One client while it is written: everything on the 5-s grid from 04:00 of the first day on; index k is the point that ends there."""

    def __init__(self, name: str, person: str, character: Character, days: int, seed: int) -> None:
        self.name, self.person, self.character, self.days, self.seed = name, person, character, days, seed
        self.unit = Unit(person, DEVICE, digest("client", name, seed, days, character), "B")
        zone = ZoneInfo(ZONE)
        dawns = [datetime.combine(FIRST_DAY + timedelta(days=day), time(BREAK_H), zone).astimezone(UTC) for day in range(days + 1)]
        self.first_ns = from_datetime(dawns[0])
        self.dawn = [(from_datetime(dawn) - self.first_ns) // GRID_NS for dawn in dawns]
        self.n = self.dawn[-1]
        draw = self.chance("days")
        self.on = [self.dawn[day] + round(float(draw.normal(3.2, 0.3)) * 60) * A_MINUTE for day in range(days)]
        self.off = [self.dawn[day] + round(float(draw.normal(18.4, 0.3)) * 60) * A_MINUTE for day in range(days)]
        self.wearing = draw.random(days) >= character.off_days
        self.wearing[[0, -1]] = True

    def chance(self, *purpose: object) -> np.random.Generator:
        """One stream a purpose: what is changed in one part of a life leaves the others as they were."""
        words = [int(digest("grid client", self.person, self.seed, *purpose)[at : at + 8], 16) for at in range(0, 32, 8)]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

    def ns(self, k: int) -> int:
        """When the point k ends."""
        return self.first_ns + int(k) * GRID_NS

    def id(self, *what: object) -> str:
        return stable_uuid("grid client", self.name, self.seed, *what)

    def share(self, day: float) -> float:
        """How far into the span a day is, from 0 to 1."""
        return min(max(day / max(self.days - 1, 1), 0.0), 1.0)

    def day_of(self, k: int) -> int:
        return int(np.searchsorted(self.dawn, k, side="right")) - 1

    def unwell(self, day: int) -> bool:
        return self.character.unwell[0] <= day <= self.character.unwell[1]

    def local_hour(self, k: int) -> float:
        day = self.day_of(k)
        return BREAK_H + (k - self.dawn[day]) / (60 * A_MINUTE)

    # ---- when something happens

    @cached_property
    def stays(self) -> list[_Stay]:
        """What will be tagged, at most four a day and 80 min apart, with a step on every seventh day; what overlaps comes right after another."""
        draw, want = self.chance("moments"), self._kinds()
        worn = [day for day in range(self.days) if self.wearing[day]]
        free = {day: self._slots(draw, day) for day in worn}
        out = [_Stay("exposure_step", day, free[day].pop(0), True, day // 7) for day in worn if day % 7 == 5 and free[day]]
        overlapping = min(self._count(self.character.overlapping), len(want) // 4)
        last: list[int] = []
        for number, kind in enumerate(want[overlapping:]):
            if not last:
                last = draw.permutation([day for day in worn if free[day]]).tolist()
            if not last:
                break
            day = last.pop()
            at = free[day].pop(int(draw.integers(len(free[day]))))
            out.append(_Stay(kind, day, at, bool(draw.random() >= self.character.restless)))
            if number < overlapping:
                out.append(_Stay(want[number], day, at + int(draw.integers(3 * A_MINUTE, 8 * A_MINUTE)), True))
        return sorted(out, key=lambda stay: stay.at)

    def _count(self, of_ninety: float) -> int:
        return round(of_ninety * self.days / 90)

    def _kinds(self) -> list[str]:
        names = [name for name, moments in self.character.kinds.items() for _ in range(self._count(moments.tags))]
        return [names[k] for k in self.chance("order").permutation(len(names))]

    def _slots(self, draw: np.random.Generator, day: int) -> list[int]:
        """Up to four times of a day for a moment, in order, far enough from each other that their hours of recovery rarely meet."""
        picked: list[int] = []
        for _ in range(30):
            at = int(draw.integers(self.on[day] + 70 * A_MINUTE, self.off[day] - 50 * A_MINUTE))
            if len(picked) < 4 and all(abs(at - other) >= 80 * A_MINUTE for other in picked):
                picked.append(at)
        return sorted(picked)

    # ---- what the body does

    @cached_property
    def acts(self) -> tuple[IntArray, FloatArray]:
        """(gate, movement in mg) of every point: sitting, broken by standing up, walks and the rest after them."""
        gate, motion = np.full(self.n, Gate.STILL, np.int64), np.zeros(self.n)
        kept = np.zeros(self.n, np.bool_)
        for stay in self.stays:
            if stay.kept and not self.character.watching:
                kept[max(stay.at - 22 * A_MINUTE, 0) : stay.at + 35 * A_MINUTE] = True
        draw = self.chance("acts")
        motion[:] = np.where(draw.random(self.n) < 0.1, draw.uniform(0, 14, self.n), 0)
        for day in range(self.days):
            k = self.on[day] + int(draw.integers(0, 20 * A_MINUTE))
            while k < self.off[day]:
                k = self._break(draw, gate, motion, kept, k)
                k += int(draw.uniform(14, 65) * A_MINUTE)
        return gate, motion

    def _break(self, draw: np.random.Generator, gate: IntArray, motion: FloatArray, kept: BoolArray, k: int) -> int:
        """Gets up at `k`, or as soon as nothing is going on any more; where it ends."""
        walk = draw.random() < 0.4
        moving = int(draw.uniform(3, 13) * A_MINUTE) if walk else int(draw.uniform(1, 4) * A_MINUTE)
        after = int(draw.uniform(10, 18) * A_MINUTE) if walk else 18
        while k < self.n and kept[k : k + moving + after].any():
            k += A_MINUTE
        between, behind = min(k + moving, self.n), min(k + moving + after, self.n)
        gate[k:between] = Gate.MOVING if walk else Gate.LIGHT
        gate[between:behind] = Gate.RECOVERY if walk else Gate.POSTURE
        motion[k:between] = draw.uniform(190, 300, between - k) if walk else draw.uniform(15, 58, between - k)
        return behind

    # ---- the level

    @cached_property
    def noise(self) -> FloatArray:
        """z of an ordinary day: two time constants, a day's mood, the hour, and what legs and rest leave unexplained."""
        draw = self.chance("noise")
        z = np.sqrt(0.4) * _wander(draw, self.n, 90) + np.sqrt(0.5) * _wander(draw, self.n, 2400)
        mood, peak = draw.normal(0, 0.25, self.days), draw.normal(15, 1, self.days)
        for day, (start, stop) in enumerate(pairwise(self.dawn)):
            hour = BREAK_H + np.arange(stop - start) / (60 * A_MINUTE)
            z[start:stop] += mood[day] + 0.2 * np.cos((hour - peak[day]) * (2 * np.pi / 24))
        gate = self.acts[0]
        z += _smooth(0.7 * np.isin(gate, (Gate.MOVING, Gate.RECOVERY)), 120)
        z -= 0.15  # what movement leaves behind is in the usual too
        return z + np.repeat(self.rest_bpm - self.usual_bpm, np.diff(self.dawn)) / SPREAD_BPM

    @cached_property
    def rest_bpm(self) -> FloatArray:
        """(days,) heart rate at rest as it truly is, without the mood of the day."""
        rest = 64.0 + self.character.drift_bpm * np.array([self.share(day) for day in range(self.days)])
        rest += np.array([self.character.unwell_bpm * self.unwell(day) for day in range(self.days)])
        if self.character.medication_day is not None:
            rest[self.character.medication_day :] += self.character.medication_bpm
        return rest

    @cached_property
    def usual_bpm(self) -> FloatArray:
        """(days,) what is usual on each day: the two weeks before it, as a fit of every morning would find it, unmoved by a few odd days."""
        return np.array([np.median(self.rest_bpm[max(day - 14, 0) : max(day, 1)]) for day in range(self.days)])

    @cached_property
    def moved(self) -> list[tuple[_Stay, float, float]]:
        """(moment, height, time constant) of every one; 0 high where nothing moved."""
        draw, character, out = self.chance("sizes"), self.character, []
        for stay in self.stays:
            first, last = character.step if stay.step is not None else character.kinds[stay.kind][1:]
            share = self.share(stay.day)
            height = (first + (last - first) * share) * float(draw.lognormal(-(character.uneven**2) / 2, character.uneven))
            if character.medication_day is not None and stay.day >= character.medication_day:
                height *= character.medication_share
            settle = character.settle_s[0] + (character.settle_s[1] - character.settle_s[0]) * share
            settle *= float(draw.lognormal(-0.02, 0.2))
            out.append((stay, 0.0 if character.watching else height, settle))
        return out

    @cached_property
    def lived(self) -> FloatArray:
        """The level with all that moved it, before any offer."""
        z = self.noise.copy()
        for stay, height, settle in self.moved:
            if height:
                stop = min(stay.at + 90 * A_MINUTE, self.n)
                z[stay.at + 1 : stop] += height * response(np.arange(1, stop - stay.at) * 5.0, settle)
        return z

    @cached_property
    def decisions(self) -> list[tuple[int, str, bool]]:
        """(point, trigger, offered) of the randomised decisions: after rises and at random times, by day, 90 min apart, away from what was tagged."""
        a_day, draw = self.character.offers_a_day, self.chance("decisions")
        if not a_day:
            return []
        onsets = [onset for _, onset, _ in _risen(self.lived, self.readable)]
        busy = np.array([stay.at for stay in self.stays])
        out: list[tuple[int, str, bool]] = []
        for day in range(self.days):
            first, last = self.on[day] + 60 * A_MINUTE, self.off[day] - 40 * A_MINUTE
            risen = [(k, AROUSAL) for k in onsets if first <= k < last]
            times = [(int(k), RANDOM) for k in sorted(draw.integers(first, last, 3)) if self.readable[int(k)]]
            wanted = {AROUSAL: int(draw.poisson(a_day * 2 / 3)), RANDOM: int(draw.poisson(a_day / 3))}
            for k, trigger in sorted(draw.permutation(np.array(risen + times, object)).tolist() if risen + times else [], key=lambda row: row[1] == RANDOM):
                apart = all(abs(k - other) >= 90 * A_MINUTE for other, *_ in out)
                calm = not np.any((busy > k - 60 * A_MINUTE) & (busy < k + 30 * A_MINUTE))
                if wanted[trigger] and apart and calm:
                    wanted[trigger] -= 1
                    out.append((int(k), trigger, bool(draw.random() < self.character.offer_p)))
        return sorted(out)

    @cached_property
    def z(self) -> FloatArray:
        z = self.lived.copy()
        for k, _, offered in self.decisions:
            if offered:
                stop = min(k + 26 * A_MINUTE, self.n)
                z[k:stop] += self.character.offer_effect * relief(np.arange(stop - k) * 5.0)
        return z

    # ---- what the strap saw

    @cached_property
    def losses(self) -> list[tuple[int, int, str]]:
        """(first lost point, first seen again, why): nights and days without, packets lost in the air, an hour on the shelf."""
        draw = self.chance("strap")
        out, worn_until = [], 0
        for day in range(self.days):
            if not self.wearing[day]:
                continue
            if day:
                out.append((worn_until, self.on[day], "strap_off"))
            length = self.off[day] - self.on[day]
            for share, least, most, why in ((5, 3, 12, "lost"), (1.2, 20, 80, "lost"), (0.2, 180, 700, "strap_off")):
                for at in draw.uniform(0.03, 0.93, int(draw.poisson(share))):
                    start = self.on[day] + int(at * length)
                    out.append((start, min(start + int(draw.integers(least, most)), self.off[day]), why))
            worn_until = self.off[day]
        return sorted(out)

    @cached_property
    def seen(self) -> BoolArray:
        seen = np.zeros(self.n, np.bool_)
        for day in range(self.days):
            seen[self.on[day] : self.off[day]] = self.wearing[day]
        for start, stop, _ in self.losses:
            seen[start:stop] = False
        return seen

    @cached_property
    def readable(self) -> BoolArray:
        """Where a rise could be seen."""
        return np.asarray(self.seen & np.isin(self.acts[0], (Gate.STILL, Gate.LIGHT)), np.bool_)

    # ---- what was said

    @cached_property
    def said(self) -> tuple[list[Event], list[Moved]]:
        if self.character.watching:
            return self._watched()
        draw = self.chance("tags")
        events, truth = [], []
        late = set(draw.permutation(len(self.moved))[: self._count(self.character.late)].tolist())
        for number, (stay, height, settle) in enumerate(self.moved):
            events.append(self._tag(draw, stay, number, height, late=number in late))
            truth.append(Moved(events[-1].id, stay.kind, self.ns(stay.at), height, settle, dz10_of(height, settle)))
        return events + self._outside(draw), truth

    def _tag(self, draw: np.random.Generator, stay: _Stay, number: int, height: float, *, late: bool) -> Event:
        certainty = int(draw.choice(list(self.character.certainties), p=list(self.character.certainties.values()))) if stay.step is None else 60
        error_s = float(np.clip(draw.normal(0, self.character.vague_by * certainty), -2 * certainty, 2 * certainty))
        t_ns = self.ns(stay.at) + int(error_s * 1000) * (SECOND_NS // 1000)
        after = draw.uniform(13, 30) * 60 if late else draw.uniform(2, 10) if certainty <= 300 else draw.uniform(20, 200)
        return self._event(draw, stay, number, t_ns, max(self.ns(stay.at), t_ns) + round(after * 60) * SECOND_NS, certainty, height)

    def _event(self, draw: np.random.Generator, stay: _Stay, number: int, t_ns: int, made_ns: int, certainty: int, height: float) -> Event:
        pleasant = stay.kind in PLEASANT
        distress = int(np.clip(np.rint((1.0 if pleasant else 3.0) + height + draw.normal(0, 1.5)), 0, 10))
        lot = draw.random()
        unknown, seen = lot < self.character.blind_unknown, lot >= self.character.blind_unknown + self.character.blind
        step = stay.step is not None
        return Event(
            id=self.id("event", number),
            person=self.person,
            kind=stay.kind,
            t_ns=t_ns,
            made_at_ns=made_ns,
            received_ns=made_ns,
            t_end_ns=t_ns + int(draw.integers(2, 20)) * MINUTE_NS if draw.random() < 0.3 else None,
            certainty_s=certainty,
            source="simulated",
            distress=distress,
            belonging=int(np.clip(np.rint((6.5 if pleasant else 4.5) - 0.2 * distress + draw.normal(0, 1.2)), 0, 10)),
            sensations=("warmth",) if pleasant else tuple(word for word in SENSATIONS[:6] if draw.random() < 0.15),
            action=str(draw.choice(ACTIONS[:2] if pleasant or step else ACTIONS)),
            with_whom=(str(draw.choice(WITH_WHOM[:6])),),
            theme="" if pleasant else str(draw.choice(THEMES)),
            context=self._context(draw, stay.day, t_ns),
            blind=None if unknown else not seen,
            expectancy=self._expected(stay.step)[1] if stay.step is not None else None,
            planned_distress=self._expected(stay.step)[0] if stay.step is not None else None,
        )

    def _context(self, draw: np.random.Generator, day: int, t_ns: int) -> tuple[str, ...]:
        words = [word for word, share in (("talking", 0.5), ("moving", 0.05), ("caffeine", 0.15), ("tired", 0.12)) if draw.random() < share]
        words += ["unwell"] if self.unwell(day) else []
        changed = self.character.medication_day
        words += ["medication_change"] if changed is not None and changed <= day <= changed + 2 else []
        return tuple(words)

    def _outside(self, draw: np.random.Generator) -> list[Event]:
        """Tags of the small hours, made the next morning."""
        out = []
        for number, day in enumerate(sorted(draw.permutation(max(self.days - 1, 0))[: self._count(self.character.outside)].tolist())):
            t_ns = self.ns(self.off[day]) + int(draw.integers(90, 240)) * MINUTE_NS
            kind = str(draw.choice(list(self.character.kinds)))
            out.append(self._event(draw, _Stay(kind, day, 0, False), 100_000 + number, t_ns, t_ns + 8 * HOUR_NS, 300, 0.0))
        return out

    def _watched(self) -> tuple[list[Event], list[Moved]]:
        """A tag where the line has just gone up, whatever happened then; made two to six minutes after it stood out."""
        draw, names = self.chance("watched"), self._kinds()
        wanted = {stay.day: [s for s in self.stays if s.day == stay.day] for stay in self.stays}
        steps = {stay.day: stay for stay in self.stays if stay.step is not None}
        events: list[Event] = []
        truth: list[Moved] = []
        busy = -A_DAY
        for start, onset, _ in _risen(self.z, self.readable):
            day = self.day_of(start)
            if start - busy < 60 * A_MINUTE or not wanted.get(day) or not names:
                continue
            busy = onset
            wanted[day].pop()
            stay = steps.pop(day, None) or _Stay(names.pop(), day, start, False)
            made = self.ns(onset) + int(draw.integers(2, 7)) * MINUTE_NS
            t_ns = self.ns(start) + int(draw.integers(-60, 60)) * SECOND_NS
            events.append(self._event(draw, stay, len(events), t_ns, made, int(draw.choice((60, 300))), 0.0))
            truth.append(Moved(events[-1].id, stay.kind, self.ns(start), 0.0, 300.0, 0.0))
        return events + self._outside(draw), truth

    def _expected(self, step: int) -> tuple[int, int]:
        """Distress planned for a step, and how sure the person was that what was feared would happen."""
        draw = self.chance("step", step)
        planned = int(np.clip(np.rint(5 + 0.15 * step + draw.normal(0, 0.8)), 0, 10))
        return planned, int(np.clip(planned + draw.integers(0, 3), 0, 10))

    def plans(self) -> list[Plan]:
        """A step a week, taken where it was tagged."""
        taken = {(event.t_ns - self.first_ns) // (24 * HOUR_NS): event for event in self.said[0] if event.kind == "exposure_step"}
        out = []
        for day in range(5, self.days, 7):
            event, (planned, feared) = taken.get(day), self._expected(day // 7)
            t_ns = ceil_to(event.t_ns, 15 * MINUTE_NS) if event else self.ns(self.dawn[day] + 6 * 60 * A_MINUTE)
            state = "done" if event else "skipped"
            out.append(Plan(self.id("plan", day), self.person, f"step {day // 7 + 1}", "exposure_step", t_ns, 1, t_ns + 30 * MINUTE_NS, planned, feared,
                            event.id if event else "", state))  # fmt: skip
        return out

    def ratings(self) -> list[Rating]:
        """Belonging most evenings, engagement and contacts on some; distress ten minutes after each decision, whatever chance said."""
        draw, out = self.chance("ratings"), []
        for day in range(self.days):
            evening = self.ns(self.off[day]) - int(draw.integers(5, 50)) * MINUTE_NS
            for kind, often, (first, last) in (
                ("belonging", 0.88, self.character.belonging),
                ("engagement", 0.6, self.character.engagement),
                ("contacts", 0.4, (3, 3)),
            ):
                value = first + (last - first) * self.share(day) - self.unwell(day) + draw.normal(0, 1.1)
                if draw.random() < often:
                    out.append(
                        Rating(
                            self.id("rating", kind, day),
                            self.person,
                            evening,
                            kind,
                            int(np.clip(np.rint(value), 0, 10)),
                            evening,
                            "",
                            bool(draw.random() < 0.8),
                        )
                    )
        for event in self.said[0]:
            if event.kind == "exposure_step" and event.expectancy is not None:
                came, t_ns = 0.4 * event.expectancy + draw.normal(0, 1), event.made_at_ns + HOUR_NS
                about = OF_EVENT + event.id
                out.append(Rating(self.id("rating", about), self.person, t_ns, "outcome", int(np.clip(np.rint(came), 0, 10)), t_ns, about, True))
        for row in self.prompts()[0]:
            if draw.random() < 0.75:
                value = 3.5 + (self.character.offer_effect if row.arm == OFFER else 0) + draw.normal(0, 1.6)
                t_ns = row.t_ns + 10 * MINUTE_NS
                out.append(Rating(self.id("rating", row.id), self.person, t_ns, "distress", int(np.clip(np.rint(value), 0, 10)), t_ns, row.id, True))
        return out

    def prompts(self) -> tuple[list[Prompt], list[Answer], list[Session]]:
        """The ledger of the randomised decisions, what was answered, and the breaths that were taken."""
        draw = self.chance("answers")
        prompts, answers, sessions = [], [], []
        by_onset = {onset: episode.id for (_, onset, _), episode in zip(self.rises, self.episodes(), strict=True)}
        for k, trigger, offered in self.decisions:
            t_ns, episode = self.ns(k), by_onset.get(k, "") if trigger == AROUSAL else ""
            row_id = prompt_id(self.person, episode or f"random/{k}", ANALYSIS, trigger=trigger)
            answer = str(draw.choice(("breathe", "not_now", "tag", ""), p=(0.55, 0.2, 0.1, 0.15))) if offered else ""
            said_ns = t_ns + int(draw.integers(5, 60)) * SECOND_NS if answer else None
            prompts.append(Prompt(row_id, self.person, t_ns, trigger, episode, True, "", OFFER if offered else WITHHELD, self.character.offer_p,
                                  digest("seed", row_id)[:16], t_ns if offered else None, answer, said_ns))  # fmt: skip
            if said_ns is not None:
                answers.append(Answer(row_id, self.person, answer, said_ns))
            if answer == "breathe" and said_ns is not None:
                sessions.append(
                    Session(self.id("session", k), self.person, said_ns, said_ns + 3 * MINUTE_NS, "breathing", 1, 6.0, 4.0, 6.0, row_id, "completed")
                )
        return prompts, answers, sessions

    # ---- rows

    @cached_property
    def rises(self) -> list[tuple[int, int, int]]:
        return _risen(self.z, self.readable)

    def episodes(self) -> list[Episode]:
        """Spikes of the level: a minute above 2, from and to the last points above 1."""
        out = []
        for start, onset, stop in self.rises:
            z = self.z[start:stop]
            peak = int(np.argmax(z))
            out.append(Episode(digest("spike", self.person, DEVICE, ANALYSIS, self.ns(start)), "spike", "level", self.ns(start), self.ns(stop), self.ns(onset),
                               self.ns(start + peak), round(float(z[peak]), 4), round(float(z.mean()), 4), 0.98, 0.7, "still", False, 0.35))  # fmt: skip
        return out

    def baselines(self) -> list[Baseline]:
        """One a local day from the second on, as a daily fit would leave it."""
        draw, out = self.chance("usual"), []
        on = 2.0
        for day in range(1, self.days):
            on = float(np.clip(on + draw.choice((-0.25, 0, 0, 0, 0, 0, 0, 0.25)), 1.75, 2.5))
            cells = {f"{gate}/{block}": 0.35 for gate in ("still", "light") for block in range(1, 6)}
            out.append(
                Baseline(
                    number=day,
                    mode="personal",
                    from_ns=self.ns(self.dawn[day]),
                    coef_u=(round(self.usual_bpm[day] * 1e6), *COEF_U),
                    cov_u=tuple(tuple(20_000 * (a == b) for b in range(8)) for a in range(8)),
                    s_level_u=round(SPREAD_BPM * 1e6),
                    s_phasic_u=round(0.9 * SPREAD_BPM * 1e6),
                    still_h=round(8.0 * min(day, 14), 1),
                    still_days=min(day, 14),
                    p60_a600=900,
                    rest_hr=57_000,
                    z_on={"level": on, "phasic": 3.0},
                    prompt_on={"level": on + 0.5, "phasic": 3.5},
                    chance=cells if day >= 5 else {},
                    chance_all=0.35 if day >= 5 else None,
                    span_ns=(self.ns(self.dawn[max(day - 14, 0)]), self.ns(self.dawn[day])),
                )
            )
        return out

    def grids(self) -> Iterator[Grid]:
        """The rows, a day at a time, from the moment the strap first goes on to when it last comes off."""
        gate, motion = self.acts
        activity = np.log1p(np.where(self.seen, motion, 0) / 20)
        a30, a180, a600 = (_smooth(activity, tau) for tau in (30, 180, 600))
        phasic = (self.z - _smooth(self.z, 1500)) / 0.9
        for day in range(self.days):
            first, last = (self.dawn[day] if day else self.on[0] + 1), (self.dawn[day + 1] if day < self.days - 1 else self.off[-1] + 1)
            yield self._rows(self.chance("rows", day), day, slice(first, last), gate, motion, (a30, a180, a600), phasic)

    def _rows(self, draw: np.random.Generator, day: int, part: slice, gate: IntArray, motion: FloatArray, a: Sequence[FloatArray], phasic: FloatArray) -> Grid:
        k = np.arange(part.start, part.stop)
        n, seen, z = len(k), self.seen[part], self.z[part]
        hour = BREAK_H + (k - self.dawn[day]) / (60 * A_MINUTE)
        turn = hour * (2 * np.pi / 24)
        waves = (np.cos(turn), np.sin(turn), np.cos(2 * turn), np.sin(2 * turn))
        expected = self.usual_bpm[day] + sum(c * 1e-6 * x for c, x in zip(COEF_U, (*(column[part] for column in a), *waves), strict=True))
        moving = gate[part] == Gate.MOVING
        hr_q = np.clip(10_000 - np.abs(draw.normal(0, 120, n)), 0, 10_000) - 2_000 * moving * draw.random(n)
        stage = 40 if day == 0 else 70 if day < 5 else 100
        known = seen & (day > 0)

        def fixed(values: FloatArray, unit: float, where: BoolArray) -> IntArray:
            return np.where(where, np.rint(values * unit), UNKNOWN).astype(np.int64)

        def whole(value: int) -> IntArray:
            return np.full(n, value, np.int64)

        return Grid(
            stop_ns=self.first_ns + k * GRID_NS,
            hr=fixed(np.clip(expected + SPREAD_BPM * z, 40, 190), 1e3, seen),
            hr_reason=np.where(seen, 0, 4).astype(np.int64),
            hr_q=np.where(seen, np.rint(hr_q), 0).astype(np.int64),
            ln_rmssd=fixed(3.4 - 0.2 * z - 0.6 * a[0][part] + draw.normal(0, 0.1, n), 1e4, seen & ~moving),
            hrv_reason=np.where(seen, np.where(moving, 1, 0), 3).astype(np.int64),
            hrv_q=np.where(seen, np.where(moving, 3_000, 9_800), 0).astype(np.int64),
            motion=fixed(motion[part], 10, seen),
            a30=fixed(a[0][part], 1e4, np.ones(n, np.bool_)),
            a180=fixed(a[1][part], 1e4, np.ones(n, np.bool_)),
            a600=fixed(a[2][part], 1e4, np.ones(n, np.bool_)),
            gate=np.where(seen, gate[part], Gate.UNKNOWN).astype(np.int64),
            z=fixed(z, 1e4, seen),
            z_phasic=fixed(phasic[part], 1e4, known),
            se=fixed(0.16 + 0.05 * a[2][part], 1e4, seen),
            z_reason=np.where(seen, 1 if day == 0 else 2 if day < 5 else 0, 3).astype(np.int64),
            phasic_reason=np.where(known, 1 if day < 5 else 0, np.where(seen, 1, 3)).astype(np.int64),
            maturity=whole(stage),
            motion_conf=whole(80),
            artefact=np.where(seen, 0, UNKNOWN).astype(np.int64),
            baseline=whole(day or UNKNOWN),
        )

    # ---- the store

    def write(self, store: LocalStore) -> Client:
        start_ns, stop_ns = self.ns(self.on[0]), self.ns(self.off[-1])
        events, truth = self.said
        prompts, answers, sessions = self.prompts()
        offsets = utc_offsets(ZONE, start_ns, stop_ns)
        store.person_secret(self.person, given=f"client/{self.name}/{self.seed}")
        with store.transaction() as write:
            write.put_recording(self.unit, RecordingRow(start_ns, stop_ns, "done", ANALYSIS, simulated=True, tz=ZONE))
            write.put_utc_offsets(self.unit, offsets)
            write.put_device_status(self.unit, DeviceStatus(start_ns, {"tier": "B", "streams": ["posture", "rr", "steps"]}))
            for grid in self.grids():
                write.put_grid(self.unit, ANALYSIS, grid)
            write.put_gaps(self.unit, [Gap(Stream.RR, self.ns(a), self.ns(b), why, (b - a) * GRID_NS) for a, b, why in self.losses if a < b])
            write.put_episodes(self.unit, ANALYSIS, self.episodes(), lead=True)
            for baseline in self.baselines():
                write.put_baseline(self.person, "B", ANALYSIS, baseline)
            for event in events:
                write.put_event(event)
            for plan in self.plans():
                write.put_plan(plan)
            write.put_prompts(prompts)
            for answer in answers:
                write.put_answer(answer)
            for session in sessions:
                write.put_session(session)
            for rating in self.ratings():
                write.put_rating(rating)
        last_day = FIRST_DAY + timedelta(days=self.days - 1)
        return Client(self.name, self.person, self.unit, self.character, start_ns, stop_ns, FIRST_DAY, last_day, tuple(events), tuple(prompts), tuple(truth))


COEF_U = (7_000_000, 3_000_000, 1_500_000, -2_000_000, -700_000, -500_000, 400_000)
"""Of the usual, without its constant: 30 s, 3 and 10 min of movement, and the hours."""


def _risen(z: FloatArray, readable: BoolArray) -> list[tuple[int, int, int]]:
    """(first point above 1, point at which it had been above 2 for most of a minute, last point above 1) of every rise that may be read."""
    high = readable & (z >= 1)
    steep = np.convolve(readable & (z >= 2), np.ones(A_MINUTE), mode="full")[: len(z)] >= 9
    edges = np.flatnonzero(np.diff(np.concatenate(([0], high.astype(np.int8), [0]))))
    starts, stops = edges[::2], edges[1::2]
    first = np.searchsorted(np.flatnonzero(steep), starts)
    at = np.append(np.flatnonzero(steep), len(z))
    found = [(int(a), int(at[k]), int(b)) for a, b, k in zip(starts, stops, first, strict=True) if at[k] < b and b - a >= A_MINUTE]
    out: list[tuple[int, int, int]] = []
    for a, onset, b in found:
        if out and a - out[-1][2] < 2 * A_MINUTE:
            out[-1] = (out[-1][0], out[-1][1], b)
        else:
            out.append((a, onset, b))
    return out
