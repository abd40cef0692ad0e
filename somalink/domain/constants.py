"""The one block of numbers the algorithm is frozen with (engine.md section 6); stored with every analysis and part of its name.

Each value has its reason in docs/decisions/ or in the papers named in processing. Changing one changes `analysis`, so old and
new results are never mixed.
"""

from dataclasses import asdict, dataclass, field

from somalink.domain.identity import digest

ALGORITHM_VERSION = "2"
"""2: a tenth of the local median under the thresholds of beats, rhythm over five minutes, rises confirmed over a minute and a half (docs/decisions/0036,
0010, 0039)."""


@dataclass(frozen=True, slots=True)
class HeartRate:
    win_s: int = 30
    c30_min: float = 0.7
    k: float = 0.1
    fused_win_s: int = 60
    min_beats: int = 4
    c60_min: float = 0.3
    field_q: float = 0.6
    field_sd_bpm: float = 3.0
    frozen_s: int = 20
    """A field that repeats itself this long while the body moves is held, not measured."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Lipponen & Tarvainen 2019 with a causal window and a floor: at 1/1024 s a steady heart gives a quartile spread of 0."""

    rr_ms: tuple[int, int] = (300, 2000)
    c1: float = 0.13
    c2: float = 0.17
    alpha: float = 5.2
    win: int = 91
    med: int = 11
    floor_ms: int = 20
    floor_share: float = 0.1
    """Of the local median: 5.2 quartile deviations of a steady heart's steps are two standard ones, so 4-6 % of a healthy day's intervals were flagged.
    A tenth leaves .3 % of a steady day, and every fault laid into clean stretches (.98 to .99 of those in strap days); who goes from 60 to 90 bpm in
    nine beats loses none (tests/truth/test_artefacts.py, decision 0036)."""
    irregular: float = 0.15
    """Share of the local median by which an interval's two steps, one there and one back, make it irregular. Below .15 paced breathing of
    6/min with +-20 bpm would lose minutes (tests/truth/test_artefacts.py)."""
    lookahead: int = 2
    lookahead_s: int = 5
    min_beats: int = 20
    fallback: float = 0.2
    history_gap_s: int = 60
    run_missing: int = 3
    min_pairs: int = 30
    max_artefact_hrv: float = 0.05
    max_artefact_any: float = 0.2


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a heart's rhythm carries no variability (`processing.rhythm`; docs/truth.md has the figures)."""

    win_s: int = 300
    """The length of a short recording of variability (Task Force 1996): shorter ones let a bout of extra beats flicker."""
    min_beats: int = 150
    """30 a minute, as many as `Beat.min_pairs` asks of RMSSD."""
    max_bad: float = 0.05
    """The share `Beat.max_artefact_hrv` allows a minute."""
    times_spoilt: int = 3
    """Beats out of step against those the recording spoilt. Of 1,329 stretches of five real days 84 have many irregular beats, and 11 are called so;
    of 62 of MIT-BIH 61 are. It was chosen on these very days and records."""
    steady_ms: float = 3.0
    """Spread of the intervals. The least of 143 h of open people was 11.1 ms, on whom it was chosen; the clock of a strap alone gives 0.3."""


@dataclass(frozen=True, slots=True)
class FileGap:
    """Where a file lost beats: contracts, section 4."""

    frac: float = 0.6
    ms: int = 400
    med: int = 11
    drift_s: float = 1.0
    resolution: float = 1.5


@dataclass(frozen=True, slots=True)
class Motion:
    ref_mg: float = 20.0
    still_mg: float = 15.0
    moving_mg: float = 60.0
    tau_s: tuple[int, int, int] = (30, 180, 600)
    hold_s: int = 60
    reset_unknown_s: int = 180
    tilt_deg: float = 30.0
    posture_s: int = 90
    posture_hold_s: int = 20
    """A posture word counts once it has held this long: on real days a classifier flips 5,000-7,000 times (docs/decisions)."""
    moving_points: int = 36
    moving_break_s: int = 30
    recovery_min: tuple[int, int] = (10, 60)
    recovery_slope: float = -1.0
    step_mg: float = 150.0
    still_pct: float = 60.0


@dataclass(frozen=True, slots=True)
class Usual:
    """The baseline fit: prior means (bpm per unit of A30, A180, A600) and what data must carry before a term enters."""

    wrist: tuple[float, float, float] = (2.0, 1.0, 0.0)
    trunk_or_steps: tuple[float, float, float] = (7.0, 3.0, 2.0)
    pseudo_min: float = 5.0
    days: int = 14
    still_weight: float = 0.5
    hours_from_h: float = 20.0
    scale_floor_bpm: float = 2.5
    session_scale_bpm: float = 5.0
    min_quality: float = 0.6
    around_tag_min: int = 30
    within_still_h: float = 2.0
    """A within-recording usual leaves tags out only when this much still time remains without them: of an hour in a laboratory, tags
    are nearly everything, and a usual learnt from the ten minutes between them is worth less than one that knows them (docs/decisions)."""


