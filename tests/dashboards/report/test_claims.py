"""A report obeys the claim rules once more: whatever a finding brings along, what may not be said is not on paper."""

import re
from dataclasses import replace

import numpy as np
from reports import ACCOUNT, days, finding, group, month, nothing, short, text_of, trend

from dashboards.report import gist
from dashboards.report.door import as_html
from dashboards.report.saying import claimed, told
from dashboards.report.words import Words
from somalink.domain.catalogue import HIGHER, LOWER

SAY = Words("en")


def said(report) -> str:
    return text_of(as_html(report))


def with_kind(report, kind: str, **changes):
    kinds = tuple(replace(g, finding=replace(g.finding, **changes), counted=changes.get("n_blind", g.counted)) if g.word == kind else g for g in report.kinds)
    return replace(report, kinds=kinds)


def rows_of(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {word} |")]


def test_what_stood_out_is_said_first_and_in_both_directions():
    assert gist.gist(month(), SAY) == (
        "Worn on 25 of 28 days, 10.9 hours a day. After moments tagged criticism and conflict arousal was higher than in matched moments. "
        "After moments tagged support arousal was lower than in matched moments. Of 12 kinds tagged, 2 could not be told apart and for 7 there are "
        "too few moments to say. Between breaths offered and withheld no difference can be told."
    )


def test_a_person_with_nothing_is_told_so_calmly():
    report = nothing()
    assert gist.gist(report, SAY).startswith("In these 28 days nothing was worn and nothing was tagged.")
    assert gist.not_yet(report, SAY) == ("Why. Tags show what went together, not what led to what.",)


def test_a_kind_of_seven_is_never_called_higher():
    """Even where a finding would claim it."""
    text = said(with_kind(month(), "conflict", n_blind=7))
    assert "conflict arousal was higher" not in text
    assert all("higher" not in row for row in rows_of(text, "Conflict"))
    assert "too few: 7 of eight" in text


def test_a_kind_of_four_is_listed_and_not_drawn():
    text = said(with_kind(month(), "conflict", n_blind=4))
    assert "listed only: 4 of eight" in text
    assert "not drawn: fewer than five" in rows_of(text, "Conflict")[0]


def test_a_trend_of_eleven_has_no_figure_anywhere():
    eleven = replace(trend("conflict", 12), n_blind=11, effect=-7.7, low=-8.8, high=-6.6, verdict=LOWER)
    assert not told(eleven) and not claimed(eleven)
    text = said(replace(month(), trends=(eleven,)))
    assert "7.7" not in text and ": fading" not in text
    assert "twelve of one kind over three weeks are needed; conflict has 11." in text


def test_a_trend_of_twelve_that_may_be_claimed_is_in_the_summary():
    twelve = replace(trend("conflict", 13), effect=-1.2, low=-1.9, high=-0.5, verdict=LOWER)
    text = said(replace(month(), trends=(twelve,)))
    assert "Over these weeks reactions faded after moments tagged conflict." in text
    assert "−1.2 (−1.9 to −0.5) fading" in text
    assert "Conflict −1.2 (−1.9 to −0.5) SD a month: fading." in text, "with its figure on page two"


def test_a_secondary_has_no_p_though_a_finding_brings_one():
    report = month()
    assert all(each.p == 0.012345 for each in report.secondaries), "or this test proves nothing"
    text = said(report)
    part = text[text.index("Further measures") :]
    assert "0.012" not in text and not re.search(r"\bp\b", part[: part.index("## ")] if "## " in part else part)


def test_settling_of_seven_has_no_median():
    report = short()
    settle = replace(report.settling, n=7, median_min=13.7, low_min=9.9, high_min=18.8)
    text = said(replace(report, settling=settle))
    assert "Half-way back: cannot be said; 7 counted rises, eight needed." in text
    assert "14 min at the median" not in text


def test_settling_that_got_faster_is_said():
    report = month()
    faster = finding("all", "t_half_trend", LOWER, 26, -300.0, half=120)
    text = said(replace(report, settling=replace(report.settling, trend=faster)))
    assert "Later moments came half-way back sooner (300 s less a month)." in text
    assert "Later moments settle faster: −300 (−420 to −180) s a month." in text, "a slope, not two halves"


def test_a_breath_is_told_by_offer_and_never_by_before_and_after():
    report = month()
    lower = replace(report.offers, finding=finding("all", "offer", LOWER, 40, -0.6, half=0.3))
    assert (
        "When a breath was offered, arousal was lower afterwards than when the offer was withheld, while felt distress was rated alike (median 4)."
    ) in gist.gist(replace(report, offers=lower), SAY), "what was felt is told in the same sentence"
    few = replace(report.offers, finding=finding("all", "offer", LOWER, 12, -0.6, half=0.3))
    assert "Whether a breath helps cannot be said yet." in gist.gist(replace(report, offers=few), SAY)


def test_what_more_would_take_is_told_by_number():
    one = with_kind(month(), "reaching_out", verdict=HIGHER, effect=0.9, low=0.4, high=1.4)
    assert "Whether connection differs: the interval still includes no difference. About 22 more would settle a medium one." in gist.not_yet(one, SAY)


def test_a_reason_nobody_wrote_words_for_falls_back_on_the_verdict():
    odd = with_kind(month(), "connection", reason="moonlight:3")
    text = said(odd)
    assert "+0.3 (−0.3 to +0.9) not told apart" in text and "moonlight" not in text


def test_every_tagged_moment_is_accounted_for():
    text = said(month())
    account = re.search(r"Tagged, not counted: (.*?)\. Counted", text)
    assert account and account[1] == (
        "6 after seeing the chart, 3 asked by the page about a rise, 5 no usable signal, 2 within ten minutes of another, 2 outside any recording, "
        "1 no matched moment found"
    )


def test_every_moment_of_the_span_is_listed_with_what_it_was_matched_with():
    report = month()
    text = said(report)
    appendix = text[text.index("Every moment") :]
    for moment in report.moments:
        assert SAY.moment(moment.when) in appendix
        for match in moment.matches:
            assert f"{SAY.moment(match.when)} ({SAY.signed(match.dz10)})" in appendix


def test_a_made_up_wearer_is_never_taken_for_a_person():
    pages = said(short()).split("# ")
    assert sum("A made-up wearer, for trying out; no person" in page for page in pages) == 2, "on both pages"
    assert "made-up" not in said(month())


def test_notes_are_told_as_shared_or_not():
    assert "notes were not shared for this report" in said(month())
    assert "with the person’s notes, as chosen" in said(month(notes=True))
    assert "words not shared" in said(month()) and "words not shared" not in said(month(notes=True))


def test_chance_is_told_for_the_hours_it_is_known_for():
    report = replace(month(), usable_h_with_chance=100.0)
    text = said(replace(report, rises_with_chance=31))
    assert "In 100 h with known chance: 31; by chance alone, about 58." in text, "rises and chance of the same hours"
    assert "How many chance alone would show is not known yet." in said(replace(report, chance=None))


def test_a_year_still_draws():
    dice = np.random.default_rng(1)
    report = month()
    span = days(365, worn=True, dice=dice)
    line = tuple(0.0 for _ in span)
    year = replace(
        report,
        from_day=span[0].date,
        to_day=span[-1].date,
        days=span,
        level=replace(report.level, line=line),
        belonging=replace(report.belonging, line=line),
        engagement=replace(report.engagement, line=line),
    )
    assert said(year).startswith("A year, body and social moments")


def test_a_group_of_every_verdict_can_be_told():
    dice = np.random.default_rng(1)
    assert {group(kind, account, dice).finding.verdict for kind, account in ACCOUNT.items()} == {"higher", "lower", "not_told_apart", "too_few", "listed_only"}


def test_words_that_were_not_shared_are_not_on_paper_even_where_they_came_along():
    shared = month(notes=True)
    text = said(replace(shared, notes=False))
    assert "calm down" in said(shared) and "calm down" not in text
    assert "in the meeting" in said(shared) and "in the meeting" not in text


def test_the_finders_reasons_all_have_words():
    for word in ("few", "short_span", "interval_includes_none", "within_chance", "small", "secondary", "not_reached", "no_spread", "medication_change"):
        assert SAY.has(f"reason.{word}"), word


def test_a_contrast_names_both_kinds():
    pair = finding("kind:conflict-criticism", "dz10_contrast", HIGHER, 12, 0.9, half=0.4)
    assert "| Conflict / Criticism: one kind beside the other, SD | 12 | +0.9 (+0.5 to +1.3) higher" in said(replace(month(), contrasts=(pair,)))


# ---------------------------------------------------------------- what two readers took wrongly


def test_a_limited_rhythm_is_said_where_it_is_more_than_a_bout():
    def limited_for(hours: float) -> str:
        return said(replace(month(), coverage=replace(month().coverage, limited_h=hours)))

    worn = month().coverage.worn_h
    assert "Rhythm-limited 20 % of the time" in limited_for(worn / 5) and "arousal rests on heart rate alone" in limited_for(worn / 5)
    assert "Rhythm-limited" not in limited_for(worn / 25)


def watched(report, *, blind: int, asked: int = 0, usable: int = 40):
    """Everything tagged after the chart, or when asked."""
    cover = replace(report.coverage, usable=usable, counted=0, not_blind=blind, asked=asked, late=0, talking_or_moving=9)
    kinds = tuple(replace(g, counted=0, points=(), finding=replace(g.finding, n_blind=0, effect=None, verdict="listed_only")) for g in report.kinds)
    return replace(report, coverage=cover, kinds=kinds)


def test_where_nothing_counts_the_real_reason_is_said_and_nothing_is_counted_with_care():
    text = said(watched(month(), blind=40))
    assert "All 40 moments with a usable signal were tagged after seeing the chart" in text and "Tags made before looking can be." in text
    assert "too few moments to say" not in text and "to be read with care" not in text
    assert "or when the page had asked about a rise" in gist.gist(watched(month(), blind=30, asked=10), SAY)
    assert "None of the 92 moments tagged has a usable signal" in gist.gist(watched(month(), blind=0, usable=0), SAY)
    assert "Something stood against each of the 92 moments" in gist.gist(watched(month(), blind=10), SAY)


def test_an_interval_that_leaves_none_out_is_never_told_to_include_it():
    report = month()
    weak = replace(
        report, concord=replace(report.concord, finding=finding("all", "concordance", "not_told_apart", 43, 0.15, half=0.13, reason="within_chance"))
    )
    text = said(weak)
    assert "the interval includes no link" not in text and "chance alone shows as much too often" in text
    assert "within the same kind of moment" in text, "r is not the slope of the dots"
    drift = replace(report, level=replace(report.level, finding=replace(report.level.finding, effect=1.0, low=0.2, high=1.8, reason="within_chance")))
    assert "A drift is seen (+0.2 to +1.8 beats a month), but chance does as much too often." in said(drift)


def test_sure_and_small_has_words_of_its_own():
    small = with_kind(month(), "connection", reason="small", effect=0.4, low=0.2, high=0.6)
    text = said(small)
    assert "+0.4 (+0.2 to +0.6) under ½ SD" in text
    assert "1 differed by under half an SD, 1 could not be told apart" in text
    assert "Higher or lower of connection: differs, by under half an SD." in text
    assert "half an SD or more, and rarely by chance" in text, "the rule is on the page"


def test_more_of_the_same_is_refused_only_where_there_is_enough():
    enough = with_kind(month(), "connection", reason="interval_includes_none")
    assert any("Whether connection differs: half an SD would have shown" in item for item in gist.not_yet(enough, SAY))
    unsure = with_kind(month(), "connection", reason="interval_includes_none", low=0.1, high=0.9)
    assert "Whether connection differs: chance does as much too often." in gist.not_yet(unsure, SAY)


def test_eight_is_the_one_number_that_is_needed():
    text = said(month())
    assert "five needed" not in text and "drawn from five of a kind on, compared from eight on" in text


def test_a_breath_says_what_it_rests_on():
    report = month()
    offers = replace(report.offers, decisions=31, taken=9, made=16)
    text = said(replace(report, offers=offers))
    assert "31 decisions, 23 with a readable signal after. Taken up: 9 of 16 offers." in text
    assert "adjusted for the level before" in text and "No breath was offered around a step." in text
    assert "around a step" not in said(replace(report, offers=replace(offers, decisions=0)))


def test_unwell_days_that_hold_many_rises_are_told():
    report = month()
    span = tuple(replace(d, rises=30) if "unwell" in d.marks else d for d in report.days)
    assert "60 fell on 2 unwell days." in said(replace(report, days=span, rises=sum(d.rises for d in span)))
    assert "fell on" not in said(report)


def test_a_step_that_does_not_count_has_a_ring_and_the_figures_say_what_they_are():
    report = month()
    steps = tuple(replace(each, standing="not_blind" if i == 1 else "counted") for i, each in enumerate(report.steps))
    fewer = finding("kind:exposure_step", "step_outcome", LOWER, 9, -3.0, half=1.0)
    text = said(replace(report, steps=steps, step_findings=(*report.step_findings, fewer)))
    assert "° +1.7" in text and "° +1.0" not in text
    assert "typically −3.0 (−4.0 to −2.0), less" in text and "Distress met, minus expected: not compared, 4 more needed." in text


def test_what_is_missing_of_a_series_says_what_it_would_take():
    report = month()
    few = replace(report.engagement, finding=finding("all", "engagement_trend", "too_few", 10, reason="few:4"))
    assert "Change over time of being part of things (4 more needed)." in gist.not_yet(replace(report, engagement=few), SAY)


def test_matched_moments_of_days_that_are_not_shared_are_counted_and_not_listed() -> None:
    moment = replace(month().moments[0], matches=(), matches_elsewhere=3)
    said = as_html(replace(month(), moments=(moment,)))
    assert "and 3 more of days that are not shared" in said


def test_a_bound_beside_none_says_on_which_side_it_lies():
    text = said(with_kind(month(), "conflict", effect=0.52, low=0.04, high=1.02, verdict=HIGHER))
    assert "+0.52 (+0.04 to +1.02) higher" in text
