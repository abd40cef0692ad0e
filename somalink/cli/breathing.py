"""`somalink breathe`: the pacer in a terminal, with the scripts and the list that stand beside it on the page, in the same words."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from somalink.cli import console
from somalink.cli.opening import Desk, telling
from somalink.cli.options import JsonOption, StoreOption
from somalink.domain.catalogue import SESSION_KINDS
from somalink.domain.choices import YES, chosen
from somalink.domain.constants import BREATH
from somalink.domain.errors import UsageError
from somalink.domain.time import SECOND_NS

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from processing.breathing import Cycle, Pacer
    from somalink.domain.types import Session
    from somalink.pipeline.breath import Swing

SCRIPTS = {"muscle_release": 9, "grounding": 7}
"""How many steps each script has; the page has the same (`exercises.js`)."""
SAFETY = {"safety_how": 2, "safety_stop": 2, "safety_ask": 4, "safety_panic": 2}
FRAMES_PER_S = 12
LEAD_IN_NS = 2_500_000_000
RADIUS, LEAST_RADIUS, ROOM_ROWS, ROOM_COLUMNS = 7.5, 3.2, 24, 44
"""A disc of fifteen rows, and the terminal that has room for it and what is said below; in a smaller one a bar breathes."""
BAR = 30
TEAL = "#5a9f9b"
COMPLETED, STOPPED = "completed", "stopped"


class Clock(Protocol):
    """Time that only goes forward, and waiting for it."""

    def now_ns(self) -> int: ...

    def wait(self, seconds: float) -> None: ...


class SystemClock:
    """UTC as it was at the start, and how far a clock that nobody sets has gone since: twenty minutes cannot drift or jump."""

    def __init__(self) -> None:
        self._utc_ns, self._since_ns = time.time_ns(), time.monotonic_ns()

    def now_ns(self) -> int:
        return self._utc_ns + time.monotonic_ns() - self._since_ns

    def wait(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0))


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(breathe)


def breathe(
    rate: Annotated[float | None, typer.Option("--rate", metavar="4.5-7", show_default=False, help="Breaths a minute; 8 to 10 to begin gently.")] = None,
    in_s: Annotated[float | None, typer.Option("--in", metavar="SECONDS", show_default=False, help="How long in.")] = None,
    ex_s: Annotated[float | None, typer.Option("--out", metavar="SECONDS", show_default=False, help="How long out.")] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", min=1, max=20, show_default=False, help="How long in all.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="A line for each half of a breath, and nothing that moves.")] = False,
    hide: Annotated[bool | None, typer.Option("--hide-heart-rate/--show-heart-rate", show_default=False, help="Just the breath.")] = None,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="What to do: " + ", ".join(SESSION_KINDS))] = SESSION_KINDS[0],
    list_: Annotated[bool, typer.Option("--list", help="Show your own list of what helps.")] = False,
    safety: Annotated[bool, typer.Option("--safety", help="Show what to know before, when to stop, and who should ask first.")] = False,
    prompt: Annotated[str | None, typer.Option("--prompt", metavar="ID", show_default=False, help="The prompt it follows.")] = None,
    store: StoreOption = None,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", show_default=False, help="Whose; default: the only person there is.")] = None,
    json: JsonOption = False,
) -> None:
    """Breathe along with a pacer, or go through a script.

    Pace, length and the rest as chosen on the page, unless said here. What a strap that is being recorded shows of the swing of the heart
    rate, and of the breath itself, stands below, every five seconds. Ctrl-C ends it, and that is fine.
    """
    if kind not in SESSION_KINDS:
        raise UsageError(f"{kind!r} is no exercise", next_step=f"choose from: {' '.join(SESSION_KINDS)}")
    with telling(store, person) as desk:
        wishes = chosen([*desk.store.settings(desk.person), *desk.store.profile(desk.person)])
        say = _words(wishes["language"])
        if safety:
            console.stdout().print("\n".join(safety_lines(say)), markup=False)
        elif list_:
            things = [line.strip() for line in wishes["own_list"].splitlines() if line.strip()]
            console.stdout().print("\n".join(things) if things else f"{say('own_empty')} {say('own_what')}", markup=False)
        elif kind in SCRIPTS:
            _go_through(desk, kind, say, prompt or "", json=json)
        else:
            hidden = hide if hide is not None else wishes["hide_heart_rate"] == YES
            still = plain or wishes["breath_still"] == YES
            pace = _pace(rate, in_s, ex_s, wishes)
            _breathe(desk, pace, minutes or int(wishes["breath_min"]), say, prompt or "", plain=still, hidden=hidden, json=json)


def _words(language: str) -> Callable[..., str]:
    from dashboards.live.texts import text

    return lambda key, **given: text(f"breathe.{key}", language or "en", **given)


def _pace(rate: float | None, in_s: float | None, ex_s: float | None, wishes: dict[str, str]) -> Pacer:
    """As typed, else as chosen. Two halves make a rate."""
    from processing.breathing import pacer

    if rate is None and in_s is not None and ex_s is not None and in_s + ex_s > 0:
        rate = 60 / (in_s + ex_s)
    rate = float(wishes["breath_rate"]) if rate is None else rate
    if in_s is None and ex_s is None and rate > 0:
        in_s = 60 / rate * int(wishes["breath_ratio"]) / 100
    return pacer(rate, in_s, ex_s, started_ns=0)


def safety_lines(say: Callable[..., str]) -> Iterator[str]:
    """What to know before, in the words of the page."""
    yield say("safety")
    for part, count in SAFETY.items():
        yield f"\n{say(part)}"
        yield from (f"  - {say(f'{part}_{n}')}" for n in range(1, count + 1))
    yield f"\n{say('safety_not')}"


def _first_time(desk: Desk, say: Callable[..., str]) -> None:
    """What to know, before somebody's first breath here; somebody who looks says when."""
    if any(each.kind == "breathing" for each in desk.store.sessions(desk.person)):
        return
    console.stderr().print("\n".join(safety_lines(say)) + "\n", markup=False)
    if _at_a_terminal():
        console.stderr().print(say("terminal_enter"), markup=False)
        sys.stdin.readline()


