"""What an exported store says should be on a server, row by row: the other road to the numbers that the shipper sends.

Reads the exported CSV files, and for the little that they leave out the store's own tables (`BESIDE`). Written from contracts, section 12, and the
meanings in `somalink.domain.measurements`; shares no line with `somalink.pipeline.replica`. Words (labels, verdicts in sentences) are not
reckoned: `WORDED` names them, and `borrowed` takes them over from the rows they are compared with.
"""

from __future__ import annotations

import csv
import json
import math
import sqlite3
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from influxql import Row, Table, column

from somalink.domain.measurements import MEASUREMENTS, PERSON, REACTION, Form
from somalink.storage.local import LocalStore

SECOND, MINUTE, HOUR, DAY = 10**9, 60 * 10**9, 3600 * 10**9, 86400 * 10**9
MS = 10**6
POINT_S = 5.0
OPEN_GATES = ("still", "light", "unknown")
GATES = ("unknown", "still", "light", "moving", "recovery", "posture")
LEAST_QUALITY = 0.6
SURE_SE = 1.64
EDGE_H = 4
"""A local day runs from 04:00 to 04:00."""
WEEKDAYS = ("1 Mon", "2 Tue", "3 Wed", "4 Thu", "5 Fri", "6 Sat", "7 Sun")
LOST = ("disconnect", "silence", "adapter_off", "restart")
"""Reasons of a gap in which a link was lost and made again."""
WORDED: Mapping[str, tuple[str, ...]] = {
    "episode": ("label",),
    "social_event": ("label", "sensations", "with_whom", "context", "source", "late_s"),
    "finding": ("what", "figure", "words", "cannot"),
}
"""Fields that are said in the words of a language, or that an export has only the newest of (`late_s`: when a tag was first told), or that are one of
our words only where it is ours (`source`)."""
NOT_EXPORTED: Mapping[str, str] = {"pipeline": "the shipper tells of itself, and no store holds it"}
"""Measurements that cannot be reckoned, and why."""
BESIDE: Mapping[str, str] = {
    "arousal.artefact_share, hour_summary.still_hr_bpm and .rmssd_mean_ms": "the grid's columns artefact and motion_conf",
    "device_status": "the table device_status",
    "episode.state, .said": "the tables episodes and answers",
    "coverage.simulated, tags device_tier, local hours": "the tables recordings, units and utc_offsets",
}
"""What an export leaves out, and where it is read instead."""


# ---------------------------------------------------------------- files


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    return float(text) if text else None


def yes(text: str) -> bool | None:
    return text == "1" if text else None


@dataclass(frozen=True)
class Kept:
    """A store as exported (`folder`), and the file it was exported from."""

    folder: Path
    file: Path

    def of(self, name: str) -> list[dict[str, str]]:
        return table(self.folder, name)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    @cached_property
    def tiers(self) -> dict[tuple[str, str], str]:
        return {(person, device): tier for person, device, tier in self.sql("SELECT person, device, tier FROM units ORDER BY recording DESC")}

    @cached_property
    def simulated(self) -> dict[tuple[str, str], bool]:
        found = self.sql("SELECT person, device, max(simulated) FROM recordings JOIN units USING (unit) GROUP BY person, device")
        return {(person, device): bool(value) for person, device, value in found}

    @cached_property
    def offsets(self) -> dict[str, tuple[list[int], list[int]]]:
        """Local time less UTC in ns by person, from when on."""
        made: dict[str, dict[int, int]] = defaultdict(dict)
        for person, from_ns, offset_s in self.sql("SELECT person, from_ns, offset_s FROM utc_offsets JOIN units USING (unit) ORDER BY from_ns"):
            made[person][from_ns] = offset_s * SECOND
        return {person: (list(each), list(each.values())) for person, each in made.items()}

    def offset(self, person: str, t_ns: int) -> int:
        times, values = self.offsets.get(person, ([0], [0]))
        return values[max(bisect_right(times, t_ns) - 1, 0)]

    def worn(self, person: str, device: str) -> dict[str, str]:
        return {"person_id": person, "device_id": device, "device_tier": self.tiers[person, device]}

    @cached_property
    def grid(self) -> dict[tuple[str, str], Grid]:
        return dict(_grids(self))


