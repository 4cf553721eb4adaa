"""On what terms a meter is talked with: what its row in the registry says and, where that is silent, its companion profile.

A meter with a companion profile of its own needs no more than its keys: the profile's association between the two service
access points names mechanism, context and referencing, the security setup its suite and its policy. A row that says otherwise is right: the same
profile may be served by meters that were set up differently, and some profiles name no associations at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from ferraris.cosem import Authentication, CompanionProfile, Referencing, SecurityPolicy, SecuritySuite
from ferraris.dlms import KEY_OCTETS_OF, Ciphering, Envelope, Layer, SecurityControl
from ferraris.kernel.errors import ConfigError
from ferraris.store import MeterRow

Word = TypeVar("Word")

REFERENCINGS: Final = {"logical_name": Referencing.LOGICAL_NAME, "short_name": Referencing.SHORT_NAME}
AUTHENTICATIONS: Final = {mechanism.name.lower(): mechanism for mechanism in Authentication}
CONTEXTS: Final = {"plain": False, "ciphered": True}
SUITES: Final = {int(suite): suite for suite in SecuritySuite}
POLICIES: Final = {
    "authenticated": SecurityControl.AUTHENTICATED,
    "encrypted": SecurityControl.ENCRYPTED,
    "both": SecurityControl.AUTHENTICATED_ENCRYPTED,
}
CIPHERINGS: Final[dict[str, Ciphering | Layer]] = {ciphering.value: ciphering for ciphering in Ciphering} | {
    "identified": Layer.IDENTIFIED,
    "wrapped": Layer.WRAPPED,
    "one-pass": Layer.ONE_PASS,
    "static-unified": Layer.STATIC_UNIFIED,
}
"""The last four are general-ciphering, by how its key is told."""
AGREED: Final = frozenset({Layer.ONE_PASS, Layer.STATIC_UNIFIED})
POLICY_SHIFT: Final = 2
"""From the bits of a security policy for requests, authenticated and encrypted, to ..."""
CONTROL_SHIFT: Final = 4
"""... those of the security control."""
HDLC_LINKS: Final = frozenset({"hdlc+tcp", "serial", "rfc2217"})
"""Links whose octets are HDLC frames."""
MBUS_LINKS: Final = frozenset({"mbus", "mbus+tcp"})
"""Links whose octets are M-Bus frames."""
LINES: Final = frozenset({"serial", "rfc2217", "mbus"})
"""Links that are a serial line."""
WITH_SECRET: Final = frozenset(
    {
        Authentication.LLS,
        Authentication.HLS,
        Authentication.HLS_MD5,
        Authentication.HLS_SHA1,
        Authentication.HLS_SHA256,
    }
)
"""Mechanisms that prove the knowledge of a secret."""
WITH_KEYS: Final = frozenset({Authentication.HLS_GMAC, Authentication.HLS_SHA256, Authentication.HLS_ECDSA})
"""Mechanisms that need keys and system titles, in a plain context too."""
CIPHERED_BY_NATURE: Final = frozenset({Authentication.HLS_GMAC, Authentication.HLS_ECDSA})
"""Mechanisms whose context is ciphered unless something else is said."""


class FramingKind(Enum):
    """What APDUs travel in."""

    WRAPPER = "wrapper"
    HDLC = "HDLC"
    MBUS = "M-Bus"


@dataclass(frozen=True, slots=True)
class Terms:
    """How one associates with a meter."""

    framing: FramingKind
    referencing: Referencing
    authentication: Authentication
    ciphered: bool
    suite: SecuritySuite
    policy: SecurityControl
    ciphering: Ciphering | Envelope
    pre_established_pdu_size: int | None = None
    """Octets of the longest APDU, where the association stands without AARQ."""

    @property
    def needs_keys(self) -> bool:
        """Whether the association cannot be without the meter's keys and its system title."""
        return self.ciphered or self.authentication in WITH_KEYS

    @property
    def needs_secret(self) -> bool:
        return self.authentication in WITH_SECRET

    @property
    def needs_signing_keys(self) -> bool:
        return self.authentication is Authentication.HLS_ECDSA or Layer.SIGNED in self._layers

    @property
    def needs_agreement_keys(self) -> bool:
        return not AGREED.isdisjoint(self._layers)

    @property
    def needs_master_key(self) -> bool:
        return Layer.WRAPPED in self._layers

    @property
    def ciphering_text(self) -> str:
        """The form of a request, as the registry writes it; a signature around it stands before it."""
        words = {form: word for word, form in CIPHERINGS.items()} | {Layer.SIGNED: "signed"}
        layers = self.ciphering.layers if isinstance(self.ciphering, Envelope) else (self.ciphering,)
        return ", ".join(words[layer] for layer in layers)

    @property
    def _layers(self) -> tuple[Ciphering | Layer, ...]:
        return self.ciphering.layers if isinstance(self.ciphering, Envelope) and self.ciphered else ()

    @property
    def key_octets(self) -> int:
        """Octets of each symmetric key."""
        return KEY_OCTETS_OF[self.suite]


