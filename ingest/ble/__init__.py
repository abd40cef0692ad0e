"""Real Bluetooth: finding straps, holding their links, and what may be wrong with the radio.

Everything here speaks to straps through bleak, and nothing here knows what a heartbeat means.
"""
