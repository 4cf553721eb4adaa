"""The association control service element: AARQ, AARE, RLRQ, RLRE in BER (Green Book 9.4.2, ISO/IEC 15954).

An AARQ proposes an application context and an authentication; its user-information is an encoded initiate-request, plain or
ciphered. Fields that Ferraris has no use for are checked for form and kept in `other_fields`, so that nothing is lost.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.codec.ber import (
    INTEGER,
    LONG_TAG,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    encode_element,
    read_element,
    read_only,
)
from ferraris.dlms.apdu.enumerations import (
    ApplicationContext,
    AssociationResult,
    Mechanism,
    ReleaseReason,
    ReleaseResponseReason,
    ServiceProviderDiagnostic,
    ServiceUserDiagnostic,
    member,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

CLAUSE: Final = "Green Book 9.4.2"
NAMES_REMEMBERED: Final = 64
"""Of contexts and mechanisms, encoded: there are few."""
AARQ: Final = 0x60
AARE: Final = 0x61
RLRQ: Final = 0x62
RLRE: Final = 0x63

CONTEXT_NAME_PREFIX: Final = bytes.fromhex("60857405 0801")
"""2.16.756.5.8.1: the last arc is the application context."""
MECHANISM_NAME_PREFIX: Final = bytes.fromhex("60857405 0802")
"""2.16.756.5.8.2: the last arc is the authentication mechanism."""

_CONTEXT_NAME: Final = 0xA1
_USER_INFORMATION: Final = 0xBE
_CHARACTER_STRING: Final = 0x80  # the choices of an authentication value
_BIT_STRING_CHOICE: Final = 0x81
_REQUIREMENTS: Final = b"\x07\x80"  # bit 0: the authentication functional unit
_REASON: Final = 0x80

_CALLED_AP_TITLE: Final = 0xA2
_CALLING_AP_TITLE: Final = 0xA6
_CALLING_AE_QUALIFIER: Final = 0xA7
_CALLING_AE_INVOCATION_ID: Final = 0xA9
_SENDER_REQUIREMENTS: Final = 0x8A
_CALLING_MECHANISM: Final = 0x8B
_CALLING_VALUE: Final = 0xAC

_RESULT: Final = 0xA2
_DIAGNOSTIC: Final = 0xA3
_RESPONDING_AP_TITLE: Final = 0xA4
_RESPONDING_AE_QUALIFIER: Final = 0xA5
_RESPONDER_REQUIREMENTS: Final = 0x88
_RESPONDING_MECHANISM: Final = 0x89
_RESPONDING_VALUE: Final = 0xAA

ContextName: TypeAlias = ApplicationContext | bytes
"""A context of DLMS UA, or the octets of an object identifier that is none."""
MechanismName: TypeAlias = Mechanism | bytes
Diagnostic: TypeAlias = ServiceUserDiagnostic | ServiceProviderDiagnostic
OtherFields: TypeAlias = tuple[tuple[int, bytes], ...]

_CONTEXTS: Final[dict[bytes, ContextName]] = {CONTEXT_NAME_PREFIX + bytes((c,)): c for c in ApplicationContext}
_MECHANISMS: Final[dict[bytes, MechanismName]] = {MECHANISM_NAME_PREFIX + bytes((m,)): m for m in Mechanism}


@dataclass(frozen=True, slots=True, repr=False)
class Aarq:
    """Proposes an association. `calling_authentication_value` is the LLS secret or the HLS challenge."""

    application_context: ContextName
    calling_ap_title: bytes | None = None
    mechanism: MechanismName | None = None
    calling_authentication_value: bytes | None = None
    user_information: bytes | None = None
    calling_ae_qualifier: bytes | None = None
    calling_ae_invocation_id: int | None = None
    other_fields: OtherFields = ()

    def encode(self) -> bytes:
        """The APDU's octets."""
        fields = [(_CONTEXT_NAME, _encode_name(CONTEXT_NAME_PREFIX, self.application_context, OBJECT_IDENTIFIER))]
        _add_octets(fields, _CALLING_AP_TITLE, self.calling_ap_title)
        _add_octets(fields, _CALLING_AE_QUALIFIER, self.calling_ae_qualifier)
        if self.calling_ae_invocation_id is not None:
            fields.append((_CALLING_AE_INVOCATION_ID, _encode_integer(self.calling_ae_invocation_id)))
        if self.mechanism is not None:
            fields.append((_SENDER_REQUIREMENTS, _REQUIREMENTS))
            fields.append((_CALLING_MECHANISM, _encode_name(MECHANISM_NAME_PREFIX, self.mechanism)))
        if self.calling_authentication_value is not None:
            fields.append((_CALLING_VALUE, encode_element(_CHARACTER_STRING, self.calling_authentication_value)))
        _add_octets(fields, _USER_INFORMATION, self.user_information)
        return _encode_fields(AARQ, fields, self.other_fields)

    def __repr__(self) -> str:
        return f"Aarq({self.application_context!r}, mechanism={self.mechanism!r}, calling_ap_title={self.calling_ap_title!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Aare:
    """Accepts or rejects an association. `responding_authentication_value` is the server's HLS challenge."""

    application_context: ContextName
    result: AssociationResult
    result_source_diagnostic: Diagnostic
    responding_ap_title: bytes | None = None
    mechanism: MechanismName | None = None
    responding_authentication_value: bytes | None = None
    user_information: bytes | None = None
    responding_ae_qualifier: bytes | None = None
    other_fields: OtherFields = ()

    def encode(self) -> bytes:
        """The APDU's octets."""
        source = 0xA1 if isinstance(self.result_source_diagnostic, ServiceUserDiagnostic) else 0xA2
        fields = [
            (_CONTEXT_NAME, _encode_name(CONTEXT_NAME_PREFIX, self.application_context, OBJECT_IDENTIFIER)),
            (_RESULT, _encode_integer(self.result)),
            (_DIAGNOSTIC, encode_element(source, _encode_integer(self.result_source_diagnostic))),
        ]
        _add_octets(fields, _RESPONDING_AP_TITLE, self.responding_ap_title)
        _add_octets(fields, _RESPONDING_AE_QUALIFIER, self.responding_ae_qualifier)
        if self.mechanism is not None:
            fields.append((_RESPONDER_REQUIREMENTS, _REQUIREMENTS))
            fields.append((_RESPONDING_MECHANISM, _encode_name(MECHANISM_NAME_PREFIX, self.mechanism)))
        if self.responding_authentication_value is not None:
            fields.append((_RESPONDING_VALUE, encode_element(_CHARACTER_STRING, self.responding_authentication_value)))
        _add_octets(fields, _USER_INFORMATION, self.user_information)
        return _encode_fields(AARE, fields, self.other_fields)

    def __repr__(self) -> str:
        return f"Aare({self.application_context!r}, {self.result!r}, {self.result_source_diagnostic!r})"


