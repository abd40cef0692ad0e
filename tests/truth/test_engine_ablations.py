"""What each component of the engine is worth: the same people read with it and without it. Printed, not tuned.

Three sets, since no one of them can say everything: seated tasks on a wrist, maths on a strap, and five whole days in which every spike counts as false. A
component that pays nowhere has no place; one that costs accuracy for a reason has its reason beside it on the page.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from real import PUBLISHED, Lived, lived_of, raw_beats, table
from scoring import Contrast, Minutes, interval, minutes, over_minutes, said

from ingest.replay import ReplaySource, open_source
from processing import arousal, usual
from processing.arousal import RECORDING
from processing.cleaning import classify
from processing.exact import mad_spread
from processing.indices.features import FEATURES, features, windows
from processing.usual import UTC_ONLY
from processing.windows import settle
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, FloatArray, Grid, IntArray
from somalink.storage.coverage import usable

pytestmark = pytest.mark.truth
RESTS = ("baseline", "rest1", "rest2", "rest3_post")
WRIST, STRAP, DAYS = "stress_predict", "gudb_beats", "mmash_polar_h7"
TOLD = {WRIST: Contrast("Stroop and interview", ("stroop", "interview"), RESTS), STRAP: Contrast("maths", ("maths",), ("sitting",))}


@dataclass(frozen=True)
class Way:
    """One way to read a recording: other constants, terms of the usual that count as nothing."""

    sets: tuple[str, ...]
    """Where it can make a difference."""
    constants: Constants = PUBLISHED
    blank: tuple[int, ...] = ()
    """Columns of `usual.terms`: 1 A30, 2 A180, 3 A600."""


def changed(**parts: dict[str, object]) -> Constants:
    """The published constants with some values of some parts replaced."""
    return replace(PUBLISHED, **{name: replace(getattr(PUBLISHED, name), **values) for name, values in parts.items()})


NEVER, HARDLY = 1e9, 1e-9
PUBLISHED_WAY = "as published"
MOVES = (WRIST, DAYS)
WAYS = {
    PUBLISHED_WAY: Way((WRIST, STRAP, DAYS)),
    "beats beside a device's field": Way((WRIST,), changed(hr={"c30_min": NEVER, "k": NEVER})),
    "a device's field beside beats": Way((WRIST,), changed(hr={"k": HARDLY})),
    "heart rate over 30 s, not 60": Way((WRIST, STRAP, DAYS), changed(hr={"c30_min": NEVER})),
    "k of the fusion .1, not .05": Way((WRIST,), changed(hr={"k": 0.05})),
    "k of the fusion .1, not .2": Way((WRIST,), changed(hr={"k": 0.2})),
    "movement in the usual": Way(MOVES, blank=(1, 2, 3)),
    "A180 and A600 beside A30": Way(MOVES, blank=(2, 3)),
    "weight of movement's prior 5 min, not 50": Way(MOVES, changed(usual={"pseudo_min": 50.0})),
    "still time weighted to half": Way((DAYS,), changed(usual={"still_weight": 0.0})),
    "hours of the day": Way((DAYS,), changed(usual={"hours_from_h": NEVER})),
    "gate: moving": Way((DAYS,), changed(motion={"moving_mg": NEVER})),
    "gate: settling after movement": Way((DAYS,), changed(motion={"recovery_min": (0, 0)})),
    "gate: turned (posture)": Way((DAYS,), changed(motion={"posture_s": 0})),
    "spikes by the phasic z, not the level": Way((DAYS,), changed(spike={"phasic_after_h": NEVER})),
}
HRV = ("HRV_RMSSD", "HRV_SD2")
HRV_WEIGHT = 0.3
QUARTER_NS = SECOND_NS // 4
NONE_DRAWS = 15
CHOICES = (
    PUBLISHED_WAY,
    "heart rate over 30 s, not 60",
    "k of the fusion .1, not .05",
    "k of the fusion .1, not .2",
    "weight of movement's prior 5 min, not 50",
)
"""Constants that could have been chosen otherwise: for each person, by what the others' labels say."""


