"""Why a moment stood out, why none did, and why nothing was offered: what FINAL rows, episodes, candidates, ledger and links say of a time.

Answers with codes and numbers; the words for them are whoever shows it's. Reads, computes nothing anew, guesses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.lead import lead, ranking
from processing.usual import Offsets
from somalink.domain.catalogue import GRID_COLUMNS
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, ceil_to
from somalink.domain.types import UNKNOWN, Baseline, Candidate, Episode, Event, EventMetrics, Gap, Gate, Grid, Link, Prompt, Stream, word
from somalink.pipeline.holdings import Stage, local_offsets, minute_chances, quiet, stage_at
from somalink.pipeline.timeline import tiers_of
from somalink.storage import derived
from somalink.storage.coverage import OPEN_GATES, USABLE_Q
from somalink.storage.local import LocalStore

BEFORE_NS = 12 * HOUR_NS
"""How far back the present gate is followed."""
NEAR_TAG_NS = 2 * HOUR_NS
"""A tag further away than this belongs to another question."""
NEAR_MOMENT_NS = 30 * MINUTE_NS
"""A moment that stood out this near is worth naming when none did at the time asked for."""
NEAR_PROMPT_NS = 2 * MINUTE_NS
BAND_SE = 1.64
"""Half of the band of the index in standard errors, times the index's slope: 32.8 SE (engine, section 1)."""
KINDS_FIRST = ("spike", "slowing", "elevated")

