"""The security of one meter: its keys, secrets, policy and certificates as they are now, and every way to change them.

The works give each meter its symmetric keys and, for suites 1 and 2, two key pairs with certificates of the fleet's
authority, all made from the fleet's seed. What clients change since then is in the meter's memory before it is answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from ferraris.cosem import KeyData, KeyId, SecurityPolicy, SecurityPolicyV0, SecuritySuite
from ferraris.dlms import (
    KEY_OCTETS_OF,
    AlgorithmArcs,
    Certificate,
    CertificateAuthority,
    CertificateStore,
    CipherKeys,
    Curve,
    KeyPairs,
    KeyPurpose,
    PrivateKey,
    SecurityControl,
    algorithm_id,
    certificate_request,
    curve_of_suite,
    derive_key,
    offer,
    offered_point,
    unwrap_key,
)
from ferraris.kernel.entropy import Entropy, SeededEntropy
from ferraris.kernel.errors import AuthenticationError, InvocationCounterError, SecurityError
from ferraris.kernel.limits import INVOCATION_COUNTER_SENDERS_MAX, LLS_SECRET_OCTETS_MAX
from ferraris.keys import MeterKeys
from ferraris.meter.security_memory import WAITING, SecurityMemory, SecurityState

MADE_AT_S: Final = 1_577_836_800
"""The beginning of 2020: certificates of the works are valid from then on, for a hundred years."""
SECRET_OCTETS_MIN: Final = 8
PURPOSES: Final = (KeyPurpose.SIGNING, KeyPurpose.AGREEMENT)


def fleet_authority(seed: int, suite: SecuritySuite) -> CertificateAuthority:
    """The authority that certifies the keys of a fleet's meters, and of the clients that they believe."""
    curve = curve_of_suite(suite)
    key = PrivateKey.generate(curve, SeededEntropy(f"authority of fleet {seed} on {curve.name}"))
    return CertificateAuthority(f"Fleet {seed} {curve.name}", key, MADE_AT_S)


@dataclass(frozen=True, slots=True)
class Works:
    """What a meter got when it was made."""

    system_title: bytes
    suite: SecuritySuite
    keys: MeterKeys
    policy: SecurityPolicy
    seed: int
    setup_version: int = 1
    """Of the security setup."""


