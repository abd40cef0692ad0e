"""Samples -> records. Pure: no clock, file, socket, thread or random source of its own; time is event time."""
