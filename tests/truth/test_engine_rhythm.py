"""One rule for "usable for variability", beside what cardiologists annotated and on people of whom nothing is known but that they were well."""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from real import raw_beats, table

from ingest.replay import open_source
from processing.cleaning import Raw, classify
from processing.rhythm import ARTEFACTS, IRREGULAR, NO_VARIATION, SINUS, SPOILT, TOO_FEW, Trailing, stretches, verdict
from processing.windows import Settled, settle
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import BoolArray, Flag, FloatArray, IntArray

pytestmark = pytest.mark.truth
RULES = Constants()
ECTOPIC = frozenset("VAaJSFejE")
NO_ATRIA = ("(AFIB", "(AFL")
LENGTH_NS = RULES.rhythm.win_s * SECOND_NS
CLEAN_BELOW, SICK_ABOVE = 0.03, 0.08
"""Shares of intervals that touch an ectopic beat: below the first a recording must be usable, above the second it must not."""
DRAWS = 2000


@dataclass(frozen=True)
class Annotated:
    """One record: its settled beats, and of each interval whether it touches an ectopic beat and whether the atria fibrillate or flutter in it."""

    name: str
    beats: Settled
    ectopic: BoolArray
    fibrillating: BoolArray

    @property
    def by_stretch(self) -> list[IntArray]:
        """Which beats each five minutes of the clock hold, in order."""
        number = self.beats.t_ns // LENGTH_NS
        return [np.flatnonzero(number == k) for k in range(int(number[0]), int(number[-1]) + 1)]


@pytest.fixture(scope="module")
def annotated(data: Path, recording) -> list[Annotated]:
    """All open records of MIT-BIH. None of them is paced."""
    names = sorted(path.name[:3] for path in (data / "mitbih_beats" / "beats").glob("*.csv.gz"))
    return [_annotated(data, recording("mitbih_beats", name), name) for name in names]


