"""What a person may choose about themselves and about how the program behaves towards them: keys, what a value may be, what holds unsaid.

Kept as dated rows (`settings` and `profile` in the store), the newest of a key in force. Ids never change; their texts are in the catalogues.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    # For its name alone: the command line reads choices at its start, and types would bring numpy.
    from somalink.domain.types import Setting

YES, NO = "yes", "no"
FULL, EAGER, NEVER = "full", "eager", "never"
SETTINGS, PROFILE = "settings", "profile"
ALL, NONE = "all", "none"
Days = tuple[date, date]
"""A stretch of local days, both ends in it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a person chooses. `pattern`: what a value has to look like, whole; `unsaid`: what holds until it is chosen."""

    key: str
    table: str
    pattern: str
    unsaid: str
    hint: str
    holds: Callable[[str], bool] = lambda _: True
    """What a pattern cannot say."""

    def read(self, text: str) -> str:
        """The value, if it is one; else a UsageError with what would be."""
        value = text.strip()
        if not re.fullmatch(self.pattern, value) or not self.holds(value):
            raise UsageError(f"{self.key} cannot be {value[:40]!r}", next_step=self.hint)
        return value


def _yes(key: str, table: str, unsaid: str = NO) -> Choice:
    return Choice(key, table, f"{YES}|{NO}", unsaid, "write yes or no")


def _are_days(value: str) -> bool:
    """Whether every pair names two days that there are, the earlier one first."""
    try:
        return all(first <= last for first, last in _pairs(value))
    except ValueError:
        return False


def _pairs(value: str) -> list[Days]:
    pairs = [part.split("/") for part in value.split(";")] if value not in (ALL, NONE) else []
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in pairs]


def shared(report_spans: str, first: date, last: date) -> list[Days]:
    """Of the days from `first` to `last` those that may be in a report, as stretches without a hole, the oldest first; empty: none.

    >>> shared("2026-10-16/2026-10-20;2026-10-21/2026-11-12", date(2026, 10, 18), date(2026, 12, 1))
    [(datetime.date(2026, 10, 18), datetime.date(2026, 11, 12))]
    """
    if report_spans == ALL:
        return [(first, last)]
    found: list[Days] = []
    for start, stop in sorted((max(start, first), min(stop, last)) for start, stop in _pairs(report_spans)):
        if start > stop:
            continue
        if found and start.toordinal() <= found[-1][1].toordinal() + 1:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
CHOICES = {
    choice.key: choice
    for choice in (
        # What may be done with what is known: asked one by one, all off until then.
        _yes("consent_measure", PROFILE),
        _yes("consent_notes", PROFILE),
        _yes("consent_clinician", PROFILE),
        _yes("consent_notices", PROFILE),
        _yes("consent_research", PROFILE),
        # What a report may contain: the wearer's, and no report is made with more.
        _yes("report_notes", PROFILE),
        Choice(
            "report_spans",
            PROFILE,
            rf"{ALL}|{NONE}|{_DAY}/{_DAY}(;{_DAY}/{_DAY}){{0,19}}",
            ALL,
            f"choose {ALL} or {NONE}, or days as in 2026-10-16/2026-11-12, several joined by ;",
            _are_days,
        ),
        # What the heart lives with.
        _yes("beta_blocker", PROFILE),
        _yes("irregular_rhythm", PROFILE),
        _yes("pacemaker", PROFILE),
        _yes("medication_change", PROFILE),
        # When it may ask.
        Choice("prompt_mode", SETTINGS, f"{FULL}|{EAGER}|{NEVER}", FULL, f"choose from: {FULL} {EAGER} {NEVER}"),
        Choice("prompt_cap", SETTINGS, "[0-4]", "3", "a number from 0 to 4: prompts a day at most"),
        Choice("quiet_from", SETTINGS, _CLOCK, "22:00", "a time of day as in 22:00"),
        Choice("quiet_to", SETTINGS, _CLOCK, "08:00", "a time of day as in 08:00"),
        _yes("randomised", SETTINGS),
        Choice("not_now_until", SETTINGS, r"\d{1,19}", "0", "nanoseconds of UTC; 0 ends it"),
        _yes("exposure_prompts", SETTINGS),
        # How it looks and sounds.
        _yes("hide_heart_rate", SETTINGS),
        Choice("view_limit_min", SETTINGS, r"\d{1,3}", "0", "minutes a day, 0 for no limit"),
        Choice("language", SETTINGS, r"([a-z]{2}(-[A-Z]{2})?)?", "", "a language as in en or de"),
        Choice("theme", SETTINGS, "light|dark|", "", "choose from: light dark, or nothing for what the system says"),
        Choice("breath_rate", SETTINGS, r"4\.5|5|5\.5|6|6\.5|7", "6", "breaths a minute: 4.5 5 5.5 6 6.5 7"),
        Choice("breath_ratio", SETTINGS, "40|50|30", "40", "share of breathing in, in percent: 40 50 30"),
        Choice("breath_min", SETTINGS, r"[1-9]|1\d|20", "3", "minutes from 1 to 20"),
        _yes("breath_sound", SETTINGS),
        _yes("breath_vibration", SETTINGS),
        _yes("breath_still", SETTINGS),
        Choice("own_list", SETTINGS, r"(?s).{0,2000}", "", "up to 2000 signs, one thing a line"),
        # Whether the six screens of the first days were seen.
        _yes("introduced", SETTINGS),
        Choice("sat_stood_walked", SETTINGS, r"\d{1,19}|skipped|", "", "when it began, in nanoseconds of UTC, or skipped"),
    )
}


def chosen(said: Iterable[Setting], at_ns: int | None = None) -> dict[str, str]:
    """What is in force: of each key the newest value received by `at_ns`, else what holds unsaid. Unknown keys are passed over."""
    known = {key: choice.unsaid for key, choice in CHOICES.items()}
    for setting in sorted(said, key=lambda each: (each.received_ns, each.revision)):
        if setting.key in known and (at_ns is None or setting.received_ns <= at_ns):
            known[setting.key] = setting.value
    return known
