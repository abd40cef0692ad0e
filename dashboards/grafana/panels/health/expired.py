"""Rows older than what this database keeps."""

from dashboards.grafana.kinds import stat, values
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, last

PANEL = stat(
    3,
    "Too old to keep",
    "Rows that were not taken, since they are older than this database keeps (its retention).\n\n"
    "*Nothing is wrong: the store has them. To see them here, lengthen the retention and ship anew.*",
    (Target("A", Query("pipeline", (last("expired_rows").named("expired"),), person=""), table=True),),
    shows="expired",
    unit="suffix: rows were too old",
    size=22,
    defaults={"mappings": values({"0": "None", "1": "1 row was too old"})},
)
