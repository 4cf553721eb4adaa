"""Checks of methods that give something back: it comes in the answer, in the declared type, and says what was asked for.

Each is of an object that the server lists with a method that the client may invoke, and changes nothing; but it is an execution, and is
run only on demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import action_request
from ferraris.client.exploration import ExploredObject
from ferraris.client.key_procedures import by_serial_number
from ferraris.cosem import CertificateInfo, CertificateType, Method, SecuritySetup
from ferraris.dlms import Certificate, requested_point
from ferraris.dlms.apdu import ActionResponseNormal, MethodDescriptor
from ferraris.kernel.errors import DecodeError, FerrarisError, RefusedError

SECTION = "Services"
SERVICES = "Green Book 9.3.5"
SECURITY = "Blue Book 4.4.7"
KEY_OF_SIGNATURES = CertificateType.DIGITAL_SIGNATURE
UNKNOWN_SERIAL_NUMBER = bytes(7) + b"\x01"


@check(
    section=SECTION,
    clause=SECURITY,
    title="Method generate_certificate_request gives a request that its own key has signed",
    writes=True,
)
async def certificate_request_is_given(bench: Bench) -> Finding:
    setup = await _with_method(bench, SecuritySetup.generate_certificate_request)
    try:
        octets = await _given(bench, setup, SecuritySetup.generate_certificate_request, KEY_OF_SIGNATURES)
    except RefusedError as refused:
        raise NotApplicable(f"the server has no key pair to ask for: {refused.result}") from None
    title = setup.attribute(SecuritySetup.server_system_title.number)
    named = title.value if title is not None and isinstance(title.value, bytes) else b""
    expected = f"a certificate request in DER for {named.hex()}, signed"
    if not isinstance(octets, bytes):
        return found(False, expected, octets)
    try:
        requested_point(octets, named)
    except FerrarisError as error:
        return found(False, expected, error)
    return found(True, expected, f"one of {len(octets)} octets")


@check(
    section=SECTION,
    clause=SECURITY,
    title="Method export_certificate gives the certificate that its number names",
    writes=True,
)
async def certificates_are_exported(bench: Bench) -> Finding:
    setup = await _with_method(bench, SecuritySetup.export_certificate)
    listed = await _certificates(setup)
    wrong = []
    for info in listed:
        named = by_serial_number(info.serial_number, info.issuer)
        try:
            octets = await _given(bench, setup, SecuritySetup.export_certificate, named)
            got = Certificate.parse(octets).serial_number if isinstance(octets, bytes) else octets
        except FerrarisError as error:
            got = str(error)
        if got != int.from_bytes(info.serial_number, "big"):
            wrong.append(f"{info.serial_number.hex()}: {got}")
    return found(not wrong, "each with the number that is listed", "; ".join(wrong) or f"{len(listed)} certificates")


@check(
    section=SECTION,
    clause=SERVICES,
    title="A method that is refused gives nothing back",
    writes=True,
)
async def refused_method_gives_nothing(bench: Bench) -> Finding:
    setup = await _with_method(bench, SecuritySetup.export_certificate)
    method, element = SecuritySetup.export_certificate, setup.element
    nobody = method.argument.encode(by_serial_number(UNKNOWN_SERIAL_NUMBER, b"CN=nobody"))
    async with bench.talk() as talk:
        descriptor = MethodDescriptor(element.class_id, element.logical_name, method.number)
        answer = await talk.ask(action_request(descriptor, nobody))
    response = answer.apdu
    gives = isinstance(response, ActionResponseNormal) and isinstance(response.data, bytes)
    return found(answer.refuses and not gives, "a refusal without data", f"{answer}{', and data' if gives else ''}")


async def _with_method(bench: Bench, method: Method[Any, Any]) -> ExploredObject:
    """An object of the method's class that lists it as one that the client may invoke."""
    for explored in (await bench.exploration()).objects:
        element = explored.element
        allowed = {m.method_id for m in element.access_rights.method_access if m.access_mode & 1}
        versioned = (element.class_id, element.version) == (method.owner.class_id, method.owner.version)
        if versioned and method.number in allowed:
            return explored
    raise NotApplicable(f"no object lists {method.name} as allowed")


async def _certificates(setup: ExploredObject) -> Sequence[CertificateInfo]:
    shown = setup.attribute(SecuritySetup.certificates.number)
    if shown is None or not isinstance(shown.value, tuple) or not shown.value:
        raise NotApplicable("the server lists no certificate")
    return shown.value


async def _given(bench: Bench, explored: ExploredObject, method: Method[Any, Any], argument: object) -> object:
    """What a method gives back; in words what is wrong with it otherwise. Raises RefusedError."""
    async with bench.client() as association:
        try:
            given = await association.invoke(method, explored.element.logical_name, argument)
        except DecodeError as error:
            return str(error)
    return "success without data" if given is None else given
