"""A long time of one person, reported on every day: what is remembered never says anything else than what is made anew, and one more day is cheap.

    pytest -m slow tests/endurance/test_year_of_findings.py -s                          two months
    SOMALINK_ENDURANCE=full pytest -m slow tests/endurance/test_year_of_findings.py -s  a year, a thousand tags; minutes

Prints processor seconds; asserts none, since machines are shared.
"""

import os
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from clients import KINDS, client_store

from dashboards.report.model import Report
from somalink.domain.constants import Constants
from somalink.pipeline.reporting import report_of
from somalink.storage import LocalStore

FULL = os.environ.get("SOMALINK_ENDURANCE") == "full"
DAYS, MORE = (365, 1.18) if FULL else (60, 1.0)


def timed(store: LocalStore, person: str, last: date, days: int) -> tuple[Report, float]:
    began = time.process_time()
    report = report_of(store, person, last - timedelta(days=days - 1), last, constants=Constants())
    return report, time.process_time() - began


@pytest.mark.slow
def test_one_more_day_says_what_everything_anew_would_say(tmp_path: Path) -> None:
    kinds = {kind: moments._replace(tags=round(moments.tags * MORE)) for kind, moments in KINDS.items()}
    span = DAYS - 3
    with client_store("steady", tmp_path / "c.db", days=DAYS, kinds=kinds) as (store, client):
        _, whole = timed(store, client.person, client.last_day - timedelta(days=1), span)
        grown, one_more = timed(store, client.person, client.last_day, span)
        sys.stdout.write(f"\n{DAYS} days, {len(client.events)} tags: all of it {whole:.1f} s, one more day {one_more:.1f} s of processor time\n")
        store._database.run("DELETE FROM keepsakes")
        store._database.run("DELETE FROM controls")
        anew, _ = timed(store, client.person, client.last_day, span)
    assert grown == anew
