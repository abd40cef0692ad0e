"""Anything a wearer and a store may do, any fault a line to a server may have, in any order: in the end the server holds what the store does."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from replica import MANNER, Line, Now, Rows, assert_same, wanted
from small_store import T0, beats, episode, event, grid, unit

from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import EventMetrics, Gap, Link, Prompt, Rating, Session, Setting, Stream
from somalink.pipeline.replica.batch import Sink
from somalink.pipeline.replica.shipping import Shipper
from somalink.storage import LocalStore, RecordingRow
from somalink.storage.influx.server import Place, ServerError

NAMES = st.sampled_from(["a", "b", "c"])
FAULTS = st.lists(st.sampled_from(["ok", "ok", "ok", "lost", "deaf"]), max_size=12)
KINDS = st.sampled_from(["conflict", "support", "exposure_step"])


class Replica(RuleBasedStateMachine):
    """`sink`, `place` and `held` come from whoever runs it on a server."""

    def server(self) -> tuple[Sink, Place]:
        raise NotImplementedError

    def held(self) -> Rows:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = LocalStore.open(Path(self.folder.name) / "s.db")
        sink, self.place = self.server()
        self.line, self.now = Line(sink), Now(T0 + 48 * HOUR_NS)
        self.minutes, self.revisions, self.analysis = 0, dict[str, int](), "A"
        self.begin()

    def begin(self) -> None:
        self.shipper = Shipper(self.store, self.line, self.place, MANNER, self.now)

    @initialize()
    def opened(self) -> None:
        with self.store.transaction() as write:
            write.put_recording(unit(), RecordingRow(T0, analysis="A"))

    @rule(minutes=st.integers(1, 25))
    def live(self, minutes: int) -> None:
        start = T0 + self.minutes * MINUTE_NS
        with self.store.transaction() as write:
            write.put_beats(unit(), beats(60 * minutes, start_ns=start, seed=self.minutes))
            write.put_grid(unit(), self.analysis, grid(12 * minutes, start_ns=start, seed=self.minutes))
        self.minutes += minutes

    @rule(minute=st.integers(0, 100), seconds=st.integers(1, 4000))
    def lose(self, minute: int, seconds: int) -> None:
        start = T0 + minute * MINUTE_NS
        with self.store.transaction() as write:
            write.put_gaps(unit(), [Gap(Stream.RR, start, start + seconds * 10**9, "disconnect")])

    @rule(name=NAMES, kind=KINDS, minute=st.integers(0, 200), distress=st.none() | st.integers(0, 10), gone=st.sampled_from([False, False, False, True]))
    def tag(self, name: str, kind: str, minute: int, distress: int | None, gone: bool) -> None:
        """Said, edited, moved, taken back or said again: each the next revision of the tag."""
        self.revisions[name] = revision = self.revisions.get(name, 0) + 1
        said = {"revision": revision, "kind": kind, "t_ns": T0 + minute * MINUTE_NS, "distress": distress, "deleted": gone, "note": "never told"}
        with self.store.transaction() as write:
            write.put_event(event(name, **said))

    @rule(known=st.dictionaries(NAMES, st.tuples(st.none() | st.floats(-2, 4), st.none() | st.floats(10, 999)), max_size=3), linked=st.sets(NAMES))
    def measure(self, known: dict[str, tuple[float | None, float | None]], linked: set[str]) -> None:
        """All links and metrics of the person, as the person stage gives them."""
        links = [Link(name, "e1", 0.7, "linked", 10.0, 0.1, "r") for name in sorted(linked)]
        metrics = [EventMetrics(name, dz10, 2.0, 60.0, t_half, None if t_half is None else False) for name, (dz10, t_half) in known.items()]
        with self.store.transaction() as write:
            write.put_links("ann", self.analysis, links, metrics)

    @rule(state=st.sampled_from(["open", "closed", "final", "dropped"]), start_s=st.sampled_from([600, 660]))
    def stand_out(self, state: str, start_s: int) -> None:
        with self.store.transaction() as write:
            write.put_episodes(unit(), self.analysis, [episode("e1", start_s, state=state)])

    @rule(name=NAMES, value=st.integers(0, 10), minute=st.integers(0, 100))
    def rate(self, name: str, value: int, minute: int) -> None:
        t_ns = T0 + minute * MINUTE_NS
        with self.store.transaction() as write:
            write.put_rating(Rating(f"r{name}", "ann", t_ns, "belonging", value, t_ns))

    @rule(name=NAMES, arm=st.sampled_from(["offer", "withheld"]), took=st.booleans())
    def offer(self, name: str, arm: str, took: bool) -> None:
        t_ns = T0 + 30 * MINUTE_NS
        with self.store.transaction() as write:
            write.put_prompts([Prompt(f"p{name}", "ann", t_ns, "arousal", "e1", True, "", arm, 0.5, "s", t_ns)])
            if took:
                write.put_session(Session(f"s{name}", "ann", t_ns + MINUTE_NS, t_ns + 4 * MINUTE_NS, "breathing", prompt_id=f"p{name}"))

    @rule()
    def read_anew(self) -> None:
        """Another analysis becomes the person's current one."""
        self.analysis = "B" if self.analysis == "A" else "A"
        with self.store.transaction() as write:
            write.put_grid(unit(), self.analysis, grid(12 * min(self.minutes, 20), seed=len(self.analysis)))
            write.set_current_analysis("ann", self.analysis)

    @rule(hours=st.integers(0, 3))
    def pack(self, hours: int) -> None:
        self.store.compact(T0 + hours * HOUR_NS)

    @rule(value=st.sampled_from(["yes", "no"]))
    def consent(self, value: str) -> None:
        self.revisions["consent"] = revision = self.revisions.get("consent", 0) + 1
        with self.store.transaction() as write:
            write.put_profile(Setting("ann", "consent_clinician", value, T0 + revision, revision))

    @rule(faults=FAULTS, patient=st.booleans())
    def ship(self, faults: list[str], patient: bool) -> None:
        self.line.left = list(faults)
        self.now.t_ns += 7 * 10**9
        try:
            self.shipper.drain(patient=patient)
        except ServerError as error:
            self.shipper.failed(error)

    @rule()
    def restart(self) -> None:
        """The program was killed: what it had in mind is lost."""
        self.begin()

    @rule()
    def send_everything_again(self) -> None:
        self.shipper.outbox.begin_anew()
        self.begin()

    def teardown(self) -> None:
        try:
            self.line.left = []
            self.begin()
            self.shipper.drain(patient=False)
            says_no = self.shipper.outbox.withheld()
            assert_same({} if says_no else wanted(self.store), self.held())
            assert not self.shipper.outbox.due() and not self.shipper.outbox.parked()
        finally:
            self.store.close()
            self.folder.cleanup()
