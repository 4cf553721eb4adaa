"""On what terms a meter is talked with: its profile's, unless its row says otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import Authentication, Referencing, SecuritySuite, load_profile, profile_from_text
from ferraris.dlms import Ciphering, SecurityControl
from ferraris.headend import FramingKind, Terms, terms_of
from ferraris.headend.terms import listed
from ferraris.kernel.errors import ConfigError
from ferraris.store import MeterRow

ROW = MeterRow(
    id=1,
    serial="FER0000000001",
    profile="smr5_three_phase",
    host="127.20.0.1",
    port=4059,
    group="default",
    client_sap=1,
    server_sap=1,
    system_title=bytes(8),
    created_ms=0,
    wrapped_encryption_key=b"",
    wrapped_authentication_key=b"",
)


def terms(**row: object) -> Terms:
    changed = replace(ROW, **row)  # type: ignore[arg-type]
    return terms_of(changed, load_profile(changed.profile))


def test_a_silent_row_leaves_everything_to_its_profile() -> None:
    assert terms() == Terms(
        FramingKind.WRAPPER,
        Referencing.LOGICAL_NAME,
        Authentication.HLS_GMAC,
        ciphered=True,
        suite=SecuritySuite.SUITE_0,
        policy=SecurityControl.AUTHENTICATED_ENCRYPTED,
        ciphering=Ciphering.GLOBAL,
    )


# What the row says, and what of the terms it changes
SAID = """
profile=short_name_meter                                 referencing=SHORT_NAME
profile=short_name_meter referencing=logical_name        referencing=LOGICAL_NAME
referencing=short_name                                   referencing=SHORT_NAME
profile=security_suite_2                                 suite=SUITE_2
profile=security_suite_1 client_sap=37                   authentication=HLS_ECDSA ciphered=True suite=SUITE_1
profile=security_suite_1 client_sap=53                   authentication=HLS_ECDSA ciphered=False
suite=1                                                  suite=SUITE_1
client_sap=2                                             authentication=LLS ciphered=False
client_sap=2 context=ciphered                            authentication=LLS ciphered=True
authentication=lls                                       authentication=LLS ciphered=False
authentication=hls_gmac                                  authentication=HLS_GMAC ciphered=True
context=plain                                            authentication=HLS_GMAC ciphered=False
client_sap=77 authentication=hls_md5                     authentication=HLS_MD5 ciphered=False
client_sap=77 authentication=hls_gmac                    authentication=HLS_GMAC ciphered=True
profile=spodes authentication=lowest                     authentication=LOWEST ciphered=False
policy=encrypted                                         policy=ENCRYPTED
ciphering=general-ded                                    ciphering=GENERAL_DEDICATED ciphering_text=general-ded
ciphering=identified                                     ciphering_text=identified needs_signing_keys=False
ciphering=wrapped                                        ciphering_text=wrapped needs_master_key=True
ciphering=one-pass profile=security_suite_1              needs_agreement_keys=True needs_signing_keys=False
ciphering=static-unified profile=security_suite_2        needs_agreement_keys=True needs_master_key=False
link=hdlc+tcp                                            framing=HDLC
link=rfc2217                                             framing=HDLC
link=udp                                                 framing=WRAPPER
link=mbus+tcp                                            framing=MBUS
"""
NUMBERS = ("client_sap", "suite")


@pytest.mark.parametrize("line", SAID.strip().splitlines())
def test_what_the_row_says_counts(line: str) -> None:
    said, _, then = line.partition("  ")
    row = {name: int(value) if name in NUMBERS else value for name, value in _pairs(said)}
    found = terms(**row)
    for name, value in _pairs(then):
        got = getattr(found, name)
        assert getattr(got, "name", str(got)) == value


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(pair.split("=", 1)[0], pair.split("=", 1)[1]) for pair in text.split()]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"client_sap": 77}, "no association for client 77"),
        ({"profile": "spodes"}, "no association for client 1"),
        ({"authentication": "password"}, "authentication, expected lowest, lls, hls"),
        ({"referencing": "x"}, "referencing, expected logical_name or short_name"),
        ({"suite": 9}, "suite, expected 0, 1 or 2"),
        ({"authentication": "hls_ecdsa"}, "suite, expected 1 or 2 for hls_ecdsa"),
        ({"ciphering": "one-pass"}, "suite, expected 1 or 2 for signatures and agreed keys"),
        ({"ciphering": "x"}, "ciphering, expected glo, ded, general-glo, general-ded, identified, "),
    ],
)
def test_what_nobody_knows_is_refused(row: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        terms(**row)


@pytest.mark.parametrize(
    ("mechanism", "secret", "keys", "signing_keys"),
    [
        ("lowest", False, False, False),
        ("lls", True, False, False),
        ("hls", True, False, False),
        ("hls_md5", True, False, False),
        ("hls_sha1", True, False, False),
        ("hls_gmac", False, True, False),
        ("hls_sha256", True, True, False),
        ("hls_ecdsa", False, True, True),
    ],
)
def test_what_an_association_needs(mechanism: str, secret: bool, keys: bool, signing_keys: bool) -> None:
    found = terms(authentication=mechanism, context="plain", suite=1)
    assert (found.needs_secret, found.needs_keys, found.needs_signing_keys) == (secret, keys, signing_keys)
    assert terms(authentication=mechanism, context="ciphered", suite=1).needs_keys


@pytest.mark.parametrize(("suite", "octets"), [(0, 16), (1, 16), (2, 32)])
def test_a_suite_says_how_long_its_keys_are(suite: int, octets: int) -> None:
    assert terms(suite=suite).key_octets == octets


POLICY = "SECURITY_SETUP = {{ values.security_policy = [{}] }}"


@pytest.mark.parametrize(
    ("policy", "said", "requested", "ciphering"),
    [
        ('"authenticated_request"', "", SecurityControl.AUTHENTICATED, "glo"),
        ('"encrypted_request"', "", SecurityControl.ENCRYPTED, "glo"),
        ('"authenticated_response", "encrypted_response"', "", SecurityControl.AUTHENTICATED_ENCRYPTED, "glo"),
        ("", "", SecurityControl.AUTHENTICATED_ENCRYPTED, "glo"),
        ('"authenticated_request"', "both", SecurityControl.AUTHENTICATED_ENCRYPTED, "glo"),
        ('"digitally_signed_request"', "", SecurityControl.AUTHENTICATED_ENCRYPTED, "signed, glo"),
    ],
)
def test_the_profiles_policy_holds_where_the_row_is_silent(
    policy: str, said: str, requested: SecurityControl, ciphering: str
) -> None:
    source = '[source]\ndocument = "d"\nedition = "e"\nlicence = "l"\n'
    text = f'name = "p"\ntitle = "P"\ninherit = "security_suite_1"\n{source}[objects]\n{POLICY.format(policy)}\n'
    row = replace(ROW, client_sap=37, policy=said)
    found = terms_of(row, profile_from_text(text, "p.toml"))
    assert (found.policy, found.ciphering_text, found.needs_signing_keys) == (requested, ciphering, True)


def test_choices_are_told_as_people_do() -> None:
    assert [listed(words) for words in (["a"], ["a", "b"], [0, 1, 2])] == ["a", "a or b", "0, 1 or 2"]