@dataclass(frozen=True, slots=True)
class Rlrq:
    """Asks to release the association; a ciphered one repeats the initiate-request, so that the release is authenticated."""

    reason: ReleaseReason | None = None
    user_information: bytes | None = None

    def encode(self) -> bytes:
        """The APDU's octets."""
        return _encode_release(RLRQ, self.reason, self.user_information)


@dataclass(frozen=True, slots=True)
class Rlre:
    """Answers a release."""

    reason: ReleaseResponseReason | None = None
    user_information: bytes | None = None

    def encode(self) -> bytes:
        """The APDU's octets."""
        return _encode_release(RLRE, self.reason, self.user_information)


def encode_aarq(
    application_context: ContextName,
    calling_ap_title: bytes | None,
    mechanism: MechanismName | None,
    calling_authentication_value: bytes | None,
    user_information: bytes,
) -> bytes:
    """The octets of an AARQ of the fields that nearly every client sends. A client names itself alike to all its meters: what
    stands before the authentication value is kept.
    """
    start = _before_value(application_context, calling_ap_title, mechanism)
    value = calling_authentication_value
    if value is not None and len(value) <= _SHORT_OCTETS_MAX and len(user_information) <= _SHORT_OCTETS_MAX:
        content = b"".join(
            (
                start,
                bytes((_CALLING_VALUE, len(value) + 2, _CHARACTER_STRING, len(value))),
                value,
                bytes((_USER_INFORMATION, len(user_information) + 2, OCTET_STRING, len(user_information))),
                user_information,
            )
        )
        return encode_element(AARQ, content)
    return Aarq(application_context, calling_ap_title, mechanism, value, user_information).encode()


