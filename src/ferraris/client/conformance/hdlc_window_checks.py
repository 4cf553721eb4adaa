"""Checks of what was agreed upon: turns of as many frames as the window allows, fields of as many octets, either way its own."""

from __future__ import annotations

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.stations import (
    RR,
    StationProbe,
    Turn,
    aarq,
    carries_apdu,
    numbered,
    station,
    supervisory,
)
from ferraris.dlms.hdlc import LLC_COMMAND, FrameKind, HdlcFrame, HdlcParameters

SECTION = "HDLC"
WINDOW = "Green Book 8.4.5.4"
NEGOTIATION = "Green Book 8.4.5.3"
AARE = 0x61
WIDE = HdlcParameters(128, 1024, 7, 7)
"""Our frames wide enough for a third of an AARQ, into which it is cut; theirs as they come."""
NARROW = HdlcParameters(1024, 32, 7, 2)
"""Their frames short, and two to a turn."""
TURNS_MAX = 64


@check(section=SECTION, clause=WINDOW, title="A turn of several frames is taken as one, where the window allows it")
async def window_from_the_client(bench: Bench) -> Finding:
    async with station(bench) as probe:
        granted = (await probe.connect(WIDE)).granted
        if granted is None:
            return found(False, "UA", "no sensible UA")
        if granted.window_receive < 2:
            raise NotApplicable("the station takes one frame a turn")
        message = LLC_COMMAND + aarq(bench)
        segments = _segments(message, -(-len(message) // min(granted.window_receive, 3)))
        if len(segments[0]) > granted.max_information_octets_receive:
            raise NotApplicable("an AARQ does not fit one turn")
        turn = await probe.ask_framed(_turn(probe, segments))
        while turn.is_only(FrameKind.RR) and turn.frames[0].receive_sequence == len(segments):
            turn = await probe.ask(supervisory(RR, 0))
    acknowledged = {frame.receive_sequence for frame in turn.frames} == {len(segments)}
    return found(carries_apdu(turn, AARE) and acknowledged, f"the AARE, with N(R) {len(segments)}", turn)


@check(
    section=SECTION, clause=WINDOW, title="A lost frame of a turn is asked for again, and what followed it is not taken"
)
async def window_with_a_gap(bench: Bench) -> Finding:
    async with station(bench) as probe:
        granted = (await probe.connect(WIDE)).granted
        if granted is None or granted.window_receive < 3:
            raise NotApplicable("the station takes fewer than three frames a turn")
        message = LLC_COMMAND + aarq(bench)
        segments = _segments(message, -(-len(message) // 3))
        if len(segments) < 3 or len(segments[0]) > granted.max_information_octets_receive:
            raise NotApplicable("an AARQ does not fit one turn")
        turn = await probe.ask_framed(_turn(probe, segments, without=1))
    numbers = {frame.receive_sequence for frame in turn.frames}
    return found(bool(turn.frames) and numbers == {1}, "RR (N(R) 1)", turn)


@check(
    section=SECTION, clause=WINDOW, title="The station's turns hold no more frames than we take, and go on when asked"
)
async def window_from_the_server(bench: Bench) -> Finding:
    turns = await _turns_of_an_answer(bench)
    whole = Turn(tuple(frame for turn in turns for frame in turn))
    sent = [frame for frame in whole.frames if frame.kind is FrameKind.I]
    numbers = [frame.send_sequence for frame in sent]
    passed = (
        carries_apdu(whole, AARE)
        and all(len(turn) <= NARROW.window_receive for turn in turns)
        and all(_gives_back(turn) for turn in turns)
        and numbers == [number % 8 for number in range(len(sent))]
    )
    expected = f"the AARE in turns of at most {NARROW.window_receive} frames, the last bit in the last of each"
    return found(passed, expected, f"turns of {', '.join(str(len(turn)) for turn in turns)} frames: {whole}")


@check(
    section=SECTION, clause=NEGOTIATION, title="Each direction has its own information field: ours long, theirs short"
)
async def information_field_of_each_direction(bench: Bench) -> Finding:
    turns = await _turns_of_an_answer(bench)
    lengths = [len(frame.information) for turn in turns for frame in turn if frame.kind is FrameKind.I]
    most = NARROW.max_information_octets_receive
    passed = bool(lengths) and max(lengths) <= most
    return found(passed, f"fields of at most {most} octets", f"fields of {lengths or 'none'} octets")


async def _turns_of_an_answer(bench: Bench) -> list[list[HdlcFrame]]:
    """The AARE, turn by turn, each asked for after the last frame taken."""
    async with station(bench) as probe:
        granted = (await probe.connect(NARROW)).granted
        if granted is None or len(LLC_COMMAND + aarq(bench)) > granted.max_information_octets_receive:
            raise NotApplicable("the station does not take an AARQ in one frame")
        turn = await probe.converse(numbered(0, 0), aarq(bench))
        turns = [list(turn.frames)]
        taken = 0
        while len(turns) < TURNS_MAX and turns[-1]:
            numbered_frames = [frame for frame in turns[-1] if frame.kind is FrameKind.I]
            taken += len(numbered_frames)
            if not numbered_frames or not numbered_frames[-1].segmented:
                break
            turns.append(list((await probe.ask(supervisory(RR, taken % 8))).frames))
    return turns


def _gives_back(turn: list[HdlcFrame]) -> bool:
    return [frame.poll_final for frame in turn] == [False] * (len(turn) - 1) + [True]


def _segments(message: bytes, octets: int) -> list[bytes]:
    return [message[at : at + octets] for at in range(0, len(message), octets)]


def _turn(probe: StationProbe, segments: list[bytes], without: int = -1) -> bytes:
    """The frames of one turn, but for one that is lost."""
    last = len(segments) - 1
    return b"".join(
        probe.frame(numbered(number, 0, poll=number == last), segment, segmented=number < last)
        for number, segment in enumerate(segments)
        if number != without
    )
