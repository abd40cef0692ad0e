"""Whose strap is meant, and what it is called in the record."""

import pytest

from somalink.domain.errors import UsageError
from somalink.pipeline.wearing import asked_for, device_of, distinct, is_address, remember, remembered, wear
from somalink.storage.local import LocalStore


@pytest.mark.parametrize(
    ("name", "address", "device"),
    [
        ("Polar H10 A1B2C3D4", "C0:FF:EE:00:00:10", "polar-h10-a1b2c3d4"),
        ("TICKR", "C0:FF:EE:00:00:10", "tickr-0010"),
        ("TICKR", None, "tickr"),
        ("", "C0:FF:EE:00:00:10", "strap-0010"),
    ],
    ids=["a name that names one unit", "a name that many units have", "nothing but that name", "no name"],
)
def test_a_strap_is_called_by_its_name_as_far_as_that_names_one(name, address, device):
    assert device_of(name, address) == device


def test_two_straps_of_one_make_are_two_devices():
    assert device_of("TICKR", "C0:FF:EE:00:00:10") != device_of("TICKR", "C0:FF:EE:00:00:11")


def test_a_strap_may_be_named_for_somebody():
    assert asked_for("Polar H10 A1B2C3D4", "me") == ("me", "Polar H10 A1B2C3D4")
    assert asked_for("ada = TICKR", "me") == ("ada", "TICKR")
    for text in ("=TICKR", "ada="):
        with pytest.raises(UsageError, match="names nobody or nothing"):
            asked_for(text, "me")


def test_addresses_of_every_system_are_known_as_such():
    assert is_address("C0:FF:EE:00:00:10")
    assert is_address("5F0E3A9C-7D53-4B58-9F6E-1B1E8C1F3B7A")
    assert not is_address("Polar H10 A1B2C3D4")


def test_the_strap_that_was_chosen_last_comes_first(tmp_path):
    with LocalStore.open(tmp_path / "s.db") as store:
        chest, watch = wear("ada", "Polar H10 A1B2C3D4", "C0:FF:EE:00:00:10"), wear("ada", "Forerunner 0042", None)
        for now_ns, each in enumerate([chest, watch, chest], 1):
            remember(store, each, now_ns)
        assert remembered(store, "ada") == [chest, watch]
        assert remembered(store, "ben") == []


def test_a_strap_that_somebody_else_puts_on_is_no_longer_that_of_the_person_before(tmp_path):
    with LocalStore.open(tmp_path / "s.db") as store:
        chest, watch = ("Polar H10 A1B2C3D4", "C0:FF:EE:00:00:10"), ("Forerunner 0042", None)
        remember(store, wear("ada", *chest), 1)
        remember(store, wear("ada", *watch), 2)
        remember(store, wear("ben", *chest), 3)
        assert remembered(store, "ada") == [wear("ada", *watch)]
        assert remembered(store, "ben") == [wear("ben", *chest)]
        remember(store, wear("ada", *chest), 4)
        assert remembered(store, "ada") == [wear("ada", *chest), wear("ada", *watch)]
        assert remembered(store, "ben") == []


def test_a_strap_is_the_same_one_by_whichever_name_it_was_called(tmp_path):
    with LocalStore.open(tmp_path / "s.db") as store:
        remember(store, wear("ada", "strap C0:FF:EE:00:00:10", "C0:FF:EE:00:00:10"), 1)
        remember(store, wear("ada", "TICKR", "C0:FF:EE:00:00:11"), 2)
        remember(store, wear("ben", "TICKR", "C0:FF:EE:00:00:10"), 3)
        assert [worn.name for worn in remembered(store, "ada")] == ["TICKR"]


def test_one_strap_is_not_on_two_people():
    with pytest.raises(UsageError, match="named twice"):
        distinct([wear("ada", "TICKR 1234", None), wear("ben", "TICKR 1234", None)])
