"""Both ends of the lines that meters hang on: HDLC, M-Bus, optical heads, gateways, told anything in any order.

Octets as they are seldom come past a check sequence, so most turns are frames with a right one and anything inside.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ferraris.dlms import GatewayAddress, GatewayFraming, WrapperFraming, encode_prefixed, encode_wpdu
from ferraris.dlms.hdlc import HdlcAddress, HdlcFraming, HdlcLine, encode_frame, server_address
from ferraris.dlms.mbus_framing import MbusFraming
from ferraris.dlms.mbus_line import MbusLine
from ferraris.dlms.mbus_segments import encode_segments
from ferraris.iec62056_21 import (
    Choice,
    DataSet,
    Identification,
    MessageReader,
    MeterProgramming,
    MeterSignOn,
    Programmer,
    SignOn,
    SignOnState,
    UnsolicitedReceiver,
    block_check,
    decode_readout,
    encode_readout,
    encode_unsolicited,
)
from ferraris.kernel.errors import FerrarisError
from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import encode_long_frame, encode_short_frame
from ferraris.mbus.search import SecondarySearch
from ferraris.mbus.secondary_address import SecondaryAddress
from tests.fuzz.seeds import seeds
from tests.fuzz.target import in_turns, turns

CLIENT = HdlcAddress(16, None, 1)
METER = server_address(1, 17)
ADDRESSES = (
    METER,
    CLIENT,
    server_address(0x3FFF, 0x3FFF),
    server_address(2, 18),
    server_address(1, 17, 4),
    server_address(1),
)
SNRM, UA, DISC = 0x93, 0x73, 0x53
SEND, WAIT, RAW = 0xFD, 0xFE, 0xFF


def _frame(turn: bytes, *, down: bool) -> bytes:
    """A frame with a right check sequence and anything else: control octet, address and segmentation, information."""
    control, form = (turn + bytes(2))[:2]
    strange = ADDRESSES[form >> 4 & 7 if form >> 4 & 7 < len(ADDRESSES) else 0]
    destination, source = (strange, CLIENT) if down else (CLIENT, strange)
    return encode_frame(destination, source, control, turn[2:1_000], segmented=bool(form & 1))


def _answer(meters: Any, event: Any) -> None:
    """Three times the request, backwards. What has ended and what wants no answer gets none."""
    if getattr(event, "apdu", b"") and getattr(event, "confirmed", True):
        meters.send(event.link, event.apdu[::-1] * 3)


def hdlc_line(octets: bytes) -> None:
    """The meters of a bus refuse nothing aloud, whatever they are told."""
    meters = HdlcLine({17: {1}, 18: {1, 2}})
    now_ms = 0
    meters.receive(encode_frame(METER, CLIENT, SNRM), now_ms)
    for turn in turns(octets):
        if turn[:1] == bytes((RAW,)):
            meters.receive(turn[1:], now_ms)
        elif turn[:1] == bytes((WAIT,)):
            now_ms += 100 * int.from_bytes(turn[1:3], "big")
            meters.tick(now_ms)
        else:
            meters.receive(_frame(turn, down=True), now_ms)
        for event in meters.events():
            _answer(meters, event)
        meters.outgoing()


def hdlc_station(octets: bytes) -> None:
    """The client's station, connected, with something to send from time to time."""
    client = HdlcFraming(16, METER)
    client.connect(0)
    client.outgoing()
    client.receive(encode_frame(CLIENT, METER, UA), 0)
    now_ms = 0
    for turn in turns(octets):
        try:
            if turn[:1] == bytes((RAW,)):
                client.receive(turn[1:], now_ms)
            elif turn[:1] == bytes((WAIT,)):
                now_ms += 100 * int.from_bytes(turn[1:3], "big")
                client.tick(now_ms)
            elif turn[:1] == bytes((SEND,)):
                client.send(turn[1:] * 4, now_ms)
            else:
                client.receive(_frame(turn, down=False), now_ms)
        except FerrarisError:
            pass
        client.apdus()
        client.outgoing()


