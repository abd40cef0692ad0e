"""Whatever a wearer does and however a line breaks, a replica ends as its store is."""

import pytest
from fake_influx import FakeInflux
from hypothesis import settings
from replica import FAKE_PLACE, Rows, held_by_fake
from replica_machine import Replica

from somalink.pipeline.replica.batch import Sink
from somalink.storage.influx.server import Place


class OnPaper(Replica):
    """On a server that is a dictionary."""

    def server(self) -> tuple[Sink, Place]:
        self.fake = FakeInflux()
        return self.fake, FAKE_PLACE

    def held(self) -> Rows:
        return held_by_fake(self.fake)


class TestOnPaper(OnPaper.TestCase):
    settings = settings(max_examples=12, stateful_step_count=15, deadline=None)


@pytest.mark.slow
class TestOnPaperAtLength(OnPaper.TestCase):
    settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