@lru_cache(maxsize=NAMES_REMEMBERED)
def _before_value(context: ContextName, title: bytes | None, mechanism: MechanismName | None) -> bytes:
    """The fields of an AARQ that stand before the authentication value."""
    whole = Aarq(context, title, mechanism).encode()
    return whole[read_element(whole, 0, len(whole)).start :]


_SHORT_OCTETS_MAX: Final = 0x7F - 2
"""Up to here an element, and the one around it, have a length of one octet."""


def decode_aarq(octets: bytes) -> Aarq:
    """An AARQ, from its tag on. Raises DecodeError."""
    fields = _read_fields(octets)
    mechanism, value = _pop_authentication(octets, fields, _SENDER_REQUIREMENTS, _CALLING_MECHANISM, _CALLING_VALUE)
    place = fields.pop(_CALLING_AE_INVOCATION_ID, None)
    invocation_id = None if place is None else _read_integer(octets, place)
    return Aarq(
        _pop_context(octets, fields),
        _pop_octets(octets, fields, _CALLING_AP_TITLE),
        mechanism,
        value,
        _pop_octets(octets, fields, _USER_INFORMATION),
        _pop_octets(octets, fields, _CALLING_AE_QUALIFIER),
        invocation_id,
        _rest(octets, fields),
    )


def decode_aare(octets: bytes) -> Aare:
    """An AARE, from its tag on. Raises DecodeError."""
    usual = _usual_aare(octets)
    if usual is not None:
        return usual
    fields = _read_fields(octets)
    context = _pop_context(octets, fields)
    mechanism, value = _pop_authentication(
        octets, fields, _RESPONDER_REQUIREMENTS, _RESPONDING_MECHANISM, _RESPONDING_VALUE
    )
    return Aare(
        context,
        _pop_result(octets, fields),
        _pop_diagnostic(octets, fields),
        _pop_octets(octets, fields, _RESPONDING_AP_TITLE),
        mechanism,
        value,
        _pop_octets(octets, fields, _USER_INFORMATION),
        _pop_octets(octets, fields, _RESPONDING_AE_QUALIFIER),
        _rest(octets, fields),
    )


def _usual_aare(octets: bytes) -> Aare | None:
    """An AARE that accepts in the ciphered context and asks for HLS-GMAC, in the fields that nearly all meters send: read by place.

    None for any other, and for one that is wrong in any octet.
    """
    if not _USUAL_AARE.size <= len(octets) <= _USUAL_AARE_OCTETS_MAX:
        return None
    length, before, title, between, field, field_octets, kind, octets_of_value = _USUAL_AARE.unpack_from(octets)
    if (
        before != _BEFORE_TITLE
        or between != _BEHIND_TITLE
        or length != len(octets) - 2
        or field != _RESPONDING_VALUE
        or field_octets != octets_of_value + 2
        or kind != _CHARACTER_STRING
    ):
        return None
    end = _USUAL_AARE.size + octets_of_value
    information = octets[end + 4 :]
    if octets[end : end + 4] != bytes((_USER_INFORMATION, len(information) + 2, OCTET_STRING, len(information))):
        return None
    return Aare(*_USUAL_RESULT, title, _USUAL_MECHANISM, octets[_USUAL_AARE.size : end], information)


_USUAL_RESULT: Final = (
    ApplicationContext.LOGICAL_NAME_CIPHERED,
    AssociationResult.ACCEPTED,
    ServiceUserDiagnostic.AUTHENTICATION_REQUIRED,
)
_USUAL_MECHANISM: Final = Mechanism.HLS_GMAC
"""Names of their own, as in `client_end`: to read four members off their classes takes half as long as all the rest."""
_USUAL_AARE: Final = struct.Struct(">xB27s8s13s4B")
"""Its length, the fields before the system title, the title, what names the mechanism, and what stands before the challenge."""
_USUAL_AARE_OCTETS_MAX: Final = 2 + 0x7F
"""Up to here every length is one octet."""
_BEFORE_TITLE: Final = bytes.fromhex("a1090607 60857405080103 a203020100 a305a10302010e a40a0408")
_BEHIND_TITLE: Final = bytes.fromhex("88020780 8907 60857405080205")