@dataclass(frozen=True)
class Grid:
    """Points of one device, a column each; NaN where not known."""

    t_ns: np.ndarray
    of: Mapping[str, np.ndarray]
    """HR, HRV_RMSSD, ..., and `quality` and `rmssd_quality`."""
    gate: np.ndarray
    posture: np.ndarray
    usual: np.ndarray
    """As in `personal-3`."""

    @cached_property
    def usable(self) -> np.ndarray:
        """Where a moment that stands out could have been seen."""
        with np.errstate(invalid="ignore"):
            return np.asarray(~np.isnan(self.of["arousal_z"]) & (self.of["quality"] >= LEAST_QUALITY) & np.isin(self.gate, OPEN_GATES))

    @cached_property
    def worn(self) -> np.ndarray:
        return np.asarray(~np.isnan(self.of["HR"]))

    @cached_property
    def still(self) -> np.ndarray:
        """Also where nothing but the heart tells of movement, and so no gate is known."""
        return np.asarray((self.gate == "still") | ((self.gate == "unknown") & (self.of["motion_conf"] == 0.5)))


_INDICES = ("HR", "HRV_RMSSD", "motion_mg", "arousal_z", "arousal_phasic_z", "arousal_se", "arousal_index", "steps")


def _grids(kept: Kept) -> Iterator[tuple[tuple[str, str], Grid]]:
    """A device's points are its recordings' one after the other; `indices.csv` has one row a point and index."""
    found: dict[tuple[str, str], dict[str, dict[int, tuple[str, str, str, str, str]]]] = defaultdict(lambda: defaultdict(dict))
    with (kept.folder / "indices.csv").open(newline="") as file:
        rows = csv.reader(file)
        at = {name: k for k, name in enumerate(next(rows))}
        person, device, name, stop, *rest = (at[key] for key in ("person", "device", "name", "stop_ns", "value", "text", "quality", "confidence", "baseline"))
        a, b, c, d, e = rest
        for row in rows:
            found[row[person], row[device]][row[name]][int(row[stop])] = (row[a], row[b], row[c], row[d], row[e])
    for key, indices in found.items():
        yield key, _grid(kept, key, indices)


def _grid(kept: Kept, key: tuple[str, str], indices: Mapping[str, Mapping[int, tuple[str, str, str, str, str]]]) -> Grid:
    stops = sorted(indices["HR"])
    of = {name: column([number(indices[name][t][0]) for t in stops]) for name in _INDICES}
    of["quality"] = column([number(indices["HR"][t][2]) for t in stops])
    of["rmssd_quality"] = column([number(indices["HRV_RMSSD"][t][2]) for t in stops])
    of["confidence"] = column([number(indices["arousal_z"][t][3]) for t in stops])
    beside = _beside(kept, key)
    of["artefact"] = column([beside[t][0] for t in stops])
    of["motion_conf"] = column([beside[t][1] for t in stops])
    return Grid(
        np.array(stops, np.int64),
        of,
        np.array([indices["gate"][t][1] for t in stops], dtype=object),
        np.array([indices["posture"][t][1] for t in stops], dtype=object),
        np.array([indices["arousal_z"][t][4] for t in stops], dtype=object),
    )


def _beside(kept: Kept, key: tuple[str, str]) -> dict[int, tuple[float | None, float | None]]:
    """Share of flagged beats and confidence in movement, which no export has."""
    with LocalStore.open(kept.file, read_only=True) as store:
        rows = store.grid(*key, 0, 2**62)
    unknown = -(2**31)
    shares = [None if value == unknown else value / 10_000 for value in rows.artefact.tolist()]
    moved = [None if value == unknown else value / 100 for value in rows.motion_conf.tolist()]
    return dict(zip(rows.stop_ns.tolist(), zip(shares, moved, strict=True), strict=True))