def _annotated(data: Path, folder: Path, name: str) -> Annotated:
    own = open_source(folder).recording
    raw = raw_beats(own)
    with gzip.open(data / "mitbih_beats" / "beats" / f"{name}.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    beats = [row for row in rows if row["is_beat"] == "1"]
    assert not {row["symbol"] for row in beats} & {"/", "f"}
    at = np.array([int(row["sample"]) for row in beats]) / 360
    ectopic = np.array([row["symbol"] in ECTOPIC for row in beats])
    turns = [(int(row["sample"]) / 360, row["aux"].startswith(NO_ATRIA)) for row in rows if row["symbol"] == "+" and row["aux"].startswith("(")]
    closed_s = (raw.t_ns - own.start_ns) / SECOND_NS
    closing = np.clip(np.searchsorted(at, closed_s - 0.05), 1, len(at) - 1)
    rhythm = np.maximum(np.searchsorted([t for t, _ in turns], closed_s, side="right") - 1, 0)
    return Annotated(name, _settled(raw), ectopic[closing] | ectopic[closing - 1], np.array([fibrillates for _, fibrillates in turns])[rhythm])


def _settled(raw: Raw) -> Settled:
    return settle(raw, classify(raw, RULES.beat), slice(None))


def _mean(mask: BoolArray) -> float:
    return float(mask.mean()) if len(mask) else float("nan")


def test_the_verdict_follows_the_annotations_over_every_open_record_and_refuses_a_bigeminy(annotated, recording, figures):
    rows = []
    for one in annotated:
        beats = one.beats
        marked = (beats.flag != Flag.OK) | (beats.irregular > 0)
        said = verdict(stretches(beats, RULES.rhythm))
        rows.append((one, said, _mean(marked[one.ectopic]), _mean(~marked[~one.ectopic])))
    bigeminy = verdict(stretches(_settled(raw_beats(open_source(recording("h10_pvc_ecg_rr", "1")).recording)), RULES.rhythm))

    told = [
        (
            one.name,
            len(one.beats),
            _mean(one.ectopic),
            _mean(one.fibrillating),
            "" if found != found else found,
            kept,
            f"{said.good}/{said.judged}",
            said.reason or "usable",
        )
        for one, said, found, kept in rows
    ]
    told.append(("h10_pvc", "798", "", "", "", "", f"{bigeminy.good}/{bigeminy.judged}", bigeminy.reason or "usable"))
    figures(table("record beats ectopic AF sensitivity specificity good verdict", told))

    assert not bigeminy.usable and bigeminy.reason == "irregular"
    # 207: ectopy in two bouts, and four free stretches of six.
    assert len(rows) == 22
    assert [one.name for one, said, *_ in rows if _mean(one.ectopic) < CLEAN_BELOW and not one.fibrillating.any() and not said.usable] == []
    assert [one.name for one, said, *_ in rows if _mean(one.ectopic) > SICK_ABOVE and said.usable] == ["207"]
    assert {said.reason for one, said, *_ in rows if one.fibrillating.any()} == {"irregular"}


def test_five_minutes_are_refused_where_annotations_refuse_them(annotated, figures):
    counts = np.array([_counts(one) for one in annotated])
    asked = (
        "ectopic or AF, refused",
        "ectopic or AF, called irregular",
        "AF for half of it, called irregular",
        "neither, not refused",
        "neither, not called irregular",
    )
    rows = [(name, *_share(counts[:, k])) for k, name in enumerate(asked)]
    figures(table("five minutes with\tn\tshare\t95 %".replace(" ", "_").replace("\t", " "), rows) + _note(annotated))

    shares = dict(zip(asked, (counts[:, k, 0].sum() / counts[:, k, 1].sum() for k in range(len(asked))), strict=True))
    assert shares["ectopic or AF, refused"] >= 0.9 and shares["AF for half of it, called irregular"] == 1
    assert shares["neither, not called irregular"] >= 0.95


def _counts(one: Annotated) -> list[tuple[int, int]]:
    """(right, asked) of each question, over the record's stretches with beats enough."""
    state = stretches(one.beats, RULES.rhythm)
    own = one.by_stretch
    touched = np.array([_mean(one.ectopic[k] | one.fibrillating[k]) > RULES.rhythm.max_bad for k in own])
    fibrillates = np.array([_mean(one.fibrillating[k]) >= 0.5 for k in own])
    judged = state != TOO_FEW
    told = (
        (touched, state != SINUS),
        (touched, state == IRREGULAR),
        (fibrillates, state == IRREGULAR),
        (~touched, state == SINUS),
        (~touched, state != IRREGULAR),
    )
    return [(int(np.count_nonzero(of & right & judged)), int(np.count_nonzero(of & judged))) for of, right in told]


def _share(counts: IntArray) -> tuple[int, float, str]:
    """(people, 2) right and asked -> n, share and its 95 % interval by drawing people."""
    counts = counts[counts[:, 1] > 0]
    drawn = counts[np.random.default_rng(2026).integers(0, len(counts), (DRAWS, len(counts)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return int(counts[:, 1].sum()), float(counts[:, 0].sum() / counts[:, 1].sum()), f"{low:.2f}-{high:.2f} ({len(counts)} people)"


def _note(annotated: Sequence[Annotated]) -> str:
    """How far a measure of disorder tells fibrillation from ectopy: why the rule does not try."""
    found = [(one.name, _disorder(one.beats, k), _mean(one.fibrillating[k])) for one in annotated for k, state in _irregular(one) if state]
    sick, rest = ([(value, name) for name, value, share in found if (share >= 0.9) is wanted and (share >= 0.9 or share == 0)] for wanted in (True, False))
    return (
        f"\nShare of beats unlike each of the six before by 8 %, in irregular five minutes: AF {min(sick)[0]:.2f} to {max(sick)[0]:.2f}"
        f" ({len(sick)} of {len({name for _, name in sick})} people), ectopy up to {max(rest)[0]:.2f} ({len(rest)} of {len({name for _, name in rest})})"
    )


def _irregular(one: Annotated) -> list[tuple[IntArray, bool]]:
    return [(k, state == IRREGULAR) for k, state in zip(one.by_stretch, stretches(one.beats, RULES.rhythm).tolist(), strict=True)]


def _disorder(beats: Settled, own: IntArray) -> float:
    ticks = beats.rr_ticks
    back = own[own >= 6]
    unlike = [np.abs(ticks[back] - ticks[back - lag]) * 100 > 8 * ticks[back] for lag in range(1, 7)]
    return _mean(np.logical_and.reduce(unlike))


# ---------------------------------------------------------------- people who were well

WELL = {"mmash_polar_h7": 5, "gudb_beats": 12, "stress_predict": 17}
LOGS = ("elitehrv_01.txt", "elitehrv_2017-06-29_13-11-53.txt", "polar_01_cumtime_rr.txt", "systole_rr_ms.txt")


def test_people_who_are_well_are_seldom_rhythm_limited_and_never_taken_for_a_clock(data, recording, figures):
    people = {name: [_states(raw_beats(open_source(recording(name, person)).recording)) for person in _people(data, name)] for name in WELL}
    assert {name: len(found) for name, found in people.items()} == WELL
    people["rr_logs"] = [_states(raw_beats(open_source(data / "rr_logs" / name).recording)) for name in LOGS]
    people["nsr001"] = [_states(_nsr(data))]
    rows = [(name, *_of_time(found)) for name, found in people.items()]
    least = {name: min(float(each.spread_ms) for each in found) for name, found in people.items()}
    figures(
        table("set people hours irregular no_variation artefacts usable", rows)
        + "\nleast spread of the intervals of five minutes: "
        + ", ".join(f"{name} {value:.1f} ms" for name, value in least.items())
    )

    assert not any(each.share(NO_VARIATION) for found in people.values() for each in found)
    assert min(least.values()) > 2 * RULES.rhythm.steady_ms
    assert all(each.share(IRREGULAR) == 0 for name in ("gudb_beats", "stress_predict", "rr_logs", "nsr001") for each in people[name])
    assert all(each.share(IRREGULAR) < 0.1 for each in people["mmash_polar_h7"])


@dataclass(frozen=True)
class States:
    """(k,) states on the grid of one person where there were beats enough, and the least spread of five minutes."""

    known: IntArray
    spread_ms: float

    def share(self, *states: int) -> float:
        return float(np.isin(self.known, states).mean()) if len(self.known) else 0.0


def _states(raw: Raw) -> States:
    beats = _settled(raw)
    stops = np.arange(int(beats.t_ns[0]) // GRID_NS * GRID_NS + GRID_NS, int(beats.t_ns[-1]) + GRID_NS, GRID_NS)
    found = Trailing(RULES.rhythm).run(stops, beats)
    return States(found[found != TOO_FEW], _least_spread_ms(beats, stops))


def _least_spread_ms(beats: Settled, stops: IntArray) -> float:
    """By a way of its own: the standard deviation of `ok` intervals in every trailing five minutes that holds beats enough."""
    ok = beats.flag == Flag.OK
    t, ms = beats.t_ns[ok], beats.rr_ticks[ok] * 1000 / 1024
    first, last = (np.searchsorted(t, edge) for edge in (stops - LENGTH_NS, stops))
    return min((float(np.std(ms[a:b])) for a, b in zip(first, last, strict=True) if b - a >= RULES.rhythm.min_beats), default=float("inf"))


def _of_time(found: Sequence[States]) -> tuple[int, float, str, str, str, str]:
    hours = sum(len(each.known) for each in found) * GRID_NS / SECOND_NS / 3600
    return len(found), round(hours, 2), *(_said(found, state) for state in (IRREGULAR, NO_VARIATION, ARTEFACTS, SINUS))


def _said(found: Sequence[States], state: int) -> str:
    """Share of everybody's time, and the person with most of it."""
    everyone = np.concatenate([each.known for each in found])
    shares: FloatArray = np.array([each.share(state) for each in found if len(each.known)])
    return f"{(everyone == state).mean():.3f} ({shares.min():.3f}-{shares.max():.3f})"


def _people(data: Path, name: str) -> list[str]:
    if name == "gudb_beats":
        with (data / name / "summary.csv").open() as file:
            return sorted({row["subject"] for row in csv.DictReader(file)}, key=int)
    stems = sorted(path.stem for path in (data / name / "subjects").glob("*.npz"))
    return [str(int(stem[-2:])) for stem in stems] if name == "mmash_polar_h7" else stems


def _nsr(data: Path) -> Raw:
    """A day of annotated beats, at the 128 Hz it was recorded with."""
    with gzip.open(data / "ref_hrv_pcst" / "nsr001_full_annotations.csv.gz", "rt") as file:
        at = np.array([int(row["sample"]) for row in csv.DictReader(file) if row["symbol"] in "NVA"])
    none = np.zeros(len(at) - 1, np.int64)
    return Raw(at[1:] * SECOND_NS // 128, np.diff(at) * 8, none, none, none)


# ---------------------------------------------------------------- a fixed rate, made


def test_a_fixed_rate_is_seen_through_the_jitter_of_a_strap_and_not_through_more(figures):
    """No open record is paced, so this is made: 700 beats at 45 to 100 a minute, their peaks found with a normal error."""
    rates = (45, 60, 72, 85, 100)
    rows = []
    for error_ms in (0.3, 1.0, 2.0, 3.0, 5.0):
        found = np.concatenate([_paced(rate, error_ms, seed) for rate in rates for seed in range(4)])
        rows.append((f"{error_ms:.1f}", len(found), float((found == NO_VARIATION).mean()), float((found == SINUS).mean())))
    figures(table("error_of_a_peak_ms n no_variation usable", rows))
    seen = {row[0]: row[2] for row in rows}
    assert seen["0.3"] == seen["1.0"] == 1 and seen["5.0"] == 0


def _paced(rate: int, error_ms: float, seed: int) -> IntArray:
    peaks = np.arange(701) * 60_000 / rate + np.random.default_rng(seed).normal(size=701) * error_ms
    ticks = np.rint(np.diff(peaks) * 1.024).astype(np.int64)
    t, none = np.cumsum(ticks) * 1_953_125 // 2, np.zeros(700, np.int64)
    beats = _settled(Raw(t, ticks, none, none, none))
    stops = np.arange(LENGTH_NS, int(t[-1]), GRID_NS)
    return Trailing(RULES.rhythm).run(np.arange(GRID_NS, int(t[-1]), GRID_NS), beats)[-len(stops) :]


def test_what_a_strap_spoils_is_not_the_rhythms_doing(annotated, recording, figures):
    """Of stretches with many irregular beats, how many the rule calls irregular: five real days of a strap, and records that are known to be irregular."""
    days = [_settled(raw_beats(open_source(recording("mmash_polar_h7", person)).recording)) for person in "12345"]
    rows = [(f"mmash_{person}", *_spoilt(beats)) for person, beats in zip("12345", days, strict=True)]
    each = np.array([_spoilt(one.beats)[:3] for one in annotated])
    worn, told = np.array([row[1:4] for row in rows]).sum(axis=0).tolist(), each.sum(axis=0).tolist()
    figures(table("people five_minutes many_irregular called_irregular spoilt_there", [*rows, ("mmash, all", *worn, ""), ("MIT-BIH, all", *told, "")]))
    assert worn[2] < worn[1] / 3 and told[2] > 0.95 * told[1] > 57


def _spoilt(beats: Settled) -> tuple[int, int, int, float]:
    """Stretches with beats enough, those with many irregular beats, those of them that are called irregular, and the share of spoilt beats in the second."""
    states = stretches(beats, RULES.rhythm)
    number = beats.t_ns // LENGTH_NS - int(beats.t_ns[0]) // LENGTH_NS
    n, irregular, spoilt = (np.bincount(number, of, minlength=len(states)) for of in (np.ones(len(beats)), beats.irregular, np.isin(beats.flag, SPOILT)))
    known = states != TOO_FEW
    many = known & (irregular > RULES.rhythm.max_bad * n)
    return int(known.sum()), int(many.sum()), int((many & (states == IRREGULAR)).sum()), float((spoilt / np.maximum(n, 1))[many].mean()) if many.any() else 0.0
