"""A question opens while a recording is live: from beats to the hub, without waiting for the episode to end."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from lived import CONSTANTS

from ingest.simulate import SimulatedSource
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Setting
from somalink.pipeline.hub import Hub, Prompted
from somalink.pipeline.intake import from_simulation
from somalink.pipeline.live import Live, paced
from somalink.pipeline.person import settle_person
from somalink.pipeline.prompting import open_prompt
from somalink.pipeline.run import RECORDING, Mode, Run, run_archive
from somalink.storage.local import LocalStore

START_NS = 1_772_352_000 * SECOND_NS + 8 * HOUR_NS


class NoWait:
    """A clock that is always where it was asked to be."""

    t_ns = 0

    def now_ns(self) -> int:
        return self.t_ns

    async def sleep_until(self, t_ns: int) -> None:
        self.t_ns = max(self.t_ns, t_ns)
        await asyncio.sleep(0)


def agreed(file: Path) -> LocalStore:
    store = LocalStore.open(file)
    store.person_secret("ada", given="same")
    with store.transaction() as write:
        write.put_profile(Setting("ada", "consent_measure", "yes", 0))
        for key, value in (("introduced", "yes"), ("prompt_mode", "eager"), ("prompt_cap", "4")):
            write.put_setting(Setting("ada", key, value, 0))
    return store


@pytest.mark.slow
def test_questions_open_and_end_in_a_live_run_and_are_those_of_a_replay(tmp_path):
    source = SimulatedSource("ada", START_NS, 1, 3)
    intake = replace(from_simulation(source), prompts=(), answers=(), ratings=())
    opened: list[tuple[str, int]] = []
    with agreed(tmp_path / "live.db") as live, agreed(tmp_path / "whole.db") as whole:
        run_archive(whole, intake, Mode(RECORDING), CONSTANTS)
        settle_person(whole, "ada", CONSTANTS)
        hub = Hub()
        watcher = hub.subscribe(100_000, values=False)

        async def scene() -> None:
            run = Run(live, intake, Mode(RECORDING), CONSTANTS)
            run.begin()
            following = Live(live, run, hub, CONSTANTS)

            async def watch() -> None:
                async for message in watcher:
                    if isinstance(message, Prompted):
                        found = open_prompt(live, "ada", following.promised_ns)
                        opened.append((found.screen, following.promised_ns - found.t_ns) if found else ("", 0))

            watching = asyncio.ensure_future(watch())
            await following.follow(paced(source.items(slice_s=15), clock=NoWait(), pace=1))
            hub.close()
            await watching

        asyncio.run(scene())
        rows = [replace(row, answer="", answered_ns=None) for row in live.prompts("ada")]
        assert rows == whole.prompts("ada")
        assert {row.trigger for row in rows} == {"arousal", "random"} and any(row.eligible for row in rows)
        seen = [screen for screen, _ in opened]
        assert {"asked" if row.reason else "prompt" for row in rows if row.eligible} <= {*seen}
        assert max(late for screen, late in opened if screen in ("prompt", "asked")) <= MINUTE_NS
