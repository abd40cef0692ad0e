"""Every measured or chosen word of the program, once: index names, units, reasons, kinds, columns.

The name here is the name in code, store, CSV, InfluxDB, panel and page.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# ---------------------------------------------------------------- words people choose from (contracts, section 9)

KINDS = ("rejection", "exclusion", "ignored", "criticism", "conflict", "boundary", "connection", "support", "reaching_out", "group", "exposure_step", "other")
# fmt: off
SENSATIONS = ("racing_heart", "fluttering_chest", "tight_chest", "tight_jaw", "muscle_tension", "headache", "stomach", "heat", "cold", "shaking", "numbness",
              "fatigue", "warmth", "other")
# fmt: on
ACTIONS = ("approached", "stayed", "paused", "left", "avoided")
WITH_WHOM = ("partner", "family", "friend", "work", "group", "stranger", "online", "other")
THEMES = ("ridicule", "abandonment", "invisibility", "blame", "failure", "other")
NEEDS = ("reassurance", "clarity", "space", "respect", "company", "care", "other")
CONTEXTS = ("talking", "moving", "caffeine", "alcohol", "unwell", "tired", "medication_change")
CERTAINTIES_S = (60, 300, 900, 2700, 10800)
"""1, 5, 15, 45 min, part of a day."""
RATING_KINDS = ("distress", "belonging", "engagement", "contacts", "reached_out", "comfort", "outcome")
SESSION_KINDS = ("breathing", "muscle_release", "grounding")

# ---------------------------------------------------------------- reasons: why a value is as it is, or is not there


@dataclass(frozen=True, slots=True)
class Words:
    """A closed list of words with a code each: the code is in the store, the word everywhere else."""

    words: tuple[str, ...]

    def code(self, word: str) -> int:
        return self.words.index(word)

    def __getitem__(self, code: int) -> str:
        return self.words[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)


HR_REASONS = Words(("rr", "fused", "hr_field", "rr_thin", "no_data"))
HRV_REASONS = Words(("", "too_few_pairs", "artefacts", "no_data", "irregular", "no_variation"))
Z_REASONS = Words(("", "session_relative", "learning", "no_heart_rate", "no_baseline", "rhythm"))
PHASIC_REASONS = Words(("", "learning", "no_movement_stream", "no_heart_rate", "no_reference"))
RHYTHMS = Words(("", "irregular", "no_variation", "artefacts", "too_few_beats"))
"""Why five minutes are not usable for variability; the second and third are the rhythm's doing, and give arousal the reason `rhythm`."""
REFUSALS = ("not_a_number", "not_positive", "too_long", "back_in_time")
# fmt: off
TOO_VAGUE = "too-vague"
"""Beginning of the rule of a link whose tag is too vague in time to be matched with one episode."""
REJECTIONS = ("lapsed", "gate", "unknown", "no_rise", "no_reference", "artefact", "few_beats", "gap_step", "frozen", "contact", "short", "refractory",
              "quality")
# fmt: on

# ---------------------------------------------------------------- prompts: who is asked, why not, and what is said to it

AROUSAL, RANDOM = "arousal", "random"
PROMPT_TRIGGERS = (AROUSAL, RANDOM)
OFFER, WITHHELD = "offer", "withheld"
PROMPT_ARMS = (OFFER, WITHHELD)
ASK_FIRST = ("no_motion", "eager")
"""Reasons of an eligible row that begins with a question: movement is not measured, or the usual is not known yet."""
# fmt: off
PROMPT_REASONS = ("off", "quiet_hours", "not_now", "exposure", "maturity", "gate", "confidence", "small_rise", "tagged", "session", "cooldown", "cap", "halved",
                  *ASK_FIRST)
"""The closed list of what a row of the ledger may say; a row that asks at once says nothing."""
STILL = "still"
"""The answer "no, I was not moving": an offer may follow, and what is said to that counts for the row."""
PROMPT_ANSWERS = ("shown", "tag", "breathe", "not_now", "wrong", "moving", STILL, "no_thanks", "rated", "skipped", "not_now_hour", "not_now_today")
# fmt: on
MOMENT_ANSWERS = ("nothing", "moving", "unknown")
"""What may be said of a moment that stood out when no tag fits: nothing with people, the body moved, not known."""
OF_MOMENT = "episode/"
"""Begins the `prompt_id` of such an answer; the episode's id follows."""
OF_EVENT = "event/"
"""Begins the `prompt_id` of a number that is about a tag, as an `outcome` is; the tag's id follows."""
EXPIRED = "expired"
"""Stored as the answer of a question that nobody answered in time."""

# ---------------------------------------------------------------- findings: what is asked of moments, and what may be said

