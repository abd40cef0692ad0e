"""Links that mean something: a tag at any moment is linked no more often than its own `chance` says, and a tag beside a real rise is.

Random tags lie on five real days. Rises are laid into the same days' still time, 12 bpm for 4 minutes, one pass after another.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from archived import CONSTANTS, archived
from pulses import spread_out, still_places, with_pulses
from real import table

from ingest.recording import Recording
from ingest.replay import open_source
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Candidate, Episode, Event, Grid, Link
from somalink.pipeline.person import settle_person
from somalink.storage import LocalStore
from somalink.storage.local import EVER

PEOPLE = "12345"
CERTAINTIES_S = (60, 300, 900)
TAGS = 1000
PULSES = 200
PASSES, PULSES_A_PASS = 5, 8
RISE_BPM, RISE_NS = 12.0, 4 * MINUTE_NS
OFF_NS = 3 * MINUTE_NS
"""Tags lie up to this far before or after the beginning of their rise."""
READABLE = 0.75
"""Share of a pulse's grid points with Q >= .6 before anything was laid into it: what an onset itself asks of its minute."""


def tag(name: str, person: str, t_ns: int, certainty_s: int) -> Event:
    return Event(name, person, "other", t_ns, made_at_ns=t_ns, received_ns=t_ns, certainty_s=certainty_s, source="test")


def linked(store: LocalStore, person: str, tags: Sequence[Event]) -> list[Link]:
    """What the person stage makes of tags that come when the day is over: the usual has not learnt to leave them out."""
    with store.transaction() as write:
        for event in tags:
            write.put_event(event)
    settle_person(store, person, CONSTANTS)
    return store.links(person)


def spikes_of(store: LocalStore, person: str) -> list[Episode]:
    return [episode for episode in store.episodes(person, *EVER) if episode.kind == "spike"]


@dataclass(frozen=True)
class Random:
    """What became of one tag at a random time."""

    certainty_s: int
    linked: bool
    chance: float


@pytest.fixture(scope="module")
def days(recording: Callable[[str, str], Path]) -> dict[str, Recording]:
    return {person: open_source(recording("mmash_polar_h7", person)).recording for person in PEOPLE}


