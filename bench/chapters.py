"""What is measured, chapter by chapter: each asks the crew, and gives the text for one place on the page, with its goals.

Goals are those the program was built to. Where one is not met, the page says so; the run ends well all the same. It ends badly where a library
fails or where values are not the same quantity.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import agreement
from bench.asking import OWN, PEERS, ROOT, Asked, Crew, LibraryFailed, tell
from bench.day import DAY_S, SECOND_NS, START_NS, Recording, days, spoilt
from bench.figures import Chapter, Goal, Spread, number, table
from bench.work import FEATURES, Answer, Request

STEP_S = 5
SPREAD_S = 430
"""Between the windows that libraries are asked for: 201 of a day's 17,219, a prime of them apart, over all its hours."""
NAMES = {
    "somalink": "somalink",
    "plain": "numpy and scipy by hand, a window at a time",
    "neurokit": "NeuroKit2, time + frequency",
    "flirt": "FLIRT, td + fd",
    "hrv_analysis": "hrv-analysis, time + Welch + Poincare",
    "systole": "systole, time + frequency",
}
SHORT = {"somalink": "somalink", "plain": "by hand", "neurokit": "NeuroKit2", "flirt": "FLIRT", "hrv_analysis": "hrv-analysis", "systole": "systole"}
MIDDAY = 50_000
"""A beat in the middle of the day, where live updates are tried."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Who is asked, how many rounds, and where the recordings lie. `brief`: what takes long and decides nothing is left out."""

    crew: Crew
    rounds: int
    folder: Path
    day: Recording

    @property
    def brief(self) -> bool:
        return self.rounds == 1

    def keep(self, name: str, recording: Recording) -> str:
        """Writes intervals where the workers read them."""
        file = self.folder / f"{name}.npy"
        np.save(file, recording.rr_ticks)
        return str(file)

    def of_day(self, library: str, job: str, **figures: Any) -> Asked:
        return Asked(library, Request(job, str(self.folder / "day.npy"), figures))


def each(answers: Sequence[Answer]) -> Spread:
    """Processor seconds a unit, by round."""
    return Spread.of(answer.each_s for answer in answers)


def stops(recording: Recording, window_s: int) -> list[int]:
    """The windows that all are asked for: the first is the day's first."""
    last_ns = int(recording.t_ns[-1])
    return list(range(START_NS + window_s * SECOND_NS, last_ns + 1, SPREAD_S * SECOND_NS))


# ---------------------------------------------------------------- a day of windows, and whether it is the same quantity


def day_of_windows(bench: Bench) -> list[Chapter]:
    """The task of the probe: eleven features of every window of a day."""
    measured = {window_s: _windows(bench, window_s) for window_s in (300, 60)}
    rows = [_row(name, *(measured[window_s] for window_s in (300, 60))) for name in NAMES]
    head = ["", "300 s: s a day", "times somalink", "60 s: s a day", "times somalink"]
    cost, _ = measured[300]
    goals = [
        Goal(f"{NAMES[name]} / somalink, a day of 300-s windows", sought, cost[name].over(cost["somalink"]))
        for name, sought in (("neurokit", 700), ("flirt", 150), ("hrv_analysis", 50), ("plain", 25))
    ]
    return [Chapter("day", table(head, rows), tuple(goals)), _agreement(bench, {window_s: answers for window_s, (_, answers) in measured.items()})]


def _windows(bench: Bench, window_s: int) -> tuple[dict[str, Spread], dict[str, list[Answer]]]:
    """Processor seconds of a whole day by library, and what each said. Loops are asked for windows spread over the day, times their number."""
    tell(f"a day of {window_s}-s windows")
    some = {"window_s": window_s, "stops": stops(bench.day, window_s)}
    asked = {name: bench.of_day(name, "windows", **some) for name in ("plain", "neurokit", "hrv_analysis", "systole")}
    asked["flirt"] = bench.of_day("flirt", "windows", window_s=window_s, step_s=SPREAD_S)
    asked["somalink"] = bench.of_day("somalink", "whole", window_s=window_s, step_s=STEP_S)
    got = bench.crew.rounds(asked, bench.rounds)
    count = got["somalink"][0].units
    return {name: each(answers).times(count) for name, answers in got.items()}, got


