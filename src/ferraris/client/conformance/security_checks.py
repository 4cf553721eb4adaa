"""Checks of the protection of a ciphered association: nothing is served that was not protected rightly, and only once."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client.conformance.answer import Answer
from ferraris.client.conformance.bench import Bench, Talk
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import get_request
from ferraris.dlms import Ciphering, CipherKeys, Security
from ferraris.dlms.apdu import Aare, ExceptionResponse, GeneralGlobalCiphering, ServiceCiphered, ServiceErrorCode

SECTION = "Security"
PROTECTION = "Green Book 9.2.3.4"
EXCEPTION = "Green Book 9.5"
TAG_OCTETS = 12
INVOKE_ID_OFFSET = 2
"""Of invoke-id and priority in a GET."""


def _security(bench: Bench) -> Security:
    security = bench.association.security
    if security is None:
        raise NotApplicable("the association is not ciphered")
    return security


@check(section=SECTION, clause=PROTECTION, title="Answers are ciphered as the requests are")
async def answers_are_ciphered(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        answer = await talk.ask(get_request(bench.readable))
    return found(answer.gives_data and answer.was_ciphered, "data in a ciphered APDU", answer)


@check(section=SECTION, clause=PROTECTION, title="A request in the clear is not served in a ciphered association")
async def request_in_the_clear(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        answer = await talk.ask_raw(get_request(bench.readable))
    return _not_served(answer)


@check(section=SECTION, clause=PROTECTION, title="A request whose authentication tag does not hold is not served")
async def tag_wrong(bench: Bench) -> Finding:
    return await _damaged(bench, -1, 0x01)


@check(section=SECTION, clause=PROTECTION, title="A request with one bit of its ciphertext flipped is not served")
async def ciphertext_flipped(bench: Bench) -> Finding:
    """The bit is the request's priority: without a look at the tag it would be served."""
    request = len(get_request(bench.readable))
    return await _damaged(bench, INVOKE_ID_OFFSET - request - TAG_OCTETS, 0x80)