def _at_a_terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


# ---------------------------------------------------------------- the breath


@dataclass(slots=True)
class Run:
    """One session as it goes: where it began, how many breaths it is to have, and what was seen of the heart."""

    pace: Pacer
    breaths: int
    seen: list[Cycle] = field(default_factory=list)
    newest: Swing | None = None

    @property
    def stop_ns(self) -> int:
        return self.pace.started_ns + self.breaths * self.pace.cycle_ns


def _breathe(desk: Desk, pace: Pacer, minutes: int, say: Callable[..., str], prompt_id: str, *, plain: bool, hidden: bool, json: bool) -> None:
    from processing.breathing import summary
    from somalink.pipeline.breath import power_of

    _first_time(desk, say)
    clock: Clock = SystemClock()
    pace = replace(pace, started_ns=clock.now_ns() + LEAD_IN_NS)
    run = Run(pace, max(1, round(minutes * pace.rate)))
    outcome = COMPLETED
    try:
        with contextlib.ExitStack() as stack:
            look = None if hidden else stack.enter_context(_looking(desk, run))
            screen: Screen = Plain(say) if plain or not _can_draw() else stack.enter_context(Drawn(say))
            follow(run, clock, screen, look)
    except KeyboardInterrupt:
        outcome = STOPPED
    stop_ns = min(clock.now_ns(), run.stop_ns)
    told = summary(run.seen, pace, stop_ns)
    session = None
    if told.breaths >= 1:
        session = _keep(desk, "breathing", pace.started_ns, stop_ns, outcome, prompt_id, pace)
    lf_ms2 = None if hidden else power_of(desk.store, desk.person, pace, stop_ns)
    if json:
        figures = {"breaths": told.breaths, "swing_bpm": told.amplitude_bpm, "signal_share": told.good, "together": told.together, "lf_ms2": lf_ms2}
        console.emit_json({"session": None if session is None else asdict(session), **figures})
        return
    lines = [say("done") if outcome == COMPLETED else f"{say('stopped_left')}.", say("breaths", n=told.breaths)]
    if told.amplitude_bpm is not None:
        lines.append(say("done_swing", bpm=round(told.amplitude_bpm), share=round(100 * told.good)))
    if lf_ms2 is not None:
        lines.append(say("done_lf", ms2=round(lf_ms2)))
    console.stdout().print("\n".join([*lines, say("done_note")]), markup=False)


