"""Spikes per usable hour beside what chance alone would have, from exported tables. Needs nothing but Python.

somalink export --store me.db --what episodes,coverage --out tables
python examples/read_an_export.py tables
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean


def rows(folder: Path, table: str) -> Iterator[dict[str, str]]:
    """The rows of a table as text; an empty field is not known, never zero."""
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def main(folder: Path) -> None:
    usable_h: dict[str, float] = defaultdict(float)
    spikes: dict[str, list[str]] = defaultdict(list)
    for hour in rows(folder, "coverage"):
        usable_h[hour["person"]] += int(hour["usable_s"]) / 3600
    for episode in rows(folder, "episodes"):
        if episode["kind"] == "spike" and episode["lead"] == "1":  # one body, one count, however many devices are worn
            spikes[episode["person"]].append(episode["chance_per_h"])
    for person, hours in usable_h.items():
        chances = [float(chance) for chance in spikes[person] if chance]
        by_chance = f"{fmean(chances):.2f} by chance alone" if chances else "by chance: not known"
        rate = f"{len(spikes[person]) / hours:.2f} an hour" if hours else "no rate"
        print(f"{person}: {hours:.1f} usable hours, {len(spikes[person])} spikes, {rate}; {by_chance}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
