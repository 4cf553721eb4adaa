"""The fields of APDUs, octet by octet: one walk for each tag, in the order of the standard's ASN.1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ferraris.dlms.apdu import (
    DEDICATED_CIPHERED_TAGS,
    GLOBAL_CIPHERED_TAGS,
    ActionResult,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    MethodDescriptor,
    ServiceErrorCode,
    StateError,
)
from ferraris.dlms.inspect.acse_outline import ACSE_FIELDS, acse_walk
from ferraris.dlms.inspect.octet_map import (
    OctetField,
    Outline,
    code_field,
    data_fields,
    datatype_of,
    descriptor_fields,
    outline,
    result_fields,
)
from ferraris.dlms.inspect.protection_outline import (
    general_ciphered_walk,
    general_ciphering_walk,
    general_signing_walk,
    service_ciphered_walk,
)
from ferraris.dlms.inspect.short_name_outline import (
    information_report_walk,
    read_request_walk,
    read_response_walk,
    write_request_walk,
    write_response_walk,
)
from ferraris.kernel.spelling import member_spelled

Walk = Callable[[Outline], None]
Descriptor = AttributeDescriptor | MethodDescriptor
Asked = Sequence[Descriptor]
REQUESTED: Final = {1: "normal", 2: "next", 3: "with-list"}


def apdu_fields(octets: bytes, asked: Asked = ()) -> list[OctetField]:
    """The fields of one APDU. `asked` is what its request asked for: it names the members of the answer."""
    tag = octets[0] if octets else -1
    if tag in ACSE_FIELDS:
        return outline("apdu", octets, acse_walk)
    if tag in _PROTECTED:
        return outline("ciphered apdu", octets, _PROTECTED[tag])
    if tag in _ANSWERS:
        answer = _ANSWERS[tag]
        return outline("apdu", octets, lambda o: answer(o, asked))
    return outline("apdu", octets, _WALKS.get(tag, _unknown))


def _unknown(o: Outline) -> None:
    o.note("tag", 1, f"{o.peek():#04x}")
    o.rest("contents")


def _invoke(o: Outline) -> None:
    octet = o.peek()
    priority = "high" if octet & 0x80 else "normal"
    confirmed = "confirmed" if octet & 0x40 else "unconfirmed"
    o.note("invoke-id-and-priority", 1, f"invoke-id {octet & 0x0F}, {priority}, {confirmed}")


def _long_invoke(o: Outline) -> None:
    o.note("long-invoke-id-and-priority", 4)


def _selection(o: Outline) -> None:
    if o.flag("access-selection"):
        o.number("selector")
        data_fields(o, "parameters")


def _block(o: Outline) -> None:
    o.note("last-block", 1, "yes" if o.peek() else "no")
    o.number("block-number", 4)
    o.string("raw-data")


def _get_request(o: Outline) -> None:
    o.note("tag", 1, "get-request")
    form = o.choice("form", REQUESTED)
    _invoke(o)
    if form == 1:
        descriptor_fields(o)
        _selection(o)
    elif form == 2:
        o.number("block-number", 4)
    elif form == 3:
        for _ in range(o.length("count")):
            descriptor_fields(o)
            _selection(o)


def _get_response(o: Outline, asked: Asked) -> None:
    o.note("tag", 1, "get-response")
    form = o.choice("form", {1: "normal", 2: "with-datablock", 3: "with-list"})
    _invoke(o)
    if form == 1:
        result_fields(o, "result", _one(asked, 0))
    elif form == 2:
        o.note("last-block", 1, "yes" if o.peek() else "no")
        o.number("block-number", 4)
        if o.choice("result choice", {0: "raw-data", 1: "data-access-result"}) == 0:
            o.string("raw-data")
        else:
            code_field(o, "result", DataAccessResult)
    elif form == 3:
        for number in range(o.length("count")):
            result_fields(o, f"result[{number + 1}]", _one(asked, number))


def _one(asked: Asked, number: int) -> Descriptor | None:
    return asked[number] if number < len(asked) else None


def _set_request(o: Outline) -> None:
    forms = {
        1: "normal",
        2: "with-first-datablock",
        3: "with-datablock",
        4: "with-list",
        5: "with-list-and-first-datablock",
    }
    o.note("tag", 1, "set-request")
    form = o.choice("form", forms)
    _invoke(o)
    if form in (1, 2):
        descriptor = descriptor_fields(o)
        _selection(o)
        if form == 1:
            data_fields(o, "value", datatype_of(descriptor))
        else:
            _block(o)
    elif form == 3:
        _block(o)
    elif form in (4, 5):
        asked: list[Descriptor] = []
        for _ in range(o.length("count")):
            asked.append(descriptor_fields(o))
            _selection(o)
        if form == 5:
            _block(o)
            return
        for number in range(o.length("count of values")):
            data_fields(o, f"value[{number + 1}]", datatype_of(_one(asked, number)))


def _set_response(o: Outline) -> None:
    forms = {1: "normal", 2: "datablock", 3: "last-datablock", 4: "last-datablock-with-list", 5: "with-list"}
    o.note("tag", 1, "set-response")
    form = o.choice("form", forms)
    _invoke(o)
    if form in (1, 3):
        code_field(o, "result", DataAccessResult)
    elif form in (4, 5):
        for number in range(o.length("count")):
            code_field(o, f"result[{number + 1}]", DataAccessResult)
    if form in (2, 3, 4):
        o.number("block-number", 4)


def _action_request(o: Outline) -> None:
    forms = {
        1: "normal",
        2: "next-pblock",
        3: "with-list",
        4: "with-first-pblock",
        5: "with-list-and-first-pblock",
        6: "with-pblock",
    }
    o.note("tag", 1, "action-request")
    form = o.choice("form", forms)
    _invoke(o)
    if form == 1:
        descriptor_fields(o, method=True)
        if o.flag("parameters"):
            data_fields(o, "parameters")
    elif form == 2:
        o.number("block-number", 4)
    elif form in (3, 5):
        for _ in range(o.length("count")):
            descriptor_fields(o, method=True)
        if form == 5:
            _block(o)
            return
        for number in range(o.length("count of parameters")):
            data_fields(o, f"parameters[{number + 1}]")
    elif form == 4:
        descriptor_fields(o, method=True)
        _block(o)
    elif form == 6:
        _block(o)


def _action_response(o: Outline) -> None:
    o.note("tag", 1, "action-response")
    form = o.choice("form", {1: "normal", 2: "with-pblock", 3: "with-list", 4: "next-pblock"})
    _invoke(o)
    if form == 1:
        code_field(o, "result", ActionResult)
        if o.left and o.flag("return-parameters"):
            result_fields(o, "return-parameters")
    elif form == 2:
        _block(o)
    elif form == 3:
        for number in range(o.length("count")):
            code_field(o, f"result[{number + 1}]", ActionResult)
            if o.flag("return-parameters"):
                result_fields(o, f"return-parameters[{number + 1}]")
    elif form == 4:
        o.number("block-number", 4)


def _data_notification(o: Outline) -> None:
    o.note("tag", 1, "data-notification")
    _long_invoke(o)
    if o.octets[o.offset : o.offset + 2] == b"\x09\x0c":
        o.note("date-time tag", 1, "octet-string (a deviation)")
    o.string("date-time")
    data_fields(o, "notification-body")


def _event_notification(o: Outline) -> None:
    o.note("tag", 1, "event-notification-request")
    if o.flag("time"):
        o.string("time")
    descriptor = descriptor_fields(o)
    data_fields(o, "value", datatype_of(descriptor))


def _access_request(o: Outline) -> None:
    o.note("tag", 1, "access-request")
    _long_invoke(o)
    o.string("date-time")
    _access_specifications(o, "count")
    for number in range(o.length("count of data")):
        data_fields(o, f"data[{number + 1}]")


def _access_specifications(o: Outline, count: str) -> None:
    for _ in range(o.length(count)):
        kind = o.choice("access", {1: "get", 2: "set", 3: "action", 4: "get-with-selection", 5: "set-with-selection"})
        descriptor_fields(o, method=kind == 3)
        if kind in (4, 5):
            o.number("selector")
            data_fields(o, "parameters")


def _access_response(o: Outline, asked: Asked) -> None:
    o.note("tag", 1, "access-response")
    _long_invoke(o)
    o.string("date-time")
    if o.flag("access-request-specification"):
        _access_specifications(o, "count of specifications")
    for number in range(o.length("count of data")):
        data_fields(o, f"data[{number + 1}]", datatype_of(_one(asked, number)))
    for number in range(o.length("count of results")):
        kind = o.choice("access", {1: "get", 2: "set", 3: "action"})
        code_field(o, f"result[{number + 1}]", ActionResult if kind == 3 else DataAccessResult)


def _exception(o: Outline) -> None:
    o.note("tag", 1, "exception-response")
    code_field(o, "state-error", StateError)
    error = o.peek()
    code_field(o, "service-error", ServiceErrorCode)
    if error == ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        o.number("invocation-counter", 4)


def _confirmed_service_error(o: Outline) -> None:
    o.note("tag", 1, "confirmed-service-error")
    o.number("service")
    o.number("category")
    o.number("error")


def _initiate_request(o: Outline) -> None:
    o.note("tag", 1, "initiate-request")
    if o.flag("dedicated-key"):
        count = o.length("dedicated-key length")
        o.note("dedicated-key", count, "hidden")
    if o.flag("response-allowed"):
        o.number("response-allowed")
    if o.flag("proposed-quality-of-service"):
        o.number("proposed-quality-of-service")
    o.number("proposed-dlms-version-number")
    _conformance(o, "proposed-conformance")
    o.number("client-max-receive-pdu-size", 2)


def _initiate_response(o: Outline) -> None:
    o.note("tag", 1, "initiate-response")
    if o.flag("negotiated-quality-of-service"):
        o.number("negotiated-quality-of-service")
    o.number("negotiated-dlms-version-number")
    _conformance(o, "negotiated-conformance")
    o.number("server-max-receive-pdu-size", 2)
    o.note("vaa-name", 2)


def _conformance(o: Outline, name: str) -> None:
    wide = o.octets[o.offset : o.offset + 2] == b"\x5f\x1f"
    o.note(f"{name} header", 4 if wide else 3, "")
    bits = Conformance(int.from_bytes(o.octets[o.offset : o.offset + 3], "big"))
    names = ", ".join(map(member_spelled, bits))
    o.note(name, 3, names)


def _general_block_transfer(o: Outline) -> None:
    o.note("tag", 1, "general-block-transfer")
    control = o.peek()
    last, streaming = ("last, " if control & 0x80 else ""), ("streaming, " if control & 0x40 else "")
    o.note("block-control", 1, f"{last}{streaming}window {control & 0x3F}")
    o.number("block-number", 2)
    o.number("block-number-ack", 2)
    o.string("block-data")


_WALKS: Final[dict[int, Walk]] = {
    0x01: _initiate_request,
    0x05: read_request_walk,
    0x06: write_request_walk,
    0x08: _initiate_response,
    0x0C: read_response_walk,
    0x0D: write_response_walk,
    0x0E: _confirmed_service_error,
    0x0F: _data_notification,
    0x16: write_request_walk,
    0x18: information_report_walk,
    0xC0: _get_request,
    0xC1: _set_request,
    0xC2: _event_notification,
    0xC3: _action_request,
    0xC5: _set_response,
    0xC7: _action_response,
    0xD8: _exception,
    0xD9: _access_request,
    0xE0: _general_block_transfer,
}
_ANSWERS: Final[dict[int, Callable[[Outline, Asked], None]]] = {0xC4: _get_response, 0xDA: _access_response}
_PROTECTED: Final[dict[int, Walk]] = {
    **dict.fromkeys((*GLOBAL_CIPHERED_TAGS, *DEDICATED_CIPHERED_TAGS), service_ciphered_walk),
    0xDB: general_ciphered_walk,
    0xDC: general_ciphered_walk,
    0xDD: general_ciphering_walk,
    0xDF: general_signing_walk,
}