def follow(run: Run, clock: Clock, screen: Screen, look: Callable[[int], None] | None) -> None:
    """Until the last breath is out. Every frame asks where the pacer is by the one origin; none counts on the frame before."""
    next_look_ns = run.pace.started_ns + BREATH.update_s * SECOND_NS
    while (now_ns := clock.now_ns()) < run.stop_ns:
        if look is not None and now_ns >= next_look_ns:
            look(now_ns)
            next_look_ns += BREATH.update_s * SECOND_NS
        screen.show(run, now_ns)
        clock.wait(1 / FRAMES_PER_S)


@contextlib.contextmanager
def _looking(desk: Desk, run: Run) -> Iterator[Callable[[int], None]]:
    """Asks the store for the swing, beside the pacer so that a slow disk never holds a breath up. One question at a time."""
    from processing.breathing import Cycle
    from somalink.pipeline.breath import looked_up

    asked: list[Future[Swing]] = []

    def look(now_ns: int) -> None:
        if asked and not asked[0].done():
            return
        if asked:
            run.newest = asked.pop().result()
            run.seen.append(Cycle(run.newest.amplitude_bpm, run.newest.r2, run.newest.steady, run.newest.reason))
        asked.append(worker.submit(looked_up, desk.store, desk.person, run.pace, now_ns))

    worker = ThreadPoolExecutor(1, thread_name_prefix="swing")
    try:
        yield look
    finally:
        worker.shutdown(cancel_futures=True)


def _keep(desk: Desk, kind: str, start_ns: int, stop_ns: int, outcome: str, prompt_id: str, pace: Pacer | None = None) -> Session:
    """The session as it was done."""
    from ingest import tags

    rate = None if pace is None else pace.rate
    made = tags.session(kind, id=str(uuid.uuid4()), person=desk.person, start_ns=start_ns, stop_ns=stop_ns, rate=rate, prompt_id=prompt_id, outcome=outcome)
    if pace is not None:
        made = replace(made, in_s=pace.in_s, ex_s=pace.ex_s)
    with desk.store.transaction() as write:
        write.put_session(made)
    return made


# ---------------------------------------------------------------- what is seen


class Screen(Protocol):
    """Shows where the pacer is."""

    def show(self, run: Run, now_ns: int) -> None: ...


def _can_draw() -> bool:
    return console.is_watched() and os.environ.get("TERM", "") != "dumb"


def swing_words(swing: Swing | None, say: Callable[..., str]) -> str:
    """What the signal shows of the heart's swing, in the words of the page; nothing while it has only begun."""
    if swing is None or swing.reason == "begun":
        return ""
    if swing.r2 is not None and swing.amplitude_bpm is not None:
        return f"{say('swing')}: {say('swing_value', n=round(swing.amplitude_bpm))} · {say(swing.together)} (R² {swing.r2:.2f})"
    if swing.reason == "no_beats" and not swing.device:
        return f"{say('none')} {say('none_note')}"
    return say(swing.reason) if swing.reason in ("no_intervals", "optical") else say("poor")


def breath_words(swing: Swing | None, say: Callable[..., str]) -> str:
    """How often the person breathes, in the words of the page; nothing where that is not known. To the half where paces are chosen by halves."""
    if swing is None or swing.breaths_per_min is None:
        return ""
    parts = 2 if swing.breaths_per_min < 8 else 1
    return say("you_breathe", n=f"{math.floor(swing.breaths_per_min * parts + 0.5) / parts:g}")


class Plain:
    """A line for each half of a breath; what the signal shows only when its words change."""

    def __init__(self, say: Callable[..., str]) -> None:
        self._say, self._half, self._told, self._out = say, "", "", console.stderr()

    def show(self, run: Run, now_ns: int) -> None:
        from processing.breathing import lung

        if now_ns < run.pace.started_ns:
            half, seconds = "let_out", 0.0
        else:
            half = lung(run.pace, now_ns)[0]
            seconds = run.pace.in_s if half == "in" else run.pace.ex_s
        if half == self._half:
            return
        self._half = half
        self._out.print(self._say(half) + (f"  {seconds:g} s" if seconds else ""), markup=False)
        breath = breath_words(run.newest, self._say)
        state = "" if run.newest is None else f"{run.newest.together}{run.newest.reason}{breath}"
        if state != self._told and (lines := [line for line in (swing_words(run.newest, self._say), breath) if line]):
            self._told = state
            self._out.print("\n".join(f"  {line}" for line in lines), markup=False)


