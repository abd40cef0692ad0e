"""What the page says: every word a person may meet has a text in every language, languages match, and words that judge do not occur."""

import json
import re
from pathlib import Path

import pytest

from dashboards.live.forms import WEEKS
from ingest.ble.states import State
from somalink.domain import catalogue, choices
from somalink.domain.types import Gate, word

STATIC = Path(__file__).resolve().parents[3] / "dashboards" / "live" / "static"
LANGUAGES = sorted(path.name for path in (STATIC / "texts").iterdir())
PLURAL = re.compile(r"\.(zero|one|two|few|many|other)$")
"""Endings where a number chooses; `kind.other` is a kind, and stands without a `kind.one`."""
PLACES = re.compile(r"\{(\w+)\}")


def catalogue_of(language: str) -> dict[str, str]:
    """All texts of a language, as the server joins them; no id stands in two files."""
    found: dict[str, str] = {}
    for file in sorted((STATIC / "texts" / language).glob("*.json")):
        texts = json.loads(file.read_text("utf-8"))
        assert not found.keys() & texts.keys(), file.name
        found |= texts
    return found


def plain(key: str, texts: dict[str, str]) -> str:
    """The id without what a number chooses."""
    base = PLURAL.sub("", key)
    return base if f"{base}.one" in texts else key


TEXTS = {language: catalogue_of(language) for language in LANGUAGES}
IDS = {language: {plain(key, texts) for key in texts} for language, texts in TEXTS.items()}

SAYS = {
    "prompt_mode": [f"settings.mode_{value}" for value in (choices.FULL, choices.EAGER, choices.NEVER)],
    "prompt_cap": ["settings.cap"],
    "quiet_from": ["settings.quiet_from"],
    "quiet_to": ["settings.quiet_to"],
    "not_now_until": ["settings.quiet_until", "settings.end_quiet", "settings.quiet_hour", "settings.quiet_today"],
    "view_limit_min": ["settings.view_limit", "settings.view_limit_text"],
    "language": ["settings.language"],
    "theme": ["settings.theme", "settings.theme_auto", "settings.theme_light", "settings.theme_dark"],
    "breath_rate": ["settings.breath_rate", "settings.a_minute"],
    "breath_ratio": ["settings.breath_ratio", "settings.ratio_30", "settings.ratio_40", "settings.ratio_50"],
    "breath_min": ["settings.breath_min"],
    "report_spans": ["settings.report_spans", "settings.report_spans_text", *(f"settings.report_spans_{each}" for each in ("all", "some", "none"))],
    "own_list": ["settings.own_label", "settings.own_text"],
    "introduced": ["welcome.begin"],
    "sat_stood_walked": ["welcome.start", "welcome.skip", "welcome.met"],
}
"""Choices that are more than yes or no, and the texts that ask them."""
NEEDED = {
    **{f"kind.{each}": "kind" for each in catalogue.KINDS},
    **{f"reason.{each}": "reason of the ledger" for each in catalogue.PROMPT_REASONS},
    **{f"why.answer_{each}": "answer to a prompt" for each in catalogue.PROMPT_ANSWERS if each != "shown"},
    **{f"link.{each}": "state of a strap" for each in State},
    **{f"findings.standing.{each}": "standing of a moment" for each in catalogue.STANDINGS},
    **{f"findings.verdict.{each}": "verdict" for each in catalogue.VERDICTS},
    **{f"findings.scope.{each}": "group of moments" for each in catalogue.SCOPES if each != "kind"},
    **{f"findings.weeks_{each}": "span" for each in WEEKS},
    **{f"gate.{word(each)}": "gate" for each in Gate},
    **{f"sensations.{each}": "sensation" for each in catalogue.SENSATIONS},
    **{f"with_whom.{each}": "company" for each in catalogue.WITH_WHOM},
    **{f"action.{each}": "action" for each in catalogue.ACTIONS},
    **{f"theme.{each}": "theme" for each in catalogue.THEMES},
    **{f"need.{each}": "need" for each in catalogue.NEEDS},
    **{f"context.{each}": "context" for each in catalogue.CONTEXTS},
    **{text: key for key, texts in SAYS.items() for text in texts},
    **{f"settings.{key}{end}": key for key in choices.CHOICES if key not in SAYS for end in ("", "_text")},
}
FORBIDDEN = {
    "en": r"stress\w*|anxi\w*|abnormal\w*|alert\w*|alarm\w*|trigger\w*|failed|good job|well done|healthy|score|streak",
    "de": r"stress\w*|gestresst\w*|ängstlich\w*|abnormal\w*|alarm\w*|auslöse\w*|ausgelöst\w*|fehlgeschlagen|gescheitert|gut gemacht|super|gesund|punktzahl",
}
"""Words that judge, frighten or praise; what a heart shows is above or below the usual."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_a_person_may_meet_has_a_text(language):
    missing = {text: what for text, what in NEEDED.items() if text not in IDS[language]}
    assert not missing


def test_no_choice_is_without_a_question():
    assert set(SAYS) <= set(choices.CHOICES)
    assert {f"{choices.YES}|{choices.NO}"} == {choice.pattern for key, choice in choices.CHOICES.items() if key not in SAYS and key != "introduced"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language):
    assert IDS[language] == IDS["en"]
    assert [file.name for file in sorted((STATIC / "texts" / language).iterdir())] == [file.name for file in sorted((STATIC / "texts" / "en").iterdir())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_places_to_fill(language):
    def places(texts: dict[str, str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, text in texts.items():
            found.setdefault(plain(key, texts), set()).update(PLACES.findall(text))
        return found

    assert places(TEXTS[language]) == places(TEXTS["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_is_said_in_every_form(language):
    """English and German have two forms of each."""
    bases = {PLURAL.sub("", key) for key in TEXTS[language] if key.endswith(".one")}
    assert bases and {f"{base}.other" for base in bases} <= TEXTS[language].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_judges_frightens_or_praises(language):
    wrong = {key: found for key, text in TEXTS[language].items() if (found := re.findall(rf"\b(?:{FORBIDDEN[language]})\b", text, re.IGNORECASE))}
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_texts(language):
    """No markup, no empty text, no straight quotes where the language has its own."""
    wrong = [key for key, text in TEXTS[language].items() if not text.strip() or "<" in text or "  " in text or '"' in text or re.search(r"\w'\w", text)]
    assert not wrong


def test_german_says_sie():
    wrong = {key: text for key, text in TEXTS["de"].items() if re.search(r"\b(?:[Dd](?:u|ich|ir|ein\w*)|[Ee](?:uch|uer))\b", text)}
    assert not wrong


def test_every_text_the_page_asks_for_is_there():
    """Ids that stand whole in the modules; those put together from parts are held by the lists above."""
    families = {key.split(".")[0] for key in IDS["en"]}
    asked = set()
    for module in sorted((STATIC / "js").rglob("*.js")):
        for text in re.findall(r"['\"`]([a-z][a-z_]*(?:\.[a-z0-9_]+)+)['\"`]", module.read_text("utf-8")):
            if text.split(".")[0] in families:
                asked.add(text)
    assert asked and asked <= IDS["en"] | {text for text in asked if text.endswith(".json")}, sorted(asked - IDS["en"])


def test_a_prompt_never_gives_its_reason_away():
    """The screens of a prompt are drawn without knowing what led to it."""
    module = (STATIC / "js" / "prompt.js").read_text("utf-8")
    assert not re.search(r"\.trigger|\.reason|\.arm\b|\.eligible", module)