def _row(name: str, *measured: tuple[dict[str, Spread], object]) -> list[str]:
    cells = [NAMES[name]]
    for cost, _ in measured:
        cells += [cost[name].said(), cost[name].over(cost["somalink"]).said() if name != "somalink" else "1"]
    return cells


def _agreement(bench: Bench, measured: Mapping[int, Mapping[str, list[Answer]]]) -> Chapter:
    """Everybody's values beside ours, on the windows that they were timed on."""
    rows, found = [], []
    goals: list[Goal] = []
    for window_s, answers in measured.items():
        at = stops(bench.day, window_s)
        ours = _values(bench.crew.ask(bench.of_day("somalink", "values", window_s=window_s, stops=at)))
        three = agreement.three_segments(bench.day.windows(window_s, np.array(at))) > 0
        for name in EXPECTED_GIVEN:
            theirs = _values(answers[name][0])
            if len(theirs) != len(ours):
                raise LibraryFailed(f"{name} gave {len(theirs)} windows of {len(ours)}")
            distance = agreement.apart(ours, theirs)
            found += agreement.silent(name, theirs, EXPECTED_GIVEN[name] if window_s == 300 else EXPECTED_GIVEN[name][:3])
            found += agreement.faults(name, distance[three] if name == "neurokit" else distance, window_s)
            label = f"{SHORT[name]}, {window_s} s"
            if name == "neurokit":
                rows.append([f"{label}, {three.sum()} windows of three segments", *agreement.compared(distance[three])])
                rows.append([f"{label}, {(~three).sum()} windows of two", *agreement.compared(distance[~three])])
                goals += _parity(distance, three) if window_s == 300 else []
            else:
                rows.append([f"{label}, {len(ours)} windows", *agreement.compared(distance)])
    rows.append(_poincare(bench))
    head = ["median / max", *(name.removeprefix("HRV_") for name in FEATURES)]
    return Chapter("agreement", table(head, rows) + "\n\n" + agreement.why(SHORT), tuple(goals), tuple(found))


_MOST = ("HRV_MeanNN", "HRV_SDNN", "HRV_RMSSD", "HRV_pNN50", "HRV_LF", "HRV_HF", "HRV_LFHF")
EXPECTED_GIVEN: Mapping[str, Sequence[str]] = {
    "plain": FEATURES,
    "neurokit": _MOST,
    "hrv_analysis": (*_MOST, "HRV_SD1", "HRV_SD2"),
    "systole": _MOST,
    "flirt": _MOST,
}
"""What each is known to give: a library that loses its frequency domain to a change of numpy says NaN and is faster for it."""


def _parity(distance: Any, three: Any) -> list[Goal]:
    """The worst window, against NeuroKit2: time domain to rounding, powers where it looks at the whole window."""
    time = float(np.nanmax(distance[:, [FEATURES.index(name) for name in _MOST[:4]]]))
    ratio = float(np.nanmax(distance[three][:, FEATURES.index("HRV_LFHF")]))
    return [
        Goal("time domain from NeuroKit2's, worst of all windows", 1e-12, Spread((time,)), at_most=True),
        Goal("LF/HF from NeuroKit2's, worst window of three segments", 0.03, Spread((ratio,)), at_most=True),
    ]


def _poincare(bench: Bench) -> list[str]:
    some = {"window_s": 300, "stops": stops(bench.day, 300)[:: 40 if bench.brief else 20]}
    theirs, ours = (_values(bench.crew.ask(bench.of_day(name, job, **some))) for name, job in (("neurokit", "poincare"), ("somalink", "values")))
    return [f"NeuroKit2's hrv_nonlinear, 300 s, {len(ours)} windows", *agreement.compared(agreement.apart(ours, theirs))]


def _values(answer: Answer) -> Any:
    return np.array(answer.values, float)


# ---------------------------------------------------------------- against the machine, and growth


