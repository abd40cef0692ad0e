"""The boards: which panels, in which order, with which variables. Each exports `BOARD`."""