# ---------------------------------------------------------------- what there should be


def reckoned(kept: Kept) -> dict[str, Table]:
    """Every measurement that can be reckoned, by name."""
    return {name: make(kept) if name in ("beat", "arousal") else Table.of(_known(make(kept))) for name, make in MADE.items()}


def _known(rows: Iterator[Row]) -> Iterator[Row]:
    for t, tags, fields in rows:
        yield t, tags, {name: value for name, value in fields.items() if value is not None and value == value}


def beats(kept: Kept) -> Table:
    """The second of two beats of one instant is 1 ns later."""
    made = []
    for (person, device), rows in _by(kept.of("beats"), "person", "device").items():
        times = [int(row["t_ns"]) for row in rows]
        seen: Counter[int] = Counter()
        shifted = []
        for t in times:
            shifted.append(t + seen[t])
            seen[t] += 1
        tags = {name: np.full(len(rows), value, object) for name, value in kept.worn(person, device).items()}
        fields = {"rr_ms": np.array([int(row["rr_ticks"]) * 1000 / 1024 for row in rows]), "flag": np.array([row["flag"] for row in rows], object)}
        made.append(Table(np.array(shifted, np.int64), tags, fields))
    return Table.concat(made)


def arousal(kept: Kept) -> Table:
    made = []
    for key, grid in kept.grid.items():
        z, se, index = grid.of["arousal_z"], grid.of["arousal_se"], grid.of["arousal_index"]
        fields = {
            "hr_bpm": grid.of["HR"],
            "rmssd_ms": grid.of["HRV_RMSSD"],
            "motion_mg": grid.of["motion_mg"],
            "arousal_z": z,
            "arousal_phasic_z": grid.of["arousal_phasic_z"],
            "arousal_se": se,
            "arousal_index": index,
            "arousal_lo": np.clip(20 + 20 * (z - SURE_SE * se), 0, 100),
            "arousal_hi": np.clip(20 + 20 * (z + SURE_SE * se), 0, 100),
            "arousal_index_ok": np.where(grid.usable, index, np.nan),
            "arousal_index_weak": np.where(grid.usable, np.nan, index),
            "gate": grid.gate,
            "posture": np.where(grid.posture == "unknown", None, grid.posture),
            "steps": grid.of["steps"],
            "gate_code": np.array([float(GATES.index(gate)) for gate in grid.gate]),
            "hr_quality": grid.of["quality"],
            "hrv_quality": grid.of["rmssd_quality"],
            "confidence": grid.of["confidence"],
            "artefact_share": grid.of["artefact"],
            "usable": grid.usable.astype(float),
        }
        tags = {name: np.full(len(z), value, object) for name, value in kept.worn(*key).items()}
        made.append(Table(grid.t_ns, tags, fields))
    return Table.concat(made)


def hrv_windows(kept: Kept) -> Iterator[Row]:
    for row in kept.of("hrv"):
        own = {name: number(value) for name, value in row.items() if name.startswith("HRV_")}
        fields = {"n_beats": float(row["n_beats"]), "artefact_share": number(row["artefact"]), "reason": row["reason"] or None, **own}
        yield int(row["stop_ns"]), kept.worn(row["person"], row["device"]), fields


