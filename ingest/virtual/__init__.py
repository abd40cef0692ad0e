"""A strap that is a program: real Bluetooth from HCI upwards, without a radio. For tests, demonstrations and whoever has no strap yet.

bumble is met here alone. `feed` and `faults` are plain arithmetic and import nothing of it; `somalink` itself runs without it.
"""