HDLC_LINE_SEEDS = (
    in_turns(
        [b"\x10\x00\xe6\xe6\x00\xc0\x01\xc1", b"\x11\x00", b"\x32\x01\xe6\xe6\x00abc", b"\x34\x00def", b"\x53\x00"]
    ),
    in_turns(
        [b"\x03\x20\xe6\xe6\x00\x0f\x00", b"\x13\x00\xe6\xe6\x00\x0f\x00", b"\xfe\xff\xff", b"\x93\x00\x81\x80\x00"]
    ),
    in_turns([bytes((RAW,)) + octets for octets in seeds()["hdlc"]]),
)
HDLC_STATION_SEEDS = (
    in_turns([b"\xfd" + bytes(200), b"\x11\x00", b"\x31\x00", b"\x30\x01\xe6\xe7\x00abc", b"\x32\x00def", b"\x1f\x00"]),
    in_turns([b"\xfdabc", b"\x30\x00\xe6\xe7\x00\xc4", b"\xfe\xff\xff", b"\x97\x00\x10\x00\x01", b"\x73\x00"]),
    in_turns([bytes((RAW,)) + octets for octets in seeds()["hdlc"]]),
)

# M-Bus


def mbus_deframer_in_pieces(octets: bytes) -> None:
    """A line cut into single octets gives the frames that it gives whole, and refuses nothing aloud."""
    whole, cut = MbusDeframer(1_000), MbusDeframer(1_000)
    whole.receive(octets, 0)
    for octet in octets:
        cut.receive(bytes([octet]), 0)
    assert whole.frames() == cut.frames()


def _mbus_frame(turn: bytes) -> bytes:
    """A frame with a right checksum: control octet, and either nothing or control information and user data."""
    if len(turn) < 2:
        return encode_short_frame(turn[0] if turn else 0x7B, 1)
    return encode_long_frame(turn[0], 1, turn[1], turn[2:240])


def mbus_line(octets: bytes) -> None:
    """The meters of a line refuse nothing aloud."""
    meters = MbusLine({1: {1}, 2: {1}})
    now_ms = 0
    meters.receive(encode_short_frame(0x40, 1), now_ms)
    for turn in turns(octets):
        if turn[:1] == bytes((WAIT,)):
            now_ms += 100 * int.from_bytes(turn[1:3], "big")
            meters.tick(now_ms)
        else:
            meters.receive(turn[1:] if turn[:1] == bytes((RAW,)) else _mbus_frame(turn), now_ms)
        for event in meters.events():
            _answer(meters, event)
        meters.outgoing()


SECONDARY = {1: SecondaryAddress("12345678", "FER", 1, 2), 2: SecondaryAddress("12340000", "FER", 1, 2)}
SELECTED, EVERYBODY_SILENT = 0xFD, 0xFF


def mbus_selection(octets: bytes) -> None:
    """Meters that are called by secondary addresses, whole or in part: whatever selects them, they refuse nothing aloud."""
    meters = MbusLine({1: {1}, 2: {1}}, secondary=SECONDARY)
    now_ms = 0
    for turn in turns(octets):
        if turn[:1] == bytes((WAIT,)):
            now_ms += 100 * int.from_bytes(turn[1:3], "big")
            meters.tick(now_ms)
        elif turn[:1] == bytes((RAW,)):
            meters.receive(turn[1:], now_ms)
        elif len(turn) < 3:
            meters.receive(encode_short_frame(turn[0] if turn else 0x7B, SELECTED), now_ms)
        else:
            address = EVERYBODY_SILENT if turn[0] == EVERYBODY_SILENT - 3 else SELECTED
            meters.receive(encode_long_frame(turn[0], address, turn[1], turn[2:240]), now_ms)
        for event in meters.events():
            _answer(meters, event)
        meters.outgoing()


def mbus_station(octets: bytes) -> None:
    """The client's station on the same."""
    client = MbusFraming(16, 1, 1)
    client.connect(0)
    client.outgoing()
    client.receive(b"\xe5", 0)
    now_ms = 0
    for turn in turns(octets):
        with contextlib.suppress(FerrarisError):
            if turn[:1] == bytes((SEND,)):
                client.send(turn[1:] * 4, now_ms)
            elif turn[:1] == bytes((WAIT,)):
                now_ms += 100 * int.from_bytes(turn[1:3], "big")
                client.tick(now_ms)
            else:
                client.receive(turn[1:] if turn[:1] == bytes((RAW,)) else _mbus_frame(turn), now_ms)
        client.apdus()
        client.outgoing()


