"""A page without a network: door, interface, guests and desk over a store of two people, asked byte by byte as a browser would."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dashboards.live.app import Place, application
from dashboards.live.door import Door
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Beats, Gate, Grid, UtcOffset
from somalink.pipeline.desk import StoreDesk
from somalink.pipeline.guests import Guests
from somalink.pipeline.hub import Hub
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow

T0 = 1_772_442_000 * SECOND_NS
"""2026-03-02, nine in the morning of UTC and ten in Berlin."""
HOST = "127.0.0.1:8765"
ORIGIN = f"http://{HOST}"
ANALYSIS = "a1"
ADA, BEN = Unit("ada", "strap", "rec1", "B"), Unit("ben", "watch", "rec2", "D")
UUID = "00000000-0000-4000-8000-{:012d}"


def uuid(number: int) -> str:
    return UUID.format(number)


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name.lower()), "")

    @property
    def cookie(self) -> str:
        """What the browser sends back."""
        return self.header("set-cookie").partition(";")[0]


@dataclass
class Browser:
    """Asks an ASGI application. Writes carry what our own page sends with them; `headers` in a call replace those, None takes one away."""

    app: Any
    cookie: str = ""
    address: str = "127.0.0.1"
    headers: dict[str, str | None] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> Said:
        return self.ask("GET", path, **more)

    def post(self, path: str, form: Any = None, **more: Any) -> Said:
        return self.ask("POST", path, form, **more)

    def put(self, path: str, form: Any = None, **more: Any) -> Said:
        return self.ask("PUT", path, form, **more)

    def delete(self, path: str, **more: Any) -> Said:
        return self.ask("DELETE", path, **more)

    def ask(self, method: str, path: str, form: Any = None, **more: Any) -> Said:
        return asyncio.run(self.asked(method, path, form, **more))

    async def asked(
        self,
        method: str,
        path: str,
        form: Any = None,
        *,
        headers: dict[str, str | None] | None = None,
        parts: Sequence[bytes] | None = None,
        every_s: float = 0.0,
        ends: bool = True,
    ) -> Said:
        """One request; `parts`: its body in pieces, `every_s` apart, of which no length is told; `ends`: whether the last one is the last."""
        told = parts if parts is not None else [json.dumps(form).encode()] if form is not None else [b""]
        given = [*told]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(every_s)
            if not given:
                await asyncio.Event().wait()
            part = given.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(given) or not ends}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        length = None if parts is not None else str(len(told[0]))
        await self.app(self.scope(method, path, headers or {}, length), receive, send)
        return said(sent)

    @asynccontextmanager
    async def listening(self, path: str, *, headers: dict[str, str | None] | None = None) -> AsyncIterator["Stream"]:
        """An event stream, open for the block."""
        stream = Stream()

        async def receive() -> dict[str, Any]:
            if not stream.asked:
                stream.asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await stream.left.wait()
            return {"type": "http.disconnect"}

        stream.task = asyncio.ensure_future(self.app(self.scope("GET", path, headers or {}, None), receive, stream.send))
        try:
            yield stream
        finally:
            stream.left.set()
            await asyncio.wait_for(stream.task, 5)

    def scope(self, method: str, path: str, headers: dict[str, str | None], length: str | None) -> dict[str, Any]:
        path, _, query = path.partition("?")
        own: dict[str, str | None] = {"host": HOST, "cookie": self.cookie or None, "content-length": length}
        if method not in ("GET", "HEAD", "OPTIONS"):
            own |= {"origin": ORIGIN, "x-somalink": "1", "sec-fetch-site": "same-origin", "content-type": "application/json"}
        every = own | self.headers | headers
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in every.items() if value is not None],
            "client": (self.address, 50_000),
            "server": ("127.0.0.1", 8765),
        }


def said(sent: Iterable[dict[str, Any]]) -> Said:
    """What a browser makes of messages: one answer, and no more than one."""
    started = [message for message in sent if message["type"] == "http.response.start"]
    assert len(started) == 1, started
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Said(started[0]["status"], [(name.decode(), value.decode()) for name, value in started[0]["headers"]], body)


class Stream:
    """Server-sent events as they come."""

    def __init__(self) -> None:
        self.asked = False
        self.left = asyncio.Event()
        self.ended = asyncio.Event()
        self.status: int | None = None
        self.raw: asyncio.Queue[str] = asyncio.Queue()
        self.task: asyncio.Future[None]

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif body := message.get("body", b""):
            for block in body.decode().split("\n\n")[:-1]:
                self.raw.put_nowait(block)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.ended.set()

    async def next(self, name: str = "", *, within_s: float = 5.0) -> dict[str, Any]:
        """The next event, of this name if one is given: `name`, `data`, `id`. Comments are `alive`."""
        async with asyncio.timeout(within_s):
            while True:
                found = read_event(await self.raw.get())
                if found["name"] != "retry" and name in ("", found["name"]):
                    return found

    async def begun(self) -> None:
        """Until the server follows what happens."""
        async with asyncio.timeout(5):
            await self.raw.get()
            await asyncio.sleep(0.05)

    @property
    def waiting(self) -> int:
        return self.raw.qsize()


def read_event(block: str) -> dict[str, Any]:
    if block.startswith(":"):
        return {"name": "alive", "data": {}, "id": None}
    lines = dict(line.split(": ", 1) for line in block.splitlines())
    if "retry" in lines:
        return {"name": "retry", "data": {}, "id": None}
    return {"name": lines["event"], "data": json.loads(lines["data"]), "id": int(lines["id"]) if "id" in lines else None}


@dataclass
class House:
    """A store with its page. `now_ns` is the time of day, the guests' too, unless `wall_ns` says another."""

    store: LocalStore
    now_ns: int = T0 + 2 * HOUR_NS
    place: Place = field(default_factory=lambda: Place(frozenset({HOST, "localhost:8765"}), lan=True, address="http://192.168.1.5:8765"))
    hub: Hub = field(default_factory=Hub)
    tz: str = "Europe/Berlin"

    def __post_init__(self) -> None:
        self.guests = Guests(self.store, lambda: self.now_ns)
        self.desk = StoreDesk(self.store, self.hub, Constants(), lambda: self.now_ns, self.tz, self.hub.publish)
        self.app: Door = application(self.desk, self.guests, self.place)

    def stranger(self, **more: Any) -> Browser:
        return Browser(self.app, **more)

    def browser(self, person: str = "ada", *, here: bool = True, name: str = "", **more: Any) -> Browser:
        """One that has joined as this person."""
        browser = self.stranger(**more)
        joined = browser.post("/api/v1/join", {"token": self.guests.invite(person, here=here).token, "name": name})
        assert joined.status == 204, joined.body
        browser.cookie = joined.cookie
        return browser


