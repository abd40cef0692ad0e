"""How often would this person's body cross the threshold by chance? Surrogates of their own quiet residual, through the same machine.

Surrogates keep the amplitudes and the spectrum of the residual and forget its phases (IAAFT: Schreiber & Schmitz 1996, PRL 77:635),
so they know this person's slow waves and heavy tails; a Gaussian table is off by a factor of five on real days. Each local day is
drawn on its own, so that a day's draws are made once and used for two weeks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from processing.arousal import is_personal
from processing.episodes import Z
from processing.exact import MICRO, median2, prefix, running
from processing.usual import Offsets, Rows, carry_last, days_of, outside, phasic_centre, residuals
from somalink.domain.constants import Constants, Spike
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, BoolArray, FloatArray, Gate, Grid, IntArray, word

ROUNDS = 12
"""Exchanges of spectrum and amplitudes; the spectrum is within a percent of its goal by then (tested)."""
BRIDGED_NS = MINUTE_NS
"""Two usable points this close belong to one stretch."""
SMOOTH = (2, 3, 5)
"""Lengths with small factors only: an FFT of a prime length costs ten times as much."""


@dataclass(frozen=True, slots=True)
class QuietDay:
    """The quiet stretches of one local day, joined: (n,) residual in bpm, gate code, local block, still. Stretches of 10 min or more."""

    day: int
    e: FloatArray
    gate: IntArray
    block: IntArray
    still: BoolArray

    def __len__(self) -> int:
        return len(self.e)


@dataclass(frozen=True, slots=True)
class Draws:
    """One quiet day and its surrogates, (draws, n) bpm."""

    quiet: QuietDay
    level: NDArray[np.float32]
    phasic: NDArray[np.float32]

    def of(self, driver: str) -> NDArray[np.float32]:
        """The residual that this driver reads, (draws, n) bpm."""
        return self.phasic if driver == "phasic" else self.level


def quiet_days(rows: Grid | Rows, baseline: Baseline, offsets: Offsets, constants: Constants, excluded_spans: Sequence[tuple[int, int]] = ()) -> list[QuietDay]:
    """Still and light residuals of FINAL rows by local day, outside the excluded spans; days with nothing usable are left out."""
    if not len(rows):
        return []
    left = residuals(rows, baseline.coef_u, offsets, constants)
    calm = (left.still | (rows.gate == Gate.LIGHT)) & left.usable & outside(rows.stop_ns, excluded_spans)
    calm &= _long_enough(calm, rows.stop_ns, constants.chance.min_stretch_min * MINUTE_NS // GRID_NS)
    day = days_of(rows.stop_ns, offsets)
    block = (rows.stop_ns + offsets.at(rows.stop_ns) * SECOND_NS) % DAY_NS // (constants.chance.block_h * HOUR_NS)
    days = []
    for number in np.unique(day[calm]).tolist():
        mine = np.flatnonzero(calm & (day == number))
        mine = mine[: _smooth_length(len(mine))]
        days.append(QuietDay(number, left.e[mine], rows.gate[mine], block[mine], left.still[mine]))
    return days


def _long_enough(calm: BoolArray, stop_ns: IntArray, least: int) -> BoolArray:
    """Keeps stretches with at least `least` usable points. A stretch may miss up to a minute: one weak moment does not end a quiet
    quarter of an hour, and real straps have one every few minutes."""
    at = np.flatnonzero(calm)
    keep = np.zeros(len(calm), bool)
    if not len(at):
        return keep
    begins = np.diff(stop_ns[at], prepend=stop_ns[at[0]] - 2 * MINUTE_NS) > BRIDGED_NS
    stretch = prefix(begins)[1:] - 1
    keep[at] = np.bincount(stretch)[stretch] >= least
    return keep


def _smooth_length(n: int) -> int:
    """The largest length <= n with no factor above 5."""
    while n > 1:
        rest = n
        for factor in SMOOTH:
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n -= 1
    return n


def iaaft(e: FloatArray, draws: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(n,) series -> (draws, n) surrogates with exactly its values and nearly its spectrum. `rng` is handed in and seeded.

    Ends on the amplitude step, so that every surrogate is a reordering of `e`.
    """
    ordered = np.sort(e).astype(np.float32)
    goal = np.abs(np.fft.rfft(e)).astype(np.float32)
    made = rng.permuted(np.broadcast_to(e.astype(np.float32), (draws, len(e))), axis=1)
    for _ in range(ROUNDS):
        spectrum = np.fft.rfft(made, axis=1)
        size = np.abs(spectrum)
        spectrum *= goal / np.maximum(size, 1e-20)
        shaped = np.fft.irfft(spectrum, n=len(e), axis=1)
        np.put_along_axis(made, np.argsort(shaped, axis=1), ordered[None, :], axis=1)
    return made


