"""Many people at a glance: data, devices, open questions. Nothing here looks into a body."""
