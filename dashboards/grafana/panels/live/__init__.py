"""Panels of the board of now: one person, some hours, as it comes."""
