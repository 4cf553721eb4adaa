"""Checks of the wrapper: its header is held to, and octets may come in any pieces."""

from __future__ import annotations

import struct

from ferraris.client.conformance.bench import Bench, Talk, Wire
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.dlms import encode_wpdu

SECTION = "Wrapper"
WRAPPER = "Green Book 7.3.3"


@check(section=SECTION, clause=WRAPPER, title="A wrapper of another version is not answered")
async def wrapper_version_wrong(bench: Bench) -> Finding:
    _needs_the_wrapper(bench)
    async with bench.wire() as wire:
        apdu = Talk(wire, bench.association, bench.entropy).proposal()
        answer = await wire.ask_framed(struct.pack(">4H", 2, wire.client_sap, wire.server_sap, len(apdu)) + apdu)
    return found(not answer.gives_data, "no answer", answer)


@check(section=SECTION, clause=WRAPPER, title="Octets that come one at a time are one WPDU")
async def wrapper_in_pieces(bench: Bench) -> Finding:
    _needs_the_wrapper(bench)
    async with bench.wire() as wire:
        _needs_a_stream(wire)
        octets = encode_wpdu(wire.client_sap, wire.server_sap, Talk(wire, bench.association, bench.entropy).proposal())
        for octet in octets[:-1]:
            await wire.link.send(bytes((octet,)))
        answer = await wire.ask_framed(octets[-1:])
    return found(answer.gives_data, "an AARE that accepts", answer)


@check(section=SECTION, clause=WRAPPER, title="A WPDU to a logical device that is not there is not accepted")
async def wrapper_to_nobody(bench: Bench) -> Finding:
    _needs_the_wrapper(bench)
    async with bench.wire(server_sap=0x7FFE) as wire:
        answer = await wire.ask(Talk(wire, bench.association, bench.entropy).proposal())
    return found(not answer.gives_data, "a rejection, or no answer", answer)


@check(section=SECTION, clause=WRAPPER, title="The answer goes back between the same service access points, exchanged")
async def wrapper_addresses_exchanged(bench: Bench) -> Finding:
    _needs_the_wrapper(bench)
    async with bench.wire() as wire:
        apdu = Talk(wire, bench.association, bench.entropy).proposal()
        await wire.link.send(encode_wpdu(wire.client_sap, wire.server_sap, apdu))
        octets = await wire.octets()
    if len(octets) < 8:
        return found(False, "a WPDU", octets.hex() or "nothing")
    version, source, destination, length = struct.unpack_from(">4H", octets)
    passed = (version, source, destination) == (1, wire.server_sap, wire.client_sap)
    expected = f"version 1, {wire.server_sap} to {wire.client_sap}"
    return found(passed, expected, f"version {version}, {source} to {destination}, {length} octets")


@check(section=SECTION, clause=WRAPPER, title="An empty WPDU does the server no harm")
async def wrapper_empty(bench: Bench) -> Finding:
    _needs_the_wrapper(bench)
    async with bench.wire() as wire:
        first = await wire.ask_framed(encode_wpdu(wire.client_sap, wire.server_sap, b""))
    alive, words = await bench.attempt(bench.association)
    return found(not first.gives_data and alive, "no data, and the server serves on", f"{first}; then {words}")


@check(section=SECTION, clause=WRAPPER, title="A WPDU cut short by a closed link does the server no harm")
async def wrapper_cut_short(bench: Bench) -> Finding:
    _needs_the_wrapper(bench)
    async with bench.wire() as wire:
        _needs_a_stream(wire)
        octets = encode_wpdu(wire.client_sap, wire.server_sap, Talk(wire, bench.association, bench.entropy).proposal())
        await wire.link.send(octets[: len(octets) // 2])
    alive, words = await bench.attempt(bench.association)
    return found(alive, "the server serves on", words)


def _needs_the_wrapper(bench: Bench) -> None:
    if bench.new_framing is not None:
        raise NotApplicable("APDUs travel in another framing")


def _needs_a_stream(wire: Wire) -> None:
    if wire.link.capabilities.keeps_boundaries:
        raise NotApplicable("datagrams come whole")
