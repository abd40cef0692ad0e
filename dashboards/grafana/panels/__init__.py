"""One folder a board, one file a panel; each exports `PANEL`."""
