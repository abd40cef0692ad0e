"""The stage that belongs to a person, not to a device: who leads, which tag may belong to which spike, what the ledger says.

Computed from FINAL records and from what the person said, in event time, all of it anew whenever either changes: so the order of
imports does not matter, and a late tag changes links, never a FINAL record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from processing import lead as leading
from processing import linking, metrics
from processing.usual import Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Baseline, Episode, Event, EventMetrics, FloatArray, Grid, IntArray, Link, Prompt
from somalink.pipeline.deciding import Final, coach_of, decided
from somalink.pipeline.holdings import local_offsets, minute_chances
from somalink.pipeline.timeline import tiers_of
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
        settle_within(store, write, person, constants)


def settle_within(store: LocalStore, write: Writer, person: str, constants: Constants) -> None:
    """The same inside a transaction, where nobody else can write meanwhile."""
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
    final = Final(analysis, known.grids, known.tiers, known.baselines, risen, store.decided_ns(person))
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
        tiers = tiers_of(store, person)
        grids = {device: store.grid(person, device, *EVER) for device in sorted(tiers)}
        episodes: dict[str, list[Episode]] = {device: [] for device in tiers}
        for row in store.device_episodes(person):
            episodes[row.unit.device].append(row.episode)
        leads = leading.leading(episodes, grids, tiers)
        baselines = {baseline.number: baseline for baseline in store.baselines(person)}
        offsets = local_offsets(store, person)
        minutes, chance = _minutes(grids, tiers, baselines, offsets, constants)
        return cls(grids, tiers, episodes, leads, baselines, offsets, constants, minutes, chance)

    def measured(self, event: Event, events: list[Event]) -> EventMetrics:
        """Metrics of one event on the device that leads for most of its response, as its matched moments are measured (`findings.matching`)."""
        first_ns, last_ns = metrics.reach(event.t_ns, event.certainty_s)
        span = (min(first_ns, event.t_ns - MINUTE_NS), last_ns + 1)
        near = {device: grid.take(slice(*np.searchsorted(grid.stop_ns, span).tolist())) for device, grid in self.grids.items()}
        return metrics.event_metrics(event, near[self._responsive(event.t_ns, near)] if near else Grid.empty(), events, self.constants)

    def _responsive(self, t_ns: int, near: dict[str, Grid]) -> str:
        """The device that leads at most points of the response; of equals the one that can be used at most of them."""
        after = {device: grid.take(slice(*np.searchsorted(grid.stop_ns, (t_ns + 1, t_ns + metrics.RESPONSE_NS + 1)).tolist())) for device, grid in near.items()}
        points = np.unique(np.concatenate([grid.stop_ns for grid in after.values()]))
        led = Counter(leading.lead(points, near, self.tiers))
        return max(leading.ranking(near, self.tiers), key=lambda device: (led[device], int(np.count_nonzero(usable(after[device])))))

    def chance_at(self, t_ns: int) -> float | None:
        """Chance per hour at a moment: the cell of the nearest usable minute within ten, else the newest baseline's whole rate."""
        at = int(np.searchsorted(self.minutes_ns, t_ns))
        near = [k for k in (at - 1, at) if 0 <= k < len(self.minutes_ns) and abs(int(self.minutes_ns[k]) - t_ns) <= 10 * MINUTE_NS]
        if near:
            rate = float(self.minutes_chance[min(near, key=lambda k: abs(int(self.minutes_ns[k]) - t_ns))])
            return None if rate != rate else rate
        before = [b for b in self.baselines.values() if b.from_ns <= t_ns]
        return max(before, key=lambda b: b.from_ns).chance_all if before else None


def _minutes(
    grids: dict[str, Grid], tiers: dict[str, str], baselines: dict[int, Baseline], offsets: Offsets, constants: Constants
) -> tuple[IntArray, FloatArray]:
    """Every minute at which the leading device could have seen an episode, with the chance rate of its cell, in order of time."""
    rows = Grid.concat(_led_minutes(grids, tiers))
    rows = rows.take(np.argsort(rows.stop_ns, kind="stable"))
    return rows.stop_ns, minute_chances(rows, baselines, offsets, constants)


def _led_minutes(grids: dict[str, Grid], tiers: dict[str, str]) -> Iterator[Grid]:
    """Of each device the usable rows at full minutes at which it leads."""
    for device, grid in grids.items():
        rows = grid.take(usable(grid) & (grid.stop_ns % MINUTE_NS == 0))
        yield rows if len(grids) == 1 else rows.take(np.array(leading.lead(rows.stop_ns, grids, tiers), dtype=object) == device)
