"""A strap held by the real supervisor in one of the two worlds, and everything it said."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from worlds import World, until

from ingest.ble import notes
from ingest.ble.stamps import Stamp
from ingest.ble.states import LinkState, State
from ingest.ble.supervisor import Supervisor
from ingest.straps.heart_rate import CHARACTERISTIC as HEART_RATE


@dataclass
class Heard:
    """A sink that remembers: heart rate payloads with their boot times, rows of the device's own service by characteristic, notes of the link,
    states, and what the strap said of itself."""

    payloads: list[tuple[int, bytes]] = field(default_factory=list)
    own: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    supervisor: Supervisor | None = None

    def row(self, connection: int, characteristic: str, payload: bytes, stamp: Stamp) -> None:
        if characteristic == notes.CHARACTERISTIC:
            self.notes.append(payload.decode())
        elif characteristic == HEART_RATE:
            self.payloads.append((stamp.t_mono_ns, payload))
        else:
            self.own[characteristic].append((stamp.t_mono_ns, payload))

    def state(self, state: LinkState) -> None:
        self.states.append(state)

    def about(self, fields: Mapping[str, Any], stamp: Stamp) -> None:
        self.said.update(fields)

    @property
    def now(self) -> State:
        return self.states[-1].state

    def seen(self) -> list[str]:
        return [state.state.value for state in self.states]


@contextlib.asynccontextmanager
async def held(world: World) -> AsyncIterator[Heard]:
    """The world's strap, held and streaming."""
    heard = Heard()
    async with world.radio() as radio:
        supervisor = Supervisor(world.wanted, radio, heard, world.stamps, world.patience, world.dice)
        heard.supervisor = supervisor
        holding = asyncio.ensure_future(supervisor.run())
        try:
            await until(lambda: len(heard.payloads) >= 3, 60, f"the first notifications; states {heard.seen()}")
            yield heard
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)


async def streams_again(heard: Heard, seconds: float = 40) -> float:
    """Waits for two more notifications from now on; seconds to the first."""
    count = len(heard.payloads)
    took = await until(lambda: len(heard.payloads) > count, seconds, f"a notification; states {heard.seen()}")
    await until(lambda: len(heard.payloads) > count + 1, 10, "a second notification")
    assert heard.now is State.STREAMING
    return took