def transform(bench: Bench) -> list[Chapter]:
    """The stage of batched transforms beside this machine's own rate, in one process and one breath."""
    tell("the machine's own transforms")
    asked = {"stage": bench.of_day("somalink", "transform", window_s=300, step_s=STEP_S)}
    got = bench.crew.rounds(asked, max(3, bench.rounds))["stage"]
    bare, stage = (Spread.of(answer.told[name] for answer in got) for name in ("bare_s", "stage_s"))
    rate = Spread.of(answer.told["gflop_s"] for answer in got)
    rows = [
        ["one real transform of 1,200 points, 256 at a time", bare.times(1e6).said("us"), rate.said("GFLOP/s")],
        [f"the stage, a segment ({got[0].told['segments']:,.0f} a day)", stage.times(1e6).said("us"), bare.over(stage).times(100).said("% of that rate")],
    ]
    return [Chapter("transform", table(["", "processor time", ""], rows), (Goal("transform stage, share of the machine's own rate", 0.6, bare.over(stage)),))]


def growth(bench: Bench) -> list[Chapter]:
    """What a window costs when it is one of a month."""
    many = 7 if bench.brief else 30
    tell(f"{many} days")
    month = bench.keep("month", days(many))
    figures = {"window_s": 300, "step_s": STEP_S}
    sparse = {"window_s": 300, "step_s": SPREAD_S * 3}
    asked = {
        "somalink, 1 day": bench.of_day("somalink", "whole", **figures),
        "somalink, all": Asked("somalink", Request("whole", month, figures, warm=False)),
        "FLIRT, 1 day": bench.of_day("flirt", "windows", **sparse),
        "FLIRT, all": Asked("flirt", Request("windows", month, {"window_s": 300, "step_s": SPREAD_S * 3 * many}, warm=False)),
    }
    got = {name: each(answers) for name, answers in bench.crew.rounds(asked, min(bench.rounds, 3)).items()}
    rows = [
        [who, *(got[f"{who}, {span}"].times(1e6).said() for span in ("1 day", "all")), got[f"{who}, all"].over(got[f"{who}, 1 day"]).said()]
        for who in ("somalink", "FLIRT")
    ]
    goal = Goal(f"a window among {many} days / among 1 day", 1.2, got["somalink, all"].over(got["somalink, 1 day"]), at_most=True)
    return [Chapter("growth", table(["us a window of 300 s", "1 day", f"{many} days", "ratio"], rows), (goal,))]


# ---------------------------------------------------------------- live, and beats put right


def live(bench: Bench) -> list[Chapter]:
    """One new beat: what the running program does at it, and what asking for LF and HF of the window that it closes would cost on top."""
    tell("live, a beat at a time")
    asked = {
        "somalink, the running engine: flags, HR, RMSSD, gate, arousal; no LF": bench.of_day("somalink", "pushed", begin=MIDDAY, count=600),
        "somalink, asked: class of the newest beats + eleven features of 300 s": bench.of_day("somalink", "asked_for", window_s=300, begin=MIDDAY, count=600),
        "NeuroKit2: signal_fixpeaks + hrv_time + hrv_frequency of 300 s": bench.of_day("neurokit", "live", window_s=300, begin=MIDDAY, count=20),
    }
    got = {name: each(answers) for name, answers in bench.crew.rounds(asked, bench.rounds).items()}
    rows = [[name, cost.times(1e3).said("ms"), number(0.5 / (cost.median * 75 / 60))] for name, cost in got.items()]
    text = table(["a new beat", "processor time", "straps a core, at 75 bpm, half of it idle"], rows)
    running, one_window, theirs = got.values()
    goals = (
        Goal("NeuroKit2, a 300-s window anew / somalink, all that the running engine does at a beat (no LF)", 60, theirs.over(running)),
        Goal("NeuroKit2, a 300-s window anew / somalink, the same asked for one window (LF too)", 60, theirs.over(one_window)),
    )
    return [Chapter("live", text, goals)]