def decode_rlrq(octets: bytes) -> Rlrq:
    """An RLRQ, from its tag on. Raises DecodeError."""
    code, offset, user_information = _read_release(octets)
    return Rlrq(None if code is None else member(ReleaseReason, code, offset), user_information)


def decode_rlre(octets: bytes) -> Rlre:
    """An RLRE, from its tag on. Raises DecodeError."""
    if octets == _USUAL_RLRE_OCTETS:
        return _USUAL_RLRE
    code, offset, user_information = _read_release(octets)
    return Rlre(None if code is None else member(ReleaseResponseReason, code, offset), user_information)


_USUAL_RLRE: Final = Rlre(ReleaseResponseReason.NORMAL)
_USUAL_RLRE_OCTETS: Final = bytes((RLRE, 3, _REASON, 1, ReleaseResponseReason.NORMAL))

Place: TypeAlias = tuple[int, int]
"""Where a field's content starts and ends."""


def _read_fields(octets: bytes) -> dict[int, Place]:
    """The fields of an ACSE APDU by tag. Raises DecodeError unless they stand once each, in the order of their numbers."""
    size = len(octets)
    whole = read_element(octets, 0, size)
    if whole.end != size:
        raise DecodeError("octets follow the APDU", expected=whole.end, got=size, offset=whole.end, clause=CLAUSE)
    fields: dict[int, Place] = {}
    offset = whole.start
    last = -1
    while offset < size:
        tag = octets[offset]
        start = offset + 2
        number = tag & 0x1F
        if number < LONG_TAG and start <= size and (length := octets[start - 1]) < 0x80 and start + length <= size:
            end = start + length
        else:
            tag, start, end = read_element(octets, offset, size)
        if number <= last or tag < 0x80:
            raise DecodeError(
                "a field is out of order",
                expected=f"a number above {last}",
                got=f"{tag:#04x}",
                offset=offset,
                clause=CLAUSE,
            )
        last = number
        fields[tag] = (start, end)
        offset = end
    return fields


def _pop_context(octets: bytes, fields: dict[int, Place]) -> ContextName:
    name = read_only(octets, *_required(octets, fields, _CONTEXT_NAME, "application-context-name"), OBJECT_IDENTIFIER)
    return _CONTEXTS.get(name, name)


def _pop_authentication(
    octets: bytes, fields: dict[int, Place], requirements: int, mechanism: int, value: int
) -> tuple[MechanismName | None, bytes | None]:
    """The mechanism name and the authentication value, if they are there."""
    place = fields.pop(requirements, None)
    if place is not None and place[1] - place[0] < 2:
        raise DecodeError(
            "the ACSE requirements are no bit string",
            expected="2 octets",
            got=place[1] - place[0],
            offset=place[0],
            clause=CLAUSE,
        )
    name: MechanismName | None = None
    place = fields.pop(mechanism, None)
    if place is not None:
        raw = octets[place[0] : place[1]]
        name = _MECHANISMS.get(raw, raw)
    place = fields.pop(value, None)
    return name, None if place is None else _read_authentication_value(octets, place)


def _read_authentication_value(octets: bytes, place: Place) -> bytes:
    tag, start, end = read_element(octets, *place)
    if end != place[1]:
        raise DecodeError(
            "octets follow an authentication value", expected=end, got=place[1], offset=end, clause=CLAUSE
        )
    if tag == _CHARACTER_STRING:
        return octets[start:end]
    if tag == _BIT_STRING_CHOICE and end > start and octets[start] == 0:
        return octets[start + 1 : end]
    raise DecodeError(
        "an authentication value of another kind",
        expected="a character or whole bit string",
        got=f"{tag:#04x}",
        offset=place[0],
        clause=CLAUSE,
    )


