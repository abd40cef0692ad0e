"""The swing with the breath on real hearts: nobody who has no pacer is called together with one, and a swing that is laid over a real heart is found.

No open recording here has a marked paced breath, so the second question is asked of real beats whose rate is moved by a known swing: the
noise, the drift and the heart's own rhythms are real, the answer is known. Each still breathes as ever, which lowers R2; with a pacer
followed that breath is gone. Tolerances: half a bpm in the middle of the recordings, 3 bpm in each: a heart adds or takes what it has of its
own near six a minute (a median of 1 to 7 bpm), and a recording of four minutes has two independent minutes to find the swing in.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from real import raw_beats, table

from ingest.replay import open_source
from processing.breathing import Cycle, Lately, cycle, pacer
from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS, SECOND_NS

pytestmark = pytest.mark.truth
RULES = Constants().beat
LOGS = ("elitehrv_01.txt", "elitehrv_2017-06-29_13-11-53.txt", "polar_01_cumtime_rr.txt", "systole_rr_ms.txt")
PEOPLE = (("mitbih_beats", "101"), ("mitbih_beats", "115"), ("mitbih_beats", "122"), *(("gudb_beats", str(n)) for n in range(6)))
SWING = 12.0


def every_half_minute(lately: Lately, started_ns: int) -> Iterator[Cycle]:
    pace = pacer(6, started_ns=started_ns)
    for stop in range(int(lately.t_ns[0]) + 90 * SECOND_NS, int(lately.t_ns[-1]), 30 * SECOND_NS):
        yield cycle(lately.since(stop - 2 * MINUTE_NS), pace, stop, rules=RULES)


def moved(lately: Lately, swing_bpm: float) -> Lately:
    """The same heart with its rate swinging by so much at six a minute; stretches around gaps keep their order."""
    seconds = (lately.t_ns - lately.t_ns[0]) / SECOND_NS
    bpm = 60 * 1024 / lately.rr_ticks + swing_bpm / 2 * np.cos(2 * np.pi * 0.1 * seconds)
    ticks = np.rint(60 * 1024 / bpm).astype(np.int64)
    lost = np.diff(lately.t_ns) - lately.rr_ticks[1:] * SECOND_NS // 1024
    lost = np.where(np.abs(lost) < 350_000_000, 0, lost)
    t_ns = lately.t_ns[0] + np.cumsum(np.concatenate([[0], ticks[1:] * SECOND_NS // 1024 + lost]))
    return Lately(t_ns, ticks, lately.edge)


def people(data: Path, recording) -> Iterator[tuple[str, Lately]]:
    for name in LOGS:
        yield name.split(".")[0], _lately(data / "rr_logs" / name)
    for name, person in PEOPLE:
        yield f"{name.split('_')[0]}-{person}", _lately(recording(name, person))


def _lately(path: Path) -> Lately:
    raw = raw_beats(open_source(path).recording)
    return Lately(raw.t_ns, raw.rr_ticks, raw.edge)


def test_nobody_without_a_pacer_is_together_with_one_and_a_known_swing_is_found(data, recording, figures):
    rows, closely, judged, errors = [], 0, 0, []
    for name, lately in people(data, recording):
        unpaced = [each for by in (0, 3, 7) for each in every_half_minute(lately, int(lately.t_ns[0]) + by * SECOND_NS)]
        seen = [each for each in unpaced if each.r2 is not None]
        paced = [each for each in every_half_minute(moved(lately, SWING), int(lately.t_ns[0])) if each.r2 is not None]
        own, found = (np.array([each.amplitude_bpm for each in some]) for some in (seen, paced))
        closely, judged = closely + sum(each.together == "closely" for each in seen), judged + len(seen)
        errors.append(float(np.median(found)) - SWING)
        r2, paced_r2 = (np.array([each.r2 for each in some]) for some in (seen, paced))
        share = sum(each.together == "partly" for each in seen) / len(seen)
        rows.append((name, len(seen), float(np.median(own)), float(np.median(r2)), share, float(np.median(found)), float(np.median(paced_r2))))
    figures(table(f"recording minutes own_bpm own_r2 partly found_of_{SWING:g} paced_r2", rows) + f"\n{closely} of {judged} looked closely together by chance")
    assert judged > 500
    assert closely <= judged / 200
    assert abs(np.median(errors)) < 0.5 and max(map(abs, errors)) < 3
    assert all(row[-1] > row[3] + 0.1 for row in rows)


def test_a_bigeminy_has_no_swing_and_a_reason(recording):
    lately = _lately(recording("h10_pvc_ecg_rr", "1"))
    assert {each.reason for each in every_half_minute(lately, int(lately.t_ns[0]))} == {"artefacts"}
