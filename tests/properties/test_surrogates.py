"""The quick count of spikes in surrogates is the machine's own, whatever the series."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.chance import spike_starts
from processing.episodes import Context, Points, SpikeMachine
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS
from somalink.domain.types import UNKNOWN, Episode, Gate

RULES = Constants().spike


def by_the_machine(z: np.ndarray, z_on: float) -> list[int]:
    """Starts of the FINAL spikes that the live machine finds in a series where everything is known and quiet."""
    n = len(z)

    def full(value: int) -> np.ndarray:
        return np.full(n, value)

    points = Points(
        np.arange(n) * GRID_NS, z, full(UNKNOWN), full(0), full(10_000), full(10_000), full(3000), full(3000), full(int(Gate.STILL)), full(1), full(0)
    )
    context = Context("", "", "", {"level": z_on, "phasic": z_on}, lambda t, gate: None)
    machine = SpikeMachine(RULES)
    found = machine.run(points, context) + machine.flush(context)
    return [x.start_ns // GRID_NS for x in found if isinstance(x, Episode) and x.state == "final"]


@given(
    seed=st.integers(0, 2**32 - 1),
    memory=st.sampled_from((0.8, 0.92, 0.97, 0.995)),
    size=st.floats(0.8, 3.0),
    z_on=st.sampled_from((1.0, 1.75, 2.5, 3.5)),
)
@settings(max_examples=60)
def test_counting_run_by_run_finds_the_spikes_of_the_machine(seed: int, memory: float, size: float, z_on: float):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 2500))
    walk = np.zeros(n)
    noise = rng.normal(size=n) * np.sqrt(1 - memory * memory)
    for k in range(1, n):
        walk[k] = memory * walk[k - 1] + noise[k]
    z = np.rint(walk * size * 10_000).astype(np.int64)
    # Side by side, high where one ends and the next begins: nothing of one may count in the other.
    series = np.stack([z, z[::-1], z, -z])
    assert spike_starts(series, z_on, RULES) == [by_the_machine(each, z_on) for each in series]