@dataclass(frozen=True)
class Read:
    """One person read in one way."""

    minutes: Minutes | None
    """None where there are no labels."""
    false: int
    """Spikes that begin in time in which every one counts as false."""
    hours: float
    """Usable hours of that time."""


@dataclass(frozen=True)
class Person:
    ways: dict[str, Read]
    hrv: dict[str, FloatArray]
    """(n,) how far an HRV feature lies under its own middle at the labelled minutes, in robust spreads; 0 where it is not known."""
    level: float
    phasic: float
    """AUROC of the residual, and of what is left of it over its own trailing half hour."""
    level_of_none: float
    phasic_of_none: float
    """The same of heart rates with this one's spectrum and no tasks: what the protocol's order alone would score."""


def read_all(given: tuple[str, str, Path]) -> Person:
    """One person, read in every way that can make a difference."""
    name, person, folder = given
    source = open_source(folder)
    ways: dict[str, Read] = {}
    for way, how in WAYS.items():
        if name in how.sets:
            with blanked(how.blank):
                read = lived_of(source, how.constants)
            labelled = None if name == DAYS else minutes(read, folder, person)
            ways[way] = Read(labelled, *_false(read, folder, RESTS if name == WRIST else None))
            if way == PUBLISHED_WAY:
                published, at = read, labelled
    if at is None:
        return Person(ways, {}, *[float("nan")] * 4)
    return Person(ways, _variability(source, at), *_followed(published, at, TOLD[name]))


