"""A report made up for a page to show: what a month of somebody could come to. Every number is invented; none is computed anywhere."""

import time
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dashboards.report.model import Concord, Coverage, Day, Group, Match, Moment, Offers, Report, Series, Settling, Step
from somalink.domain.catalogue import HIGHER, KINDS, LISTED_ONLY, NOT_TOLD_APART, TOO_FEW
from somalink.domain.types import Finding

FIRST, LAST = date(2026, 2, 3), date(2026, 3, 2)
SPAN = f"{FIRST}/{LAST}"
MS = 1_000_000


class Reported:
    """Beside a desk: its findings as they are given here, each made as long as `takes_s`; `asked` is what was asked."""

    def __init__(self, desk: Any, report: Report, *, takes_s: float = 0.0) -> None:
        self._desk, self._report, self._takes_s = desk, report, takes_s
        self.asked: list[tuple[str, int]] = []
        self.papers: list[tuple[str, int, str]] = []
        self.at_once = self.most_at_once = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def findings(self, person: str, weeks: int) -> Report:
        self.asked.append((person, weeks))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self._takes_s)
        self.at_once -= 1
        return self._report

    def report(self, person: str, weeks: int, format: str) -> bytes:
        self.papers.append((person, weeks, format))
        return b"<!doctype html><title>report</title>" if format == "html" else b"%PDF-1.7"


def finding(metric: str, verdict: str = NOT_TOLD_APART, scope: str = "all", **more: object) -> Finding:
    plain = {"n_tagged": 0, "n_usable": 0, "n_blind": 0, "n_controls": 0, "effect": None, "low": None, "high": None, "p": None, "q": None, "reason": ""}
    return Finding(id=f"{scope}-{metric}", person="ada", span=SPAN, scope=scope, metric=metric, verdict=verdict, analysis="a1", **{**plain, **more})  # type: ignore[arg-type]


def nothing(person: str = "ada") -> Report:
    """Of somebody who wore and said nothing."""
    none = finding("dz10", LISTED_ONLY)
    flat = Series(none, 0, (), None, "", change_up=False)
    coverage = Coverage(**{field.name: () if field.name in ("gates", "devices", "confounders") else 0 for field in fields(Coverage)} | {"days": 28})  # type: ignore[arg-type]
    settling = Settling(finding("t_half_s", LISTED_ONLY), 0, 0, None, None, None, (), (), finding("t_half_trend", LISTED_ONLY))
    offers = Offers(finding("offer", TOO_FEW, reason="more:20"), (), (), None, None, 0, 0, (), (), None)
    return Report(
        person=person, span=SPAN, from_day=str(FIRST), to_day=str(LAST), lang="en", notes=True, simulated=True, maturity="begun", analysis="a1", algorithm="1",
        baseline_day="", days=(), coverage=coverage, kinds=(), others=(), moments=(), level=flat, rises=0, chance=None, usable_h_with_chance=0,
        rises_with_chance=0,
        belonging=flat, engagement=flat, thresholds=flat, trends=(), contrasts=(), settling=settling, concord=Concord(finding("concordance", LISTED_ONLY), ()),
        offers=offers, steps=(), step_findings=(), secondaries=(),
    )  # fmt: skip


COUNTED = {"conflict": 11, "criticism": 9, "ignored": 6, "rejection": 3, "exclusion": 2, "boundary": 4, "connection": 8, "support": 5, "exposure_step": 4}
EFFECTS = {"conflict": (1.3, 1.0, 1.6), "criticism": (0.8, 0.5, 1.1), "connection": (0.3, -0.3, 0.9)}


