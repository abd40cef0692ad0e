"""The devices somalink reads, one file a format. Importing this package registers them all: a new strap is a file here and a name below."""

from ingest.straps import heart_rate, movesense, pmd, pmd_control
from ingest.streams import DECODERS

__all__ = ["DECODERS", "heart_rate", "movesense", "pmd", "pmd_control"]
