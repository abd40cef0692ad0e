"""A report of a person's span, from what the store holds: findings are made, kept, and laid out as the one value that page, paper and JSON share.

Knows the store and the statistics' doors; draws nothing, and words nothing. Everything that is not to be said has its reason in a finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from dashboards.report import model
from processing.findings import answers, cases, daily, offers, steps, trends
from processing.findings.cases import Case
from processing.findings.track import Track
from processing.usual import UTC_ONLY, Offsets
from somalink.domain.catalogue import CONTEXTS, EVERYTHING, OF_EVENT, OFFER, TOO_VAGUE, WITHHELD
from somalink.domain.choices import ALL, shared
from somalink.domain.constants import ALGORITHM_VERSION, STATISTICS, Constants, Statistics
from somalink.domain.identity import Unit, digest
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day, local_hour, to_datetime
from somalink.domain.types import UNKNOWN, Episode, Finding, Flag, FloatArray, Gap, Link, Plan, Prompt, Rating, Stream
from somalink.pipeline.answered import Answered
from somalink.pipeline.choosing import choices_of
from somalink.pipeline.comparing import Compared, compared
from somalink.pipeline.holdings import local_offsets, stage_at
from somalink.pipeline.timeline import days_of, timeline
from somalink.pipeline.tracks import Told
from somalink.storage.local import LocalStore

EPOCH = date(1970, 1, 1)
CONTACT_KINDS = ("connection", "support", "group", "reaching_out")
ILL, MEDICINE = "unwell", "medication_change"
Z_UNIT = 1e-4
BEFORE_NS = 2 * MINUTE_NS
"""The level before a decision is that of the two minutes before it."""
USUAL_DAYS = 28
"""Four weeks: what is asked about unless somebody says otherwise."""
MOST_SPANS = 12
"""Spans that are brought up to date together, the newest: older ones are made again by whoever asks for them."""
BEATS_KEPT = "beats"
OFF = "strap_off"
"""Reason of a gap that its source knows to be no loss."""


def span_of(first: date, last: date) -> str:
    """`2026-10-16/2026-11-12`, both days included."""
    return f"{first.isoformat()}/{last.isoformat()}"


def report_of(
    store: LocalStore,
    person: str,
    from_day: date,
    to_day: date,
    *,
    constants: Constants,
    lang: str = "en",
    notes: bool = False,
    tz: str = "UTC",
    own: bool = False,
    rolling: bool = False,
    rules: Statistics = STATISTICS,
    told: Told | None = None,
) -> model.Report:
    """Local days `from_day` to `to_day`, both included. Findings of the span are written to the store; a person with nothing has a report too.

    `own`: for the wearer's own eyes, so that matched moments of days that are in no report are shown too. `rolling`: in place of what was said of
    other spans as long, as for "the last four weeks" of every day.
    """
    book = _Book.of(store, person, from_day, to_day, constants, tz, rules, told)
    found = _Answers.of(book)
    with store.transaction() as write:
        write.put_findings(person, book.span, found.findings(), instead_of=_as_long(store, person, book.count) if rolling else ())
    book.memory.keep()
    if told is not None:
        told(1.0)
    return _laid_out(book, found, lang, notes=notes, own=own)


def _as_long(store: LocalStore, person: str, days: int) -> set[str]:
    """Spans of so many days that something is said of."""
    return {span for span in {finding.span for finding in store.findings(person)} if _length(span) == days}


def _length(span: str) -> int:
    first, _, last = span.partition("/")
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def newest_day(store: LocalStore, person: str, tz: str, now_ns: int) -> date | None:
    """Local day of the newest thing that was worn, or said by now of a time by now; None for a person with nothing."""
    worn = [int(line.rows.stop_ns[-1]) for day in days_of(store, person)[-1:] if len(line := timeline(store, person, *day))]
    newest = max([*worn, *(event.t_ns for event in store.events(person) if event.t_ns <= now_ns)], default=None)
    if newest is None:
        return None
    about = EPOCH + timedelta(days=newest // DAY_NS)
    return EPOCH + timedelta(days=local_day(newest - 1, local_of(store, person, about, tz).one(newest)))


def refresh(store: LocalStore, person: str, *, constants: Constants, tz: str, now_ns: int, told: Told | None = None) -> None:
    """Brings up to date what is said of every span that was ever asked about; of the last four weeks where none was. No tags: nothing."""
    if not store.events(person) and not store.findings(person):
        return
    last = newest_day(store, person, tz, now_ns) or EPOCH
    known = sorted({finding.span for finding in store.findings(person)}, key=lambda span: span.partition("/")[2])
    spans = known[-MOST_SPANS:] or [span_of(last - timedelta(days=USUAL_DAYS - 1), last)]
    for k, span in enumerate(spans):
        first, _, end = span.partition("/")
        report_of(store, person, date.fromisoformat(first), date.fromisoformat(end), constants=constants, tz=tz)
        if told is not None:
            told((k + 1) / len(spans))


# ---------------------------------------------------------------- what there is


@dataclass(frozen=True, slots=True)
class _Book:
    """Everything of a person and a span that a report rests on."""

    store: LocalStore
    person: str
    from_day: date
    to_day: date
    offsets: Offsets
    starts: tuple[int, ...]
    """When each day of the span begins, and when the last one ends."""
    compared: Compared
    days: daily.Days
    constants: Constants
    ask: answers.Asking
    memory: Answered
    prompts: Sequence[Prompt]
    ratings: Sequence[Rating]
    plans: Sequence[Plan]
    links: Mapping[str, Link]
    baselines: FloatArray
    """(n, 2): local day and z_on of each usual of the span."""

    @classmethod
    def of(cls, store: LocalStore, person: str, from_day: date, to_day: date, constants: Constants, tz: str, rules: Statistics, told: Told | None) -> _Book:
        offsets = local_of(store, person, from_day, tz)
        first, last = (from_day - EPOCH).days, (to_day - EPOCH).days
        starts = tuple(daily.day_start(day, offsets) for day in range(first, last + 2))
        from_ns, to_ns = starts[0], starts[-1]
        part = None if told is None else lambda share: told(0.9 * share)
        found = compared(store, person, from_ns, to_ns, offsets, constants, rules, part)
        usual = store.baselines(person)
        days = daily.days_of(found.lead, first, last, offsets, {each.number: each for each in usual}, constants)
        memory = Answered.of(store, person)
        span, analysis, secret = span_of(from_day, to_day), store.current_analysis(person) or "", store.person_secret(person)
        ask = answers.Asking(person, span, analysis, lambda name: np.random.default_rng(int(digest(secret, "finding", name), 16)), rules, memory)
        thresholds = [(local_day(each.from_ns, offsets.one(each.from_ns)), z_on) for each in usual if (z_on := each.z_on.get("phasic")) is not None]
        return cls(
            store,
            person,
            from_day,
            to_day,
            offsets,
            starts,
            found,
            days,
            constants,
            ask,
            memory,
            store.prompts(person, from_ns, to_ns),
            store.ratings(person),
            store.plans(person),
            best_links(store.links(person)),
            np.array([each for each in thresholds if first <= each[0] <= last], dtype=np.float64).reshape(-1, 2),
        )

    @property
    def span(self) -> str:
        return span_of(self.from_day, self.to_day)

    @property
    def cases(self) -> tuple[Case, ...]:
        return self.compared.cases

    @property
    def first(self) -> int:
        return self.days.first

    @property
    def count(self) -> int:
        return len(self.days.worn_h)

    @property
    def from_ns(self) -> int:
        return self.starts[0]

    @property
    def to_ns(self) -> int:
        return self.starts[-1]

    def day(self, t_ns: int) -> int:
        """Index of a moment's local day in the span: -1 before it, `count` after."""
        return int(np.searchsorted(self.starts, t_ns, side="right")) - 1

    def when(self, t_ns: int) -> str:
        """Local date and time to the minute."""
        return to_datetime(t_ns + self.offsets.one(t_ns) * SECOND_NS).strftime("%Y-%m-%dT%H:%M")

    def marks(self) -> list[tuple[str, ...]]:
        """What the calendar says of each day: context words of its moments, and a change of medicine."""
        found: list[set[str]] = [set() for _ in range(self.count)]
        for case in self.cases:
            found[self.day(case.event.t_ns)].update(case.event.context)
        for setting in self.store.profile(self.person):
            if setting.key == MEDICINE and setting.value == "yes" and 0 <= (k := self.day(setting.received_ns)) < self.count:
                found[k].add(MEDICINE)
        return [tuple(word for word in CONTEXTS if word in said) for said in found]

    def daily_ratings(self, kind: str) -> FloatArray:
        """Mean of each day's own numbers of a kind, NaN where there is none; those that belong to a prompt or a tag are about something else."""
        of = [(k, rating.value) for rating in self.ratings if rating.kind == kind and not rating.prompt_id and 0 <= (k := self.day(rating.t_ns)) < self.count]
        out = np.full(self.count, np.nan)
        for k in {k for k, _ in of}:
            out[k] = float(np.mean([value for at, value in of if at == k]))
        return out