def draw(quiet: QuietDay, draws: int, rng: np.random.Generator, constants: Constants) -> Draws:
    """Surrogates of one quiet day, and what the phasic step makes of them."""
    level = iaaft(quiet.e, draws, rng)
    centre = phasic_centre(np.where(quiet.still, level, np.nan), constants)
    return Draws(quiet, level, (level - carry_last(centre, 0.0)).astype(np.float32))


@dataclass(slots=True)
class _Cells:
    """Spikes and usable hours of one draw on average, by `gate/block`."""

    spikes: dict[str, float] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)

    def rate(self) -> float:
        hours = _added(self.hours)
        return _added(self.spikes) / hours if hours else 0.0

    def shrunk(self, prior_h: float) -> dict[str, float]:
        """Each cell's rate drawn towards the person's own with `prior_h` hours of weight."""
        own = self.rate()
        return {cell: round((self.spikes.get(cell, 0.0) + own * prior_h) / (hours + prior_h), 4) for cell, hours in sorted(self.hours.items())}


def _added(values: Mapping[str, float]) -> float:
    total = 0.0
    for key in sorted(values):
        total += values[key]
    return total


def count(days: Sequence[Draws], driver: str, z_on: float, baseline: Baseline, constants: Constants) -> _Cells:
    """Spikes per cell in the surrogates, through the quantiser and the rules of the live engine."""
    cells = _Cells()
    spread = (baseline.s_phasic_u if driver == "phasic" else baseline.s_level_u) / MICRO
    for day in days:
        code = day.quiet.gate * 8 + day.quiet.block
        points = np.bincount(code)
        for value in np.flatnonzero(points).tolist():
            name = _cell(value)
            cells.hours[name] = cells.hours.get(name, 0.0) + int(points[value]) * GRID_NS / HOUR_NS
        made = day.of(driver)
        for starts in spike_starts(np.rint(made * np.float32(Z / spread)).astype(np.int64), z_on, constants.spike):
            for start in starts:
                name = _cell(int(code[start]))
                cells.spikes[name] = cells.spikes.get(name, 0.0) + 1 / len(made)
    return cells


