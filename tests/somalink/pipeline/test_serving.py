"""The page on an address: on this computer alone unless its owner opens it, patient with the slow for a while, and gone when it is ended."""

import asyncio
import json
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from house import T0, house_in

from somalink.domain.constants import Constants
from somalink.domain.errors import UsageError
from somalink.pipeline import serving
from somalink.pipeline.hub import Changed, Hub
from somalink.pipeline.serving import (
    Address,
    Page,
    cookie_name,
    hosts,
    lan_address,
    listen,
    most_at_once,
    names,
    page_file,
    page_of,
    running_page,
    told_to_others,
)
from somalink.storage.local import LocalStore

Served = Callable[[Callable[[Page, Hub], Awaitable[Any]]], Any]


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    house_in(tmp_path).store.close()
    return tmp_path / "store.db"


@asynccontextmanager
async def page(store_file: Path, address: Address | None = None) -> AsyncIterator[tuple[Page, Hub]]:
    hub = Hub()
    with LocalStore.open(store_file) as store:
        async with page_of(store, hub, Constants(), lambda: T0, "Europe/Berlin", address or Address(0), wall_ns=lambda: T0) as served:
            yield served, hub


class Line:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, text: str) -> None:
        self.writer.write(text.replace("\n", "\r\n").encode())

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers["content-length"])) if "content-length" in headers else b""
        return int(first.split()[1]), headers, body

    async def ended(self, within_s: float = 5.0) -> bytes:
        """What still comes until the other side closes."""
        async with asyncio.timeout(within_s):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def line(served: Page) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


async def joined(served: Page, person: str = "ada") -> str:
    """The cookie of a browser that came with a link."""
    form = json.dumps({"token": served.link(person).partition("#")[2]})
    async with line(served) as to:
        to.say(f"POST /api/v1/join HTTP/1.1\nHost: {served.url[7:]}\nOrigin: {served.url}\nX-Somalink: 1\nContent-Type: application/json\n")
        to.say(f"Content-Length: {len(form)}\n\n{form}")
        status, headers, _ = await to.answer()
    assert status == 204
    return headers["set-cookie"].partition(";")[0]


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]


# ---------------------------------------------------------------- where


def test_a_page_is_for_this_computer_alone_unless_it_is_opened():
    with listen(Address(0)) as alone, listen(Address(0, lan=True)) as opened:
        assert alone.getsockname()[0] == "127.0.0.1" and opened.getsockname()[0] == "0.0.0.0"


def test_where_the_usual_port_is_taken_another_is_found(monkeypatch):
    with listen(Address(0)) as taken:
        monkeypatch.setattr(serving, "PORT", taken.getsockname()[1])
        with listen(Address()) as found:
            assert found.getsockname()[1] != serving.PORT


