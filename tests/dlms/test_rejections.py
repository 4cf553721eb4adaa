"""Who is refused when an association is opened, and with which diagnostic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.dlms import (
    Aborted,
    Associate,
    Associated,
    Association,
    AssociationSettings,
    Ciphering,
    CipherKeys,
    Rejected,
    Release,
    Role,
    SecurityControl,
    State,
    Violated,
)
from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    ApplicationContext,
    AssociationResult,
    ConfirmedServiceError,
    Conformance,
    InitiateError,
    InitiateRequest,
    Mechanism,
    ServiceUserDiagnostic,
    decode_apdu,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import (
    AuthenticationError,
    FerrarisError,
    InvocationCounterError,
    RemoteProtocolError,
    SecurityError,
)
from tests.dlms.bottle import (
    CLIENT_TITLE,
    GET_VALUE,
    KEYS,
    SERVER_TITLE,
    VALUE_READ,
    Bottle,
    answer,
    associated,
    ciphered,
    ciphered_settings,
    plain,
    security,
    serve,
    settings,
)


def rejected(bottle: Bottle) -> str:
    (event,) = bottle.tell(Associate())
    assert isinstance(event, Rejected)
    assert bottle.client.state is bottle.server.state is State.IDLE
    assert isinstance(bottle.server_events[-1], Violated)
    return event.diagnostic


def test_a_wrong_lls_secret_is_refused() -> None:
    assert rejected(plain(Mechanism.LLS, secret=b"87654321")) == "AUTHENTICATION_FAILURE"


def test_another_mechanism_is_refused() -> None:
    assert rejected(plain(Mechanism.LLS, mechanism=Mechanism.LOWEST)) == "AUTHENTICATION_REQUIRED"
    assert rejected(plain(Mechanism.LOWEST, mechanism=Mechanism.LLS)) == "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"


def test_a_plain_context_is_refused_where_a_ciphered_one_is_asked() -> None:
    diagnostic = rejected(ciphered(security=None, mechanism=Mechanism.LOWEST))
    assert diagnostic == "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"


def test_a_wrong_key_is_refused() -> None:
    wrong = security(CLIENT_TITLE, keys=CipherKeys(bytes(16), bytes(16)))
    assert rejected(ciphered(security=wrong)) == "AUTHENTICATION_FAILURE"


def test_a_replayed_or_rewound_counter_is_refused() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = associated(Bottle(client, server, serve))
    bottle.tell(Release())
    rewound = replace(client, security=security(CLIENT_TITLE))
    again = Bottle(rewound, server, serve)
    assert rejected(again) == "AUTHENTICATION_FAILURE"
    violation = again.server_events[-1]
    assert isinstance(violation, Violated)
    assert isinstance(violation.error, InvocationCounterError)


def test_an_unexpected_system_title_is_refused() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    only = replace(server, security=security(SERVER_TITLE, peer_system_title=b"FEROTHER"))
    assert rejected(Bottle(client, only, serve)) == "AUTHENTICATION_FAILURE"


def test_the_servers_own_system_title_sent_back_to_it_is_refused() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    mirror = replace(client, security=security(SERVER_TITLE))
    assert rejected(Bottle(mirror, server, serve)) == "AUTHENTICATION_FAILURE"


@pytest.mark.parametrize("octets", [7, 65])
def test_a_challenge_too_short_or_too_long_is_refused(octets: int) -> None:
    assert rejected(ciphered(challenge_octets=octets)) == "AUTHENTICATION_FAILURE"


def test_an_unusable_pdu_size_is_refused() -> None:
    assert rejected(plain(max_receive_pdu_size=11)) == "PDU_SIZE_TOO_SHORT"


# The table: client's settings, server's settings, what comes of it

OUTCOMES = [
    # client                                    server                                      outcome
    ("lowest plain",                            "lowest plain",                             "associated"),
    ("lls plain",                               "lls plain",                                "associated"),
    ("lls ciphered",                            "lls ciphered",                             "associated"),
    ("lowest ciphered",                         "lowest ciphered",                          "associated"),
    ("hls ciphered",                            "hls ciphered",                             "associated"),
    ("hls ciphered dedicated",                  "hls ciphered",                             "associated"),
    ("hls ciphered knows-server",               "hls ciphered knows-client",                "associated"),
    ("hls ciphered authenticated",              "hls ciphered authenticated",               "associated"),
    ("hls ciphered encrypted",                  "hls ciphered encrypted",                   "associated"),
    ("hls ciphered",                            "hls ciphered authenticated",               "associated"),
    ("hls ciphered",                            "hls ciphered encrypted",                   "associated"),
    ("lowest plain",                            "lls plain",                                "AUTHENTICATION_REQUIRED"),
    ("lowest ciphered",                         "hls ciphered",                             "AUTHENTICATION_REQUIRED"),
    ("lls plain",                               "lowest plain",                             "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
    ("lls ciphered",                            "hls ciphered",                             "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
    ("hls ciphered",                            "lls ciphered",                             "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
    ("lowest plain",                            "lowest ciphered",                          "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"),
    ("lowest ciphered",                         "lowest plain",                             "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"),
    ("hls ciphered",                            "lls plain",                                "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"),
    ("lls plain wrong-secret",                  "lls plain",                                "AUTHENTICATION_FAILURE"),
    ("lls plain no-secret",                     "lls plain",                                "AUTHENTICATION_FAILURE"),
    ("lls plain no-secret",                     "lls plain no-secret",                      "AUTHENTICATION_FAILURE"),
    ("lls ciphered wrong-secret",               "lls ciphered",                             "AUTHENTICATION_FAILURE"),
    ("lls ciphered other-keys",                 "lls ciphered",                             "AUTHENTICATION_FAILURE"),
    ("lowest ciphered other-keys",              "lowest ciphered",                          "AUTHENTICATION_FAILURE"),
    ("hls ciphered other-keys",                 "hls ciphered",                             "AUTHENTICATION_FAILURE"),
    ("hls ciphered authenticated",              "hls ciphered",                             "AUTHENTICATION_FAILURE"),
    ("hls ciphered encrypted",                  "hls ciphered",                             "AUTHENTICATION_FAILURE"),
    ("hls ciphered encrypted",                  "hls ciphered authenticated",               "AUTHENTICATION_FAILURE"),
    ("hls ciphered",                            "hls ciphered knows-another",               "AUTHENTICATION_FAILURE"),
    ("hls ciphered knows-another",              "hls ciphered",                             "aborted AuthenticationError"),
    ("lowest plain short",                      "lowest plain",                             "PDU_SIZE_TOO_SHORT"),
    ("hls ciphered short",                      "hls ciphered",                             "PDU_SIZE_TOO_SHORT"),
    ("lowest plain",                            "lowest plain short",                       "aborted RemoteProtocolError"),
    ("lowest plain get-only",                   "lowest plain action-only",                 "INCOMPATIBLE_CONFORMANCE"),
    ("hls ciphered get-only",                   "hls ciphered action-only",                 "INCOMPATIBLE_CONFORMANCE"),
]  # fmt: skip

MECHANISMS = {"lowest": Mechanism.LOWEST, "lls": Mechanism.LLS, "hls": Mechanism.HLS_GMAC}
SECURITY_CHANGES: dict[str, dict[str, object]] = {
    "other-keys": {"keys": CipherKeys(bytes(16), bytes(16))},
    "authenticated": {"policy": SecurityControl.AUTHENTICATED},
    "encrypted": {"policy": SecurityControl.ENCRYPTED},
    "dedicated": {"ciphering": Ciphering.DEDICATED},
    "knows-server": {"peer_system_title": SERVER_TITLE},
    "knows-client": {"peer_system_title": CLIENT_TITLE},
    "knows-another": {"peer_system_title": b"FEROTHER"},
}
SETTINGS_CHANGES: dict[str, dict[str, object]] = {
    "wrong-secret": {"secret": b"87654321"},
    "no-secret": {"secret": b""},
    "short": {"max_receive_pdu_size": 63},
    "get-only": {"conformance": Conformance.GET},
    "action-only": {"conformance": Conformance.ACTION},
}


def settings_named(words: str, title: bytes) -> AssociationSettings:
    mechanism, context, *changes = words.split()
    security_changes = {key: value for word in changes for key, value in SECURITY_CHANGES.get(word, {}).items()}
    settings_changes = {key: value for word in changes for key, value in SETTINGS_CHANGES.get(word, {}).items()}
    assert all(word in SECURITY_CHANGES or word in SETTINGS_CHANGES for word in changes)
    keys = security(title, **security_changes) if context == "ciphered" else None
    return settings(title, MECHANISMS[mechanism], security=keys, **settings_changes)


@pytest.mark.parametrize(("client", "server", "outcome"), OUTCOMES, ids=[" / ".join(row[:2]) for row in OUTCOMES])
def test_what_comes_of_two_ends(client: str, server: str, outcome: str) -> None:
    bottle = Bottle(settings_named(client, CLIENT_TITLE), settings_named(server, SERVER_TITLE), serve)
    (event,) = bottle.tell(Associate())
    told = {Associated: "associated", Rejected: getattr(event, "diagnostic", "")}.get(type(event), "")
    if isinstance(event, Aborted):
        told = f"aborted {type(event.error).__name__}"
    assert told == outcome
    if outcome == "associated":
        assert answer(bottle, GET_VALUE) == VALUE_READ
        assert isinstance(bottle.server_events[0], Associated)
        return
    assert bottle.client.state is State.IDLE
    if isinstance(event, Rejected):
        assert bottle.server.state is State.IDLE
        assert [type(event) for event in bottle.server_events] == [Violated]
        assert event.result == "REJECTED_PERMANENT"


# What a rejecting AARE tells a peer


def rejection_of(server: AssociationSettings, aarq: Aarq) -> tuple[Aare, FerrarisError]:
    """The rejecting AARE to an AARQ made by hand, and the error that the server's driver is told of."""
    end = Association(Role.SERVER, server, SeededEntropy(5))
    end.receive(aarq.encode(), 0)
    (event,) = end.events()
    (octets,) = end.outgoing()
    assert isinstance(event, Violated)
    aare = decode_apdu(octets)
    assert isinstance(aare, Aare)
    assert aare.result is AssociationResult.REJECTED_PERMANENT
    assert end.state is State.IDLE
    return aare, event.error