def episodes(kept: Kept) -> Iterator[Row]:
    """Those that are over. A moment is named when a tag that is still there belongs to it, surely or possibly, or somebody answered."""
    tags_there = {row["id"] for row in kept.of("events")}
    linked = {row["episode_id"] for row in kept.of("links") if row["event_id"] in tags_there and row["verdict"] in ("linked", "possible")}
    answers = dict(kept.sql("SELECT substr(prompt_id, 9), answer FROM answers WHERE prompt_id LIKE 'episode/%' ORDER BY received_ns"))
    states = dict(kept.sql("SELECT id, state FROM episodes"))
    for row in kept.of("episodes"):
        if not row["stop_ns"] or states[row["id"]] not in ("closed", "final"):
            continue
        start, stop = int(row["start_ns"]), int(row["stop_ns"])
        fields = {
            "start_ms": start // MS,
            "stop_ms": stop // MS,
            "duration_s": (stop - start) / SECOND,
            **{name: number(row[name]) for name in ("peak_z", "mean_z", "quality", "confidence", "chance_per_h")},
            "gate": row["gate"],
            "driver": row["driver"],
            "truncated": yes(row["truncated"]),
            "lead": yes(row["lead"]),
            "named": row["id"] in linked or row["id"] in answers,
            "said": answers.get(row["id"]),
            "state": states[row["id"]],
            "win_from_ms": (start - 30 * MINUTE) // MS,
            "win_to_ms": (stop + 60 * MINUTE) // MS,
        }
        yield start, {"person_id": row["person"], "id": row["id"], "kind": row["kind"], **_of_device(kept, row)}, fields


def _of_device(kept: Kept, row: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in kept.worn(row["person"], row["device"]).items() if name != PERSON}


def social_events(kept: Kept) -> Iterator[Row]:
    best = _best_links(kept)
    controls = _by(kept.of("controls"), "event_id")
    outcome = {row["prompt_id"].removeprefix("event/"): float(row["value"]) for row in kept.of("ratings") if _of_tag(row, "outcome")}
    measured = {row[0]: row[1:] for row in kept.sql("SELECT event_id, pre_z, area, slope, slowing_z FROM event_metrics")}
    for row in kept.of("events"):
        t = int(row["t_ns"])
        rises = [float(each["dz10"]) for each in controls.get((row["id"],), []) if each["dz10"]]
        reaction: dict[str, Any] = {name: number(row[name]) for name in REACTION if name in row and name != "t_half_censored"}
        fields = {
            **{name: number(row[name]) for name in ("certainty_s", "distress", "belonging", "planned_distress", "expectancy")},
            **{name: row[name] or None for name in ("action", "theme", "need")},
            "blind": yes(row["blind"]),
            "spoken": yes(row["spoken"]),
            "outcome": outcome.get(row["id"]),
            **reaction,
            **dict(zip(("pre_z", "area", "slope", "slowing_z"), measured.get(row["id"], (None,) * 4), strict=True)),
            "t_half_censored": yes(row["t_half_censored"]),
            "n_controls": float(len(controls.get((row["id"],), []))),
            "control_dz10": math.fsum(rises) / len(rises) if rises else None,
            **_belonging(best.get(row["id"]), judged=bool(row["dz10"])),
            "win_from_ms": (t - 30 * MINUTE) // MS,
            "win_to_ms": (t + 90 * MINUTE) // MS,
        }
        yield t, {"person_id": row["person"], "id": row["id"], "kind": row["kind"]}, fields


def _of_tag(row: Mapping[str, str], kind: str) -> bool:
    return row["kind"] == kind and row["prompt_id"].startswith("event/")


def _best_links(kept: Kept) -> dict[str, dict[str, str]]:
    """The likeliest moment of each tag, however little that is; the row that says none where there is no other."""
    made: dict[str, dict[str, str]] = {}
    for row in sorted(kept.of("links"), key=lambda row: (row["episode_id"] == "", -float(row["probability"]))):
        made.setdefault(row["event_id"], row)
    return made


def _belonging(link: Mapping[str, str] | None, *, judged: bool) -> dict[str, Any]:
    if link is None:
        return {}
    chance = number(link["chance"])
    if link["episode_id"]:
        return {"link_p": number(link["probability"]), "link_verdict": link["verdict"], "link_chance": chance, "episode_id": link["episode_id"]}
    vague = link["rule"].startswith("too-vague")
    return {"link_verdict": "too_vague" if vague else link["verdict"] if judged else "not_judged", "link_chance": chance}


