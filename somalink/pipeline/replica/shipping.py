"""Brings a replica up to the store: what is new by change number, and what has an id by comparing it with what is there.

The cursor moves only when everything up to it was acknowledged or has been written down as due, so a kill at any instant means sending again,
never losing. Here only a hiccup is waited out; `keeping` tries again for ever. Two roads:

* **streams** (beats, grid points, panels, device status) are sent as they are told, in the order of the store, deletions in their place;
* **sets** (moments, tags, findings, hours ...) are made anew as a whole whenever something they rest on has changed, and compared with what may be
  on the server: what differs is sent, what is gone or has moved is taken back.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TypeVar

from somalink.domain.choices import NO
from somalink.domain.constants import Constants
from somalink.domain.errors import SomalinkError
from somalink.domain.identity import digest
from somalink.domain.measurements import DEVICE, MEASUREMENTS, PERSON, STORE, TIER
from somalink.domain.time import HOUR_NS, SECOND_NS, local_day
from somalink.pipeline.replica.batch import LINES_AT_ONCE, STREAMED, Batch, Delivery, Sink
from somalink.pipeline.replica.due import EVERY_DEVICE, FINDINGS, HOURS, due_of, everything_of, hours_named
from somalink.pipeline.replica.sets import SETS, Subject, hours_of
from somalink.pipeline.replica.standing import replica_id, standing
from somalink.storage.influx.points import FieldValue, Point, series
from somalink.storage.influx.server import Place, ServerError, Trouble
from somalink.storage.local import EVER, LocalStore
from somalink.storage.outbox import PENDING, Due, Held, Key, Parked, Progress
from somalink.storage.rows import Delta

T = TypeVar("T")

ROWS_AT_ONCE = 50_000
"""Rows between two looks at what is due and who is watching."""
HOURS_AT_ONCE = 400
HOURLY = ("coverage", "hour_summary")
LOOK_BACK_NS = 48 * HOUR_NS
"""With every new local day the last two are made once more, in case a change told nobody which hours rest on it (a gap that shrank, a moment that moved)."""
MORE_ROUNDS = 8
"""After what was there at the beginning: what the work itself has written, and no more, where somebody goes on recording."""
OUT = "take out"
"""The due work that deletes every point of a person."""
WAIT_S: Mapping[str, float] = {HOURS: 60, "breathing": 60, "week_profile": 900, FINDINGS: 600}
"""How long a part rests after it was made, because what it rests on changes every few seconds while somebody wears a strap."""
HICCUPS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long a request that found the server slow or away is waited with before the drain gives up and is begun again."""
REPORT_S = 30.0
"""How often it tells of itself when there is nothing else to tell: silence means that it is gone."""
LATE_S = 60.0
"""From then on a lag is told before it is worked off, so that an outage can be seen afterwards."""
CONSENT = "consent_clinician"


Told = Callable[[float], None]
"""Hears how far it is, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What points are made with."""

    constants: Constants = field(default_factory=Constants)
    tz: str = "UTC"
    lang: str = "en"


