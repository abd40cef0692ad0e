"""Which spike a self-tag may belong to, and how often a tag at any other moment would have been given one (engine.md section 4).

Knows when a tag says it was and how sure it is, when spikes began, how good their data were and how often spikes come by chance.
Does not know what the tag says, which device leads (`lead` does) or where the chance rate came from (the baseline does).

The tag and the matched moments of the `chance` column go through one operator, `_pulls` and `_tenthousandths`: a search that looks harder
around tags than elsewhere finds something for every tag.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from somalink.domain.catalogue import TOO_VAGUE
from somalink.domain.constants import ALGORITHM_VERSION, Constants, Linking
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, Episode, Event, FloatArray, Gate, IntArray, Link, word

RULE = f"normal-{ALGORITHM_VERSION}"
"""Normal density against the chance rate of that hour and gate."""
RULE_TARGET = f"normal-{ALGORITHM_VERSION}-target-rate"
"""The same while no baseline knows the chance rate: the rate that z_on is set for stands in."""
RULE_VAGUE = f"{TOO_VAGUE}-{ALGORITHM_VERSION}"
"""The tag's time is too uncertain for any single spike."""

P_PER_UNIT = 10_000
REACH_SD = 6.0
"""Beyond this the density is under 2e-8 of its peak: a millionth of what is listed, at any quality and any chance rate from the floor up."""
CHANCE_FLOOR_PER_H = 0.01
"""A cell in which no surrogate ever fired has a rate of 0 only for want of hours, and against 0 any spike within reach would be certain.
Once in a hundred hours is forty times rarer than the rate z_on is set for."""


@dataclass(frozen=True, slots=True)
class _Spikes:
    """The spikes that may be linked, in time order: (n,) columns. The order they were given in is forgotten here."""

    id: tuple[str, ...]
    start_ns: IntArray
    quality: FloatArray


def target_per_h(constants: Constants) -> float:
    """Spikes per hour that z_on is set for: what stands in while a person's own chance rate is not known."""
    return constants.spike.target_per_14h / 14.0


def chance_at(baseline: Baseline | None, t_ns: IntArray, gate: IntArray, offset_s: IntArray | int, constants: Constants) -> FloatArray:
    """Chance rate in spikes per hour of the cell (gate, local block) at each moment; (n,), NaN where no baseline knows it.

    `gate`: (n,) `Gate` codes; `offset_s`: local time less UTC. Gates without a cell of their own take the person's rate over all cells.
    """
    block = (t_ns + offset_s * np.int64(SECOND_NS)) % DAY_NS // (constants.chance.block_h * HOUR_NS)
    rates: FloatArray = _rate_table(baseline, constants)[gate, block]
    return rates


