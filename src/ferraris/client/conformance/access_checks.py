"""Checks of ACCESS, where it was negotiated: one request with several items, one answer with as many."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.bench import Bench, Talk
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import NO_SUCH_OBJECT, get_request
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    GetResponseNormal,
)

SECTION = "Services"
ACCESS = "Green Book 9.5"
LONG_INVOKE_ID_AND_PRIORITY = 0x4012_3456
LONG_INVOKE_ID = 0xFF_FFFF
NULL_DATA = b"\x00"


@check(section=SECTION, clause=ACCESS, title="ACCESS reads what GET reads, and carries the invoke-id of its request")
async def access_reads(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        _needs_access(talk)
        single = await talk.ask(get_request(bench.readable))
        answer = await talk.ask(_request(bench.readable))
    response, value = answer.apdu, single.apdu.result if isinstance(single.apdu, GetResponseNormal) else None
    passed = (
        isinstance(response, AccessResponse)
        and response.values == (value,)
        and [result for _, result in response.answers] == [DataAccessResult.SUCCESS]
        and response.long_invoke_id_and_priority & LONG_INVOKE_ID == LONG_INVOKE_ID_AND_PRIORITY & LONG_INVOKE_ID
    )
    return found(passed, "an access-response with the value that GET gives", answer)


@check(section=SECTION, clause=ACCESS, title="ACCESS: a result for each item, in order, refusals among them")
async def access_with_refusal(bench: Bench) -> Finding:
    missing = AttributeDescriptor(1, NO_SUCH_OBJECT, 2)
    async with bench.talk() as talk:
        _needs_access(talk)
        answer = await talk.ask(_request(bench.readable, missing, bench.readable))
    response = answer.apdu
    results = [result for _, result in response.answers] if isinstance(response, AccessResponse) else []
    served = [result == DataAccessResult.SUCCESS for result in results]
    values = response.values if isinstance(response, AccessResponse) else ()
    passed = served == [True, False, True] and len(values) == 3 and values[0] == values[2] and values[1] == NULL_DATA
    return found(passed, "success, a refusal with null-data, success", answer)


@check(section=SECTION, clause=ACCESS, title="ACCESS with fewer values than items is not served")
async def access_with_values_missing(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        _needs_access(talk)
        octets = bytearray(_request(bench.readable))
        del octets[-1]
        octets[-1] = 0
        answer = await talk.ask(bytes(octets))
    return found(not answer.gives_data, "no data", answer)


@check(section=SECTION, clause=ACCESS, title="ACCESS that was not negotiated is not served")
async def access_not_negotiated(bench: Bench) -> Finding:
    without = bench.association.conformance & ~Conformance.ACCESS
    async with bench.talk(replace(bench.association, conformance=without)) as talk:
        answer = await talk.ask(_request(bench.readable))
    return found(not answer.gives_data, "an exception-response, or no answer", answer)


def _request(*descriptors: AttributeDescriptor) -> bytes:
    items = tuple(AccessItem(AccessKind.GET, descriptor) for descriptor in descriptors)
    return AccessRequest(LONG_INVOKE_ID_AND_PRIORITY, b"", items, (NULL_DATA,) * len(items)).encode()


def _needs_access(talk: Talk) -> None:
    assert talk.associated is not None
    if not talk.associated.conformance & Conformance.ACCESS:
        raise NotApplicable("ACCESS was not negotiated")
