"""The store's size and the room left on its disk."""

from dashboards.grafana.kinds import fixed, lines
from dashboards.grafana.look import BELOW, BYTES, UNSURE
from dashboards.grafana.model import Target, matching
from dashboards.grafana.query import STEP, Query, last

PANEL = lines(
    13,
    "Disk",
    "Room on the disk of each recording computer, and the size of its store. A year of one person is about 200 MB.\n\n"
    "*Recording ends when a disk is full; `somalink doctor` says so long before.*",
    (
        Target(
            "A",
            Query("pipeline", (last("disk_free_bytes").named("Free"), last("store_bytes").named("Store")), person="", every=STEP, by=("store",), fill="null"),
            alias="$col, $tag_store",
        ),
    ),
    unit=BYTES,
    defaults={"min": 0, "decimals": 1},
    overrides=(matching("/^Free/", {"color": fixed(UNSURE)}), matching("/^Store/", {"color": fixed(BELOW), "custom.axisPlacement": "right"})),
    interval="5m",
)