LISTED_ONLY, TOO_FEW, NOT_TOLD_APART, HIGHER, LOWER = "listed_only", "too_few", "not_told_apart", "higher", "lower"
VERDICTS = (LISTED_ONLY, TOO_FEW, NOT_TOLD_APART, HIGHER, LOWER)
EVERYTHING = "all"
"""The scope of what is not about a group of moments."""
SCOPES = ("kind", "with_whom", "action", "context")
"""By which words of a tag moments are grouped; `kind` is the primary family, the others together are the second."""
FINDING_METRICS = {
    "dz10": "SD",
    "peak_z": "SD",
    "latency_s": "s",
    "area": "SD min",
    "t_half_s": "s",
    "slope": "SD/min",
    "slowing_z": "SD",
    "dz10_trend": "SD/30 d",
    "dz10_contrast": "SD",
    "t_half_trend": "s/30 d",
    "still_hr_trend": "bpm/30 d",
    "threshold_trend": "SD/30 d",
    "belonging_trend": "points/30 d",
    "engagement_trend": "points/30 d",
    "concordance": "r",
    "offer": "SD",
    "step_distress": "points",
    "step_outcome": "points",
}
"""Metric of a finding and the unit of its effect. Only `dz10` of a group, trends, contrasts and offers have a p; secondaries never."""
STANDINGS = ("counted", "not_blind", "asked", "no_signal", "overlapping", "outside", "unmatched")
"""What became of a tagged moment in the comparison: only the first is in it. `asked`: said when a risen level had made the page ask, so that
the level chose the moment; `overlapping`: within ten minutes of another; `outside`: of any recording; `unmatched`: no matched moment."""

# ---------------------------------------------------------------- the grid row as stored


@dataclass(frozen=True, slots=True)
class Column:
    """A fixed-point column: value = stored * `unit` (in `of`). `words` where the number is a code."""

    name: str
    unit: float
    of: str
    words: tuple[str, ...] | None = None


GRID_COLUMNS = (
    Column("stop_ns", 1, "ns"),
    Column("hr", 1e-3, "bpm"),
    Column("hr_reason", 1, "", HR_REASONS.words),
    Column("hr_q", 1e-4, ""),
    Column("ln_rmssd", 1e-4, "ln ms"),
    Column("hrv_reason", 1, "", HRV_REASONS.words),
    Column("hrv_q", 1e-4, ""),
    Column("motion", 0.1, "mg"),
    Column("a30", 1e-4, ""),
    Column("a180", 1e-4, ""),
    Column("a600", 1e-4, ""),
    Column("gate", 1, "", ("unknown", "still", "light", "moving", "recovery", "posture")),
    Column("z", 1e-4, "SD"),
    Column("z_phasic", 1e-4, "SD"),
    Column("se", 1e-4, "SD"),
    Column("z_reason", 1, "", Z_REASONS.words),
    Column("phasic_reason", 1, "", PHASIC_REASONS.words),
    Column("maturity", 0.01, ""),
    Column("motion_conf", 0.01, ""),
    Column("artefact", 1e-4, ""),
    Column("baseline", 1, ""),
    Column("posture", 1, "", ("unknown", "standing", "sitting", "lying", "upright")),
    Column("steps", 0.1, ""),
)

# ---------------------------------------------------------------- indices as read


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index as people meet it: its field's standard name, unit, window and what it may be read as."""

    name: str
    unit: str
    window_s: int
    label: str
    note: str


INDICES = (
    IndexSpec("HR", "bpm", 30, "Heart rate", "Mean over 30 s from beats, else fused with the device's own field over 60 s"),
    IndexSpec("HRV_RMSSD", "ms", 60, "RMSSD", "Root mean square of successive differences, ok pairs only; shown, never part of the index"),
    IndexSpec("HRV_LnRMSSD", "ln ms", 60, "ln RMSSD", "Natural logarithm of RMSSD in ms"),
    IndexSpec("motion_mg", "mg", 5, "Movement", "Mean absolute deviation of acceleration, or 150 mg per step per second"),
    IndexSpec("gate", "", 60, "Gate", "still, light, moving, recovery, posture or unknown"),
    IndexSpec("posture", "", 5, "Posture", "upright, standing, sitting, lying or unknown: a sensor at the chest cannot tell sitting from standing"),
    IndexSpec("steps", "", 5, "Steps", "Steps in the 5 s, from the accelerometer or a step counter"),
    IndexSpec("arousal_z", "SD", 30, "Arousal against usual", "Heart rate beyond what movement and hour explain, in the person's own still-time spread"),
    IndexSpec("arousal_phasic_z", "SD", 30, "Phasic arousal", "The same against the last half hour; drives the onset of spikes"),
    IndexSpec("arousal_se", "SD", 30, "Uncertainty of arousal", "Standard error of arousal_z"),
    IndexSpec("arousal_index", "", 30, "Arousal index", "clip(20 + 20 z, 0, 100): 20 is the person's own typical still level"),
)
