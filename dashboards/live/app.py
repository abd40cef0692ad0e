"""The page and its interface (contracts, section 11): forms in, shapes out, one stream. Knows HTTP; asks a `Desk` for everything else.

Served behind `door.Door`, which has put the guest into the request: whose page it is follows from that alone, never from what is sent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import AfterValidator
from starlette.exceptions import HTTPException

from dashboards.live import forms, shapes
from dashboards.live.door import BROKEN, COOKIE, Door
from dashboards.live.ports import Conflict, Desk, Doorkeeper, Guest, Missing, Taken, Withheld
from dashboards.report.model import Moment, Report
from somalink.domain.catalogue import OF_MOMENT
from somalink.domain.errors import SomalinkError, StoreError
from somalink.domain.types import Answer, Event, Plan, Rating, Session

STATIC = Path(__file__).parent / "static"
VIEWS = ("/", "/breathe", "/prompts", "/welcome", "/settings", "/join", "/weeks")
"""Addresses at which the one document is served; it finds out itself which view it is to show."""
LANGUAGES = ("en", "de")
KEEP_S = 400 * 86_400
"""As long as browsers keep a cookie; each visit begins it anew."""
MS = 1_000_000
EVER_MS = 2**62 // MS
DAY_MS = 86_400_000
LONGEST_DAYS = 400
MOST_POINTS = 130_000
"""A week at full resolution, three months by the minute: 20 MB, half a second."""
ALIVE_S = 15
"""How often an idle stream says that it lives: a phone's network drops silent connections after a minute or so."""

T = TypeVar("T")
Ms = Annotated[int, Query(ge=0, le=EVER_MS)]
Rate = Annotated[float, Query(ge=4, le=12)]
Part = Annotated[float | None, Query(ge=1, le=12)]
Weeks = Annotated[int, AfterValidator(forms.weeks), Query(json_schema_extra={"enum": list(forms.WEEKS)})]
Paper = Annotated[str, Query(pattern="^(html|pdf)$")]
PAPERS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


class Words(forms.Form):
    """What could not be done, and what would help."""

    what: str
    next_step: str = ""


class StaleEvent(Words):
    """An edit that did not know the newest revision: what is stored now."""

    current: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is served: under which Hosts, over TLS or not, for the local network or this computer alone."""

    hosts: frozenset[str]
    secure: bool = False
    lan: bool = False
    address: str = ""
    """With scheme and port, as a phone would open it."""
    cookie: str = COOKIE
    """What its cookie is called."""


def guest(request: Request) -> Guest:
    """Who asks; the door has let nobody in without."""
    found: Guest = request.state.guest
    return found


Who = Annotated[Guest, Depends(guest)]
REFUSED: dict[int | str, dict[str, Any]] = {code: {"model": Words} for code in (400, 401, 403, 404, 408, 413, 421, 422, 429, 500, 503)}


AGAIN: dict[int | str, dict[str, Any]] = {200: {"description": "Known already"}}


def application(desk: Desk, keeper: Doorkeeper, place: Place) -> Door:
    """The whole, door and all, as an ASGI application."""
    app = FastAPI(title="somalink", version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json", responses=REFUSED)
    _pages(app)
    _joining(app, keeper, place)
    _reading(app, desk, place)
    _finding(app, desk)
    _saying(app, desk)
    _streaming(app, desk, keeper)
    _errors(app)
    _published(app)
    return Door(app, keeper, place.hosts, place.secure, place.cookie, lambda: desk.now_ns() // MS)


def _pages(app: FastAPI) -> None:
    async def shell() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def worker() -> FileResponse:
        return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def texts(language: str) -> Response:
        if language not in LANGUAGES:
            raise HTTPException(404)
        return Response(_texts(language), media_type="application/json", headers={"Cache-Control": "no-cache"})

    for path in VIEWS:
        app.get(path, include_in_schema=False)(shell)
    app.get("/sw.js", include_in_schema=False)(worker)
    app.get("/texts/{language}.json", include_in_schema=False)(texts)
    app.mount("/static", _Parts(directory=STATIC), name="static")


class _Parts(StaticFiles):
    """Asked for anew each time, as a page of yesterday's parts would be broken; scripts under their one right name, whatever this system says."""

    def file_response(self, *args: Any, **named: Any) -> Response:
        answer = super().file_response(*args, **named)
        answer.headers["Cache-Control"] = "no-cache"
        if str(args[0]).endswith((".js", ".mjs")) and "content-type" in answer.headers:
            answer.headers["Content-Type"] = "text/javascript; charset=utf-8"
        return answer


