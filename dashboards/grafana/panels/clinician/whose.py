"""Whether there is a body behind the figures."""

from dashboards.grafana.whose import whose

PANEL = whose(33)
