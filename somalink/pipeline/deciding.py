"""Which moments of a person are due for a decision, and the decisions: FINAL rows and episodes in, new rows of the ledger out.

Knows where in the store a policy's inputs lie and when a rise is high enough to be decided on; the rules are `processing.coaching`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing import lead as leading
from processing.coaching import Coach, Said, wrongs
from processing.gates import is_open
from processing.ledger import Moment, decide, prompt_id
from processing.usual import Offsets
from somalink.domain.catalogue import AROUSAL, RANDOM
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import UNKNOWN, Baseline, Episode, Gate, Grid, Prompt, word
from somalink.pipeline.holdings import local_offsets
from somalink.storage.local import LocalStore

Z = 10_000
BACK_NS = 3 * HOUR_NS
"""How far back rows are read where something came due just now: no spike that is still open began earlier, or it is decided when it is over."""


def coach_of(store: LocalStore, person: str, *, known: Sequence[Prompt] | None = None) -> Coach:
    """The policy of a person, with all that was said and set."""
    ledger = store.prompts(person) if known is None else known
    said = Said(
        settings=(*store.settings(person), *store.profile(person)),
        tags=store.every_event(person),
        sessions=store.sessions(person),
        plans=store.plans(person),
        answers=wrongs(store.answers(person), ledger),
    )
    return Coach(store.person_secret(person), said, local_offsets(store, person))


@dataclass(frozen=True, slots=True)
class Final:
    """What was FINAL, of one person: rows by device, tiers, usuals, the spikes that their device led with where they were seen."""

    analysis: str
    grids: Mapping[str, Grid]
    tiers: Mapping[str, str]
    baselines: Mapping[int, Baseline]
    spikes: Sequence[tuple[str, Episode]]
    decided_ns: int | None = None
    """Up to when an earlier analysis decided on rises; they stay as they were decided."""


def decided(person: str, final: Final, coach: Coach, known: Sequence[Prompt], constants: Constants) -> list[Prompt]:
    """The rows that are new."""
    decided_ids = {row.id for row in known}
    moments = [
        *_risen(person, final, coach, decided_ids, constants),
        *_random(person, final, coach, decided_ids),
    ]
    return decide(moments, person, policy=coach, known=known)


def due_now(store: LocalStore, person: str, now_ns: int, constants: Constants, *, coach: Coach, known: Sequence[Prompt]) -> list[Prompt]:
    """The same of the last hours, read narrowly: for a live run, between two episodes."""
    final = _lately(store, person, now_ns, coach, {row.id for row in known})
    return [] if final is None else decided(person, final, coach, known, constants)


def is_due(store: LocalStore, person: str, now_ns: int, constants: Constants, recent: Sequence[Prompt]) -> bool:
    """Whether `due_now` may have something to decide, at the cost of a few small reads; `recent` are the rows of the last hours."""
    said = Said(settings=(*store.settings(person), *store.profile(person)))
    light = Coach(store.person_secret(person), said, local_offsets(store, person))
    ids = {row.id for row in recent}
    final = _lately(store, person, now_ns, light, ids)
    return final is not None and any([*_risen(person, final, light, ids, constants), *_random(person, final, light, ids)])


def _lately(store: LocalStore, person: str, now_ns: int, coach: Coach, ids: set[str]) -> Final | None:
    """What was FINAL in the last hours, if a spike of them is open or a random time came. Nothing new costs no row of the grid."""
    analysis = store.current_analysis(person)
    if analysis is None or not coach.asks(now_ns):
        return None
    since_ns = now_ns - BACK_NS
    led = [found for found in store.device_episodes(person, since_ns, now_ns) if found.lead and found.episode.kind == "spike"]
    open_ = [found for found in led if prompt_id(person, found.episode.id, analysis) not in ids and found.episode.start_ns >= since_ns]
    random_ns = _random_due(person, coach, ids, since_ns, now_ns)
    if not open_ and not random_ns:
        return None
    from_ns = min([*(found.episode.start_ns for found in open_), *(t_ns - MINUTE_NS for t_ns in random_ns)])
    tiers = {unit.device: unit.tier for unit in store.units(person)}
    return Final(
        analysis,
        {device: store.grid(person, device, from_ns, now_ns + 1) for device in sorted(tiers)},
        tiers,
        {baseline.number: baseline for baseline in store.baselines(person)} if open_ else {},
        [(found.unit.device, found.episode) for found in open_],
        store.decided_ns(person),
    )


def _random_due(person: str, coach: Coach, ids: set[str], since_ns: int, now_ns: int) -> list[int]:
    days = [local_day(t_ns, coach.offsets.one(t_ns)) for t_ns in (since_ns, now_ns)]
    times = coach.control_moments(min(days), max(days))
    return [t_ns for key, t_ns in times if since_ns < t_ns <= now_ns and prompt_id(person, key, "", trigger=RANDOM) not in ids]


# ---------------------------------------------------------------- rises


def _risen(person: str, final: Final, coach: Coach, decided_ids: set[str], constants: Constants) -> Iterable[Moment]:
    for device, spike in final.spikes:
        row_id = prompt_id(person, spike.id, final.analysis)
        if row_id in decided_ids or (final.decided_ns is not None and spike.onset_ns <= final.decided_ns):
            continue
        moment = _moment_of(row_id, spike, final.grids[device], final.baselines, coach, constants)
        if moment is not None:
            yield moment


def _moment_of(row_id: str, spike: Episode, grid: Grid, baselines: Mapping[int, Baseline], coach: Coach, constants: Constants) -> Moment | None:
    """When a spike is decided on: the first FINAL point after its onset by which it has lasted long enough to stand and has been high enough to
    ask about. One that never is, or of a time at which prompts were off, is decided at its onset, once it is over. None: not yet."""
    settled = spike.state == "final"
    if not coach.asks(spike.onset_ns):
        return Moment(row_id, spike.onset_ns, AROUSAL, spike.id) if settled else None
    rows = grid.take(slice(*np.searchsorted(grid.stop_ns, (spike.start_ns, _end(spike, grid) + 1)).tolist()))
    needs = _needed(spike, rows, baselines, constants)
    enough_z = round((needs + coach.raised(spike.onset_ns)) * Z)
    z = np.where(is_open(rows.gate), rows.z_phasic if spike.driver == "phasic" else rows.z, UNKNOWN)
    highest = np.maximum.accumulate(z) if len(z) else z
    stands = (rows.stop_ns >= max(spike.onset_ns, spike.start_ns + constants.spike.min_s * SECOND_NS)) & (z >= round(constants.spike.off * Z))
    enough = np.flatnonzero(stands & (highest >= enough_z))
    if len(enough):
        return _at(row_id, AROUSAL, rows, int(enough[0]), episode_id=spike.id, z=int(highest[enough[0]]) / Z, needs=needs)
    if not settled:
        return None
    onset = int(np.searchsorted(rows.stop_ns, spike.onset_ns))
    if onset >= len(rows):
        return Moment(row_id, spike.onset_ns, AROUSAL, spike.id, z=spike.peak_z, needs=needs)
    return _at(row_id, AROUSAL, rows, onset, episode_id=spike.id, z=spike.peak_z, needs=needs)


def _end(spike: Episode, grid: Grid) -> int:
    if spike.stop_ns is not None:
        return spike.stop_ns
    return int(grid.stop_ns[-1]) if len(grid) else spike.onset_ns


def _needed(spike: Episode, rows: Grid, baselines: Mapping[int, Baseline], constants: Constants) -> float:
    """`prompt_on` of the usual that the spike was read against, on its driver's scale."""
    usual = {"level": constants.spike.level_on, "phasic": constants.spike.phasic_on}[spike.driver] + constants.spike.prompt_add
    baseline = baselines.get(int(rows.baseline[0])) if len(rows) else None
    return usual if baseline is None else baseline.prompt_on.get(spike.driver, usual)


