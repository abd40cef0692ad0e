"""The page's catalogues, for programs that say the same things elsewhere. Knows files of this package; knows nothing of who reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

ENGLISH = "en"
PLACE = re.compile(r"\{(\w+)\}")


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language by its id; of a language there is none of, nothing."""
    folder = files("dashboards.live") / "static" / "texts" / language
    if not re.fullmatch(r"[a-z]{2}", language) or not folder.is_dir():
        return {}
    parts = sorted((each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name)
    return {key: text for part in parts for key, text in json.loads(part.read_text(encoding="utf-8")).items()}


def languages() -> list[str]:
    """Those there is a catalogue of."""
    return sorted(each.name for each in (files("dashboards.live") / "static" / "texts").iterdir() if each.is_dir())


def text(key: str, language: str = ENGLISH, **given: Any) -> str:
    """The text of `key` with what is put in; English stands in for what a language does not have. `n` chooses between `key.one` and `key.other`.

    >>> text("breathe.breaths", n=18)
    '18 breaths.'
    """
    form = "one" if given.get("n") == 1 else "other"
    found = next(
        (known[name] for known in (catalogue(language[:2]), catalogue(ENGLISH)) for name in (f"{key}.{form}", f"{key}.other", key) if name in known), key
    )
    return PLACE.sub(lambda place: str(given[place[1]]) if place[1] in given else place[0], found)
