"""What a newcomer has in front of them: an empty home and two small recordings, as the pages and examples name them."""

import json
import math
from pathlib import Path

META = {
    "format": "somalink-recording",
    "version": 1,
    "person": "me",
    "device": "strap",
    "tier": "B",
    "start": "2026-03-02T09:00:00+01:00",
    "tz": "Europe/Rome",
}


def laid_out(desk: Path) -> Path:
    """The folder a page's reader sits at, with `my-day` (a recording folder, 41 quiet minutes with a rise) and `beats.txt` (one RR in ms a line)."""
    intervals = [round(850 + 40 * math.sin(n / 5) + 15 * math.sin(n * 1.7) - (150 if 1500 < n < 1900 else 0)) for n in range(3000)]
    day = desk / "my-day"
    day.mkdir(parents=True)
    (day / "meta.json").write_text(json.dumps(META))
    rows, t_ms = ["t_s,rr_ms"], 0
    for interval in intervals:
        t_ms += interval
        rows.append(f"{t_ms / 1000:.3f},{interval}")
    (day / "rr.csv").write_text("\n".join(rows) + "\n")
    (desk / "beats.txt").write_text("\n".join(map(str, intervals[:600])) + "\n")
    return desk