class MeterSecurity:
    """Keys, secrets, policy and certificates of one meter."""

    def __init__(self, works: Works, memory: SecurityMemory, now_s: Callable[[], int], entropy: Entropy) -> None:
        self._works = works
        self._memory = memory
        self._now_s = now_s
        self._entropy = entropy
        self._state = memory.load(works.suite)
        self.unicast_key_changed: Callable[[], None] = lambda: None
        """Called when the global unicast key is another one: counters received under the old one count no more."""

    @property
    def suite(self) -> SecuritySuite:
        return self._works.suite

    @property
    def state(self) -> SecurityState:
        """What differs from the works."""
        return self._state

    @property
    def policy(self) -> SecurityPolicy:
        state, works = self._state.policy, self._works.policy
        return works if state is None else SecurityPolicy(state)

    @property
    def shown_policy(self) -> SecurityPolicy | SecurityPolicyV0:
        """The policy as the security setup of this meter's version shows it."""
        return self.policy if self._works.setup_version else SecurityPolicyV0(self.policy >> 2 & 0x03)

    @property
    def master_key(self) -> bytes | None:
        return self._state.keys.get(KeyId.MASTER_KEY.name, self._works.keys.master_key)

    @property
    def cipher_keys(self) -> CipherKeys:
        """The global unicast key with the authentication key."""
        keys, works = self._state.keys, self._works.keys
        encryption_key = keys.get(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY.name, works.encryption_key)
        return CipherKeys(encryption_key, self._authentication_key, self.suite)

    @property
    def broadcast_keys(self) -> CipherKeys | None:
        """The broadcast key with the authentication key; None as long as no client has given one."""
        key = self._state.keys.get(KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY.name)
        return None if key is None else CipherKeys(key, self._authentication_key, self.suite)

    @property
    def _authentication_key(self) -> bytes:
        return self._state.keys.get(KeyId.GLOBAL_AUTHENTICATION_KEY.name, self._works.keys.authentication_key)

    def secret(self, association: str) -> bytes:
        """The LLS or HLS secret of an association."""
        return self._state.secrets.get(association, self._works.keys.lls_secret or b"")

    @property
    def request_policy(self) -> SecurityControl:
        """What requests must have."""
        return _control(self.policy >> 2)

    @property
    def answer_policy(self) -> SecurityControl:
        """What answers have at least."""
        return _control(self.policy >> 5)

    @property
    def wants_signatures(self) -> bool:
        return bool(self.policy & SecurityPolicy.DIGITALLY_SIGNED_REQUEST)

    # Certificates and key pairs

    @cached_property
    def certificates(self) -> CertificateStore:
        """The certificates that the meter believes, its own among them."""
        authority = self._authority
        held = CertificateStore(self._curve, [authority.certificate], self._now_s)
        octets = self._state.certificates
        if octets is None:
            octets = tuple(
                authority.issue(self._works.system_title, self._key_of_works(purpose).point, purpose, MADE_AT_S)
                for purpose in PURPOSES
            )
        for one in octets:
            held.take(one, checked=False)
        return held

    @property
    def key_pairs(self) -> KeyPairs | None:
        """What suites 1 and 2 sign and agree keys with."""
        if self.suite is SecuritySuite.SUITE_0:
            return None
        signing, agreement = (self._key_in_use(purpose) for purpose in PURPOSES)
        return KeyPairs(self.certificates, signing, agreement)

    @property
    def _curve(self) -> Curve:
        return curve_of_suite(self.suite)

    @cached_property
    def _authority(self) -> CertificateAuthority:
        return fleet_authority(self._works.seed, self.suite)

    def _key_of_works(self, purpose: KeyPurpose) -> PrivateKey:
        title = self._works.system_title.hex()
        return PrivateKey.generate(self._curve, SeededEntropy(f"{purpose.value} {title} {self._works.seed}"))

    def _key_in_use(self, purpose: KeyPurpose) -> PrivateKey:
        kept = self._state.private_keys.get(purpose.name)
        return self._key_of_works(purpose) if kept is None else PrivateKey(kept, self._curve)

    def is_own(self, certificate: Certificate) -> bool:
        """Whether the meter itself is the holder."""
        return certificate.system_title == self._works.system_title

    def generate_key_pair(self, purpose: KeyPurpose) -> None:
        """A new key pair, which waits for its certificate before it is used."""
        key = PrivateKey.generate(self._curve, self._entropy)
        self._keep(private_keys={**self._state.private_keys, _waiting(purpose): key.octets})

    def certificate_request(self, purpose: KeyPurpose) -> bytes:
        """PKCS#10 for the key pair that waits for a certificate, or else for the one in use."""
        waiting = self._state.private_keys.get(_waiting(purpose))
        key = self._key_in_use(purpose) if waiting is None else PrivateKey(waiting, self._curve)
        return certificate_request(key, self._works.system_title)

    def import_certificate(self, octets: bytes) -> None:
        """Believe a certificate; one of our own brings the key pair that waited for it into use."""
        certificate = Certificate.parse(octets)
        private_keys = dict(self._state.private_keys)
        if self.is_own(certificate):
            waiting = private_keys.pop(_waiting(certificate.purpose), None)
            if waiting is not None and PrivateKey(waiting, self._curve).point == certificate.point:
                private_keys[certificate.purpose.name] = waiting
            elif self._key_in_use(certificate.purpose).point != certificate.point:
                raise AuthenticationError("a certificate of ours for a key that is not ours", got=certificate.subject)
        self.certificates.take(octets)
        self._keep_certificates(private_keys)

    def remove_certificate(self, certificate: Certificate) -> None:
        """Believe it no longer. Neither the authority's nor our own go: the meter could not be reached any more."""
        if self.is_own(certificate) or certificate.purpose is KeyPurpose.AUTHORITY:
            raise SecurityError("this certificate stays", expected="one of a client", got=certificate.subject)
        self.certificates.remove(certificate)
        self._keep_certificates(self._state.private_keys)

    def _keep_certificates(self, private_keys: Mapping[str, bytes]) -> None:
        root = self._authority.certificate
        octets = tuple(one.octets for one in self.certificates.certificates if one != root)
        try:
            self._keep(certificates=octets, private_keys=private_keys)
        finally:
            del self.certificates  # what is believed is what is kept

    # Symmetric keys

    def transfer(self, items: Sequence[KeyData]) -> None:
        """New keys, wrapped under the master key: all of them, or none. Raises SecurityError."""
        master_key = self.master_key
        if master_key is None:
            raise SecurityError("the meter has no master key", expected="one from the works")
        self._change_keys({item.key_id: unwrap_key(master_key, item.key_data) for item in items})

    def agree(self, items: Sequence[KeyData], client: bytes) -> tuple[KeyData, ...]:
        """New keys by C(2e, 0s) with the client of this system title: our halves of the agreements. Raises SecurityError."""
        pairs = self.key_pairs
        if pairs is None:
            raise SecurityError("security suite 0 agrees no keys", expected="suite 1 or 2")
        signer = pairs.peers.signing_point(client)
        answers, keys = [], {}
        for item in items:
            point = offered_point(item.key_id, item.key_data, signer)
            ephemeral = PrivateKey.generate(self._curve, self._entropy)
            algorithm = algorithm_id(self.suite, AlgorithmArcs.LATER, item.key_id)
            secret = ephemeral.shared_secret(point)
            keys[item.key_id] = derive_key(secret, algorithm, client, self._works.system_title, self.suite)
            answers.append(KeyData(item.key_id, offer(item.key_id, ephemeral, pairs.own_signing)))
        self._change_keys(keys)
        return tuple(answers)

    def _change_keys(self, keys: Mapping[KeyId, bytes]) -> None:
        for key_id, key in keys.items():
            if len(key) != KEY_OCTETS_OF[self.suite]:
                raise SecurityError(
                    "a key has another suite's size", expected=KEY_OCTETS_OF[self.suite], got=key_id.name
                )
        before = self.cipher_keys.encryption_key
        new = keys.get(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, before)
        former = self._state.former_keys
        if new != before:
            former = (*former, _digest(before))
            if _digest(new) in former:
                raise SecurityError("a key that was in use before", expected="a new one")
        names = {key_id.name: key for key_id, key in keys.items()}
        self._keep(keys={**self._state.keys, **names}, former_keys=former)
        if new != before:
            self.unicast_key_changed()

    # Policy, secrets, transactions

    def activate(self, policy: SecurityPolicy) -> None:
        """A stronger policy. Raises SecurityError for one that asks for less than now, or for what the suite does not have."""
        signatures = SecurityPolicy.DIGITALLY_SIGNED_REQUEST | SecurityPolicy.DIGITALLY_SIGNED_RESPONSE
        if policy & self.policy != self.policy:
            raise SecurityError("a policy is only ever strengthened", expected=repr(self.policy), got=repr(policy))
        if policy & signatures and self.suite is SecuritySuite.SUITE_0:
            raise SecurityError("security suite 0 has no signatures", got=repr(policy))
        self._keep(policy=int(policy))

    def change_secret(self, association: str, secret: bytes) -> None:
        """A new LLS or HLS secret of an association."""
        if not SECRET_OCTETS_MIN <= len(secret) <= LLS_SECRET_OCTETS_MAX:
            expected = f"{SECRET_OCTETS_MIN} to {LLS_SECRET_OCTETS_MAX} octets"
            raise SecurityError("a secret has a wrong size", expected=expected, got=len(secret))
        self._keep(secrets={**self._state.secrets, association: secret})

    def accept(self, system_title: bytes, received: int) -> None:
        """As a guard of transaction ids: keep the id, and raise SecurityError unless it is above the last one."""
        self.accept_above(system_title.hex(), received)

    @property
    def broadcast_guard(self) -> RisingNumbers:
        """The guard of the invocation counters under the present broadcast key."""
        key = self._state.keys.get(KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY.name, b"")
        return RisingNumbers(self, f"broadcast {_digest(key).hex()[:8]}")

    @property
    def data_guard(self) -> RisingNumbers:
        """The guard of transaction ids of protected data: what carries the data has ids of its own."""
        return RisingNumbers(self, "data")

    def accept_above(self, name: str, received: int) -> None:
        """Keep a number, and raise InvocationCounterError unless it is above the last one of that name."""
        known = self._state.transactions
        last = known.get(name, -1)
        if received <= last:
            raise InvocationCounterError("a message is repeated", expected=last + 1, got=received)
        if last < 0 and len(known) >= INVOCATION_COUNTER_SENDERS_MAX:
            raise SecurityError("too many senders", expected=INVOCATION_COUNTER_SENDERS_MAX, got=name)
        self._keep(durable=False, transactions={**known, name: received})

    def _keep(self, *, durable: bool = True, **changes: object) -> None:
        state = replace(self._state, **changes)  # type: ignore[arg-type]
        self._memory.save(state, durable=durable)
        self._state = state


class RisingNumbers:
    """Accepts numbers of one kind only upwards, each sender's for itself."""

    __slots__ = ("_kind", "_security")

    def __init__(self, security: MeterSecurity, kind: str) -> None:
        self._security = security
        self._kind = kind

    def accept(self, system_title: bytes, received: int) -> None:
        """Persist `received`. Raises InvocationCounterError unless it is above the last one accepted."""
        self._security.accept_above(f"{self._kind} {system_title.hex()}", received)


def _control(bits: int) -> SecurityControl:
    """Security control bits for the lowest two of a policy's three bits: authenticated, encrypted."""
    return SecurityControl((bits & 0x03) << 4)


def _waiting(purpose: KeyPurpose) -> str:
    return f"{WAITING}{purpose.name}"


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(b"former key" + key).digest()[:16]
