"""Everybody together: only those who agreed, only from ten on, never in an order that ranks."""

from datetime import date
from pathlib import Path

import pytest
from clients import Moments, grid_client

from somalink.domain.constants import Constants
from somalink.domain.types import Setting
from somalink.pipeline.pooling import CONSENT, together
from somalink.storage import LocalStore

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 22)


@pytest.mark.slow
def test_ten_who_agreed_are_drawn_towards_each_other_and_the_eleventh_is_not_there(tmp_path: Path) -> None:
    kinds = {"conflict": Moments(40, 3.0, 3.0), "connection": Moments(20)}
    with LocalStore.open(tmp_path / "many.db") as store:
        for k in range(11):
            ways = {"kinds": kinds, "certainties": {60: 1.0}, "offers_a_day": 1.5, "offer_effect": -0.7}
            client = grid_client("steady", store, days=21, seed=k + 1, person=f"p{k:02}", **ways)
            if k < 10:
                with store.transaction() as write:
                    write.put_profile(Setting(client.person, CONSENT, "yes", 1))
            else:
                last = client.person
        found = together(store, FIRST, LAST, constants=Constants(), tz="UTC")
        with store.transaction() as write:
            write.put_profile(Setting("p00", CONSENT, "no", 2, 2))
        fewer = together(store, FIRST, LAST, constants=Constants(), tz="UTC")
    assert (found.asked, len(found.agreed)) == (11, 10)
    assert last not in found.agreed
    assert [each.person for each in found.pooled.people] == sorted(found.agreed)
    own, drawn = ([getattr(each, name) for each in found.pooled.people] for name in ("own", "effect"))
    assert max(drawn) - min(drawn) < max(own) - min(own)
    assert found.pooled.effect is not None and found.pooled.effect > 0.5
    assert found.offers is not None and found.offers.low is not None and found.offers.high is not None
    assert found.offers.low <= -0.7 <= found.offers.high
    assert (fewer.pooled.effect, fewer.pooled.people, fewer.offers) == (None, (), None)


def test_who_did_not_agree_is_never_read(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "one.db") as store:
        with store.transaction() as write:
            write.put_setting(Setting("ann", "theme", "dark", 1))
        found = together(store, FIRST, LAST, constants=Constants(), tz="UTC")
    assert (found.asked, found.agreed, found.pooled.verdict) == (1, (), "too_few")
