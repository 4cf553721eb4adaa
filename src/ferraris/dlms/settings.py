"""What one end brings to an association: its addresses' roles, authentication, protection and sizes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Protocol

from ferraris.cosem import Referencing, SecuritySuite
from ferraris.dlms.apdu import ApplicationContext, Conformance, Mechanism
from ferraris.dlms.ciphering import (
    SYSTEM_TITLE_OCTETS,
    CipherKeys,
    InvocationCounterGuard,
    InvocationCounterSource,
    SecurityControl,
)
from ferraris.dlms.key_pairs import KeyPairs
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError, SecurityError
from ferraris.kernel.limits import APDU_OCTETS_MAX, INVOCATION_COUNTER_SENDERS_MAX

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

CONFORMANCE_BY_SHORT_NAMES: Final = (
    Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.GENERAL_PROTECTION
)
_CONTEXTS: Final = {
    (Referencing.LOGICAL_NAME, False): ApplicationContext.LOGICAL_NAME,
    (Referencing.LOGICAL_NAME, True): ApplicationContext.LOGICAL_NAME_CIPHERED,
    (Referencing.SHORT_NAME, False): ApplicationContext.SHORT_NAME,
    (Referencing.SHORT_NAME, True): ApplicationContext.SHORT_NAME_CIPHERED,
}


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


class Layer(Enum):
    """A layer of general protection, by the key that it is made with."""

    IDENTIFIED = "general-ciphering, global unicast key"
    BROADCAST = "general-ciphering, global broadcast key"
    WRAPPED = "general-ciphering, key wrapped under the master key"
    ONE_PASS = "general-ciphering, key agreed by C(1e, 1s)"  # noqa: S105 - no password
    STATIC_UNIFIED = "general-ciphering, key agreed by C(0e, 2s)"
    SIGNED = "general-signing"


@dataclass(frozen=True, slots=True)
class Envelope:
    """How an APDU is protected where that is not just the policy's protection in one form of ciphering."""

    layers: tuple[Ciphering | Layer, ...]
    """Outermost first."""
    control: int = 0
    """Bits of the security control that the ciphered layers have beyond the policy's."""
    transaction_id: bytes = b""
    """Of the request, in its answer; empty for a request, which gets one of its own."""

    @property
    def is_dedicated(self) -> bool:
        """Whether one of the layers needs the dedicated key."""
        return any(isinstance(layer, Ciphering) and layer.is_dedicated for layer in self.layers)

    @property
    def signed(self) -> bool:
        """Whether a signature is among the layers."""
        return Layer.SIGNED in self.layers


def strengthened(form: Ciphering | Envelope, control: int) -> Envelope:
    """The form with these bits of the security control, too."""
    if isinstance(form, Envelope):
        return replace(form, control=form.control | control)
    return Envelope((form,), control)


class TransactionGuard(Protocol):
    """Remembers the highest transaction id accepted from each sender, over restarts."""

    def accept(self, system_title: bytes, received: int) -> None:
        """Persist `received`. Raises SecurityError unless it is above the last one accepted."""
        ...