def mbus_search(octets: bytes) -> None:
    """A search that meters, collisions or an enemy answer: it ends, or is not begun anew by anybody else."""
    search = SecondarySearch()
    search.start(0)
    now_ms = 0
    for turn in turns(octets):
        if turn[:1] == bytes((WAIT,)):
            now_ms = search.wake_at() or now_ms
        else:
            search.receive(turn[1:] if turn[:1] == bytes((RAW,)) else _mbus_frame(turn), now_ms)
        with contextlib.suppress(FerrarisError):
            search.tick(now_ms)
        search.outgoing()
    assert len(search.found) + len(search.collisions) <= search.selections


MBUS_SELECTION_SEEDS = (
    in_turns([b"\x53\x52" + SECONDARY[1].encode(), b"\x7b", b"\x53\x10\x10\x01\xc0\x01\xc1", b"\x5b", b"\x40"]),
    in_turns([b"\x73\x52" + SecondaryAddress("1234????").encode(), b"\x7b", b"\x53\x56" + bytes(8), b"\xfe\xff\xff"]),
)
MBUS_SEARCH_SEEDS = (
    in_turns([b"\xff\xe5", b"\xfe", b"\x08\x72" + bytes.fromhex("0100000052180102") + bytes(4), b"\xfe"]),
    in_turns([b"\xff\xe5", b"\xfe", b"\xff\x00", b"\xfe", b"\xfe", b"\xff\xe5", b"\xfe", b"\xfe", b"\xfe"]),
)
MBUS_SEEDS = (
    in_turns([b"\x53\x10\x10\x01\xc0\x01\xc1", b"\x7b", b"\x5b", b"\x40", b"\x73\x00\x10\x01abc", b"\xfe\xff\xff"]),
    in_turns([b"\xfdabc", b"\x08\x10\x01\x10\xc4\x01", b"\xff\xe5", b"\x08\x00\x01\x10abc", b"\x08\x11\x01\x10def"]),
    in_turns([b"\xff" + encode_segments(bytes(300), 0x53, 1, 16, 1)]),
    in_turns([bytes((RAW,)) + octets for octets in seeds()["m-bus"]]),
)

# Optical heads

DATA_SETS = [DataSet("1.8.0", (("000123.4", "kWh"),)), DataSet("F.F", (("00000000", ""),))]
METER_SAYS = Identification("FER", "5", "MT1", "2")


def sign_on(octets: bytes) -> None:
    """A reader that calls a meter, by the first octet for HDLC or for a readout."""
    reader = SignOn((Choice.HDLC, Choice.READOUT)[octets[0] & 1] if octets else Choice.HDLC)
    reader.start(0)
    now_ms = 0
    for turn in turns(octets[1:]):
        with contextlib.suppress(FerrarisError):
            if turn[:1] == bytes((WAIT,)):
                now_ms += 100 * int.from_bytes(turn[1:3], "big")
                reader.tick(now_ms)
            elif turn[:1] == bytes((RAW,)):
                reader.receive(_readout(turn[1:]), now_ms)
            else:
                reader.receive(turn, now_ms)
        reader.outgoing()
        if reader.state is SignOnState.DONE:
            break


def meter_sign_on(octets: bytes) -> None:
    """A meter that is called: whatever it hears, it refuses nothing aloud."""
    meter = MeterSignOn(METER_SAYS, DATA_SETS, "12")
    now_ms = 0
    for turn in turns(octets):
        meter.receive(turn, now_ms)
        now_ms += 500
        meter.tick(now_ms)
        meter.outgoing()
        if meter.state is SignOnState.DONE:
            break


def _readout(text: bytes) -> bytes:
    """What a meter shows, in its frame and with a right block check character."""
    covered = text + b"\x03"
    return b"\x02" + covered + bytes((block_check(covered),))


def readout(octets: bytes) -> None:
    """What decodes is what it is when written anew."""
    found = decode_readout(_readout(octets))
    assert decode_readout(encode_readout(found)) == found


class _Shown:
    """What a meter shows of itself, and takes."""

    def read(self, address: str) -> str | None:
        return f"{address}({address * 30})" if address else None

    def write(self, address: str, value: str) -> bool:
        return address == value


def _message(turn: bytes) -> bytes:
    """Characters between their frame's, with a right block check character; raw where the first octet says so."""
    if turn[:1] == bytes((RAW,)):
        return turn[1:]
    return turn + bytes((block_check(turn[1:]),))


