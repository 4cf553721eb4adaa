"""What an end brings: settings that could not be carried out are refused where they are made, and no key shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, AssociationSettings, Ciphering, Security, SecurityControl
from ferraris.dlms.apdu import Conformance, Mechanism
from ferraris.dlms.settings import WITH_SECRET, WITH_SECURITY
from ferraris.kernel.errors import LocalProtocolError
from tests.dlms.bottle import AUTHENTICATION_KEY, CLIENT_TITLE, ENCRYPTION_KEY, KEYS, Counter, Guard, security, settings


@pytest.mark.parametrize(
    ("ciphering", "dedicated", "general"),
    [
        (Ciphering.GLOBAL, False, False),
        (Ciphering.DEDICATED, True, False),
        (Ciphering.GENERAL_GLOBAL, False, True),
        (Ciphering.GENERAL_DEDICATED, True, True),
    ],
)
def test_each_form_knows_its_key_and_its_tag(ciphering: Ciphering, dedicated: bool, general: bool) -> None:
    assert (ciphering.is_dedicated, ciphering.is_general) == (dedicated, general)
    assert Ciphering(ciphering.value) is ciphering


@pytest.mark.parametrize("mechanism", WITH_SECRET)
def test_a_mechanism_without_its_secret_is_no_setting(mechanism: Mechanism) -> None:
    """An end that took an empty secret would let anybody in."""
    assert settings(CLIENT_TITLE, mechanism).mechanism is mechanism
    with pytest.raises(LocalProtocolError, match="without a secret"):
        settings(CLIENT_TITLE, mechanism, secret=b"")


@pytest.mark.parametrize("mechanism", WITH_SECURITY)
def test_a_mechanism_without_its_keys_is_no_setting(mechanism: Mechanism) -> None:
    with pytest.raises(LocalProtocolError, match="without keys"):
        AssociationSettings(mechanism, b"secret")


def test_ecdsa_needs_key_pairs() -> None:
    with pytest.raises(LocalProtocolError, match="without a signing key"):
        settings(CLIENT_TITLE, Mechanism.HLS_ECDSA)


def test_keys_make_the_context_ciphered_unless_it_is_said_to_be_plain() -> None:
    assert settings(CLIENT_TITLE).ciphered
    assert not settings(CLIENT_TITLE, plain_context=True).ciphered
    assert not settings(CLIENT_TITLE, Mechanism.LLS, security=None).ciphered


@pytest.mark.parametrize("title", [b"", b"seven o", b"nine octs", CLIENT_TITLE * 2])
def test_a_system_title_has_eight_octets(title: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="system title"):
        Security(title, KEYS, Counter(), Guard())
    with pytest.raises(LocalProtocolError, match="system title"):
        security(CLIENT_TITLE, peer_system_title=title)


def test_defaults_are_the_safe_ones() -> None:
    protected = Security(CLIENT_TITLE, KEYS, Counter(), Guard())
    assert protected.policy is SecurityControl.AUTHENTICATED_ENCRYPTED
    assert protected.ciphering is Ciphering.GLOBAL
    assert AssociationSettings().mechanism is Mechanism.LOWEST
    assert AssociationSettings().secret == b""


def test_no_key_and_no_secret_shows() -> None:
    shown = repr(settings(CLIENT_TITLE))
    for hidden in (ENCRYPTION_KEY, AUTHENTICATION_KEY, b"12345678"):
        assert hidden.hex() not in shown
        assert repr(hidden) not in shown
    assert "12345678" not in shown


@pytest.mark.parametrize(
    "bit",
    [
        Conformance.ATTRIBUTE_0_SUPPORTED_WITH_GET,
        Conformance.ATTRIBUTE_0_SUPPORTED_WITH_SET,
        Conformance.READ,
        Conformance.WRITE,
    ],
)
def test_nothing_is_promised_that_the_engine_does_not_do(bit: Conformance) -> None:
    assert not CONFORMANCE_OF_THIS_ENGINE & bit


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("policy", list(SecurityControl)[:4])
def test_what_follows_from_a_policy_is_told_beside_it(policy: SecurityControl, signed: bool) -> None:
    made = security(CLIENT_TITLE, policy=policy, signed=signed)
    usual = -1 if signed else int(policy)
    assert (made.usual_control, made.closing_control) == (usual, int(policy))
    assert made.usual_start == (b"\x30" if usual == 0x30 else None)
    answering = replace(made, answer_policy=SecurityControl.AUTHENTICATED)
    assert (answering.usual_control, answering.closing_control) == (usual, 0x10)
    assert made == security(
        CLIENT_TITLE, policy=policy, signed=signed, counters=made.counters, transactions=made.transactions
    )
