"""A long time of one person, sent for the first time: how fast beside a plain POST of the same lines, and with how much memory.

    pytest -m influx tests/endurance/test_replica.py -s                          two months
    SOMALINK_ENDURANCE=full pytest -m influx tests/endurance/test_replica.py -s  a year; an hour

Prints points a second and their ratio; asserts that all arrives and that memory does not grow with the days, no speed: machines are shared.
"""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from clients import client_store
from influx import Influxd, rows
from replica import MANNER

from somalink.pipeline.replica.shipping import Shipper
from somalink.pipeline.replica.standing import standing
from somalink.storage import LocalStore
from somalink.storage.influx.server import Place, Server

pytestmark = [pytest.mark.influx, pytest.mark.slow]

FULL = os.environ.get("SOMALINK_ENDURANCE") == "full"
DAYS = 365 if FULL else 60
SHORT = 20
MOST_MB_MORE = 200
"""What many days may hold more than a few: streams are told an hour at a time; findings of ninety days and what is held with an id are the rest."""


class Noted(Server):
    """Keeps what was written, where it is wanted once more."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.batches: list[tuple[str, Sequence[str]]] = []
        self.keep = False

    def write(self, bucket: str, lines: Sequence[str]) -> None:
        super().write(bucket, lines)
        if self.keep:
            self.batches.append((bucket, lines))


def stream(store: LocalStore, place: Place, *, keep: bool = False) -> tuple[float, int, Noted]:
    """(seconds, lines, server) of everything that streams; findings and other sets are another matter."""
    with contextlib.closing(Noted(place)) as server:
        server.keep = keep
        shipper = Shipper(store, server, place, MANNER, time.time_ns)
        began = time.perf_counter()
        while shipper._stream(50_000):
            pass
        return time.perf_counter() - began, shipper.progress.shipped, server


def post(place: Place, batches: Sequence[tuple[str, Sequence[str]]]) -> float:
    began = time.perf_counter()
    for _, lines in batches:
        request = urllib.request.Request(f"{place.url}/api/v2/write?org={place.org}&bucket={place.bucket}&precision=ns", data="\n".join(lines).encode())
        request.add_header("Authorization", f"Token {place.token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
    return time.perf_counter() - began


def test_points_a_second_beside_a_plain_post_of_the_same_lines(tmp_path: Path, place: Place, influxd: Influxd) -> None:
    with client_store("steady", tmp_path / "c.db", days=10) as (store, _):
        times: list[tuple[float, float]] = []
        for k in range(3):
            one, other = replace(place, bucket=f"{place.bucket}-{k}"), replace(place, bucket=f"{place.bucket}-{k}-plain")
            influxd.bucket(one.bucket)
            influxd.bucket(other.bucket)
            took, lines, server = stream(store, one, keep=True)
            times.append((took, post(other, server.batches)))
            assert lines == sum(len(each) for _, each in server.batches) == rows(one, 'SELECT count("usable") AS n FROM "arousal"')[0]["n"]
        ours, plain = (min(each) for each in zip(*times, strict=True))
        sys.stdout.write(f"\n{lines} lines: {lines / ours:.0f} a second shipped, {lines / plain:.0f} posted, ratio {plain / ours:.2f} (best of three)\n")


def test_a_long_time_is_sent_with_memory_that_does_not_grow_with_it(tmp_path: Path, place: Place, influxd: Influxd) -> None:
    peaks: list[float] = []
    for days in (SHORT, DAYS):
        there = replace(place, bucket=f"{place.bucket}-{days}")
        influxd.bucket(there.bucket)
        with client_store("steady", tmp_path / f"{days}.db", days=days) as (store, _):
            began = time.perf_counter()
            peaks.append(shipped_by_a_program(store.path, there))
            sent = standing(store, there, time.time_ns())
            rate = sent.progress.shipped / (time.perf_counter() - began)
            assert sent.changes == 0 and sent.parked == 0
        sys.stdout.write(f"\n{days} days: {sent.progress.shipped} rows, {rate:.0f} a second with sets and findings, {peaks[-1]:.0f} MB at most\n")
    assert peaks[1] - peaks[0] < MOST_MB_MORE


TELLS = """
import atexit, pathlib, re
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]))
from somalink.cli import main
main()
"""
"""What the kernel counts for a child begins with its parent's memory; what a program says of itself does not."""


def shipped_by_a_program(store: Path, place: Place) -> float:
    """Megabytes that `somalink ship --once` held at most."""
    env = {**os.environ, **{f"SOMALINK_INFLUX_{name}": value for name, value in
                            {"URL": place.url, "ORG": place.org, "BUCKET": place.bucket, "TOKEN": place.token}.items()}}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", TELLS, "ship", "--store", str(store), "--once"], env=env, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024
