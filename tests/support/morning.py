"""One wearer's morning with everything in it that a replica is told of: worn, tagged, planned, rated, asked, breathed and compared."""

from __future__ import annotations

import lived
import numpy as np
from lived import PERSON, T0, UNIT, minute, spike

from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import Answer, Beats, Control, Event, EventMetrics, Finding, Gap, Link, Plan, Prompt, Rating, Session, Stream
from somalink.storage import LocalStore

NOTE = "what Carla said at the window"
STEP = "ring the choir's Beate"
MADE_NS = T0 + 4 * HOUR_NS
SPAN = "2026-02-02/2026-03-01"


def tag(id: str = "t1", kind: str = "conflict", at: float = 60, **said: object) -> Event:
    plain = {"id": id, "person": PERSON, "kind": kind, "t_ns": minute(at), "made_at_ns": MADE_NS, "received_ns": MADE_NS, "note": NOTE, "source": "page"}
    return Event(**{**plain, **said})  # type: ignore[arg-type]


def control(event_id: str, n: int, dz10: float | None) -> Control:
    return Control(event_id, dz10, n=n, t_ns=T0 - n * HOUR_NS, device="strap", day=1, still=1.0, motion_mg=None)


def link(event_id: str, episode_id: str, p: float, verdict: str, rule: str = "normal-1") -> Link:
    return Link(event_id, episode_id, p, verdict, 30.0 if episode_id else None, 0.04, rule)


def finding(metric: str = "dz10", scope: str = "kind:conflict", *, verdict: str = "higher", n: int = 9, reason: str = "", span: str = SPAN) -> Finding:
    figures = (0.84, 0.52, 1.16) if verdict in ("higher", "lower", "not_told_apart") else (None, None, None)
    return Finding(f"f-{metric}-{scope}", PERSON, span, scope, metric, n + 2, n + 1, n, 10 * n, *figures, 0.01, 0.02, verdict, reason, "a")


def prompt(id: str, at: float, arm: str = "", **said: object) -> Prompt:
    plain = {"id": id, "person": PERSON, "t_ns": minute(at), "trigger": "arousal", "episode_id": "", "eligible": bool(arm), "reason": "", "arm": arm}
    return Prompt(**{**plain, "probability": 0.6 if arm else None, **said})  # type: ignore[arg-type]


def session(id: str, at: float, prompt_id: str = "", minutes: float = 3) -> Session:
    return Session(id, PERSON, minute(at), minute(at + minutes), "breathing", rate=6.0, prompt_id=prompt_id)


def beats(minutes: float, at: float = 0) -> Beats:
    t_ns = minute(at) + SECOND_NS * np.arange(1, round(minutes * 60) + 1, dtype=np.int64)
    return Beats(t_ns, np.full(len(t_ns), 1024), np.where(np.arange(len(t_ns)) % 50, 0, 2), np.full(len(t_ns), t_ns[0]))


LINKS = (link("t1", "s61", 0.82, "linked"), link("t1", "", 0.18, "none"), link("t2", "", 1.0, "none"))
METRICS = (EventMetrics("t1", dz10=1.25, peak_z=2.5, t_half_s=300.0, t_half_censored=False), EventMetrics("t2"))


def live(opened: LocalStore) -> None:
    """Six hours of it."""
    lived.keep(opened, lived.still(z=(61, 70, 25_000)), spike(61, 66), spike(200, 203), lead=True)
    with opened.transaction() as write:
        write.put_beats(UNIT, beats(90))
        write.put_counts(UNIT, {T0: (3620, {"too_long": 20})})
        write.put_gaps(UNIT, [Gap(Stream.RR, minute(90), minute(95), "silence", 0), Gap(Stream.RR, minute(119), minute(121), "drift", 0)])
        write.put_event(tag(with_whom=("friend", "work"), sensations=("racing_heart", "heat"), action="stayed", distress=7, blind=True))
        write.put_event(tag("t2", "support", 180, certainty_s=60))
        write.put_links(PERSON, "a", LINKS, METRICS)
        write.put_controls(PERSON, "a", "t1", [control("t1", 0, 0.5), control("t1", 1, 0.25), control("t1", 2, None)])
        write.put_plan(Plan("p1", PERSON, STEP, "", minute(300), planned_distress=6, expectancy=80))
        write.put_rating(Rating("r1", PERSON, minute(100), "belonging", 4, MADE_NS))
        write.put_rating(Rating("r2", PERSON, minute(110), "outcome", 3, MADE_NS, "event/t1", True))
        write.put_prompts([prompt("q1", 20, "offer"), prompt("q2", 62, "withheld"), prompt("q3", 150, reason="cooldown")])
        write.put_answer(Answer("episode/s200", PERSON, "moving", minute(230)))
        write.put_session(session("x1", 22, "q1"))
        write.put_session(session("x2", 250))
        write.put_findings(PERSON, SPAN, [finding(), finding(scope="kind:support", verdict="too_few", n=5, reason="few:3")])