def links(kept: Kept) -> Iterator[Row]:
    tags = {row["id"]: row for row in kept.of("events")}
    for row in kept.of("links"):
        if event := tags.get(row["event_id"]):
            id = f"{row['event_id']}|{row['episode_id']}"
            said = {name: row[name] for name in ("event_id", "episode_id", "verdict", "rule")}
            fields = {**said, **{name: number(row[name]) for name in ("probability", "lag_s", "chance")}}
            yield int(event["t_ns"]), {"person_id": event["person"], "id": id, "kind": event["kind"]}, fields


def plans(kept: Kept) -> Iterator[Row]:
    for row in kept.of("plans"):
        fields = {"state": row["state"], "event_id": row["event_id"] or None, **{name: number(row[name]) for name in ("planned_distress", "expectancy")}}
        yield int(row["t_ns"]), {"person_id": row["person"], "id": row["id"], "kind": row["kind"] or "exposure_step"}, fields


def prompts(kept: Kept) -> Iterator[Row]:
    for row in kept.of("prompts"):
        answered = (int(row["answered_ns"]) - int(row["shown_ns"])) / SECOND if row["answered_ns"] and row["shown_ns"] else None
        fields = {
            "eligible": yes(row["eligible"]),
            "probability": number(row["probability"]),
            "answered_s": answered,
            **{name: row[name] or None for name in ("reason", "arm", "answer", "episode_id")},
        }
        yield int(row["t_ns"]), {"person_id": row["person"], "id": row["id"], "kind": row["trigger"]}, fields


def ratings(kept: Kept) -> Iterator[Row]:
    for row in kept.of("ratings"):
        about = "" if not row["prompt_id"] else "tag" if row["prompt_id"].startswith("event/") else "prompt"
        fields = {"value": float(row["value"]), "blind": yes(row["blind"]), "about": about}
        yield int(row["t_ns"]), {"person_id": row["person"], "id": row["id"], "kind": row["kind"]}, fields


def breathing(kept: Kept) -> Iterator[Row]:
    exercises = kept.of("sessions")
    of_prompt = {row["prompt_id"]: row for row in reversed(exercises) if row["prompt_id"]}
    drawn = [row for row in kept.of("prompts") if _drawn(row)]
    for row in drawn:
        breathed = of_prompt.get(row["id"])
        outcome = "withheld" if row["arm"] == "withheld" else "taken" if breathed or row["answer"] == "breathe" else "not taken"
        tags = {"person_id": row["person"], "id": row["id"], "kind": "offer", "outcome": outcome}
        fields = {"chance": number(row["probability"]), **(_exercise(breathed) if breathed else {}), **_levels(kept, row["person"], int(row["t_ns"]))}
        yield int(row["t_ns"]), tags, fields
    lots = {row["id"] for row in drawn}
    for row in exercises:
        if row["prompt_id"] not in lots:
            tags = {"person_id": row["person"], "id": row["id"], "kind": row["kind"], "outcome": "own"}
            yield int(row["start_ns"]), tags, {**_exercise(row), **_levels(kept, row["person"], int(row["start_ns"]))}


def _drawn(row: Mapping[str, str]) -> bool:
    return row["eligible"] == "1" and row["arm"] in ("offer", "withheld") and bool(row["probability"]) and 0 < float(row["probability"]) < 1


def _exercise(row: Mapping[str, str]) -> dict[str, Any]:
    return {"rate": number(row["rate"]), "duration_s": (int(row["stop_ns"]) - int(row["start_ns"])) / SECOND}


def _levels(kept: Kept, person: str, t: int) -> dict[str, Any]:
    """Of the two minutes before, and of minute 5 to 15 after, where half of it can be read. One device."""
    before = _level(kept, person, t - 2 * MINUTE, t, 1)
    after = _level(kept, person, t + 5 * MINUTE, t + 15 * MINUTE, 60)
    return {"before_z": before, "after_z": after, "change_z": None if before is None or after is None else after - before}


