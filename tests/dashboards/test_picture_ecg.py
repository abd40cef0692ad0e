"""A page of ECG: every beat drawn and counted, words for how well the electrodes read, and none for how a heart is."""

import re
import stat

import numpy as np
import pytest
from ecg_traces import made

from dashboards.picture.ecg import MOSTLY, NO_VERDICT, TITLES, EcgModel, alignment, draw_ecg, ecg_page, ecg_table, grade, stretches, title
from dashboards.picture.model import LocalTime
from somalink.domain.errors import UsageError
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UtcOffset

START = 1_772_440_800 * SECOND_NS
JUDGING = "stress anxi abnormal normal alert trigger arrhythm ectopic diagnos irregular healthy sick danger"


def model(clean=lambda since_s: 1000, **other) -> EcgModel:
    """Half a minute of a made trace, its true peaks with a quality by their second; `other` stands over fields."""
    trace = made(30, start_ns=START)
    since = (trace.peaks_ns - START) / SECOND_NS
    said = {
        "person": "ada",
        "device": "Polar H10",
        "start_ns": START,
        "stop_ns": START + 30 * SECOND_NS,
        "t_ns": trace.t_ns,
        "uv10": trace.uv10,
        "peaks_ns": trace.peaks_ns,
        "quality": np.array([clean(s) for s in since], np.int64),
        "own_ns": trace.peaks_ns[1:],
        "lag_ns": 1_270_000_000,
        "spread_ns": 9_000_000,
        "recognised": 34,
        "local": LocalTime((UtcOffset(0, 3600, "Europe/Rome"),)),
    }
    return EcgModel(**{**said, **other})


def nothing() -> dict[str, np.ndarray]:
    return {name: np.zeros(0, np.int64) for name in ("t_ns", "uv10", "peaks_ns", "quality", "own_ns")}


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        (lambda s: 1000, TITLES["clean"]),
        (lambda s: 500, TITLES["fair"]),
        (lambda s: 100, TITLES["rough"]),
        (lambda s: 1000 if s < 20 else 100, MOSTLY),
        (lambda s: 1000 if s < 10 else 100, TITLES["rough"]),
    ],
)
def test_the_sentence_is_of_most_of_the_trace(quality, said):
    assert title(model(quality)) == said


def test_a_trace_without_beats_asks_whether_the_strap_is_worn_and_none_at_all_says_so():
    flat = model(peaks_ns=np.zeros(0, np.int64), quality=np.zeros(0, np.int64), own_ns=np.zeros(0, np.int64), lag_ns=None)
    assert title(flat) == TITLES["no beats"] and alignment(flat) == ""
    assert title(model(**nothing(), lag_ns=None)) == TITLES["nothing recorded"]


def test_an_electrode_that_slipped_makes_five_seconds_rough_however_clear_the_beats():
    whole = model()
    slipped = np.where((whole.t_ns > START + 12 * SECOND_NS) & (whole.t_ns < START + 13 * SECOND_NS), whole.uv10 + 120_000, whole.uv10)
    words = [grade(model(uv10=slipped), *stretch).word for stretch in stretches(whole)]
    assert words == ["clean", "clean", "rough", "clean", "clean", "clean"]


def test_the_table_counts_what_is_drawn():
    whole = model()
    head, *rows = ecg_table(whole)
    assert len(rows) == 6 and sum(int(row[3]) for row in rows) == len(whole.peaks_ns) and sum(int(row[4]) for row in rows) == len(whole.own_ns)
    assert head[0] == "from" and rows[0][0] == "09:40:00" and rows[-1][1] == "09:40:30"


def test_how_late_the_strap_is_stands_in_seconds():
    assert "1.27 s after" in alignment(model()) and "within 9 ms" in alignment(model())
    assert "0.30 s before" in alignment(model(lag_ns=-300_000_000))
    assert "not recognised" in alignment(model(lag_ns=None))


def test_every_beat_is_a_mark_on_the_page():
    whole = model()
    radii = [round(artist.radius, 3) for artist in ecg_page(whole).figure.artists + ecg_page(whole).figure.patches if hasattr(artist, "radius")]
    assert radii.count(0.035) == len(whole.peaks_ns) and radii.count(0.04) == len(whole.own_ns)


def test_a_hole_is_not_drawn_over():
    whole = model()
    kept = (whole.t_ns < START + 4 * SECOND_NS) | (whole.t_ns > START + 6 * SECOND_NS)
    (drawn,) = [line for line in ecg_page(model(t_ns=whole.t_ns[kept], uv10=whole.uv10[kept])).figure.axes[0].lines if len(line.get_xdata()) > 10]
    x, y = drawn.get_xdata(), drawn.get_ydata()
    assert np.isnan(y).any() and not ((x > 4.01) & (x < 5.99) & np.isfinite(y)).any()


@pytest.mark.parametrize("suffix", [".html", ".png"])
def test_the_file_is_for_its_owner_alone(tmp_path, suffix):
    out = tmp_path / f"ecg{suffix}"
    draw_ecg(model(), out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600 and out.stat().st_size > 10_000
    with pytest.raises(UsageError, match=r"can be \.html or \.png"):
        draw_ecg(model(), tmp_path / "ecg.pdf")


def test_no_word_of_it_judges_a_heart(tmp_path):
    for k, each in enumerate((model(), model(lambda s: 100), model(**nothing(), lag_ns=None), model(simulated=True))):
        out = tmp_path / f"{k}.html"
        draw_ecg(each, out)
        words = " ".join(re.findall(r">([^<>]+)<", out.read_text())).replace(NO_VERDICT, "").lower()
        assert not any(word in words for word in JUDGING.split())
        assert ("simulated" in words) is each.simulated