@check(section=SECTION, clause=PROTECTION, title="A damaged request does not end the association")
async def damage_does_not_end_the_association(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        octets = bytearray(talk.protected(get_request(bench.readable)))
        octets[-1] ^= 1
        first = await talk.ask_raw(bytes(octets))
        if first.link_closed:
            return found(False, "the association lives on: anybody can send damaged octets", first)
        answer = await talk.ask(get_request(bench.readable))
    return found(answer.gives_data, "data for the next correct request", answer)


@check(
    section=SECTION,
    clause=PROTECTION,
    title="A request sent again, octet for octet, is not served: its counter is used",
)
async def request_replayed(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        octets = talk.protected(get_request(bench.readable))
        first = await talk.ask_raw(octets)
        if not first.gives_data:
            return found(False, "data for the first one", first)
        answer = await talk.ask_raw(octets)
    return _not_served(answer)


@check(section=SECTION, clause=PROTECTION, title="A counter below the last one is refused, in a new association too")
async def counter_of_yesterday(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        old = talk.protected(get_request(bench.readable))
        if not (await talk.ask(get_request(bench.readable))).gives_data:
            return found(False, "data for a correct request", "none")
    async with bench.talk() as talk:
        answer = await talk.ask_raw(old)
    return _not_served(answer)


@check(
    section=SECTION, clause=PROTECTION, title="The server's own counter goes on rising from one association to the next"
)
async def own_counter_rises(bench: Bench) -> Finding:
    _security(bench)
    seen = []
    for _ in range(2):
        async with bench.talk() as talk:
            seen += [_counter_of(answer) for answer in talk.opening]
    known = [counter for counter in seen if counter is not None]
    if len(known) < 2:
        raise NotApplicable("the answers to the association are not ciphered")
    return found(known == sorted(set(known)), "counters that rise", ", ".join(map(str, known)))


@check(section=SECTION, clause=EXCEPTION, title="Who refuses a counter says which one it expects, if it says anything")
async def counter_refused_in_words(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        octets = talk.protected(get_request(bench.readable))
        await talk.ask_raw(octets)
        answer = await talk.ask_raw(octets)
    apdu = answer.apdu
    if not isinstance(apdu, ExceptionResponse) or apdu.service_error is not ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        raise NotApplicable(f"the server does not name its counter: {answer}")
    sent = int.from_bytes(octets[3:7], "big") if octets[1] < 0x80 else -1
    passed = apdu.invocation_counter is not None and (sent < 0 or apdu.invocation_counter > sent)
    return found(passed, f"an invocation counter above {sent}", f"{answer}, {apdu.invocation_counter}")


@check(section=SECTION, clause=PROTECTION, title="A wrong encryption key does not let a client in")
async def encryption_key_wrong(bench: Bench) -> Finding:
    keys = _security(bench).keys
    return await _with_keys(bench, CipherKeys(_flipped(keys.encryption_key), keys.authentication_key))


@check(section=SECTION, clause=PROTECTION, title="A wrong authentication key does not let a client in")
async def authentication_key_wrong(bench: Bench) -> Finding:
    keys = _security(bench).keys
    if not keys.authentication_key:
        raise NotApplicable("there is no authentication key")
    return await _with_keys(bench, CipherKeys(keys.encryption_key, _flipped(keys.authentication_key)))


@check(
    section=SECTION,
    clause=PROTECTION,
    title="A request in general-glo-ciphering from another system title is not served",
)
async def system_title_of_another(bench: Bench) -> Finding:
    security = _security(bench)
    async with bench.talk() as talk:
        octets = talk.protected(get_request(bench.readable), Ciphering.GENERAL_GLOBAL)
        at = octets.index(security.system_title)
        title = _flipped(security.system_title)
        answer = await talk.ask_raw(octets[:at] + title + octets[at + len(title) :])
    return _not_served(answer)


@check(section=SECTION, clause=PROTECTION, title="A service under another one's tag is not served")
async def service_under_anothers_tag(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        octets = talk.protected(get_request(bench.readable), Ciphering.GLOBAL)
        answer = await talk.ask_raw(b"\xc9" + octets[1:])  # glo-set-request
    return _not_served(answer)


@check(section=SECTION, clause=PROTECTION, title="A ciphered APDU too short for its header and tag does no harm")
async def ciphered_too_short(bench: Bench) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        answer = await talk.ask_raw(bytes.fromhex("c8053000000001"))
    alive, words = await bench.attempt(bench.association)
    return found(not answer.gives_data and alive, "no data, and the server serves on", f"{answer}; then {words}")


def _counter_of(answer: Answer) -> int | None:
    """The invocation counter of a ciphered answer, or of the initiate response in an AARE."""
    apdu = answer.apdu
    if isinstance(apdu, Aare) and apdu.user_information:
        apdu = Answer(apdu.user_information).apdu
    if isinstance(apdu, ServiceCiphered | GeneralGlobalCiphering):
        return int.from_bytes(apdu.octets[1:5], "big")
    return None


async def _damaged(bench: Bench, at: int, bit: int) -> Finding:
    _security(bench)
    async with bench.talk() as talk:
        octets = bytearray(talk.protected(get_request(bench.readable)))
        octets[at] ^= bit
        answer = await talk.ask_raw(bytes(octets))
    return _not_served(answer)


async def _with_keys(bench: Bench, keys: CipherKeys) -> Finding:
    security = replace(_security(bench), keys=keys)
    async with bench.wire() as wire:
        answer = await wire.ask(Talk(wire, replace(bench.association, security=security), bench.entropy).proposal())
    return found(not answer.gives_data, "a rejection, or no answer", answer)


def _not_served(answer: Answer) -> Finding:
    return found(not answer.gives_data, "no data", answer)


def _flipped(octets: bytes) -> bytes:
    return bytes(octet ^ 0x5A for octet in octets)
