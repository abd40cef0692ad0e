"""The breath in real hearts: seldom told where nobody knows it, and then not as a slow one.

No open recording here has a breath that somebody measured, and none has a chest's accelerometer while somebody breathes calmly. So this asks what
can be asked: how often people at rest, who follow no pacer, are said to breathe; whether a wave of blood pressure is told as a slow breath; what is
left of a ride on a bicycle, beside NeuroKit2's two readings of the same trace; whether wrist intervals show a hyperventilation. Of record 101 of
MIT-BIH the answer is the recorder: its tape ran unevenly ten times a minute (0.167 Hz, the capstan of the
playback unit, as the database's directory lists).
"""

import csv
import lzma
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from real import raw_beats, table

from ingest.replay import open_source
from ingest.straps.pmd import decode
from processing.breathing import Lately
from processing.ecg import EcgPeaks
from processing.respiration import Heights, Respiration, ecg_derived, heights, rsa, told
from somalink.domain.constants import RESPIRATION, Constants
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import IntArray

pytestmark = pytest.mark.truth
RULES = Constants().beat
LOGS = ("elitehrv_01.txt", "elitehrv_2017-06-29_13-11-53.txt", "polar_01_cumtime_rr.txt", "systole_rr_ms.txt")
PEOPLE = (("mitbih_beats", "101"), ("mitbih_beats", "115"), ("mitbih_beats", "122"), *(("gudb_beats", str(n)) for n in range(6)))
PHASES = {"hyperventilation": "hyperventilation", "baseline": "rest", "rest1": "rest", "rest2": "rest"}
HZ = 130


def lately_of(path: Path) -> Lately:
    raw = raw_beats(open_source(path).recording)
    return Lately(raw.t_ns, raw.rr_ticks, raw.edge)


def rates_of(lately: Lately, start_ns: int, stop_ns: int) -> Iterator[Respiration]:
    """Every half minute, of the minute before it, by heart rate alone."""
    for stop in range(start_ns + MINUTE_NS, stop_ns, 30 * SECOND_NS):
        yield told([rsa(lately.since(stop - 2 * MINUTE_NS), stop, rules=RULES)])


def test_the_heart_rate_of_people_who_follow_no_pacer_is_hardly_ever_a_slow_breath(data, recording, figures):
    rows, rates, looked = [], [], 0
    for name, person in (*(("rr_logs", log) for log in LOGS), *PEOPLE):
        lately = lately_of(data / name / person if name == "rr_logs" else recording(name, person))
        seen = list(rates_of(lately, int(lately.t_ns[0]), int(lately.t_ns[-1])))
        known = [each.rate_bpm for each in seen if each.rate_bpm is not None]
        rates, looked = rates + known, looked + sum(each.rate_bpm is not None or each.reason == "no_breath_seen" for each in seen)
        middle, spread = (np.percentile(known, [50]), np.percentile(known, [10, 90])) if known else ([np.nan], [np.nan, np.nan])
        rows.append((person.split(".")[0][:20], len(seen), len(known) / len(seen), *map(float, (*middle, *spread))))
    slow = sum(rate < RESPIRATION.slow for rate in rates)
    figures(
        table("recording minutes answered median p10 p90", rows) + f"\n{len(rates)} of {looked} answered, {slow} of them below {RESPIRATION.slow:g} a minute"
    )
    assert looked > 400 and slow <= looked / 200
    assert 9.5 < next(row[3] for row in rows if row[0] == "101") < 10.5


def test_a_bigeminy_has_no_breath_and_a_reason(recording):
    lately = lately_of(recording("h10_pvc_ecg_rr", "1"))
    assert {each.reason for each in rates_of(lately, int(lately.t_ns[0]), int(lately.t_ns[-1]))} == {"artefacts"}


