"""The rules of prompting over simulated seasons: what must never happen does not, and each rule has a mutant that is found out.

What is checked here is written anew from the text of the rules, over rows and inputs, and shares no function with them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import months
import pytest
from months import BERLIN, PERSON, SECRET, Months, live

from processing import coaching
from processing.coaching import Coach, control_times
from processing.ledger import Moment, decide
from somalink.domain.catalogue import PROMPT_REASONS
from somalink.domain.choices import CHOICES
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Answer, Prompt

DAYS = 180


@dataclass(frozen=True)
class Season:
    """What was lived, and the ledger and answers that came of it."""

    lived: Months
    ledger: list[Prompt]
    answers: list[Answer]

    @classmethod
    def of(cls, lived: Months) -> "Season":
        return cls(lived, *live(lived))

    @property
    def asked(self) -> Iterator[tuple[Prompt, Moment]]:
        """Eligible rows with what was known at them."""
        known = {moment.id: moment for moment in self.lived.moments}
        return ((row, known[row.id]) for row in self.ledger if row.eligible)

    def setting(self, key: str, t_ns: int) -> str:
        said = [s for s in self.lived.said.settings if s.key == key and s.received_ns <= t_ns]
        return max(said, key=lambda s: s.received_ns).value if said else CHOICES[key].unsaid


@pytest.fixture(scope="module", params=[1, 2])
def season(request: pytest.FixtureRequest) -> Season:
    return Season.of(months.months(request.param, DAYS))


# ---------------------------------------------------------------- what must never be


def clock_of(t_ns: int) -> str:
    minutes = (t_ns + BERLIN.one(t_ns) * SECOND_NS) % DAY_NS // MINUTE_NS
    return f"{minutes // 60:02}:{minutes % 60:02}"


def in_quiet_hours(season: Season, row: Prompt) -> bool:
    start, stop, now = season.setting("quiet_from", row.t_ns), season.setting("quiet_to", row.t_ns), clock_of(row.t_ns)
    return start <= now < stop if start <= stop else now >= start or now < stop


def too_many(season: Season, row: Prompt) -> bool:
    same_day = [other for other, _ in season.asked if months.day_of(other.t_ns) == months.day_of(row.t_ns) and other.t_ns <= row.t_ns]
    return len(same_day) > int(season.setting("prompt_cap", row.t_ns))


def too_many_after_ignoring(season: Season, row: Prompt) -> bool:
    """The allowance is halved for three days after any third question in a row that nobody answered within ten minutes."""
    run, halved_until = 0, 0
    for other, _ in season.asked:
        over_ns = other.t_ns + 10 * MINUTE_NS
        if over_ns > row.t_ns or (other.arm == "withheld" and not other.reason):
            continue
        run = 0 if other.answer else run + 1
        halved_until = over_ns + 3 * DAY_NS if run >= 3 else halved_until
    same_day = [other for other, _ in season.asked if months.day_of(other.t_ns) == months.day_of(row.t_ns) and other.t_ns < row.t_ns]
    return row.t_ns < halved_until and len(same_day) >= max(int(season.setting("prompt_cap", row.t_ns)) // 2, 1)


def near_a_step(season: Season, row: Prompt) -> bool:
    near = any(plan.t_ns - 10 * MINUTE_NS <= row.t_ns < (plan.t_end_ns or 0) + 20 * MINUTE_NS for plan in season.lived.said.plans)
    return near and season.setting("exposure_prompts", row.t_ns) == "no"


def small(season: Season, row: Prompt, moment: Moment) -> bool:
    risen = {other.id for other in season.ledger if other.trigger == "arousal"}
    wrong = sum(a.answer == "wrong" and a.prompt_id in risen and a.received_ns <= row.t_ns for a in season.answers)
    return row.trigger == "arousal" and moment.z < moment.needs + 0.25 * (wrong // 3) - 1e-9


NEVER: dict[str, Callable[[Season, Prompt, Moment], bool]] = {
    "off": lambda s, row, _: s.setting("prompt_mode", row.t_ns) == "never",
    "quiet_hours": lambda s, row, _: in_quiet_hours(s, row),
    "not_now": lambda s, row, _: row.t_ns < int(s.setting("not_now_until", row.t_ns)),
    "exposure": lambda s, row, _: near_a_step(s, row),
    "maturity": lambda _s, _row, m: m.maturity < 1,
    "gate": lambda _s, _row, m: m.gate in ("moving", "recovery", "posture", "light") or (m.gate == "unknown" and m.motion_conf > 0.5),
    "confidence": lambda _s, _row, m: m.quality * max(m.motion_conf, 0.8 if m.motion_conf == 0.5 else 0) < 0.6,
    "small_rise": small,
    "tagged": lambda s, row, _: any(row.t_ns - 20 * MINUTE_NS < tag.received_ns <= row.t_ns for tag in s.lived.said.tags),
    "session": lambda s, row, _: any(b.start_ns <= row.t_ns < b.stop_ns + 20 * MINUTE_NS for b in s.lived.said.sessions),
    "cooldown": lambda s, row, _: any(0 < row.t_ns - other.t_ns < 90 * MINUTE_NS for other, _m in s.asked),
    "cap": lambda s, row, _: too_many(s, row),
    "halved": lambda s, row, _: too_many_after_ignoring(s, row),
}
"""Reason -> what an eligible row would be that its rule should have stopped."""


def broken(season: Season, reason: str) -> list[str]:
    """Rows that the rule behind a reason should not have let pass."""
    return [row.id for row, moment in season.asked if NEVER[reason](season, row, moment)]


def test_the_seasons_are_rich_enough_to_tell(season):
    reasons = Counter(row.reason for row in season.ledger if not row.eligible)
    arms = Counter(row.arm for row in season.ledger if row.eligible)
    assert set(reasons) == set(PROMPT_REASONS) - {"no_motion", "eager"} == set(NEVER)
    assert min(reasons.values()) >= 5, reasons
    assert arms["offer"] >= 50 and arms["withheld"] >= 30, arms
    assert {row.trigger for row, _ in season.asked} == {"arousal", "random"}


def test_every_moment_has_one_row_and_every_suppressed_one_a_reason(season):
    assert Counter(row.id for row in season.ledger) == Counter({moment.id: 1 for moment in season.lived.moments})
    assert all(row.reason in PROMPT_REASONS and not row.arm for row in season.ledger if not row.eligible)


@pytest.mark.parametrize("reason", NEVER)
def test_no_rule_is_ever_broken(season, reason):
    assert not broken(season, reason)


@pytest.mark.parametrize("reason", NEVER)
def test_without_its_rule_each_would_be(season, reason, monkeypatch):
    monkeypatch.setattr(coaching, "RULES", {**coaching.RULES, reason: lambda view: False})
    assert broken(Season.of(season.lived), reason)


# ---------------------------------------------------------------- chance


def is_fair(season: Season) -> bool:
    """About six in ten of the randomised rows are offers, and each says with which probability."""
    drawn = [row for row, _ in season.asked if row.arm]
    share = sum(row.arm == "offer" for row in drawn) / len(drawn)
    return abs(share - 0.6) < 3 * (0.24 / len(drawn)) ** 0.5 and all(row.probability == 0.6 and row.seed for row in drawn)


def asks_first_where_it_must(season: Season) -> bool:
    """No plain strap gets a blind prompt, and none gets no prompt."""
    plain = [row for row, moment in season.asked if moment.motion_conf == 0.5]
    asked = [row for row, _ in season.asked if row.reason == "no_motion"]
    return len(plain) > 0 and plain == asked and all(row.answer == "still" for row in asked if row.arm)


def test_chance_is_fair_and_says_so(season):
    assert is_fair(season)


def test_a_chance_that_always_offers_is_found_out(season, monkeypatch):
    monkeypatch.setattr(coaching, "uniform", lambda seed: 0.0)
    assert not is_fair(Season.of(season.lived))


def test_without_a_motion_source_it_asks_first_and_draws_after_no(season):
    assert asks_first_where_it_must(season)


def test_a_blind_prompt_to_a_plain_strap_is_found_out(season, monkeypatch):
    monkeypatch.setattr(coaching, "asks_first", lambda moment, wishes: "")
    assert not asks_first_where_it_must(Season.of(season.lived))


def test_a_replay_draws_no_new_arms(season):
    coach = Coach(SECRET, season.lived.said, BERLIN)
    assert decide(season.lived.moments, PERSON, policy=coach, known=season.ledger) == []
    again = Season.of(season.lived)
    assert again.ledger == season.ledger and again.answers == season.answers


def test_another_person_draws_other_arms(season):
    mine, hers = (decide(season.lived.moments, PERSON, policy=Coach(secret, season.lived.said, BERLIN)) for secret in (SECRET, "another"))
    both = [(a.arm, b.arm) for a, b in zip(mine, hers, strict=True) if a.arm and b.arm]
    assert len({*both}) == 4


@pytest.mark.parametrize("portion", [2, 7, 1000])
def test_portions_are_the_whole(season, portion):
    """Without answers in between, which nobody can give to what was not decided yet."""
    coach = Coach(SECRET, season.lived.said, BERLIN)
    whole = decide(season.lived.moments, PERSON, policy=coach)
    ledger: list[Prompt] = []
    for first in range(0, len(season.lived.moments), portion):
        ledger += decide(season.lived.moments[first : first + portion], PERSON, policy=coach, known=ledger)
    assert ledger == whole


def test_late_news_breaks_no_rule_of_distance(season):
    """A second recording of the same weeks, imported afterwards."""
    coach = Coach(SECRET, season.lived.said, BERLIN)
    late = [m for k, m in enumerate(season.lived.moments) if k % 3 == 0]
    early = decide([m for k, m in enumerate(season.lived.moments) if k % 3], PERSON, policy=coach)
    rows = sorted([*early, *decide(late, PERSON, policy=coach, known=early)], key=lambda row: row.t_ns)
    times = [row.t_ns for row in rows if row.eligible]
    assert all(b - a >= 90 * MINUTE_NS for a, b in pairwise(times))
    assert max(Counter(months.day_of(t) for t in times).values()) <= 3


# ---------------------------------------------------------------- random times


def fits_the_waking_day(season: Season) -> bool:
    coach = Coach(SECRET, season.lived.said, BERLIN)
    first = coach.control_moments(months.FIRST_DAY, months.FIRST_DAY + 28)
    days = Counter(months.day_of(t_ns) for _, t_ns in first)
    awake = all("08:00" <= clock_of(t_ns) < "22:00" for _, t_ns in first)
    return awake and set(days.values()) == {1, 2}


def test_random_times_lie_in_the_waking_day(season):
    assert fits_the_waking_day(season)


def test_random_times_that_ignore_quiet_hours_are_found_out(season, monkeypatch):
    monkeypatch.setattr(coaching.Wishes, "is_quiet", lambda wishes, minute: minute < 0)
    assert not fits_the_waking_day(season)


def test_random_times_fill_the_day_evenly_on_short_days_too():
    wishes = coaching.Wishes.read({**{key: choice.unsaid for key, choice in CHOICES.items()}, "introduced": "yes", "consent_measure": "yes"})
    times = [t_ns for day in range(20_000, 22_000) for t_ns in control_times(SECRET, day, BERLIN, wishes)]
    hours = Counter((t_ns + BERLIN.one(t_ns) * SECOND_NS) % DAY_NS // HOUR_NS for t_ns in times)
    assert set(hours) == set(range(8, 22))
    assert min(hours.values()) > 0.75 * max(hours.values())


def test_the_night_the_clocks_change_is_as_quiet_as_any_and_an_hour_shorter():
    coach = Coach(SECRET, coaching.Said(settings=months.AGREED), BERLIN)
    evening = months.at(10, 21)
    quiet = [coach(months.rise(evening + minute * MINUTE_NS), []).reason == "quiet_hours" for minute in range(14 * 60)]
    assert quiet == [not "08:00" <= clock_of(evening + minute * MINUTE_NS) < "22:00" for minute in range(14 * 60)]
    assert sum(quiet) == 9 * 60