def test_a_port_that_was_asked_for_and_is_taken_is_said():
    with listen(Address(0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} cannot be had") as refused:
            listen(Address(port))
    assert "--port" in refused.value.next_step


def test_a_browser_may_name_this_computer_and_nothing_else():
    assert hosts(8765, lan=False) == {"localhost:8765", "127.0.0.1:8765"}
    opened = hosts(8765, lan=True)
    assert f"{lan_address()}:8765" in opened and all(each.endswith(":8765") for each in opened)
    assert hosts(443, lan=False) == {"localhost", "127.0.0.1", "localhost:443", "127.0.0.1:443"}


def test_a_computer_with_a_strange_name_is_known_by_its_address(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "Küche.example.org")
    assert names(lan=True) == ["localhost", "127.0.0.1", lan_address()] or lan_address() == "127.0.0.1"
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen.example.org")
    assert {"kitchen", "kitchen.local"} <= set(names(lan=True)) and "kitchen.example.org" not in names(lan=True)


def test_two_stores_on_one_computer_do_not_take_each_others_cookies(tmp_path):
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    assert cookie_name(one, secure=False) != cookie_name(other, secure=False)
    assert cookie_name(one, secure=True).startswith("__Host-") and cookie_name(one, secure=False) == cookie_name(tmp_path / "." / "one.db", secure=False)


# ---------------------------------------------------------------- told to others


def test_other_programs_of_the_same_owner_find_the_page_and_nobody_else_reads_where(store_file):
    async def scene() -> None:
        async with page(store_file) as (served, _):
            beside = page_file(store_file)
            assert stat.S_IMODE(beside.stat().st_mode) == 0o600 or os.name == "nt"
            assert await asyncio.to_thread(running_page, store_file) == served.url
        assert not beside.exists() and running_page(store_file) == ""

    run(scene)


def test_what_a_killed_program_left_behind_leads_nowhere(store_file):
    with listen(Address(0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    page_file(store_file).write_text(json.dumps({"url": url, "pid": os.getpid()}))
    assert running_page(store_file) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": 5}', '{"url": "http://127.0.0.1:99999"}', '{"url": "x"}'])
def test_what_is_no_word_of_a_page_is_passed_over(store_file, text):
    page_file(store_file).write_text(text)
    assert running_page(store_file) == ""


def test_a_page_that_ends_does_not_take_away_the_word_of_one_that_began_later(store_file):
    with told_to_others(store_file, "http://127.0.0.1:1"):
        with told_to_others(store_file, "http://127.0.0.1:2"):
            pass
        assert not page_file(store_file).exists()
    with told_to_others(store_file, "http://127.0.0.1:1"):
        later = told_to_others(store_file, "http://127.0.0.1:2")
        later.__enter__()
    assert json.loads(page_file(store_file).read_text())["url"] == "http://127.0.0.1:2"
    later.__exit__(None, None, None)


# ---------------------------------------------------------------- over the wire


def test_a_link_opens_the_page_and_the_page_tells_what_happens(store_file, caplog):
    async def scene() -> None:
        async with page(store_file) as (served, hub):
            cookie = await joined(served)
            async with line(served) as to:
                to.say(f"GET /api/v1/status HTTP/1.1\nHost: {served.url[7:]}\nCookie: {cookie}\n\n")
                status, headers, body = await to.answer()
                assert (status, json.loads(body)["person"]) == (200, "ada")
                assert "server" not in headers and headers["cache-control"] == "no-store"
                to.say(f"GET /api/v1/stream HTTP/1.1\nHost: {served.url[7:]}\nCookie: {cookie}\n\n")
                assert (await to.answer())[1]["content-type"].startswith("text/event-stream")
                await to.reader.readuntil(b"retry: 2000\n\n")
                await asyncio.sleep(0.1)
                hub.publish(Changed(99, "ada"))
                assert b"id: 99\nevent: changed" in await to.reader.readuntil(b"data: {}\n\n")

    with caplog.at_level(logging.DEBUG):
        run(scene)
    assert not [record for record in caplog.records if record.name != "asyncio"]


def test_open_streams_are_told_first_so_that_the_end_is_quick(store_file, capfd):
    async def scene() -> None:
        async with page(store_file) as (served, _), line(served) as to:
            cookie = await joined(served)
            to.say(f"GET /api/v1/stream HTTP/1.1\nHost: {served.url[7:]}\nCookie: {cookie}\n\n")
            await to.answer()
            await to.reader.readuntil(b"retry: 2000\n\n")
            await asyncio.sleep(0.1)
            begun = asyncio.get_running_loop().time()
            nonlocal ended_s
            ended_s = -begun
        ended_s += asyncio.get_running_loop().time()

    ended_s = 0.0
    run(scene)
    assert ended_s < serving.END_S and capfd.readouterr().err == ""


def test_who_never_reads_does_not_keep_the_program_from_ending(store_file, capfd, monkeypatch):
    monkeypatch.setattr(serving, "END_S", 0.3)

    async def scene() -> None:
        async with page(store_file) as (served, hub), line(served) as to:
            cookie = await joined(served)
            to.writer.transport.pause_reading()  # type: ignore[attr-defined]
            to.say(f"GET /api/v1/stream HTTP/1.1\nHost: {served.url[7:]}\nCookie: {cookie}\n\n")
            await asyncio.sleep(0.2)
            for _ in range(20):
                for change in range(256):
                    hub.publish(Changed(change, "ada"))
                await asyncio.sleep(0.01)

    run(lambda: asyncio.wait_for(scene(), 20))
    assert capfd.readouterr().err == ""


def test_a_connection_that_does_not_say_what_it_wants_is_not_kept(store_file, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_S", 0.3)

    async def scene() -> None:
        async with page(store_file) as (served, _), line(served) as silent, line(served) as slow, line(served) as patient:
            slow.say(f"GET / HTTP/1.1\nHost: {served.url[7:]}\nX-Slow: ")
            cookie = await joined(served)
            patient.say(f"GET /api/v1/stream HTTP/1.1\nHost: {served.url[7:]}\nCookie: {cookie}\n\n")
            await patient.answer()
            assert await silent.ended() == b"" and await slow.ended() == b""
            await asyncio.sleep(0.4)
            assert not patient.reader.at_eof(), "a stream may be open for days"

    run(scene)


def test_a_connection_that_asks_again_is_kept_between(store_file, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_S", 0.5)

    async def scene() -> None:
        async with page(store_file) as (served, _), line(served) as to:
            for _ in range(3):
                to.say(f"GET /texts/en.json HTTP/1.1\nHost: {served.url[7:]}\n\n")
                assert (await to.answer())[0] == 200
                await asyncio.sleep(0.3)

    run(scene)


@pytest.mark.parametrize(
    "said",
    [
        "GARBAGE\n\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\nHost: a\nHost: b\n\n",
        "GET / HTTP/9.9\nHost: a\n\n",
        f"GET / HTTP/1.1\nHost: a\nX: {'x' * 200_000}\n\n",
        "POST /api/v1/events HTTP/1.1\nHost: a\nContent-Length: 5\nTransfer-Encoding: chunked\n\n",
        "POST /api/v1/events HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\nZZ\n",
        "\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_request_is_refused_without_a_word_in_any_log(store_file, said, caplog, capfd):
    async def scene() -> None:
        async with page(store_file) as (served, _), line(served) as to:
            to.say(said)
            to.writer.write_eof()
            told = await to.ended()
            assert not told or told.startswith((b"HTTP/1.1 400", b"HTTP/1.1 421", b"HTTP/1.1 431"))

    run(scene)
    assert capfd.readouterr().err == "" and not [record for record in caplog.records if record.name != "asyncio"]


def test_one_address_of_the_network_does_not_take_all_there_is(store_file, monkeypatch):
    monkeypatch.setattr(serving, "most_at_once", lambda: 5)

    async def scene() -> None:
        async with page(store_file) as (served, _):
            port = int(served.url.rpartition(":")[2])
            lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(12)]
            await asyncio.sleep(0.2)
            assert sum(reader.at_eof() or reader.exception() is not None for reader, _ in lines) >= 7
            for _, writer in lines:
                writer.close()

    run(scene)


def test_the_radio_and_the_store_keep_half_of_all_handles():
    assert 64 <= most_at_once() <= serving.MOST_AT_ONCE


def test_a_browser_cannot_say_that_it_comes_from_elsewhere(store_file):
    """Or every guess of a token would be the first of a new address."""

    async def scene() -> None:
        async with page(store_file) as (served, _), line(served) as to:
            told = []
            for number in range(12):
                to.say(f"POST /api/v1/join HTTP/1.1\nHost: {served.url[7:]}\nOrigin: {served.url}\nX-Somalink: 1\nX-Forwarded-For: 10.0.0.{number}\n")
                to.say('Content-Type: application/json\nContent-Length: 13\n\n{"token":"x"}')
                status, headers, _ = await to.answer()
                told.append(status)
                if headers.get("connection") == "close":
                    break
            assert told == [401] * 10 + [429]

    run(scene)
