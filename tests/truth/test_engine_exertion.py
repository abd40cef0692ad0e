"""What the gates buy: spikes in moving time with them ignored and obeyed, and what a plain strap can and cannot tell."""

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from real import PUBLISHED, against, lived, minutes_of, table
from scoring import an_hour, said

from processing.gates import is_open
from somalink.domain.types import UNKNOWN, BoolArray, Gate, Grid, IntArray, word

pytestmark = pytest.mark.truth
TASKS = ("sitting", "maths", "walking", "hand_bike", "jogging")
SHUT = (Gate.MOVING, Gate.RECOVERY, Gate.POSTURE)


def everything(gate: IntArray) -> BoolArray:
    """A gate that is never shut."""
    return np.ones(len(gate), bool)


SETS = {"stress_predict": ("wrist acceleration", [f"S{n:02d}" for n in range(2, 19)]), "mmash_polar_h7": ("steps", list("12345"))}


@pytest.mark.parametrize("name", SETS)
def test_no_spike_begins_where_the_gate_is_shut_and_many_would(name: str, recording: Callable, figures, monkeypatch: pytest.MonkeyPatch):
    source, people = SETS[name]
    hours: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    obeyed: Counter[str] = Counter()
    for person in people:
        read = lived(recording(name, person))
        with monkeypatch.context() as patch:
            patch.setattr("processing.engine.is_open", everything)
            open_read = against(read.source, read.baseline)
        usable = (read.grid.z != UNKNOWN) & (read.grid.hr_q >= 6000)
        for gate in Gate:
            hours[word(gate)] += np.count_nonzero(usable & (read.grid.gate == gate)) * 5 / 3600
        for counted, episodes in ((ignored, open_read.episodes), (obeyed, read.episodes)):
            for spike in (e for e in episodes if e.kind == "spike"):
                at = np.searchsorted(read.grid.stop_ns, spike.start_ns)
                counted[word(Gate(int(read.grid.gate[at])))] += 1
    rows = [
        (gate, f"{hours[gate]:.1f}", ignored[gate], an_hour(ignored[gate], hours[gate]), obeyed[gate], an_hour(obeyed[gate], hours[gate]))
        for gate in map(word, Gate)
        if hours[gate] > 0
    ]
    figures(f"{name}, {len(people)} people, {source}: spikes that begin in each gate, the gate ignored and obeyed")
    figures(table("gate usable_h ignored ignored/h obeyed obeyed/h", rows))
    assert not any(obeyed[word(gate)] for gate in SHUT)
    # The laboratory people sit for the whole hour; a free day is where the gate has work.
    assert name == "stress_predict" or sum(ignored[word(gate)] for gate in SHUT) > 10


FIRED = -(-12 * PUBLISHED.spike.confirm[0] // PUBLISHED.spike.confirm[1])
"""Points of a minute's twelve: the share that an onset asks for."""


def test_without_a_movement_stream_jogging_is_gated_and_lighter_effort_is_what_the_wearer_must_be_asked(data, recording: Callable, figures):
    people = sorted({line.split(",")[0] for line in (data / "gudb_beats" / "summary.csv").read_text().splitlines()[1:]}, key=int)
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    counted: Counter[str] = Counter()
    for person in people:
        folder = recording("gudb_beats", person)
        read = lived(folder)
        of_task = {name: [at for _, at in minutes_of(read.grid, start, stop)] for name, start, stop in read.tasks(folder)}
        rate = read.grid.hr[np.concatenate(of_task["sitting"])]
        usual_mbpm = float(np.median(rate[rate != UNKNOWN]))
        for name, ats in of_task.items():
            found[name].append(np.mean([_minute(read.grid.take(at), usual_mbpm) for at in ats], axis=0))
            counted[name] += len(ats)
    by_task = {name: np.array(found[name]).T for name in TASKS}
    figures(table("task people minutes index_given gated_at_its_end given,_gate_open fires,_gate_off fires,_gate_on", [
        [name, len(found[name]), counted[name], *map(said, by_task[name])] for name in TASKS
    ]))  # fmt: skip
    gated, counts, fires = (by_task["jogging"][k].mean() for k in (1, 2, 4))
    assert gated >= 0.95 and counts <= 0.05 and fires == 0.0
    assert by_task["sitting"][1].mean() == 0.0 and by_task["maths"][1].mean() <= 0.15


def _minute(grid: Grid, usual_mbpm: float) -> list[bool]:
    """Of one minute: has it an index, is the gate shut, has it one with the gate open, would it fire with the gate ignored, and obeyed.

    It fires against the person's own sitting with the five bpm that a session has: what the first days of a wearer look like.
    """
    session = np.where(grid.hr == UNKNOWN, UNKNOWN, (grid.hr - usual_mbpm) * 2)
    high, may = (session != UNKNOWN) & (session >= 20_000), is_open(grid.gate)
    given, shut = bool(grid.z[-1] != UNKNOWN), not may[-1]
    return [given, shut, given and not shut, np.count_nonzero(high) >= FIRED, np.count_nonzero(high & may) >= FIRED]
