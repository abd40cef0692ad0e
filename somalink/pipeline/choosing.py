"""What a person chooses, kept as dated rows: the newest of a key is in force."""

from __future__ import annotations

from collections.abc import Mapping

from somalink.domain.choices import CHOICES, SETTINGS, chosen
from somalink.domain.types import Setting
from somalink.storage.local import LocalStore


def choices_of(store: LocalStore, person: str) -> dict[str, str]:
    """What is in force, and what holds unsaid."""
    return chosen([*store.settings(person), *store.profile(person)])


def choose(store: LocalStore, person: str, choices: Mapping[str, str], now_ns: int) -> dict[str, str]:
    """Keeps what is chosen anew; what holds already is not written again. Values must have been read by their `Choice`."""
    known = [*store.settings(person), *store.profile(person)]
    with store.transaction() as write:
        for key, value in choices.items():
            if chosen(known)[key] == value:
                continue
            said = [each for each in known if each.key == key]
            revision = max((each.revision for each in said), default=0) + 1
            # A recording that is lived again, or a clock set back, must not make what was chosen last older than what it replaces.
            at_ns = max([now_ns, *(each.received_ns for each in said)])
            put = write.put_setting if CHOICES[key].table == SETTINGS else write.put_profile
            put(Setting(person, key, value, at_ns, revision))
    return choices_of(store, person)