def _level(kept: Kept, person: str, start: int, stop: int, least: int) -> float | None:
    values: list[float] = []
    for (who, _), grid in kept.grid.items():
        low, high = np.searchsorted(grid.t_ns, [start, stop], side="right")
        if who == person:
            values += grid.of["arousal_z"][low:high][grid.usable[low:high]].tolist()
    return math.fsum(values) / len(values) if len(values) >= least else None


def baselines(kept: Kept) -> Iterator[Row]:
    for row in kept.of("baselines"):
        usual = json.loads(row["json"])
        fields = {
            "number": float(usual["number"]),
            "mode": usual["mode"],
            "still_h": float(usual["still_h"]),
            "still_days": float(usual["still_days"]),
            "still_hr_bpm": usual["coef_u"][0] / 1e6,
            "rest_hr_bpm": None if usual["rest_hr"] is None else usual["rest_hr"] / 1000,
            "level_spread_bpm": usual["s_level_u"] / 1e6,
            "phasic_spread_bpm": usual["s_phasic_u"] / 1e6,
            "spike_z": usual["z_on"].get("phasic", usual["z_on"].get("level")),
            "chance_per_h": usual["chance_all"],
        }
        yield int(row["from_ns"]), {"person_id": row["person"], "device_tier": row["tier"]}, fields


def findings(kept: Kept) -> Iterator[Row]:
    """At the last hour of the span's last local day."""
    for row in kept.of("findings"):
        first, last = (date.fromisoformat(text) for text in row["span"].split("/"))
        begin, end = _day_start(kept, row["person"], first), _day_start(kept, row["person"], last + timedelta(days=1))
        tags = {"person_id": row["person"], "id": row["id"], "kind": row["metric"], "scope": row["scope"], "days": str((last - first).days + 1)}
        fields = {
            **{name: float(row[name]) for name in ("n_tagged", "n_usable", "n_blind", "n_controls")},
            **({name: number(row[name]) for name in ("effect", "low", "high")} if row["verdict"] in ("higher", "lower") else {}),
            "verdict": row["verdict"],
            "span": row["span"],
            "from_ms": begin // MS,
            "to_ms": end // MS,
        }
        yield end - HOUR, tags, fields


def _day_start(kept: Kept, person: str, day: date) -> int:
    """04:00 by the clock there."""
    clock = (day - date(1970, 1, 1)).days * DAY + EDGE_H * HOUR
    return clock - kept.offset(person, clock - kept.offset(person, clock))


# ---------------------------------------------------------------- hours