@pytest.fixture(scope="module")
def unmoved(days: dict[str, Recording], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The five days as they were, in a store each."""
    files = {}
    for name, whole in days.items():
        files[name] = tmp_path_factory.mktemp("unmoved") / "store.db"
        with archived(whole, files[name]):
            pass
    return files


@pytest.mark.truth
def test_a_tag_at_a_random_time_is_linked_no_more_often_than_its_chance_says(days: dict[str, Recording], unmoved: dict[str, Path], figures):
    rng = np.random.default_rng(1)
    found: list[Random] = []
    for name, whole in days.items():
        person = whole.unit.person
        times = {certainty: rng.integers(whole.start_ns, whole.end_ns, TAGS // len(days)).tolist() for certainty in CERTAINTIES_S}
        tags = [tag(f"{certainty}-{k}", person, t, certainty) for certainty, some in times.items() for k, t in enumerate(some)]
        with LocalStore.open(unmoved[name]) as store:
            links = linked(store, person, tags)
        hit = {link.event_id for link in links if link.verdict == "linked"}
        chance = {link.event_id: link.chance for link in links if not link.episode_id}
        found += [Random(event.certainty_s, event.id in hit, chance[event.id]) for event in tags]
    rows = []
    for certainty_s in CERTAINTIES_S:
        mine = [one for one in found if one.certainty_s == certainty_s]
        share, chance_said = (sum(getattr(one, what) for one in mine) / len(mine) for what in ("linked", "chance"))
        rows.append([f"{certainty_s // 60} min", len(mine), f"{share:.1%}", f"{chance_said:.1%}"])
        assert len(mine) == TAGS and share <= chance_said + 0.02, rows[-1]
    figures(table(["certainty", "tags", "linked", "mean `chance`"], rows))


@pytest.mark.truth
def test_a_tag_twenty_minutes_off_that_was_sure_to_a_minute_is_not_linked_to_that_spike(days: dict[str, Recording], unmoved: dict[str, Path]):
    tried = 0
    for name, whole in days.items():
        person = whole.unit.person
        with LocalStore.open(unmoved[name]) as store:
            spikes = spikes_of(store, person)
            tags = [tag(f"{spike.id}{sign:+d}", person, spike.start_ns + sign * 20 * MINUTE_NS, 60) for spike in spikes for sign in (-1, 1)]
            links = linked(store, person, tags)
        tried += len(tags)
        assert not [link for link in links if link.episode_id and link.event_id.startswith(link.episode_id)]
    assert tried >= 40


@dataclass(frozen=True)
class Pulse:
    """What became of one rise that was laid into a day, and of the tags beside it."""

    person: str
    readable: bool
    rise: float
    """Median phasic z over the pulse."""
    refused: tuple[str, ...]
    inside: bool
    """Whether another episode was under way, which the pulse then belongs to."""
    spike: Episode | None = None
    linked: tuple[int, ...] = ()
    """Certainties of the tags that were linked to it, s."""


def pulses_of(whole: Recording, before: Grid, starts: Sequence[int], offs: Sequence[int], file: Path) -> list[Pulse]:
    """One pass: the day with its pulses, replayed, tagged and linked."""
    person = whole.unit.person
    with archived(with_pulses(whole, starts, bpm=RISE_BPM, length_ns=RISE_NS), file) as store:
        tags = {(k, s): tag(f"{k}-{s}", person, start + off, s) for k, (start, off) in enumerate(zip(starts, offs, strict=True)) for s in CERTAINTIES_S}
        pairs = {(link.event_id, link.episode_id) for link in linked(store, person, list(tags.values())) if link.verdict == "linked"}
        spikes, refused = spikes_of(store, person), [c for c in store.candidates(person, *EVER) if c.kind == "spike"]
        after = store.recording_grid(whole.unit)
    made = []
    for k, start in enumerate(starts):
        mine = next((spike for spike in spikes if start - MINUTE_NS <= spike.start_ns < start + RISE_NS), None)
        made.append(
            Pulse(
                person,
                readable(before, start),
                float(np.median(part(after, start).z_phasic)) / 1e4,
                reasons(refused, start),
                any(spike.start_ns < start <= (spike.stop_ns or 0) for spike in spikes),
                mine,
                tuple(s for s in CERTAINTIES_S if mine and (tags[k, s].id, mine.id) in pairs),
            )
        )
    return made


def part(grid: Grid, start_ns: int) -> Grid:
    return grid.take(slice(*np.searchsorted(grid.stop_ns, (start_ns, start_ns + RISE_NS)).tolist()))


def readable(grid: Grid, start_ns: int) -> bool:
    return bool(np.mean(part(grid, start_ns).hr_q >= 6000) >= READABLE)


def reasons(refused: Sequence[Candidate], start_ns: int) -> tuple[str, ...]:
    return tuple(sorted({c.reason for c in refused if start_ns - MINUTE_NS <= c.start_ns < start_ns + RISE_NS}))


@pytest.fixture(scope="module")
def pulses(days: dict[str, Recording], unmoved: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[Pulse]:
    rng = np.random.default_rng(2)
    found: list[Pulse] = []
    for name, whole in days.items():
        with LocalStore.open(unmoved[name]) as store:
            before = store.recording_grid(whole.unit)
        places = still_places(before, before_ns=MINUTE_NS, length_ns=RISE_NS)
        for _ in range(PASSES):
            starts = spread_out(places, PULSES_A_PASS, rng, apart_ns=20 * MINUTE_NS)
            offs = rng.integers(-OFF_NS, OFF_NS, len(starts)).tolist()
            found += pulses_of(whole, before, starts, offs, tmp_path_factory.mktemp("pass") / "store.db")
    return found


@pytest.mark.truth
def test_a_tag_beside_a_rise_that_was_seen_is_linked_to_it(pulses: list[Pulse], figures):
    assert len(pulses) == PULSES
    groups = [("all", pulses), *((person, [p for p in pulses if p.person == person]) for person in dict.fromkeys(p.person for p in pulses))]
    groups.append((f"readable (Q >= .6 in {READABLE:.0%})", [p for p in pulses if p.readable]))
    head = ["rises", "laid", "seen", "share", *(f"linked, sure to {s // 60} min" for s in CERTAINTIES_S), "quality (median)", "chance/h (median)"]
    rows = []
    for name, some in groups:
        seen = [p.spike for p in some if p.spike]
        share = [f"{sum(s in p.linked for p in some) / max(len(seen), 1):.2f}" for s in CERTAINTIES_S]
        middle = [f"{np.median([getattr(spike, what) for spike in seen]):.2f}" for what in ("quality", "chance_per_h")]
        rows.append([name, len(some), len(seen), f"{len(seen) / len(some):.2f}", *share, *middle])
    figures(table(head, rows))
    missed = Counter("under way" if p.inside else ", ".join(p.refused) or "never at 1.0" for p in pulses if not p.spike)
    figures(table(["not seen because", "rises", "phasic z there (median)"], [[why, n, f"{middle_rise(pulses, why):.1f}"] for why, n in missed.most_common()]))
    seen = [p for p in pulses if p.spike]
    assert len(seen) >= 80
    assert all(sum(sure_s in p.linked for p in seen) >= 0.8 * len(seen) for sure_s in (60, 300))


def middle_rise(pulses: Sequence[Pulse], why: str) -> float:
    return float(np.median([p.rise for p in pulses if not p.spike and ("under way" if p.inside else ", ".join(p.refused) or "never at 1.0") == why]))


def test_a_pulse_adds_its_beats_and_moves_nothing_outside_itself():
    from pulses import _faster

    t_ns = np.arange(601, dtype=np.int64) * SECOND_NS
    ticks = np.full(601, 1024)
    new_t, new_ticks = _faster(t_ns, ticks, [120 * SECOND_NS], 12 / 60 / SECOND_NS, RISE_NS)
    assert len(new_t) - len(t_ns) == 48
    inside = (new_t > 122 * SECOND_NS) & (new_t < 359 * SECOND_NS)
    assert set(new_ticks[inside].tolist()) <= {853, 854} and set(new_ticks[new_t > 362 * SECOND_NS].tolist()) == {1024}
    assert abs(int(new_t[-1]) - int(t_ns[-1])) < SECOND_NS
