"""The replica: points as a time-series database takes them, and the one place that talks to it."""
