"""A made-up wearer with everything a picture must show, behind the `Reader` door."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from dashboards.picture.model import Facts
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, Beats, Candidate, Episode, Event, Gap, Gate, Grid, Link, Stream, UtcOffset

DAY = date(2026, 11, 12)
UTC_PLUS_1 = UtcOffset(0, 3600, "Europe/Berlin")


def local_ns(hour: float, day: date = DAY) -> int:
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND_NS
    return midnight + round(hour * 60) * MINUTE_NS - HOUR_NS


@dataclass
class FakeReader:
    """Rows in memory. `grids` by device."""

    grids: dict[str, Grid] = field(default_factory=dict)
    gap_list: list[Gap] = field(default_factory=list)
    episode_list: list[Episode] = field(default_factory=list)
    event_list: list[Event] = field(default_factory=list)
    baseline_list: list[Baseline] = field(default_factory=list)

    def people(self) -> list[str]:
        return ["A"]

    def units(self, person: str) -> list[Unit]:
        return [Unit(person, device, "r1", "A") for device in self.grids]

    def grid(self, person: str, device: str, start_ns: int, stop_ns: int) -> Grid:
        rows = self.grids[device]
        return rows.take((rows.stop_ns > start_ns) & (rows.stop_ns <= stop_ns))

    def beats(self, person: str, device: str, start_ns: int, stop_ns: int) -> Beats:
        return Beats.empty()

    def gaps(self, person: str, device: str, start_ns: int, stop_ns: int) -> list[Gap]:
        return [gap for gap in self.gap_list if start_ns <= gap.start_ns < stop_ns]

    def episodes(self, person: str, start_ns: int, stop_ns: int) -> list[Episode]:
        return [episode for episode in self.episode_list if start_ns <= episode.start_ns < stop_ns]

    def candidates(self, person: str, start_ns: int, stop_ns: int) -> list[Candidate]:
        return []

    def events(self, person: str, start_ns: int, stop_ns: int) -> list[Event]:
        return [event for event in self.event_list if start_ns <= event.t_ns < stop_ns]

    def baselines(self, person: str) -> list[Baseline]:
        return self.baseline_list


def usual(chance: float | None = 0.1) -> Baseline:
    return Baseline(1, "personal", 0, (0,) * 8, ((0,) * 8,) * 8, 1, 1, 30.0, 9, None, None, chance_all=chance)


def grid(start: float, stop: float, *, day: date = DAY, seed: int = 1, bumps: tuple[tuple[float, float], ...] = (), maturity: int = 100) -> Grid:
    """Rows from local hour `start` to `stop`: a slow wander, and a rise of so much at each (hour, z)."""
    stops = np.arange(local_ns(start, day) + GRID_NS, local_ns(stop, day) + 1, GRID_NS)
    hour = start + np.arange(len(stops)) * 5 / 3600
    draw = np.random.default_rng(seed)
    smooth = np.convolve(draw.normal(0, 1, len(stops) + 59), np.ones(60) / 60, "valid")
    z = 2.6 * smooth + 0.3 * np.sin(hour)
    for at, rise in bumps:
        z += rise * np.where(hour < at, np.exp(-(((hour - at) / 0.03) ** 2)), np.exp(-(hour - at) / 0.22))
    columns = {name: np.zeros(len(stops), np.int64) for name in Grid.__dataclass_fields__}
    columns |= {
        "stop_ns": stops,
        "hr": np.rint((66 + 4 * z + draw.normal(0, 0.8, len(z))) * 1000).astype(np.int64),
        "z": np.rint(z * 10_000).astype(np.int64),
        "z_phasic": np.rint(z * 10_000).astype(np.int64),
        "se": np.full(len(z), 2500),
        "hr_q": np.full(len(z), 9500),
        "gate": np.full(len(z), int(Gate.STILL)),
        "motion": np.full(len(z), 50),
        "maturity": np.full(len(z), maturity),
        "motion_conf": np.full(len(z), 100),
        "baseline": np.full(len(z), 1),
    }
    return Grid(**columns)


def during(rows: Grid, start: float, stop: float, day: date = DAY, **columns: int) -> Grid:
    """The rows with other values between two local hours."""
    inside = (rows.stop_ns > local_ns(start, day)) & (rows.stop_ns <= local_ns(stop, day))
    return replace(rows, **{name: np.where(inside, value, getattr(rows, name)) for name, value in columns.items()})


def walk(rows: Grid, start: float, stop: float, day: date = DAY) -> Grid:
    moving = during(rows, start, stop, day, gate=int(Gate.MOVING), motion=2500, hr=104_000)
    return during(moving, stop, stop + 0.4, day, gate=int(Gate.RECOVERY), hr=82_000)


def without(rows: Grid, start: float, stop: float, day: date = DAY) -> Grid:
    return rows.take((rows.stop_ns <= local_ns(start, day)) | (rows.stop_ns > local_ns(stop, day)))


def spike(name: str, start: float, minutes: float, *, peak: float = 3.4, confidence: float = 0.84, **more: object) -> Episode:
    at = local_ns(start)
    values = {"kind": "spike", "driver": "phasic", "quality": 0.9, "gate": "still", "truncated": False, "chance_per_h": 0.1}
    given = {**values, **more}
    return Episode(
        id=name,
        start_ns=at,
        stop_ns=at + round(minutes * 60) * SECOND_NS,
        onset_ns=at + MINUTE_NS,
        peak_ns=at + 3 * MINUTE_NS,
        peak_z=peak,
        mean_z=peak / 2,
        confidence=confidence,
        **given,  # type: ignore[arg-type]
    )


def tag(name: str, hour: float, kind: str, *, certainty_min: int = 5, note: str = "") -> Event:
    at = local_ns(hour)
    return Event(id=name, person="A", kind=kind, t_ns=at, made_at_ns=at, received_ns=at, certainty_s=60 * certainty_min, note=note)


@dataclass
class FullDay:
    reader: FakeReader
    facts: Facts
    day: date = DAY


@pytest.fixture
def full_day() -> FullDay:
    """Worn 07:10 to 17:00; two walks, a hole, a weak half hour, three spikes, a slower moment, five tags of which one matches."""
    rows = grid(7.17, 17.0, bumps=((9.9, 3.6), (14.2, 2.6), (16.35, 3.1), (12.6, -2.8)))
    rows = walk(walk(rows, 8.1, 8.6), 12.2, 12.35)
    rows = during(rows, 13.4, 13.9, hr_q=4000)
    rows = during(rows, 13.4, 13.6, gate=int(Gate.LIGHT))
    rows = during(rows, 15.4, 15.43, gate=int(Gate.POSTURE))
    rows = during(rows, 10.3, 10.7, gate=int(Gate.LIGHT))
    rows = without(rows, 11.27, 11.75)
    episodes = [
        spike("s1", 9.87, 26),
        spike("s2", 14.17, 15, confidence=0.66),
        spike("s3", 16.3, 30, confidence=0.45, truncated=True),
        spike("s0", 12.58, 9, kind="slowing", driver="level"),
    ]
    tags = [
        tag("t1", 7.7, "connection"),
        tag("t2", 9.9, "conflict"),
        tag("t3", 12.47, "group", certainty_min=15),
        tag("t4", 14.6, "reaching_out"),
        tag("t5", 15.6, "support"),
    ]
    gaps = [Gap(Stream.RR, local_ns(11.27), local_ns(11.75), "silence"), Gap(Stream.RR, local_ns(9.0), local_ns(9.0) + 7 * SECOND_NS, "hole")]
    links = [
        Link("t2", "s1", 0.83, "linked", -60.0, 0.1, "r"),
        Link("t4", "s2", 0.22, "possible", -1500.0, 0.1, "r"),
        Link("t4", "", 0.78, "none", None, 0.1, "r"),
    ]
    return FullDay(FakeReader({"h10": rows}, gaps, episodes, tags, [usual()]), Facts(links, [UTC_PLUS_1]))