@dataclass(frozen=True, slots=True)
class CardiacGate:
    reserve: float = 0.25
    hr_max: float = 190.0
    jump_bpm: float = 25.0
    jump_s: int = 30
    rest_pct: float = 5.0


@dataclass(frozen=True, slots=True)
class Maturity:
    none_h: float = 0.5
    session_h: float = 8.0
    full_h: float = 20.0
    full_days: int = 5
    session: float = 0.4
    logging: float = 0.7


@dataclass(frozen=True, slots=True)
class Spike:
    cand: float = 1.0
    off: float = 1.0
    confirm: tuple[int, int] = (16, 18)
    """A minute and a half at a lower height tells rises from bursts better than most of a minute at a greater one (docs/decisions/0039)."""
    sound: tuple[int, int] = (9, 12)
    """Points before an onset that must have Q >= .6."""
    rise: float = 1.0
    rise_ref_min: tuple[int, int] = (-6, -2)
    rise_known_min: int = 2
    off_s: int = 60
    merge_s: int = 120
    min_s: int = 60
    unknown_s: int = 90
    refractory_s: int = 300
    level_on: float = 2.0
    level_bounds: tuple[float, float] = (1.75, 3.5)
    phasic_on: float = 2.5
    phasic_bounds: tuple[float, float] = (1.75, 4.0)
    phasic_after_h: float = 3.0
    phasic_win_min: int = 30
    phasic_still_min: int = 5
    step: float = 0.25
    target_per_14h: float = 6.0
    slow_on: float = -2.0
    elevated_z: float = 1.0
    elevated_of_min: tuple[int, int] = (15, 20)
    prompt_add: float = 0.5
    max_artefact: float = 0.1
    min_beats: int = 10


@dataclass(frozen=True, slots=True)
class Chance:
    draws: int = 200
    min_stretch_min: int = 10
    block_h: int = 4
    prior_h: float = 5.0


@dataclass(frozen=True, slots=True)
class Linking:
    lag_min: float = 1.0
    extra_sd_min: float = 3.0
    show: float = 0.6
    list_from: float = 0.05
    max_certainty_s: int = 900
    part_of_day_s: int = 10800


@dataclass(frozen=True, slots=True)
class Constants:
    """Everything the engine is frozen with. `Constants()` is the published set."""

    hr: HeartRate = field(default_factory=HeartRate)
    beat: Beat = field(default_factory=Beat)
    rhythm: Rhythm = field(default_factory=Rhythm)
    gap: FileGap = field(default_factory=FileGap)
    motion: Motion = field(default_factory=Motion)
    usual: Usual = field(default_factory=Usual)
    cardiac: CardiacGate = field(default_factory=CardiacGate)
    maturity: Maturity = field(default_factory=Maturity)
    spike: Spike = field(default_factory=Spike)
    chance: Chance = field(default_factory=Chance)
    link: Linking = field(default_factory=Linking)
    index_offset: float = 20.0
    index_slope: float = 20.0

    def analysis(self, mode: str) -> str:
        """Name of an analysis: hash of the algorithm's version, these constants and the baseline mode (contracts, section 1)."""
        return digest(ALGORITHM_VERSION, sorted(asdict(self).items()), mode)[:12]


@dataclass(frozen=True, slots=True)
class Breath:
    """Of the paced breath (science, section 4). Not part of an analysis: nothing of it is stored with a derived record."""

    rate: float = 6.0
    in_s: float = 4.0
    ex_s: float = 6.0
    rates: tuple[float, float] = (4.5, 7.0)
    entry_rates: tuple[float, float] = (8.0, 10.0)
    """A first pace for those whom slow breathing makes uneasy."""
    minutes: tuple[int, int] = (1, 20)
    fit_win_s: int = 60
    fit_min_s: int = 30
    fit_min_cycles: int = 3
    """Less than half a minute, or three breaths, cannot tell a swing from a drift."""
    fit_min_beats: int = 20
    max_artefact: float = 0.2
    update_s: int = 5
    closely: float = 0.6
    partly: float = 0.3


BREATH = Breath()


@dataclass(frozen=True, slots=True)
class Activity:
    """Of posture and steps (docs/decisions/0031). No part of an analysis's name: nothing that was stored before these came rests on them. From now
    on the turns of a calibrated chest do: with a new angle here goes a new `ALGORITHM_VERSION`."""

    upright_deg: float = 45.0
    """From the direction gravity had while the wearer stood: leaning over a desk is 20-35, a deep chair 30-50."""
    lying_deg: float = 60.0
    """Between the two the word stays what it was, so that half-lying does not flicker."""
    word_holds_s: int = 120
    """A folder that names postures names them at least this often; after it nothing is known."""
    step_crest_mg: float = 50.0
    """A heart's recoil is some 10 mg at the chest, a slow step 80 and more."""
    step_longest_s: int = 2
    step_uneven_pct: int = 35
    """How much one step may be longer or shorter than the one before: a limp is even over two steps, a gesture is over nothing."""
    steps_least: int = 8
    """Four seconds of walking, the filter of common pedometers: fewer in a row are gestures."""


ACTIVITY = Activity()


