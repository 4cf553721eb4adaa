"""Mode D: telegrams as they stand in a public description, found wherever a reader begins to listen."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.iec62056_21 import (
    DataSet,
    Identification,
    UnsolicitedReceiver,
    decode_unsolicited,
    encode_unsolicited,
    with_parity,
)
from ferraris.iec62056_21.unsolicited import crc16
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import READOUT_OCTETS_MAX
from tests.iec62056_21.lossy import FAULTS, WHOLE, Fault

WHO = Identification("FER", "3", "FER0000000001")
DATA = [DataSet("1.8.0", (("000123.456", "kWh"),)), DataSet("0.0.0", (("00000001", ""),))]
TELEGRAM = b"/FER3FER0000000001\r\n\r\n1.8.0(000123.456*kWh)\r\n0.0.0(00000001)\r\n!\r\n"
# A consumer port's telegram in the manner of DSMR 4: backslash in the identification, two values in one line, a CRC.
CONSUMER = (
    b"/ISk5\\2MT382-1000\r\n\r\n1-0:1.8.1(123456.789*kWh)\r\n0-0:96.13.0()\r\n"
    b"0-1:24.2.1(101209110000W)(12785.123*m3)\r\n!"
)


def test_a_telegram_octet_for_octet() -> None:
    assert encode_unsolicited(WHO, DATA) == TELEGRAM
    assert decode_unsolicited(TELEGRAM) == (WHO, DATA)


def test_the_crc_is_that_of_a_published_check_value() -> None:
    assert crc16(b"123456789") == 0xBB3D


def test_a_consumer_ports_telegram_is_read_and_its_crc_held() -> None:
    telegram = CONSUMER + f"{crc16(CONSUMER):04X}".encode() + b"\r\n"
    found = decode_unsolicited(telegram)
    assert (found.identification.manufacturer, found.identification.enhancements) == ("ISk", "2")
    assert found.data_sets[-1] == DataSet("0-1:24.2.1", (("101209110000W", ""), ("12785.123", "m3")))
    assert encode_unsolicited(WHO, DATA, checked=True) != TELEGRAM
    with pytest.raises(DecodeError, match="CRC"):
        decode_unsolicited(telegram.replace(b"789", b"780"))
    assert decode_unsolicited(CONSUMER + b"\r\n").data_sets == found.data_sets, "older ports have none"


def test_whoever_begins_in_the_midst_hears_the_next() -> None:
    receiver = UnsolicitedReceiver()
    found = receiver.receive(TELEGRAM[40:] + TELEGRAM + TELEGRAM[:30])
    assert found == [(WHO, DATA)]
    assert receiver.receive(with_parity(TELEGRAM[30:])) == [(WHO, DATA)]
    assert receiver.refused == 0


def test_a_telegram_cut_short_costs_the_next_one_at_most() -> None:
    receiver = UnsolicitedReceiver()
    assert receiver.receive(TELEGRAM[:30] + TELEGRAM + TELEGRAM) == [(WHO, DATA)]
    assert receiver.refused == 1


def test_a_telegram_without_an_end_is_given_up() -> None:
    receiver = UnsolicitedReceiver()
    assert receiver.receive(b"/" + b"x" * READOUT_OCTETS_MAX) == []
    assert receiver.refused == 1
    assert receiver.receive(TELEGRAM) == [(WHO, DATA)]


@given(st.binary(max_size=200), st.integers(1, 60))
def test_octets_in_any_pieces_raise_nothing(octets: bytes, size: int) -> None:
    receiver = UnsolicitedReceiver()
    stream = octets.replace(b"/", b"") + b"\r\n" + TELEGRAM * 3
    found = [one for at in range(0, len(stream), size) for one in receiver.receive(stream[at : at + size])]
    assert found[-1] == (WHO, DATA)


@given(st.binary(max_size=100))
def test_what_is_no_telegram_is_refused(octets: bytes) -> None:
    for telegram in (octets, TELEGRAM[:24] + octets + b"!\r\n"):
        with contextlib.suppress(DecodeError):
            decode_unsolicited(telegram)


def test_what_no_telegram_can_hold_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        encode_unsolicited(WHO, [DataSet("ä", (("1", ""),))])


PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
IDENTIFICATIONS = st.builds(
    Identification,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz", min_size=3, max_size=3),
    PRINTABLE,
    st.text(PRINTABLE, max_size=20),
    st.text(PRINTABLE, max_size=2),
)
TEXT = st.one_of(st.text("0123456789.:- kWhm", max_size=8), st.text(st.characters(max_codepoint=0x7F), max_size=4))
DATA_SETS = st.lists(
    st.builds(DataSet, TEXT.filter(bool), st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3).map(tuple)),
    max_size=4,
)


@given(IDENTIFICATIONS, DATA_SETS, st.booleans())
def test_what_can_be_said_is_heard(who: Identification, data_sets: list[DataSet], checked: bool) -> None:
    """Nothing that a meter is called or holds can end a telegram before its time, or add a line to it."""
    try:
        telegram = encode_unsolicited(who, data_sets, checked=checked)
    except LocalProtocolError:
        return
    receiver = UnsolicitedReceiver()
    found = [one for octet in telegram for one in receiver.receive(bytes((octet,)))]
    assert found == [(who, data_sets)]
    assert receiver.refused == 0


@given(st.lists(st.integers(0, 5), max_size=6), st.lists(FAULTS, max_size=6), st.integers(1, 70))
def test_checked_telegrams_come_whole_or_not_at_all(numbers: list[int], faults: list[Fault], size: int) -> None:
    """Cut, lost or changed: what is found was said, in its order; at most two telegrams go with every fault."""
    said = [[DataSet("1.8.0", ((f"{number}", "kWh"),))] for number in numbers]
    telegrams = [encode_unsolicited(WHO, data_sets, checked=True) for data_sets in said]
    damaged = faults[: len(telegrams)] + [WHOLE] * (len(telegrams) - len(faults))
    stream = b"".join(fault.on(telegram) for fault, telegram in zip(damaged, telegrams, strict=True))
    receiver = UnsolicitedReceiver()
    found = [one.data_sets for at in range(0, len(stream), size) for one in receiver.receive(stream[at : at + size])]
    rest = iter(said)
    assert all(one in rest for one in found), "nothing is made up, doubled or out of order"
    assert len(found) >= len(said) - 2 * sum(fault.what != "whole" for fault in damaged)
