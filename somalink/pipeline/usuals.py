"""A person's usual over time: what matters of the FINAL rows of the last two weeks, a fitted `Baseline` for every local day, kept in the store.

A baseline is fitted once, from what was received by the dawn of its day, and read ever after: a restart or a replay of the store
never fits it again. Surrogates are drawn once for each day, seeded by the person's secret and the day, so that they too are the same
after a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count

import numpy as np

from processing import chance, usual
from processing.engine import Refit
from processing.lead import TIERS
from processing.usual import Offsets, Rows, day_of
from somalink.domain.choices import YES
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, MINUTE_NS
from somalink.domain.types import Baseline, Event, Grid, Session
from somalink.pipeline.shelf import Days, Shelf
from somalink.storage.local import LocalStore
from somalink.storage.rows import TierBaseline
from somalink.storage.writer import Writer

PARTS = 256
"""Grids of a live strap, one every 5 s, that are kept as they came: an array of one row costs thirty times its row."""
MEDICINE = "medication_change"
MAX_DRAWS_A_DAY = 50
"""In the first days a person has, so that a life of two days does not cost what two weeks do."""


def generator(secret: str, name: str) -> np.random.Generator:
    """Randomness for one purpose: seeded by the person's secret and a name, the same on every run (contracts, section 3)."""
    seed = int.from_bytes(hashlib.blake2b(f"{secret}\x1f{name}".encode(), digest_size=16).digest(), "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def excluded_spans(events: Sequence[Event], sessions: Sequence[Session], constants: Constants) -> list[tuple[int, int]]:
    """What no usual is learnt from: tags with half an hour on either side, and exercises."""
    around = constants.usual.around_tag_min * MINUTE_NS
    tagged = [(event.t_ns - around, (event.t_end_ns or event.t_ns) + around) for event in events]
    return sorted(tagged + [(session.start_ns, session.stop_ns) for session in sessions])


def next_number(known: Sequence[TierBaseline], tier: str) -> int:
    """The number of a tier's next usual. Each tier counts in steps of its own (A 1, 5, 9 .., B 2, 6, 10 ..), so that rows of two devices never name two
    usuals by one number: whichever was imported first, and where two engines fit at the same dawn."""
    taken = {each.baseline.number for each in known}
    newest = max((each.baseline.number for each in known if each.tier == tier), default=0)
    own = TIERS.find(tier) % len(TIERS)
    return next(number for number in count(newest + 1) if (number - 1) % len(TIERS) == own and number not in taken)


def _of_another_kind(known: Sequence[TierBaseline], tier: str, at_ns: int) -> Baseline | None:
    """What a first usual on a new kind of device starts from: how this heart answered movement on the old one, as known by then; scales are its own."""
    elsewhere = [each for each in known if each.tier != tier and each.baseline.from_ns <= at_ns]
    return max(elsewhere, key=lambda each: (each.baseline.from_ns, each.tier)).baseline if elsewhere else None


class Usuals:
    """The usual of one (person, tier) under one analysis. Feed it every FINAL grid; ask it when the engine waits."""

    def __init__(self, store: LocalStore, unit: Unit, analysis: str, constants: Constants, *, from_ns: int) -> None:
        self._store, self._unit, self._analysis, self._constants = store, unit, analysis, constants
        self._secret = store.person_secret(unit.person)
        known = store.tier_baselines(unit.person, analysis=analysis)
        self._baselines = sorted((b.baseline for b in known if b.tier == unit.tier), key=lambda b: b.from_ns)
        self._rows: list[Rows] = self._earlier(from_ns)
        self._new: list[Rows] = []
        """What came since, not yet put together with one another."""
        self._fed_ns = from_ns
        self._shelf: Shelf | None = None
        self._unsaved: list[Baseline] = []

    def _earlier(self, from_ns: int) -> list[Rows]:
        """FINAL rows of this person and tier from the days before, whichever device they came from."""
        span = (from_ns - (self._constants.usual.days + 1) * DAY_NS, from_ns + 1)
        devices = sorted({unit.device for unit in self._store.units(self._unit.person) if unit.tier == self._unit.tier})
        rows = Rows.concat(Rows.of(self._store.grid(self._unit.person, device, *span)) for device in devices)
        return [rows.take(np.argsort(rows.stop_ns, kind="stable"))] if len(rows) else []

    def feed(self, grid: Grid) -> None:
        """FINAL rows, in time order. After a restart the newest are told twice, by the store and by the engine: they count once."""
        new = grid.take(grid.stop_ns > self._fed_ns)
        if len(new):
            self._new.append(Rows.of(new))
            self._fed_ns = int(new.stop_ns[-1])
        if len(self._new) >= PARTS:
            self._put_together()

    def _put_together(self) -> None:
        if self._new:
            self._rows.append(Rows.concat(self._new))
            self._new.clear()

    def answer(self, asked: Refit, *, placement: str, offsets: Offsets) -> Baseline | None:
        """The usual of the local day that begins: read if it was fitted before, else fitted now; None while too little is known."""
        stored = [b for b in self._baselines if day_of(b.from_ns, offsets) == asked.day]
        if stored:
            return stored[0]
        fitted = self._fit(asked, placement, offsets)
        if fitted is not None:
            self._baselines = sorted([*self._baselines, fitted], key=lambda b: b.from_ns)
            self._unsaved.append(fitted)
        return fitted

    def save(self, write: Writer) -> None:
        """Puts newly fitted baselines into the transaction that also stores the rows they were asked for with."""
        for baseline in self._unsaved:
            write.put_baseline(self._unit.person, self._unit.tier, self._analysis, baseline)
        self._unsaved.clear()

    def _fit(self, asked: Refit, placement: str, offsets: Offsets) -> Baseline | None:
        rows = self._window(asked.at_ns)
        if not len(rows):
            return None
        events = self._known_events(asked.at_ns)
        spans = excluded_spans(events, self._sessions(asked.at_ns), self._constants)
        known = self._store.tier_baselines(self._unit.person, analysis=self._analysis)
        earlier = [b for b in self._baselines if b.from_ns < asked.at_ns]
        before = earlier[-1] if earlier else None
        fitted = usual.fit(
            rows,
            number=next_number([*known, *(TierBaseline(self._unit.tier, self._analysis, b) for b in self._unsaved)], self._unit.tier),
            mode="personal",
            from_ns=asked.at_ns,
            placement=placement,
            offsets=offsets,
            excluded_spans=spans,
            excluded=[f"{event.id}@{event.revision}" for event in events],
            constants=self._constants,
            centre=None if before else _of_another_kind(known, self._unit.tier, asked.at_ns),
        )
        if fitted is None:
            return None
        # The day that is not over yet (a second recording on one day) is not drawn: it would be another one after a restart.
        days = [day for day in np.unique(usual.days_of(rows.stop_ns, offsets)).tolist() if day < asked.day]
        draws = self._drawn(days, rows, fitted, offsets)
        return chance.calibrate(fitted, draws, has_movement=placement != "none", before=before, constants=self._constants)

    def _window(self, at_ns: int) -> Rows:
        """Rows of the last 14 days before `at_ns`, or since a medicine was said to have changed; those older than 14 days are let go."""
        self._put_together()
        since = at_ns - self._constants.usual.days * DAY_NS
        rows = Rows.concat(self._rows)
        # What is kept are copies: a view of the fortnight would hold all that was ever put together with it.
        rows = rows.take(np.flatnonzero(rows.stop_ns >= since - DAY_NS))
        self._rows = [rows] if len(rows) else []
        return rows.take(slice(*np.searchsorted(rows.stop_ns, (max(since, self._medicine_ns(at_ns)), at_ns)).tolist()))

    def _medicine_ns(self, at_ns: int) -> int:
        """When it was said that a medicine has changed, as that stood at `at_ns`; 0: it was not. A heart on another medicine is not compared
        with what it was before: its usual is learnt anew."""
        said = [each for each in self._store.profile(self._unit.person) if each.key == MEDICINE and each.received_ns <= at_ns]
        newest = max(said, key=lambda each: (each.received_ns, each.revision), default=None)
        return newest.received_ns if newest is not None and newest.value == YES else 0

    def _drawn(self, days: Sequence[int], rows: Rows, newest: Baseline, offsets: Offsets) -> Days:
        """Surrogates of the days that have quiet ones, to be read one at a time."""
        if self._shelf is None:
            self._shelf = Shelf(self._store.path.parent)
        shelf = self._shelf
        shelf.keep(days)
        for day in days:
            if day not in shelf:
                shelf.put(day, self._draw(day, rows, newest, offsets))
        return Days([day for day in days if shelf.quiet(day)], shelf.get)

    def _draw(self, day: int, rows: Rows, newest: Baseline, offsets: Offsets) -> chance.Draws | None:
        """Surrogates of a day, made with the first usual that was fitted after it and kept from then on.

        How many follows from that usual too, not from how many days are known by now: a restart makes the same ones again.
        """
        after = next((b for b in self._baselines if day_of(b.from_ns, offsets) > day), newest)
        mine = rows.take(usual.days_of(rows.stop_ns, offsets) == day)
        spans = excluded_spans(self._known_events(after.from_ns), self._sessions(after.from_ns), self._constants)
        quiet = chance.quiet_days(mine, after, offsets, self._constants, spans)
        each = min(-(-self._constants.chance.draws // max(after.still_days, 1)), MAX_DRAWS_A_DAY)
        return chance.draw(quiet[0], each, generator(self._secret, f"day/{day}"), self._constants) if quiet else None

    def _known_events(self, at_ns: int) -> list[Event]:
        """Tags as they stood at `at_ns`: the newest revision received by then, deleted ones left out."""
        newest: dict[str, Event] = {}
        for event in self._store.every_event(self._unit.person):
            if event.received_ns <= at_ns:
                newest[event.id] = event
        return sorted((event for event in newest.values() if not event.deleted), key=lambda e: (e.t_ns, e.id))

    def _sessions(self, at_ns: int) -> list[Session]:
        return [session for session in self._store.sessions(self._unit.person) if session.stop_ns <= at_ns]
