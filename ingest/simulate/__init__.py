"""A made-up wearer: a seeded life on a strap, for demonstrations, tests of the machinery and whoever has no hardware yet.

Everything made here is marked simulated, and no figure computed from it is evidence for the index: a model can only return
what was put into it. It shares no constant and no formula with `processing`.
"""

from ingest.simulate.clients import CLIENTS, client_named
from ingest.simulate.days import SimulatedDay, Truth, simulate
from ingest.simulate.folders import write_day, write_recordings
from ingest.simulate.source import SimulatedSource
from ingest.simulate.wearer import DEVICE

__all__ = ["CLIENTS", "DEVICE", "SimulatedDay", "SimulatedSource", "Truth", "client_named", "simulate", "write_day", "write_recordings"]
