"""A page on a real address whose findings are made up (`reported`): everything else is the program's own, over a store of two hours."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from browser import CHOSEN
from house import T0, house_in

from dashboards.report.model import Report
from somalink.domain.constants import Constants
from somalink.domain.time import HOUR_NS
from somalink.domain.types import Setting
from somalink.pipeline.desk import StoreDesk
from somalink.pipeline.hub import Hub
from somalink.pipeline.serving import Address, Page, page_of
from somalink.storage.local import LocalStore

PERSON = "ada"
NOW_NS = T0 + 2 * HOUR_NS


@contextmanager
def served(folder: Path, report: Callable[[int], Report], **choices: str) -> Iterator[tuple[Page, LocalStore]]:
    """The page of `ada`, through the first days; `report(weeks)` gives her findings."""
    house_in(folder).store.close()
    with LocalStore.open(folder / "store.db") as store:
        with store.transaction() as write:
            for key, (table, value) in {**CHOSEN, **{key: ("settings", value) for key, value in choices.items()}}.items():
                put = write.put_setting if table == "settings" else write.put_profile
                put(Setting(PERSON, key, value, T0, 1))
        ready: queue.Queue[Page] = queue.Queue()
        ended: list[Callable[[], object]] = []

        async def serve() -> None:
            over = asyncio.Event()
            loop = asyncio.get_running_loop()
            ended.append(lambda: loop.call_soon_threadsafe(over.set))
            async with page_of(store, Hub(), Constants(), lambda: NOW_NS, "Europe/Berlin", Address(0), wall_ns=lambda: NOW_NS) as page:
                ready.put(page)
                await over.wait()

        def findings(_: StoreDesk, person: str, weeks: int) -> Report:
            return report(weeks)

        def paper(_: StoreDesk, person: str, weeks: int, format: str) -> bytes:
            return b"<!doctype html><title>report</title>" if format == "html" else b"%PDF-1.7"

        with patch.object(StoreDesk, "findings", findings), patch.object(StoreDesk, "report", paper):
            running = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
            running.start()
            try:
                yield ready.get(timeout=30), store
            finally:
                for end in ended:
                    end()
                running.join(30)
