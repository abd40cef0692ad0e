"""A month that is lived up to a moment, and on from there: what was, is what an archive gives; what comes, comes from beats."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS
from somalink.pipeline.demo import LEAD_NS, PERSON, begin, fast_forward
from somalink.pipeline.hub import Hub, Prompted
from somalink.pipeline.live import replay_live
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore

pytestmark = pytest.mark.slow
CONSTANTS = Constants()


class NoWait:
    def now_ns(self) -> int:
        return 0

    async def sleep_until(self, t_ns: int) -> None:
        await asyncio.sleep(0)


class Enough(Exception):
    """The moment that was waited for is over."""


def lived_on(store: LocalStore, life, minutes: int) -> list[object]:
    """What a watcher hears while it goes on for so long."""
    hub, heard = Hub(), []

    def reached(t_ns: int) -> None:
        if t_ns > life.until_ns + minutes * MINUTE_NS:
            raise Enough

    async def scene() -> None:
        async def listen() -> None:
            heard.extend([message async for message in hub.subscribe()])

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0)
        with pytest.raises(Enough):
            await replay_live(store, life.intake, Mode(), CONSTANTS, 1.0, clock=NoWait(), hub=hub, reached=reached)
        hub.close()
        await listening

    asyncio.run(scene())
    return heard


def test_the_page_opens_on_a_week_with_tags_and_links_and_is_asked_soon_after_by_its_own_beats(tmp_path: Path):
    with LocalStore.open(tmp_path / "live.db") as store:
        intake = begin(store, seed=1, days=7, today=date(2026, 3, 20), tz="Europe/Berlin")
        life = fast_forward(store, intake, CONSTANTS)
        assert max(event.t_ns for event in store.events(PERSON)) <= life.until_ns
        assert store.links(PERSON)
        assert any(found.episode.kind == "spike" for found in store.device_episodes(PERSON))
        before = {row.id for row in store.prompts(PERSON)}
        heard = lived_on(store, life, minutes=4)
        asked = [row for row in store.prompts(PERSON) if row.eligible and row.id not in before]
        assert [abs(row.t_ns - life.until_ns - LEAD_NS) < MINUTE_NS for row in asked] == [True]
        assert any(isinstance(message, Prompted) for message in heard)


def test_what_was_lived_already_is_gone_on_with_and_not_lived_again(tmp_path: Path):
    with LocalStore.open(tmp_path / "live.db") as store:
        first = fast_forward(store, begin(store, seed=1, days=2, today=date(2026, 3, 20), tz="Europe/Berlin"), CONSTANTS)
        again = fast_forward(store, begin(store, seed=1, days=2, today=date(2026, 4, 1), tz="Europe/Berlin"), CONSTANTS)
        assert abs(again.until_ns - first.until_ns) < MINUTE_NS
        assert not again.asks
        newest = store.latest_snapshot(again.intake.unit, store.current_analysis(PERSON))
        assert again.until_ns - newest[0] < MINUTE_NS, "it goes on from where it was, not from minutes before"
        assert len(store.recordings(PERSON)) == 1
