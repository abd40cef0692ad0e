"""Activities one after the other, as somebody is asked to do them: sit, stand up, walk, cycle, lie. Nothing but the body is left to chance.

For whoever wants to see what a gate makes of them; a figure from here says how the program treats such signals, never how bodies are.
Knows no engine; the signals are those of any simulated day.
"""

from collections.abc import Mapping, Sequence

from ingest.simulate.physiology import GRAVITY_MG
from ingest.simulate.planning import DOINGS, Act, DayPlan, Surge
from ingest.simulate.strap import Signal, Wear, accelerations, beats
from ingest.simulate.wearer import Life, meet
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Posture, Stream

MORNING = 6 * 3600.0
"""A script begins when its life does, which is ten o'clock, six hours after the day broke."""
Script = Sequence[tuple[str, float]]
"""What is done (a name of `planning.DOINGS`) and for how many minutes."""
UPRIGHT = tuple(100 * axis for axis in GRAVITY_MG[Posture.STANDING])
"""What a calibration of this wearer finds, in 0.01 mg."""


def scripted(life: Life, script: Script, surges: Sequence[Surge] = ()) -> DayPlan:
    """A day that is only this script; `surges` in seconds of the day, from `MORNING` on. KeyError for what nobody can do."""
    acts, at = [], MORNING
    for what, minutes in script:
        doing = DOINGS[what]
        acts.append(Act(what, at, at + 60 * minutes, doing.effort, doing.cadence, doing.posture))
        at = acts[-1].stop
    return DayPlan(0, "", life.start_ns - int(MORNING) * SECOND_NS, 0, MORNING, at, tuple(acts), (), tuple(surges), ())


def performed(life: Life, plan: DayPlan, *, rate_hz: int = 25) -> Mapping[Stream, Signal]:
    """Beats and acceleration of a strap that sits well and loses nothing. The beats are the same at every `rate_hz`."""
    well = Wear([], [], [])
    return {
        Stream.RR: beats(plan, meet(life), well, life.chance("beats", "script")),
        Stream.ACC: accelerations(plan, well, rate_hz, life.chance("steps", "script")),
    }
