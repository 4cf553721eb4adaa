"""A search among meters that talk over one another, on a line that loses octets, and by someone who answers anything."""

from __future__ import annotations

from contextlib import nullcontext
from functools import reduce
from itertools import zip_longest
from operator import and_
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import LocalProtocolError
from ferraris.mbus import EVERYBODY, MbusDeframer, MbusFrame, SecondaryAddress, SecondarySearch, SecondaryStation
from ferraris.mbus import search as search_module
from ferraris.mbus.search import ANSWER_TIMEOUT_MS, NOISE_OCTETS_MAX

METERS = ["12345678.FER.01.02", "12345679.FER.01.02", "12945678.ELS.10.03", "00000001.KAM.1b.04", "99999999.FER.01.02"]


class Line:
    """Stations on copper: what several say at once, none as early as another, is what all of them leave of the ones."""

    def __init__(self, addresses: list[str], loss: float = 0.0) -> None:
        parsed = [SecondaryAddress.parse(address) for address in addresses]
        self.stations = [SecondaryStation(number, address) for number, address in enumerate(parsed, 1)]
        self._dice, self._loss = Random(7), loss
        self._deframer = MbusDeframer(1_000)

    def say(self, octets: bytes) -> bytes:
        if self._dice.random() < self._loss:
            return b""
        self._deframer.receive(octets, 0)
        frames = [frame for frame in self._deframer.frames() if isinstance(frame, MbusFrame)]
        answers = [answer for frame in frames for one in self.stations if (answer := one.take_selected(frame))]
        answers = [b"\xff" * place + answer for place, answer in enumerate(dict.fromkeys(answers))]
        return bytes(reduce(and_, octets) for octets in zip_longest(*answers, fillvalue=0xFF))


def searched(line: Line, mask: SecondaryAddress = EVERYBODY) -> SecondarySearch:
    search, now_ms = SecondarySearch(mask), 0
    search.start(now_ms)
    while True:
        for octets in search.outgoing():
            search.receive(line.say(octets), now_ms)
        wake_ms = search.wake_at()
        if wake_ms is None:
            return search
        now_ms = wake_ms
        search.tick(now_ms)


def found(line: Line, mask: str = "*") -> list[str]:
    search = searched(line, SecondaryAddress.parse(mask))
    assert search.collisions == []
    return [str(address) for address in search.found]


def test_everybody_is_found() -> None:
    line = Line(METERS)
    assert sorted(found(line)) == sorted(METERS)
    assert not any(station.selected for station in line.stations), "nobody is selected in the end"


@pytest.mark.parametrize(("meters", "selections"), [([], 1), (METERS[:1], 1), (["00000000.FER.01.02", METERS[4]], 11)])
def test_a_search_costs_what_it_must(meters: list[str], selections: int) -> None:
    search = searched(Line(meters))
    assert (len(search.found), search.selections) == (len(meters), selections)


def test_a_mask_leaves_others_alone() -> None:
    assert found(Line(METERS), "*.FER.*.*") == ["12345678.FER.01.02", "12345679.FER.01.02", "99999999.FER.01.02"]
    assert found(Line(METERS), "00000001") == ["00000001.KAM.1b.04"]
    assert found(Line(METERS), "5???????") == []


def test_meters_with_the_same_digits_are_told_as_a_collision() -> None:
    search = searched(Line(["11111111.FER.01.02", "11111111.KAM.01.02", METERS[0]]))
    assert [str(address) for address in search.found] == [METERS[0]]
    assert [str(mask) for mask in search.collisions] == ["11111111.*.*.*"]


def test_a_frame_that_is_lost_is_said_again() -> None:
    assert sorted(found(Line(METERS, loss=0.02))) == sorted(METERS)


@settings(max_examples=20)
@given(st.sets(st.integers(0, 99_999_999), max_size=12))
def test_any_meters_are_found(numbers: set[int]) -> None:
    meters = [f"{number:08}.FER.01.02" for number in numbers]
    assert sorted(found(Line(meters))) == sorted(meters)


def test_a_line_that_answers_everything_with_noise_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MBUS_SELECTIONS_MAX", 100)
    search = SecondarySearch()
    search.start(0)
    for now_ms in range(0, 100_000, 1_000):
        search.receive(b"\x00noise", now_ms)
        with pytest.raises(LocalProtocolError, match="not searched to its end") if now_ms == 99_000 else nullcontext():
            search.tick(now_ms + 500)
    assert search.wake_at() is None
    assert search.selections == 100


def test_an_address_that_the_mask_does_not_fit_is_not_believed() -> None:
    search = SecondarySearch(SecondaryAddress.parse("12345678"))
    search.start(0)
    liar = SecondaryStation(1, SecondaryAddress.parse(METERS[3]))
    liar.take_selected(MbusFrame(0x53, 0xFD, 0x52, EVERYBODY.encode()))
    search.receive(b"\xe5", 0)
    search.tick(100)
    search.receive(liar.take_selected(MbusFrame(0x7B, 0xFD)), 100)
    search.tick(200)
    assert search.found == []
    assert len(search.collisions) == 1


def test_an_answer_without_an_end_is_noise() -> None:
    """Its octets are neither waited for nor kept for ever: the next selection is said behind twice the longest frame."""
    search = SecondarySearch(SecondaryAddress.parse("1234567?"))
    search.start(0)
    search.outgoing()
    for now_ms in range(NOISE_OCTETS_MAX):
        search.receive(b"\xe5", now_ms)
        assert search.selections == 1
    search.receive(b"\xe5", NOISE_OCTETS_MAX)
    assert search.selections == 2
    assert len(search.outgoing()) == 1
    assert search.found == search.collisions == []


@settings(max_examples=40)
@given(st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 500)), max_size=30))
def test_any_octets_at_any_time_leave_a_search_that_goes_on(pieces: list[tuple[bytes, int]]) -> None:
    search, now_ms = SecondarySearch(SecondaryAddress.parse("1234567?")), 0
    search.start(now_ms)
    for octets, passed_ms in pieces:
        now_ms += passed_ms
        search.receive(octets, now_ms)
        search.tick(now_ms)
    while (wake_ms := search.wake_at()) is not None:
        assert wake_ms <= now_ms + ANSWER_TIMEOUT_MS
        now_ms = max(now_ms, wake_ms)
        search.tick(now_ms)
    assert search.selections <= 11
    assert all(search.outgoing())


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 99), min_size=1, max_size=5), st.integers(0, 2**32), st.floats(0.0, 0.06))
def test_on_a_bad_line_nobody_is_made_up(numbers: set[int], seed: int, loss: float) -> None:
    """Who is not found has been lost in silence twice, or is told as a collision; nobody else is found."""
    line = Line([f"123456{number:02}.FER.01.02" for number in numbers], loss)
    line._dice = Random(seed)
    search = searched(line, SecondaryAddress.parse("123456??"))
    assert {str(address) for address in search.found} <= {f"123456{number:02}.FER.01.02" for number in numbers}
    assert len(search.found) == len(set(search.found)), "nobody is found twice"