def terms_of(row: MeterRow, profile: CompanionProfile) -> Terms:
    """How to associate with the meter. Raises ConfigError where neither says, or the row says what nobody knows."""
    name = profile.association_of(row.client_sap, row.server_sap)
    offered = None if name is None else profile.associations[name]
    if offered is None and not row.authentication:
        expected = f"an association of {profile.name}, or authentication"
        raise ConfigError(f"{profile.name} has no association for client {row.client_sap}", expected=expected)
    authentication = Authentication.LOWEST if offered is None else offered.authentication
    authentication = _said("authentication", row.authentication, AUTHENTICATIONS, authentication)
    # The profile's context belongs to the profile's mechanism.
    same = offered is not None and offered.authentication is authentication
    ciphered = offered.ciphered if offered is not None and same else authentication in CIPHERED_BY_NATURE
    terms = Terms(
        framing=framing_kind(row.link),
        referencing=_said(
            "referencing",
            row.referencing,
            REFERENCINGS,
            Referencing.LOGICAL_NAME if offered is None else offered.referencing,
        ),
        authentication=authentication,
        ciphered=_said("context", row.context, CONTEXTS, ciphered),
        suite=profile.security_suite if row.suite is None else _said("suite", row.suite, SUITES, SecuritySuite.SUITE_0),
        policy=_said("policy", row.policy, POLICIES, _requested(profile.security_policy)),
        ciphering=_form(_said("ciphering", row.ciphering, CIPHERINGS, Ciphering.GLOBAL), profile.security_policy),
        pre_established_pdu_size=offered.pre_established_pdu_size if offered is not None and same else None,
    )
    if terms.suite is SecuritySuite.SUITE_0:
        if terms.authentication is Authentication.HLS_ECDSA:
            raise ConfigError("suite", expected="1 or 2 for hls_ecdsa")
        if terms.needs_signing_keys or terms.needs_agreement_keys:
            raise ConfigError("suite", expected="1 or 2 for signatures and agreed keys")
    return terms


def _requested(policy: SecurityPolicy) -> SecurityControl:
    """What a policy asks of requests; everything where it asks for nothing, since a network has ears."""
    everything = SecurityControl.AUTHENTICATED_ENCRYPTED
    return SecurityControl(policy >> POLICY_SHIFT << CONTROL_SHIFT & everything) or everything


def _form(form: Ciphering | Layer, policy: SecurityPolicy) -> Ciphering | Envelope:
    """The form of a request: signed outside of its ciphering where the policy asks for that."""
    if policy & SecurityPolicy.DIGITALLY_SIGNED_REQUEST:
        return Envelope((Layer.SIGNED, form))
    return form if isinstance(form, Ciphering) else Envelope((form,))


def framing_kind(link: str) -> FramingKind:
    """What APDUs travel in over a link of this kind."""
    if link in HDLC_LINKS:
        return FramingKind.HDLC
    return FramingKind.MBUS if link in MBUS_LINKS else FramingKind.WRAPPER


def _said(name: str, said: object, words: Mapping[Any, Word], silent: Word) -> Word:
    """What a word of the row means; `silent` where it says nothing."""
    if said == "":
        return silent
    try:
        return words[said]
    except KeyError:
        raise ConfigError(name, expected=listed(words)) from None


def listed(words: Iterable[object]) -> str:
    """The words as a choice."""
    *others, last = map(str, words)
    return f"{', '.join(others)} or {last}" if others else last
