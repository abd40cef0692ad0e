"""What a store holds of a person, device by device and as one timeline: until when, how much of it can be used, how well the usual is known, and
how often something stood out beside how often chance alone would have it.

Reads FINAL rows; prints nothing and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing import linking
from processing.gates import is_still
from processing.rhythm import limited
from processing.usual import UTC_ONLY, Offsets
from somalink.domain.catalogue import GRID_COLUMNS
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, BoolArray, FloatArray, Grid, IntArray, StreamClock
from somalink.pipeline.hints import hints
from somalink.pipeline.links import LinkNow, link_of
from somalink.pipeline.timeline import days_of, tiers_of, timeline
from somalink.storage import locks
from somalink.storage.coverage import USABLE_Q, usable
from somalink.storage.local import LocalStore

_Q_UNIT = next(column.unit for column in GRID_COLUMNS if column.name == "hr_q")


@dataclass(frozen=True, slots=True)
class Stage:
    """How well a usual is known. `name`: begun, learning, nearly, own, recording; `still_h` of quiet time it rests on."""

    name: str
    still_h: float


@dataclass(frozen=True, slots=True)
class Holding:
    """One device of one person, as if nothing else had been worn. Rates are per usable hour; `chance_per_h` over `chance_s`, the part whose chance
    is known."""

    person: str
    device: str
    tier: str
    recordings: int
    simulated: bool
    last_beat_ns: int | None
    last_point_ns: int | None
    usable_s: int
    stage: Stage
    baseline: Baseline | None
    spikes: int
    chance_per_h: float | None
    chance_s: int
    chance_spikes: int
    """Spikes of the time whose chance is known: what `chance_per_h` is to be compared with."""
    recording_now: bool
    undated: bool = False
    link: LinkNow | None = None
    """What its link is doing; None for a device that was only ever imported."""
    hints: tuple[str, ...] = ()
    clocks: tuple[StreamClock, ...] = ()
    """How the clock of each of its own streams stood last, in its newest recording."""
    rhythm_s: int = 0
    """Time that was rhythm-limited: variability is not shown there, and arousal rests on heart rate alone."""

    @property
    def spikes_per_h(self) -> float | None:
        return self.spikes * 3600 / self.usable_s if self.usable_s else None


@dataclass(frozen=True, slots=True)
class Together:
    """All devices of one person as one timeline: an hour in which two were worn counts once, and of spikes those that count. Rates as in `Holding`."""

    person: str
    speaks: str
    """The device whose row the newest is."""
    led_s: Mapping[str, int]
    """Usable time by the device that leads."""
    usable_s: int
    spikes: int
    chance_per_h: float | None
    chance_s: int
    chance_spikes: int

    @property
    def spikes_per_h(self) -> float | None:
        return self.spikes * 3600 / self.usable_s if self.usable_s else None


def together(store: LocalStore, person: str, constants: Constants) -> Together | None:
    """What several devices make of a person; None where there are not several."""
    if len(tiers_of(store, person)) < 2:
        return None
    tally = _Tally({baseline.number: baseline for baseline in store.baselines(person)}, local_offsets(store, person), constants)
    led_s: Counter[str] = Counter()
    speaks = ""
    for span in days_of(store, person):
        line = timeline(store, person, *span)
        tally.take(line.rows)
        points = np.bincount(line.of[usable(line.rows)], minlength=len(line.devices)).tolist()
        led_s.update({device: n * GRID_NS // SECOND_NS for device, n in zip(line.devices, points, strict=True)})
        speaks = line.devices[int(line.of[-1])] if len(line) else speaks
    spikes = [found.episode for found in store.device_episodes(person) if found.episode.kind == "spike" and found.lead is not False]
    return Together(
        person=person,
        speaks=speaks,
        led_s=dict(led_s),
        usable_s=tally.points * GRID_NS // SECOND_NS,
        spikes=len(spikes),
        chance_per_h=tally.chance_per_h,
        chance_s=len(tally.known_rates) * MINUTE_NS // SECOND_NS,
        chance_spikes=sum(spike.chance_per_h is not None for spike in spikes),
    )


def holdings(store: LocalStore, person: str, constants: Constants) -> list[Holding]:
    """Every device the person ever wore, by name."""
    units = store.units(person)
    return [_holding(store, person, [unit for unit in units if unit.device == device], constants) for device in sorted({unit.device for unit in units})]


def _holding(store: LocalStore, person: str, units: Sequence[Unit], constants: Constants) -> Holding:
    device, tier = units[-1].device, units[-1].tier
    days = sorted({day for unit in units for day in store.days(unit)})
    baselines = {baseline.number: baseline for baseline in store.baselines(person)}
    offsets = local_offsets(store, person)
    tally = _Tally(baselines, offsets, constants)
    last = Grid.empty()
    for start_ns, stop_ns in days:
        rows = store.grid(person, device, start_ns, stop_ns)
        tally.take(rows)
        last = rows if len(rows) else last
    rows_of = [found.row for found in store.recordings(person) if found.unit.device == device]
    spikes = [found.episode for found in store.device_episodes(person) if found.unit.device == device and found.episode.kind == "spike"]
    link = link_of(store, person, device)
    return Holding(
        person=person,
        device=device,
        tier=tier,
        recordings=len(rows_of),
        simulated=any(row.simulated for row in rows_of),
        last_beat_ns=_last_beat(store, person, device, days),
        last_point_ns=int(last.stop_ns[-1]) if len(last) else None,
        usable_s=tally.points * GRID_NS // SECOND_NS,
        rhythm_s=tally.limited * GRID_NS // SECOND_NS,
        stage=stage_at(last, len(last) - 1, baselines, still_h=tally.recent_still_h(constants.usual.days), constants=constants),
        baseline=baselines.get(int(last.baseline[-1])) if len(last) else None,
        spikes=len(spikes),
        chance_per_h=tally.chance_per_h,
        chance_s=len(tally.known_rates) * MINUTE_NS // SECOND_NS,
        chance_spikes=sum(spike.chance_per_h is not None for spike in spikes),
        undated=bool(rows_of) and all(row.start_unknown for row in rows_of),
        recording_now=locks.held(store.path, person, device),
        link=link,
        hints=() if link is None else tuple(hints(link, last)),
        clocks=tuple({clock.stream: clock for clock in store.stream_clocks(units[-1])}.values()),
    )


class _Tally:
    """Usable points, their chance rates and quiet time, a day of rows at a time."""

    def __init__(self, baselines: dict[int, Baseline], offsets: Offsets, constants: Constants) -> None:
        self._baselines, self._offsets, self._constants = baselines, offsets, constants
        self.points = self.limited = 0
        self._rates: list[FloatArray] = []
        self._still: list[tuple[int, int]] = []

    def take(self, rows: Grid) -> None:
        fit = usable(rows)
        self.points += int(np.count_nonzero(fit))
        self.limited += int(np.count_nonzero(limited(rows)))
        self._rates.append(minute_chances(rows.take(fit & (rows.stop_ns % MINUTE_NS == 0)), self._baselines, self._offsets, self._constants))
        if len(rows):
            self._still.append((int(rows.stop_ns[-1]), int(np.count_nonzero(quiet(rows)))))

    @property
    def known_rates(self) -> FloatArray:
        """Chance per hour, one a usable minute where it is known."""
        rates: FloatArray = np.concatenate([*self._rates, np.zeros(0)])
        return rates[~np.isnan(rates)]

    @property
    def chance_per_h(self) -> float | None:
        known = self.known_rates
        return float(np.mean(known)) if len(known) else None

    def recent_still_h(self, days: int) -> float:
        """Quiet hours of the newest `days` days."""
        since = self._still[-1][0] - days * DAY_NS if self._still else 0
        return sum(points for stop_ns, points in self._still if stop_ns > since) * GRID_NS / HOUR_NS


def quiet(rows: Grid) -> BoolArray:
    """Rows that tell of the usual: the body still, and heart rate known well enough."""
    return np.asarray(is_still(rows.gate, rows.motion_conf) & (rows.hr_q >= round(USABLE_Q / _Q_UNIT)), np.bool_)


def minute_chances(rows: Grid, baselines: dict[int, Baseline], offsets: Offsets, constants: Constants) -> FloatArray:
    """Chance per hour at each row by the usual it was read against; (n,), NaN where that knows none."""
    rates = np.full(len(rows), np.nan)
    for number in np.unique(rows.baseline).tolist():
        mine = rows.baseline == number
        at: IntArray = rows.stop_ns[mine]
        rates[mine] = linking.chance_at(baselines.get(number), at, rows.gate[mine], offsets.at(at), constants)
    return rates


def stage_at(rows: Grid, k: int, baselines: dict[int, Baseline], *, still_h: float, constants: Constants) -> Stage:
    """How well the usual was known at row `k`; `still_h` counts where no usual was fitted yet. No rows: nothing has begun."""
    if not 0 <= k < len(rows):
        return Stage("begun", still_h)
    baseline = baselines.get(int(rows.baseline[k]))
    if baseline is not None and "recording" in baseline.mode:
        return Stage("recording", baseline.still_h)
    hours = still_h if baseline is None else baseline.still_h
    steps = ((1.0, "own"), (constants.maturity.logging, "nearly"), (constants.maturity.session, "learning"))
    return Stage(next((name for least, name in steps if rows.maturity[k] >= round(least * 100)), "begun"), hours)


def local_offsets(store: LocalStore, person: str) -> Offsets:
    told = store.utc_offsets(person)
    return Offsets(tuple(o.from_ns for o in told), tuple(o.offset_s for o in told)) if told else UTC_ONLY


def _last_beat(store: LocalStore, person: str, device: str, days: Sequence[tuple[int, int]]) -> int | None:
    for start_ns, stop_ns in reversed(days):
        beats = store.beats(person, device, start_ns, stop_ns)
        if len(beats):
            return int(beats.t_ns[-1])
    return None
