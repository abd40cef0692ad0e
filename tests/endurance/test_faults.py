"""Faults by the dozen on a strap that is worn: what the wearer is told, how soon it streams again, what is lost, and that the rest is dated right.

Everything from HCI upwards is the program's own, on a clock that jumps. The two kinds that need a real Bluetooth daemon are in tests/bluez.
"""

import os
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from fake_strap import heart
from fast_loop import run_fast
from reckoning import Reckoning, reckon
from worn import On, Told, record, store_in

from ingest.virtual.faults import Fault
from ingest.virtual.feed import from_ticks
from somalink.domain.time import SECOND_NS

pytestmark = pytest.mark.slow

COUNT = 40 if os.environ.get("SOMALINK_ENDURANCE") == "full" else 6
APART_S = 180
AFTER_NS = 60 * SECOND_NS
LASTS = {"drop": (0.5, 6.0), "silence": (6.0, 20.0), "refuse": (2.0, 12.0)}
HEAD = "fault              n  again after s: p50   p95   max   lost in no gap misdated  worst 60 s after  seen"
WORDS = {"drop": "link drop", "silence": "silence", "refuse": "connect failure"}


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault, `COUNT` times. Seconds from the end of the fault to the next heartbeat that arrives; `seen`: states in order."""

    kind: str
    seen: Counter[str]
    recovery_s: np.ndarray
    held: Reckoning
    worst_after_s: float


@pytest.mark.parametrize("kind", LASTS)
def test_whatever_happens_to_the_link_the_strap_is_found_again_and_every_loss_lies_in_a_gap(kind: str, tmp_path, figures) -> None:
    row = suffer(kind, tmp_path)
    figures(table([row]))
    assert row.held.unaccounted == []
    assert row.held.idle == []
    assert len(row.recovery_s) == COUNT
    assert np.percentile(row.recovery_s, 95) <= 10
    assert row.held.gaps_s <= row.held.lost_s + 2 * COUNT


def suffer(kind: str, folder) -> Row:
    dice = np.random.default_rng(len(kind))
    at = 60 + APART_S * np.arange(COUNT) + dice.uniform(0, 60, COUNT)
    faults = [Fault(kind, at_s=round(float(a), 3), for_s=round(float(dice.uniform(*LASTS[kind])), 3)) for a in at]
    beats = from_ticks(heart((at[-1] + 120) / 60, bpm=72, seed=3).tolist())
    with store_in(folder) as store:
        told = run_fast(record(store, [On("ada", beats, faults=faults)]))
        rows = told.log.of("beat")
        held = reckon(store, "ada", [each["t"] for each in rows], [each["ticks"] for each in rows])
    return Row(kind, _seen(told), _recoveries(told, faults), held, _worst_after(held, told, faults))


def _recoveries(told: Told, faults: list[Fault]) -> np.ndarray:
    """From the end of each fault, when the strap could be had again, to the next notification that is sent to somebody."""
    begun = told.log.of("start")[0]["t"] if told.log.of("start") else told.log.of("beat")[0]["t"] - told.log.of("beat")[0]["ticks"] * 1_953_125 // 2
    sent = np.array([row["t"] for row in told.log.of("notification")])
    ends = np.array([begun + round((fault.at_s + fault.for_s) * 1e9) for fault in faults])
    return (sent[np.searchsorted(sent, ends)] - ends) / SECOND_NS


def _seen(told: Told) -> Counter[str]:
    return Counter(link.state for link in told.links if link.state not in ("looking", "connecting", "streaming", "stopped"))


def _worst_after(held: Reckoning, told: Told, faults: list[Fault]) -> float:
    """The largest error in the minute after a recovery."""
    true = np.array([row["t"] for row in told.log.of("beat")])[held.at]
    after = np.zeros(len(true), bool)
    for row in told.log.of("subscribed")[1:]:
        after |= (true >= row["t"]) & (true < row["t"] + AFTER_NS)
    return float(np.abs(held.error_s[after]).max(initial=0.0))


def table(rows: list[Row]) -> str:
    return "\n".join([HEAD, *map(_line, rows)])


def _line(row: Row) -> str:
    p50, p95 = np.percentile(row.recovery_s, [50, 95])
    misdated = int(np.count_nonzero(np.abs(row.held.error_s) > 0.1))
    seen = ", ".join(f"{state} {n}" for state, n in row.seen.most_common())
    return (
        f"{WORDS[row.kind]:<16} {len(row.recovery_s):>3}  {p50:>18.1f} {p95:>5.1f} {row.recovery_s.max():>5.1f}  "
        f"{row.held.missing:>5} {len(row.held.unaccounted):>9} {misdated:>8} {row.held.worst_s:>6.3f} {row.worst_after_s:>10.3f}  {seen}"
    )
