"""Two stores on a real server, made once a run: a real day of a chest strap, and two weeks of a simulated client who tags, plans and breathes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from archived import archived
from clients import CONSTANTS, client_store
from influx import ORG, Influxd
from replicated import Replica, replicate

from somalink.pipeline.panels import fill_panels
from somalink.pipeline.person import settle_person
from somalink.storage.influx.server import Place

DAYS = 12
REAL_ZONE, SIMULATED_ZONE = "Europe/Rome", "Europe/Berlin"


def bucket(influxd: Influxd, name: str) -> Place:
    """One of this run's own."""
    influxd.bucket(f"{name}-{os.getpid()}")
    return Place(influxd.url, ORG, f"{name}-{os.getpid()}", influxd.operator)


@pytest.fixture(scope="session")
def real_day(influxd: Influxd, recording: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """24 hours of a Polar H7, whose recorder left a hole every half minute."""
    folder = tmp_path_factory.mktemp("real-day")
    with archived(recording("mmash_polar_h7", "1"), folder / "s.db") as store:
        (unit,) = store.units()
        fill_panels(store, unit)
        beats = store.recording_beats(unit)
        start_ns, stop_ns = int(beats.t_ns[0]), int(beats.t_ns[-1])
        yield replicate(store, bucket(influxd, "real-day"), folder / "csv", start_ns=start_ns, stop_ns=stop_ns, tz=REAL_ZONE)


@pytest.fixture(scope="session")
def simulated(influxd: Influxd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """Offers five times a day, tags, ratings, steps, and findings over them."""
    folder = tmp_path_factory.mktemp("simulated")
    with client_store("breath_helps", folder / "s.db", days=DAYS, offers_a_day=5.0) as (store, client):
        settle_person(store, client.person, CONSTANTS)
        place = bucket(influxd, "simulated")
        yield replicate(store, place, folder / "csv", start_ns=client.start_ns, stop_ns=client.stop_ns, tz=SIMULATED_ZONE)