def _pop_octets(octets: bytes, fields: dict[int, Place], tag: int) -> bytes | None:
    place = fields.pop(tag, None)
    return None if place is None else read_only(octets, *place, OCTET_STRING)


def _pop_result(octets: bytes, fields: dict[int, Place]) -> AssociationResult:
    place = _required(octets, fields, _RESULT, "result")
    return member(AssociationResult, _read_integer(octets, place), place[1] - 1)


def _pop_diagnostic(octets: bytes, fields: dict[int, Place]) -> Diagnostic:
    start, stop = _required(octets, fields, _DIAGNOSTIC, "result-source-diagnostic")
    source, content, end = read_element(octets, start, stop)
    if source not in (0xA1, 0xA2) or end != stop:
        raise DecodeError(
            "no such source of a diagnostic", expected="0xa1 or 0xa2", got=f"{source:#04x}", offset=start, clause=CLAUSE
        )
    code = _read_integer(octets, (content, end))
    if source == 0xA1:
        return member(ServiceUserDiagnostic, code, end - 1)
    return member(ServiceProviderDiagnostic, code, end - 1)


def _required(octets: bytes, fields: dict[int, Place], tag: int, name: str) -> Place:
    try:
        return fields.pop(tag)
    except KeyError:
        raise DecodeError("a field is missing", expected=name, offset=len(octets), clause=CLAUSE) from None


def _read_integer(octets: bytes, place: Place) -> int:
    start, end = place
    content = read_only(octets, start, end, INTEGER)
    if len(content) == 1 and content[0] < 0x80:
        return content[0]
    if not 1 <= len(content) <= 4:
        raise DecodeError(
            "an integer has a wrong size", expected="1 to 4 octets", got=len(content), offset=place[0], clause=CLAUSE
        )
    return int.from_bytes(content, "big", signed=True)


def _rest(octets: bytes, fields: dict[int, Place]) -> OtherFields:
    return tuple((tag, octets[start:end]) for tag, (start, end) in fields.items())


def _read_release(octets: bytes) -> tuple[int | None, int, bytes | None]:
    """Reason, its offset, and user-information."""
    fields = _read_fields(octets)
    code = None
    start, end = fields.pop(_REASON, (0, 0))
    if end:
        if end - start != 1:
            raise DecodeError(
                "a release reason has a wrong size", expected=1, got=end - start, offset=start, clause=CLAUSE
            )
        code = octets[start]
    user_information = _pop_octets(octets, fields, _USER_INFORMATION)
    if fields:
        raise DecodeError(
            "a field is unknown",
            expected="reason, user-information",
            got=[f"{tag:#04x}" for tag in fields],
            clause=CLAUSE,
        )
    return code, start, user_information


@lru_cache(maxsize=NAMES_REMEMBERED)
def _encode_name(prefix: bytes, name: ContextName | MechanismName, tag: int | None = None) -> bytes:
    octets = name if isinstance(name, bytes) else prefix + bytes((name,))
    return octets if tag is None else encode_element(tag, octets)


def _encode_integer(value: int) -> bytes:
    return encode_element(INTEGER, value.to_bytes((value.bit_length() // 8) + 1, "big", signed=True))


def _add_octets(fields: list[tuple[int, bytes]], tag: int, octets: bytes | None) -> None:
    if octets is not None:
        fields.append((tag, encode_element(OCTET_STRING, octets)))


def _encode_fields(tag: int, fields: list[tuple[int, bytes]], other_fields: OtherFields) -> bytes:
    if other_fields:
        fields = sorted((*fields, *other_fields), key=lambda field: field[0] & 0x1F)
    out = bytearray()
    for number, content in fields:
        out.append(number)
        if len(content) < 0x80:  # nearly all
            out.append(len(content))
        else:
            write_length(len(content), out)
        out += content
    return encode_element(tag, out)


def _encode_release(tag: int, reason: int | None, user_information: bytes | None) -> bytes:
    fields = [] if reason is None else [(_REASON, bytes((reason,)))]
    _add_octets(fields, _USER_INFORMATION, user_information)
    return _encode_fields(tag, fields, ())
