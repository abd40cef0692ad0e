"""`somalink calibrate`: which way is up, for the chest sensor that is recorded just now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption, PersonOption, StoreOption, person_of, store_path
from somalink.domain.errors import SomalinkError

if TYPE_CHECKING:
    from somalink.pipeline.upright import Stood

READY_S, LATE_S = 3, 3
"""To get up; and until the sensor has told of the last second."""


class NotKept(SomalinkError):
    """Ten seconds that cannot be taken for standing upright."""


WORDS = {
    "not_recording": ("nothing is recorded just now", "put the chest sensor on, start `somalink run` in another window, and wait for its heart rate"),
    "no_movement": ("the device that is recorded does not tell how the chest is held", "wear a chest strap that tells of movement (docs/devices.md)"),
    "too_short": ("the sensor has not told of all ten seconds", "stay near this computer, and try once more"),
    "moved": ("you moved a little", "lean nowhere, look at one point, and try once more"),
    "no_gravity": ("what the sensor felt was not the earth's pull alone", "stand still on firm ground, and try once more"),
}
"""What was not so, and what would help, by the reason."""


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(calibrate)


def calibrate(store: StoreOption = None, person: PersonOption = None, json: JsonOption = False) -> None:
    """Stand upright and still for ten seconds, so that lying is told from upright.

    For a chest sensor with an accelerometer, while `somalink run` records it. Once a sensor; again if it is ever worn the other way round.
    """
    from somalink.domain.constants import Constants
    from somalink.pipeline import upright
    from somalink.storage.local import LocalStore

    with LocalStore.open(store_path(store), create=False) as opened:
        who, rules = person_of(person, opened.people()), Constants().motion
        before = upright.look(opened, who, time.time_ns(), rules)
        if before.reason in (upright.NOT_RECORDING, upright.NO_MOVEMENT):
            raise not_kept(before)
        _count("stand upright, arms hanging", READY_S)
        _count("stay still, breathe as you like", upright.STAND_S)
        _count("done; one moment", LATE_S)
        stood = upright.calibrate(opened, who, time.time_ns(), rules)
        if stood.reason:
            raise not_kept(stood)
        if json:
            console.emit_json({"device": stood.device, "upright": stood.xyz, "motion_mg": stood.motion_mg})
        else:
            console.stdout().print(f"{stood.device} knows which way is up now", markup=False)


def not_kept(stood: Stood) -> NotKept:
    """The reason as an error that says what would help."""
    what, next_step = WORDS[stood.reason]
    moved = f" ({stood.motion_mg:.0f} mg)" if stood.reason == "moved" and stood.motion_mg is not None else ""
    return NotKept(f"{what}{moved}", next_step=next_step)


def _count(words: str, seconds: int) -> None:
    console.note(f"{words}: {seconds} s")
    time.sleep(seconds)
