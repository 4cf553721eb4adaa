"""Messages of the programming mode: octet for octet, and found in a stream of anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.iec62056_21 import BREAK, Block, Command, MessageReader, Sign, Wanted, address_and_value
from ferraris.iec62056_21.commands import command, in_brackets
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import PROGRAMMING_MESSAGE_OCTETS_MAX

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)

# What is said, and its octets. Breaks and passwords of eight zeros stand so in the manuals of many makers.
MESSAGES = [
    (BREAK, "01 42 30 03 71"),
    (command(Wanted.PASSWORD, "(00000000)"), "01 50 31 02 28 30 30 30 30 30 30 30 30 29 03 61"),
    (command(Wanted.READ, "1.8.0()"), "01 52 31 02 31 2e 38 2e 30 28 29 03 5a"),
    (Block("(ERROR1)"), "02 28 45 52 52 4f 52 31 29 03 6b"),
    (Block("ab", last=False), "02 61 62 04 07"),
]


@pytest.mark.parametrize(("message", "octets"), MESSAGES, ids=lambda what: str(what)[:20])
def test_messages_octet_for_octet(message: Command | Block, octets: str) -> None:
    assert message.encode() == bytes.fromhex(octets)
    assert list(MessageReader().receive(bytes.fromhex(octets))) == [message]


def test_single_characters_are_messages_and_noise_is_none() -> None:
    assert list(MessageReader().receive(b"\x00\x06abc\x15\x03")) == [Sign.ACKNOWLEDGED, Sign.REPEAT]


@given(PRINTABLE, PRINTABLE, st.integers(1, 40))
def test_messages_are_found_in_any_pieces(one: str, other: str, size: int) -> None:
    said = [Command("W", "1", one), Sign.ACKNOWLEDGED, Block(other, last=False), Block(one), BREAK]
    stream = b"".join(bytes((what.value,)) if isinstance(what, Sign) else what.encode() for what in said)
    reader = MessageReader()
    found = [message for at in range(0, len(stream), size) for message in reader.receive(stream[at : at + size])]
    assert found == said
    assert reader.rest == b""


@given(st.binary(max_size=300))
def test_any_octets_are_refused_silently(octets: bytes) -> None:
    reader = MessageReader()
    for message in reader.receive(octets):
        assert message is None or isinstance(message, Command | Block | Sign)
    assert len(reader.rest) <= len(octets)


@pytest.mark.parametrize("place", range(1, 12))
def test_a_changed_character_is_seen(place: int) -> None:
    octets = bytearray(command(Wanted.READ, "1.8.0()").encode())
    octets[place] ^= 0x10
    assert all(message is None for message in MessageReader().receive(bytes(octets)))


@pytest.mark.parametrize("octets", [b"\x01R1\x021.8.0()\x04", b"\x01r1\x03", b"\x02\x01\x03", b"\x01R\x02()\x03"])
def test_a_right_check_character_does_not_make_a_message(octets: bytes) -> None:
    check = 0
    for octet in octets[1:]:
        check ^= octet
    assert list(MessageReader().receive(octets + bytes((check,)))) == [None]


def test_a_message_without_an_end_is_given_up() -> None:
    reader = MessageReader()
    assert list(reader.receive(b"\x02" + b"a" * PROGRAMMING_MESSAGE_OCTETS_MAX)) == [None]
    assert reader.rest == b""
    assert list(reader.receive(BREAK.encode())) == [BREAK]


def test_commands_have_names_where_they_are_known() -> None:
    assert Command("R", "1").wanted is Wanted.READ
    assert Command("E", "2").wanted is None


@pytest.mark.parametrize(
    ("data", "found"),
    [("1.8.0()", ("1.8.0", "")), ("(secret)", ("", "secret")), ("0.9.1(121500)\r\n", ("0.9.1", "121500"))],
)
def test_addresses_and_values(data: str, found: tuple[str, str]) -> None:
    assert address_and_value(data) == found


@pytest.mark.parametrize("data", ["", "1.8.0", "a(b)(c)", "a(b", "a)b(", "x" * 40 + "()", "a((b))"])
def test_what_is_no_address_is_refused(data: str) -> None:
    with pytest.raises(DecodeError):
        address_and_value(data)


def test_what_no_message_can_hold_is_our_own_fault() -> None:
    for text in ("a(b", "a\nb", "ä", "a!", "a/b"):
        with pytest.raises(LocalProtocolError):
            in_brackets(text)
    for data in ("\x03", "ä", "x" * PROGRAMMING_MESSAGE_OCTETS_MAX):
        with pytest.raises(LocalProtocolError):
            Block(data).encode()
        with pytest.raises(LocalProtocolError):
            Command("R", "1", data).encode()