def _variability(source: ReplaySource, at: Minutes) -> dict[str, FloatArray]:
    """Features of the labelled minutes against the recording's own minutes, one every half; a minute without a value counts as usual."""
    raw = raw_beats(source.recording)
    beats = settle(raw, classify(raw, PUBLISHED.beat), slice(0, len(raw)))
    usual_stops = windows(int(beats.t_ns[0]), int(beats.t_ns[-1]), 60, 30)

    def logs(stops: IntArray) -> FloatArray:
        values = features(beats, stops, 60, rules=PUBLISHED.beat).values
        return np.log(np.where(values > 0, values, np.nan))

    everywhere, here = logs(usual_stops), logs(at.stop_ns // QUARTER_NS * QUARTER_NS)
    found = {}
    for name in HRV:
        k = FEATURES.index(name)
        known = everywhere[np.isfinite(everywhere[:, k]), k]
        under = (np.median(known) - here[:, k]) / max(mad_spread(known), 1e-9) if len(known) else np.full(len(here), np.nan)
        found[name] = np.where(np.isfinite(under), under, 0.0)
    return found


def _followed(read: Lived, at: Minutes, contrast: Contrast) -> tuple[float, float, float, float]:
    """AUROC of level and phasic residual, of the real heart rate and of `NONE_DRAWS` that never met a task (mean)."""

    def scored(grid: Grid) -> tuple[float, float]:
        fitted = usual.fit(
            grid, number=1, mode=RECORDING, from_ns=int(grid.stop_ns[0]), placement="wrist" if (grid.motion != UNKNOWN).any() else "none", offsets=UTC_ONLY,
            constants=PUBLISHED,
        )  # fmt: skip
        assert fitted is not None
        left = usual.residuals(grid, fitted.coef_u, UTC_ONLY, PUBLISHED)
        level, phasic = (contrast.auroc(at, over_minutes(values, grid, at.stop_ns), at.both) for values in (left.e, left.e_phasic))
        return level, phasic

    rng = np.random.default_rng(9)
    none = np.mean([scored(replace(read.grid, hr=phases_forgotten(read.grid.hr, rng))) for _ in range(NONE_DRAWS)], axis=0)
    return (*scored(read.grid), *none.tolist())


def phases_forgotten(hr: IntArray, rng: np.random.Generator) -> IntArray:
    """A heart rate with the same spectrum and phases by lot; unknown where this one is."""
    known = np.flatnonzero(hr != UNKNOWN)
    rate = np.interp(np.arange(len(hr)), known, hr[known])
    spectrum = np.abs(np.fft.rfft(rate - rate.mean())) * np.exp(2j * np.pi * rng.random(len(hr) // 2 + 1))
    return np.where(hr == UNKNOWN, UNKNOWN, np.rint(rate.mean() + np.fft.irfft(spectrum, len(hr))).astype(np.int64))


def _false(read: Lived, folder: Path, phases: Sequence[str] | None) -> tuple[int, float]:
    """Spikes that begin, and usable hours, in some phases (None: the whole recording)."""
    grid = read.grid
    chosen = np.full(len(grid), phases is None)
    for phase, start, stop in read.tasks(folder) if phases else ():
        chosen |= (grid.stop_ns > start) & (grid.stop_ns <= stop) & (phase in phases)
    begun = {each.start_ns for each in read.episodes if each.kind == "spike"}
    return len(begun & set(grid.stop_ns[chosen].tolist())), float(np.count_nonzero(usable(grid) & chosen)) * GRID_NS / HOUR_NS


@contextmanager
def blanked(columns: Sequence[int]) -> Iterator[None]:
    """Terms of the usual that count as 0, in the fit and in what is expected of every moment."""
    terms = usual.terms

    def some(*given: object) -> list[FloatArray]:
        return [np.zeros_like(column) if k in columns else column for k, column in enumerate(terms(*given))]  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        for module in (usual, arousal):
            patch.setattr(module, "terms", some)
        yield


@pytest.fixture(scope="module")
def everyone(data: Path, recording: Callable) -> dict[str, list[Person]]:
    """Set -> people."""
    people = {
        WRIST: sorted(path.stem for path in (data / WRIST / "subjects").glob("*.npz")),
        STRAP: sorted({line.split(",")[0] for line in (data / STRAP / "summary.csv").read_text().splitlines()[1:]}, key=int),
        DAYS: list("12345"),
    }
    wanted = [(name, person, recording(name, person)) for name, names in people.items() for person in names]
    with ProcessPoolExecutor(2) as pool:
        read = list(pool.map(read_all, wanted))
    return {name: [each for each, (of, *_) in zip(read, wanted, strict=True) if of == name] for name in people}


# ---------------------------------------------------------------- with and without


def told(people: Sequence[Person], name: str, way: str) -> tuple[FloatArray, FloatArray]:
    """(people,) AUROC as published and in this way, on the minutes both score."""
    pairs = []
    for one in people:
        here, there = one.ways[PUBLISHED_WAY].minutes, one.ways[way].minutes
        assert here is not None and there is not None
        known = np.isfinite(here.over) & np.isfinite(there.over)
        pairs.append([TOLD[name].auroc(each, each.over, known) for each in (here, there)])
    published, other = np.array(pairs).T
    return published, other


def rates(people: Sequence[Person], way: str) -> FloatArray:
    """(people,) false spikes an hour."""
    return np.array([one.ways[way].false / one.ways[way].hours for one in people])


def pooled(people: Sequence[Person], way: str) -> str:
    """False spikes over usable hours of all."""
    return f"{sum(one.ways[way].false for one in people)} in {sum(one.ways[way].hours for one in people):.1f} h"


def worth(everyone: dict[str, list[Person]], way: str) -> list[object]:
    """A row: the component, AUROC with it less without it by set, false spikes without it and an hour with it less without it by set."""
    row: list[object] = [way]
    for name in (WRIST, STRAP):
        published, other = told(everyone[name], name, way) if name in WAYS[way].sets else (np.zeros(0), np.zeros(0))
        row.append(said(published - other, signed=True))
    for name in (DAYS, WRIST):
        if name in WAYS[way].sets:
            people = everyone[name]
            row += [pooled(people, way), said(rates(people, PUBLISHED_WAY) - rates(people, way), signed=True)]
        else:
            row += ["", ""]
    return row


def test_each_component_of_the_engine_is_read_with_and_without(everyone, figures):
    aurocs = "wrist:_AUROC,_with_less_without strap:_the_same"
    spikes = "days:_spikes_without an_hour,_with_less_without wrist,_rests:_spikes_without an_hour,_with_less_without"
    figures(table(f"component {aurocs} {spikes}", [worth(everyone, way) for way in WAYS if way != PUBLISHED_WAY]))
    figures("as published: " + ", ".join(f"{name} {pooled(everyone[name], PUBLISHED_WAY)}" for name in MOVES))

    assert [len(people) for people in everyone.values()] == [17, 12, 5]
    published, other = told(everyone[WRIST], WRIST, "beats beside a device's field")
    assert interval(published - other)[0] > 0, "what the index gains over a field comes from the beats"
    days = everyone[DAYS]
    assert rates(days, "movement in the usual").mean() > rates(days, PUBLISHED_WAY).mean()


def test_variability_added_to_the_index_does_not_pay(everyone, figures):
    """Not on the wrist, and not RMSSD on a strap. SD2 on a strap may add something in twelve people sitting through one task (the lower bound is 0):
    one of four that were tried, and no reason to change an index."""
    rows, gains = [], {}
    for name in (WRIST, STRAP):
        for feature in HRV:
            at = [(one.ways[PUBLISHED_WAY].minutes, one.hrv[feature]) for one in everyone[name]]
            plain, added, alone = (
                np.array([TOLD[name].auroc(each, each.over * by + under * weight, each.both) for each, under in at if each is not None])
                for by, weight in ((1.0, 0.0), (1.0, HRV_WEIGHT), (0.0, 1.0))
            )
            share = float(np.mean([np.mean(under != 0) for _, under in at]))
            gains[name, feature] = interval(added - plain)
            rows.append([name, feature, len(plain), share, said(alone), said(plain), said(added), said(added - plain, signed=True)])
    figures(table(f"set feature people minutes_with_it alone_(turned_round) index index_with_it_at_{HRV_WEIGHT} difference", rows))
    assert [row[2] for row in rows] == [17, 17, 12, 12]
    assert all(low <= 0 for low, _ in gains.values()), "no gain that drawing the people again would not take away"


def test_a_centre_that_follows_the_last_half_hour_costs_what_lasts_and_fakes_nothing(everyone, figures):
    people = everyone[WRIST]
    columns = {name: np.array([getattr(one, name) for one in people]) for name in ("level", "phasic", "level_of_none", "phasic_of_none")}
    rows = [[name, len(people), said(columns[name]), said(columns[f"{name}_of_none"])] for name in ("level", "phasic")]
    figures(
        table("residual people AUROC of_heart_rates_without_tasks", rows) + f"\nphasic less level: {said(columns['phasic'] - columns['level'], signed=True)}"
    )
    for name in ("level_of_none", "phasic_of_none"):
        low, high = interval(columns[name])
        assert low - 0.03 <= 0.5 <= high + 0.03, "the order of the protocol scores by itself"


def test_a_constant_that_the_other_people_would_choose_is_worth_no_more_than_the_published_one(everyone, figures):
    """Leave one person out: the choice that scores best on the others, scored on the one who was left out."""
    scores = np.array([told(everyone[WRIST], WRIST, way)[1] for way in CHOICES])
    others = (scores.sum(axis=1, keepdims=True) - scores) / (scores.shape[1] - 1)
    chosen = others.argmax(axis=0)
    gained = scores[chosen, np.arange(scores.shape[1])] - scores[0]
    rows = [
        [way, said(score), said(scores[0] - score, signed=True), int(np.count_nonzero(chosen == k))]
        for k, (way, score) in enumerate(zip(CHOICES, scores, strict=True))
    ]
    figures(table("read_without_this AUROC published_less_this times_chosen_by_the_others", rows))
    figures(f"chosen by the others, less the published: {said(gained, signed=True)}, {len(gained)} people")
    assert interval(gained)[0] <= 0, "the constants on the page are out of date"
