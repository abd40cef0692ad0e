"""A watch that sends a heart rate and nothing else, from its bytes to the first question: it is asked whether the wearer moved, and nothing is asked blind."""

import asyncio
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from ingest.ble import notes
from ingest.ble.stamps import Stamp
from ingest.clocking import RawRow
from ingest.devices.catalogue import family_of
from ingest.straps.heart_rate import CHARACTERISTIC
from somalink.domain.catalogue import HR_REASONS
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Prompt, Setting
from somalink.pipeline.hub import Hub
from somalink.pipeline.person import settle_person
from somalink.pipeline.prompting import answer, open_prompt
from somalink.pipeline.record import Record, Where
from somalink.storage.local import LocalStore

CONSTANTS = Constants()
PERSON, WATCH = "ada", "Forerunner 265"
START_NS = 1_772_352_000 * SECOND_NS + 10 * HOUR_NS
MINUTES = 150
EVERY_S = 1.05
"""A watch that says "once a second" and is slow: it leaves a second of the clock empty every twenty."""
FROZEN = (30, 40)
"""Minutes in which it has lost the pulse and goes on with its last number."""
RISES = (100, 125)
"""Minutes at which the heart goes up, slower than an effort sends it, and stays so for six minutes."""


@dataclass
class HandedStamps:
    """Clocks that stand where the last row arrived."""

    boot_id: str = "boot"
    t_ns: int = START_NS

    def now(self) -> Stamp:
        return Stamp(self.t_ns - START_NS + HOUR_NS, self.t_ns)


@cache
def rates() -> np.ndarray:
    """Whole beats a minute, one a second: a calm heart that wanders, two rises, ten minutes of one number."""
    at = np.arange(MINUTES * 60)
    rate = 64 + 2 * np.sin(at / 47) + 1.5 * np.sin(at / 13) + np.random.default_rng(7).normal(0, 0.6, len(at))
    for minute in RISES:
        rate += 20 * np.clip(np.minimum((at - 60 * minute) / 90, (60 * (minute + 6) - at) / 90 + 1), 0, 1)
    first, last = (60 * minute for minute in FROZEN)
    rate[first:last] = rate[first]
    return np.rint(rate).astype(int)


def notifications() -> list[RawRow]:
    """What the program keeps of such a watch: that a link began, then flags 0 and a rate, a little less often than once a second."""
    late = np.random.default_rng(3).uniform(0, 0.1, MINUTES * 60)
    at_s = np.arange(1, MINUTES * 60 / EVERY_S) * EVERY_S
    said = [(round((at + late[k]) * SECOND_NS), CHARACTERISTIC, bytes([0, rates()[int(at)]])) for k, at in enumerate(at_s)]
    rows = [(0, notes.CHARACTERISTIC, notes.note(notes.UP)), *said]
    return [RawRow(PERSON, "forerunner-265", 0, kind, HOUR_NS + at_ns, "boot", START_NS + at_ns, payload) for at_ns, kind, payload in rows]


def agreed(store: LocalStore) -> None:
    """The first days are done, and questions may come early."""
    store.person_secret(PERSON, given="same")
    with store.transaction() as write:
        write.put_profile(Setting(PERSON, "consent_measure", "yes", 0))
        for key, value in (("introduced", "yes"), ("prompt_mode", "eager"), ("randomised", "no")):
            write.put_setting(Setting(PERSON, key, value, 0))


async def recorded(store: LocalStore, stamps: HandedStamps) -> Unit:
    record = Record(Where(store, Hub(), CONSTANTS, stamps, "UTC"), Unit(PERSON, "forerunner-265", "r1"), START_NS)
    rows = notifications()
    for k in range(0, len(rows), 300):
        part = rows[k : k + 300]
        stamps.t_ns = part[-1].t_utc_ns
        await record.keep(part)
        await record.derive()
    await record.end()
    return record.unit


@pytest.fixture(scope="module")
def worn(tmp_path_factory: pytest.TempPathFactory):
    """Store and unit of two and a half hours with the watch."""
    with LocalStore.open(tmp_path_factory.mktemp("watch") / "s.db") as store:
        agreed(store)
        unit = asyncio.run(recorded(store, HandedStamps()))
        settle_person(store, PERSON, CONSTANTS)
        yield store, unit


def of_rises(store: LocalStore) -> list[Prompt]:
    return [row for row in store.prompts(PERSON) if row.trigger == "arousal"]


def test_a_watch_is_known_for_what_it_is_before_and_after_it_sent_anything(worn):
    _, unit = worn
    assert family_of(WATCH).tier == unit.tier == "D"


def test_its_heart_rate_is_read_and_its_variability_is_not(worn):
    store, unit = worn
    grid = store.recording_grid(unit)
    known = grid.take(grid.hr != UNKNOWN)
    assert len(known) > 0.95 * MINUTES * 12
    assert set(known.hr_reason.tolist()) == {HR_REASONS.words.index("hr_field")}
    assert not np.any(grid.ln_rmssd != UNKNOWN)
    assert set(grid.motion_conf.tolist()) == {50}


def test_a_number_that_stands_for_ten_minutes_is_left_as_it_is_and_trusted_no_more_than_the_rest(worn):
    """Without movement nobody can tell it from calm: 456 stretches of 20 s in 15.8 h of real wrists (tests/truth/test_standing_rates.py)."""
    store, unit = worn
    grid = store.recording_grid(unit)
    first, last = (START_NS + minute * MINUTE_NS for minute in FROZEN)
    stands = grid.take((grid.stop_ns > first + 2 * MINUTE_NS) & (grid.stop_ns <= last))
    assert len(stands) == 8 * 12 and len(set(stands.hr.tolist())) == 1 and UNKNOWN not in stands.hr
    assert stands.motion_conf.max() == grid.motion_conf.max() == 50


def test_a_rise_leads_to_a_question_that_asks_first_and_to_nothing_else(worn):
    store, _ = worn
    rows = of_rises(store)
    eligible = [row for row in rows if row.eligible]
    assert [round((row.t_ns - START_NS) / MINUTE_NS) // 10 for row in eligible] == [RISES[0] // 10]
    assert eligible[0].reason in ("eager", "no_motion") and eligible[0].arm == ""
    assert [row.reason for row in rows if not row.eligible] == ["cooldown"]


@pytest.mark.parametrize(("said", "then"), [("moving", "thanks"), ("still", "offer")])
def test_only_who_was_still_is_offered_a_breath(worn, tmp_path, said, then):
    store, _ = worn
    [row] = [row for row in of_rises(store) if row.eligible]
    asked = open_prompt(store, PERSON, row.t_ns + 5 * SECOND_NS)
    assert asked is not None and asked.screen == "asked"
    with LocalStore.open(tmp_path / "copy.db") as again:
        agreed(again)
        with again.transaction() as write:
            write.put_prompts([row])
        after = answer(again, PERSON, row.id, said, row.t_ns + 20 * SECOND_NS)
    assert after is not None and after.screen == then
