"""Panels of the board of the apparatus: devices, losses, and how far this database is behind the store."""
