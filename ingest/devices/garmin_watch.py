"""Garmin watches that broadcast their heart rate: Forerunner, fenix, epix, Venu, vivoactive, Instinct, Enduro.

Read: the fenix 7 series owner's manual, Wrist Heart Rate Monitor Settings (www8.garmin.com, webhelp fenix7series); the Forerunner 245 owner's manual, page 15.
"""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="garmin_watch",
    maker="Garmin",
    models=("Forerunner", "fenix", "epix", "Venu", "vivoactive", "Instinct", "Enduro"),
    names=("Garmin*", "Forerunner*", "fenix*", "fēnix*", "epix*", "Venu*", "vivo*", "vívo*", "Instinct*", "Enduro*"),
    examples=("Forerunner 265", "fenix 7X", "Venu 3"),
    tier="D",
    location="wrist",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen", "while_broadcasting", "changes_address"),
    broadcasting=(
        Switching(
            "fenix 7 series",
            ("Hold MENU.", "Select Sensors & Accessories, then Wrist Heart Rate.", "Select Broadcast Heart Rate, and let it run."),
            "fenix 7 series owner's manual, Wrist Heart Rate Monitor Settings",
        ),
        Switching(
            "newer ones with the menu Watch Settings",
            (
                "From the watch face, hold the middle left button.",
                "Select Watch Settings, Health & Wellness, then Wrist Heart Rate.",
                "Select Broadcast Heart Rate.",
            ),
            "Garmin webhelp of March 2025, Wrist Heart Rate Monitor Settings",
        ),
        Switching(
            "Forerunner 245",
            ("From the heart rate widget, hold UP.", "Select Options, then Broadcast During Activity.", "Begin an activity; ending it ends the broadcast."),
            "Forerunner 245 owner's manual, page 15; it names ANT+ devices as listeners, and some who use one report that Bluetooth hears it too",
        ),
        Switching("others", ("Look in the watch's settings, under heart rate or sensors, for `Broadcast Heart Rate`.",)),
    ),
    notes=(
        "Broadcasting empties the watch's battery sooner (Garmin says so, and no figure).",
        "Older models broadcast over ANT+ alone, which is not heard here.",
    ),
)
