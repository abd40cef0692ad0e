"""Pages fill as far as they hold: what grows, what gives way, and that the guess is not under what is printed."""

import pytest
from reports import MADE, month, short

from dashboards.report import after, front, room
from dashboards.report.words import Words

SAY = Words("en")


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", MADE)
def test_every_made_up_report_fits_or_has_given_way_as_far_as_it_can(name, lang):
    say = Words(lang)
    for page, ladder in ((front.page, front.LADDER), (after.page, after.LADDER)):
        made = page(MADE[name](lang), say)
        assert room.height(made) <= room.PAGE_MM or room.height(made) == room.height(
            (front.page_of if page is front.page else after.page_of)(MADE[name](lang), say, ladder[-1])
        )


def test_fewer_kinds_have_taller_rows():
    tall = [front.page(report, SAY).sections[1].blocks[0].rows[0][4].picture.height for report in (month(), short())]
    assert tall[0] < tall[1]


def test_a_ladder_only_goes_down():
    for ladder in (front.LADDER, after.LADDER):
        assert list(ladder) == sorted(ladder, key=lambda step: (step.tall, step.rows), reverse=True)
