"""What a report must never say (science, section 6), as data, and the one function that finds it.

A sentence that names a word in order to refuse it ("never “because of”") is allowed whole, letter by letter, and nowhere else: `ALLOWED`.
People's own words are theirs; whoever asks leaves them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FORBIDDEN: Mapping[str, Mapping[str, str]] = {
    "en": {
        "a diagnosis": r"diagnos\w*|disorder\w*|patholog\w*|symptom\w*|ptsd|depressi\w*|panic\w*|syndrome\w*",
        "a feeling read from the heart": r"stress\w*|anxi\w*|fear(?!ed)\w*|angry|anger|emotion\w*",
        "severity, or a ranking": r"severe(ly)?|severity|mild|worse|worst|percentile\w*|score\w*|rank\w*|than other (people|patients)|than others",
        "a norm": r"abnormal\w*|normal\w*|healthy|unhealthy|out of range|in range",
        "an alarm": r"alert\w*|alarm\w*|danger\w*|warning\w*|urgent\w*|seek (care|help)|at risk|risk\w*",
        "a cause": r"trigger\w*|caus(e|es|ed|ing)\b|because( of)?|due to|led to|leads to|provok\w*|sets? off|results? (of|from)|the reason for",
        "praise or blame": r"failed|failure\w*|good job|well done|great|success\w*|complian\w*|streak\w*|should have|improv\w*",
        "that nothing was there": r"not affected|unaffected|no effect|no reaction|did not react|does not react|no difference between",
        "what comes next": r"predict\w*|forecast\w*|prognos\w*|relaps\w*|will (rise|fall|grow|fade|improve|get)|expect(s|ed)? to",
        "before and after": r"before[- ](and|vs\.?|versus)[- ]after|since the breath|after (a|the) breath(ing)? (it|the body|arousal|heart)\w*",
        "truth or safety": r"lie[sd]?\b|lying(?! down)|truthful\w*|dishonest\w*|unsafe|safe(ty)?\b",
        "a claim of care": r"treat(s|ed|ment|ments)?\b|therap\w*|cure\w*|heal(s|ed|ing)?\b|clinical[- ]grade|detects?\b|proves?\b|proof",
        "a p": r"\bp\s*[=<>≤]\s*0?[.,]\d+|p[- ]values?",
    },
    "de": {
        "a diagnosis": r"diagnos\w*|störung\w*|krankhaft\w*|patholog\w*|symptom\w*|ptbs|depressi\w*|panik\w*|syndrom\w*",
        "a feeling read from the heart": r"stress\w*|gestresst\w*|angst\w*|ängst\w*|wütend\w*|wut|emotion\w*",
        "severity, or a ranking": r"schweregrad\w*|leichtgradig\w*|schlimm\w*|perzentil\w*|punktzahl\w*|rang\w*|als andere (menschen|personen|patient\w*)",
        "a norm": r"abnorm\w*|normal\w*|gesund\w*|auffällig\w*|unauffällig\w*",
        "an alarm": r"alarm\w*|gefahr\w*|gefährlich\w*|warn\w*|dringend\w*|risik\w*",
        "a cause": r"auslös\w*|ausgelöst\w*|trigger\w*|ursach\w*|verursach\w*|wegen|weil|aufgrund|bewirk\w*|führt(e)? zu|folge von",
        "praise or blame": r"gescheitert\w*|fehlgeschlagen\w*|versagt\w*|gut gemacht|super|erfolg\w*|hätten? sollen|verbesser\w*|verschlechter\w*",
        "that nothing was there": r"nicht betroffen|unberührt|keine wirkung|keine reaktion|reagiert(e)? nicht|kein unterschied zwischen",
        "what comes next": r"vorhersag\w*|vorherseh\w*|prognos\w*|rückfall\w*|rückfäll\w*|wird (steigen|sinken|wachsen|schwinden)",
        "before and after": r"vorher[- ](und |)nachher|vor und nach dem atmen|nach dem atmen (sank|fiel|stieg)\w*",
        "truth or safety": r"lüg\w*|gelogen|ehrlich\w*|unehrlich\w*|unsicherheit der person|sicherheit der person",
        "a claim of care": r"behandel\w*|behandlung\w*|therapi\w*|heil(t|te|ung|en)\b|geheilt|weist nach|nachgewiesen|bewies\w*|beweis\w*",
        "a p": r"\bp\s*[=<>≤]\s*0?[.,]\d+|p[- ]?werte?",
    },
}
"""By language: what it would be, and the words by which it is known."""

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "en": (
        "for discussion with a clinician; not a diagnosis",
        "Not a feeling, a cause or a comparison with others.",
        "Tags are chosen, not assigned: everything here is “associated with”, never “because of”.",
        "Numbers, minutes too, are this person’s own scale and cannot be ranked against anyone else’s.",
        "No before-and-after: in a simulation, not of this person, about two thirds of a rise settled by itself.",
        "Why. Tags show what went together, not what led to what.",
    ),
    "de": (
        "für das Gespräch mit einer Fachperson; keine Diagnose",
        "Kein Gefühl, keine Ursache, kein Vergleich mit anderen.",
        "Marken sind gewählt, nicht zugeteilt: Alles hier heißt „geht einher mit“, nie „wegen“.",
        "Die Zahlen, auch Minuten, sind der eigene Maßstab dieser Person und lassen keine Rangfolge mit anderen zu.",
        "Kein Vorher-nachher: In einer Simulation, nicht dieser Person, gingen etwa zwei Drittel eines Anstiegs von selbst zurück.",
    ),
}
"""Sentences that refuse what they name. Each stands in a catalogue exactly so; a test holds that none is idle."""


def breaches(text: str, lang: str) -> list[str]:
    """What a text says that no report may, as `what it would be: the words`; empty is good.

    >>> breaches("The meeting triggered it; not a diagnosis", "en")
    ['a diagnosis: diagnosis', 'a cause: triggered']
    >>> breaches("for discussion with a clinician; not a diagnosis", "en")
    []
    """
    spaced = " ".join(text.split())
    for sentence in ALLOWED[lang]:
        spaced = spaced.replace(sentence, " ")
    return [f"{what}: {found[0]}" for what, pattern in FORBIDDEN[lang].items() for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", spaced, re.IGNORECASE)]