def initiate(**changes: object) -> InitiateRequest:
    proposed = InitiateRequest(None, True, None, 6, Conformance.GET, 1024)
    return replace(proposed, **changes)  # type: ignore[arg-type]


def ciphered_initiate(request: InitiateRequest, counter: int = 1, tag: int = 0x21) -> bytes:
    content = KEYS.protect(0x30, CLIENT_TITLE, counter, request.encode())
    return bytes((tag, len(content))) + content


PLAIN_AARQ = Aarq(ApplicationContext.LOGICAL_NAME, user_information=initiate().encode())
CIPHERED_AARQ = Aarq(
    ApplicationContext.LOGICAL_NAME_CIPHERED,
    calling_ap_title=CLIENT_TITLE,
    mechanism=Mechanism.HLS_GMAC,
    calling_authentication_value=b"a challenge of client",
)


@pytest.mark.parametrize(
    ("changes", "diagnostic"),
    [
        ({"application_context": bytes.fromhex("2a864886f70d")}, "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"),
        ({"application_context": bytes.fromhex("60857405080109")}, "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"),
        ({"application_context": ApplicationContext.SHORT_NAME}, "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"),
        ({"mechanism": bytes.fromhex("60857405080209")}, "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
        ({"mechanism": b""}, "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
        ({"mechanism": bytes.fromhex("2a864886f70d")}, "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
        ({"mechanism": Mechanism.HLS_ECDSA}, "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
        ({"mechanism": Mechanism.LLS}, "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"),
    ],
)
def test_names_of_contexts_and_mechanisms_that_mean_nothing_are_refused(
    changes: dict[str, object], diagnostic: str
) -> None:
    aarq = replace(PLAIN_AARQ, **changes)  # type: ignore[arg-type]
    aare, _ = rejection_of(settings(SERVER_TITLE, Mechanism.LOWEST, security=None), aarq)
    assert aare.result_source_diagnostic is ServiceUserDiagnostic[diagnostic]
    assert aare.application_context is ApplicationContext.LOGICAL_NAME
    assert aare.user_information is None


@pytest.mark.parametrize(
    ("information", "initiate_error"),
    [
        (initiate(dlms_version=5).encode(), InitiateError.DLMS_VERSION_TOO_LOW),
        (initiate(client_max_receive_pdu_size=12).encode(), InitiateError.PDU_SIZE_TOO_SHORT),
        (initiate(conformance=Conformance.READ | Conformance.WRITE).encode(), InitiateError.INCOMPATIBLE_CONFORMANCE),
        (initiate(conformance=Conformance(0)).encode(), InitiateError.INCOMPATIBLE_CONFORMANCE),
        (GET_VALUE.encode(), InitiateError.OTHER),
        (b"\x01\x00", InitiateError.OTHER),
        (b"\xff", InitiateError.OTHER),
        (b"", InitiateError.OTHER),
        (None, InitiateError.OTHER),
    ],
)
def test_an_initiate_request_that_cannot_be_granted_is_refused_with_its_error(
    information: bytes | None, initiate_error: InitiateError
) -> None:
    aarq = replace(PLAIN_AARQ, user_information=information)
    aare, error = rejection_of(settings(SERVER_TITLE, Mechanism.LOWEST, security=None), aarq)
    assert aare.result_source_diagnostic is ServiceUserDiagnostic.NO_REASON_GIVEN
    assert aare.user_information == bytes((0x0E, 1, 6, initiate_error))
    assert isinstance(decode_apdu(aare.user_information), ConfirmedServiceError)
    assert isinstance(error, RemoteProtocolError)


@pytest.mark.parametrize("title", [None, b"", b"short", b"nineocts!", SERVER_TITLE])
def test_a_calling_system_title_that_is_none_is_refused(title: bytes | None) -> None:
    information = ciphered_initiate(initiate())
    aarq = replace(CIPHERED_AARQ, calling_ap_title=title, user_information=information)
    aare, error = rejection_of(settings(SERVER_TITLE), aarq)
    assert aare.result_source_diagnostic is ServiceUserDiagnostic.AUTHENTICATION_FAILURE
    assert aare.responding_ap_title == SERVER_TITLE
    assert aare.responding_authentication_value is None
    assert isinstance(error, AuthenticationError)


@pytest.mark.parametrize(
    ("information", "diagnostic"),
    [
        (None, "AUTHENTICATION_FAILURE"),
        (initiate().encode(), "AUTHENTICATION_FAILURE"),
        (b"\x21\x05\x30\x00\x00\x00\x01", "NO_REASON_GIVEN"),
        (b"\x21\x30", "NO_REASON_GIVEN"),
        (
            ciphered_initiate(initiate())[:-1] + bytes((ciphered_initiate(initiate())[-1] ^ 1,)),
            "AUTHENTICATION_FAILURE",
        ),
        (ciphered_initiate(initiate(), tag=0xC8), "NO_REASON_GIVEN"),
        (b"\x61" + ciphered_initiate(initiate())[1:], "AUTHENTICATION_FAILURE"),
        (b"\xdc\x08" + CLIENT_TITLE + ciphered_initiate(initiate())[1:], "AUTHENTICATION_FAILURE"),
        (ciphered_initiate(initiate(dedicated_key=b"short")), "NO_REASON_GIVEN"),
        (ciphered_initiate(initiate(dedicated_key=b"")), "NO_REASON_GIVEN"),
        (ciphered_initiate(initiate(dlms_version=5)), "NO_REASON_GIVEN"),
    ],
)
def test_a_protected_initiate_request_that_does_not_hold_is_refused(information: bytes | None, diagnostic: str) -> None:
    aare, _ = rejection_of(settings(SERVER_TITLE), replace(CIPHERED_AARQ, user_information=information))
    assert aare.result_source_diagnostic is ServiceUserDiagnostic[diagnostic]
    assert aare.application_context is ApplicationContext.LOGICAL_NAME_CIPHERED


@pytest.mark.parametrize("value", [None, b"", b"seven o", bytes(65)])
def test_a_challenge_of_a_wrong_size_is_refused(value: bytes | None) -> None:
    aarq = replace(CIPHERED_AARQ, calling_authentication_value=value, user_information=ciphered_initiate(initiate()))
    aare, error = rejection_of(settings(SERVER_TITLE), aarq)
    assert aare.result_source_diagnostic is ServiceUserDiagnostic.AUTHENTICATION_FAILURE
    assert "challenge" in str(error)


def test_a_server_without_counters_rejects_and_can_be_asked_again() -> None:
    class Used:
        def take(self) -> int:
            raise SecurityError("the invocation counter is used up")

    client = settings(CLIENT_TITLE)
    bottle = Bottle(client, settings(SERVER_TITLE, security=security(SERVER_TITLE, counters=Used())), serve)
    for _ in range(2):
        assert rejected(bottle) == "NO_REASON_GIVEN"


def test_a_rejected_client_may_try_again_with_what_is_right() -> None:
    client, server = ciphered_settings(Ciphering.DEDICATED, SecurityControl.AUTHENTICATED_ENCRYPTED)
    wrong = Bottle(replace(client, max_receive_pdu_size=12), server, serve)
    assert rejected(wrong) == "PDU_SIZE_TOO_SHORT"
    right = Association(Role.CLIENT, client, SeededEntropy(9))
    wrong.client = right
    associated(wrong)
    assert answer(wrong, GET_VALUE) == VALUE_READ


@pytest.mark.parametrize(
    ("information", "diagnostic", "code"),
    [
        (b"\x0e\x01\x06\x03", "PDU_SIZE_TOO_SHORT", 3),
        (b"\x0e\x01\x06\x01", "DLMS_VERSION_TOO_LOW", 1),
        (b"\x0e\x01\x06\x09", "NO_REASON_GIVEN", 1),
        (b"\x0e\x01\x06", "NO_REASON_GIVEN", 1),
        (b"\x0e\x05\x06\x03", "NO_REASON_GIVEN", 1),
        (b"", "NO_REASON_GIVEN", 1),
        (None, "NO_REASON_GIVEN", 1),
    ],
)
def test_a_client_tells_the_most_exact_reason(information: bytes | None, diagnostic: str, code: int) -> None:
    bottle = plain()
    bottle.client.send(Associate(), 0)
    aare = Aare(
        ApplicationContext.LOGICAL_NAME,
        AssociationResult.REJECTED_TRANSIENT,
        ServiceUserDiagnostic.NO_REASON_GIVEN,
        user_information=information,
    )
    bottle.client.receive(aare.encode(), 0)
    assert bottle.client.events() == [Rejected("REJECTED_TRANSIENT", diagnostic, code)]