def house_in(folder: Path, **more: Any) -> House:
    """Ada's two hours in the morning with a hole of ten minutes, and Ben, who only just began."""
    (folder / "store.db").write_bytes(_two_hours())
    (folder / "store.db").chmod(0o600)
    return House(LocalStore.open(folder / "store.db"), now_ns=T0 + 2 * HOUR_NS, **more)


@cache
def _two_hours() -> bytes:
    """The file that holds them, made once."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        with LocalStore.open(file) as store:
            wore(store, ADA, rows(720, start_ns=T0))
            wore(store, ADA, rows(600, start_ns=T0 + 70 * MINUTE_NS))
            wore(store, BEN, rows(12, start_ns=T0 + HOUR_NS, hr=99_000))
        return file.read_bytes()


def rows(points: int, *, start_ns: int = T0, **columns: object) -> Grid:
    """Grid points of somebody who sits still: good signal, about the usual. Any column as a number or an array."""
    table = {f.name: np.zeros(points, np.int64) for f in fields(Grid)}
    table["stop_ns"] = start_ns + GRID_NS * np.arange(1, points + 1)
    plain = {"hr": 72_000, "hr_q": 9_500, "gate": Gate.STILL, "z": 2_000, "se": 4_000, "maturity": 100, "motion_conf": 80}
    table |= {name: np.broadcast_to(np.asarray(value, np.int64), points).copy() for name, value in {**plain, **columns}.items()}
    return Grid(**table)


def wore(store: LocalStore, unit: Unit, grid: Grid, *, offset_s: int = 3600) -> None:
    """These points are FINAL, and a beat a second was heard meanwhile."""
    start_ns, stop_ns = int(grid.stop_ns[0]) - GRID_NS, int(grid.stop_ns[-1])
    t_ns = np.arange(start_ns, stop_ns, SECOND_NS)
    with store.transaction() as write:
        write.put_recording(unit, RecordingRow(start_ns, analysis=ANALYSIS, tz="Europe/Berlin"))
        write.put_utc_offsets(unit, [UtcOffset(start_ns, offset_s, "Europe/Berlin")])
        write.put_beats(unit, Beats(t_ns, np.full(len(t_ns), 1024), np.zeros(len(t_ns), np.int64), np.full(len(t_ns), start_ns)))
        write.put_grid(unit, ANALYSIS, grid)


def tag(number: int = 1, **said: Any) -> dict[str, Any]:
    """What the page sends of a moment."""
    return {"id": uuid(number), "kind": "conflict", "t_ns": str(T0 + 30 * MINUTE_NS), "made_at_ns": str(T0 + 31 * MINUTE_NS), **said}
