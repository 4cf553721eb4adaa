"""The keys and invocation counters of the meters, for as long as the head-end runs.

Keys are unwrapped when first needed. Counters that we send are reserved in the record store before use; at the start one
transaction reserves a block for every meter, so that ten thousand first associations do not cost as many flushes of the
disk. The marks of received counters are handed out for writing (`take_marks`) and written with the next batch of records.
A mark of what was received belongs to one sender under one pair of keys: a meter that takes another's place in the registry,
or gets new keys, begins anew, and one that gets its old keys back goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256

from ferraris.client import ClientSettings
from ferraris.cosem import Quirk, SecuritySuite, quirks_of
from ferraris.dlms import (
    AssociationSettings,
    CipherKeys,
    KeyPairs,
    KnownPoints,
    PrivateKey,
    PushSecurity,
    ReceivedPush,
    Security,
    confirmation_of,
    curve_of_suite,
    open_push_in_layers,
    tolerant_push,
    tolerant_settings,
)
from ferraris.dlms.apdu import Mechanism
from ferraris.headend import Terms, terms_of
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError, InvocationCounterError, RemoteProtocolError
from ferraris.kernel.limits import INVOCATION_COUNTER_MAX
from ferraris.keys import CounterGuard, MasterKey, ReservedCounter
from ferraris.runtime.companion import companion_profile
from ferraris.runtime.settings import PUBLIC_CLIENT_SAP, RuntimeSettings
from ferraris.store import InvocationCounterRow, MeterRow, RecordStore

SENT = "sent"
RECEIVED = "received"
PUSHED = "pushed"
PUSH_TRANSACTIONS = "push transactions"
"""Names of counters in the record store. Pushes have a mark of their own: they may overtake answers and be overtaken."""


class CounterUsedUpError(InvocationCounterError):
    """Our own counter has no value left: this key must be changed."""


class OwnCounter:
    """The counter that we send under one meter's key."""

    def __init__(self, counter: ReservedCounter) -> None:
        self._counter = counter

    @property
    def last_taken(self) -> int:
        return self._counter.last_taken

    def take(self) -> int:
        if self._counter.last_taken >= INVOCATION_COUNTER_MAX:
            raise CounterUsedUpError("the invocation counter of this meter's key is used up: change the key")
        return self._counter.take()

    def raise_above(self, used_up_to: int) -> None:
        self._counter.raise_to(used_up_to + 1)


class MeterGuard:
    """The counters that a meter's answers carry: one that falls back is the meter breaking the rules, not our key."""

    def __init__(self, guard: CounterGuard) -> None:
        self._guard = guard

    def accept(self, system_title: bytes, received: int) -> None:
        try:
            self._guard.accept(system_title, received)
        except InvocationCounterError as error:
            raise RemoteProtocolError(error.summary, expected=error.expected, got=error.got) from error


class PushTransactions:
    """The transaction ids of a meter's pushes, where no counter tells a replay: its own are counters of the same kind."""

    def __init__(self, guard: CounterGuard) -> None:
        self._guard = guard

    def accept(self, system_title: bytes, received: int) -> None:
        if received > INVOCATION_COUNTER_MAX:
            raise InvocationCounterError("a transaction id of a push is no counter", got=received)
        self._guard.accept(system_title, received)


@dataclass(frozen=True, slots=True)
class _Unwrapped:
    """What is known of one meter; `sender` names its system title under these keys without betraying them."""

    secret: bytes = field(repr=False)
    ciphers: CipherKeys | None = field(repr=False)
    signing: PrivateKey | None = field(repr=False)
    agreement: PrivateKey | None = field(repr=False)
    master: bytes | None = field(repr=False)
    sender: str