def programming(octets: bytes) -> None:
    """A meter in its programming mode: whatever it hears, it refuses nothing aloud."""
    meter = MeterProgramming("secret", _Shown(), 0)
    now_ms = 0
    for turn in turns(octets):
        meter.receive(_message(turn), now_ms)
        now_ms += 500
        meter.tick(now_ms)
        for answer in meter.outgoing():
            list(MessageReader().receive(answer))


def programmer(octets: bytes) -> None:
    """A reader that reads and writes, whatever it is answered."""
    reader = Programmer(0)
    now_ms = 0
    for number, turn in enumerate(turns(octets)):
        with contextlib.suppress(FerrarisError):
            if not reader.busy:
                reader.read("1.8.0", now_ms, in_blocks=bool(number & 1))
            if turn[:1] == bytes((WAIT,)):
                now_ms += 100 * int.from_bytes(turn[1:3], "big")
                reader.tick(now_ms)
            else:
                reader.receive(_message(turn), now_ms)
            for answer in reader.answers():
                assert answer.refused or len(answer.data_sets) <= len(answer.text)
        reader.outgoing()


def unsolicited(octets: bytes) -> None:
    """Whoever listens to telegrams hears them alike in whole and in pieces, as long as none is too long."""
    whole, cut = UnsolicitedReceiver(), UnsolicitedReceiver()
    assert whole.receive(octets) == [one for octet in octets for one in cut.receive(bytes((octet,)))]


PROGRAMMING_SEEDS = (
    in_turns([b"\x01P1\x02(secret)\x03", b"\x01R1\x021.8.0()\x03", b"\x01W1\x02a(a)\x03", b"\xff\x15", b"\x01B0\x03"]),
    in_turns([b"\x01R3\x02" + b"a" * 32 + b"()\x03", b"\xff\x06", b"\xff\x06", b"\x01P1\x02(guess)\x03"]),
)
PROGRAMMER_SEEDS = (
    in_turns([b"\x01P0\x02(seed)\x03", b"\x021.8.0(1*kWh)\x03", b"\x021.8.0(\x04", b"\x021)\x03", b"\x01B0\x03"]),
    in_turns([b"\x01P0\x03", b"\x02(ERROR1)\x03", b"\xff\x15", b"\xff\x06", b"\xfe\xff\xff"]),
)
UNSOLICITED_SEEDS = tuple(
    encode_unsolicited(Identification("FER", "3", "meter"), DATA_SETS, checked=checked) for checked in (False, True)
)
SIGN_ON_SEEDS = (
    b"\x00" + in_turns([METER_SAYS.encode(), b"\x06252\r\n"]),
    b"\x01" + in_turns([METER_SAYS.encode(), b"\xff1.8.0(000123.4*kWh)\r\nF.F(0)\r\n!\r\n"]),
    b"\x00" + in_turns([b"\xfe\x7f\xff", b"/?!\r\n", b"/FER5\\2MT1\r\n", b"\xfe\xff\xff"]),
)
METER_SIGN_ON_SEEDS = (in_turns([b"/?!\r\n", b"\x06252\r\n"]), in_turns([b"/?12!\r\n", b"\x06050\r\n"]))
READOUT_SEEDS = (encode_readout(DATA_SETS)[1:-2], b"1.8.1(12*kWh)(13*kWh)\r\n(14)\r\n!\r\n")

# Gateways


def gateway(octets: bytes) -> None:
    """A client's end: what stands behind prefixes of any kind."""
    client = GatewayFraming(WrapperFraming(16, 1), GatewayAddress(1, b"12345678"))
    client.connect(0)
    for turn in turns(octets):
        with contextlib.suppress(FerrarisError):
            client.receive(encode_wpdu(1, 16, turn) if turn[:1] != bytes((RAW,)) else turn[1:], 0)
            for apdu in client.apdus():
                assert len(apdu) <= len(turn)


GATEWAY_SEEDS = (
    in_turns(
        [encode_prefixed(GatewayAddress(1, b"12345678"), b"\xc4\x01\xc1\x00\x00", response=True), b"\xd8\x01\x02"]
    ),
    in_turns([encode_prefixed(GatewayAddress(2, b""), b"\xc4", response=True), b"\xe6\x01\xff", b"\xff\x00\x01"]),
)
