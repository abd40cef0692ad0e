"""Bytes and files in, items out: everything that turns what a device, a file or a person says into `domain` values."""
