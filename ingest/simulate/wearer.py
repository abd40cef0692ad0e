"""Who the simulated wearer is: the traits of one body and its habits, drawn once from (person, seed).

Knows how chance is handed out (one independent stream a purpose, so that a change in one part of a life leaves the rest as it
was). Knows nothing of days, beats or files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ingest.tags import stable_uuid
from somalink.domain.errors import UsageError
from somalink.domain.identity import digest
from somalink.domain.time import from_datetime

DEVICE = "Simulated strap"


def chance(*key: object) -> np.random.Generator:
    """The random stream of one purpose: the same key gives the same draws, on every run."""
    words = [int(digest("simulated wearer", *key)[at : at + 8], 16) for at in range(0, 32, 8)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


class Tendency(NamedTuple):
    """How often a kind happens (a share), how often it moves the heart, by how much at first, and for how many minutes it lasts."""

    share: float
    moves: float
    bpm: float
    minutes: float


class Offering(NamedTuple):
    """Decisions that chance makes: up to `risen` a day after rises and `random` at random times; offered with probability `p`. From five to fifteen
    minutes after an offer the heart is `bpm` away from where it would have been."""

    risen: int
    random: int
    p: float
    bpm: float


@dataclass(frozen=True, slots=True)
class Ways:
    """How a life differs from the one that is usually lived, which is all of these defaults; `ingest.simulate.clients` has some that do."""

    name: str = ""
    """Stands in what is written down, where it is not empty."""
    body: Mapping[str, float] = field(default_factory=dict)
    """Traits of the body that are given instead of drawn."""
    tendencies: Mapping[str, Tendency] = field(default_factory=dict)
    """Of social moments; empty: the usual ones."""
    moments: tuple[int, int] = (3, 7)
    """Social moments a day, from the one to less than the other; as `unprompted` are rises that none of them explains."""
    sat_min: float = 4.0
    """For how long somebody has been sitting, at least, when one of either comes."""
    unprompted: tuple[int, int] = (1, 5)
    unprompted_bpm: float = 9.0
    step_every: int = 3
    """Days from one planned step to the next."""
    step_bpm: float = 19.0
    least_bpm: float = 4.0
    left: float | None = None
    """Share of a reaction that is left on the last of `days`, in a straight line from the first; None: what is usually left, by a curve."""
    days: int = 90
    settling: tuple[float, float] = (0.4, 0.6)
    """How settling follows what is left of reactions: its time constant is (the one + the other x what is left) of the body's."""
    learned: float = 1.0
    """How much of what is usually learned shows in the ratings of the evenings."""
    outcomes: bool = False
    """Whether somebody says after a step how much of what was feared came."""
    watching: bool = False
    """Tags are made where the heart has just risen by itself, after a look at the chart, and social moments leave it alone."""
    blind: tuple[float, float, float] = (0.12, 0.85, 0.5)
    """Share of tags of which it is not known whether the chart was seen; of the others, share made without: at once, and later."""
    unwell: tuple[int, int] = (0, -1)
    """First and last day of being unwell: the heart is `unwell_bpm` faster, and tags say so."""
    unwell_bpm: float = 6.0
    offering: Offering | None = None

    def is_unwell(self, day: int) -> bool:
        return self.unwell[0] <= day <= self.unwell[1]


USUAL = Ways()


@dataclass(frozen=True, slots=True)
class Life:
    """Which life is lived: everything else follows from these."""

    person: str
    seed: int
    start_ns: int
    tz: str = "Europe/Berlin"
    nights: bool = False
    """Whether the strap stays on in bed; most people wear it some 15 hours a day."""
    ways: Ways = USUAL
    """No part of the dice: a life of other ways is the same one where they do not differ."""

    def chance(self, *purpose: object) -> np.random.Generator:
        return chance(self.person, self.seed, self.start_ns, self.tz, self.nights, *purpose)

    def id(self, *what: object) -> str:
        """The UUID of something the person made: in a client's form, but the same on every run."""
        return stable_uuid("simulated", self.person, self.seed, self.start_ns, *what)

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise UsageError(f"no time zone is called {self.tz!r}", next_step="name one as Europe/Berlin or America/New_York") from error


def begin(start: datetime | int) -> int:
    """`start` as UTC nanoseconds; an aware datetime or nanoseconds already."""
    return start if isinstance(start, int) else from_datetime(start)


@dataclass(frozen=True, slots=True)
class Body:
    """One body. Rates in beats a minute unless the name says otherwise; ranges are those of healthy adults at their desks."""

    rest: float
    day_swing: float
    day_peak_h: float
    drift: float
    """Spread of the slow wandering that nothing explains."""
    upright: float
    lying: float
    walk_cost: float
    """What a brisk walk adds once it has settled; other efforts are multiples of it."""
    heart_on_s: float
    heart_off_s: float
    debt_share: float
    """Part of an effort's cost that is paid slowly, and paid back slowly."""
    debt_s: float
    breath_hz: float
    breath_swing: float
    pressure_swing: float
    reactivity: float
    settle_s: float
    ectopic_per_h: float
    wakes_h: float
    beds_h: float


def meet(life: Life) -> Body:
    """The body of this person and seed; another day of birth does not change it."""
    draw = chance(life.person, life.seed, "body")
    between = draw.uniform
    body = Body(
        rest=between(57, 71),
        day_swing=between(1.5, 4.0),
        day_peak_h=between(13.5, 17.5),
        drift=between(2.4, 3.8),
        upright=between(6, 11),
        lying=between(-5, -2),
        walk_cost=between(20, 31),
        heart_on_s=between(19, 33),
        heart_off_s=between(34, 52),
        debt_share=between(0.12, 0.24),
        debt_s=between(430, 690),
        breath_hz=between(0.20, 0.28),
        breath_swing=between(2.0, 4.6),
        pressure_swing=between(0.9, 2.2),
        reactivity=between(0.9, 1.2),
        settle_s=between(190, 330),
        ectopic_per_h=float(draw.lognormal(0.0, 1.0)),
        wakes_h=between(6.5, 7.4),
        beds_h=between(22.2, 23.2),
    )
    return replace(body, **life.ways.body)
