"""AARQ, AARE, RLRQ, RLRE: as peers send them, field by field, and everything that can be wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferraris.codec.ber import encode_element
from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    Apdu,
    ApplicationContext,
    AssociationResult,
    Mechanism,
    ReleaseReason,
    ReleaseResponseReason,
    Rlre,
    Rlrq,
    ServiceProviderDiagnostic,
    ServiceUserDiagnostic,
    decode_apdu,
    encode_aarq,
)
from ferraris.kernel.errors import DecodeError
from tests.codec.changed import changed
from tests.dlms.apdu.table import check_both_ways, check_refused

LN = ApplicationContext.LOGICAL_NAME
LN_CIPHERED = ApplicationContext.LOGICAL_NAME_CIPHERED
INITIATE = "01000000065f1f0400007e1f0000"
INITIATE_OCTETS = bytes.fromhex(INITIATE)
CONTEXT = "a109 0607 60857405080101"
ACCEPTED = "a203 020100"
NULL_DIAGNOSTIC = "a305 a103 020100"
NULL = ServiceUserDiagnostic.NULL


def acse(tag: int, *fields: str) -> str:
    """An ACSE APDU around fields given in hexadecimal."""
    return encode_element(tag, bytes.fromhex("".join(fields))).hex()


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        (acse(0x60, CONTEXT), Aarq(LN)),
        (acse(0x60, CONTEXT, "be10 040e", INITIATE), Aarq(LN, user_information=INITIATE_OCTETS)),
        (
            acse(0x60, CONTEXT, "8a020780 8b07 60857405080201 ac0a 8008 3132333435363738", "be10 040e", INITIATE),
            Aarq(LN, None, Mechanism.LLS, b"12345678", INITIATE_OCTETS),
        ),
        (
            acse(0x60, "a109 0607 60857405080103", "a60a 0408 4645524845533031", "8a020780 8b07 60857405080205 ac03 800161"),
            Aarq(LN_CIPHERED, b"FERHES01", Mechanism.HLS_GMAC, b"a"),
        ),
        (acse(0x60, CONTEXT, "a703 0401aa", "a903 020110"), Aarq(LN, calling_ae_qualifier=b"\xaa", calling_ae_invocation_id=16)),
        (acse(0x60, "80020780", CONTEXT, "a203 040155", "bd02 0400"), Aarq(LN, other_fields=((0x80, b"\x07\x80"), (0xA2, b"\x04\x01\x55"), (0xBD, b"\x04\x00")))),
        (acse(0x60, "a107 0605 2a864886f7"), Aarq(bytes.fromhex("2a864886f7"))),
        (acse(0x60, CONTEXT, "8a020780 8b07 60857405080263"), Aarq(LN, mechanism=bytes.fromhex("60857405080263"))),
    ],
)  # fmt: skip
def test_aarq(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        (acse(0x61, CONTEXT, ACCEPTED, NULL_DIAGNOSTIC), Aare(LN, AssociationResult.ACCEPTED, NULL)),
        (
            acse(0x61, CONTEXT, "a203 020101", "a305 a103 02010d"),
            Aare(LN, AssociationResult.REJECTED_PERMANENT, ServiceUserDiagnostic.AUTHENTICATION_FAILURE),
        ),
        (
            acse(0x61, CONTEXT, "a203 020102", "a305 a203 020102"),
            Aare(LN, AssociationResult.REJECTED_TRANSIENT, ServiceProviderDiagnostic.NO_COMMON_ACSE_VERSION),
        ),
        (
            acse(0x61, CONTEXT, ACCEPTED, "a305 a103 02010e", "a40a 0408 4d454c6570a037b2", "88020780",
                 "8907 60857405080205", "aa0a 8008 284733636e507e73", "be03 0401aa"),
            Aare(LN, AssociationResult.ACCEPTED, ServiceUserDiagnostic.AUTHENTICATION_REQUIRED,
                 bytes.fromhex("4d454c6570a037b2"), Mechanism.HLS_GMAC, bytes.fromhex("284733636e507e73"), b"\xaa"),
        ),
        (
            acse(0x61, "80020780", CONTEXT, ACCEPTED, NULL_DIAGNOSTIC, "a503 0401bb", "bd02 0400"),
            Aare(LN, AssociationResult.ACCEPTED, NULL, responding_ae_qualifier=b"\xbb",
                 other_fields=((0x80, b"\x07\x80"), (0xBD, b"\x04\x00"))),
        ),
    ],
)  # fmt: skip
def test_aare(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("6200", Rlrq()),
        ("6203 800100", Rlrq(ReleaseReason.NORMAL)),
        ("6203 80011e", Rlrq(ReleaseReason.USER_DEFINED)),
        (acse(0x62, "800100", "be10 040e", INITIATE), Rlrq(ReleaseReason.NORMAL, INITIATE_OCTETS)),
        (acse(0x62, "be10 040e", INITIATE), Rlrq(None, INITIATE_OCTETS)),
        ("6300", Rlre()),
        ("6303 800100", Rlre(ReleaseResponseReason.NORMAL)),
        ("6303 800101", Rlre(ReleaseResponseReason.NOT_FINISHED)),
        (acse(0x63, "800100", "be03 0401aa"), Rlre(ReleaseResponseReason.NORMAL, b"\xaa")),
    ],
)
def test_release(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize("context", list(ApplicationContext))
@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_every_context_and_mechanism(context: ApplicationContext, mechanism: Mechanism) -> None:
    aarq = decode_apdu(Aarq(context, mechanism=mechanism).encode())
    assert isinstance(aarq, Aarq)
    assert aarq.application_context is context
    assert aarq.mechanism is mechanism


@pytest.mark.parametrize("diagnostic", [*ServiceUserDiagnostic, *ServiceProviderDiagnostic])
def test_every_diagnostic_keeps_its_source(diagnostic: ServiceUserDiagnostic | ServiceProviderDiagnostic) -> None:
    aare = decode_apdu(Aare(LN, AssociationResult.REJECTED_PERMANENT, diagnostic).encode())
    assert isinstance(aare, Aare)
    assert aare.result_source_diagnostic is diagnostic


def test_an_authentication_value_may_come_as_a_bit_string() -> None:
    aarq = decode_apdu(bytes.fromhex(acse(0x60, CONTEXT, "8a020780 8b07 60857405080201 ac05 8103 00 6162")))
    assert aarq == Aarq(LN, mechanism=Mechanism.LLS, calling_authentication_value=b"ab")


def test_a_long_form_length_is_understood() -> None:
    assert decode_apdu(bytes.fromhex("60 820b".replace("820b", "82000b") + CONTEXT)) == Aarq(LN)


def test_a_long_aarq_has_a_long_length() -> None:
    aarq = Aarq(LN, b"FERHES01", Mechanism.HLS_GMAC, bytes(64), bytes(100))
    assert aarq.encode()[1] == 0x81
    assert decode_apdu(aarq.encode()) == aarq


# The AARE that nearly all meters send is read by place, every other field by field


def usual_aare(challenge: bytes = bytes(range(16)), information: bytes = b"\x28\x1f" + bytes(31)) -> Aare:
    return Aare(
        LN_CIPHERED,
        AssociationResult.ACCEPTED,
        ServiceUserDiagnostic.AUTHENTICATION_REQUIRED,
        b"FER00001",
        Mechanism.HLS_GMAC,
        challenge,
        information,
    )


def outcome(octets: bytes) -> object:
    """The APDU, or what is wrong with it and where."""
    try:
        return decode_apdu(octets)
    except DecodeError as error:
        return error.summary, error.expected, error.got, error.offset


def field_by_field(octets: bytes) -> object:
    """The same of a short AARE whose length is written in two octets, so that it is not read by place."""
    assert octets[1] < 0x80
    found = outcome(octets[:1] + b"\x81" + octets[1:])
    if isinstance(found, Aare):
        return found
    summary, expected, got, offset = found  # type: ignore[misc]
    counts_octets = summary in (
        "octets follow the APDU",
        "octets follow an element",
        "octets follow an authentication value",
    )
    return (summary, *((expected - 1, got - 1) if counts_octets else (expected, got)), offset - 1)


@given(st.binary(min_size=8, max_size=40), st.binary(max_size=40))
def test_the_usual_aare_is_read_as_field_by_field(challenge: bytes, information: bytes) -> None:
    aare = usual_aare(challenge, information)
    octets = aare.encode()
    assert decode_apdu(octets) == aare
    if octets[1] < 0x80:
        assert field_by_field(octets) == aare


@given(changed(usual_aare().encode()[2:]))
@example(usual_aare(b"", b"").encode()[2:])
@example(usual_aare(b"", b"").encode()[2:-4])
@example(usual_aare(b"c" * 8, b"").encode()[2:-1])
@example(usual_aare(b"c" * 37, bytes(32)).encode()[3:])
def test_an_aare_that_is_nearly_usual_is_read_or_refused_as_field_by_field(fields: bytes) -> None:
    octets = bytes((0x61, len(fields))) + fields
    assert outcome(octets) == field_by_field(octets)


@pytest.mark.parametrize("place", range(1, len(usual_aare().encode())))
def test_any_octet_of_a_usual_aare_may_be_another(place: int) -> None:
    octets = bytearray(usual_aare().encode())
    for octet in range(256 if place > 1 else 0x80):
        octets[place] = octet
        assert outcome(bytes(octets)) == field_by_field(bytes(octets))


@pytest.mark.parametrize("size", [0x7E, 0x7F, 0x80, 0x81, 0xFF, 0x100])
def test_an_aare_of_any_length_comes_back(size: int) -> None:
    shortest = len(usual_aare(bytes(16), b"").encode()) - 2
    aare = usual_aare(bytes(16), bytes(size - shortest))
    assert decode_apdu(aare.encode()) == aare


def test_a_usual_aare_that_is_cut_short_anywhere_is_refused() -> None:
    octets = usual_aare().encode()
    for size in range(1, len(octets)):
        with pytest.raises(DecodeError):
            decode_apdu(octets[:size])
        with pytest.raises(DecodeError):
            decode_apdu(octets + bytes(size))


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("60", "a length is missing", 1),
        ("6001", "an element exceeds its place", 2),
        ("6080 a109 0607 60857405080101 0000", "a length has a wrong form", 1),
        ("6000", "a field is missing", 2),
        (acse(0x60, CONTEXT) + "00", "octets follow the APDU", 13),
        (acse(0x60, CONTEXT, CONTEXT), "a field is out of order", 13),
        (acse(0x60, "be03 0401aa", CONTEXT), "a field is out of order", 7),
        (acse(0x60, CONTEXT, "0401aa"), "a field is out of order", 13),
        (acse(0x60, "a109 0609 60857405080101"), "an element exceeds its place", 6),
        (acse(0x60, "a109 0207 60857405080101"), "an element has a wrong tag", 4),
        (acse(0x60, "a10a 0607 60857405080101 00"), "octets follow an element", 13),
        (acse(0x60, CONTEXT, "a602 0201"), "an element exceeds its place", 17),
        (acse(0x60, CONTEXT, "a603 020101"), "an element has a wrong tag", 15),
        (acse(0x60, CONTEXT, "a902 0200"), "an integer has a wrong size", 15),
        (acse(0x60, CONTEXT, "a907 02050000000001"), "an integer has a wrong size", 15),
        (acse(0x60, CONTEXT, "8a0107"), "the ACSE requirements are no bit string", 15),
        (acse(0x60, CONTEXT, "ac03 820161"), "an authentication value of another kind", 15),
        (acse(0x60, CONTEXT, "ac04 81020461"), "an authentication value of another kind", 15),
        (acse(0x60, CONTEXT, "ac02 8100"), "an authentication value of another kind", 15),
        (acse(0x60, CONTEXT, "ac04 80016100"), "octets follow an authentication value", 18),
        (acse(0x60, CONTEXT, "be04 0401aa00"), "octets follow an element", 18),
        (acse(0x60, CONTEXT, "be00"), "an element is missing", 15),
        (acse(0x60, CONTEXT, "bf2103 0401aa"), "a tag has more than one octet", 13),
        (acse(0x61, CONTEXT, ACCEPTED), "a field is missing", 18),
        (acse(0x61, CONTEXT, NULL_DIAGNOSTIC), "a field is missing", 20),
        (acse(0x61, CONTEXT, "a203 020103", NULL_DIAGNOSTIC), "no such value", 17),
        (acse(0x61, CONTEXT, "a202 0200", NULL_DIAGNOSTIC), "an integer has a wrong size", 15),
        (acse(0x61, CONTEXT, ACCEPTED, "a305 a303 020100"), "no such source of a diagnostic", 20),
        (acse(0x61, CONTEXT, ACCEPTED, "a305 a103 02010f"), "no such value", 24),
        (acse(0x61, CONTEXT, ACCEPTED, "a305 a203 020103"), "no such value", 24),
        ("6203 800102", "no such value", 4),
        ("6303 800102", "no such value", 4),
        ("6204 80020000", "a release reason has a wrong size", 4),
        ("6205 a103 020100", "a field is unknown", None),
    ],
)
def test_refused(octets: str, summary: str, offset: int | None) -> None:
    check_refused(octets, summary, offset)


def test_no_secret_is_shown() -> None:
    aarq = Aarq(LN, b"FERHES01", Mechanism.LLS, b"secret-of-lls", b"\x01\x01\x10" + bytes(16))
    assert "secret" not in repr(aarq)
    assert "secret" not in repr(Aare(LN, AssociationResult.ACCEPTED, NULL, None, None, b"secret"))


@given(
    st.sampled_from(ApplicationContext) | st.binary(min_size=1, max_size=20),
    st.none() | st.binary(max_size=130),
    st.none() | st.sampled_from(Mechanism) | st.binary(min_size=1, max_size=20),
    st.none() | st.binary(max_size=130) | st.binary(min_size=123, max_size=128),
    st.binary(max_size=130) | st.binary(min_size=123, max_size=128),
)
@example(ApplicationContext.LOGICAL_NAME_CIPHERED, bytes(8), Mechanism.HLS_GMAC, bytes(16), bytes(30))
@example(ApplicationContext.LOGICAL_NAME_CIPHERED, bytes(8), Mechanism.HLS_GMAC, bytes(125), bytes(125))
@example(ApplicationContext.LOGICAL_NAME_CIPHERED, bytes(8), Mechanism.HLS_GMAC, bytes(126), bytes(16))
@example(ApplicationContext.LOGICAL_NAME_CIPHERED, bytes(8), Mechanism.HLS_GMAC, bytes(16), bytes(126))
def test_an_aarq_from_its_fields_is_that_of_the_whole(
    context: ApplicationContext | bytes,
    title: bytes | None,
    mechanism: Mechanism | bytes | None,
    value: bytes | None,
    information: bytes,
) -> None:
    whole = Aarq(context, title, mechanism, value, information).encode()
    assert encode_aarq(context, title, mechanism, value, information) == whole
