"""What one end brings to an association: its addresses' roles, authentication, protection and sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ferraris.cosem import SecuritySuite
from ferraris.dlms.apdu import Conformance, Mechanism
from ferraris.dlms.ciphering import (
    SYSTEM_TITLE_OCTETS,
    CipherKeys,
    InvocationCounterGuard,
    InvocationCounterSource,
    SecurityControl,
)
from ferraris.dlms.key_pairs import KeyPairs
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX

WITH_SECRET: Final = (Mechanism.HLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256)
WITH_SECURITY: Final = (Mechanism.HLS_GMAC, Mechanism.HLS_SHA256, Mechanism.HLS_ECDSA)
"""HLS mechanisms that need a shared secret, and those that need system titles, keys or key pairs."""

CONFORMANCE_OF_THIS_ENGINE = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.ACCESS
    | Conformance.DATA_NOTIFICATION
    | Conformance.EVENT_NOTIFICATION
    | Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.GENERAL_PROTECTION
)


class Ciphering(Enum):
    """Which ciphered form a client sends its requests in; a server answers in the form of the request."""

    GLOBAL = "glo"
    DEDICATED = "ded"
    GENERAL_GLOBAL = "general-glo"
    GENERAL_DEDICATED = "general-ded"

    def __init__(self, form: str) -> None:
        # Asked for every APDU: plain attributes, since a property would be computed each time.
        self.is_dedicated = form.endswith("ded")
        self.is_general = form.startswith("general")


@dataclass(frozen=True, slots=True)
class Security:
    """The keys of an association in a ciphered context, and what they must protect."""

    system_title: bytes
    """Of this end, 8 octets."""
    keys: CipherKeys = field(repr=False)
    counters: InvocationCounterSource = field(repr=False)
    """Invocation counters that this end sends under `keys`."""
    guard: InvocationCounterGuard = field(repr=False)
    """Of the counters received under `keys`."""
    policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED
    """How own APDUs are protected, and what a received one must have at least."""
    ciphering: Ciphering = Ciphering.GLOBAL
    peer_system_title: bytes | None = None
    """The only one to accept; None accepts the one that the peer names, as long as its APDUs verify."""
    key_pairs: KeyPairs | None = None
    """What suites 1 and 2 sign and agree keys with."""

    def __post_init__(self) -> None:
        for title in (self.system_title, self.peer_system_title):
            if title is not None and len(title) != SYSTEM_TITLE_OCTETS:
                raise LocalProtocolError(
                    "a system title has a wrong size", expected=f"{SYSTEM_TITLE_OCTETS} octets", got=len(title)
                )

    @property
    def suite(self) -> SecuritySuite:
        """The suite of the keys."""
        return self.keys.suite

    def checked_title(self, system_title: bytes) -> bytes:
        """The system title that the peer names in its AARQ or AARE. Raises AuthenticationError for a wrong one."""
        if len(system_title) != SYSTEM_TITLE_OCTETS:
            raise AuthenticationError(
                "a system title has a wrong size", expected=SYSTEM_TITLE_OCTETS, got=len(system_title)
            )
        if self.peer_system_title not in (None, system_title):
            raise AuthenticationError("the peer's system title is not the expected one", got=system_title.hex())
        if system_title == self.system_title:
            raise AuthenticationError("the peer's system title is our own", got=system_title.hex())
        return system_title


@dataclass(frozen=True, slots=True)
class AssociationSettings:
    """One row of an end's association table."""

    mechanism: Mechanism = Mechanism.LOWEST
    secret: bytes = field(default=b"", repr=False)
    """The LLS secret, or that of HLS mechanisms 2, 3, 4 and 6."""
    security: Security | None = None
    """None: the association is in the plain context."""
    plain_context: bool = False
    """The association is in the plain context although there are keys: they serve HLS authentication only."""
    conformance: Conformance = CONFORMANCE_OF_THIS_ENGINE
    max_receive_pdu_size: int = APDU_OCTETS_MAX
    """Octets of the longest APDU that this end takes."""
    response_timeout_ms: int = 10_000
    """How long a client waits for an answer, and a server for the client to complete its authentication."""
    challenge_octets: int = 16
    general_block_window: int = 16
    """Blocks of a general block transfer that this end takes without an acknowledgement between them."""
    pre_established_pdu_size: int | None = None
    """Octets of the longest APDU that the peer takes, where both ends hold the association without AARQ. None: it is asked for."""
    sends_release: bool = True
    """False: a client leaves without RLRQ, for a server that has none."""
    counter_raise_max: int = 0
    """How far an exception-response may raise a client's own invocation counter when it refuses the AARQ. The exception is in
    the clear, so each forged one can cost this much of the key's life."""

    def __post_init__(self) -> None:
        # An end that cannot carry out its mechanism would let the peer in without one.
        if self.mechanism in WITH_SECRET and not self.secret:
            raise LocalProtocolError("an HLS mechanism without a secret", expected="secret", got=self.mechanism.name)
        if self.mechanism in WITH_SECURITY and self.security is None:
            raise LocalProtocolError("an HLS mechanism without keys", expected="security", got=self.mechanism.name)
        if self.mechanism is Mechanism.HLS_ECDSA and (self.security is None or self.security.key_pairs is None):
            raise LocalProtocolError("HLS-ECDSA without a signing key", expected="key pairs")

    @property
    def ciphered(self) -> bool:
        """Whether the association is in the ciphered context."""
        return self.security is not None and not self.plain_context
