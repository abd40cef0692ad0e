"""How many people there are data of."""

from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target
from dashboards.grafana.query import LATELY, Query, above, count, total


def people(ref: str, name: str, when: str) -> Target:
    """How many have worn anything since then."""
    each = Query("coverage", (total("worn_s").named("worn"),), (above("worn_s", 0),), person="people", when=when, by=("person_id",))
    return Target(ref, Query(each, (count("worn").named(name),)), table=True)


A_DAY, A_WEEK = "time > now() - 1d", "time > now() - 7d"

PANEL = stat(
    2,
    "People with data",
    "How many of the people listed had a device on within the last day, the last seven and the last 90, whatever time is chosen above. "
    "Not wearing it is everybody’s own business; this helps to find a flat battery.",
    (people("A", "Last day", A_DAY), people("B", "Last 7 days", A_WEEK), people("C", "Last 90 days", LATELY)),
    decimals=0,
)
