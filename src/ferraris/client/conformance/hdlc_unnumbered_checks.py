"""Checks of unnumbered information (UI): it is taken at any time, counts nothing, and is answered by nobody that was not asked."""

from __future__ import annotations

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, check, found
from ferraris.client.conformance.requests import get_request
from ferraris.client.conformance.stations import (
    POLL,
    RR,
    SNRM,
    UI,
    StationProbe,
    aarq,
    carries_apdu,
    numbered,
    station,
    supervisory,
)
from ferraris.dlms.hdlc import LLC_COMMAND, FrameKind

SECTION = "HDLC"
UNNUMBERED = "Green Book 8.4.5"
ADDRESSES = "Green Book 8.4.2"
AARE = 0x61
UI_POLL = UI | POLL


def _information(bench: Bench) -> bytes:
    """An APDU that changes nothing, wherever it is taken."""
    return LLC_COMMAND + get_request(bench.readable)


@check(section=SECTION, clause=UNNUMBERED, title="UI without the poll bit is not answered, connected or not")
async def unnumbered_without_poll(bench: Bench) -> Finding:
    async with station(bench) as probe:
        before = await probe.ask(UI, _information(bench))
        await probe.connect()
        after = await probe.ask(UI, _information(bench))
    return found(not before.frames and not after.frames, "no answer, and no answer", f"{before}, then {after}")


@check(section=SECTION, clause=UNNUMBERED, title="UI between numbered frames leaves their numbers as they are")
async def unnumbered_counts_nothing(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        await probe.send(probe.frame(UI, _information(bench)))
        ready = await probe.ask(supervisory(RR, 0))
        turn = await probe.converse(numbered(0, 0), aarq(bench))
    stands = ready.last is not None and ready.last.kind is FrameKind.RR and ready.last.receive_sequence == 0
    first = next((frame for frame in turn.frames if frame.kind is FrameKind.I), None)
    passed = stands and carries_apdu(turn, AARE) and first is not None and first.send_sequence == 0
    return found(passed, "RR (N(R) 0), then the AARE in I (N(S) 0, N(R) 1)", f"{ready}, then {turn}")


@check(section=SECTION, clause=UNNUMBERED, title="An empty UI with the poll bit gives the turn: what waits, or nothing")
async def unnumbered_with_poll(bench: Bench) -> Finding:
    async with station(bench) as probe:
        await probe.connect()
        turn = await probe.ask(UI_POLL)
        alive = await probe.ask(supervisory(RR, 0))
    kinds = {frame.kind for frame in turn.frames} <= {FrameKind.UI, FrameKind.RR}
    stands = alive.is_only(FrameKind.RR) and alive.frames[0].receive_sequence == 0
    return found(kinds and stands, "UI, RR or no answer, then RR (N(R) 0)", f"{turn}, then {alive}")


@check(section=SECTION, clause=ADDRESSES, title="UI to every station with the poll bit is discarded")
async def unnumbered_to_everybody(bench: Bench) -> Finding:
    async with station(bench) as probe:
        turn = await probe.ask_framed(_to_everybody(probe, UI_POLL, _information(bench)))
        alive = await probe.ask(SNRM)
    passed = not turn.frames and alive.is_only(FrameKind.UA)
    return found(passed, "no answer, then UA to the station's own address", f"{turn}, then {alive}")


def _to_everybody(probe: StationProbe, control: int, information: bytes) -> bytes:
    all_ones = 0x3FFF if probe.server.size == 4 else 0x7F
    lower = None if probe.server.lower is None else all_ones
    return probe.frame(control, information, to=probe.server._replace(upper=all_ones, lower=lower))
