"""What is timed as one window asked for is the window that a day of windows holds, LF and HF included."""

import numpy as np
import pytest

from bench.day import Recording, days
from bench.libraries import somalink as own
from processing.indices import features as kernels
from somalink.domain.time import SECOND_NS


@pytest.fixture(scope="module")
def two_hours() -> Recording:
    return Recording(days(1).rr_ticks[:8_000])


def test_one_window_asked_for_at_a_beat_is_that_of_the_whole_recording(two_hours, monkeypatch):
    asked = []
    monkeypatch.setattr(own, "features", lambda *given, **rules: asked.append(kernels.features(*given, **rules)))
    assert own.asked_for(two_hours, {"begin": 6_000, "count": 3, "window_s": 300})().units == 3
    stops = np.concatenate([each.stops for each in asked])
    assert np.array_equal(stops // (SECOND_NS // 4), two_hours.t_ns[6_000:6_003] // (SECOND_NS // 4) + 1)
    known = own._settled(two_hours).take(slice(0, 6_003))
    whole = kernels.features(known, stops[-1:], 300, rules=own._RULES.beat)
    assert np.isfinite(asked[-1].values).all() and asked[-1].values == pytest.approx(whole.values, rel=1e-6)
