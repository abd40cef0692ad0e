"""What a report must never say, held over every text and every page; and the guard itself, which has to be able to find something."""

from dataclasses import replace

import pytest
from reports import MADE, text_of

from dashboards.report import words
from dashboards.report.door import as_html
from dashboards.report.forbidden import ALLOWED, FORBIDDEN, breaches
from dashboards.report.words import LANGUAGES

MUTANTS = {
    "en": {
        "a diagnosis": "This pattern is a symptom of a disorder.",
        "a feeling read from the heart": "You were anxious and under stress.",
        "severity, or a ranking": "A severe reaction, worse than others.",
        "a norm": "An abnormal level.",
        "an alarm": "Alert: high risk.",
        "a cause": "The rise was triggered by the meeting and caused by criticism, because of work.",
        "praise or blame": "Good job! You failed twice.",
        "that nothing was there": "She was not affected by it.",
        "what comes next": "This predicts a relapse.",
        "before and after": "Arousal before and after the exercise.",
        "truth or safety": "The account is not truthful.",
        "a claim of care": "The exercise treats it.",
        "a p": "peak, SD: p = 0.03",
    },
    "de": {
        "a diagnosis": "Das ist ein Symptom einer Störung.",
        "a feeling read from the heart": "Sie waren ängstlich und gestresst.",
        "severity, or a ranking": "Schlimmer als andere Menschen.",
        "a norm": "Ein auffälliger Wert.",
        "an alarm": "Warnung: hohes Risiko.",
        "a cause": "Der Anstieg wurde ausgelöst und verursacht, wegen der Arbeit.",
        "praise or blame": "Gut gemacht! Zweimal gescheitert.",
        "that nothing was there": "Sie war nicht betroffen.",
        "what comes next": "Das ist eine Prognose für einen Rückfall.",
        "before and after": "Erregung vor und nach dem Atmen.",
        "truth or safety": "Die Angabe ist unehrlich.",
        "a claim of care": "Das Atmen heilt es.",
        "a p": "Gipfel, SD: p < 0,05",
    },
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_of_a_catalogue_says_what_no_report_may(lang):
    assert {key: found for key, text in words.catalogue(lang).items() if (found := breaches(text, lang))} == {}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", MADE)
def test_no_page_says_it_either(name, lang):
    report = MADE[name](lang)
    own = replace(report, moments=tuple(replace(each, note="") for each in report.moments), steps=tuple(replace(each, text="") for each in report.steps))
    assert breaches(text_of(as_html(own)), lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_guard_finds_each_thing_it_is_for(lang):
    assert MUTANTS[lang].keys() == FORBIDDEN[lang].keys()
    for what, text in MUTANTS[lang].items():
        assert any(found.startswith(f"{what}:") for found in breaches(text, lang)), (what, text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sentence_is_allowed_whole_or_not_at_all(lang):
    for sentence in ALLOWED[lang]:
        assert breaches(sentence, lang) == []
        halves = sentence[1:], sentence[:-1]
        assert any(breaches(half, lang) for half in halves), f"{sentence}: nothing in it needs leave"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_allowed_sentence_is_idle(lang):
    assert not [sentence for sentence in ALLOWED[lang] if not any(sentence in text for text in words.catalogue(lang).values())]


def test_a_mutated_catalogue_does_not_pass():
    text = words.catalogue("en")["gist.higher"].replace("After moments tagged {kinds} arousal was higher", "{kinds} caused arousal to be higher")
    assert breaches(text, "en") == ["a cause: caused"]