class KeyRing:
    """Everything that protects the talk with the meters. Shows no key."""

    def __init__(self, records: RecordStore, master_key: MasterKey, settings: RuntimeSettings) -> None:
        self._records = records
        self._master_key = master_key
        self._settings = settings
        self._marks = {(row.meter, row.name): row.reserved for row in records.invocation_counters()}
        """As the record store has them, or is about to for received ones."""
        self._floors = dict(self._marks)
        """As the record store had them at the start: sent values above them are fresh."""
        self._unwritten: dict[tuple[int, str], int] = {}
        self._counters: dict[int, OwnCounter] = {}
        self._guards: dict[tuple[int, str], CounterGuard] = {}
        self._keys: dict[int, _Unwrapped] = {}
        self._titles: dict[bytes, MeterRow] = {}
        self._title_of: dict[int, bytes] = {}

    def register(self, rows: Iterable[MeterRow]) -> None:
        """Know these meters by their system titles, and reserve a block of counters for each in one transaction."""
        wanted = []
        for row in rows:
            self._name(row)
            self._keys.pop(row.id, None)
            up_to = min(self._floors.get((row.id, SENT), 0) + self._settings.counter_block, INVOCATION_COUNTER_MAX)
            if up_to > self._marks.get((row.id, SENT), 0):
                wanted.append(InvocationCounterRow(meter=row.id, name=SENT, reserved=up_to))
        if wanted:
            self._records.reserve_invocation_counters(wanted)
        for counter in wanted:
            self._marks[counter.meter, SENT] = counter.reserved

    def meter_of(self, system_title: bytes) -> MeterRow | None:
        return self._titles.get(system_title)

    def client_settings(self, row: MeterRow) -> ClientSettings:
        """How to associate with a meter as its registered client. Raises ConfigError or SecurityError for unusable keys."""
        terms = terms_of(row, companion_profile(row.profile))
        keys = self._unwrapped(row)
        if terms.needs_secret and not keys.secret:
            raise ConfigError("this meter's secret is not known", expected="lls_secret in the registry")
        association = AssociationSettings(
            mechanism=Mechanism(terms.authentication.value),
            secret=keys.secret if terms.needs_secret else b"",
            security=self._security(row, terms) if terms.needs_keys else None,
            plain_context=not terms.ciphered,
            response_timeout_ms=int(self._settings.response_timeout_s * 1_000),
            referencing=terms.referencing,
            pre_established_pdu_size=terms.pre_established_pdu_size,
        )
        return ClientSettings(tolerant_settings(association, _quirks(row)), row.client_sap, row.server_sap)

    def public_settings(self, row: MeterRow) -> ClientSettings:
        """How to associate as the public client, without keys."""
        stranger = replace(row, client_sap=PUBLIC_CLIENT_SAP, authentication="lowest", context="plain")
        association = AssociationSettings(
            response_timeout_ms=int(self._settings.response_timeout_s * 1_000),
            referencing=terms_of(stranger, companion_profile(row.profile)).referencing,
        )
        return ClientSettings(tolerant_settings(association, _quirks(row)), PUBLIC_CLIENT_SAP, row.server_sap)

    def push_security(self, system_title: bytes) -> PushSecurity | None:
        """What is known of the sender of a push; None for a stranger."""
        row = self._titles.get(system_title)
        if row is None:
            return None
        ciphers = self._unwrapped(row).ciphers
        if ciphers is None:
            return None
        security = PushSecurity(ciphers, self._guard(row, PUSHED), open_layers=partial(self._open_layers, row))
        return tolerant_push(security, _quirks(row))

    def _open_layers(self, row: MeterRow, octets: bytes) -> bytes:
        """A push out of its layers of general protection. Raises as `Protection.open`."""
        keys = self._unwrapped(row)
        assert keys.ciphers is not None  # the sender was found by them
        security = Security(
            system_title=self._settings.system_title,
            keys=keys.ciphers,
            counters=self.counter(row.id),
            guard=self._guard(row, PUSHED),
            peer_system_title=row.system_title,
            key_pairs=_known_pairs(row, keys),
            master_key=keys.master,
            transactions=PushTransactions(self._guard(row, PUSH_TRANSACTIONS)),
        )
        return open_push_in_layers(octets, security, SystemEntropy())

    def push_confirmation(self, push: ReceivedPush) -> bytes | None:
        """The answer to a push that asks to be confirmed; None when it does not, or we have no counter left to say so."""
        row = self._titles.get(push.system_title)
        ciphers = None if row is None else self._unwrapped(row).ciphers
        if row is None or ciphers is None:
            return None
        try:
            return confirmation_of(push, self._settings.system_title, ciphers, self.counter(row.id))
        except CounterUsedUpError:
            return None

    def counter(self, meter: int) -> OwnCounter:
        """The counter that we send to a meter."""
        counter = self._counters.get(meter)
        if counter is None:
            reserved = ReservedCounter(
                self._floors.get((meter, SENT)),
                lambda up_to: self._reserve(meter, up_to),
                block=self._settings.counter_block,
            )
            counter = self._counters[meter] = OwnCounter(reserved)
        return counter

    def take_marks(self) -> list[InvocationCounterRow]:
        """The marks of received counters that are not in the record store yet; hand them back with `keep_marks`."""
        rows = [InvocationCounterRow(meter=m, name=n, reserved=mark) for (m, n), mark in self._unwritten.items()]
        self._unwritten.clear()
        return rows

    def keep_marks(self, rows: Iterable[InvocationCounterRow]) -> None:
        """These marks could not be written: they are due again."""
        for row in rows:
            self._unwritten.setdefault((row.meter, row.name), row.reserved)

    def _name(self, row: MeterRow) -> None:
        """Know the meter by its system title, and no longer by the one it had before."""
        former = self._title_of.get(row.id, row.system_title)
        if self._titles.get(former, row).id == row.id:
            self._titles.pop(former, None)
        if row.system_title:
            self._titles[row.system_title] = row
        self._title_of[row.id] = row.system_title

    def _security(self, row: MeterRow, terms: Terms) -> Security:
        keys = self._unwrapped(row)
        if keys.ciphers is None or not row.system_title:
            raise ConfigError("this meter's keys are not known", expected="encryption_key and system_title")
        return Security(
            system_title=self._settings.system_title,
            keys=keys.ciphers,
            counters=self.counter(row.id),
            guard=MeterGuard(self._guard(row, RECEIVED)),
            policy=terms.policy,
            ciphering=terms.ciphering,
            peer_system_title=row.system_title,
            key_pairs=_key_pairs(row, keys, terms),
            master_key=_master_key(keys) if terms.needs_master_key else None,
        )

    def _unwrapped(self, row: MeterRow) -> _Unwrapped:
        known = self._keys.get(row.id)
        if known is None:
            known = self._keys[row.id] = self._unwrap(row)
        return known

    def _unwrap(self, row: MeterRow) -> _Unwrapped:
        unwrap, profile = self._master_key.unwrap, companion_profile(row.profile)
        suite = profile.security_suite if row.suite is None else SecuritySuite(row.suite)
        secret = b"" if row.wrapped_lls_secret is None else self._master_key.unwrap_secret(row.wrapped_lls_secret)
        signing, agreement = (
            PrivateKey(self._master_key.unwrap_secret(wrapped), curve_of_suite(suite)) if wrapped else None
            for wrapped in (row.wrapped_signing_key, row.wrapped_agreement_key)
        )
        encryption_key = unwrap(row.wrapped_encryption_key) if row.wrapped_encryption_key else b""
        authentication_key = unwrap(row.wrapped_authentication_key) if row.wrapped_authentication_key else b""
        return _Unwrapped(
            secret,
            CipherKeys(encryption_key, authentication_key, suite) if encryption_key else None,
            signing,
            agreement,
            unwrap(row.wrapped_master_key) if row.wrapped_master_key else None,
            sha256(row.system_title + encryption_key + authentication_key).hexdigest()[:16],
        )

    def _guard(self, row: MeterRow, of: str) -> CounterGuard:
        name = f"{of} {self._unwrapped(row).sender}"
        guard = self._guards.get((row.id, name))
        if guard is None:
            mark = self._marks.get((row.id, name))
            accepted = {} if mark is None else {row.system_title: mark}
            guard = CounterGuard(accepted, lambda _, value: self._mark(row.id, name, value))
            self._guards[row.id, name] = guard
        return guard

    def _mark(self, meter: int, name: str, value: int) -> None:
        self._unwritten[meter, name] = value

    def _reserve(self, meter: int, up_to: int) -> None:
        if up_to <= self._marks.get((meter, SENT), 0):
            return
        self._records.reserve_invocation_counter(meter, SENT, up_to)
        self._marks[meter, SENT] = up_to


