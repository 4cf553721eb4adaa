"""Checks of GET, SET and ACTION: what is asked for in vain is refused in the standard's words, and nothing else breaks."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.answer import Answer, spelled
from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import (
    CURRENT_ASSOCIATION,
    NO_SUCH_ATTRIBUTE,
    NO_SUCH_OBJECT,
    action_request,
    get_list,
    get_request,
    set_request,
)
from ferraris.cosem import AccessMode
from ferraris.dlms.apdu import (
    ActionResponseNormal,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    SelectiveAccess,
    SetResponseNormal,
)

SECTION = "Services"
SERVICES = "Green Book 9.5"
ATTRIBUTES = "Blue Book 4.4.4"
UNDEFINED = (DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_UNAVAILABLE)
INCONSISTENT = (DataAccessResult.OBJECT_CLASS_INCONSISTENT, *UNDEFINED)
NO_ATTRIBUTE = (*UNDEFINED, DataAccessResult.READ_WRITE_DENIED, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
DENIED = (DataAccessResult.READ_WRITE_DENIED, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
NULL_DATA = b"\x00"
DESCRIPTOR_OCTETS = 10
"""Of one attribute in a list, without a selection."""


@check(section=SECTION, clause=SERVICES, title="An answer carries the invoke-id and the priority of its request")
async def invoke_id_is_echoed(bench: Bench) -> Finding:
    seen = []
    async with bench.talk() as talk:
        for invoke in (0xC0, 0x4A, 0xCF):
            answer = await talk.ask(get_request(bench.readable, invoke=invoke))
            seen.append(getattr(answer.apdu, "invoke_id_and_priority", None))
    wanted = [0xC0, 0x4A, 0xCF]
    got = [None if octet is None else octet & 0x8F for octet in seen]
    # Bit 6, confirmed service, has no meaning in a response; servers echo or clear it.
    return found(got == [octet & 0x8F for octet in wanted], "c0, 4a, cf", ", ".join(_hexadecimal(o) for o in seen))


@check(section=SECTION, clause=SERVICES, title="GET of an object that is not there: object-undefined")
async def get_undefined_object(bench: Bench) -> Finding:
    return await _get_refused(bench, AttributeDescriptor(1, NO_SUCH_OBJECT, 2), UNDEFINED)


@check(section=SECTION, clause=SERVICES, title="GET of an object under another class: object-class-inconsistent")
async def get_inconsistent_class(bench: Bench) -> Finding:
    return await _get_refused(bench, AttributeDescriptor(8, bench.readable.logical_name, 2), INCONSISTENT)


@check(section=SECTION, clause=SERVICES, title="GET of an attribute that the class does not have is refused")
async def get_undefined_attribute(bench: Bench) -> Finding:
    return await _get_refused(bench, replace(bench.readable, attribute_id=NO_SUCH_ATTRIBUTE), NO_ATTRIBUTE)


@check(section=SECTION, clause=ATTRIBUTES, title="GET of an attribute without the right to read it: read-write-denied")
async def get_without_right(bench: Bench) -> Finding:
    for explored in (await bench.exploration()).objects:
        for attribute in explored.attributes:
            if attribute.access == AccessMode.NONE:
                element = explored.element
                descriptor = AttributeDescriptor(element.class_id, element.logical_name, attribute.number)
                return await _get_refused(bench, descriptor, DENIED)
    raise NotApplicable("every listed attribute may be read")


@check(
    section=SECTION, clause=SERVICES, title="Selective access where the attribute has none is refused or without effect"
)
async def get_with_selection_of_nothing(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        selection = SelectiveAccess(77, NULL_DATA)
        answer = await talk.ask(get_request(bench.readable, selection))
        plain = await talk.ask(get_request(bench.readable))
    alike = _data_of(answer) is not None and _data_of(answer) == _data_of(plain)
    return found(answer.refuses or alike, "a refusal, or the attribute as it is", answer)


@check(
    section=SECTION,
    clause=SERVICES,
    title="GET with a list: a result for each attribute, in order, refusals among them",
)
async def get_with_list(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        missing = AttributeDescriptor(1, NO_SUCH_OBJECT, 2)
        single = await talk.ask(get_request(bench.readable))
        answer = await talk.ask(get_list(bench.readable, missing, bench.readable))
        assert talk.associated is not None
        negotiated = talk.associated.conformance & Conformance.MULTIPLE_REFERENCES
    if not negotiated:
        return found(not answer.gives_data, "no data: lists were not negotiated", answer)
    results = answer.apdu.results if isinstance(answer.apdu, GetResponseWithList) else ()
    value = _data_of(single)
    passed = len(results) == 3 and results[0] == results[2] == value and results[1] in UNDEFINED
    return found(passed, "data, object-undefined, data", answer)


@check(section=SECTION, clause=SERVICES, title="A list of nothing is answered with nothing or refused")
async def get_with_empty_list(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        answer = await talk.ask(get_list())
    return found(not answer.gives_data, "no data", answer)


@check(section=SECTION, clause=SERVICES, title="SET of an object that is not there: object-undefined")
async def set_undefined_object(bench: Bench) -> Finding:
    return await _set_refused(bench, AttributeDescriptor(1, NO_SUCH_OBJECT, 2), UNDEFINED)


@check(
    section=SECTION, clause=ATTRIBUTES, title="SET of a logical name, even to what it is, is refused: read-write-denied"
)
async def set_without_right(bench: Bench) -> Finding:
    value = b"\x09\x06" + bytes(bench.readable.logical_name)
    return await _set_refused(bench, replace(bench.readable, attribute_id=1), DENIED, value)


@check(section=SECTION, clause=SERVICES, title="ACTION on an object that is not there: object-undefined")
async def action_undefined_object(bench: Bench) -> Finding:
    return await _action_refused(bench, MethodDescriptor(70, NO_SUCH_OBJECT, 1))


@check(section=SECTION, clause=SERVICES, title="ACTION of a method that the class does not have is refused")
async def action_undefined_method(bench: Bench) -> Finding:
    return await _action_refused(bench, MethodDescriptor(15, CURRENT_ASSOCIATION, NO_SUCH_ATTRIBUTE))


@check(section=SECTION, clause=SERVICES, title="A form of GET that nobody has defined is not served")
async def get_of_unknown_form(bench: Bench) -> Finding:
    return await _not_served_and_alive(bench, b"\xc0\x09" + get_request(bench.readable)[2:])


@check(section=SECTION, clause=SERVICES, title="A truncated GET is not served")
async def get_truncated(bench: Bench) -> Finding:
    return await _not_served_and_alive(bench, get_request(bench.readable)[:-4])


@check(section=SECTION, clause=SERVICES, title="A GET with octets behind its end is not served")
async def get_with_trailing_octets(bench: Bench) -> Finding:
    return await _not_served_and_alive(bench, get_request(bench.readable) + b"\x00\x00")


@check(section=SECTION, clause=SERVICES, title="A count that lies is not served")
async def get_list_with_lying_count(bench: Bench) -> Finding:
    octets = bytearray(get_list(bench.readable))
    octets[3] = 0x7F
    return await _not_served_and_alive(bench, bytes(octets))


@check(section=SECTION, clause=SERVICES, title="An APDU with a tag that nobody has defined is not served")
async def apdu_of_unknown_tag(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        answer = await talk.ask_raw(b"\x5c\x01\x02\x03")
        alive = answer.link_closed or (await talk.ask(get_request(bench.readable))).gives_data
    passed = not answer.gives_data and alive
    return found(passed, "no data, and the association lives on (or the link is closed)", answer)


@check(section=SECTION, clause=SERVICES, title="A service that was not negotiated is not served")
async def service_not_negotiated(bench: Bench) -> Finding:
    """Writes nothing even where it is served: a logical name is what it is."""
    name = replace(bench.readable, attribute_id=1)
    async with bench.talk(replace(bench.association, conformance=Conformance.GET | Conformance.ACTION)) as talk:
        answer = await talk.ask(set_request(name, b"\x09\x06" + bytes(name.logical_name)))
    passed = not answer.gives_data and not isinstance(answer.apdu, SetResponseNormal)
    return found(passed, "an exception-response, or no answer", answer)


@check(section=SECTION, clause=SERVICES, title="A request longer than the server takes is not served")
async def request_too_long(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        assert talk.associated is not None
        size = talk.associated.peer_max_receive_pdu_size
        count = size // DESCRIPTOR_OCTETS + 1
        if not 0 < size < 2_000:
            raise NotApplicable(f"the server takes APDUs of {size or 'any number of'} octets")
        answer = await talk.ask(get_list(*[bench.readable] * count))
    return found(not answer.gives_data, "no data", answer)


@check(section=SECTION, clause=SERVICES, title="SET of a value with its own value succeeds", writes=True)
async def set_to_the_same(bench: Bench) -> Finding:
    descriptor, octets = await _writable(bench)
    async with bench.talk() as talk:
        answer = await talk.ask(set_request(descriptor, octets))
        again = await talk.ask(get_request(descriptor))
    passed = isinstance(answer.apdu, SetResponseNormal) and answer.gives_data and _data_of(again) == octets
    return found(passed, f"success for {descriptor}, and the value unchanged", answer)


@check(
    section=SECTION,
    clause=SERVICES,
    title="SET of a value of another type: type-unmatched, value unchanged",
    writes=True,
)
async def set_of_another_type(bench: Bench) -> Finding:
    descriptor, octets = await _writable(bench)
    wrong = b"\x0a\x03abc" if octets[0] != 0x0A else b"\x12\x00\x01"
    async with bench.talk() as talk:
        answer = await talk.ask(set_request(descriptor, wrong))
        again = await talk.ask(get_request(descriptor))
        if _data_of(again) != octets:
            await talk.ask(set_request(descriptor, octets))
    passed = answer.refuses and _data_of(again) == octets
    return found(passed, f"a refusal for {descriptor}, and the value unchanged", f"{answer}; then {again}")


@check(
    section=SECTION,
    clause=SERVICES,
    title="ACTION without the right to execute is refused: read-write-denied",
    writes=True,
)
async def action_without_right(bench: Bench) -> Finding:
    for explored in (await bench.exploration()).objects:
        for access in explored.element.access_rights.method_access:
            if access.access_mode == AccessMode.NONE:
                element = explored.element
                descriptor = MethodDescriptor(element.class_id, element.logical_name, access.method_id)
                return await _action_refused(bench, descriptor)
    raise NotApplicable("every listed method may be executed")


async def _writable(bench: Bench) -> tuple[AttributeDescriptor, bytes]:
    """A fixed attribute that may be read and written, and its octets."""
    for explored in (await bench.exploration()).objects:
        for attribute in explored.attributes:
            declared = attribute.declaration
            fixed = declared is not None and declared.kind.value == "static"
            if fixed and attribute.octets and attribute.access & AccessMode.READ_WRITE == AccessMode.READ_WRITE:
                element = explored.element
                return AttributeDescriptor(element.class_id, element.logical_name, attribute.number), attribute.octets
    raise NotApplicable("no fixed attribute may be written")


async def _get_refused(bench: Bench, descriptor: AttributeDescriptor, results: tuple[DataAccessResult, ...]) -> Finding:
    async with bench.talk() as talk:
        answer = await talk.ask(get_request(descriptor))
    passed = isinstance(answer.apdu, GetResponseNormal) and answer.apdu.result in results
    return found(passed, f"{' or '.join(map(spelled, results))} for {descriptor}", answer)


async def _set_refused(
    bench: Bench, descriptor: AttributeDescriptor, results: tuple[DataAccessResult, ...], value: bytes = b"\x11\x00"
) -> Finding:
    async with bench.talk() as talk:
        assert talk.associated is not None
        negotiated = talk.associated.conformance & Conformance.SET
        answer = await talk.ask(set_request(descriptor, value))
    if not negotiated:
        return found(not answer.gives_data, "no success: SET was not negotiated", answer)
    passed = isinstance(answer.apdu, SetResponseNormal) and answer.apdu.result in results
    return found(passed, f"{' or '.join(map(spelled, results))} for {descriptor}", answer)


async def _action_refused(bench: Bench, descriptor: MethodDescriptor) -> Finding:
    async with bench.talk() as talk:
        assert talk.associated is not None
        negotiated = talk.associated.conformance & Conformance.ACTION
        answer = await talk.ask(action_request(descriptor))
    if not negotiated:
        return found(not answer.gives_data, "no success: ACTION was not negotiated", answer)
    passed = isinstance(answer.apdu, ActionResponseNormal) and answer.refuses
    return found(passed, f"a refusal of {descriptor.class_id}/{descriptor.logical_name}/{descriptor.method_id}", answer)


async def _not_served_and_alive(bench: Bench, apdu: bytes) -> Finding:
    """A broken request gets no data; the association, or at least the server, goes on."""
    async with bench.talk() as talk:
        answer = await talk.ask(apdu)
        after = answer if answer.link_closed else await talk.ask(get_request(bench.readable))
    alive, words = (True, str(after)) if after.gives_data else await bench.attempt(bench.association)
    passed = not answer.gives_data and alive
    return found(passed, "no data, and the server serves on", f"{answer}; then {words}")


def _data_of(answer: Answer) -> bytes | None:
    apdu = answer.apdu
    if isinstance(apdu, GetResponseNormal) and isinstance(apdu.result, bytes):
        return apdu.result
    return None


def _hexadecimal(octet: int | None) -> str:
    return "none" if octet is None else f"{octet:02x}"
