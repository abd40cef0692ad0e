"""What a report can say: two languages with the same sentences, numbers as each language writes them, and the page's own words."""

import re

import pytest
from reports import MADE, text_of

from dashboards.live import texts as page_texts
from dashboards.report import words
from dashboards.report.door import as_html
from dashboards.report.gist import span_words
from dashboards.report.words import LANGUAGES, Words
from somalink.domain import catalogue
from somalink.domain.types import Gate, word

PLACES = re.compile(r"\{(\w+)\}")
PAGE_WORDS = {
    "kind": catalogue.KINDS,
    "with_whom": catalogue.WITH_WHOM,
    "action": catalogue.ACTIONS,
    "context": catalogue.CONTEXTS,
    "gate": [word(each) for each in Gate],
    "tier": ["A", "B", "C", "D"],
}


def test_both_languages_say_the_same_sentences():
    english, german = (words.catalogue(lang) for lang in LANGUAGES)
    assert english.keys() == german.keys()
    assert {key for key in english if set(PLACES.findall(english[key])) != set(PLACES.findall(german[key]))} == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_where_a_number_chooses_both_forms_are_there(lang):
    ones = {key[:-4] for key in words.catalogue(lang) if key.endswith(".one") and f"{key[:-4]}.other" not in words.catalogue(lang)}
    assert ones == {"belonging"}, "belonging.one is a rating alone"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("scope", PAGE_WORDS)
def test_the_same_id_has_the_same_word_as_on_the_page(lang, scope):
    say = Words(lang)
    for each in PAGE_WORDS[scope]:
        assert say.word(scope, each) == page_texts.catalogue(lang)[f"{scope}.{each}"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_has_a_word_of_its_own_for_nothing_that_the_page_names(lang):
    assert not [key for key in words.catalogue(lang) if key.partition(".")[0] in ("kind", "with_whom", "action", "context", "gate", "tier")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_the_month_stands_on_paper_by_the_pages_word(lang):
    said = text_of(as_html(MADE["month"](lang)))
    assert not [kind for kind in catalogue.KINDS if page_texts.text(f"kind.{kind}", lang) not in said]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_standing_metric_and_verdict_has_words(lang):
    say = Words(lang)
    needed = [f"standing.{each}" for each in catalogue.STANDINGS] + [f"metric.{each}" for each in catalogue.FINDING_METRICS]
    needed += [f"standing_short.{each}" for each in catalogue.STANDINGS if each != "counted"] + [f"verdict.{each}" for each in catalogue.VERDICTS]
    assert not [key for key in needed if not say.has(key)]


def test_numbers_are_written_as_each_language_writes_them():
    english, german = Words("en"), Words("de")
    assert (english.signed(-0.25, 2), german.signed(-0.25, 2)) == ("−0.25", "−0,25")
    assert (english.signed(1.3), german.signed(1.3)) == ("+1.3", "+1,3")
    assert english.signed(-0.04) == english.signed(0.04) == "0.0", "what is shown as nothing has no sign"
    assert english.count(1062418) == "1\u202f062\u202f418"
    assert (english.moment("2026-11-12T19:15"), german.moment("2026-11-12T19:15")) == ("12 Nov, 19:15", "12. Nov., 19:15")
    assert english.span("2026-10-16", "2026-11-12") == "16 October to 12 November 2026"
    assert german.span("2026-12-16", "2027-01-12") == "16. Dezember 2026 bis 12. Januar 2027"
    assert english.share(0.001) == "under 1 %" and english.share(0.0) == "0 %"


def test_a_span_is_told_as_people_say_it():
    assert [span_words(n, Words("de")) for n in (12, 28, 92, 365)] == ["12 Tage", "Vier Wochen", "Drei Monate", "Ein Jahr"]


def test_a_language_nobody_wrote_is_told_in_english():
    assert Words("fr").lang == "en" and Words("de-AT").lang == "de"
