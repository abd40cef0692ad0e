"""One line for each kind of fault: what the wearer was told, how soon it streamed again, what was lost, how right the rest is dated."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from reckoning import Reckoning

from somalink.domain.time import SECOND_NS

AFTER_NS = 60 * SECOND_NS
HEAD = "fault              n  again after s: p50   p95   max   lost in no gap misdated  worst 60 s after  untrusted  seen"
CALM = ("looking", "connecting", "streaming", "stopped")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault. Seconds from when the strap could be had again to the next heartbeat that arrives; `seen`: states told."""

    kind: str
    seen: Counter[str]
    recovery_s: np.ndarray
    held: Reckoning
    worst_after_s: float

    @property
    def p95_s(self) -> float:
        return float(np.percentile(self.recovery_s, 95))


def recoveries(sent_ns: np.ndarray, back_ns: np.ndarray) -> np.ndarray:
    """From each `back_ns` to the first notification that is sent to somebody after it, in seconds."""
    return np.asarray((sent_ns[np.searchsorted(sent_ns, back_ns)] - back_ns) / SECOND_NS)


def worst_after(held: Reckoning, true_ns: np.ndarray, back_ns: np.ndarray) -> float:
    """The largest error in the minute after each of these times."""
    true = true_ns[held.at]
    after = np.zeros(len(true), bool)
    for back in back_ns:
        after |= (true >= back) & (true < back + AFTER_NS)
    return float(np.abs(held.error_s[after]).max(initial=0.0))


def table(rows: list[Row]) -> str:
    return "\n".join([HEAD, *map(_line, rows)])


def _line(row: Row) -> str:
    p50, p95 = np.percentile(row.recovery_s, [50, 95])
    misdated = int(np.count_nonzero(np.abs(row.held.error_s) > 0.1))
    seen = ", ".join(f"{state} {n}" for state, n in row.seen.most_common() if state not in CALM)
    return (
        f"{row.kind:<16} {len(row.recovery_s):>3}  {p50:>18.1f} {p95:>5.1f} {row.recovery_s.max():>5.1f}  "
        f"{row.held.missing:>5} {len(row.held.unaccounted):>9} {misdated:>8} {row.held.worst_s:>6.3f} {row.worst_after_s:>10.3f}  "
        f"{row.held.untrusted:>9}  {seen}"
    )
