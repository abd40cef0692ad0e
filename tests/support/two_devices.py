"""One made-up life told by two devices: a watch by day, a strap in the evening, and an hour in which both are worn."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from archived import CONSTANTS, SECRET

from ingest.recording import Recording, read_folder
from ingest.replay import ReplaySource
from ingest.simulate.folders import write_recordings
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS
from somalink.pipeline.intake import from_recording
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import RECORDING, Mode, run_archive
from somalink.storage.local import LocalStore

PERSON = "ada"
WATCH, STRAP = "watch", "strap"
TIERS = {WATCH: "D", STRAP: "B"}
BEGAN_NS = 1_772_434_800_000_000_000
"""2 March 2026, 08:00 in Berlin."""
ON_H = 5
"""Hours later the strap is put on."""


@cache
def told(out: Path) -> dict[str, Recording]:
    """The same hours by both: the watch from three before the strap was put on to one after, the strap three; the watch has all that was said."""
    whole = {device: read_folder(write_recordings(out / device, PERSON, BEGAN_NS, 1, 3, tier=tier)[0]) for device, tier in TIERS.items()}
    on_ns = BEGAN_NS + ON_H * HOUR_NS
    return {
        WATCH: _worn(whole[WATCH], WATCH, on_ns - 3 * HOUR_NS, on_ns + HOUR_NS),
        STRAP: replace(_worn(whole[STRAP], STRAP, on_ns, on_ns + 3 * HOUR_NS), events=(), said=()),
    }


def _worn(recording: Recording, device: str, start_ns: int, stop_ns: int) -> Recording:
    """What of it was recorded in [start, stop)."""
    samples = dict(recording.samples)
    for stream, each in samples.items():
        inside = (each.t_ns >= start_ns) & (each.t_ns < stop_ns)
        samples[stream] = replace(each, t_ns=each.t_ns[inside], values=each.values[inside])
    return replace(
        recording,
        unit=Unit(PERSON, device, f"{device}-{start_ns}", TIERS[device]),
        start_ns=start_ns,
        end_ns=stop_ns,
        samples=samples,
        gaps=tuple(gap for gap in recording.gaps if gap.start_ns >= start_ns and gap.stop_ns <= stop_ns),
        counts={hour: count for hour, count in recording.counts.items() if start_ns <= hour < stop_ns},
    )


def kept(file: Path, recordings: dict[str, Recording], order: tuple[str, ...], *, at_once: bool = False) -> LocalStore:
    """A store into which they were imported in this order; the person stage ran after each, or `at_once` after the last."""
    store = LocalStore.open(file)
    store.person_secret(PERSON, given=SECRET)
    for device in order:
        run_archive(store, from_recording(ReplaySource(recordings[device])), Mode(RECORDING), CONSTANTS)
        if not at_once or device == order[-1]:
            settle_person(store, PERSON, CONSTANTS)
    return store