def month(person: str = "ada") -> Report:
    """Of somebody with a month of moments: two kinds higher, one not told apart, some too few, some listed only."""
    moments = tuple(sorted((_moment(kind, k) for kind, n in COUNTED.items() for k in range(n + 1)), key=lambda each: -each.t_ns))
    offers = Offers(
        finding("offer", NOT_TOLD_APART, n_tagged=23, n_usable=23, n_blind=23, effect=-0.2, low=-0.8, high=0.4),
        (0.1, 0.4, 0.9, 1.2, 0.3), (0.8, 1.1, 0.2), (0.58, 0.2, 0.9), (0.7, 0.1, 1.2), 23, 9, (4, 3, 5), (4, 4), 1.2,
    )  # fmt: skip
    settling = Settling(
        finding("t_half_s", NOT_TOLD_APART, n_tagged=31, n_usable=31), 31, 7, 14.0, 11.0, 18.0,
        ((0, 1), (6, 0.8), (11, 0.6), (14, 0.5), (25, 0.3), (48, 0.1)), ((30, 0.3), (52, 0.1)), finding("t_half_trend", NOT_TOLD_APART, n_usable=31),
    )  # fmt: skip
    steps = (
        Step("2026-02-12", "ask a question in the meeting", 7, 5, 8, 2, "done", 1.1),
        Step("2026-02-20", "call first, instead of waiting", 6, 4, 6, 0, "done", 0.4),
        Step("2026-03-04", "say no to a small request", 8, None, 7, None, "planned", None),
    )
    bare = nothing(person)
    coverage = replace(bare.coverage, worn_h=278.2, usable_h=247.6, graded_h=236, days_worn=25, tagged=72, usable=64, counted=52, not_blind=6, no_signal=8,
                       overlapping=3, unmatched=3, talking_or_moving=26, devices=(("strap", "A"),))  # fmt: skip
    days = tuple(Day(str(FIRST + timedelta(days=k)), 10.5, 9.4, 9.0, 0.3, 2, 1.5, 5.0, None, 1, False, ()) for k in range(28))
    return replace(
        bare, maturity="own", baseline_day="2026-03-01", days=days, coverage=coverage, kinds=tuple(_group(kind, n) for kind, n in COUNTED.items()),
        others=(_group("partner", 6, scope="with_whom"),), moments=moments, rises=61, chance=40.0, usable_h_with_chance=240.0,
        rises_with_chance=61, offers=offers,
        settling=settling, concord=Concord(finding("concordance", HIGHER, n_usable=43, n_blind=43, effect=0.41, low=0.2, high=0.6), _felt()),
        steps=steps,
        trends=(finding("dz10_trend", LISTED_ONLY, "kind:conflict", n_blind=11, reason="more:1"),),
        contrasts=(finding("dz10_contrast", LISTED_ONLY, "kind:conflict-criticism", n_usable=9, reason="more:1"),),
    )  # fmt: skip


def _felt() -> tuple[tuple[int, float], ...]:
    return tuple((k % 11, round(0.15 * (k % 11) + 0.5 * ((k * 7) % 5 - 2), 2)) for k in range(43))


def _group(word: str, n: int, *, scope: str = "kind") -> Group:
    points = tuple(round(EFFECTS.get(word, (0.2,))[0] + 0.4 * ((7 * k) % 5 - 2), 2) for k in range(n))
    verdict = LISTED_ONLY if n < 5 else TOO_FEW if n < 8 else HIGHER if EFFECTS[word][1] > 0 else NOT_TOLD_APART
    effect, low, high = EFFECTS[word] if n >= 8 else (None, None, None)
    reason = {LISTED_ONLY: f"more:{5 - n}", TOO_FEW: f"more:{8 - n}", NOT_TOLD_APART: "more:22"}.get(verdict, "")
    told = finding(
        "dz10", verdict, f"{scope}:{word}", n_tagged=n + 1, n_usable=n, n_blind=n, n_controls=10 * n, effect=effect, low=low, high=high, reason=reason
    )
    return Group(scope, word, n + 1, n, 6.0, points, None if n < 5 else (-0.9, 1.0), told)


def _moment(kind: str, k: int) -> Moment:
    at = datetime(LAST.year, LAST.month, LAST.day, 18, 15, tzinfo=UTC) - timedelta(days=k + KINDS.index(kind) % 3, minutes=37 * (KINDS.index(kind) + k))
    counted = k < COUNTED[kind]
    matches = (
        tuple(Match(_ns(at - timedelta(days=d)), _when(at - timedelta(days=d)), round(-0.6 + 0.15 * d, 2), 0.95, 4.0) for d in range(1, 11)) if counted else ()
    )
    return Moment(
        event_id=f"00000000-0000-4000-8000-{KINDS.index(kind):04d}{k:08d}", t_ns=_ns(at), when=_when(at), kind=kind, with_whom=("work",), action="stayed",
        context=("talking",), felt=6, certainty_s=300, standing="counted" if counted else "not_blind", dz10=1.1 if counted else None, peak_z=2.4, half_min=14.0,
        half_censored=k % 3 == 1, link="linked", link_p=0.8, note="", matches=matches,
    )  # fmt: skip


def _ns(at: datetime) -> int:
    return int(at.timestamp() * 1000) * MS


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")