def artefacts(bench: Bench) -> list[Chapter]:
    """Half a percent of beats displaced, missed or added: put right after the fact."""
    tell("artefacts")
    three_days = spoilt(days(3))
    files = {n: bench.keep(f"spoilt_{n}", Recording(three_days.rr_ticks[:n])) for n in (10_000, 100_000, 300_000)}
    tasks = [("neurokit", "correct", 10_000), ("neurokit", "correct", 100_000), ("systole", "detect", 100_000)]
    asked = {f"{name} {n}": Asked(name, Request(job, files[n], warm=n == 10_000)) for name, job, n in tasks}
    asked |= {f"somalink {n}": Asked("somalink", Request("correct", files[n], {"times": 300_000 // n})) for n in files}
    got = {name: each(answers) for name, answers in bench.crew.rounds(asked, min(bench.rounds, 3)).items()}
    if not bench.brief:
        got |= {name: each(answers) for name, answers in bench.crew.rounds(_slow(files[300_000]), 1).items()}
    rows = [
        [label, *(got[key].times(1e6).said() if (key := f"{name} {n}") in got else "-" for n in files)]
        for name, label in (
            ("somalink", "somalink"),
            ("neurokit", "NeuroKit2 signal_fixpeaks, Kubios"),
            ("systole", "systole rr_artefacts (finds, corrects nothing)"),
        )
    ]
    goals = (
        Goal("NeuroKit2 / somalink, correction of 100,000 beats", 10, got["neurokit 100000"].over(got["somalink 100000"])),
        Goal("correction a beat, 300,000 beats / 10,000", 1.5, got["somalink 300000"].over(got["somalink 10000"]), at_most=True),
    )
    return [Chapter("artefacts", table(["us a beat, 0.5 % artefacts", *(f"{n:,} beats" for n in files)], rows), goals)]


def _slow(file: str) -> dict[str, Asked]:
    """Half a minute a go, and only there to show how it grows: once is enough."""
    return {"neurokit 300000": Asked("neurokit", Request("correct", file, warm=False))}


# ---------------------------------------------------------------- the whole engine


def engine(bench: Bench) -> list[Chapter]:
    """A person's day, whole: from items to episodes, and on disk."""
    tell("the whole engine")
    minute = {"window_s": 60, "stops": stops(bench.day, 60)}
    asked = {
        "engine A": Asked("somalink", Request("engine", figures={"tier": "A"})),
        "engine B": Asked("somalink", Request("engine", figures={"tier": "B"})),
        "archive A": Asked("somalink", Request("archive", figures={"tier": "A"})),
        "archive B": Asked("somalink", Request("archive", figures={"tier": "B"})),
        "time": bench.of_day("neurokit", "time_domain", **minute),
        "both": bench.of_day("neurokit", "windows", **minute),
    }
    got = {name: each(answers) for name, answers in bench.crew.rounds(asked, bench.rounds).items()}
    a_day = DAY_S // STEP_S
    got |= {name: got[name].times(a_day) for name in ("time", "both")}
    words = {
        "engine A": "somalink, engine in memory, strap with accelerometer (25 Hz)",
        "engine B": "the same, strap without",
        "archive A": "somalink, engine and store on disk, strap with accelerometer",
        "archive B": "the same, strap without",
        "time": "NeuroKit2, hrv_time alone, 60 s each 5 s",
        "both": "NeuroKit2, hrv_time + hrv_frequency, 60 s each 5 s",
    }
    rows = [[words[name], got[name].said("s"), got["time"].over(got[name]).said() if name != "time" else "1"] for name in words]
    goals = (
        Goal("NeuroKit2's hrv_time on the engine's windows / whole engine, accelerometer and all", 10, got["time"].over(got["engine A"])),
        Goal("NeuroKit2's hrv_time on the engine's windows / engine and store", 10, got["time"].over(got["archive A"])),
    )
    return [Chapter("engine", table(["a day of one person, 24 h worn", "processor time", "hrv_time alone takes so many times as long"], rows), goals)]


# ---------------------------------------------------------------- steadiness


def steadiness(bench: Bench) -> list[Chapter]:
    """How far LF/HF jumps from one update to the next, while nothing but 5 s has passed."""
    tell("steadiness")
    stretches = 3 if bench.brief else 12
    begins = np.linspace(3_600, DAY_S - 3_600, stretches).astype(int) // STEP_S * STEP_S
    at = [START_NS + int(begin + STEP_S * k) * SECOND_NS for begin in begins for k in range(61)]
    figures = {"window_s": 300, "stops": at}
    ours = _jumps(bench.crew.ask(bench.of_day("somalink", "values", **figures)), stretches)
    theirs = _jumps(bench.crew.ask(bench.of_day("neurokit", "power", **figures)), stretches)
    rows = [
        [name, str(jumps.size), *(number(float(np.quantile(jumps, q))) for q in (0.5, 0.95, 1.0))]
        for name, jumps in (("somalink", ours), ("NeuroKit2", theirs))
    ]
    p95 = Spread((float(np.quantile(ours, 0.95) / np.quantile(theirs, 0.95)),))
    text = table(["change of ln LF/HF in 5 s", "n", "median", "95 %", "largest"], rows)
    low, high = _by_stretch(ours, theirs)
    text += f"\n\nRatio of the 95 % points: {p95.said()}; 95 % of bootstraps over the {stretches} stretches: {number(low)}-{number(high)}."
    return [Chapter("steadiness", text, (Goal("somalink / NeuroKit2, 95 % point of the change of ln LF/HF in 5 s", 1 / 3, p95, at_most=True),))]


def _jumps(answer: Answer, stretches: int) -> Any:
    """(stretches, windows - 1) size of each change."""
    ratio = _values(answer)[:, FEATURES.index("HRV_LFHF")].reshape(stretches, -1)
    return np.abs(np.diff(np.log(ratio), axis=1))


def _by_stretch(ours: Any, theirs: Any) -> tuple[float, float]:
    """2.5 and 97.5 % of the ratio of 95 % points, stretches drawn with replacement: windows of one stretch overlap, stretches do not."""
    rng = np.random.default_rng(1)
    draws = rng.integers(0, len(ours), (500, len(ours)))
    ratios = [np.quantile(ours[draw], 0.95) / np.quantile(theirs[draw], 0.95) for draw in draws]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


# ---------------------------------------------------------------- starting


def starting(bench: Bench) -> list[Chapter]:
    """How long a person waits for the program to begin, and what it holds by then."""
    tell("starting")
    commands = {
        "somalink --help": [str(OWN.parent / "somalink"), "--help"],
        "import processing.engine": [str(OWN), "-c", "import processing.engine"],
        "import neurokit2": [str(PEERS), "-c", "import neurokit2"],
        "Python alone": [str(OWN), "-c", "pass"],
    }
    got: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(2 if bench.brief else 1 + max(3, bench.rounds)):
        for name, command in commands.items():
            got[name].append(_started(command))
    measured = {name: {what: Spread.of(each[what] for each in told[1:]) for what in ("wall_s", "cpu_s", "peak_mb")} for name, told in got.items()}
    rows = [[name, each["wall_s"].said("s"), each["cpu_s"].said("s"), each["peak_mb"].said("MB")] for name, each in measured.items()]
    theirs = measured["import neurokit2"]
    goals = [
        Goal(f"{name} / import neurokit2, {said}", sought, measured[name][what].over(theirs[what]), at_most=True)
        for name in ("somalink --help", "import processing.engine")
        for what, said, sought in (("wall_s", "wall time", 1 / 8), ("peak_mb", "memory", 1 / 4))
    ]
    return [Chapter("starting", table(["", "wall", "processor", "memory"], rows), tuple(goals))]


def _started(command: Sequence[str]) -> dict[str, float]:
    done = subprocess.run([str(OWN), "-m", "bench.starting", *command], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise LibraryFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-1_000:]}")
    told: dict[str, float] = json.loads(done.stdout)
    return told


CHAPTERS = (day_of_windows, transform, growth, live, artefacts, engine, steadiness, starting)