class Shipper:
    """One store, one replica. For one thread; hold `LocalStore.shipping_lock` meanwhile."""

    def __init__(self, store: LocalStore, sink: Sink, place: Place, manner: Manner, now_ns: Callable[[], int], over: threading.Event | None = None) -> None:
        """`over`: set when it is to end soon. With one it waits out hiccups; without, the first failure ends it."""
        self.store, self.sink, self.place, self._manner, self._now_ns = store, sink, place, manner, now_ns
        self._stopped: Callable[[], bool] = over.is_set if over else lambda: False
        self._wait: Callable[[float], bool] = over.wait if over else lambda _: True
        self._hiccups = HICCUPS_S if over else ()
        self.outbox = store.outbox(replica_id(place))
        self.progress = self.outbox.progress
        self._made_ns: dict[tuple[str, str], int] = {}
        """When each person's parts were made last."""
        self._mistakes: dict[tuple[str, str], str] = {}
        """What could not be made in this drain, and why."""
        self.refused = self.outbox.refused()
        self._reported_ns = 0
        self._day: dict[str, int] = {}
        """Newest local day whose hours were made, by person: with a new one the last weeks are others."""

    # ------------------------------------------------------------ the whole of it

    def drain(self, told: Told | None = None, *, patient: bool = True) -> None:
        """Sends until nothing is left; ServerError when the server is not there or will not have it, and what was acknowledged is kept.

        `patient`: parts that were made a moment ago rest a while; otherwise nothing is left at all.
        """
        began, there = self.progress.change, self.store.change
        if not self.progress.caught_up_ns:
            self._keep(replace(self.progress, caught_up_ns=self._now_ns()))
        if standing(self.store, self.place, self._now_ns()).lag_s > LATE_S:
            self.report()
        self._mistakes = {}
        self._look_anew()
        idle, rounds = True, 0
        while not self._stopped() and rounds < MORE_ROUNDS:
            self._admit()
            moved = self._stream(ROWS_AT_ONCE)
            worked = self._settle(patient=patient or moved)
            if told is not None:
                told(min(1.0, (self.progress.change - began) / max(1, there - began)))
            if not moved and not worked:
                break
            idle, rounds = False, rounds + (self.progress.change >= there)
        if self._stopped():
            return
        if self._mistakes:
            raise SomalinkError("; ".join(sorted(set(self._mistakes.values()))), next_step="everything else was sent; it is tried again with the next drain")
        self._keep(replace(self.progress, caught_up_ns=self._now_ns(), last_error="", next_step=""))
        if not idle or self._now_ns() - self._reported_ns >= REPORT_S * SECOND_NS:
            self.report()

    def failed(self, error: SomalinkError) -> None:
        """Remembers why nothing can be sent now."""
        self._keep(replace(self.progress, retries=self.progress.retries + 1, last_error=error.what, next_step=error.next_step))

    def report(self) -> None:
        """A point about itself, for whoever watches the apparatus. That it is refused is no failure of shipping."""
        about = standing(self.store, self.place, self._now_ns())
        fields: dict[str, FieldValue] = {
            "lag_s": about.lag_s,
            "lag_changes": about.changes,
            "shipped_rows": about.progress.shipped,
            "parked_rows": about.parked,
            "expired_rows": about.progress.expired,
            "retries": about.progress.retries,
            "last_error": about.progress.last_error,
            "store_bytes": self.store.path.stat().st_size,
            "disk_free_bytes": shutil.disk_usage(self.store.path.parent).free,
        }
        self._reported_ns = self._now_ns()
        try:
            self.sink.write(self.place.bucket, [Point("pipeline", {STORE: self.store.own_id()}, fields, self._now_ns()).line()])
        except ServerError as error:
            if error.trouble not in (Trouble.REFUSED, Trouble.TOO_LARGE):
                raise

    # ------------------------------------------------------------ who is in it

    def _admit(self) -> None:
        """Whoever says "no" to their clinician is taken out, all of them; whoever says "yes" again is sent from the beginning. Each is written down
        before it is begun, so that it is ended by whoever comes after a kill."""
        asked = withheld(self.store)
        for person in sorted(asked - self.outbox.withheld()):
            self.outbox.forget(person)
            self.refused = self.outbox.refused()
            self._keep(self.progress, due=[Due(person, OUT)])
        for due in [due for due in self.outbox.due() if due.what == OUT]:
            self.take_out(due.person)
            self._keep(self.progress, done=[due])
        for person in sorted(self.outbox.withheld() - asked):
            self._send_anew(person)
            self.outbox.admit(person)

    def _send_anew(self, person: str) -> None:
        """Everything of one person from the first change; the cursor stays."""
        self._ship(self.store.since(0, limit=EVER[1]), self.progress, only=person)

    def _look_anew(self) -> None:
        """What no change number tells: points are made in another manner, or a device turned out to be of another tier, which is in the tags of all it sent."""
        manner = digest(self._manner.tz, self._manner.lang)
        before = self._remembered("", "(manner)")
        if before != {"": manner}:
            people = [person for person in self.store.people() if person not in self.outbox.withheld()] if before else []
            self._keep(self.progress, due=[due for person in people for due in everything_of(person)])
            self._remember("", "(manner)", {"": manner})
        for person in self.store.people():
            self._tiers(person)

    def _tiers(self, person: str) -> None:
        now = {f"{unit.device}/{unit.recording}": unit.tier for unit in self.store.units(person)}
        before = self._remembered(person, "(tier)")
        if now == before:
            return
        changed = {(name.rpartition("/")[0], before[name]) for name in before if now.get(name, before[name]) != before[name]}
        for device, tier in sorted(changed):
            for measurement in STREAMED.values():
                for bucket in self.place.buckets:
                    self.sink.delete(bucket, measurement, {PERSON: person, DEVICE: device, TIER: tier}, *EVER)
        if changed and person not in self.outbox.withheld():
            self._send_anew(person)
        self._remember(person, "(tier)", now)

    def _remembered(self, person: str, what: str) -> dict[str, str]:
        """What this replica was made with, by name."""
        return {name: one.digest for name, held in self.outbox.held(person, what).items() for one in held}

    def _remember(self, person: str, what: str, said: Mapping[str, str]) -> None:
        self.outbox.hold(person, what, [(name, Held(Key(0, "{}"), frozenset(), text)) for name, text in said.items()])

    def take_out(self, person: str) -> None:
        """Deletes every point of a person, in every bucket."""
        for bucket in self.place.buckets:
            for measurement, about in MEASUREMENTS.items():
                if PERSON in about.tags:
                    self.sink.delete(bucket, measurement, {PERSON: person}, *EVER)

    # ------------------------------------------------------------ streams

    def _stream(self, rows: int) -> bool:
        """The next changes, about so many rows of them; whether there were any."""
        return self._ship(self.store.since(self.progress.change, rows), self.progress)

    def _ship(self, deltas: Generator[Delta], progress: Progress, *, only: str = "") -> bool:
        """Sends what streams and notes what is due. With `only`, of one person, and the cursor stays."""
        left_out, newest = self.outbox.withheld(), self.store.change
        batch, due, last = Batch(self), set[Due](), progress.change
        with closing(deltas), batch:  # a cut-off reading would hold the store's state, and nothing could be written down
            for delta in deltas:
                last = delta.change if not only else last
                people = frozenset({only}) & delta.people if only else delta.people - left_out
                for person in people:
                    batch.take(delta, person)
                    due |= due_of(delta, person)
        self._settle_deliveries(batch.done())
        moved = last > progress.change or bool(only)
        if moved:
            self._keep(replace(self.progress, change=last), due=due)
        elif newest > last:  # what was written was nothing that is told: raw bytes, snapshots
            self._keep(replace(self.progress, change=newest))
        return moved

    # ------------------------------------------------------------ sets

    def _settle(self, *, patient: bool) -> bool:
        """Does what is due and has rested; whether anything was done. What fails by a mistake, ours or a row's, is left due and holds up nobody else."""
        ripe = [due for due in self.outbox.due() if (due.person, due.what) not in self._mistakes and (not patient or self._has_rested(due))]
        for (person, what), parts in _grouped(ripe).items():
            try:
                for some in _portions(parts, HOURS_AT_ONCE):
                    self._make(person, what, some)
            except ServerError as error:
                if error.trouble not in (Trouble.REFUSED, Trouble.TOO_LARGE):
                    raise
                self._mistakes[person, what] = error.what
            except Exception as error:  # noqa: BLE001 (whatever it is, the other people's points are made)
                self._mistakes[person, what] = f"{what} could not be made ({type(error).__name__})"
            self._made_ns[person, what] = self._now_ns()
        return bool(ripe)

    def _has_rested(self, due: Due) -> bool:
        made_ns = self._made_ns.get((due.person, due.what))
        rested_ns = 0 if made_ns is None else self._now_ns() - made_ns
        return made_ns is None or rested_ns < 0 or rested_ns >= WAIT_S.get(due.what, 0) * SECOND_NS  # a clock that was set back holds nothing up

    def _make(self, person: str, what: str, due: Sequence[Due]) -> None:
        """Does one kind of due work for one person, and strikes it off. Points are of one state of the store."""
        if what == FINDINGS:
            ask_anew(self.store, person, self._manner, self._now_ns())
        elif what == HOURS:
            self._make_hours(person, [each.part for each in due])
        else:
            with self.store.reading():
                wanted = list(next(each for each in SETS if each.measurement == what).points(self._subject(person)))
            self._reconcile(person, what, wanted, self.outbox.held(person, what))
        self._keep(self.progress, done=due)

    def _subject(self, person: str) -> Subject:
        return Subject.of(self.store, person, self._manner.constants, self._manner.tz, self._manner.lang)

    def _make_hours(self, person: str, parts: Sequence[str]) -> None:
        with self.store.reading():
            subject = self._subject(person)
            of_device = hours_named(self.store, person, parts)
        for device, hours in of_device.items():
            for some in _portions(sorted(hours), HOURS_AT_ONCE):
                with self.store.reading():
                    points = list(hours_of(subject, device, some))
                ids = [f"{device}/{hour}" for hour in some]
                for measurement in HOURLY:
                    mine = [point for point in points if point.measurement == measurement]
                    self._reconcile(person, measurement, mine, self.outbox.held(person, measurement, ids))
        latest = max((hour for hours in of_device.values() for hour in hours), default=0)
        day = local_day(latest, subject.offsets.one(latest))
        if self._day.get(person, day - 1) < day:
            self._day[person] = day
            self._keep(self.progress, due=[Due(person, FINDINGS), Due(person, HOURS, f"{EVERY_DEVICE}/{latest - LOOK_BACK_NS}")])

    def _reconcile(self, person: str, measurement: str, wanted: Iterable[Point], held: Mapping[str, list[Held]]) -> None:
        """Makes the server hold the wanted points and no others of those it may hold. What may be there is written down before it is sent."""
        by_id = {point.id: point for point in wanted}
        news, stale = _compared(by_id, held)
        if not news and not stale:
            return
        may_have = {(id, one.key): one.fields for id, before in held.items() for one in before}
        self.outbox.hold(person, measurement, [(id, Held(one.key, one.fields | may_have.get((id, one.key), frozenset()), PENDING)) for id, one in news])
        bucket = self.place.bucket
        for _, one in stale:
            self.sink.delete(bucket, measurement, one.key.by_name, one.key.t_ns, one.key.t_ns + 1)
        self._gone(stale, measurement)
        deliveries = [self.deliver(person, bucket, lines) for lines in _portions([by_id[id].line() for id, _ in news], LINES_AT_ONCE)]
        self._settle_deliveries(deliveries)
        self.outbox.hold(person, measurement, news)
        kept = {(id, one.key) for id, one in news}
        self.outbox.let_go(person, measurement, [(id, one.key) for id, one in stale if (id, one.key) not in kept])

    def _gone(self, stale: Iterable[tuple[str, Held]], measurement: str) -> None:
        """What is taken back need not be parked any more."""
        if self.refused:
            self.unpark((series(measurement, {name: one.key.by_name.get(name, "") for name in MEASUREMENTS[measurement].tags}), one.key.t_ns)
                               for _, one in stale)  # fmt: skip

    # ------------------------------------------------------------ one request and what became of it

    def deliver(self, person: str, bucket: str, lines: Sequence[str]) -> Delivery:
        """Sends lines; those that are refused are found by halving, and the rest goes on. ServerError for anything but the rows themselves."""
        if not lines:
            return Delivery()
        try:
            self._write(bucket, lines)
        except ServerError as error:
            if error.trouble not in (Trouble.REFUSED, Trouble.TOO_LARGE):
                raise
            if error.expired and error.dropped == len(lines):
                return Delivery(expired=len(lines))
            if len(lines) > 1:
                middle = len(lines) // 2
                return self.deliver(person, bucket, lines[:middle]) + self.deliver(person, bucket, lines[middle:])
            return Delivery(expired=1) if error.expired else Delivery(parked=(_parked(person, bucket, lines[0], error.what),))
        return Delivery(len(lines), mended=tuple(filter(self.refused.__contains__, map(_place_of, lines))) if self.refused else ())

    def _write(self, bucket: str, lines: Sequence[str]) -> None:
        """Once, and again while the server is only slow or just away: a year in one change is not begun anew for a hiccup."""
        for seconds in (*self._hiccups, None):
            try:
                self.sink.write(bucket, lines)
                return
            except ServerError as error:
                if seconds is None or error.trouble not in (Trouble.UNREACHABLE, Trouble.BUSY) or self._wait(seconds):
                    raise

    def _settle_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Keeps what became of some requests."""
        sent = sum(deliveries, Delivery())
        if sent.parked:
            self.outbox.park(sent.parked)
            self.refused |= {(each.series, each.t_ns) for each in sent.parked}
        self.unpark(sent.mended)
        self._keep(replace(self.progress, shipped=self.progress.shipped + sent.lines, expired=self.progress.expired + sent.expired))

    def unpark(self, places: Iterable[tuple[str, int]]) -> None:
        """These rows are refused no more, or are not to be there any more."""
        if mended := self.refused.intersection(places):
            self.outbox.unpark(mended)
            self.refused -= mended

    def again(self) -> None:
        """Sends what is parked once more: somebody has mended the server."""
        for parked in self.outbox.parked():
            self._settle_deliveries([self.deliver(parked.person, parked.bucket, [parked.line])])

    def _keep(self, progress: Progress, *, due: Iterable[Due] = (), done: Iterable[Due] = ()) -> None:
        acknowledged = self._now_ns() if progress.shipped > self.progress.shipped else progress.acknowledged_ns
        self.progress = replace(progress, acknowledged_ns=acknowledged)
        self.outbox.keep(self.progress, due=due, done=done)


# ---------------------------------------------------------------- findings, and who is not in it


def ask_anew(store: LocalStore, person: str, manner: Manner, now_ns: int) -> None:
    """Makes the findings that dashboards show, where somebody has said anything at all."""
    from datetime import timedelta

    from somalink.pipeline.reporting import newest_day, report_of

    if not store.events(person) or (last := newest_day(store, person, manner.tz, now_ns)) is None:
        return
    for days in SPANS:
        report_of(store, person, last - timedelta(days=days - 1), last, constants=manner.constants, tz=manner.tz, rolling=True)


SPANS = (14, 28, 90)
"""Days that a dashboard asks about, each ending with the newest."""


def withheld(store: LocalStore) -> frozenset[str]:
    """Whoever has said that nothing of theirs is for a clinician. Who never said anything is in: whoever runs the server has asked them."""
    return frozenset(person for person in store.people() if _newest(store, person) == NO)


def _newest(store: LocalStore, person: str) -> str:
    said = [setting for setting in store.profile(person) if setting.key == CONSENT]
    return max(said, key=lambda each: (each.received_ns, each.revision)).value if said else ""


# ---------------------------------------------------------------- small things


def _compared(wanted: Mapping[str, Point], held: Mapping[str, list[Held]]) -> tuple[list[tuple[str, Held]], list[tuple[str, Held]]]:
    """(what is to be sent, what is to be taken back first) by id. A point that loses a field is taken back too: fields that are sent only overwrite."""
    news, stale = [], []
    for id, point in wanted.items():
        line = point.line()
        if not line:
            stale += [(id, one) for one in held.get(id, [])]
            continue
        known = frozenset(name for name, value in point.fields.items() if value is not None and value == value)
        now = Held(Key.of(point.t_ns, point.tags), known, digest(line)[:16])
        before = held.get(id, [])
        if before != [now]:
            news.append((id, now))
            stale += [(id, one) for one in before if one.key != now.key or one.fields - now.fields]
    stale += [(id, one) for id, before in held.items() if id not in wanted for one in before]
    return news, stale


def _grouped(dues: Iterable[Due]) -> dict[tuple[str, str], list[Due]]:
    """By person and kind of work; findings first, since what they find is shipped next."""
    found: dict[tuple[str, str], list[Due]] = {}
    for due in sorted(dues, key=lambda each: (each.what != FINDINGS, each)):
        found.setdefault((due.person, due.what), []).append(due)
    return found


def _portions(values: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (values[k : k + most] for k in range(0, len(values), most))


def _place_of(line: str) -> tuple[str, int]:
    """(series, time) of a line: the series ends with the first space that is not escaped, the time begins after the last."""
    end = next(k for k, sign in enumerate(line) if sign == " " and line[k - 1] != "\\")
    return line[:end], int(line.rpartition(" ")[2])


def _parked(person: str, bucket: str, line: str, reason: str) -> Parked:
    return Parked(person, *_place_of(line), bucket, reason, line)