def test_on_a_bicycle_the_trace_is_seldom_read_where_two_readings_of_it_differ_by_half(data, figures):
    """Thirty minutes at 100 to 180 beats a minute, upper body in motion: no ground truth. NeuroKit2 answers always, and its methods differ from each
    other; ours says what it is sure of, which is little."""
    t_ns, uv10 = ride(data)
    peaks = EcgPeaks().run(t_ns, uv10)
    beats, tall = intervals(peaks.t_ns), heights(t_ns, uv10, peaks.t_ns)
    others = neurokit_rates(uv10 / 10)
    rows, apart, known = [], [], 0
    for stop in range(int(t_ns[0]) + 2 * MINUTE_NS, int(t_ns[-1]), MINUTE_NS):
        heart, axis = rsa(beats.since(stop - 2 * MINUTE_NS), stop, rules=RULES), ecg_derived(until(tall, stop), stop)
        minute = slice(at := int(np.searchsorted(t_ns, stop - MINUTE_NS)), at + 60 * HZ)
        first, second = (float(np.nanmean(each[minute])) for each in others)
        both = told([heart, axis])
        known, apart = known + (both.rate_bpm is not None), [*apart, abs(first - second)]
        bpm = 60 * SECOND_NS / float(np.median(np.diff(peaks.t_ns[(peaks.t_ns > stop - MINUTE_NS) & (peaks.t_ns <= stop)])))
        rows.append((len(rows) + 2, bpm, both.rate_bpm or both.reason, both.source or "-", first, second))
    figures(
        table("minute bpm ours source vangent2019 sarkar2015", rows) + f"\n{known} of {len(rows)} answered; NeuroKit2's two differ by {np.median(apart):.1f}"
    )
    assert len(rows) == 28 and known <= 6 and np.median(apart) > 4


def until(tall: Heights, stop_ns: int) -> Heights:
    return Heights(tall.t_ns[tall.t_ns <= stop_ns], tall.height[tall.t_ns <= stop_ns])


def intervals(peak_ns: IntArray) -> Lately:
    ticks = np.rint(np.diff(peak_ns) * 1024 / SECOND_NS).astype(np.int64)
    return Lately(peak_ns[1:], ticks, np.zeros(len(ticks), np.int64))


def ride(data: Path) -> tuple[IntArray, IntArray]:
    """The ECG of the ride, dated evenly between its first and last frame."""
    held = lzma.decompress((data / "h10_pmd_raw" / "h10_ecg_ride_first_30min.bin.xz").read_bytes())
    at, stamps, samples = 24, [], []
    while at + 4 + (n := int.from_bytes(held[at : at + 4], "little")) <= len(held) and n:
        frame = decode(held[at + 4 : at + 4 + n])[0]
        stamps.append(frame.sensor_ns)
        samples.append(frame.values)
        at += 4 + n
    uv10, last = np.concatenate(samples), len(samples[0]) - 1
    t_ns = stamps[0] + (np.arange(len(uv10)) - last) * (stamps[-1] - stamps[0]) // (len(uv10) - len(samples[0]))
    return t_ns, uv10


def neurokit_rates(ecg: np.ndarray) -> list[np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2 as nk

        peaks = nk.ecg_peaks(nk.ecg_clean(ecg, sampling_rate=HZ), sampling_rate=HZ)[1]["ECG_R_Peaks"]
        rate = nk.ecg_rate(peaks, sampling_rate=HZ, desired_length=len(ecg))
        return [np.asarray(nk.rsp_rate(nk.ecg_rsp(rate, sampling_rate=HZ, method=method), sampling_rate=HZ)) for method in ("vangent2019", "sarkar2015")]


def test_wrist_intervals_show_neither_a_hyperventilation_nor_the_rest_before_it(data, recording, figures):
    """A wrist loses a third and more of the beats: half a minute without a hole is rare, and a breath in it rarer."""
    people = sorted(path.stem for path in (data / "stress_predict" / "subjects").glob("S*.npz"))
    reasons: dict[str, Counter[str]] = {"hyperventilation": Counter(), "rest": Counter()}
    rates: dict[str, list[float]] = {"hyperventilation": [], "rest": []}
    for person in people:
        folder = recording("stress_predict", person)
        lately, start = lately_of(folder), open_source(folder).recording.start_ns
        for phase, begun_s, ended_s in phases(folder):
            for each in rates_of(lately, start + round(begun_s * SECOND_NS), start + round(ended_s * SECOND_NS)):
                reasons[phase][each.reason or "answered"] += 1
                rates[phase] += [each.rate_bpm] if each.rate_bpm is not None else []
    words = sorted({word for counted in reasons.values() for word in counted})
    rows = [(phase, *(counted[word] for word in words), float(np.median(rates[phase])) if rates[phase] else "-") for phase, counted in reasons.items()]
    figures(table("phase " + " ".join(words) + " median", rows))
    assert sum(reasons["rest"].values()) > 100 and sum(reasons["hyperventilation"].values()) > 20
    assert all(counted["answered"] <= sum(counted.values()) / 20 for counted in reasons.values())


def phases(folder: Path) -> Iterator[tuple[str, float, float]]:
    with (folder / "events.csv").open() as file:
        for row in csv.DictReader(file):
            if row["note"] in PHASES:
                yield PHASES[row["note"]], float(row["t_s"]), float(row["t_end_s"])
