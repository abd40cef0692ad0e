"""Numbers as people read them on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def totals_table(totals: dict[str, Any]) -> Table:
    """What a store holds, in words."""
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    refused = totals["beats_refused"]
    rows = {
        "recordings": str(len(totals["recordings"])),
        "beats": f"{totals['beats_received']} received = {totals['beats_stored']} stored + {sum(refused.values())} refused{_reasons(refused)}",
        "flagged": f"{sum(totals['beats_flagged'].values())}{_reasons(totals['beats_flagged'])}",
        "gaps": f"{totals['gaps']}, {hours(totals['gap_s'])} in all",
        "usable": hours(totals["usable_s"]),
        "spikes": str(totals["episodes"]),
        "moments": f"{totals['events']} tagged" + (f", {totals['events_refused']} refused" if totals["events_refused"] else ""),
        "links": str(totals["links"]),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def hours(seconds: float) -> str:
    """`13.4 h`, or minutes under one hour."""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _reasons(counts: dict[str, int]) -> str:
    return f" ({', '.join(f'{n} {name}' for name, n in counts.items())})" if counts else ""