def local_of(store: LocalStore, person: str, from_day: date, tz: str) -> Offsets:
    """As the recordings say; where there are none, as the settings' zone has it at noon of the first day."""
    told = local_offsets(store, person)
    if told != UTC_ONLY:
        return told
    noon = to_datetime((from_day - EPOCH).days * DAY_NS + DAY_NS // 2).astimezone(ZoneInfo(tz)).utcoffset()
    return Offsets((0,), (int(noon.total_seconds()) if noon else 0,))


def best_links(links: Sequence[Link]) -> dict[str, Link]:
    """The likeliest of each event: its spike, or its `none` row."""
    found: dict[str, Link] = {}
    for link in links:
        found.setdefault(link.event_id, link)
    return found


# ---------------------------------------------------------------- what may be said


@dataclass(frozen=True, slots=True)
class _Answers:
    """Every finding of the span, and what is drawn beside them."""

    reactions: Mapping[tuple[str, str], Finding]
    contrasts: Sequence[Finding]
    secondaries: Sequence[Finding]
    trends: Sequence[Finding]
    settling: model.Settling
    level: model.Series
    thresholds: model.Series
    belonging: model.Series
    engagement: model.Series
    concord: model.Concord
    offers: model.Offers
    steps: tuple[model.Step, ...]
    step_findings: tuple[Finding, ...]

    @classmethod
    def of(cls, book: _Book) -> _Answers:
        since = _since(book)
        walked, told = _steps(book)
        return cls(
            reactions=answers.reactions(book.cases, book.ask),
            contrasts=answers.contrasts(book.cases, book.ask),
            secondaries=answers.secondaries(book.cases, book.ask),
            trends=answers.reaction_trends(book.cases, since, book.ask),
            settling=_settling(book, since),
            level=_level(book, since),
            thresholds=_thresholds(book, since),
            belonging=_rated(book, "belonging"),
            engagement=_rated(book, "engagement"),
            concord=_concord(book),
            offers=_offers(book),
            steps=walked,
            step_findings=told,
        )

    def findings(self) -> list[Finding]:
        return [
            *self.reactions.values(),
            *self.contrasts,
            *self.secondaries,
            *self.trends,
            self.settling.finding,
            self.settling.trend,
            *(series.finding for series in (self.level, self.thresholds, self.belonging, self.engagement)),
            self.concord.finding,
            self.offers.finding,
            *self.step_findings,
        ]


def _since(book: _Book) -> int | None:
    """The newest day with a change of medicine: nothing of the body is compared across it."""
    marked = [k for k, words in enumerate(book.marks()) if MEDICINE in words]
    return book.first + marked[-1] if marked else None


def _settling(book: _Book, since: int | None) -> model.Settling:
    finding, found = answers.settling(book.cases, book.ask)
    return model.Settling(
        finding,
        found.n,
        found.censored,
        _minutes(found.median_s),
        _minutes(found.low_s),
        _minutes(found.high_s),
        tuple((round(t / 60, 2), round(share, 4)) for t, share in found.steps),
        tuple((round(t / 60, 2), round(share, 4)) for t, share in found.cuts),
        answers.settling_trend(book.cases, since, book.ask),
    )


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


def _level(book: _Book, since: int | None) -> model.Series:
    """Heart rate at rest, a value a day; ill days are shown and do not count."""
    values, numbers = book.days.still_hr, np.arange(book.count) + book.first
    out = np.array([ILL in words for words in book.marks()], dtype=bool) | (numbers < (since if since is not None else book.first))
    trend = answers.since(book.ask.answer(trends.Trend, trends.level_trend, numbers.astype(np.float64), values, out), since)
    known = values[~out & np.isfinite(values)]
    band = (round(float(np.quantile(known, 0.1)), 2), round(float(np.quantile(known, 0.9)), 2)) if len(known) >= book.ask.rules.list_below else None
    shift = trends.cusum(values, out)
    line = tuple(_figure(value) for value in values)
    return _series(book, "still_hr_trend", trend, line, band, shift)


def _thresholds(book: _Book, since: int | None) -> model.Series:
    """What it takes for a rise to stand out, as each day's usual has it."""
    known = book.baselines if since is None else book.baselines[book.baselines[:, 0] >= since]
    trend = answers.since(book.ask.answer(trends.Trend, trends.rating_trend, known[:, 0], known[:, 1]), since)
    by_day = dict(known.tolist())
    return _series(book, "threshold_trend", trend, tuple(by_day.get(float(book.first + k)) for k in range(book.count)))


def _rated(book: _Book, kind: str) -> model.Series:
    values = book.daily_ratings(kind)
    trend = book.ask.answer(trends.Trend, trends.rating_trend, np.arange(book.count, dtype=np.float64) + book.first, values)
    return _series(book, f"{kind}_trend", trend, tuple(None if each is None else round(each, 2) for each in trends.running_mean(values)))


def _series(
    book: _Book,
    metric: str,
    trend: trends.Trend,
    line: tuple[float | None, ...],
    band: tuple[float, float] | None = None,
    shift: trends.Shift = trends.NO_SHIFT,
) -> model.Series:
    at = "" if shift.at is None else (book.from_day + timedelta(days=shift.at)).isoformat()
    return model.Series(book.ask.of_trend(EVERYTHING, metric, (), trend, n_tagged=trend.n, n_usable=trend.n), trend.n, line, band, at, shift.up)


def _concord(book: _Book) -> model.Concord:
    points = tuple((case.event.distress, case.metrics.dz10) for case in book.cases if case.counted and case.event.distress is not None)
    return model.Concord(answers.concord(book.cases, book.ask), tuple((int(felt), float(dz)) for felt, dz in points if dz is not None))


def _offers(book: _Book) -> model.Offers:
    drawn = drawn_by_lot(book.prompts)
    decisions = decisions_of(drawn, book.compared, book.ask.rules)
    said = offers.offered(decisions, book.ask.rules)
    told, seen = said.effect is not None, said.n >= book.ask.rules.list_below
    by_arm = {arm: tuple(round(each.outcome, 3) for each in decisions if each.outcome is not None and each.offered == arm) for arm in (True, False)}
    rated = {rating.prompt_id: rating.value for rating in book.ratings if rating.kind == "distress" and rating.prompt_id}
    breathed = {session.prompt_id for session in book.store.sessions(book.person) if session.prompt_id}
    return model.Offers(
        answers.of_offers(said, book.ask),
        by_arm[True] if seen else (),
        by_arm[False] if seen else (),
        answers.mean_of(by_arm[True], book.ask.rules) if told else None,
        answers.mean_of(by_arm[False], book.ask.rules) if told else None,
        len(drawn),
        sum(taken_up(row, breathed) for row in drawn),
        tuple(rated[row.id] for row in drawn if row.arm == OFFER and row.id in rated),
        tuple(rated[row.id] for row in drawn if row.arm == WITHHELD and row.id in rated),
        None if said.least_effect is None else round(said.least_effect, 2),
        made=sum(row.arm == OFFER for row in drawn),
    )


def drawn_by_lot(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Decisions that chance made, whichever way."""
    return [row for row in prompts if row.eligible and row.arm in (OFFER, WITHHELD) and row.probability is not None and 0 < row.probability < 1]


def decisions_of(drawn: Sequence[Prompt], found: Compared, rules: Statistics) -> list[offers.Decision]:
    """What came before and after each decision of one person, on their one timeline."""
    return [_decision(row, found, rules) for row in drawn]


def taken_up(row: Prompt, breathed: Set[str]) -> bool:
    """Whether an offer was: somebody said so, or an exercise is about it. `breathed`: the prompts that exercises are about."""
    return row.arm == OFFER and (row.answer == "breathe" or row.id in breathed)


def level_before(t_ns: int, lead: Track) -> float | None:
    """Mean level of the two minutes before a decision; None where none of it could be read."""
    return _mean_z(lead.between(t_ns - BEFORE_NS, t_ns).z, 1)


def level_after(t_ns: int, lead: Track, rules: Statistics) -> float | None:
    """Mean level of the minutes after a decision by which it is judged; None where less than half of them could be read."""
    first, last = (t_ns + minutes * MINUTE_NS for minutes in rules.outcome_min)
    return _mean_z(lead.between(first, last).z, (last - first) // GRID_NS // 2)


def _decision(row: Prompt, found: Compared, rules: Statistics) -> offers.Decision:
    before, level = found.lead.between(row.t_ns - BEFORE_NS, row.t_ns), level_before(row.t_ns, found.lead)
    return offers.Decision(
        t_ns=row.t_ns,
        offered=row.arm == OFFER,
        probability=float(row.probability or 0.0),
        outcome=level_after(row.t_ns, found.lead, rules),
        before=float("nan") if level is None else level,
        hour=local_hour(row.t_ns, found.offsets.one(row.t_ns)),
        still=float(np.mean(before.still)) if len(before) else 0.0,
        person=row.person,
    )


def _mean_z(z: np.ndarray, least: int) -> float | None:
    """Mean level of the readable points, when there are so many."""
    known = z[z != UNKNOWN]
    return float(np.mean(known)) * Z_UNIT if len(known) >= max(least, 1) else None


def _steps(book: _Book) -> tuple[tuple[model.Step, ...], tuple[Finding, ...]]:
    """Planned steps of the span, with the tags they became, and what they say together."""
    tagged = {case.event.id: case for case in book.cases}
    outcome = {
        rating.prompt_id.removeprefix(OF_EVENT): rating.value for rating in book.ratings if rating.kind == "outcome" and rating.prompt_id.startswith(OF_EVENT)
    }
    planned = [plan for plan in book.plans if plan.state != "dropped" and book.from_ns <= plan.t_ns < book.to_ns]
    walked = tuple(_step(book, plan, tagged.get(plan.event_id), outcome) for plan in planned)
    expected, met, expectancy, felt = (_column(walked, name) for name in ("expected", "met", "expectancy", "outcome"))
    distress, feared = steps.step_findings(expected, met, expectancy, felt, book.ask.rules)
    some = [tagged[plan.event_id] for plan in planned if plan.event_id in tagged]
    return walked, (
        book.ask.of_trend("kind:exposure_step", "step_distress", some, distress),
        book.ask.of_trend("kind:exposure_step", "step_outcome", some, feared),
    )


def _column(walked: Sequence[model.Step], name: str) -> FloatArray:
    return np.array([np.nan if (value := getattr(step, name)) is None else float(value) for step in walked], dtype=np.float64)


def _step(book: _Book, plan: Plan, case: Case | None, outcome: Mapping[str, int]) -> model.Step:
    return model.Step(
        when=book.when(plan.t_ns)[:10],
        text=plan.step,
        expected=plan.planned_distress,
        met=case.event.distress if case else None,
        expectancy=plan.expectancy,
        outcome=outcome.get(plan.event_id) if plan.event_id else None,
        state=plan.state,
        dz10=case.metrics.dz10 if case else None,
        standing=case.standing if case else "",
    )


# ---------------------------------------------------------------- laid out


def _laid_out(book: _Book, found: _Answers, lang: str, *, notes: bool, own: bool) -> model.Report:
    usual = [each for each in book.store.baselines(book.person) if each.from_ns < book.to_ns]
    newest = max(usual, key=lambda each: each.from_ns, default=None)
    spikes, spans = _spikes(book), ALL if own else choices_of(book.store, book.person)["report_spans"]
    return model.Report(
        person=book.person,
        span=book.span,
        from_day=book.from_day.isoformat(),
        to_day=book.to_day.isoformat(),
        lang=lang,
        notes=notes,
        simulated=any(each.row.simulated for each in book.store.recordings(book.person)),
        maturity=_maturity(book),
        analysis=book.ask.analysis,
        algorithm=ALGORITHM_VERSION,
        baseline_day="" if newest is None else book.when(newest.from_ns)[:10],
        days=_days(book, Counter(book.day(each.start_ns) for each in spikes)),
        coverage=_coverage(book),
        kinds=tuple(_group(book, key, finding) for key, finding in found.reactions.items() if key[0] == "kind"),
        others=tuple(_group(book, key, finding) for key, finding in found.reactions.items() if key[0] != "kind"),
        moments=tuple(_moment(book, case, notes, spans) for case in reversed(book.cases)),
        level=found.level,
        rises=len(spikes),
        chance=_figure(float(np.nansum(book.days.chance))) if book.days.chance_h.sum() else None,
        usable_h_with_chance=round(float(book.days.chance_h.sum()), 2),
        rises_with_chance=sum(each.chance_per_h is not None for each in spikes),
        belonging=found.belonging,
        engagement=found.engagement,
        thresholds=found.thresholds,
        trends=tuple(found.trends),
        contrasts=tuple(found.contrasts),
        settling=found.settling,
        concord=found.concord,
        offers=found.offers,
        steps=tuple(found.steps) if notes else tuple(replace(step, text="") for step in found.steps),
        step_findings=found.step_findings,
        secondaries=tuple(found.secondaries),
    )


def _maturity(book: _Book) -> str:
    """How well the usual is known at the last row of the span."""
    held = [day for day in days_of(book.store, book.person) if day[0] < book.to_ns]
    if not held:
        return "begun"
    rows = timeline(book.store, book.person, *held[-1]).rows
    still_h = float(np.nansum(book.days.usable_h))
    return stage_at(rows, len(rows) - 1, {each.number: each for each in book.store.baselines(book.person)}, still_h=still_h, constants=book.constants).name


def _spikes(book: _Book) -> list[Episode]:
    """Of the leading device, begun in the span."""
    found = [row.episode for row in book.store.device_episodes(book.person, book.from_ns, book.to_ns) if row.lead is not False]
    return [each for each in found if each.kind == "spike" and each.state == "final" and 0 <= book.day(each.start_ns) < book.count]


def _days(book: _Book, rises: Mapping[int, int]) -> tuple[model.Day, ...]:
    marks, belonging, engagement = book.marks(), book.daily_ratings("belonging"), book.daily_ratings("engagement")
    contacts, reached = book.daily_ratings("contacts"), book.daily_ratings("reached_out")
    of_day: list[list[str]] = [[] for _ in range(book.count)]
    for case in book.cases:
        of_day[book.day(case.event.t_ns)].append(case.event.kind)
    days = book.days
    return tuple(
        model.Day(
            date=(book.from_day + timedelta(days=k)).isoformat(),
            worn_h=round(float(days.worn_h[k]), 2),
            usable_h=round(float(days.usable_h[k]), 2),
            graded_h=round(float(days.graded_h[k]), 2),
            still_hr=_figure(days.still_hr[k]),
            rises=rises.get(k, 0),
            chance=_figure(days.chance[k]),
            belonging=_figure(belonging[k]),
            engagement=_figure(engagement[k]),
            contacts=_contacts(of_day[k], contacts[k], worn=bool(days.worn_h[k] > 0)),
            reached_out="reaching_out" in of_day[k] or bool(reached[k] > 0),
            marks=marks[k],
        )
        for k in range(book.count)
    )


def _contacts(kinds: Sequence[str], rated: float, *, worn: bool) -> int | None:
    """What was rated, else what was tagged; not known where nothing was worn and nothing said."""
    tagged = sum(kind in CONTACT_KINDS for kind in kinds)
    if np.isfinite(rated):
        return max(round(float(rated)), tagged)
    return tagged if worn or kinds else None


def _figure(value: float) -> float | None:
    return None if not np.isfinite(value) else round(float(value), 2)


def _coverage(book: _Book) -> model.Coverage:
    days, some = book.days, book.cases
    received, flagged, stored = _beats(book)
    standings = {
        name: sum(case.standing == name for case in some) for name in ("counted", "not_blind", "asked", "no_signal", "overlapping", "outside", "unmatched")
    }
    worn = float(days.worn_h.sum())
    counted = [case for case in some if case.counted]
    contexts = [(word, sum(word in case.event.context for case in some)) for word in CONTEXTS]
    return model.Coverage(
        worn_h=round(worn, 2),
        usable_h=round(float(days.usable_h.sum()), 2),
        graded_h=round(float(days.graded_h.sum()), 2),
        limited_h=round(float(days.limited_h.sum()), 2),
        days_worn=int(np.count_nonzero(days.worn_h > 0)),
        days=book.count,
        gates=tuple((gate, round(hours / worn, 4)) for gate, hours in days.gates) if worn else (),
        beats_received=received,
        beats_stored=stored,
        beats_flagged=flagged,
        gap_h=round(sum(gap.lost_ns for gap in _gaps(book)) / HOUR_NS, 2),
        devices=_devices(book),
        tagged=len(some),
        usable=sum(case.usable for case in some),
        **standings,
        late=sum(case.late for case in counted),
        blind_unknown=sum(case.event.blind is None for case in counted),
        talking_or_moving=sum(bool({"talking", "moving"} & set(case.event.context)) for case in counted),
        confounders=tuple((word, n) for word, n in contexts if n),
    )


def _devices(book: _Book) -> tuple[tuple[str, str], ...]:
    """Those that spoke for the person in the span."""
    heard = {track.device for track in book.compared.tracks if bool(track.between(book.from_ns, book.to_ns).led.any())}
    return tuple(sorted({(unit.device, unit.tier) for unit in book.store.units(book.person) if unit.device in heard}))


def _gaps(book: _Book) -> list[Gap]:
    """Holes in the beats while something was worn: what lasts an hour is a strap that was off, lost or empty, and is seen in the hours."""
    devices = sorted({unit.device for unit in book.store.units(book.person)})
    found = [gap for device in devices for gap in book.store.gaps(book.person, device, book.from_ns, book.to_ns)]
    return [gap for gap in found if gap.stream == Stream.RR and gap.start_ns >= book.from_ns and gap.lost_ns < HOUR_NS and gap.reason != OFF]


def _beats(book: _Book) -> tuple[int, int, int]:
    """Received, flagged and stored beats of the UTC days that the span touches most of; a past day's count is remembered."""
    received = stored = flagged = 0
    for unit in book.store.units(book.person):
        counts = book.store.refusals(unit)
        refused = sum(sum(why.values()) for hour, (_, why) in counts.items() if book.from_ns <= hour < book.to_ns)
        in_store, odd = _counted(book, unit)
        stored, flagged, received = stored + in_store, flagged + odd, received + in_store + refused
    return received, flagged, stored


def _counted(book: _Book, unit: Unit) -> tuple[int, int]:
    """(stored, flagged) of one recording."""
    total, odd = 0, 0
    fresh: list[tuple[str, str, bytes]] = []
    for start_ns, stop_ns in book.store.days(unit):
        low, high = max(start_ns, book.from_ns), min(stop_ns, book.to_ns)
        if high <= low:
            continue
        name, state = f"{BEATS_KEPT}/{unit.device}/{unit.recording}/{low}/{high}", str(book.store.beats_state(unit, low, high))
        kept = book.store.keepsake(book.person, name, state)
        if kept is None:
            flag = book.store.recording_beats(unit, low, high).flag
            kept = f"{len(flag)} {int(np.count_nonzero(flag != Flag.OK))}".encode()
            fresh.append((name, state, kept))
        n, bad = map(int, kept.split())
        total, odd = total + n, odd + bad
    if fresh:
        book.store.keep(book.person, fresh)
    return total, odd


def _group(book: _Book, key: tuple[str, str], finding: Finding) -> model.Group:
    some = [case for case in book.cases if key[1] in cases.words_of(case.event, key[0])]
    counted = [case for case in some if case.counted]
    matched = [control.dz10 for case in counted for control in case.controls if control.dz10 is not None]
    rated = [case.event.distress for case in some if case.event.distress is not None]
    few = len(counted) < book.ask.rules.list_below
    return model.Group(
        scope=key[0],
        word=key[1],
        tagged=len(some),
        counted=len(counted),
        felt=float(np.median(rated)) if rated else None,
        points=tuple(float(case.metrics.dz10) for case in counted if case.metrics.dz10 is not None),
        matched=None if few or not matched else (round(float(np.quantile(matched, 0.1)), 3), round(float(np.quantile(matched, 0.9)), 3)),
        finding=finding,
    )


def _moment(book: _Book, case: Case, notes: bool, spans: str) -> model.Moment:
    event, metrics, link = case.event, case.metrics, book.links.get(case.event.id)
    vague = link is not None and link.rule.startswith(TOO_VAGUE)
    risen = (metrics.dz10 or 0.0) >= book.ask.rules.least_effect
    shown = [control for control in case.controls if spans == ALL or shared(spans, *[EPOCH + timedelta(days=control.day)] * 2)]
    return model.Moment(
        event_id=event.id,
        t_ns=event.t_ns,
        when=book.when(event.t_ns),
        kind=event.kind,
        with_whom=event.with_whom,
        action=event.action,
        context=event.context,
        felt=event.distress,
        certainty_s=event.certainty_s,
        standing=case.standing,
        dz10=metrics.dz10,
        peak_z=metrics.peak_z,
        half_min=_minutes(metrics.t_half_s) if risen else None,
        half_censored=risen and bool(metrics.t_half_censored),
        link="" if link is None or vague or not case.usable else link.verdict,
        link_p=None if link is None or vague or not link.episode_id else round(link.probability, 2),
        note=event.note if notes else "",
        matches=tuple(model.Match(each.t_ns, book.when(each.t_ns), each.dz10, each.still, each.motion_mg) for each in shown),
        matches_elsewhere=len(case.controls) - len(shown),
    )
