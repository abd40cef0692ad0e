"""The boards of Grafana: every panel in Python, its query from the table of measurements, written down as plain JSON. Meets no server."""
