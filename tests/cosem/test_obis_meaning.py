"""What logical names mean by their value groups: a sample of the standard's names, and what is nobody's or somebody's own."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis, obis_entry
from ferraris.cosem.obis_meaning import MEDIA, Numbers, group_meaning, obis_meaning
from ferraris.cosem.obis_table import obis_entries

VECTORS = Path(__file__).parents[1] / "vectors" / "obis_meaning.csv"


def sample() -> list[tuple[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return [(row["logical_name"], row["meaning"]) for row in csv.DictReader(file)]


def test_the_sample_is_large() -> None:
    assert len(sample()) >= 200


@pytest.mark.parametrize(("logical_name", "meaning"), sample(), ids=lambda text: text)
def test_value_groups_say_what_a_name_means(logical_name: str, meaning: str) -> None:
    assert group_meaning(Obis.parse(logical_name)) == meaning


ELECTRICITY = [
    # code               meaning
    ("1.0.32.7.0.255",   "Voltage in phase L1, instantaneous"),
    ("1.0.1.8.0.255",    "Active energy import, time integral 1 (since the beginning)"),
    ("1.0.1.7.0.255",    "Active power import, instantaneous"),
    ("1.0.1.8.2.255",    "Active energy import, time integral 1 (since the beginning), rate 2"),
    ("1.0.48.8.0.255",   "Reactive energy of quadrant IV in phase L2, time integral 1 (since the beginning)"),
    ("1.0.13.8.0.255",   "Power factor, time integral 1 (since the beginning)"),
    ("1.0.32.7.5.255",   "Voltage in phase L1, instantaneous, harmonic 5"),
    ("1.0.11.7.124.255", "Current, instantaneous, total harmonic distortion"),
    ("1.0.32.32.7.255",  "Voltage in phase L1, times under limit, class 7"),
    ("1.0.12.32.7.255",  "Voltage, times under limit, class 7"),
    ("1.0.81.7.40.255",  "Phase angle, instantaneous, of U(L1) against I(L1)"),
    ("1.0.83.8.3.255",   "Losses, time integral 1 (since the beginning), class 3"),
    ("1.0.1.6.0.3",      "Active power import, maximum 1, billing period 3"),
    ("1.0.1.6.0.103",    "Active power import, maximum 1, last 3 billing periods"),
    ("1.2.1.8.0.255",    "Active energy import, time integral 1 (since the beginning) (channel 2)"),
    ("1.70.1.8.0.255",   "Active energy import, time integral 1 (since the beginning) (channel 70 of the utility)"),
]  # fmt: skip


@pytest.mark.parametrize(("logical_name", "meaning"), ELECTRICITY)
def test_groups_of_electricity_are_put_together(logical_name: str, meaning: str) -> None:
    assert group_meaning(Obis.parse(logical_name)) == meaning


@pytest.mark.parametrize("code", ["1.128.1.8.0.255", "1.0.128.8.0.255", "0.0.96.128.0.255", "1.0.1.8.128.255"])
def test_what_is_the_manufacturers_is_told_as_such(code: str) -> None:
    meaning = group_meaning(Obis.parse(code))
    assert meaning is not None
    assert meaning.startswith("Of the manufacturer, ")


def test_what_is_a_countrys_is_not_the_manufacturers() -> None:
    assert group_meaning(Obis.parse("0.0.94.31.200.255")) == "Identifier of a country or region, number 31"


@pytest.mark.parametrize("code", ["3.0.1.0.0.255", "1.0.93.0.0.255", "0.0.77.0.0.255", "1.0.1.60.0.255"])
def test_what_nothing_is_known_of_has_no_meaning(code: str) -> None:
    assert group_meaning(Obis.parse(code)) is None
    assert obis_meaning(Obis.parse(code)) is None


def test_a_name_of_the_table_has_its_description_from_there() -> None:
    clock = Obis.parse("0.0.1.0.0.255")
    entry = obis_entry(clock)
    assert entry is not None
    assert obis_meaning(clock) == entry.description != group_meaning(clock)


def test_most_names_of_the_table_have_a_meaning_by_their_groups_too() -> None:
    names = [entry.logical_name for entry in obis_entries()]
    assert sum(group_meaning(name) is not None for name in names) > 0.9 * len(names)


@given(st.binary(min_size=6, max_size=6).map(Obis))
def test_any_name_is_told_or_not_and_never_fails(logical_name: Obis) -> None:
    meaning = group_meaning(logical_name)
    assert meaning is None or (meaning and "{" not in meaning)


def test_numbers_are_written_as_numbers_and_ranges() -> None:
    assert Numbers.parse("0 3-5") == {0, 3, 4, 5}
    assert Numbers.parse("") == set(range(256))
    for text in ("-1", "a", "1-", "1,2", "٣"):
        with pytest.raises(ValueError, match=r"."):
            Numbers.parse(text)


@pytest.mark.parametrize("text", ["5-3", "256", "0-256", "999", "1 7-6"])
def test_a_range_that_holds_nothing_or_too_much_is_no_numbers(text: str) -> None:
    """Rather than the 256 of a group that is left open."""
    with pytest.raises(ValueError, match=text):
        Numbers.parse(text)


@given(st.sets(st.integers(0, 255), min_size=1))
def test_numbers_written_one_by_one_or_as_ranges_are_the_same(numbers: set[int]) -> None:
    rising = sorted(numbers)
    starts = [number for number in rising if number - 1 not in numbers]
    ends = [number for number in rising if number + 1 not in numbers]
    ranges = " ".join(f"{start}-{end}" for start, end in zip(starts, ends, strict=True))
    assert Numbers.parse(ranges) == Numbers.parse(" ".join(map(str, rising))) == numbers


@given(st.integers(0, 99))
def test_an_angle_has_two_ends_that_are_named(e: int) -> None:
    """The digits 3, 8 and 9 stand for nothing."""
    meaning = group_meaning(Obis.of(1, 0, 81, 7, e))
    assert meaning is not None
    if {e // 10, e % 10} & {3, 8, 9}:
        assert meaning == f"Phase angle, instantaneous, E={e}"
    else:
        assert re.fullmatch(r"Phase angle, instantaneous, of [UI]\([LN]\d?\) against [UI]\([LN]\d?\)", meaning)


@given(st.integers(1, 20), st.sampled_from([6, 7, 8, 9, 32]), st.integers(0, 127), st.sampled_from([0, 3, 101, 255]))
def test_a_phase_adds_its_name_and_nothing_else(c: int, d: int, e: int, f: int) -> None:
    def meaning(phase: int) -> str | None:
        return group_meaning(Obis(bytes((1, 0, c + 20 * phase, d, e, f))))

    whole = meaning(0)
    if whole is None or "phase" in whole:
        return
    for phase in (1, 2, 3):
        told = meaning(phase)
        if told is not None and " in phase " in told:
            assert told.replace(f" in phase L{phase}", "") == whole


PERIODS_AND_CHANNELS = [
    # B    F    end of the meaning
    (0,    255, ""),
    (255,  255, ""),
    (1,    255, " (channel 1)"),
    (64,   255, " (channel 64)"),
    (65,   255, " (channel 65 of the utility)"),
    (127,  255, " (channel 127 of the utility)"),
    (0,    0,   ", billing period 0"),
    (0,    99,  ", billing period 99"),
    (0,    100, ", F=100"),
    (0,    101, ", last 1 billing periods"),
    (0,    125, ", last 25 billing periods"),
    (0,    126, ", F=126"),
    (7,    12,  ", billing period 12 (channel 7)"),
]  # fmt: skip


@pytest.mark.parametrize(("b", "f", "end"), PERIODS_AND_CHANNELS)
def test_channel_and_period_stand_at_the_end(b: int, f: int, end: str) -> None:
    meaning = group_meaning(Obis(bytes((1, b, 1, 6, 0, f))))
    assert meaning == f"Active power import, maximum 1{end}"


@given(st.binary(min_size=6, max_size=6).map(Obis))
def test_a_manufacturers_name_tells_its_medium_alone(code: Obis) -> None:
    own = 128 <= code.b <= 199 or 128 <= code.c <= 240
    own = own or (code.c != 94 and (128 <= code.d <= 254 or 128 <= code.e <= 254))
    meaning = group_meaning(code)
    assert (meaning == f"Of the manufacturer, {MEDIA.get(code.a)}") == (own and code.a in MEDIA)


def test_every_medium_has_a_name_of_its_own() -> None:
    told = {a: group_meaning(Obis.of(a, 0, 200, 0, 0)) for a in range(16)}
    assert {a for a, meaning in told.items() if meaning} == set(MEDIA)
    assert len({meaning for meaning in told.values() if meaning}) == len(MEDIA)