@cache
def _texts(language: str) -> bytes:
    """One catalogue of a language's files."""
    merged: dict[str, str] = {}
    for file in sorted((STATIC / "texts" / language).glob("*.json")):
        merged |= json.loads(file.read_text("utf-8"))
    return json.dumps(merged, ensure_ascii=False).encode()


def _joining(app: FastAPI, keeper: Doorkeeper, place: Place) -> None:
    @app.post("/api/v1/join", status_code=204)
    def join(form: forms.Token, request: Request, response: Response) -> None:
        """Lets this browser in by a one-time token."""
        cookie = keeper.join(form.token, form.name or _browser(request))
        if cookie is None:
            raise Said(401, "this link was used already, or is too old", "ask for a new one where somalink runs")
        response.set_cookie(place.cookie, cookie, max_age=KEEP_S, path="/", secure=place.secure, httponly=True, samesite="strict")

    @app.get("/api/v1/devices")
    def devices(who: Who) -> list[dict[str, Any]]:
        """Browsers that have joined for this person."""
        return [{**asdict(each), "this": each.id == who.device} for each in keeper.devices(who.person)]

    @app.delete("/api/v1/devices/{id}", status_code=204)
    def forget(id: str, who: Who) -> None:
        """Takes a browser's entry back, at once."""
        if not keeper.forget(who.person, id):
            raise Said(404, "no such device has joined", "read the list again")

    @app.post("/api/v1/invite")
    def invite(who: Who) -> dict[str, Any]:
        """A link and its QR code for one more device of this person. Only for a page on this computer."""
        if not who.here:
            raise Said(403, "a code is shown on the computer that somalink runs on", "open the page there")
        if not place.lan:
            raise Said(403, "this page is open to this computer alone", "start somalink with --lan, and phones in your network can join")
        made = keeper.invite(who.person)
        url = f"{place.address}/join#{made.token}"
        return {"url": url, "svg": qr(url), "until_ms": made.until_ns // MS}


def _browser(request: Request) -> str:
    """A name for a device that gave none: its kind, as far as its browser says."""
    said = request.headers.get("user-agent", "")
    return next((name for word, name in _BROWSERS.items() if word in said), "browser")


_BROWSERS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android phone", "Windows": "Windows computer", "Macintosh": "Mac", "Linux": "Linux computer"}


def qr(url: str) -> str:
    """The QR code of an address as SVG, dark on light whatever the theme: cameras want it so."""
    import segno

    code: str = segno.make(url, error="m", micro=False).svg_inline(scale=6, border=4, dark="#000", light="#fff", omitsize=True)
    return code


def _reading(app: FastAPI, desk: Desk, place: Place) -> None:
    @app.get("/api/v1/status")
    def status(who: Who) -> shapes.Status:
        """Whose page it is, what the device does, today's cover, and how well the usual is known."""
        said = desk.status(who.person)
        return shapes.Status(**{**_fields(said), "lan": place.lan, "secure": place.secure, "here": who.here})

    @app.get("/api/v1/indices")
    def indices(who: Who, from_ms: Ms, to_ms: Ms, step: Annotated[int, Query(ge=5, le=3600)] = 60) -> shapes.Indices:
        """Arousal against usual, gate, quality and heart rate, one point a step."""
        start_ns, stop_ns = _span(from_ms, to_ms)
        if (to_ms - from_ms) // 1000 > step * MOST_POINTS:
            raise Said(422, f"more than {MOST_POINTS} points", "ask for a longer step, or for less at once")
        return desk.indices(who.person, start_ns, stop_ns, step)

    @app.get("/api/v1/episodes")
    def episodes(who: Who, from_ms: Ms, to_ms: Ms) -> shapes.Episodes:
        """Moments that stood out, what they may belong to, and how many chance alone would show."""
        return desk.episodes(who.person, *_span(from_ms, to_ms))

    @app.get("/api/v1/events")
    def events(who: Who, from_ms: Ms, to_ms: Ms) -> list[dict[str, Any]]:
        """Tags of a span in their newest revision; deleted ones are left out."""
        return [event_json(each) for each in desk.events(who.person, *_span(from_ms, to_ms))]

    @app.get("/api/v1/ratings")
    def ratings(who: Who, from_ms: Ms, to_ms: Ms) -> list[dict[str, Any]]:
        """Numbers given in a span."""
        return [_json(each) for each in desk.ratings(who.person, *_span(from_ms, to_ms))]

    @app.get("/api/v1/sessions")
    def sessions(who: Who, from_ms: Ms, to_ms: Ms) -> list[dict[str, Any]]:
        """Exercises that began in a span."""
        return [_json(each) for each in desk.sessions(who.person, *_span(from_ms, to_ms))]

    @app.get("/api/v1/plans")
    def plans(who: Who) -> list[dict[str, Any]]:
        """Steps that are planned, or were."""
        return [_json(each) for each in desk.plans(who.person)]

    @app.get("/api/v1/prompts")
    def prompts(who: Who, from_ms: Ms, to_ms: Ms) -> list[shapes.Asked]:
        """The ledger of a span, newest first: every decision to ask or not, with its reason."""
        return desk.prompts(who.person, *_span(from_ms, to_ms))

    @app.get("/api/v1/prompts/open")
    def open_prompt(who: Who) -> dict[str, shapes.Open | None]:
        """What is asked just now."""
        return {"prompt": desk.open_prompt(who.person)}

    @app.get("/api/v1/profile")
    def profile(who: Who) -> dict[str, dict[str, str]]:
        """Everything this person may choose, as it stands."""
        return {"choices": desk.choices(who.person)}

    @app.get("/api/v1/upright")
    def upright(who: Who) -> shapes.Upright:
        """Whether a chest sensor is recorded that can tell upright from lying, and whether it knows which way is up."""
        return desk.upright(who.person)

    @app.get("/api/v1/days")
    def days(who: Who, n: Annotated[int, Query(ge=1, le=LONGEST_DAYS)] = 35) -> list[shapes.Day]:
        """The last `n` local days at a glance, the newest last."""
        return desk.days(who.person, n)


def _finding(app: FastAPI, desk: Desk) -> None:
    """What may take seconds the first time: one at a time a person, beside the loop and beside the threads that all others are answered in."""
    turns: dict[str, asyncio.Lock] = {}

    async def in_turn(person: str, work: Callable[[], T]) -> T:
        async with turns.setdefault(person, asyncio.Lock()):
            return await asyncio.to_thread(work)

    @app.get("/api/v1/findings", response_model=Report)
    async def findings(who: Who, weeks: Weeks = 4) -> Response:
        """What moments of the last weeks come to, in the figures of the printed report. Matched moments are asked for a moment at a time."""
        return Response(await in_turn(who.person, lambda: _report_json(desk.findings(who.person, weeks))), media_type="application/json")

    @app.get("/api/v1/findings/progress")
    def progress(who: Who) -> dict[str, float | None]:
        """How far findings are that are being made just now, as a share of 1; null where none are."""
        return {"share": desk.far(who.person)}

    @app.get("/api/v1/findings/moments/{event_id}", response_model=Moment)
    async def matched(event_id: str, who: Who, weeks: Weeks = 4) -> JSONResponse:
        """One tagged moment and the moments it is matched with."""
        report = await in_turn(who.person, lambda: desk.findings(who.person, weeks))
        found = next((moment for moment in report.moments if moment.event_id == event_id), None)
        if found is None:
            raise Said(404, "there is no such moment in these weeks", "read the list again")
        return JSONResponse(_plain(found))

    @app.get("/api/v1/report", response_class=Response, responses={200: {"content": {kind.partition(";")[0]: {} for kind in PAPERS.values()}}})
    async def report(who: Who, weeks: Weeks = 4, format: Paper = "html") -> Response:
        """The report of the last weeks as a file, with what this person has chosen that one may contain."""
        made = await in_turn(who.person, lambda: desk.report(who.person, weeks, format))
        return Response(made, media_type=PAPERS[format], headers={"Content-Disposition": f'attachment; filename="somalink-{weeks}-weeks.{format}"'})


def _report_json(report: Report) -> bytes:
    bare = replace(report, moments=tuple(replace(moment, matches=()) for moment in report.moments))
    return json.dumps(_plain(bare), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _saying(app: FastAPI, desk: Desk) -> None:
    @app.post("/api/v1/events", status_code=201, responses={**AGAIN, 409: {"model": StaleEvent}})
    def tag(form: forms.NewEvent, who: Who, response: Response) -> dict[str, Any]:
        """Keeps a tag. The same again is the same tag (200)."""
        said: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in form.model_dump().items()}
        event = Event(person=who.person, received_ns=desk.now_ns(), source="page", **said)
        _ordered(event.t_ns, event.t_end_ns)
        response.status_code = 201 if desk.tag(event) else 200
        kept = desk.event(who.person, event.id)
        if kept is None:
            raise Said(404, "this tag was taken back", "make a new one")
        return event_json(kept)

    @app.put("/api/v1/events/{id}", responses={409: {"model": StaleEvent}})
    def edit(id: str, form: forms.EditedEvent, who: Who) -> dict[str, Any]:
        """Changes a tag. Made without the newest revision, it is merged field by field where the two do not touch; else 409."""
        event = desk.edit(who.person, id, form.revision, form.made_at_ns, form.changed())
        return event_json(event)

    @app.delete("/api/v1/events/{id}", status_code=204, responses={409: {"model": StaleEvent}})
    def take_back(id: str, who: Who, revision: Annotated[int, Query(ge=1, le=10**6)]) -> None:
        """Takes a tag back; its earlier revisions stay for the record, marked so."""
        if desk.event(who.person, id) is not None:
            desk.edit(who.person, id, revision, desk.now_ns(), {"deleted": True})

    @app.post("/api/v1/ratings", status_code=201, responses=AGAIN)
    def rate(form: forms.NewRating, who: Who, response: Response) -> dict[str, Any]:
        """Keeps a number."""
        rating = Rating(person=who.person, received_ns=desk.now_ns(), **form.model_dump())
        response.status_code = 201 if desk.rate(rating) else 200
        return _json(rating)

    @app.post("/api/v1/sessions", status_code=201, responses=AGAIN)
    def did(form: forms.NewSession, who: Who, response: Response) -> dict[str, Any]:
        """Keeps an exercise that was done."""
        session = Session(person=who.person, **form.model_dump())
        _ordered(session.start_ns, session.stop_ns)
        response.status_code = 201 if desk.did(session) else 200
        return _json(session)

    @app.post("/api/v1/plans", status_code=201, responses=AGAIN)
    def plan(form: forms.NewPlan, who: Who, response: Response) -> dict[str, Any]:
        """Keeps a planned step."""
        made = Plan(person=who.person, **form.model_dump())
        _ordered(made.t_ns, made.t_end_ns)
        response.status_code = 201 if desk.plan(made) else 200
        return _json(made)

    @app.post("/api/v1/answers")
    def answer(form: forms.NewAnswer, who: Who) -> dict[str, shapes.Open | None]:
        """Keeps what was said to a prompt, and gives the screen that follows; or of a moment that stood out."""
        about, now_ns = form.prompt_id or OF_MOMENT + form.episode_id, desk.now_ns()
        return {"prompt": desk.answer(Answer(about, who.person, form.answer, min(form.said_at_ns or now_ns, now_ns)))}

    @app.post("/api/v1/upright")
    def stand(who: Who) -> shapes.Stood:
        """Takes the last ten seconds for standing upright and still; where they were not, it says so and keeps what was."""
        return desk.stand(who.person)

    @app.put("/api/v1/profile")
    def choose(choices: forms.Choices, who: Who) -> dict[str, dict[str, str]]:
        """Sets some of the choices."""
        return {"choices": desk.choose(who.person, choices)}


def _streaming(app: FastAPI, desk: Desk, keeper: Doorkeeper) -> None:
    @app.get("/api/v1/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
    async def stream(request: Request, who: Who) -> StreamingResponse:
        """Server-sent events: `now`, `link`, `changed`, `prompt`, `overflow`. Resumed by Last-Event-ID: that something changed meanwhile is said."""
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None
        return _streamed(desk.stream(who.person, after=after), lambda: keeper.stays(who))

    @app.get("/api/v1/breath", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
    async def breath(who: Who, start_ms: Ms, rate: Rate = 6.0, in_s: Part = None, ex_s: Part = None) -> StreamingResponse:
        """Server-sent events while somebody breathes: `beat`, and `swing` every five seconds."""
        return _streamed(desk.breath(who.person, rate, in_s, ex_s, start_ms * MS), lambda: keeper.stays(who))


def _streamed(told: AsyncGenerator[shapes.Told], stays: Callable[[], bool]) -> StreamingResponse:
    return StreamingResponse(_events(told, stays), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(told: AsyncGenerator[shapes.Told], stays: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Until nothing more comes, or the device is taken back: what happens after that is not told to it."""
    async with aclosing(told) as telling:
        yield b"retry: 2000\n\n"
        async for each in telling:
            if not stays():
                return
            yield event_bytes(each)


def event_bytes(told: shapes.Told) -> bytes:
    """One message as it goes over the wire. JSON has no line breaks, so one `data:` holds it."""
    if told.name == "alive":
        return b": alive\n\n"
    number = f"id: {told.change}\n" if told.change is not None else ""
    return f"{number}event: {told.name}\ndata: {json.dumps(told.data, separators=(',', ':'))}\n\n".encode()


# ---------------------------------------------------------------- errors, in our own words


STATUSES: dict[type[Exception], int] = {Missing: 404, Taken: 403, Withheld: 403, StoreError: 503}
"""A store in trouble is no fault of who asks: a page that hears 503 keeps what it has to say, and says it again later."""


class Said(HTTPException):
    """What could not be done, and what would help."""

    def __init__(self, status: int, what: str, next_step: str = "") -> None:
        super().__init__(status, what)
        self.next_step = next_step


def _errors(app: FastAPI) -> None:
    async def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return JSONResponse({"what": str(error.detail), "next_step": getattr(error, "next_step", "")}, error.status_code, error.headers)

    async def form(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return JSONResponse({"what": f"{where}: {str(first['msg']).removeprefix('Value error, ')}", "next_step": "see /openapi.json"}, 422)

    async def ours(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, SomalinkError)
        status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 400)
        return JSONResponse({"what": error.what, "next_step": error.next_step}, status)

    async def broken(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({"what": BROKEN.what, "next_step": BROKEN.next_step}, BROKEN.status)

    async def conflict(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Conflict)
        said = {
            "what": "this was changed elsewhere meanwhile",
            "next_step": "look at it as it is now",
            "current": {**event_json(error.current), "deleted": error.current.deleted},
        }
        return JSONResponse(said, 409)

    for kind, answer in ((HTTPException, http), (RequestValidationError, form), (SomalinkError, ours), (Conflict, conflict), (Exception, broken)):
        app.add_exception_handler(kind, answer)


# ---------------------------------------------------------------- values


def event_json(event: Event) -> dict[str, Any]:
    """A tag as the page has it: every field but when it was received, times as text."""
    return {name: value for name, value in _json(event).items() if name not in ("received_ns", "person", "deleted")}


def _json(value: Any) -> dict[str, Any]:
    """Fields of a domain value; nanoseconds as text."""
    return {name: str(given) if name.endswith("_ns") and given is not None else given for name, given in asdict(value).items()}


def _plain(value: Any) -> Any:
    """The same all the way down."""
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: str(each) if name.endswith("_ns") and each is not None else _plain(each) for name, each in given.items()}
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value


def _published(app: FastAPI) -> None:
    """The interface as it is served: nanoseconds are text, also where a value of ours has them as numbers."""

    @cache
    def openapi() -> dict[str, Any]:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for schema in made["components"]["schemas"].values():
            for name, told in schema.get("properties", {}).items():
                if name.endswith("_ns") and told.get("type") == "integer":
                    schema["properties"][name] = {"type": "string", "pattern": "^[0-9]+$", "title": told.get("title", name)}
        return made

    app.openapi = openapi  # type: ignore[method-assign]


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _span(from_ms: int, to_ms: int, days: int = LONGEST_DAYS) -> tuple[int, int]:
    if not from_ms <= to_ms <= from_ms + days * DAY_MS:
        raise Said(422, f"to_ms has to lie after from_ms, at most {days} days", "ask for less at once")
    return from_ms * MS, to_ms * MS


def _ordered(start_ns: int, stop_ns: int | None) -> None:
    if stop_ns is not None and stop_ns < start_ns:
        raise Said(422, "the end lies before the beginning", "give the later time as the end")
