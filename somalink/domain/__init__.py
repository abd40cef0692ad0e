"""Ground: the words, types and numbers everything else is written in. Imports nothing of ours and does no I/O."""