class RisingTransactions:
    """Transaction ids of senders, for as long as this object lives."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[bytes, int] = {}

    def accept(self, system_title: bytes, received: int) -> None:
        """Raises SecurityError for a transaction id that is not above the last one, or for one sender too many."""
        last = self._last.get(system_title, -1)
        if received <= last:
            raise SecurityError("a transaction id is repeated", expected=last + 1, got=received)
        if last < 0 and len(self._last) >= INVOCATION_COUNTER_SENDERS_MAX:
            raise SecurityError("too many senders", expected=INVOCATION_COUNTER_SENDERS_MAX, got=system_title.hex())
        self._last[system_title] = received


@dataclass(frozen=True, slots=True)
class BroadcastKeys:
    """The key that a group of meters shares, with the counters that belong to it."""

    keys: CipherKeys = field(repr=False)
    counters: InvocationCounterSource = field(repr=False)
    guard: InvocationCounterGuard = field(repr=False)


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
    """How own APDUs are protected at least, and what a received one must have at least. An answer has what its request has,
    too."""
    ciphering: Ciphering | Envelope = Ciphering.GLOBAL
    peer_system_title: bytes | None = None
    """The only one to accept; None accepts the one that the peer names, as long as its APDUs verify."""
    key_pairs: KeyPairs | None = None
    """What suites 1 and 2 sign and agree keys with."""
    signed: bool = False
    """Whether the policy asks for a signature, too, on every APDU but the initiate ones."""
    master_key: bytes | None = field(default=None, repr=False)
    """Under which keys come wrapped in general-ciphering."""
    broadcast: BroadcastKeys | None = field(default=None, repr=False)
    answer_policy: SecurityControl | None = None
    """How own APDUs are protected at least, where a server's policy asks for something else than of requests."""
    tag_covers_header: bool = True
    """Whether the tag of general-ciphering covers the header before it. The standard says so, and meters do; Gurux does not."""
    takes_empty_title: bool = False
    """Whether a peer may leave its system title out of general-glo and general-ded APDUs."""
    transactions: TransactionGuard = field(default_factory=RisingTransactions, repr=False)
    """Of the transaction ids received, where no invocation counter tells a replay."""

    # What follows from the others, told once: each association asks for it several times.
    usual_control: int = field(init=False, repr=False, compare=False)
    """The security control that nearly every received APDU has; -1 where signatures are asked for: none has it then."""
    usual_start: bytes | None = field(init=False, repr=False, compare=False)
    """The octet of it where that is authenticated and encrypted, None where the policy asks for something else."""
    closing_control: int = field(init=False, repr=False, compare=False)
    """The closing policy as a number."""

    def __post_init__(self) -> None:
        usual = -1 if self.signed else self.policy | self.suite
        both = self.keys.both_control
        object.__setattr__(self, "usual_control", usual)
        object.__setattr__(self, "usual_start", bytes((both,)) if usual == both else None)
        object.__setattr__(self, "closing_control", int(self.closing_policy))
        for title in (self.system_title, self.peer_system_title):
            if title is not None and len(title) != SYSTEM_TITLE_OCTETS:
                raise LocalProtocolError(
                    "a system title has a wrong size", expected=f"{SYSTEM_TITLE_OCTETS} octets", got=len(title)
                )

    @property
    def suite(self) -> SecuritySuite:
        """The suite of the keys."""
        return self.keys.suite

    @property
    def closing_policy(self) -> SecurityControl:
        """How own APDUs are protected at least."""
        return self.policy if self.answer_policy is None else self.answer_policy

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
    streams_results: bool = False
    """Whether a client begins its reads with general block transfer where that was negotiated, so that the server follows: a long
    result then costs a round trip for each window and not for each block."""
    pre_established_pdu_size: int | None = None
    """Octets of the longest APDU that the peer takes, where both ends hold the association without AARQ. None: it is asked for."""
    sends_release: bool = True
    """False: a client leaves without RLRQ, for a server that has none."""
    release_timeout_ms: int = 10_000
    """How long a client waits for the RLRE, where that is less than for other answers: some servers send none."""
    referencing: Referencing = Referencing.LOGICAL_NAME
    """By short names, a conformance that is not stated is that of short names."""
    counter_raise_max: int = 0
    """How far an exception-response may raise a client's own invocation counter when it refuses the AARQ. The exception is in
    the clear, so each forged one can cost this much of the key's life."""

    # What follows from the others, told once: each association asks for it several times.
    ciphered: bool = field(init=False, repr=False, compare=False)
    """Whether the association is in the ciphered context."""
    application_context: ApplicationContext = field(init=False, repr=False, compare=False)
    """How AARQ and AARE name the context."""

    def __post_init__(self) -> None:
        ciphered = self.security is not None and not self.plain_context
        object.__setattr__(self, "ciphered", ciphered)
        object.__setattr__(self, "application_context", _CONTEXTS[self.referencing, ciphered])
        if self.referencing is Referencing.SHORT_NAME and self.conformance == CONFORMANCE_OF_THIS_ENGINE:
            object.__setattr__(self, "conformance", CONFORMANCE_BY_SHORT_NAMES)
        # An end that cannot carry out its mechanism would let the peer in without one.
        if self.mechanism in WITH_SECRET and not self.secret:
            raise LocalProtocolError("an HLS mechanism without a secret", expected="secret", got=self.mechanism.name)
        if self.mechanism in WITH_SECURITY and self.security is None:
            raise LocalProtocolError("an HLS mechanism without keys", expected="security", got=self.mechanism.name)
        if self.mechanism is Mechanism.HLS_ECDSA and (self.security is None or self.security.key_pairs is None):
            raise LocalProtocolError("HLS-ECDSA without a signing key", expected="key pairs")

    @property
    def needs_titles(self) -> bool:
        """Whether the mechanism takes the system titles into account, in whatever context."""
        return self.mechanism in WITH_SECURITY
