"""A simulated life, day by day: the plan and diary at once (they are cheap), the signals when they are asked for.

Deterministic: (person, seed, start, zone, device) give the same life to the last byte on one machine; day 3 is the same day however many follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ingest.simulate.diary import Diary, keep_diary
from ingest.simulate.planning import DayPlan, plan_day
from ingest.simulate.strap import Setup, Signal, record
from ingest.simulate.wearer import USUAL, Body, Life, Ways, begin, meet
from somalink.domain.errors import UsageError
from somalink.domain.types import Posture, Stream

TIER_MOTION = {"A": "acc", "B": "steps", "D": "none"}
"""What moves with each tier unless asked otherwise."""
MOTIONS = ("acc", "steps", "none")
RATES_HZ = range(5, 201)
LEAST_WORN_S = 1800.0


class Truth(NamedTuple):
    """What really moved the heart: from `start_ns`, down to a quarter of its height at `stop_ns`, by how much at most, and why."""

    start_ns: int
    stop_ns: int
    bpm: float
    cause: str


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """One day: what happened, what was said of it, and (made on each call) what the strap saw."""

    life: Life
    body: Body
    setup: Setup
    plan: DayPlan
    diary: Diary

    def signals(self) -> dict[Stream, Signal]:
        return record(self.life, self.body, self.plan, self.setup)

    @property
    def start_ns(self) -> int:
        """The strap goes on."""
        return self.plan.ns(self.plan.on)

    @property
    def stop_ns(self) -> int:
        """The strap comes off for the night."""
        return self.plan.ns(self.plan.off)

    @property
    def truth(self) -> list[Truth]:
        """Everything that moved the heart while the strap was on, by its beginning: what the legs did and what they did not."""
        plan, body = self.plan, self.body
        moved = [Truth(plan.ns(s.start), plan.ns(s.stop), round(s.bpm, 1), s.cause) for s in plan.surges]
        upright = [act for act in plan.acts if act.posture is Posture.STANDING]
        moved += [Truth(plan.ns(a.start), plan.ns(a.stop), round(a.effort * body.walk_cost + body.upright, 1), a.what) for a in upright]
        return sorted(row for row in moved if self.start_ns <= row.start_ns < self.stop_ns)


def choose_setup(tier: str, motion: str | None, rate_hz: int) -> Setup:
    """The made-up device, or a usage error that names the choices."""
    if tier not in TIER_MOTION:
        raise UsageError(f"no simulated device has tier {tier!r}", next_step="choose A (beats and accelerometer), B (beats) or D (heart rate only)")
    chosen = TIER_MOTION[tier] if motion is None else motion
    if chosen not in MOTIONS:
        raise UsageError(f"movement cannot be simulated as {motion!r}", next_step=f"choose one of {', '.join(MOTIONS)}")
    if rate_hz not in RATES_HZ:
        raise UsageError(f"an accelerometer at {rate_hz} Hz is not simulated", next_step="choose 5 to 200 samples a second")
    return Setup(tier, chosen, rate_hz)


def simulate(
    person: str,
    start: datetime | int,
    days: int,
    seed: int,
    *,
    tier: str = "B",
    tz: str = "Europe/Berlin",
    motion: str | None = None,
    rate_hz: int = 25,
    nights: bool = False,
    ways: Ways = USUAL,
) -> Iterator[SimulatedDay]:
    """The days of a life, from the calendar day of `start` (aware, or UTC ns) in `tz`; nothing is recorded before `start`.

    A day whose strap would be on for less than half an hour (a life that starts late in the evening) is left out.
    """
    setup = choose_setup(tier, motion, rate_hz)
    life = Life(person, seed, begin(start), tz, nights, ways)
    body = meet(life)
    for number in range(days):
        plan = plan_day(life, body, number)
        if plan.worn_s >= LEAST_WORN_S:
            yield SimulatedDay(life, body, setup, plan, keep_diary(life, plan))
