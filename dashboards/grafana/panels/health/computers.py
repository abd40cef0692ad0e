"""Every recording computer, with what its shipping said last."""

from dashboards.grafana.delays import in_words
from dashboards.grafana.kinds import WRAPPED, Shown, table, when
from dashboards.grafana.look import AGE, BYTES
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is, last

SAME_ROW = ("lag_changes", "parked_rows", "last_error", "store_bytes", "disk_free_bytes")
NEWEST = Query("pipeline", (last("lag_s").named("lag"), *(as_is(name) for name in SAME_ROW)), person="", by=("store",))
"""One row a store: the newest in which a lag was told, with what else was told at that moment."""

PANEL = table(
    4,
    "Computers",
    "What each recording computer told of its shipping, last in the time shown. *Waiting*: changes not here yet. *Set aside*: rows that this database "
    "refuses. *Ran into*: why the newest try did not work; empty since it works again. The id tells "
    "computers apart and names none.\n\n"
    "*All of it is of the moment under Told. A computer that told nothing for long is off or without network, and cannot say here that it is behind.*",
    (Target("A", NEWEST, table=True),),
    (
        Shown("store", "Computer", width=130),
        when("Told", AGE, width=150),
        Shown("lag", "Shipping, then", width=230, more={"mappings": in_words()}),
        Shown("lag_changes", "Waiting", decimals=0, width=90),
        Shown("parked_rows", "Set aside", decimals=0, width=90),
        Shown("last_error", "Ran into", more=WRAPPED),
        Shown("store_bytes", "Store", BYTES, decimals=1, width=100),
        Shown("disk_free_bytes", "Disk free", BYTES, decimals=1, width=100),
    ),
    sort=("Told", False),
)
