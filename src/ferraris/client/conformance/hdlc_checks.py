"""Checks of the HDLC station: how it connects and disconnects, counts, recovers, rejects, and stays silent."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.stations import (
    DISC,
    RNR,
    RR,
    SNRM,
    UNDEFINED,
    StationProbe,
    Turn,
    aarq,
    carries_apdu,
    numbered,
    station,
    supervisory,
)
from ferraris.codec.crc import check_sequence
from ferraris.dlms.hdlc import LLC_COMMAND, FrameKind, HdlcParameters

SECTION = "HDLC"
FRAMES = "Green Book 8.4"
ADDRESSES = "Green Book 8.4.2"
CONNECTING = "Green Book 8.4.5.3"
TRANSFER = "Green Book 8.4.5"
AARE = 0x61
SMALL = HdlcParameters(32, 32)
SEGMENT_OCTETS = 16


def _within(granted: HdlcParameters | None, proposed: HdlcParameters) -> bool:
    """Whether what is granted goes with the proposal: the station sends no more than we take, and takes no more than we send."""
    return granted is not None and all(
        1 <= ours <= most
        for ours, most in (
            (granted.max_information_octets_transmit, proposed.max_information_octets_receive),
            (granted.max_information_octets_receive, proposed.max_information_octets_transmit),
            (granted.window_transmit, proposed.window_receive),
            (granted.window_receive, proposed.window_transmit),
        )
    )


async def _negotiated(bench: Bench, proposed: HdlcParameters, information: bytes) -> Finding:
    async with station(bench) as probe:
        turn = await probe.ask(SNRM, information)
    granted = turn.granted
    return found(_within(granted, proposed), f"UA within {_shown(proposed)}", _shown(granted) if granted else turn)


def _shown(parameters: HdlcParameters) -> str:
    send, take = parameters.max_information_octets_transmit, parameters.max_information_octets_receive
    return f"{send}/{take} octets, window {parameters.window_transmit}/{parameters.window_receive}"


@check(
    section=SECTION, clause=CONNECTING, title="SNRM without parameters: UA grants at most 128 octets and a window of 1"
)
async def snrm_without_parameters(bench: Bench) -> Finding:
    return await _negotiated(bench, HdlcParameters(), b"")


@check(section=SECTION, clause=CONNECTING, title="SNRM with large parameters: UA grants no more than was proposed")
async def snrm_with_large_parameters(bench: Bench) -> Finding:
    proposed = HdlcParameters(1024, 1024, 7, 7)
    return await _negotiated(bench, proposed, proposed.encode())


@check(section=SECTION, clause=CONNECTING, title="SNRM with small parameters: UA grants no more than was proposed")
async def snrm_with_small_parameters(bench: Bench) -> Finding:
    return await _negotiated(bench, SMALL, SMALL.encode())


@check(section=SECTION, clause=CONNECTING, title="Parameters that an SNRM leaves out are 128 octets and a window of 1")
async def snrm_with_absent_parameters(bench: Bench) -> Finding:
    proposed = HdlcParameters(max_information_octets_receive=64)
    return await _negotiated(bench, proposed, bytes.fromhex("818003060140"))


@check(section=SECTION, clause=FRAMES, title="An octet 7E inside a frame is an octet like others")
async def flag_inside_a_frame(bench: Bench) -> Finding:
    proposed = HdlcParameters(0x7E, 0x7E)
    return await _negotiated(bench, proposed, proposed.encode())


@check(
    section=SECTION, clause=ADDRESSES, title="An answer goes from the station's address to the client's, final bit set"
)
async def addresses_exchanged(bench: Bench) -> Finding:
    async with station(bench) as probe:
        turn = await probe.connect()
    frame = turn.last
    passed = (
        frame is not None
        and frame.poll_final
        and frame.source[:2] == probe.server[:2]
        and frame.destination.upper == probe.own.upper
    )
    got = turn if frame is None else f"{frame.source.upper}/{frame.source.lower} to {frame.destination.upper}"
    return found(passed, f"{probe.server.upper}/{probe.server.lower} to {probe.own.upper}", got)


@check(section=SECTION, clause=CONNECTING, title="DISC ends a data link connection: UA")
async def disc_when_connected(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        turn = await probe.ask(DISC)
    return found(turn.is_only(FrameKind.UA), "UA", turn)


@check(section=SECTION, clause=CONNECTING, title="DISC without a data link connection: DM")
async def disc_when_disconnected(bench: Bench) -> Finding:
    async with station(bench) as probe:
        turn = await probe.ask(DISC)
    return found(turn.is_only(FrameKind.DM), "DM", turn)


@check(section=SECTION, clause=CONNECTING, title="An I frame before any SNRM: DM, and it is not taken")
async def information_before_snrm(bench: Bench) -> Finding:
    async with station(bench) as probe:
        turn = await probe.ask(numbered(0, 0), LLC_COMMAND + aarq(bench))
    return found(turn.is_only(FrameKind.DM), "DM", turn)


@check(section=SECTION, clause=CONNECTING, title="A second SNRM begins anew: UA, and numbers from 0")
async def second_snrm(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        await probe.converse(numbered(0, 0), aarq(bench))
        again = await probe.connect()
        turn = await probe.converse(numbered(0, 0), aarq(bench))
    first = next((frame for frame in turn.frames if frame.kind is FrameKind.I), None)
    passed = (
        again.is_only(FrameKind.UA) and first is not None and (first.send_sequence, first.receive_sequence) == (0, 1)
    )
    return found(passed, "UA, then I (N(S) 0, N(R) 1)", f"{again}, then {turn}")


async def _discarded(bench: Bench, spoil: str) -> Finding:
    """A spoilt frame brings no answer, and the same frame whole brings one."""
    async with station(bench) as probe:
        await probe.connect()
        frame = probe.frame(numbered(0, 0), LLC_COMMAND + aarq(bench))
        silence = await probe.ask_framed(_spoilt(probe, frame, spoil))
        turn = await probe.ask_framed(frame)
    passed = not silence.frames and any(f.receive_sequence == 1 for f in turn.frames)
    return found(passed, "no answer, then one to the frame as it should be", f"{silence}, then {turn}")


def _spoilt(probe: StationProbe, frame: bytes, spoil: str) -> bytes:
    octets = bytearray(frame)
    if spoil == "FCS":
        octets[-2] ^= 0xFF
        return bytes(octets)
    header = len(probe.frame(RR)) - 4  # format, addresses and control
    octets[1 + header] ^= 0xFF
    octets[-3:-1] = check_sequence(bytes(octets[1:-3]))
    return bytes(octets)


@check(section=SECTION, clause=FRAMES, title="A frame with a wrong FCS is discarded in silence")
async def fcs_wrong(bench: Bench) -> Finding:
    return await _discarded(bench, "FCS")


@check(section=SECTION, clause=FRAMES, title="A frame with a wrong HCS is discarded in silence")
async def hcs_wrong(bench: Bench) -> Finding:
    return await _discarded(bench, "HCS")


@check(section=SECTION, clause=TRANSFER, title="RR with nothing to send: RR with the N(R) that stands")
async def receive_ready_is_answered(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        turn = await probe.ask(supervisory(RR, 0))
    passed = turn.is_only(FrameKind.RR) and turn.frames[0].receive_sequence == 0
    return found(passed, "RR (N(R) 0)", turn)


@check(section=SECTION, clause=TRANSFER, title="An I frame with a wrong N(S) is not taken, and the right one still is")
async def send_sequence_wrong(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        wrong = await probe.ask(numbered(3, 0), LLC_COMMAND + aarq(bench))
        turn = await probe.converse(numbered(0, 0), aarq(bench))
    refused = not wrong.frames or (wrong.is_only(FrameKind.RR) and wrong.frames[0].receive_sequence == 0)
    return found(refused and carries_apdu(turn, AARE), "RR (N(R) 0), then the AARE", f"{wrong}, then {turn}")


@check(section=SECTION, clause=TRANSFER, title="An answer that was not acknowledged is sent again, not made again")
async def answer_is_sent_again(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        first = await probe.converse(numbered(0, 0), aarq(bench))
        again = await probe.ask(supervisory(RR, 0))
    passed = bool(first.information) and again.frames == first.frames
    return found(passed, str(first), again)


@check(section=SECTION, clause=TRANSFER, title="An I frame that comes twice is taken once")
async def repeated_frame(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        frame = probe.frame(numbered(0, 0), LLC_COMMAND + aarq(bench))
        await probe.converse(numbered(0, 0), aarq(bench))
        turn = await probe.ask_framed(frame)
    numbers = {f.receive_sequence for f in turn.frames} | {f.send_sequence for f in turn.frames if f.send_sequence}
    return found(bool(turn.frames) and numbers == {1}, "N(R) 1, and no answer after the first", turn)


@check(section=SECTION, clause=TRANSFER, title="RNR holds the station's answer back until RR comes")
async def receive_not_ready(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        await probe.send(probe.frame(numbered(0, 0, poll=False), LLC_COMMAND + aarq(bench)))
        held = await probe.ask(supervisory(RNR, 0))
        if not held.frames:
            raise NotApplicable("the station takes no I frame without the poll bit")
        turn = await probe.ask(supervisory(RR, 0))
    passed = held.is_only(FrameKind.RR, FrameKind.RNR) and bool(turn.frames)
    return found(passed, "RR, then an answer", f"{held}, then {turn}")


@check(section=SECTION, clause=TRANSFER, title="A control octet that nobody has defined: FRMR, until SNRM")
async def control_undefined(bench: Bench) -> Finding:
    return await _rejected(bench, UNDEFINED)


@check(section=SECTION, clause=TRANSFER, title="An N(R) of what was never sent: FRMR, until SNRM")
async def receive_sequence_wrong(bench: Bench) -> Finding:
    return await _rejected(bench, supervisory(RR, 5))


async def _rejected(bench: Bench, control: int) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        turn = await probe.ask(control)
        after = await probe.ask(supervisory(RR, 0))
        again = await probe.connect()
    passed = turn.is_only(FrameKind.FRMR) and after.is_only(FrameKind.FRMR) and again.is_only(FrameKind.UA)
    return found(passed, "FRMR, FRMR, UA", f"{turn}, {after}, {again}")


@check(section=SECTION, clause=TRANSFER, title="An information field longer than agreed upon is not taken")
async def information_too_long(bench: Bench) -> Finding:
    async with station(bench) as probe:
        granted = (await probe.connect(SMALL)).granted
        if granted is None:
            return found(False, "UA", "no sensible UA")
        long = (LLC_COMMAND + aarq(bench)).ljust(granted.max_information_octets_receive + 1, b"\0")
        turn = await probe.ask(numbered(0, 0), long)
    taken = any(frame.receive_sequence for frame in turn.frames)
    return found(not taken, "FRMR, or no acknowledgement", turn)


@check(section=SECTION, clause=TRANSFER, title="A message in segments is taken as one, and each is acknowledged")
async def segments_from_the_client(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        message = LLC_COMMAND + aarq(bench)
        segments = [message[at : at + SEGMENT_OCTETS] for at in range(0, len(message), SEGMENT_OCTETS)]
        for number, segment in enumerate(segments[:-1]):
            turn = await probe.ask(numbered(number % 8, 0), segment, segmented=True)
            if not turn.is_only(FrameKind.RR) or turn.frames[0].receive_sequence != (number + 1) % 8:
                return found(False, f"RR (N(R) {(number + 1) % 8})", turn)
        turn = await probe.ask(numbered((len(segments) - 1) % 8, 0), segments[-1])
        while turn.is_only(FrameKind.RR) and turn.frames[0].receive_sequence == len(segments) % 8:
            turn = await probe.ask(supervisory(RR, 0))
    return found(carries_apdu(turn, AARE), "the AARE", turn)


@check(
    section=SECTION, clause=TRANSFER, title="A long answer comes in segments that fit the information field agreed upon"
)
async def segments_from_the_server(bench: Bench) -> Finding:
    async with station(bench) as probe:
        granted = (await probe.connect(replace(SMALL, max_information_octets_transmit=1024))).granted
        most = SMALL.max_information_octets_receive
        if granted is None or len(LLC_COMMAND + aarq(bench)) > granted.max_information_octets_receive:
            raise NotApplicable("the station does not take an AARQ in one frame")
        turn = await probe.converse(numbered(0, 0), aarq(bench))
        frames = list(turn.frames)
        while frames and frames[-1].kind is FrameKind.I and frames[-1].segmented and len(frames) < most:
            frames += (await probe.ask(supervisory(RR, len(frames) % 8))).frames
    whole = Turn(tuple(frames))
    numbers = [frame.send_sequence for frame in frames]
    passed = (
        carries_apdu(whole, AARE)
        and len(frames) > 1
        and all(len(frame.information) <= most for frame in frames)
        and [frame.segmented for frame in frames] == [True] * (len(frames) - 1) + [False]
        and numbers == [number % 8 for number in range(len(frames))]
    )
    return found(passed, f"the AARE in segments of at most {most} octets", whole)


@check(section=SECTION, clause=ADDRESSES, title="What goes to every station is not answered")
async def broadcast_unanswered(bench: Bench) -> Finding:
    async with station(bench) as probe:
        all_ones = 0x3FFF if probe.server.size == 4 else 0x7F
        every = probe.server._replace(upper=all_ones, lower=None if probe.server.lower is None else all_ones)
        turn = await probe.ask_framed(probe.frame(SNRM, to=every))
        alive = await probe.connect()
    passed = not turn.frames and alive.is_only(FrameKind.UA)
    return found(passed, "no answer, then UA to the station's own address", f"{turn}, then {alive}")


@check(section=SECTION, clause=ADDRESSES, title="What goes to a station that is not there is not answered")
async def station_unknown(bench: Bench) -> Finding:
    async with station(bench) as probe:
        turn = await probe.ask_framed(probe.frame(SNRM, to=probe.server._replace(upper=0x7D)))
    return found(not turn.frames, "no answer", turn)


@check(section=SECTION, clause=FRAMES, title="A frame that is cut short does the station no harm")
async def frame_cut_short(bench: Bench) -> Finding:
    async with station(bench) as probe:
        frame = probe.frame(SNRM, HdlcParameters().encode())
        await probe.send(frame[: len(frame) // 2])
        await probe.ask_framed(frame)
        turn = await probe.connect()
    return found(turn.is_only(FrameKind.UA), "UA", turn)
