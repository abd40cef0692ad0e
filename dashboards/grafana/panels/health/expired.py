"""Rows older than what this database keeps."""

from dashboards.grafana.kinds import stat, values
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, last, total

BY_STORE = Query("pipeline", (last("expired_rows").named("each"),), person="", by=("store",))
ALL = Query(BY_STORE, (total("each").named("expired"),), person="", when=ANY_TIME)
"""Of all recording computers, as each told last."""

PANEL = stat(
    3,
    "Too old to keep",
    "Rows that were not taken, since they are older than this database keeps (its retention), of all recording computers.\n\n"
    "*Nothing is wrong: the store has them. To see them here, lengthen the retention and ship anew.*",
    (Target("A", ALL, table=True),),
    shows="expired",
    unit="suffix: rows were too old",
    size=22,
    defaults={"mappings": values({"0": "None", "1": "1 row was too old"})},
)