def _key_pairs(row: MeterRow, keys: _Unwrapped, terms: Terms) -> KeyPairs | None:
    """What signs and agrees keys, as far as the terms ask for it. Raises ConfigError for what is not known."""
    if terms.needs_signing_keys and not (keys.signing and row.public_key):
        raise ConfigError("the keys for signatures are not known", expected="signing_key and public_key")
    if terms.needs_agreement_keys and not (keys.agreement and row.public_agreement_key):
        raise ConfigError("the keys for key agreement are not known", expected="agreement_key and public_agreement_key")
    return _known_pairs(row, keys) if terms.needs_signing_keys or terms.needs_agreement_keys else None


def _known_pairs(row: MeterRow, keys: _Unwrapped) -> KeyPairs:
    """All that is known of key pairs."""
    signing = {row.system_title: row.public_key} if row.public_key else {}
    agreement = {row.system_title: row.public_agreement_key} if row.public_agreement_key else {}
    return KeyPairs(KnownPoints(signing, agreement), keys.signing, keys.agreement)


def _master_key(keys: _Unwrapped) -> bytes:
    if keys.master is None:
        raise ConfigError("the key that wraps others is not known", expected="master_key")
    return keys.master


def _quirks(row: MeterRow) -> frozenset[Quirk]:
    return quirks_of(system_title=row.system_title, profile=row.profile)