@dataclass(frozen=True, slots=True)
class Respiratory:
    """How breathing is seen (`processing.respiration`). For the eye alone: no part of an analysis, nothing of it is stored."""

    win_s: int = 60
    min_s: int = 30
    cycles: int = 4
    """Breaths that a rate needs: three cannot be told from a drift. 60 s hold four of the slowest, 30 s four at 8 a minute."""
    rates: tuple[float, float] = (4.0, 40.0)
    per_beat: float = 0.45
    """Breaths a beat: beats sample the breath, and faster than every second beat it would look like a slower one."""
    slow: float = 9.0
    """Below this a wave of the heart rate may be one of blood pressure (0.07-0.13 Hz; Julien 2006, Cardiovasc Res 70:12)."""
    slow_quality: float = 0.7
    """What such a wave needs: in 457 minutes of real people without a pacer none had it (docs/decisions/0032)."""
    told: float = 0.4
    """What every other breath needs."""
    apart: float = 0.25
    """Two breaths of two sources, with qualities that differ by less, are a disagreement."""
    noise: float = 0.35
    clear: float = 0.9
    """Of concentration and regularity: what noise has in nineteen of twenty minutes, and what a lone wave has."""
    same: float = 1.0
    same_share: float = 0.1
    """Two sources show the same breath when they are no further apart than this, in breaths a minute or as a share."""
    hole_s: float = 1.5
    """A pause in the chest's samples that ends the stretch: a tenth of the slowest breath is drawn straight over, more is not."""
    amplitude_mad: float = 5.0
    """An R peak so many robust spreads from the median is another kind of beat."""
    max_artefact: float = 0.2


RESPIRATION = Respiratory()


@dataclass(frozen=True, slots=True)
class Prompting:
    """When somebody may be asked (science, sections 2.9, 2.10, 4.4). No part of an analysis: these decide about people, not about records, so
    that a store whose records stand may be asked by newer rules. What was decided stays (docs/decisions/0020)."""

    grade_b: float = 0.6
    """Least confidence to act on. A product of quality, maturity and how well movement is known (contracts, section 5)."""
    asked_motion: float = 1.0
    """What an answer "no, I was not moving" is worth: it is about this very moment. With less, no heart rate alone could ever reach grade B, since
    its quality ends at 0.6 (docs/decisions/0033)."""
    eager_from: float = 0.4
    """Maturity from which an eager person is asked: against the recording's own quiet time."""
    hold_min: int = 10
    """A question waits so long for somebody to look, then goes by itself: later it would ask about another moment."""
    cooldown_min: int = 90
    said_min: int = 20
    """After a tag or an exercise there is nothing to ask: the person has just looked."""
    exposure_min: tuple[int, int] = (10, 20)
    """Before and after a planned step: a breath offered there can become a way round it (science, section 2.10)."""
    ignored: int = 3
    halved_days: int = 3
    """So many questions without an answer halve what may be asked for so many days: nobody nags a person who is busy."""
    wrongs: int = 3
    wrong_add: float = 0.25
    """Every third "this didn't fit" after a rise: the next has to be a step of the driver's grid higher."""
    p_offer: float = 0.6
    """Above one half, since an offer may help; far enough below one, so that what happens without it is known (science, section 4.4)."""
    rating_min: int = 10
    """The rating comes so long after chance has decided, whatever it said."""
    rating_hold_min: int = 10
    thanks_s: int = 20
    two_controls: float = 0.5
    """Share of days with two questions at random times instead of one: 1-2 a day (science, section 2.9)."""


PROMPTING = Prompting()


@dataclass(frozen=True, slots=True)
class Statistics:
    """How moments are compared and when something may be said (science, sections 3.3-3.5). No part of an analysis: the records stand, whatever is
    asked of them. Changing one makes other findings, so `version` goes up with it."""

    version: str = "1"
    controls: int = 10
    hour_tol_min: int = 45
    lookback_d: int = 28
    """Days before and after the moment from which matched moments may come; both sides, so that a slow drift cancels."""
    apart_min: int = 60
    """From any tag, exercise or question: nothing is to be going on at a matched moment."""
    motion_tol_mg: float = 10.0
    gate_tol: float = 0.25
    """How much the share of still time may differ."""
    spacing_min: int = 10
    """Between matched moments of one day: their ten minutes do not overlap."""
    perms: int = 9_999
    level: float = 0.90
    list_below: int = 5
    sentence_from: int = 8
    fdr_q: float = 0.10
    least_effect: float = 0.5
    """Half a standard deviation: less is not worth a sentence, however sure."""
    power: float = 0.8
    alpha: float = 0.05
    contrast_n: int = 10
    slope_n: int = 12
    slope_days: int = 21
    concord_n: int = 12
    belong_n: int = 14
    belong_days: int = 14
    recovery_n: int = 8
    drift_days: int = 28
    offers_n: int = 20
    """Decisions, both arms together: with fewer no effect a person would notice could be told (science, section 4.4)."""
    people: int = 10
    outcome_min: tuple[int, int] = (5, 15)
    late_h: int = 12
    """A tag made this long after the moment is counted, and said to be late."""


STATISTICS = Statistics()