def _cell(code: int) -> str:
    return cell_name(code // 8, code % 8)


def cell_name(gate: int, block: int) -> str:
    """Name of a chance cell: `still/2` is still between 08 and 12 local."""
    return f"{word(Gate(gate))}/{block}"


def spike_starts(z: IntArray, z_on: float, rules: Spike) -> list[list[int]]:
    """Where the machine of `episodes` would start its FINAL spikes in each of several series that are known, quiet and sound throughout.

    `z`: (draws, n) 1e-4; a list of indices for each. The same rules taken run by run instead of point by point, thirty times as fast: a run is a
    stretch at 1.0 or above, and only runs that hold a possible onset can matter. A property test holds it equal to `SpikeMachine`.
    """
    enough, of = rules.confirm
    low, merge, refractory, least = (s * SECOND_NS // GRID_NS for s in (rules.off_s, rules.merge_s, rules.refractory_s, rules.min_s))
    # All series end to end, with so much lowness between them that no minute, no run and no episode reaches from one into the next.
    length = z.shape[1] + max(of, low)
    tape = np.zeros((len(z), length), np.int64)
    tape[:, : z.shape[1]] = z
    tape = tape.ravel()
    high = tape >= round(rules.cand * Z)
    # The first point of a run proposes; only a later one can confirm.
    hit = np.flatnonzero((running(tape >= round(z_on * Z), of) >= enough) & high & np.append(False, high[:-1]))
    edges = np.flatnonzero(np.diff(high, prepend=False, append=False))
    begins, ends = edges[::2].tolist(), (edges[1::2] - 1).tolist()
    runs, first = np.unique(np.searchsorted(edges[::2], hit, side="right") - 1, return_index=True)
    found: list[list[tuple[int, int]]] = [[] for _ in z]
    following = 0
    for run, onset in zip(runs.tolist(), hit[first].tolist(), strict=True):
        if run < following:
            continue
        start = begins[run]
        row, at = divmod(start, length)
        spikes = found[row]
        since = start - spikes[-1][1] if spikes else None
        if since is not None and since < merge and onset - spikes[-1][1] <= merge + of:
            start, _ = spikes.pop()
        elif (since is not None and since < refractory) or not _rises(z[row], at, onset - row * length, rules):
            continue
        following = run + 1
        while following < len(begins) and begins[following] - ends[following - 1] - 1 < low:
            following += 1
        spikes.append((start, ends[following - 1]))
    return [[start - row * length for start, stop in spikes if stop - start >= least] for row, spikes in enumerate(found)]


def _rises(z: IntArray, start: int, onset: int, rules: Spike) -> bool:
    """Whether the points that confirm `onset` stand 1.0 above [-6, -2] min before `start`, two minutes of which are there."""
    first, last = (start + minutes * MINUTE_NS // GRID_NS for minutes in rules.rise_ref_min)
    before = z[max(first, 0) : max(last + 1, 0)]
    if len(before) * GRID_NS < rules.rise_known_min * MINUTE_NS:
        return False
    confirming = z[max(onset - rules.confirm[1] + 1, 0) : onset + 1]
    return median2(confirming.tolist()) - median2(before.tolist()) >= 2 * rules.rise * Z


def driver_of(baseline: Baseline, *, has_movement: bool, constants: Constants) -> str:
    """The z that drives spikes under this baseline. Before it is in use, spikes are driven by the session's level."""
    phasic = has_movement and is_personal(baseline, constants) and baseline.still_h >= constants.spike.phasic_after_h
    return "phasic" if phasic else "level"


def calibrate(baseline: Baseline, days: Sequence[Draws], *, has_movement: bool, before: Baseline | None, constants: Constants) -> Baseline:
    """Thresholds and chance rates of a fitted baseline (engine, section 3).

    After 20 still hours `z_on` of each driver moves by at most one step a refit to the least value whose surrogate rate stays at or
    under 6 per 14 usable hours; never from observed spikes, which would hide that a person has become more sensitive. The rates that
    are printed are those of the driver in force. Nothing quiet, or a usual that is not in use yet: no rates.
    """
    z_on = {**baseline.z_on, **(before.z_on if before is not None else {})}
    driver = driver_of(baseline, has_movement=has_movement, constants=constants)
    cells = _Cells()
    if is_personal(baseline, constants):
        for name in ("phasic", "level") if has_movement else ("level",):
            if name == driver or baseline.still_h >= constants.maturity.full_h:
                z_on[name], found = _threshold(name, z_on[name], baseline, days if name == driver else _some(days), constants)
                cells = found if name == driver else cells
    known = bool(cells.hours)
    return replace(
        baseline,
        z_on=z_on,
        prompt_on={name: value + constants.spike.prompt_add for name, value in z_on.items()},
        chance=cells.shrunk(constants.chance.prior_h) if known else {},
        chance_all=round(cells.rate(), 4) if known else None,
    )


SOME = 5
"""One draw in five moves the threshold of the driver that is not in force: its rate is not printed, a step of .25 is coarse."""


def _some(days: Sequence[Draws]) -> list[Draws]:
    """Copies: views would keep in memory what was read to be let go."""
    return [Draws(day.quiet, day.level[::SOME].copy(), day.phasic[::SOME].copy()) for day in days]


def _threshold(driver: str, z_on: float, baseline: Baseline, days: Sequence[Draws], constants: Constants) -> tuple[float, _Cells]:
    """Where a driver's threshold goes from `z_on`, and the surrogate spikes there."""
    rules = constants.spike
    cells = count(days, driver, z_on, baseline, constants)
    if baseline.still_h < constants.maturity.full_h or not days:
        return z_on, cells
    lowest, highest = rules.phasic_bounds if driver == "phasic" else rules.level_bounds
    target = rules.target_per_14h / 14
    if cells.rate() > target:
        higher = min(z_on + rules.step, highest)
        return higher, count(days, driver, higher, baseline, constants) if higher > z_on else cells
    if z_on - rules.step >= lowest:
        lower = count(days, driver, z_on - rules.step, baseline, constants)
        if lower.rate() <= target:
            return z_on - rules.step, lower
    return z_on, cells