def coverage(kept: Kept) -> Iterator[Row]:
    counts = _by(kept.of("coverage"), "person", "device", "hour_start_ns")
    gaps = _by([row for row in kept.of("gaps") if row["stream"] == "rr"], "person", "device")
    for key, grid in _devices(kept):
        began = defaultdict(list)
        for row in gaps.get(key, []):
            began[int(row["start_ns"]) // HOUR * HOUR].append(row["reason"])
        worn, usable = _seconds_by_hour(grid, "worn"), _seconds_by_hour(grid, "usable")
        for hour in sorted({int(hour) for person, device, hour in counts if (person, device) == key} | set(worn)):
            rows = counts.get((*key, str(hour)), [])
            total = {name: math.fsum(float(row[name]) for row in rows) for name in ("received", "refused", "stored", "flagged", "gap_s")}
            fields = {
                **{f"{name}_beats": total[name] for name in ("received", "refused", "stored", "flagged")},
                "gaps": float(len(began[hour])),
                "gap_s": total["gap_s"],
                "reconnects": float(sum(reason in LOST for reason in began[hour])),
                "worn_s": worn.get(hour, 0.0),
                "usable_s": usable.get(hour, 0.0),
                "simulated": kept.simulated[key],
            }
            yield hour, kept.worn(*key), fields


def _devices(kept: Kept) -> Iterator[tuple[tuple[str, str], Grid | None]]:
    for key in sorted({(row["person"], row["device"]) for row in kept.of("coverage")} | set(kept.grid)):
        yield key, kept.grid.get(key)


def _hour_of(t_ns: np.ndarray) -> np.ndarray:
    """A point speaks of the time before it."""
    return np.asarray((t_ns - 1) // HOUR * HOUR)


def _seconds_by_hour(grid: Grid | None, which: str) -> dict[int, float]:
    if grid is None:
        return {}
    hours, n = np.unique(_hour_of(grid.t_ns)[getattr(grid, which)], return_counts=True)
    return {hour: count * POINT_S for hour, count in zip(hours.tolist(), n.tolist(), strict=True)}


def hour_summaries(kept: Kept) -> Iterator[Row]:
    spikes = Counter(
        (row["person"], row["device"], int(row["start_ns"]) // HOUR * HOUR)
        for row in kept.of("episodes")
        if row["kind"] == "spike" and row["lead"] != "0" and row["stop_ns"]
    )
    usuals = {(row["person"], f"{usual['mode']}-{usual['number']}"): usual for row in kept.of("baselines") for usual in [json.loads(row["json"])]}
    for key, grid in kept.grid.items():
        hours = _hour_of(grid.t_ns)
        for hour in np.unique(hours[grid.worn]).tolist():
            fields = {**_summary(grid, np.flatnonzero((hours == hour) & grid.worn)), "spikes": float(spikes[(*key, hour)])}
            rates = list(_chances(kept, key[0], grid, np.flatnonzero((hours == hour) & grid.worn), usuals))
            fields["chance_spikes"] = math.fsum(rates) / 60 if rates else None
            local = (hour + kept.offset(key[0], hour)) % DAY // HOUR
            yield hour, {**kept.worn(*key), "hour": f"{local:02d}"}, fields


def _summary(grid: Grid, rows: np.ndarray) -> dict[str, Any]:
    usable, still = rows[grid.usable[rows]], rows[grid.usable[rows] & grid.still[rows]]
    with np.errstate(invalid="ignore"):
        steady = still[grid.of["rmssd_quality"][still] >= LEAST_QUALITY]
    return {
        "z_mean": _mean(grid.of["arousal_z"][usable]),
        "hr_mean_bpm": _mean(grid.of["HR"][rows]),
        "still_hr_bpm": _mean(grid.of["HR"][still]),
        "rmssd_mean_ms": _mean(grid.of["HRV_RMSSD"][steady]),
        "usable_s": len(usable) * POINT_S,
        **{f"{gate}_s": int(np.count_nonzero(grid.gate[rows] == gate)) * POINT_S for gate in GATES},
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)].tolist()
    return math.fsum(known) / len(known) if known else None


def _chances(kept: Kept, person: str, grid: Grid, rows: np.ndarray, usuals: Mapping[tuple[str, str], Any]) -> Iterator[float]:
    """Chance per hour at the end of each usable minute, by the usual it was read against: by gate and local block of four hours, else over all."""
    for k in rows[grid.usable[rows] & (grid.t_ns[rows] % MINUTE == 0)].tolist():
        usual = usuals.get((person, grid.usual[k]))
        if usual is not None:
            t = int(grid.t_ns[k])
            block = (t + kept.offset(person, t)) % DAY // (4 * HOUR)
            rate = usual["chance"].get(f"{grid.gate[k]}/{block}", usual["chance_all"])
            if rate is not None:
                yield rate


def week_profiles(kept: Kept) -> Iterator[Row]:
    """The last 28 local days, one device; an hour of a weekday from ten usable minutes on."""
    for (person, _), grid in kept.grid.items():
        if not grid.worn.any():
            continue
        newest = int(grid.t_ns[np.flatnonzero(grid.worn)[-1]]) - 1
        day = (newest + kept.offset(person, newest) - EDGE_H * HOUR) // DAY
        first, begin, end = (_day_start(kept, person, date(1970, 1, 1) + timedelta(days=int(day) + k)) for k in (-27, 0, 1))
        levels: dict[tuple[int, int], list[float]] = defaultdict(list)
        dates: dict[int, set[int]] = defaultdict(set)
        inside = grid.usable & (grid.t_ns > first) & (grid.t_ns <= end)
        for t, z in zip((grid.t_ns[inside] - 1).tolist(), grid.of["arousal_z"][inside].tolist(), strict=True):
            local = t + kept.offset(person, t)
            weekday = (local // DAY + 3) % 7
            levels[weekday, local % DAY // HOUR].append(z)
            dates[weekday].add(local // DAY)
        for weekday in sorted(dates):
            means = {f"h{hour:02d}": math.fsum(zs) / len(zs) for (at, hour), zs in levels.items() if at == weekday and len(zs) >= 120}
            yield begin, {"person_id": person, "weekday": WEEKDAYS[weekday]}, {**means, "days": float(len(dates[weekday]))}


def device_statuses(kept: Kept) -> Iterator[Row]:
    for person, device, t, fields in kept.sql("SELECT person, device, t_ns, fields FROM device_status JOIN units USING (unit)"):
        said = json.loads(fields)
        own = {name: said.get(name) for name in MEASUREMENTS["device_status"].fields if said.get(name) is not None}
        if own:
            yield t, kept.worn(person, device), {name: float(value) if _is_float("device_status", name) else value for name, value in own.items()}


def _is_float(measurement: str, name: str) -> bool:
    return MEASUREMENTS[measurement].fields[name].form is Form.FLOAT


def _by(rows: Sequence[Mapping[str, str]], *names: str) -> dict[tuple[str, ...], list[Mapping[str, str]]]:
    made: dict[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        made[tuple(row[name] for name in names)].append(row)
    return dict(made)


MADE: Mapping[str, Callable[[Kept], Any]] = {
    "beat": beats,
    "arousal": arousal,
    "hrv_window": hrv_windows,
    "episode": episodes,
    "social_event": social_events,
    "link": links,
    "plan": plans,
    "breathing": breathing,
    "prompt": prompts,
    "rating": ratings,
    "coverage": coverage,
    "device_status": device_statuses,
    "baseline": baselines,
    "finding": findings,
    "hour_summary": hour_summaries,
    "week_profile": week_profiles,
}


# ---------------------------------------------------------------- held against what a server has


def borrowed(here: Table, there: Table, names: Sequence[str]) -> Table:
    """`here` with these fields as the row of the same time and tags has them `there`."""
    found = {(t, tuple(sorted(tags.items()))): fields for t, tags, fields in there.rows()}
    rows = [(t, tags, fields, found.get((t, tuple(sorted(tags.items()))), {})) for t, tags, fields in here.rows()]
    return Table.of((t, tags, {**fields, **{name: theirs[name] for name in names if name in theirs}}) for t, tags, fields, theirs in rows)


def unlike(here: Table, there: Table, *, without: Sequence[str] = (), least: float = 1e-9, most: int = 4) -> list[str]:
    """Where two tables of rows differ, in words, the first few."""
    left, right = ({(t, tuple(sorted(tags.items()))): fields for t, tags, fields in some.rows()} for some in (here, there))
    said = [f"{len(here)} rows here, {len(there)} there"] if len(here) != len(there) else []
    said += [f"two rows at one place {which}" for which, some, mine in (("here", left, here), ("there", right, there)) if len(some) != len(mine)]
    said += [f"only here {key}" for key in left if key not in right][:most] + [f"only there {key}" for key in right if key not in left][:most]
    for key in left.keys() & right.keys():
        mine, theirs = left[key], right[key]
        for name in (mine.keys() | theirs.keys()) - set(without):
            if not _alike(mine.get(name), theirs.get(name), least):
                said.append(f"{name} of {key}: {mine.get(name)!r} here, {theirs.get(name)!r} there")
        if len(said) > most:
            break
    return said[:most]


def _alike(here: Any, there: Any, least: float) -> bool:
    if isinstance(here, bool | str | None) or isinstance(there, bool | str | None):
        return type(here) is type(there) and here == there
    return math.isclose(here, there, rel_tol=least, abs_tol=least)