# The answers, in the order they are tried.
NOT_RECORDED, NO_HEART, NOT_JUDGED, NOT_COMPARED, TURNED_DOWN, WEAK, USUAL, HIGH = (
    "not_recorded", "no_heart_rate", "not_judged", "not_compared", "turned_down", "weak", "usual", "high",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One FINAL grid point in the units people read; None where not known, and why in `*_reason`."""

    stop_ns: int
    hr_bpm: float | None
    hr_reason: str
    hr_quality: float | None
    rmssd_ms: float | None
    hrv_reason: str
    motion_mg: float | None
    gate: str
    gate_since_ns: int
    z: float | None
    z_phasic: float | None
    se: float | None
    index: float | None
    index_from: float | None
    index_to: float | None
    confidence: float | None
    z_reason: str
    phasic_reason: str
    chance_per_h: float | None


@dataclass(frozen=True, slots=True)
class Tagged:
    """The tag in question, or the one nearest: what it may belong to and what the body did around it."""

    event: Event
    links: tuple[Link, ...]
    metrics: EventMetrics | None


@dataclass(frozen=True, slots=True)
class Why:
    """All that is known of one moment of one person.

    `answer`: an episode's kind where one covers the moment, else one of the codes above. `driver` and `z_on`: which z decides here, and
    how far it must reach. `turned_down`: the rise that did not count, with its reason. `no_prompt`: why the ledger has no row.
    """

    person: str
    device: str
    """The one that leads at this moment, else the one that knows most of the hours around."""
    beside: tuple[str, ...]
    """Devices that were worn too and do not speak here."""
    at_ns: int
    answer: str
    reading: Reading | None
    gap: Gap | None
    nearest_point_ns: int | None
    driver: str
    z_on: float | None
    stage: Stage | None
    baseline: int | None
    baseline_mode: str
    baseline_from_ns: int | None
    episode: Episode | None
    lead: bool | None
    turned_down: Candidate | None
    near: Episode | None
    prompt: Prompt | None
    no_prompt: str
    tag: Tagged | None


def why_at(store: LocalStore, person: str, t_ns: int, constants: Constants, *, about: Event | None = None) -> Why:
    """What is known of `t_ns`, at the grid point that closes then or next. `about`: the tag that is asked about, else the nearest one."""
    at_ns = ceil_to(t_ns, GRID_NS)
    device, rows, beside = _rows(store, person, at_ns)
    k = int(np.searchsorted(rows.stop_ns, at_ns))
    here = k < len(rows) and int(rows.stop_ns[k]) == at_ns
    baselines = {baseline.number: baseline for baseline in store.baselines(person)}
    k_known = k if here else k - 1
    baseline = baselines.get(int(rows.baseline[k_known])) if k_known >= 0 else None
    reading = _reading(rows, k, baselines, local_offsets(store, person), constants) if here else None
    found = {each.episode.id: each for each in store.device_episodes(person, at_ns - DAY_NS, at_ns + DAY_NS)}
    episode = _covering([each.episode for each in found.values() if each.unit.device == device], at_ns)
    driver = episode.driver if episode else "phasic" if reading and not reading.phasic_reason else "level"
    turned_down = None if episode or not here else _turned_down(store.candidates(person, at_ns - HOUR_NS, at_ns + 1, device=device), rows, k, constants)
    prompt = _prompt(store.prompts(person), episode, at_ns)
    led = found[episode.id].lead if episode else None
    return Why(
        person=person,
        device=device,
        beside=beside,
        at_ns=at_ns,
        answer=episode.kind if episode else _answer(reading, turned_down, driver, constants),
        reading=reading,
        gap=None if here or not device else _gap(store.gaps(person, device, at_ns - DAY_NS, at_ns + DAY_NS), at_ns),
        nearest_point_ns=None if here else _nearest_point(rows, k, at_ns),
        driver=driver if reading else "",
        z_on=_z_on(driver, baseline, constants) if reading else None,
        stage=stage_at(rows, k_known, baselines, still_h=_still_h(rows, k_known), constants=constants) if k_known >= 0 else None,
        baseline=baseline.number if baseline else None,
        baseline_mode=baseline.mode if baseline else "",
        baseline_from_ns=baseline.from_ns if baseline else None,
        episode=episode,
        lead=led,
        turned_down=turned_down,
        near=None if episode else _near([each.episode for each in found.values() if each.lead is not False], at_ns),
        prompt=prompt,
        no_prompt="" if prompt else _no_prompt(episode, led, here=here),
        tag=_tagged(store, person, t_ns, about),
    )


def why_event(store: LocalStore, event: Event, constants: Constants) -> Why:
    """The same of the moment a tag names."""
    return why_at(store, event.person, event.t_ns, constants, about=event)


# ---------------------------------------------------------------- the point


def _rows(store: LocalStore, person: str, at_ns: int) -> tuple[str, Grid, tuple[str, ...]]:
    """The device that leads at the moment, its rows around it, and who was worn beside it. Where none has a row of it, the one that has most around."""
    tiers = tiers_of(store, person)
    if not tiers:
        return "", Grid.empty(), ()
    grids = {device: store.grid(person, device, at_ns - BEFORE_NS, at_ns + NEAR_TAG_NS) for device in ranking(tiers, tiers)}
    worn = [device for device, rows in grids.items() if (rows.hr[rows.stop_ns == at_ns] != UNKNOWN).any()]
    here = any((rows.stop_ns == at_ns).any() for rows in grids.values())
    best = lead(np.array([at_ns]), grids, tiers)[0] if here else max(grids, key=lambda device: len(grids[device]))
    return best, grids[best], tuple(device for device in worn if device != best)


def _reading(rows: Grid, k: int, baselines: dict[int, Baseline], offsets: Offsets, constants: Constants) -> Reading:
    row = rows.take(slice(k, k + 1))
    z, se = _value(row, "z"), _value(row, "se")
    index = _maybe(derived.arousal_index(row)[0])
    half = None if se is None else BAND_SE * constants.index_slope * se
    said = {column.name: column.words[int(getattr(row, column.name)[0])] for column in GRID_COLUMNS if column.words}
    return Reading(
        stop_ns=int(row.stop_ns[0]),
        hr_bpm=_value(row, "hr"),
        hr_reason=said["hr_reason"],
        hr_quality=_value(row, "hr_q"),
        rmssd_ms=_maybe(derived.rmssd_ms(row)[0]),
        hrv_reason=said["hrv_reason"],
        motion_mg=_value(row, "motion"),
        gate=said["gate"],
        gate_since_ns=_since(rows, k),
        z=z,
        z_phasic=_value(row, "z_phasic"),
        se=se,
        index=index,
        index_from=None if index is None or half is None else round(max(index - half, 0.0), 1),
        index_to=None if index is None or half is None else round(min(index + half, 100.0), 1),
        confidence=_maybe(derived.confidence(row)[0]),
        z_reason=said["z_reason"],
        phasic_reason=said["phasic_reason"],
        chance_per_h=_maybe(minute_chances(row, baselines, offsets, constants)[0]),
    )


def _value(row: Grid, name: str) -> float | None:
    return _maybe(derived.known(row, name)[0])


def _maybe(value: float) -> float | None:
    return None if value != value else float(value)


def _since(rows: Grid, k: int) -> int:
    """From when on the gate has been what it is at row `k`, without a hole."""
    other = (rows.gate[:k] != rows.gate[k]) | (np.diff(rows.stop_ns[: k + 1]) != GRID_NS)
    breaks = np.flatnonzero(other)
    first = int(breaks[-1]) + 1 if len(breaks) else 0
    return int(rows.stop_ns[first]) - GRID_NS


def _nearest_point(rows: Grid, k: int, at_ns: int) -> int | None:
    near = [int(rows.stop_ns[j]) for j in (k - 1, k) if 0 <= j < len(rows)]
    return min(near, key=lambda t_ns: abs(t_ns - at_ns), default=None)


def _gap(gaps: Sequence[Gap], at_ns: int) -> Gap | None:
    """The heart's gap that holds the window."""
    return next((gap for gap in gaps if gap.stream in (Stream.RR, Stream.HR) and gap.start_ns < at_ns and gap.stop_ns > at_ns - GRID_NS), None)


def _still_h(rows: Grid, k: int) -> float:
    return float(np.count_nonzero(quiet(rows)[: k + 1])) * GRID_NS / HOUR_NS


# ---------------------------------------------------------------- the moment


def _covering(episodes: Sequence[Episode], at_ns: int) -> Episode | None:
    held = [each for each in episodes if each.start_ns <= at_ns and (each.stop_ns is None or at_ns <= each.stop_ns)]
    return min(held, key=lambda each: KINDS_FIRST.index(each.kind), default=None)


def _near(episodes: Sequence[Episode], at_ns: int) -> Episode | None:
    """The spike that begins or ends nearest, within reach."""

    def away(each: Episode) -> int:
        return max(each.start_ns - at_ns, at_ns - (each.stop_ns or each.start_ns))

    spikes = [each for each in episodes if each.kind == "spike" and away(each) <= NEAR_MOMENT_NS]
    return min(spikes, key=away, default=None)


def _turned_down(candidates: Sequence[Candidate], rows: Grid, k: int, constants: Constants) -> Candidate | None:
    """The rise that holds row `k` and did not count, or after which z has stayed up ever since; the highest where several do."""
    at_ns = int(rows.stop_ns[k])
    spikes = [each for each in candidates if each.kind == "spike"]
    held = [each for each in spikes if each.start_ns <= at_ns and (at_ns <= each.stop_ns or _stayed(each, rows, k, constants))]
    return max(held, key=lambda each: each.peak_z, default=None)


def _stayed(candidate: Candidate, rows: Grid, k: int, constants: Constants) -> bool:
    first = int(np.searchsorted(rows.stop_ns, candidate.stop_ns))
    z = (rows.z_phasic if candidate.driver == "phasic" else rows.z)[first : k + 1]
    high = z >= round(constants.spike.off * 10_000)  # an unknown z is far below
    return bool(np.all(high)) and len(z) == (int(rows.stop_ns[k]) - candidate.stop_ns) // GRID_NS + 1


def _answer(reading: Reading | None, turned_down: Candidate | None, driver: str, constants: Constants) -> str:
    """Why no moment stood out here."""
    if reading is None:
        return NOT_RECORDED
    z = reading.z_phasic if driver == "phasic" else reading.z
    rules = (
        (NO_HEART, reading.hr_bpm is None),
        (TURNED_DOWN, turned_down is not None),
        (NOT_JUDGED, reading.gate not in {word(Gate(gate)) for gate in OPEN_GATES}),
        (NOT_COMPARED, z is None),
        (WEAK, (reading.hr_quality or 0.0) < USABLE_Q),
        (USUAL, z is not None and z < constants.spike.cand),
    )
    return next((answer for answer, holds in rules if holds), HIGH)


def _z_on(driver: str, baseline: Baseline | None, constants: Constants) -> float:
    usual = {"level": constants.spike.level_on, "phasic": constants.spike.phasic_on}
    return {**usual, **(baseline.z_on if baseline else {})}[driver]


# ---------------------------------------------------------------- prompt and tag


def _prompt(prompts: Sequence[Prompt], episode: Episode | None, at_ns: int) -> Prompt | None:
    own = [row for row in prompts if episode is not None and row.episode_id == episode.id]
    near = [row for row in prompts if not row.episode_id and abs(row.t_ns - at_ns) <= NEAR_PROMPT_NS]
    return next(iter([*own, *near]), None)


def _no_prompt(episode: Episode | None, lead: bool | None, *, here: bool) -> str:
    """Why the ledger has no row: only settled spikes of the leading device are decided on."""
    if episode is None:
        return "nothing_stood_out" if here else NOT_RECORDED
    if episode.kind != "spike":
        return "not_a_spike"
    if episode.state != "final":
        return "not_settled"
    return "other_device" if lead is False else "not_decided"


def _tagged(store: LocalStore, person: str, t_ns: int, about: Event | None) -> Tagged | None:
    events = [about] if about else store.events(person, t_ns - NEAR_TAG_NS, t_ns + NEAR_TAG_NS)
    event = min(events, key=lambda each: abs(each.t_ns - t_ns), default=None)
    if event is None:
        return None
    links = tuple(link for link in store.links(person) if link.event_id == event.id)
    metrics = next((each for each in store.event_metrics(person) if each.event_id == event.id), None)
    return Tagged(event, links, metrics)
