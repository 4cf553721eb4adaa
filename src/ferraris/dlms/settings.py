"""What one end brings to an association: its addresses' roles, authentication, protection and sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ferraris.dlms.apdu import Conformance, Mechanism
from ferraris.dlms.ciphering import (
    SYSTEM_TITLE_OCTETS,
    CipherKeys,
    InvocationCounterGuard,
    InvocationCounterSource,
    SecurityControl,
)
from ferraris.kernel.errors import LocalProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX

MECHANISMS_OF_THIS_ENGINE = (Mechanism.LOWEST, Mechanism.LLS, Mechanism.HLS_GMAC)

CONFORMANCE_OF_THIS_ENGINE = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.DATA_NOTIFICATION
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

    def __post_init__(self) -> None:
        for title in (self.system_title, self.peer_system_title):
            if title is not None and len(title) != SYSTEM_TITLE_OCTETS:
                raise LocalProtocolError(
                    "a system title has a wrong size", expected=f"{SYSTEM_TITLE_OCTETS} octets", got=len(title)
                )


@dataclass(frozen=True, slots=True)
class AssociationSettings:
    """One row of an end's association table."""

    mechanism: Mechanism = Mechanism.LOWEST
    secret: bytes = field(default=b"", repr=False)
    """The LLS secret."""
    security: Security | None = None
    """None: the association is in the plain context."""
    conformance: Conformance = CONFORMANCE_OF_THIS_ENGINE
    max_receive_pdu_size: int = APDU_OCTETS_MAX
    """Octets of the longest APDU that this end takes."""
    response_timeout_ms: int = 10_000
    """How long a client waits for an answer, and a server for the client to complete its authentication."""
    challenge_octets: int = 16

    def __post_init__(self) -> None:
        # An end that cannot carry out its mechanism would let the peer in without one.
        if self.mechanism not in MECHANISMS_OF_THIS_ENGINE:
            names = ", ".join(mechanism.name for mechanism in MECHANISMS_OF_THIS_ENGINE)
            raise LocalProtocolError("no such authentication here", expected=names, got=self.mechanism.name)
        if self.mechanism is Mechanism.HLS_GMAC and self.security is None:
            raise LocalProtocolError("HLS-GMAC without keys", expected="security")
