"""A report's sentences and numbers in a language. Knows the catalogues; words that the page has too come from the page's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from dashboards.live import texts as page_texts

LANGUAGES = ("en", "de")
PLACE = re.compile(r"\{(\w+)\}")
MINUS, THIN = "\u2212", "\u202f"
NONE = "–"


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Every text of a report in a language."""
    found: dict[str, str] = json.loads((files("dashboards.report") / "texts" / f"{lang}.json").read_text(encoding="utf-8"))
    return found


def spoken(lang: str) -> str:
    """The nearest language there is a catalogue of."""
    return lang[:2] if lang[:2] in LANGUAGES else LANGUAGES[0]


class Words:
    """Texts by id and numbers as they are written in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = spoken(lang)
        self._texts = catalogue(self.lang)

    def __call__(self, key: str, **given: Any) -> str:
        """The text of `key`; `n` chooses between `key.one` and `key.other`, and is written as a number.

        >>> Words("en")("unit.days", n=1)
        '1 day'
        """
        form = f"{key}.one" if given.get("n") == 1 else f"{key}.other"
        filled = {name: self.count(value) if isinstance(value, int) else str(value) for name, value in given.items()}
        return PLACE.sub(lambda place: filled[place[1]], self._texts[form if form in self._texts else key])

    def has(self, key: str) -> bool:
        return key in self._texts or f"{key}.other" in self._texts

    # ------------------------------------------------------------ numbers

    def count(self, n: int) -> str:
        """
        >>> Words("en").count(1062418) == "1\\u202f062\\u202f418"
        True
        """
        return f"{n:,}".replace(",", THIN).replace("-", MINUS)

    def number(self, value: float | None, digits: int = 1) -> str:
        """
        >>> Words("de").number(-1.25, 2)
        '−1,25'
        """
        if value is None:
            return NONE
        text = f"{value:.{digits}f}"
        text = text.lstrip("-") if not float(text) else text
        return text.replace("-", MINUS).replace(".", self._texts["number.point"])

    def signed(self, value: float | None, digits: int = 1) -> str:
        """With its sign, unless it is shown as nothing."""
        text = self.number(value, digits)
        return f"+{text}" if value is not None and value > 0 and text.strip("0.,") else text

    def share(self, value: float) -> str:
        """A share as per cent; what is there is never written as 0."""
        return self("number.less_than_one") if 0 < value < 0.005 else self("number.percent", n=round(100 * value))

    def spelt(self, n: int) -> str:
        """`four`, up to twelve."""
        return self._texts.get(f"number.{n}", self.count(n))

    def interval(self, low: float | None, high: float | None, digits: int = 1) -> str:
        return self("number.interval", low=self.signed(low, digits), high=self.signed(high, digits))

    def interval_plain(self, low: float, high: float, digits: int = 1) -> str:
        """Of what has no sign: minutes, an area."""
        return self("number.interval", low=self.number(low, digits), high=self.number(high, digits))

    # ------------------------------------------------------------ lists and dates

    def listed(self, parts: Sequence[str]) -> str:
        """
        >>> Words("en").listed(["a", "b", "c"])
        'a, b and c'
        """
        return parts[0] if len(parts) == 1 else self("list.and", first=", ".join(parts[:-1]), last=parts[-1]) if parts else ""

    def day(self, iso: str) -> str:
        """`12 Nov`."""
        when = date.fromisoformat(iso[:10])
        return self("date.short", day=str(when.day), month=self._texts[f"month_short.{when.month}"])

    def long_day(self, iso: str) -> str:
        when = date.fromisoformat(iso[:10])
        return self("date.long", day=str(when.day), month=self._texts[f"month.{when.month}"], year=str(when.year))

    def moment(self, iso: str) -> str:
        """`12 Nov, 19:15`."""
        return f"{self.day(iso)}, {datetime.fromisoformat(iso):%H:%M}"

    def span(self, first: str, last: str) -> str:
        """`16 October to 12 November 2026`; a year is said twice only where there are two."""
        a, b = date.fromisoformat(first), date.fromisoformat(last)
        if a == b:
            return self.long_day(last)
        begin = self.long_day(first) if a.year != b.year else self("date.no_year", day=str(a.day), month=self._texts[f"month.{a.month}"])
        return self("date.span", first=begin, last=self.long_day(last))

    # ------------------------------------------------------------ words of the page

    def word(self, scope: str, word: str) -> str:
        """What the page calls a kind, company, action, context, gate or tier."""
        return page_texts.text(f"{scope}.{word}", self.lang)

    def kind(self, word: str) -> str:
        return self.word("kind", word)

    def within(self, scope: str, word: str) -> str:
        """The same inside a sentence."""
        text = self.word(scope, word)
        return self("word.quoted", word=text[0].lower() + text[1:] if self._texts["word.lower"] == "yes" else text)
