"""Checks of a server of short names: READ and WRITE, their refusals, and the object list at its reserved name."""

from __future__ import annotations

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, check, found
from ferraris.client.conformance.requests import get_request
from ferraris.cosem import AssociationSnV0
from ferraris.dlms.apdu import (
    DataAccessResult,
    ReadRequest,
    ReadResponse,
    VariableName,
    WriteRequest,
    WriteResponse,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.spelling import member_spelled

SECTION = "Short names"
SERVICES = "Green Book 9.5"
NAMES = "Blue Book 4.1.3"
ASSOCIATION = 0xFA00
"""The reserved base name of the current association; its first attribute is the logical name."""
OBJECT_LIST = 0xFA08
NO_SUCH_NAME = 0x0008
UNDEFINED = (DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_UNAVAILABLE)
DENIED = (DataAccessResult.READ_WRITE_DENIED, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)


@check(section=SECTION, clause=NAMES, title="The object list stands at FA08, and lists the association itself at FA00")
async def object_list_at_its_name(bench: Bench) -> Finding:
    results = await _read(bench, OBJECT_LIST)
    if isinstance(results, str) or not isinstance(results[0], bytes):
        return found(False, "an object list", results if isinstance(results, str) else _named(results))
    try:
        elements = AssociationSnV0.object_list.datatype.decode(results[0])
    except DecodeError as error:
        return found(False, "an object list", error)
    own = [f"{e.short_name:04X}" for e in elements if e.class_id == AssociationSnV0.class_id]
    names = [element.short_name for element in elements]
    passed = "FA00" in own and len(set(names)) == len(names) and not any(name % 8 for name in names)
    return found(
        passed, "FA00 among them, each name once and a multiple of 8", f"{len(names)} objects, of class 12: {own}"
    )


@check(section=SECTION, clause=SERVICES, title="READ of a name that is not there: object-undefined")
async def read_undefined_name(bench: Bench) -> Finding:
    return _refused(await _read(bench, NO_SUCH_NAME), UNDEFINED)


@check(
    section=SECTION, clause=SERVICES, title="READ of several names: a result for each, in order, refusals among them"
)
async def read_several_names(bench: Bench) -> Finding:
    results = await _read(bench, ASSOCIATION, NO_SUCH_NAME, ASSOCIATION)
    if isinstance(results, str):
        return found(False, "data, object-undefined, data", results)
    passed = (
        len(results) == 3 and isinstance(results[0], bytes) and results[0] == results[2] and results[1] in UNDEFINED
    )
    return found(passed, "data, object-undefined, data", _named(results))


@check(section=SECTION, clause=SERVICES, title="READ of nothing is answered with nothing or refused")
async def read_nothing(bench: Bench) -> Finding:
    results = await _read(bench)
    return found(
        isinstance(results, str) or not results, "no data", results if isinstance(results, str) else _named(results)
    )


@check(
    section=SECTION, clause=SERVICES, title="WRITE of a logical name, even to what it is, is refused: read-write-denied"
)
async def write_denied(bench: Bench) -> Finding:
    name = await _read(bench, ASSOCIATION)
    value = name[0] if not isinstance(name, str) and isinstance(name[0], bytes) else b"\x00"
    return _refused(await _write(bench, ASSOCIATION, value), DENIED)


@check(section=SECTION, clause=SERVICES, title="WRITE of a name that is not there: object-undefined")
async def write_undefined_name(bench: Bench) -> Finding:
    return _refused(await _write(bench, NO_SUCH_NAME, b"\x00"), UNDEFINED)


@check(section=SECTION, clause=SERVICES, title="GET, which names objects otherwise, is not served")
async def get_by_logical_name(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        answer = await talk.ask(get_request(bench.readable))
    return found(not answer.gives_data, "an exception-response, a confirmed-service-error, or no answer", answer)


@check(section=SECTION, clause=SERVICES, title="A truncated READ is not served")
async def read_truncated(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        answer = await talk.ask(ReadRequest((VariableName(ASSOCIATION),)).encode()[:-1])
    return found(not answer.gives_data, "no data", answer)


async def _read(bench: Bench, *names: int) -> tuple[object, ...] | str:
    """The results for these names, or what came instead."""
    async with bench.talk() as talk:
        answer = await talk.ask(ReadRequest(tuple(map(VariableName, names))).encode())
    return answer.apdu.results if isinstance(answer.apdu, ReadResponse) else str(answer)


async def _write(bench: Bench, name: int, value: bytes) -> tuple[object, ...] | str:
    async with bench.talk() as talk:
        answer = await talk.ask(WriteRequest((VariableName(name),), (value,)).encode())
    return answer.apdu.results if isinstance(answer.apdu, WriteResponse) else str(answer)


def _refused(results: tuple[object, ...] | str, reasons: tuple[DataAccessResult, ...]) -> Finding:
    if isinstance(results, str):  # older servers answer with an error for the whole request
        return found("error" in results or "exception" in results, _named(reasons[:1]), results)
    return found(len(results) == 1 and results[0] in reasons, _named(reasons[:1]), _named(results))


def _named(results: tuple[object, ...]) -> str:
    words = (member_spelled(r) if isinstance(r, DataAccessResult) else "data" for r in results)
    return ", ".join(words) or "nothing"
