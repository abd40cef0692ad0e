"""What the page asks of the rest, as doors that `somalink.pipeline` fills: a desk that knows people's records, and a doorkeeper that knows
who has joined. The page itself knows no store and no engine.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dashboards.live import shapes
from dashboards.report.model import Report
from somalink.domain.errors import SomalinkError
from somalink.domain.types import Answer, Event, Plan, Rating, Session


@dataclass(frozen=True, slots=True)
class Guest:
    """A browser that has joined: whose page it shows, its id among that person's devices, and whether it runs on this computer."""

    person: str
    device: str
    here: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """A token that lets one browser in, once, until `until_ns`."""

    token: str
    until_ns: int


class Doorkeeper(Protocol):
    """Who may come in. Secrets are kept hashed; what has been taken back stays out."""

    def invite(self, person: str) -> Invitation: ...

    def join(self, token: str, name: str) -> str | None:
        """The cookie of a browser that comes with a token, whose token is then used up; None for one that is not, or no longer, good."""
        ...

    def known(self, cookie: str) -> Guest | None: ...

    def stays(self, guest: Guest) -> bool:
        """Whether this one has not been taken back since."""
        ...

    def devices(self, person: str) -> Sequence[shapes.Device]: ...

    def forget(self, person: str, device: str) -> bool: ...


class Missing(SomalinkError):
    """There is nothing of this name here: whether another person has it is not said."""


class Taken(SomalinkError):
    """A new thing under a name that cannot be used."""


class Withheld(SomalinkError):
    """What the person has chosen not to share."""


class Conflict(Exception):
    """An edit that did not know the newest revision, and touched what that one changed."""

    def __init__(self, current: Event) -> None:
        super().__init__(current.id)
        self.current = current


class Desk(Protocol):
    """A person's records, read and written. Blocking: called beside the loop. Times are ns, [start, stop)."""

    def now_ns(self) -> int: ...

    def status(self, person: str) -> shapes.Status: ...

    def indices(self, person: str, start_ns: int, stop_ns: int, step_s: int) -> shapes.Indices: ...

    def episodes(self, person: str, start_ns: int, stop_ns: int) -> shapes.Episodes: ...

    def events(self, person: str, start_ns: int, stop_ns: int) -> list[Event]: ...

    def event(self, person: str, id: str) -> Event | None: ...

    def tag(self, event: Event) -> bool:
        """Keeps a new tag; False when this one is known already. Conflict when its id says something else here, Taken when elsewhere."""
        ...

    def edit(self, person: str, id: str, revision: int, made_at_ns: int, changed: Mapping[str, Any]) -> Event:
        """The next revision. Missing where there is none of this person's; Conflict as said there."""
        ...

    def ratings(self, person: str, start_ns: int, stop_ns: int) -> list[Rating]: ...

    def rate(self, rating: Rating) -> bool: ...

    def sessions(self, person: str, start_ns: int, stop_ns: int) -> list[Session]: ...

    def did(self, session: Session) -> bool: ...

    def plans(self, person: str) -> list[Plan]: ...

    def plan(self, plan: Plan) -> bool: ...

    def prompts(self, person: str, start_ns: int, stop_ns: int) -> list[shapes.Asked]: ...

    def open_prompt(self, person: str) -> shapes.Open | None: ...

    def answer(self, answer: Answer) -> shapes.Open | None: ...

    def choices(self, person: str) -> dict[str, str]: ...

    def choose(self, person: str, choices: Mapping[str, str]) -> dict[str, str]: ...

    def upright(self, person: str) -> shapes.Upright: ...

    def stand(self, person: str) -> shapes.Stood:
        """Takes the last ten seconds of the chest sensor that is recorded just now for standing upright, where they can be."""
        ...

    def days(self, person: str, n: int) -> list[shapes.Day]: ...

    def findings(self, person: str, weeks: int) -> Report:
        """What the last weeks come to, today with them, for the person's own eyes. May take seconds, once; then it is remembered."""
        ...

    def far(self, person: str) -> float | None:
        """How much of what findings take is done, as a share of 1, while they are being made; else None."""
        ...

    def report(self, person: str, weeks: int, format: str) -> bytes:
        """The same on paper (`html`, `pdf`), with no more in it than the person has chosen to share; Withheld where that is nothing."""
        ...

    def stream(self, person: str, *, after: int | None) -> AsyncGenerator[shapes.Told]:
        """What happens to this person's records from now on; first one `changed` where something was written since `after`."""
        ...

    def breath(self, person: str, rate: float, in_s: float | None, ex_s: float | None, start_ns: int) -> AsyncGenerator[shapes.Told]:
        """Beats as they are heard and, every five seconds, how far they swing with a pacer of this pace that began at `start_ns`."""
        ...
