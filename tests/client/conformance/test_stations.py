"""A primary station that does as it is told, and how an answer reads in a report."""

from __future__ import annotations

import asyncio

from ferraris.client.conformance.stations import RR, SNRM, StationProbe, Turn, carries_apdu, numbered, supervisory
from ferraris.dlms.hdlc import FrameKind, client_address, decode_frame, encode_frame, server_address
from ferraris.link import loopback_pair
from ferraris.simulation import run_virtual

CLIENT, SERVER = client_address(16), server_address(1, 17)


def from_server(control: int, information: bytes = b"") -> bytes:
    return encode_frame(CLIENT, SERVER, control, information)


def test_control_octets() -> None:
    frame = decode_frame(encode_frame(SERVER, CLIENT, numbered(3, 5))[1:-1])
    assert (frame.kind, frame.send_sequence, frame.receive_sequence, frame.poll_final) == (FrameKind.I, 3, 5, True)
    frame = decode_frame(encode_frame(SERVER, CLIENT, supervisory(RR, 6))[1:-1])
    assert (frame.kind, frame.receive_sequence, frame.poll_final) == (FrameKind.RR, 6, True)


def test_a_turn_ends_with_the_final_bit() -> None:
    async def main() -> tuple[Turn, Turn]:
        here, there = loopback_pair()
        probe = StationProbe(here, CLIENT, SERVER, patience_s=1.0)
        await there.send(from_server(numbered(0, 0, poll=False), b"abc") + from_server(numbered(1, 0), b"def"))
        first = await probe.ask(SNRM)
        await there.send(from_server(supervisory(RR, 0)))
        assert decode_frame((await there.receive())[1:-1]).kind is FrameKind.SNRM
        second = await probe.ask(SNRM)
        await there.aclose()
        return first, second

    first, second = run_virtual(main())
    assert first.information == b"abcdef"
    assert str(first) == "I (N(S) 0, N(R) 0, 3 octets), I (N(S) 1, N(R) 0, 3 octets)"
    assert second.is_only(FrameKind.RR)
    assert not first.is_only(FrameKind.I)


def test_silence_and_a_closed_link_are_answers() -> None:
    async def main() -> tuple[Turn, Turn]:
        here, there = loopback_pair()
        probe = StationProbe(here, CLIENT, SERVER, patience_s=1.0)
        silence = await probe.ask(SNRM)
        await there.aclose()
        return silence, await probe.ask(SNRM)

    silence, closed = run_virtual(main())
    assert (str(silence), str(closed)) == ("no answer", "the link was closed")
    assert silence.last is None


def test_frames_for_others_are_passed_over() -> None:
    async def main() -> Turn:
        here, there = loopback_pair()
        await there.send(encode_frame(client_address(5), SERVER, supervisory(RR, 0)) + from_server(supervisory(RR, 1)))
        return await StationProbe(here, CLIENT, SERVER, patience_s=1.0).ask(SNRM)

    turn = asyncio.run(main())
    assert [frame.receive_sequence for frame in turn.frames] == [1]


def test_what_a_turn_carries() -> None:
    frame = decode_frame(from_server(numbered(0, 1), bytes.fromhex("e6e70061"))[1:-1])
    assert carries_apdu(Turn((frame,)), 0x61)
    assert not carries_apdu(Turn((frame,)), 0x60)
    assert not carries_apdu(Turn(()), 0x61)
