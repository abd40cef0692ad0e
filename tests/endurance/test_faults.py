"""Faults by the dozen on a strap that is worn: what the wearer is told, how soon it streams again, what is lost, and that the rest is dated right.

Everything from HCI upwards is the program's own, on a clock that jumps. Two more kinds need a real Bluetooth daemon: tests/bluetooth.
"""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fake_strap import heart
from fast_loop import BOOT_NS, run_fast
from fault_table import Row, recoveries, table, worst_after
from reckoning import reckon
from worn import On, record, store_in

from ingest.virtual.faults import Fault
from ingest.virtual.feed import from_ticks

pytestmark = pytest.mark.slow

COUNT = 40 if os.environ.get("SOMALINK_ENDURANCE") == "full" else 6
APART_S = 180
LASTS = {"drop": (0.5, 6.0), "silence": (6.0, 20.0), "refuse": (2.0, 12.0)}
WORDS = {"drop": "link drop", "silence": "silence", "refuse": "connect failure"}


@pytest.mark.parametrize("kind", LASTS)
def test_whatever_happens_to_the_link_the_strap_is_found_again_and_every_loss_lies_in_a_gap(kind: str, tmp_path: Path, figures) -> None:
    row = suffer(kind, tmp_path)
    figures(table([row]))
    assert row.held.unaccounted == []
    assert row.held.idle == []
    assert len(row.recovery_s) == COUNT
    assert row.p95_s <= 10
    assert row.held.gaps_s <= row.held.lost_s + 2 * COUNT
    assert np.count_nonzero(np.abs(row.held.error_s) > 0.1) == 0


def suffer(kind: str, folder: Path) -> Row:
    dice = np.random.default_rng(len(kind))
    at = 60 + APART_S * np.arange(COUNT) + dice.uniform(0, 60, COUNT)
    faults = [Fault(kind, at_s=round(float(a), 3), for_s=round(float(dice.uniform(*LASTS[kind])), 3)) for a in at]
    beats = from_ticks(heart((at[-1] + 120) / 60, bpm=72, seed=3).tolist())
    with store_in(folder) as store:
        told = run_fast(record(store, [On("ada", beats, faults=faults)]))
        rows = told.log.of("beat")
        held = reckon(store, "ada", [each["t"] for each in rows], [each["ticks"] for each in rows])
    back = BOOT_NS + np.array([round((fault.at_s + fault.for_s) * 1e9) for fault in faults])
    again = np.array([row["t"] for row in told.log.of("subscribed")[1:]])
    true, sent = (np.array([row["t"] for row in told.log.of(what)]) for what in ("beat", "notification"))
    return Row(WORDS[kind], Counter(link.state for link in told.links), recoveries(sent, back), held, worst_after(held, true, again))