class Drawn:
    """A disc that breathes, or a bar where there is little room."""

    def __init__(self, say: Callable[..., str]) -> None:
        self._say = say
        self._live: Live | None = None

    def __enter__(self) -> Drawn:
        from rich.live import Live

        self._live = Live(console=console.stderr(), auto_refresh=False, transient=True)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, run: Run, now_ns: int) -> None:
        assert self._live is not None
        size = self._live.console.size
        self._live.update(picture(run, now_ns, self._say, columns=size.width, rows=size.height), refresh=True)


def picture(run: Run, now_ns: int, say: Callable[..., str], *, columns: int, rows: int) -> Text:
    """One frame: the pacer, what is left in minutes, what the signal shows."""
    from rich.text import Text

    from processing.breathing import left_words, lung

    before = now_ns < run.pace.started_ns
    half, _, full = ("let_out", 0, 0.0) if before else lung(run.pace, now_ns)
    left, minutes = left_words(run.stop_ns - max(now_ns, run.pace.started_ns))
    frame = disc(say(half), full, columns) if rows >= ROOM_ROWS and columns >= ROOM_COLUMNS else bar(say(half), full)
    frame.append(f"\n\n{say(left, n=minutes) if minutes else say(left)}\n{swing_words(run.newest, say)}\n{breath_words(run.newest, say)}\n")
    frame.append(say("terminal_keys").replace("`", ""), style="dim")
    return Text("\n").append_text(frame)


def disc(word: str, full: float, columns: int) -> Text:
    """A circle as large as the chest is full, with the word in its middle. A cell of a terminal is about twice as high as it is wide.

    >>> disc("in", 0.0, 44).plain.splitlines()[7].strip()
    '░░░░   in   ░░░░'
    """
    from rich.text import Text

    radius = LEAST_RADIUS + (RADIUS - LEAST_RADIUS) * full
    width = min(columns, ROOM_COLUMNS)
    out = Text()
    for row in range(-int(RADIUS), int(RADIUS) + 1):
        half = round(2 * math.sqrt(max(radius * radius - row * row, 0)) + 1.6) if abs(row) <= radius else 0
        line = ("░" * 2 * half).center(width)
        if row == 0:
            label = f"   {word}   "
            line = line[: (width - len(label)) // 2] + label + line[(width - len(label)) // 2 + len(label) :]
        out.append(line.rstrip() + "\n", style=TEAL if row else f"bold {TEAL}")
    return out


def bar(word: str, full: float) -> Text:
    """The same on one line."""
    from rich.text import Text

    filled = round(BAR * full)
    return Text(f"{word:<22} ").append("█" * filled, style=TEAL).append("░" * (BAR - filled), style="dim")


# ---------------------------------------------------------------- scripts


def _go_through(desk: Desk, kind: str, say: Callable[..., str], prompt_id: str, *, json: bool) -> None:
    """A step at a time, at the person's own pace. Where nobody can say when, the whole script is told, and nothing was done."""
    attended, clock = _at_a_terminal(), SystemClock()
    start_ns, outcome, steps = clock.now_ns(), COMPLETED, SCRIPTS[kind]
    out = console.stderr() if attended or json else console.stdout()
    out.print(f"{say(kind)}\n", markup=False)
    done = 0
    try:
        for n in range(1, steps + 1):
            out.print(f"{say('of', n=n, of=steps)}  {say(f'{kind}_{n}')}", markup=False)
            if attended:
                if n == 1:
                    out.print(say("terminal_enter"), style="dim", markup=False)
                sys.stdin.readline()
            done = n
    except KeyboardInterrupt:
        outcome = STOPPED
    session = _keep(desk, kind, start_ns, clock.now_ns(), outcome, prompt_id) if attended and done else None
    if json:
        console.emit_json({"session": None if session is None else asdict(session), "steps": done})
