"""The page a wearer lives with: served on this computer, drawn in the browser, fed by a stream."""
