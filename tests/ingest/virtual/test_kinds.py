"""What a program plays is taken for it: the catalogue knows each kind by what it says of itself."""

import pytest

from ingest.devices.catalogue import family_of, named
from ingest.virtual.kinds import KINDS
from ingest.virtual.profile import about_of
from somalink.domain.types import Stream

FAMILIES = {"h10": "polar_h10", "h9": "polar_h9", "verity": "polar_verity", "movesense": "movesense", "watch": "other_watch"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_it_is_known_by_its_name(kind):
    family = named(about_of(kind, 1).name)
    assert (family.id if family else "other_watch") == FAMILIES[kind.id]


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.own], ids=lambda kind: kind.id)
def test_one_that_was_renamed_is_known_by_what_it_says_of_itself_and_offers_all_that_its_family_is_asked_for(kind):
    family = family_of("Ada's", (), kind.manufacturer, kind.model)
    assert family.id == FAMILIES[kind.id]
    assert {want.stream for want in family.wants} <= set(kind.own.streams)
    assert (Stream.RR in family.sends) == kind.intervals
