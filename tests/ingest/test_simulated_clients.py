"""Clients whose truth is known: it is what it is said to be, in the plan of a life, in rows written directly, and after the whole road."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from clients import CHARACTERS, DEVICE, HALVED, Moments, client_store, grid_client, lived_store

from ingest.recording import read_folder
from ingest.simulate import CLIENTS, SimulatedSource, client_named, write_recordings
from ingest.simulate.planning import Happening
from somalink.domain.errors import UsageError
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Gate, Grid
from somalink.storage import LocalStore

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
MAIN = ("conflict", "criticism", "rejection", "ignored", "connection")
HARD = ("conflict", "criticism", "exposure_step")
NAMES = tuple(CLIENTS)
OFFERED = ("breath_helps", "breath_idle")


@lru_cache
def life(name: str, days: int = 90, seed: int = 1) -> SimulatedSource:
    return SimulatedSource("ada", START, days, seed, ways=CLIENTS[name])


def happened(name: str, seeds: tuple[int, ...] = (1,)) -> list[tuple[int, Happening]]:
    return [(day.plan.number, happening) for seed in seeds for day in life(name, seed=seed).days for happening in day.plan.happenings]


def bpm(name: str, first: int, last: int, kinds: tuple[str, ...] = HARD) -> float:
    return float(np.mean([h.surge.bpm for day, h in happened(name, (1, 2)) if h.surge and h.kind in kinds and first <= day < last]))


# ---------------------------------------------------------------- as planned


@pytest.mark.parametrize("name", NAMES)
def test_a_client_tags_a_dozen_of_the_main_kinds_and_is_mostly_sure_of_when(name: str) -> None:
    events = life(name).events
    kinds = Counter(event.kind for event in events)
    assert min(kinds[kind] for kind in MAIN) >= (8 if name in OFFERED else 12)
    assert max(Counter((event.t_ns - life(name).start_ns) // (24 * HOUR_NS) for event in events).values()) <= 6
    assert sum(event.certainty_s <= 900 for event in events) > 0.6 * len(events)
    blind = sum(event.blind is True for event in events)
    assert blind == 0 if name == "watcher" else blind > 0.8 * len(events)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_plans_a_step_a_week_rates_the_evenings_and_is_unwell_for_five_days(name: str) -> None:
    source = life(name)
    assert len(source.plans) == 12 and sum(plan.state == "done" for plan in source.plans) >= 7
    assert sum(rating.kind == "belonging" for rating in source.ratings) > 70
    assert sum(rating.kind == "outcome" for rating in source.ratings) >= 7
    assert sum(rating.kind == "engagement" for rating in source.ratings) > 25
    ids = {event.id for event in source.events if "unwell" in event.context}
    said = [{event.id for event in day.diary.events} for day in source.days]
    for number in range(40, 45):
        assert said[number] <= ids
    assert [row.cause for row in source.truth].count("unwell") == 5


def test_only_the_settling_client_reacts_half_as_much_in_the_end() -> None:
    assert bpm("settling", 0, 15) == pytest.approx(12 * 1.03 * (1 - 0.5 * 7 / 89), rel=0.15)
    assert bpm("settling", 75, 90) == pytest.approx(12 * 1.03 * (1 - 0.5 * 82 / 89), rel=0.15)
    assert bpm("steady", 75, 90) == pytest.approx(bpm("steady", 0, 15), rel=0.2)
    settles = [[h.surge.settle for day, h in happened(name) if h.surge and day >= 75] for name in ("settling", "steady")]
    assert np.median(settles[0]) == pytest.approx(np.median(settles[1]) / 2, rel=0.15)


def test_two_clients_of_one_seed_live_the_same_days_but_for_what_differs() -> None:
    for one, other in zip(life("settling").days, life("steady").days, strict=True):
        assert one.plan.acts == other.plan.acts
    helped, idle = life("breath_helps"), life("breath_idle")
    assert [day.plan.decisions for day in helped.days] == [day.plan.decisions for day in idle.days]
    assert [day.plan.happenings for day in helped.days] == [day.plan.happenings for day in idle.days]
    assert {row.cause for row in helped.truth} - {row.cause for row in idle.truth} == {"offer"}


def test_a_watcher_tags_right_after_rises_that_nothing_caused() -> None:
    source = life("watcher")
    assert not any(h.surge for _, h in happened("watcher"))
    rises = np.array([row.start_ns for row in source.truth if row.cause == "unprompted"])
    for event in source.events:
        assert np.abs(rises - event.t_ns).min() < 5 * MINUTE_NS
        assert 0 < event.made_at_ns - event.t_ns < 20 * MINUTE_NS
    assert {event.blind for event in source.events} == {False}


@pytest.mark.parametrize("name", OFFERED)
def test_chance_decides_on_offers_with_the_probability_that_is_written_down(name: str) -> None:
    prompts = life(name).prompts
    arms = Counter(prompt.arm for prompt in prompts)
    assert len(prompts) >= 60 and arms["offer"] == pytest.approx(0.6 * len(prompts), abs=4 * np.sqrt(0.24 * len(prompts)))
    assert {(prompt.eligible, prompt.reason, prompt.probability) for prompt in prompts} == {(True, "", 0.6)}
    assert {prompt.trigger for prompt in prompts} == {"arousal", "random"}
    taken = {prompt.id for prompt in prompts if prompt.answer == "breathe"}
    assert taken <= {session.prompt_id for session in life(name).sessions}
    offers = [row for row in life(name).truth if row.cause == "offer"]
    assert len(offers) == (arms["offer"] if name == "breath_helps" else 0)


def test_a_client_is_written_to_folders_under_its_name_and_read_again(tmp_path: Path) -> None:
    (folder,) = write_recordings(tmp_path, "ada", START, 1, 1, ways=CLIENTS["steady"])
    assert '"client": "steady"' in (folder / "meta.json").read_text()
    assert [event.id for event in read_folder(folder).events] == [event.id for event in life("steady").days[0].diary.events]


def test_a_client_nobody_knows_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError) as refused:
        client_named("nobody")
    assert "settling" in str(refused.value.next_step)


# ---------------------------------------------------------------- as rows


def level(grid: Grid) -> Callable[[int, float, float], float]:
    """`mean(t_ns, a, b)`: mean z from a to b minutes after, where at least half of it may be read."""
    z = np.where((grid.z == UNKNOWN) | ~np.isin(grid.gate, (Gate.STILL, Gate.LIGHT, Gate.UNKNOWN)), np.nan, grid.z / 1e4)

    def mean(t_ns: int, a: float, b: float) -> float:
        part = z[slice(*np.searchsorted(grid.stop_ns, (t_ns + round(a * MINUTE_NS) + 1, t_ns + round(b * MINUTE_NS) + 1)))]
        known = part[np.isfinite(part)]
        return float(known.mean()) if len(part) and 2 * len(known) >= len(part) else np.nan

    return mean


def test_rows_are_whole_and_agree_with_each_other(tmp_path: Path) -> None:
    with client_store("steady", tmp_path / "c.db", days=14) as (store, client):
        grid = store.grid("steady", DEVICE, client.start_ns, client.stop_ns + 1)
        baselines = {baseline.number: baseline for baseline in store.baselines("steady")}
        assert {recording.row.simulated for recording in store.recordings()} == {True}
    assert np.array_equal(np.diff(grid.stop_ns), np.full(len(grid) - 1, GRID_NS))
    seen = grid.z != UNKNOWN
    assert np.array_equal(seen, grid.hr != UNKNOWN) and 0.4 < seen.mean() < 0.7
    assert set(grid.gate[~seen].tolist()) == {Gate.UNKNOWN}
    assert {int(number) for number in np.unique(grid.baseline)} - {UNKNOWN} == set(baselines)
    calm = seen & (grid.gate == Gate.STILL) & (grid.maturity == 100)
    usual = np.array([baselines[number].coef_u[0] for number in grid.baseline[calm].tolist()]) / 1e6
    left = grid.hr[calm] / 1e3 - usual - 4 * grid.z[calm] / 1e4
    assert np.abs(left - np.median(left)).max() < 20 and np.std(left) < 2.5
    assert np.median(grid.z[calm]) == pytest.approx(0, abs=4000) and np.std(grid.z[calm] / 1e4) == pytest.approx(1, abs=0.2)


def test_the_same_client_is_the_same_rows_and_another_seed_another_life(tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        with LocalStore.open(tmp_path / f"{name}.db") as store:
            client = grid_client("settling", store, days=3, seed=seed)
            found.append((client.events, store.grid("settling", DEVICE, client.start_ns, client.stop_ns).z.tolist()))
    assert found[0] == found[1] != found[2]


def test_what_may_go_wrong_with_tags_can_be_asked_for(tmp_path: Path) -> None:
    asked = {"late": 60, "overlapping": 30, "outside": 30, "blind": 0.5, "medication_day": 7, "unwell": (3, 4)}
    with LocalStore.open(tmp_path / "c.db") as store:
        client = grid_client("somebody", store, days=14, **asked)
        grid = store.grid("somebody", DEVICE, client.start_ns, client.stop_ns)
    late = [event for event in client.events if event.made_at_ns - event.t_ns > 12 * HOUR_NS]
    inside = {row.event_id for row in client.truth}
    times = np.sort([row.t_ns for row in client.truth])
    assert len(late) >= 8
    assert sum(np.diff(times) < 9 * MINUTE_NS) >= 4
    assert len([event for event in client.events if event.id not in inside]) == 5
    mean = level(grid)
    assert all(np.isnan(mean(event.t_ns, 0, 10)) for event in client.events if event.id not in inside)
    assert 0.2 < np.mean([event.blind is True for event in client.events]) < 0.8
    words = Counter(word for event in client.events for word in event.context)
    assert words["unwell"] and words["medication_change"]


def test_a_store_that_was_made_before_is_there_at_once_and_nobody_elses(tmp_path: Path) -> None:
    kinds = {**HALVED, "conflict": Moments(180, 3.0, 1.5)}
    for name in ("one", "other"):
        with client_store("settling", tmp_path / f"{name}.db", days=3, kinds=kinds) as (store, client):
            assert sum(event.kind == "conflict" for event in store.events("settling")) >= 4
            assert store.events("settling") == sorted(client.events, key=lambda event: (event.t_ns, event.id))
            with store.transaction() as write:
                write.put_event(replace(client.events[0], revision=2, deleted=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARACTERS)
def test_in_rows_the_level_moves_as_the_truth_says(name: str, tmp_path: Path, figures: Callable[[str], None]) -> None:
    with client_store(name, tmp_path / "c.db") as (store, client):
        mean = level(store.grid(name, DEVICE, client.start_ns, client.stop_ns))
    seen = {row.event_id: mean(row.t_ns, 0, 10) - mean(row.t_ns, -15, -5) for row in client.truth}
    known = [(row, seen[row.event_id]) for row in client.truth if np.isfinite(seen[row.event_id])]
    hard = [(row.dz10, dz10) for row, dz10 in known if row.kind in HARD]
    calm = [dz10 for row, dz10 in known if row.kind in ("connection", "support", "group")]
    truth, found = np.mean(hard, axis=0)
    figures(f"{name}: dz10 of {len(hard)} hard moments {found:.2f} SD, truth {truth:.2f}; of {len(calm)} calm ones {np.mean(calm):.2f}, truth 0")
    assert len(known) > 0.7 * len(client.truth)
    if name == "watcher":
        assert {row.dz10 for row in client.truth} == {0.0} and np.mean(calm) > 0.3
        return
    assert found == pytest.approx(truth, abs=4 * 1.1 / np.sqrt(len(hard)))
    assert np.mean(calm) == pytest.approx(0, abs=4 * 1.1 / np.sqrt(len(calm)))


def contrast(store: LocalStore, person: str, device: str) -> tuple[float, float, tuple[float, float]]:
    """(offered less withheld 5-15 min after, its standard error, after less before of either arm where it had risen)."""
    prompts = [prompt for prompt in store.prompts(person) if prompt.arm]
    mean = level(store.grid(person, device, min(p.t_ns for p in prompts) - HOUR_NS, max(p.t_ns for p in prompts) + HOUR_NS))
    arms, fell = [], []
    for arm in ("offer", "withheld"):
        mine = [prompt for prompt in prompts if prompt.arm == arm]
        after = np.array([mean(prompt.t_ns, 5, 15) for prompt in mine])
        arms.append(after[np.isfinite(after)])
        fell.append(float(np.nanmean([mean(prompt.t_ns, 5, 15) - mean(prompt.t_ns, -1, 0) for prompt in mine if prompt.trigger == "arousal"])))
    error = float(np.sqrt(sum(arm.var() / len(arm) for arm in arms)))
    return float(arms[0].mean() - arms[1].mean()), error, (fell[0], fell[1])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "truth"), [("breath_helps", -0.7), ("breath_idle", 0.0)])
def test_in_rows_an_offer_does_what_the_truth_says_and_the_level_falls_without_one(
    name: str, truth: float, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with client_store(name, tmp_path / "c.db") as (store, client):
        effect, error, fell = contrast(store, name, DEVICE)
    figures(f"{name}: offered less withheld {effect:.2f} SD (+- {error:.2f}), truth {truth}; after less before {fell[0]:.2f} offered, {fell[1]:.2f} withheld")
    assert len(client.prompts) >= 60
    assert effect == pytest.approx(truth, abs=3 * error)
    assert max(fell) < -0.6


# ---------------------------------------------------------------- as beats, the whole road


@pytest.mark.slow
def test_through_the_engine_the_settling_client_reacts_half_as_much_in_the_end(tmp_path: Path, figures: Callable[[str], None]) -> None:
    with lived_store("settling", tmp_path / "c.db") as (store, client):
        mean = level(store.grid("settling", client.unit.device, client.start_ns, client.stop_ns))
    hard = [(row.t_ns, row.dz10, mean(row.t_ns, 0, 10) - mean(row.t_ns, -15, -5)) for row in client.truth if row.kind in HARD]
    cut_ns = client.start_ns + (client.stop_ns - client.start_ns) // 2
    halves = [np.array([(dz10, found) for t_ns, dz10, found in hard if (t_ns < cut_ns) is early and np.isfinite(found)]) for early in (True, False)]
    (early_truth, early), (late_truth, late) = (half.mean(axis=0) for half in halves)
    figures(
        f"settling, lived: dz10 {early:.2f} then {late:.2f} SD over {len(halves[0])} and {len(halves[1])} moments; truth {early_truth:.2f}, {late_truth:.2f}"
    )
    assert early == pytest.approx(early_truth, abs=0.5) and late == pytest.approx(late_truth, abs=0.5)
    assert late_truth < 0.8 * early_truth and late < early


@pytest.mark.slow
def test_through_the_engine_an_offer_that_helps_lowers_the_level(tmp_path: Path, figures: Callable[[str], None]) -> None:
    with lived_store("breath_helps", tmp_path / "c.db") as (store, client):
        effect, error, fell = contrast(store, "breath_helps", client.unit.device)
    figures(f"breath_helps, lived: offered less withheld {effect:.2f} SD (+- {error:.2f}); after less before {fell[0]:.2f} offered, {fell[1]:.2f} withheld")
    assert effect == pytest.approx(-0.7, abs=3 * error)
    assert max(fell) < -0.5