def _at(row_id: str, trigger: str, rows: Grid, k: int, *, episode_id: str = "", z: float = 0.0, needs: float = 0.0) -> Moment:
    return Moment(
        id=row_id,
        t_ns=int(rows.stop_ns[k]),
        trigger=trigger,
        episode_id=episode_id,
        gate=word(Gate(int(rows.gate[k]))),
        quality=max(int(rows.hr_q[k]), 0) / Z,
        maturity=max(int(rows.maturity[k]), 0) / 100,
        motion_conf=max(int(rows.motion_conf[k]), 0) / 100,
        z=z,
        needs=needs,
    )


# ---------------------------------------------------------------- random times


def _random(person: str, final: Final, coach: Coach, decided_ids: set[str]) -> Iterable[Moment]:
    """Every random time that the leading device has a FINAL row of. A time at which nothing was worn is no decision: nobody could be asked."""
    grids = {device: grid for device, grid in final.grids.items() if len(grid)}
    span = _days(grids, coach)
    if span is None:
        return
    times = [(prompt_id(person, key, "", trigger=RANDOM), t_ns) for key, t_ns in coach.control_moments(*span)]
    due = [(row_id, t_ns) for row_id, t_ns in times if row_id not in decided_ids]
    if not due:
        return
    leaders = leading.lead(np.array([t_ns for _, t_ns in due], np.int64), grids, final.tiers)
    for (row_id, t_ns), leader in zip(due, leaders, strict=True):
        k = int(np.searchsorted(grids[leader].stop_ns, t_ns))
        if k < len(grids[leader]) and int(grids[leader].stop_ns[k]) == t_ns:
            yield _at(row_id, RANDOM, grids[leader], k)


def _days(grids: Mapping[str, Grid], coach: Coach) -> tuple[int, int] | None:
    """First and last local day that can hold a random time: from when prompts were first on to the newest FINAL row."""
    began_ns = coach.began_ns
    if not grids or began_ns is None:
        return None
    first_ns = max(began_ns, min(int(grid.stop_ns[0]) for grid in grids.values()) - GRID_NS)
    last_ns = max(int(grid.stop_ns[-1]) for grid in grids.values())
    return None if first_ns > last_ns else (_day(first_ns, coach.offsets), _day(last_ns, coach.offsets))


def _day(t_ns: int, offsets: Offsets) -> int:
    return local_day(t_ns, offsets.one(t_ns))
