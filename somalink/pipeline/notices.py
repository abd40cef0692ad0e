"""Notices that leave the page: one neutral sentence when a question opens, on this computer's desktop or by ntfy to a phone.

Knows how to say one sentence elsewhere and whether the person agreed to that. Never says a value, a name, a reason or a time; says nothing
while a page shows the question. What ntfy carries leaves the house: both ways are off until they are switched on and consented to.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException

from somalink.domain.choices import YES, chosen
from somalink.domain.errors import SomalinkError
from somalink.pipeline.hub import Hub, Prompted, Setback
from somalink.pipeline.prompting import open_prompt
from somalink.storage.local import LocalStore

SENTENCE = "A moment to check in. Anything going on?"
"""The same for a rise and a random time, for a question asked at once and one that asks about movement first."""
PATIENCE_S = 10.0
"""A server that takes longer is told nothing: the question itself is open for ten minutes."""
ASKING = ("prompt", "asked")
DESKTOP = {
    "linux": ("notify-send", "--app-name=somalink", "--expire-time=600000", SENTENCE),
    "darwin": ("osascript", "-e", f'display notification "{SENTENCE}" with title "somalink"'),
}
"""What each system brings with it: no library is needed for one sentence (docs/decisions/0020)."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a notice goes out; neither, until somebody switched it on."""

    desktop: bool = False
    ntfy_url: str = ""

    @property
    def any(self) -> bool:
        return self.desktop or bool(self.ntfy_url)


class NoticeFailed(SomalinkError):
    """A notice did not go out."""


async def follow(hub: Hub, store: LocalStore, ways: Ways, now_ns: Callable[[], int]) -> None:
    """Sends a notice for every question that opens, until the hub closes. One that does not go out is told and not tried again."""
    watcher = hub.subscribe(values=False)
    told: set[str] = set()
    try:
        async for message in watcher:
            if not isinstance(message, Prompted):
                continue
            try:
                row_id = await asyncio.to_thread(notify, store, message.person, ways, now_ns(), told=frozenset(told))
            except NoticeFailed as failed:
                hub.publish(Setback(message.person, "", failed.what, failed.next_step))
                continue
            told |= {row_id} - {""}
    finally:
        hub.leave(watcher)


def notify(store: LocalStore, person: str, ways: Ways, now_ns: int, *, told: frozenset[str] = frozenset()) -> str:
    """Sends the sentence where a question is open that was not told of, no page shows it, and the person agreed; gives its id, else nothing."""
    found = open_prompt(store, person, now_ns)
    if found is None or found.screen not in ASKING or found.id in told or not agreed(store, person, now_ns):
        return ""
    row = store.prompt(found.id)
    if row is None or row.shown_ns is not None:
        return ""
    if ways.desktop:
        on_desktop()
    if ways.ntfy_url:
        by_ntfy(ways.ntfy_url)
    return found.id


def agreed(store: LocalStore, person: str, now_ns: int) -> bool:
    """Whether the person said yes to notices on other devices."""
    return chosen(store.profile(person), now_ns)["consent_notices"] == YES


def on_desktop() -> None:
    """Shows the sentence on this computer."""
    command = DESKTOP.get(sys.platform)
    program = None if command is None else shutil.which(command[0])
    if command is None or program is None:
        raise NoticeFailed("this system shows no notices", next_step="use ntfy, or keep the page open; on Linux, libnotify brings notify-send")
    try:
        subprocess.run([program, *command[1:]], check=True, capture_output=True, timeout=PATIENCE_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoticeFailed("a notice could not be shown on this computer", next_step="look whether its desktop shows notices of other programs") from error


def by_ntfy(url: str) -> None:
    """One POST of the sentence, and nothing else, to a topic of an ntfy server."""
    request = urllib.request.Request(url, data=SENTENCE.encode(), method="POST", headers={"Content-Type": "text/plain; charset=utf-8"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            pass
    except (OSError, HTTPException, ValueError) as error:
        raise NoticeFailed(
            "a notice could not be sent by ntfy", next_step="look whether ntfy_url is the address of your topic, and whether its server answers"
        ) from error
