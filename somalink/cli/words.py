"""Numbers as people read them on a terminal."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from somalink.cli.moments import LocalTime
    from somalink.domain.constants import Constants
    from somalink.domain.types import StreamClock
    from somalink.pipeline.holdings import Holding, Stage, Together

TIER_WORDS = {"A": "strap that sees movement", "B": "strap", "C": "optical band, at rest only", "D": "watch, heart rate only"}
STREAM_WORDS = {"acc": "movement", "ecg": "ECG"}
MS_NS = 1_000_000
STAGE_WORDS = {
    "begun": "just begun",
    "learning": "still learning your usual ({still:.0f} of about {full:.0f} quiet hours)",
    "nearly": "nearly known",
    "own": "your own last {days} days",
    "recording": "compared within this recording only",
}
PART = 0.95
"""Chance that is known for less of the usable time than this is said with the time it is known for."""


def totals_table(totals: dict[str, Any]) -> Table:
    """What a store holds, in words."""
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    refused = totals["beats_refused"]
    ahead = totals["beats_received"] - totals["beats_stored"] - sum(refused.values())
    to_come = f" + {ahead} still in the engine" if ahead else ""
    rows = {
        "recordings": str(len(totals["recordings"])),
        "beats": f"{totals['beats_received']} received = {totals['beats_stored']} stored + {sum(refused.values())} refused{_reasons(refused)}{to_come}",
        "flagged": f"{sum(totals['beats_flagged'].values())}{_reasons(totals['beats_flagged'])}",
        "gaps": f"{totals['gaps']}, {hours(totals['gap_s'])} in all",
        "usable": hours(totals["usable_s"]),
        "spikes": str(totals["episodes"]),
        "moments": f"{totals['events']} tagged" + (f", {totals['events_refused']} refused" if totals["events_refused"] else ""),
        "links": f"{totals['links']} rows: the matches of each tag and one for none",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def hours(seconds: float) -> str:
    """`13.4 h`, or minutes under one hour."""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _reasons(counts: dict[str, int]) -> str:
    return f" ({', '.join(f'{n} {name}' for name, n in counts.items())})" if counts else ""


# ---------------------------------------------------------------- what a store holds


def stage(known: Stage, constants: Constants) -> str:
    """How well the usual is known."""
    return STAGE_WORDS[known.name].format(still=known.still_h, full=constants.maturity.full_h, days=constants.usual.days)


def holding_lines(person: str, devices: Sequence[Holding], local: LocalTime, constants: Constants) -> Iterator[str]:
    """A person's devices, a few lines each; what chance would have stands beside what was seen."""
    made_up = "   (simulated: no evidence for anything)" if any(each.simulated for each in devices) else ""
    yield f"\n{person}{made_up}"
    if not devices:
        yield "  no device was worn yet; tags and ratings are kept"
    for each in devices:
        until = f"last beat {local.said(each.last_beat_ns)}" if each.last_beat_ns is not None else "no beat yet"
        until = "start not known, so no date" if each.undated else until
        yield f"  {each.device}: {TIER_WORDS.get(each.tier, each.tier)}; {until}; {'an engine records it now' if each.recording_now else 'no engine runs'}"
        if each.link is not None:
            yield from _link_lines(each, local)
        if each.clocks:
            yield f"    streams    {own_streams(each.clocks)}"
        yield f"    usable     {hours(each.usable_s)} in {each.recordings} recording{'' if each.recordings == 1 else 's'}"
        if each.rhythm_s >= constants.rhythm.win_s:
            yield f"    rhythm     limited for {hours(each.rhythm_s)}: variability is not shown there, arousal rests on heart rate alone"
        yield f"    usual      {stage(each.stage, constants)}{_fitted(each, local)}"
        yield f"    stood out  {_stood_out(each)}"


def together_lines(known: Together) -> Iterator[str]:
    """Several devices as one timeline."""
    by = ", ".join(f"{device} {hours(seconds)}" for device, seconds in sorted(known.led_s.items(), key=lambda each: -each[1]))
    yield f"  one timeline of them: {known.speaks} speaks at its end" if known.speaks else "  one timeline of them: nothing in it yet"
    yield f"    usable     {hours(known.usable_s)}, what two saw at once counted once{': ' if by else ''}{by}"
    yield f"    stood out  {_stood_out(known)}"


def _link_lines(holding: Holding, local: LocalTime) -> Iterator[str]:
    """What its link is doing, and what would help."""
    assert holding.link is not None
    link = holding.link.link
    battery = "" if holding.link.battery_pct is None else f"; battery {holding.link.battery_pct} %"
    yield f"    link       {link.words} since {local.said(link.since_ns)}{battery}"
    for hint in holding.hints or ((link.help,) if link.help else ()):
        yield f"    hint       {hint}"


def own_streams(clocks: Sequence[StreamClock]) -> str:
    """A device's own streams: how many samples a second they bring, how its clock runs, and how far off samples may be.

    >>> from somalink.domain.types import Stream, StreamClock
    >>> own_streams([StreamClock(Stream.ECG, 0, 0, 0, -41_000, 130_045, 1_200_000)])
    'ECG 130.04 a second; its clock is 41 millionths fast, samples lie within 2 ms beside the least delay of the radio'
    """
    told = " and ".join(f"{STREAM_WORDS[clock.stream.value]} {clock.rate_mhz / 1000:.2f}" for clock in clocks)
    drift = -clocks[0].drift_ppb / 1000  # of a clock that runs fast, ours falls behind
    runs = "as fast as ours" if abs(drift) < 1 else f"{abs(drift):.0f} millionths {'fast' if drift > 0 else 'slow'}"
    within = -(-max(clock.error_ns for clock in clocks) // MS_NS) or 1
    return f"{told} a second; its clock is {runs}, samples lie within {within} ms beside the least delay of the radio"


def _fitted(holding: Holding, local: LocalTime) -> str:
    return f"; fitted {local.said(holding.baseline.from_ns)}" if holding.baseline is not None and holding.baseline.mode == "personal" else ""


def _stood_out(holding: Holding | Together) -> str:
    if holding.spikes_per_h is None:
        return "nothing could be judged yet"
    seen = f"{holding.spikes} in {hours(holding.usable_s)} usable: {holding.spikes_per_h:.2f} an hour"
    if holding.chance_per_h is None:
        return f"{seen}; how many by chance is not known yet"
    if holding.chance_s >= PART * holding.usable_s:
        return f"{seen}; by chance alone about {holding.chance_per_h:.2f}"
    by_chance = holding.chance_per_h * holding.chance_s / 3600
    return f"{seen}; in the {hours(holding.chance_s)} whose chance is known {holding.chance_spikes}, by chance alone about {by_chance:.1f}"


def holding_json(holding: Holding) -> dict[str, Any]:
    """A device as plain values; of the usual what a reader asks for, not its coefficients."""
    said = asdict(replace(holding, link=None))
    said["link"] = None if holding.link is None else holding.link.as_json()
    usual = holding.baseline
    said["baseline"] = None if usual is None else {name: getattr(usual, name) for name in ("number", "mode", "from_ns", "still_h", "still_days", "chance_all")}
    if usual is not None:
        said["baseline"]["z_on"] = dict(usual.z_on)
    return {**said, "spikes_per_h": holding.spikes_per_h}


def together_json(known: Together) -> dict[str, Any]:
    """Several devices as one timeline, as plain values."""
    return {**asdict(known), "led_s": dict(known.led_s), "spikes_per_h": known.spikes_per_h}
