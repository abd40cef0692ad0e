"""The devices that are known, one file a family. A file here that says its `FAMILY` is found by `catalogue`; nothing else lists it."""