def _rate_table(baseline: Baseline | None, constants: Constants) -> FloatArray:
    cells = {} if baseline is None else baseline.chance
    rest = math.nan if baseline is None or baseline.chance_all is None else baseline.chance_all
    return np.array([[cells.get(f"{word(gate)}/{block}", rest) for block in range(24 // constants.chance.block_h)] for gate in Gate])


def lambda_per_min(chance_per_h: FloatArray, constants: Constants) -> FloatArray:
    """The rate that spikes compete with, per minute: the target rate where chance is NaN, never under `CHANCE_FLOOR_PER_H`."""
    known = np.where(np.isnan(chance_per_h), target_per_h(constants), chance_per_h)
    return np.maximum(known, CHANCE_FLOOR_PER_H) / 60.0


def link(event: Event, episodes: Iterable[Episode], *, chance_per_h: float | None, chance: float, constants: Constants) -> list[Link]:
    """Every spike the tag may belong to (P >= .05), in time order, then the one `none` row.

    `episodes`: those of the leading device, any order; only spikes count. `chance_per_h`: the cell at the event, None before there is a
    baseline. `chance`: what `chance_linked` says of this tag's certainty; it is printed, never used. Each P is rounded down to 1e-4, so that
    no verdict rests on rounding up and the rows of one event never add up to more than 1.
    """
    return _link(event, _spikes(episodes), chance_per_h, chance, constants)


def link_all(
    events: Sequence[Event],
    episodes: Iterable[Episode],
    *,
    chances_per_h: Sequence[float | None],
    usable_minutes_ns: IntArray,
    usable_lam_per_min: FloatArray,
    constants: Constants,
) -> list[Link]:
    """The links of a person's events, deleted ones left out; `chances_per_h` is aligned with `events`, the two usable columns with each other.

    Equal to `link` with `chance_linked` event by event, but each certainty is searched once.
    """
    spikes = _spikes(episodes)
    chance: dict[int, float] = {}
    out: list[Link] = []
    for event, rate in zip(events, chances_per_h, strict=True):
        if event.deleted:
            continue
        if event.certainty_s not in chance:
            chance[event.certainty_s] = _chance_linked(usable_minutes_ns, spikes, event.certainty_s, usable_lam_per_min, constants.link)
        out += _link(event, spikes, rate, chance[event.certainty_s], constants)
    return out


def chance_linked(usable_minutes_ns: IntArray, episodes: Iterable[Episode], *, certainty_s: int, lam_per_min: FloatArray, constants: Constants) -> float:
    """Share of the person's usable minutes at which a tag of this certainty would be `linked` to the episodes there are.

    `usable_minutes_ns`: (n,) one moment a usable minute; `lam_per_min`: (n,) from `lambda_per_min`. 0 where no minute was usable.
    """
    return _chance_linked(usable_minutes_ns, _spikes(episodes), certainty_s, lam_per_min, constants.link)


def _spikes(episodes: Iterable[Episode]) -> _Spikes:
    kept = sorted((e for e in episodes if e.kind == "spike"), key=lambda e: (e.start_ns, e.id))
    return _Spikes(
        id=tuple(e.id for e in kept),
        start_ns=np.array([e.start_ns for e in kept], dtype=np.int64),
        quality=np.array([e.quality for e in kept], dtype=np.float64),
    )


def _link(event: Event, spikes: _Spikes, chance_per_h: float | None, chance: float, constants: Constants) -> list[Link]:
    if event.certainty_s > constants.link.max_certainty_s:
        return [Link(event.id, "", 1.0, "none", None, chance, RULE_VAGUE)]
    rate = np.array([math.nan if chance_per_h is None else chance_per_h])
    rule = RULE_TARGET if bool(np.isnan(rate[0])) else RULE
    which, shares, none = _shares(event, spikes, float(lambda_per_min(rate, constants)[0]), constants.link)
    listed = [
        Link(event.id, spikes.id[k], share / P_PER_UNIT, _verdict(share, constants.link), (int(spikes.start_ns[k]) - event.t_ns) / SECOND_NS, chance, rule)
        for k, share in zip(which, shares, strict=True)
        if share >= _least(constants.link.list_from)
    ]
    return [*listed, Link(event.id, "", none / P_PER_UNIT, "none", None, chance, rule)]


def _shares(event: Event, spikes: _Spikes, lam: float, rules: Linking) -> tuple[list[int], list[int], int]:
    """Spikes within reach of the event, their P and P(none), in units of 1e-4."""
    which: list[int] = []
    weights: list[FloatArray] = []
    total = np.zeros(1)
    for _, spike, weight in _pulls(np.array([event.t_ns], dtype=np.int64), spikes, event.certainty_s, rules):
        which.append(int(spike[0]))
        weights.append(weight)
        total = total + weight
    shares = [int(_tenthousandths(weight, total, lam)[0]) for weight in weights]
    return which, shares, int(_tenthousandths(np.array([lam]), total, lam)[0])


def _chance_linked(minutes_ns: IntArray, spikes: _Spikes, certainty_s: int, lam: FloatArray, rules: Linking) -> float:
    if certainty_s > rules.max_certainty_s or not len(minutes_ns):
        return 0.0
    total, best = np.zeros(len(minutes_ns)), np.zeros(len(minutes_ns))
    for minute, _, weight in _pulls(minutes_ns, spikes, certainty_s, rules):
        total[minute] += weight
        best[minute] = np.maximum(best[minute], weight)
    linked = _tenthousandths(best, total, lam) >= _least(rules.show)
    return int(np.count_nonzero(linked)) / len(minutes_ns)


def _pulls(t_ns: IntArray, spikes: _Spikes, certainty_s: int, rules: Linking) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """N_k Q_k of each moment's first spike within reach, then of each moment's second, and so on: (moment, spike, weight) columns.

    Adding step by step thus adds in time order whatever the number of moments, which fixes the last digit of the sum.
    """
    sd_min = math.sqrt((certainty_s / 60) ** 2 + rules.extra_sd_min**2)
    centre = t_ns + round(rules.lag_min * MINUTE_NS)
    reach = round(REACH_SD * sd_min * MINUTE_NS)
    first = np.searchsorted(spikes.start_ns, centre - reach, side="left")
    behind = np.searchsorted(spikes.start_ns, centre + reach, side="right")
    moment = np.flatnonzero(first < behind)
    spike = first[moment]
    while len(moment):
        yield moment, spike, _density(spikes.start_ns[spike] - centre[moment], sd_min) * spikes.quality[spike]
        more = spike + 1 < behind[moment]
        moment, spike = moment[more], spike[more] + 1


def _density(off_ns: IntArray, sd_min: float) -> FloatArray:
    """Normal density per minute at a distance from its centre; (n,)."""
    off_sd = off_ns / (sd_min * MINUTE_NS)
    return np.exp(-0.5 * off_sd * off_sd) / (sd_min * math.sqrt(2 * math.pi))


def _tenthousandths(weight: FloatArray, total: FloatArray, lam: FloatArray | float) -> IntArray:
    """P = weight / (total + lambda), rounded down to whole 1e-4."""
    return np.floor(weight / (total + lam) * P_PER_UNIT).astype(np.int64)


def _least(share: float) -> int:
    return round(share * P_PER_UNIT)


def _verdict(share: int, rules: Linking) -> str:
    return "linked" if share >= _least(rules.show) else "possible"
