"""The stage that belongs to a person, not to a device: who leads, which tag may belong to which spike, what the ledger says.

Computed from FINAL records and from what the person said, in event time, all of it anew whenever either changes: so the order of
imports does not matter, and a late tag changes links, never a FINAL record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from processing import lead as leading
from processing import linking, metrics
from processing.usual import UTC_ONLY, Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Baseline, Episode, Event, EventMetrics, FloatArray, Grid, IntArray, Link, Prompt
from somalink.pipeline.deciding import Final, coach_of, decided
from somalink.storage.coverage import usable
from somalink.storage.local import EVER, LocalStore
from somalink.storage.writer import Writer

TRIES = 3
"""Times the stage is computed beside the store before it is computed inside a transaction, where nobody else can write meanwhile."""


def settle_person(store: LocalStore, person: str, constants: Constants) -> None:
    """Leads, prompts, links and event metrics of a person. Nothing analysed yet: nothing is done.

    Computed while others may write, kept only if what the person said, the ledger and episodes are still those it was computed from.
    """
    for _ in range(TRIES):
        given = _given(store, person)
        settled = _settle(store, person, constants)
        if settled is None:
            return
        with store.transaction() as write:
            if _given(store, person) == given:
                settled.keep(write, person)
                return
    with store.transaction() as write:
        last = _settle(store, person, constants)
        if last is not None:
            last.keep(write, person)


def _given(store: LocalStore, person: str) -> tuple[object, ...]:
    """What the stage rests on, as far as it can change: analysis, what was said and set, decisions, episodes with their state."""
    decisions = tuple(row.id for row in store.prompts(person))
    return store.current_analysis(person), store.said(person), decisions, tuple((row.episode.id, row.episode.state) for row in store.device_episodes(person))


@dataclass(frozen=True, slots=True)
class _Settled:
    """What the stage says, ready to be kept."""

    analysis: str
    leads: dict[str, bool]
    prompts: list[Prompt]
    links: list[Link]
    measured: list[EventMetrics]

    def keep(self, write: Writer, person: str) -> None:
        write.set_lead(self.leads)
        write.put_prompts(self.prompts)
        write.put_links(person, self.analysis, self.links, self.measured)


def _settle(store: LocalStore, person: str, constants: Constants) -> _Settled | None:
    analysis = store.current_analysis(person)
    if analysis is None:
        return None
    known = _Known.of(store, person, constants)
    everything = [episode for episodes in known.episodes.values() for episode in episodes]
    spikes = [e for e in everything if e.id in known.leads and e.kind == "spike" and e.state == "final"]
    events = [event for event in store.events(person) if not event.deleted]
    ledger = store.prompts(person)
    risen = [(device, e) for device, episodes in known.episodes.items() for e in episodes if e.id in known.leads and e.kind == "spike"]
    final = Final(analysis, known.grids, known.tiers, known.baselines, risen)
    links = linking.link_all(
        events,
        spikes,
        chances_per_h=[known.chance_at(event.t_ns) for event in events],
        usable_minutes_ns=known.minutes_ns,
        usable_lam_per_min=linking.lambda_per_min(known.minutes_chance, constants),
        constants=constants,
    )
    return _Settled(
        analysis,
        {episode.id: episode.id in known.leads for episode in everything},
        decided(person, final, coach_of(store, person, known=ledger), ledger, constants),
        links,
        [known.measured(event, events) for event in events],
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the stage reads of a person: FINAL rows by device, episodes, baselines, local time."""

    grids: dict[str, Grid]
    tiers: dict[str, str]
    episodes: dict[str, list[Episode]]
    leads: frozenset[str]
    baselines: dict[int, Baseline]
    offsets: Offsets
    constants: Constants
    minutes_ns: IntArray
    minutes_chance: FloatArray

    @classmethod
    def of(cls, store: LocalStore, person: str, constants: Constants) -> _Known:
        tiers = {unit.device: unit.tier for unit in store.units(person)}
        grids = {device: store.grid(person, device, *EVER) for device in sorted(tiers)}
        episodes: dict[str, list[Episode]] = {device: [] for device in tiers}
        for row in store.device_episodes(person):
            episodes[row.unit.device].append(row.episode)
        leads = leading.leading(episodes, grids, tiers)
        baselines = {baseline.number: baseline for baseline in store.baselines(person)}
        told = store.utc_offsets(person)
        offsets = Offsets(tuple(o.from_ns for o in told), tuple(o.offset_s for o in told)) if told else UTC_ONLY
        minutes, chance = _minutes(grids, baselines, offsets, constants)
        return cls(grids, tiers, episodes, leads, baselines, offsets, constants, minutes, chance)

    def measured(self, event: Event, events: list[Event]) -> EventMetrics:
        """Metrics of one event on the device that knows most around it."""
        first_ns, last_ns = metrics.reach(event.t_ns, event.certainty_s)
        span = (first_ns, last_ns + 1)
        near = [grid.take(slice(*np.searchsorted(grid.stop_ns, span).tolist())) for grid in self.grids.values()]
        best = max(near, key=lambda grid: int(np.count_nonzero(usable(grid))), default=Grid.empty())
        return metrics.event_metrics(event, best, events, self.constants)

    def chance_at(self, t_ns: int) -> float | None:
        """Chance per hour at a moment: the cell of the nearest usable minute within ten, else the newest baseline's whole rate."""
        at = int(np.searchsorted(self.minutes_ns, t_ns))
        near = [k for k in (at - 1, at) if 0 <= k < len(self.minutes_ns) and abs(int(self.minutes_ns[k]) - t_ns) <= 10 * MINUTE_NS]
        if near:
            rate = float(self.minutes_chance[min(near, key=lambda k: abs(int(self.minutes_ns[k]) - t_ns))])
            return None if rate != rate else rate
        before = [b for b in self.baselines.values() if b.from_ns <= t_ns]
        return max(before, key=lambda b: b.from_ns).chance_all if before else None


def _minutes(grids: dict[str, Grid], baselines: dict[int, Baseline], offsets: Offsets, constants: Constants) -> tuple[IntArray, FloatArray]:
    """Every minute at which an episode could have been seen, once, with the chance rate of its cell."""
    times, rates = [], []
    for grid in grids.values():
        rows = grid.take(usable(grid) & (grid.stop_ns % MINUTE_NS == 0))
        rate = np.full(len(rows), np.nan)
        for number in np.unique(rows.baseline).tolist():
            mine = rows.baseline == number
            at = rows.stop_ns[mine]
            rate[mine] = linking.chance_at(baselines.get(number), at, rows.gate[mine], offsets.at(at), constants)
        times.append(rows.stop_ns)
        rates.append(rate)
    if not times:
        return np.zeros(0, np.int64), np.zeros(0)
    minutes, first = np.unique(np.concatenate(times), return_index=True)
    return minutes, np.concatenate(rates)[first]
