"""Checks of the association control service: who is let in, on what terms, and who is not."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.answer import Answer, spelled
from ferraris.client.conformance.bench import Bench, Talk
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import get_request
from ferraris.dlms import AssociationSettings
from ferraris.dlms.apdu import (
    Aare,
    ApplicationContext,
    ConfirmedServiceError,
    Conformance,
    GetResponseNormal,
    InitiateError,
    InitiateResponse,
    Mechanism,
    ReleaseReason,
    Rlre,
    Rlrq,
    ServiceUserDiagnostic,
    decode_apdu,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.spelling import member_spelled

SECTION = "Association"
ACSE = "Green Book 9.4.2"
INITIATE = "Green Book 9.4.6"
HLS = "Green Book 9.2.3.4"
DIAGNOSTICS_OF_AUTHENTICATION = (
    ServiceUserDiagnostic.AUTHENTICATION_FAILURE,
    ServiceUserDiagnostic.AUTHENTICATION_REQUIRED,
    ServiceUserDiagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
    ServiceUserDiagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED,
)
ANSWER_OCTETS = {Mechanism.HLS_SHA1: 20, Mechanism.HLS_SHA256: 32, Mechanism.HLS_ECDSA: 64}
"""Of an answer to a challenge, where it is not 16."""


@check(section=SECTION, clause=ACSE, title="An association opens, answers a GET, and is released by RLRQ and RLRE")
async def association_opens(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        served = await talk.ask(get_request(bench.readable))
        released = await talk.ask_raw(Rlrq(ReleaseReason.NORMAL).encode())
        if not isinstance(released.apdu, Rlre) and talk.settings.security is not None:
            released = await talk.ask(Rlrq(ReleaseReason.NORMAL).encode())
    passed = isinstance(served.apdu, GetResponseNormal) and isinstance(released.apdu, Rlre)
    return found(passed, "GetResponseNormal, then Rlre", f"{served}, then {released}")


@check(section=SECTION, clause=INITIATE, title="Nothing is negotiated that was not proposed")
async def conformance_is_a_part_of_the_proposal(bench: Bench) -> Finding:
    proposed = Conformance.GET | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    async with bench.wire() as wire:
        talk = Talk(wire, replace(bench.association, conformance=proposed), bench.entropy)
        answer = await wire.ask(talk.proposal())
    aare = answer.apdu
    if not isinstance(aare, Aare) or not answer.gives_data:
        return found(False, "an AARE that accepts", answer)
    talk.expect(aare)
    response = talk.opened(Answer(aare.user_information or b"")).apdu
    if not isinstance(response, InitiateResponse):
        return found(False, "an initiate-response in the AARE", response)
    granted = response.conformance
    return found(not granted & ~proposed, f"of {_bits(proposed)}", _bits(granted))


@check(
    section=SECTION, clause=INITIATE, title="A conformance block of no service is rejected, or nothing is served on it"
)
async def conformance_of_nothing(bench: Bench) -> Finding:
    async with bench.wire() as wire:
        talk = Talk(wire, bench.association, bench.entropy)
        octets = talk.proposal(initiate=lambda request: replace(request, conformance=Conformance(0)))
        answer = await wire.ask(octets)
        if answer.gives_data:
            answer = await talk.ask(get_request(bench.readable))
    return found(not answer.gives_data, "a rejection, or no data", answer)


@check(section=SECTION, clause=INITIATE, title="A client whose APDUs are too small is rejected: pdu-size-too-short")
async def pdu_size_too_short(bench: Bench) -> Finding:
    answer = await _proposed(bench, client_max_receive_pdu_size=11)
    return _initiate_refused(answer, InitiateError.PDU_SIZE_TOO_SHORT)


@check(section=SECTION, clause=INITIATE, title="A maximum APDU size of 0 means no limit, or is rejected")
async def pdu_size_zero(bench: Bench) -> Finding:
    answer = await _proposed(bench, client_max_receive_pdu_size=0)
    return found(isinstance(answer.apdu, Aare), "an AARE of either kind", answer)


@check(section=SECTION, clause=INITIATE, title="An older DLMS version is rejected: dlms-version-too-low")
async def dlms_version_too_low(bench: Bench) -> Finding:
    answer = await _proposed(bench, dlms_version=5)
    return _initiate_refused(answer, InitiateError.DLMS_VERSION_TOO_LOW)


@check(section=SECTION, clause=ACSE, title="The context of short names is rejected by a server of logical names")
async def context_of_short_names(bench: Bench) -> Finding:
    ciphered = bench.association.security is not None
    context = ApplicationContext.SHORT_NAME_CIPHERED if ciphered else ApplicationContext.SHORT_NAME
    return await _context_refused(bench, context)


@check(section=SECTION, clause=ACSE, title="A context that nobody has defined is rejected")
async def context_unknown(bench: Bench) -> Finding:
    return await _context_refused(bench, bytes.fromhex("60857405080163"))


@check(section=SECTION, clause=ACSE, title="A plain context is rejected where the association is ciphered")
async def context_without_ciphering(bench: Bench) -> Finding:
    if bench.association.security is None:
        raise NotApplicable("the association is not ciphered")
    return await _context_refused(bench, ApplicationContext.LOGICAL_NAME)


@check(section=SECTION, clause=ACSE, title="No mechanism where one is needed: the client is not let in")
async def mechanism_missing(bench: Bench) -> Finding:
    return await _mechanism_refused(bench, None)


@check(section=SECTION, clause=ACSE, title="A mechanism that nobody has defined: the client is not let in")
async def mechanism_unknown(bench: Bench) -> Finding:
    return await _mechanism_refused(bench, bytes.fromhex("60857405080263"))


@check(section=SECTION, clause=ACSE, title="A wrong LLS secret is rejected: authentication-failure")
async def secret_wrong(bench: Bench) -> Finding:
    if bench.association.mechanism is not Mechanism.LLS:
        raise NotApplicable("the association does not authenticate by LLS")
    secret = bytes(octet ^ 0xFF for octet in bench.association.secret) or b"x"
    async with bench.wire() as wire:
        answer = await wire.ask(Talk(wire, replace(bench.association, secret=secret), bench.entropy).proposal())
    return _rejected(answer, (ServiceUserDiagnostic.AUTHENTICATION_FAILURE,))


@check(section=SECTION, clause=ACSE, title="An unknown client is not let in")
async def client_unknown(bench: Bench) -> Finding:
    async with bench.wire(client_sap=127) as wire:
        answer = await wire.ask(Talk(wire, bench.association, bench.entropy).proposal())
    return found(not answer.gives_data, "a rejection, or no answer", answer)


@check(section=SECTION, clause=ACSE, title="A request before any association is not served")
async def request_without_association(bench: Bench) -> Finding:
    async with bench.wire() as wire:
        answer = await wire.ask(get_request(bench.readable))
    return found(not answer.gives_data, "an exception-response, or no answer", answer)


@check(section=SECTION, clause=ACSE, title="After the release nothing is served")
async def request_after_release(bench: Bench) -> Finding:
    async with bench.talk() as talk:
        released = await talk.ask_raw(Rlrq(ReleaseReason.NORMAL).encode())
        if released.link_closed:
            return found(True, "no data", "the link was closed with the release")
        answer = await talk.ask(get_request(bench.readable))
    return found(not answer.gives_data, "no data", answer)


@check(section=SECTION, clause=ACSE, title="A truncated AARQ lets nobody in and does the server no harm")
async def aarq_truncated(bench: Bench) -> Finding:
    return await _survives(bench, lambda octets: octets[: len(octets) // 2])


@check(section=SECTION, clause=ACSE, title="An AARQ with a lying length lets nobody in and does the server no harm")
async def aarq_with_lying_length(bench: Bench) -> Finding:
    return await _survives(bench, lambda octets: octets[:1] + b"\x84\x7f\xff\xff\xff" + octets[2:])


@check(section=SECTION, clause=HLS, title="A wrong answer to the server's challenge: not associated, nothing served")
async def hls_answer_wrong(bench: Bench) -> Finding:
    settings = bench.association
    if settings.mechanism in (Mechanism.LOWEST, Mechanism.LLS):
        raise NotApplicable("the association does not authenticate by HLS")
    async with bench.wire() as wire:
        talk = Talk(wire, settings, bench.entropy)
        accepted = await wire.ask(talk.proposal())
        if not isinstance(accepted.apdu, Aare) or not accepted.gives_data:
            return found(False, "an AARE that accepts, pending authentication", accepted)
        talk.expect(accepted.apdu)
        second = await talk.ask(_pass_3(_made_up(settings)))
        third = await talk.ask(get_request(bench.readable))
    passed = not second.gives_data and not third.gives_data
    return found(passed, "refused, and no data after it", f"{second}, then {third}")


@check(section=SECTION, clause=HLS, title="The challenge of the server is another one each time")
async def hls_challenge_is_fresh(bench: Bench) -> Finding:
    if bench.association.mechanism in (Mechanism.LOWEST, Mechanism.LLS):
        raise NotApplicable("the association does not authenticate by HLS")
    seen = []
    for _ in range(2):
        async with bench.wire() as wire:
            answer = await wire.ask(Talk(wire, bench.association, bench.entropy).proposal())
        seen.append(answer.apdu.responding_authentication_value if isinstance(answer.apdu, Aare) else None)
    sizes = [8 <= len(challenge or b"") <= 64 for challenge in seen]
    got = "challenges of " + " and ".join(str(len(challenge or b"")) for challenge in seen) + " octets"
    return found(all(sizes) and seen[0] != seen[1], "two different challenges of 8 to 64 octets", got)


@check(section=SECTION, clause=HLS, title="Between challenge and answer nothing else is served")
async def hls_pending_serves_nothing(bench: Bench) -> Finding:
    if bench.association.mechanism in (Mechanism.LOWEST, Mechanism.LLS):
        raise NotApplicable("the association does not authenticate by HLS")
    async with bench.wire() as wire:
        talk = Talk(wire, bench.association, bench.entropy)
        accepted = await wire.ask(talk.proposal())
        if isinstance(accepted.apdu, Aare):
            talk.expect(accepted.apdu)
        answer = await talk.ask(get_request(bench.readable))
    return found(not answer.gives_data, "no data", answer)


def _made_up(settings: AssociationSettings) -> bytes:
    """An answer to a challenge in its right form, with a counter that is not used; only that it is none."""
    if settings.mechanism is not Mechanism.HLS_GMAC or settings.security is None:
        answer = bytes(ANSWER_OCTETS.get(settings.mechanism, 16))
    else:
        counter = settings.security.counters.take().to_bytes(4, "big")
        answer = settings.security.keys.gmac(settings.security.system_title, 0, b"")[:1] + counter + bytes(12)
    return b"\x09" + bytes((len(answer),)) + answer


def _pass_3(parameters: bytes) -> bytes:
    return bytes.fromhex("c301c1000f0000280000ff0101") + parameters


async def _proposed(bench: Bench, **changes: int) -> Answer:
    async with bench.wire() as wire:
        talk = Talk(wire, bench.association, bench.entropy)
        return await wire.ask(talk.proposal(initiate=lambda request: replace(request, **changes)))  # type: ignore[arg-type]


async def _context_refused(bench: Bench, context: ApplicationContext | bytes) -> Finding:
    async with bench.wire() as wire:
        talk = Talk(wire, bench.association, bench.entropy)
        answer = await wire.ask(talk.proposal(lambda aarq: replace(aarq, application_context=context)))
    return _rejected(answer, (ServiceUserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED,))


async def _mechanism_refused(bench: Bench, mechanism: bytes | None) -> Finding:
    if bench.association.mechanism is Mechanism.LOWEST:
        raise NotApplicable("the association needs no authentication")
    async with bench.wire() as wire:
        talk = Talk(wire, bench.association, bench.entropy)
        without = None if mechanism is None else b"12345678"
        answer = await wire.ask(
            talk.proposal(lambda aarq: replace(aarq, mechanism=mechanism, calling_authentication_value=without))
        )
    return _rejected(answer, DIAGNOSTICS_OF_AUTHENTICATION)


async def _survives(bench: Bench, damage: object) -> Finding:
    async with bench.wire() as wire:
        octets = Talk(wire, bench.association, bench.entropy).proposal()
        answer = await wire.ask(damage(octets))  # type: ignore[operator]
    if answer.gives_data:
        return found(False, "not accepted", answer)
    again, words = await bench.attempt(bench.association)
    return found(again, "not accepted, and a correct AARQ is accepted afterwards", f"{answer}; afterwards {words}")


def _rejected(answer: Answer, diagnostics: tuple[ServiceUserDiagnostic, ...]) -> Finding:
    apdu = answer.apdu
    passed = isinstance(apdu, Aare) and not answer.gives_data and apdu.result_source_diagnostic in diagnostics
    return found(passed, f"AARE rejected, {' or '.join(map(spelled, diagnostics))}", answer)


def _initiate_refused(answer: Answer, error: InitiateError) -> Finding:
    apdu = answer.apdu
    got = str(answer)
    passed = False
    if isinstance(apdu, Aare) and not answer.gives_data and apdu.user_information:
        try:
            inner = decode_apdu(apdu.user_information)
        except DecodeError as undecodable:
            inner, got = None, f"{got}, with {undecodable}"
        if isinstance(inner, ConfirmedServiceError):
            passed = inner.value == error
            got += f", confirmed-service-error initiate {inner.value}"
    return found(passed, f"AARE rejected, confirmed-service-error {spelled(error)}", got)


def _bits(conformance: Conformance) -> str:
    return ", ".join(map(member_spelled, conformance)) or "nothing"
