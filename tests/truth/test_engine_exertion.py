"""What the gates buy: spikes in moving time with them ignored and obeyed, and what a plain strap can and cannot tell."""

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from real import against, lived, minutes_of, table

from processing.gates import is_open
from somalink.domain.types import UNKNOWN, BoolArray, Gate, IntArray, word

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
        (gate, round(hours[gate], 1), ignored[gate], ignored[gate] / hours[gate], obeyed[gate], obeyed[gate] / hours[gate])
        for gate in map(word, Gate)
        if hours[gate] > 0
    ]
    figures(f"{name}, {len(people)} people, {source}\n" + table("gate usable_h ignored ignored/h obeyed obeyed/h", rows))
    assert not any(obeyed[word(gate)] for gate in SHUT)
    # The laboratory people sit for the whole hour; a free day is where the gate has work.
    assert name == "stress_predict" or sum(ignored[word(gate)] for gate in SHUT) > 10


def test_without_a_movement_stream_jogging_is_gated_and_lighter_effort_is_what_the_wearer_must_be_asked(data, recording: Callable, figures):
    people = sorted({line.split(",")[0] for line in (data / "gudb_beats" / "summary.csv").read_text().splitlines()[1:]}, key=int)
    found: dict[str, list[tuple[bool, float, bool, bool, bool]]] = defaultdict(list)
    for person in people:
        folder = recording("gudb_beats", person)
        read = lived(folder)
        tasks = read.tasks(folder)
        at_rest = np.concatenate([at for name, start, stop in tasks if name == "sitting" for _, at in minutes_of(read.grid, start, stop)])
        rate = read.grid.hr[at_rest]
        usual_bpm = float(np.median(rate[rate != UNKNOWN]))
        for name, start, stop in tasks:
            for _, at in minutes_of(read.grid, start, stop):
                gate, z, hr = read.grid.gate[at], read.grid.z[at], read.grid.hr[at]
                # Against the person's own sitting with the five bpm that a session has: what the first days of a wearer look like.
                session = np.where(hr == UNKNOWN, UNKNOWN, (hr - usual_bpm) * 2)
                may = is_open(gate)
                shut = np.isin(gate, SHUT)
                fired = [np.count_nonzero((values != UNKNOWN) & (values >= 20_000) & where) >= 9 for values in (session, z) for where in (True, may)]
                found[name].append((bool(shut[-1]), float(shut.mean()), *map(bool, fired)))  # type: ignore[arg-type]
    rows = [(name, len(found[name]), *(float(np.mean(column)) for column in zip(*found[name], strict=True))) for name in TASKS]
    figures(table("task minutes gated_at_end gated_points sitting:off sitting:on recording:off recording:on", rows))
    table_of = {row[0]: row for row in rows}
    assert table_of["jogging"][2] >= 0.95
    assert table_of["jogging"][5] == table_of["jogging"][7] == 0.0
    assert table_of["sitting"][2] == 0.0 and table_of["maths"][2] <= 0.15
