"""What a strap's link can be doing, as a small table, in the words a wearer reads. Knows words; knows nothing of radios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """One of these holds for every strap at every moment of `somalink run`."""

    LOOKING = "looking"
    CONNECTING = "connecting"
    STREAMING = "streaming"
    NO_CONTACT = "no_contact"
    UNREADABLE = "unreadable"
    SILENT = "silent"
    LOST = "lost"
    AWAY = "away"
    RADIO_OFF = "radio_off"
    RADIO_TROUBLE = "radio_trouble"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state says to the wearer, and what helps."""

    words: str
    help: str = ""


MEANINGS: Mapping[State, Meaning] = {
    State.LOOKING: Meaning("looking for it", "put it on, moistened; it answers only when it is worn"),
    State.CONNECTING: Meaning("found it, connecting"),
    State.STREAMING: Meaning("connected, heartbeats arrive"),
    State.NO_CONTACT: Meaning("connected, but it does not feel your skin", "moisten the electrodes and pull the strap a little tighter"),
    State.UNREADABLE: Meaning(
        "connected, but what it sends cannot be read", "take it off, and put it on again after a minute; if it stays so, another strap is needed"
    ),
    State.SILENT: Meaning("nothing came for a while; connecting anew"),
    State.LOST: Meaning("the link is lost; looking for it again", "come back into reach; nothing that was recorded is lost"),
    State.AWAY: Meaning("not heard for a while: strap off, or out of reach?", "nothing to do if you took it off; it is found again when you wear it"),
    State.RADIO_OFF: Meaning("this computer's Bluetooth is not available", "switch Bluetooth on; recording goes on by itself"),
    State.RADIO_TROUBLE: Meaning(
        "this computer's Bluetooth has trouble; trying again", "nothing, mostly: it comes back by itself; if it stays so, `somalink doctor` says what to do"
    ),
    State.STOPPED: Meaning("not recording", "start it with `somalink run`"),
}


@dataclass(frozen=True, slots=True)
class LinkState:
    """The state of one strap's link since `since_ns` (UTC), and why, as a gap reason or the name of a trouble."""

    state: State
    since_ns: int
    reason: str = ""

    @property
    def words(self) -> str:
        return MEANINGS[self.state].words

    @property
    def help(self) -> str:
        return MEANINGS[self.state].help
