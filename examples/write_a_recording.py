"""A recording folder from a log of your own: one beat a line, `ISO 8601 time with offset,interval in ms`.

    python examples/write_a_recording.py my-log.csv my-recording
    somalink replay my-recording --store me.db

Only times and intervals are copied. Bad rows are copied too: the reader refuses them by rule and counts them, which a script should not do for it.
"""

import csv
import json
import sys
from datetime import datetime
from pathlib import Path


def main(log: Path, folder: Path, person: str = "me", tz: str = "Europe/Rome") -> None:
    with log.open(newline="", encoding="utf-8") as file:
        beats = [(datetime.fromisoformat(at), rr_ms) for at, rr_ms in csv.reader(file)]
    start = beats[0][0]
    folder.mkdir(parents=True)
    meta = {"format": "somalink-recording", "version": 1, "person": person, "device": "my-logger", "tier": "B", "start": start.isoformat(), "tz": tz}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    with (folder / "rr.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("t_s", "rr_ms"))
        table.writerows((f"{(at - start).total_seconds():.3f}", rr_ms) for at, rr_ms in beats)
    print(f"{len(beats)} beats from {start.isoformat()} in {folder}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
