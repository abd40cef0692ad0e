"""Three months of people whose truth is known: the report says what is so once it can, not before, and not what is not so.

Rows written directly (`clients.client_store`): the engine has nothing to do with what is asked here.
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from clients import HALVED, KINDS, Client, Moments, client_store

from dashboards.report.model import Report
from somalink.domain.catalogue import OFFER, WITHHELD
from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Finding
from somalink.pipeline.comparing import compared
from somalink.pipeline.holdings import local_offsets
from somalink.pipeline.reporting import report_of
from somalink.storage import LocalStore

pytestmark = pytest.mark.slow
OFTEN = Moments(60, 3.0, 1.5)
"""Conflicts enough for a halving to be told: at one in a day and a half, over three months."""


def reported(store: LocalStore, client: Client, days: int = 90) -> Report:
    """Of the first so many days."""
    return report_of(store, client.person, client.first_day, client.first_day + timedelta(days=days - 1), constants=Constants())


def trend(report: Report, kind: str) -> Finding:
    return next(each for each in report.trends if each.scope == f"kind:{kind}")


def reaction(report: Report, kind: str) -> Finding:
    return next(group.finding for group in report.kinds if group.word == kind)


def test_reactions_that_really_halve_are_told_to_fade_when_there_are_enough_and_not_before(tmp_path: Path) -> None:
    kinds = {**HALVED, "conflict": OFTEN}
    with client_store("settling", tmp_path / "c.db", kinds=kinds) as (store, client):
        whole, early = reported(store, client), reported(store, client, 14)
        assert reaction(whole, "conflict").verdict == "higher"
        fading = trend(whole, "conflict")
        assert (fading.verdict, fading.n_blind >= 40) == ("lower", True)
        assert fading.low is not None and fading.high is not None and fading.low <= -0.45 <= fading.high + 0.1
        assert trend(early, "conflict").verdict == "too_few"
        assert whole.settling.trend.verdict in ("lower", "not_told_apart")
        assert whole.settling.trend.effect is not None and whole.settling.trend.effect < 0


def test_reactions_that_stay_as_they_are_are_not_told_to_fade(tmp_path: Path) -> None:
    kinds = {**KINDS, "conflict": Moments(60, 3.0, 3.0)}
    with client_store("steady", tmp_path / "c.db", kinds=kinds) as (store, client):
        whole = reported(store, client)
    assert reaction(whole, "conflict").verdict == "higher"
    assert trend(whole, "conflict").verdict == "not_told_apart"
    assert reaction(whole, "connection").verdict == reaction(whole, "group").verdict == "not_told_apart"


def test_who_tags_only_what_the_chart_shows_has_everything_listed_and_nothing_told(tmp_path: Path) -> None:
    with client_store("watcher", tmp_path / "c.db") as (store, client):
        whole = reported(store, client)
        assert whole.coverage.counted == 0
        assert whole.coverage.not_blind > 80
        assert {group.finding.verdict for group in whole.kinds} == {"listed_only"}
        assert all(group.finding.effect is None for group in whole.kinds)
        seen = [case.metrics.dz10 for case in _cases(store, client) if case.metrics.dz10 is not None]
    assert np.mean(seen) > 0.4  # what a chart with markers on it would have "shown"


def _cases(store: LocalStore, client: Client):
    return compared(store, client.person, client.start_ns, client.stop_ns, local_offsets(store, client.person), Constants()).cases


def fallen(store: LocalStore, client: Client, arm: str) -> np.ndarray:
    """The naive way: level 5 to 15 min after each decision of an arm, less that of the two minutes before."""
    lead = compared(store, client.person, client.start_ns, client.stop_ns, local_offsets(store, client.person), Constants()).lead

    def level(from_ns: int, to_ns: int) -> float:
        rows = lead.between(from_ns, to_ns)
        return float(np.mean(rows.z[rows.usable])) / 1e4 if rows.usable.any() else float("nan")

    rows = [row for row in store.prompts(client.person) if row.arm == arm and row.trigger == "arousal"]
    return np.array([level(row.t_ns + 5 * MINUTE_NS, row.t_ns + 15 * MINUTE_NS) - level(row.t_ns - 2 * MINUTE_NS, row.t_ns) for row in rows])


@pytest.mark.parametrize(("name", "verdict"), [("breath_helps", "lower"), ("breath_idle", "not_told_apart")])
def test_a_breath_that_helps_is_told_from_one_that_does_not_and_before_and_after_finds_both(tmp_path: Path, name: str, verdict: str) -> None:
    with client_store(name, tmp_path / "c.db") as (store, client):
        whole, early = reported(store, client).offers, reported(store, client, 7).offers
        naive = [fallen(store, client, arm) for arm in (OFFER, WITHHELD)]
    assert whole.finding.verdict == verdict
    assert early.finding.verdict == "too_few"
    assert whole.finding.low is not None and whole.finding.high is not None
    assert whole.finding.low <= (-0.7 if name == "breath_helps" else 0.0) <= whole.finding.high
    for each in naive:
        known = each[np.isfinite(each)]
        assert np.mean(known) < -0.5
        assert np.mean(known) / (np.std(known) / np.sqrt(len(known))) < -4
