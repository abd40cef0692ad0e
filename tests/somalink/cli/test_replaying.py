"""Recordings in, as a person types it: whose a file is when it does not say, and where it was lived."""

import pytest

BEATS = "\n".join(str(850 + n % 40) for n in range(400)) + "\n"


@pytest.fixture
def beats(tmp_path):
    """A text file of intervals, as an app exports it."""
    file = tmp_path / "beats.txt"
    file.write_text(BEATS)
    return file


def test_a_text_file_is_of_the_person_in_the_settings_and_lived_in_their_zone(typed, beats):
    assert typed("import", beats, "--start", "2026-03-01T20:00+01:00").code == 0
    (device,) = typed("status", "--json").json["people"]["me"]
    assert device["recordings"] == 1
    assert "Sun 1 Mar 2026 20:05" in typed("status").out


def test_a_text_file_is_of_the_only_person_there_is(typed, beats, lived):
    assert typed("import", beats, "--start", "2026-03-05T20:00+01:00").code == 0
    assert set(typed("status", "--json").json["people"]) == {"ada"}


def test_a_name_that_is_typed_stands_above_both(typed, beats, lived):
    assert typed("import", beats, "--person", "ben", "--start", "2026-03-05T20:00+01:00").code == 0
    assert set(typed("status", "--json").json["people"]) == {"ada", "ben"}
