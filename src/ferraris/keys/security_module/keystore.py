"""A keystore, open under one credential: registers of sealed vending keys, transaction counter, audit.

Whatever changes it takes the file's lock, reads the file anew, changes that, and puts the new file in the old one's place:
two processes on one keystore lose nothing of one another's. First comes the line of the audit, then the change, and the
content holds number and seal of the last line it knows of: a crash in between leaves a line too many, never one too few.

The counter is taken in blocks of TRANSACTION_BLOCK at most, each durably before its first transaction is used. A crash
costs what was left of a block; no transaction is used that was not counted.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ferraris.kernel.clock import Clock, SystemClock
from ferraris.kernel.entropy import Entropy, SystemEntropy
from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.kernel.limits import (
    KEYSTORE_CREDENTIALS_MAX,
    KEYSTORE_REGISTERS_MAX,
    TRANSACTION_BLOCK,
    TRANSACTIONS_MAX,
)
from ferraris.keys.security_module.audit_chain import NO_LINE_YET, AuditChain, AuditLine
from ferraris.keys.security_module.custody import KEY_OCTETS, KeyCustody
from ferraris.keys.security_module.errors import (
    RoleForbidden,
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.keystore_file import (
    WORK_FACTOR,
    KeystoreFile,
    KeystoreKeys,
    Role,
    new_slot,
    open_content,
    open_slot,
    read_keystore_file,
    seal_content,
    write_keystore_file,
)
from ferraris.keys.security_module.licence import TransactionLicence, check_transactions
from ferraris.keys.security_module.vending_keys import (
    RegisterName,
    VendingKey,
    VendingKeyRegister,
    register_from,
)

IDENTIFIER_OCTETS: Final = 8
SERIAL_OCTETS: Final = 16
SECRET_CHARACTERS_MIN: Final = 8
SHARES: Final = 8
"""A process takes no more than this part of the transactions that are left: the last ones are for every till."""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A register with its key, sealed."""

    register: VendingKeyRegister
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeystoreContent:
    """What the file holds. `custody` says what seals the vending keys: "software", or the name of a key in an HSM."""

    custody: str
    keys: Mapping[RegisterName, SealedKey]
    transactions_left: int | None
    licences: tuple[str, ...]
    audit_lines: int
    audit_seal: str

    def document(self) -> dict[str, Any]:
        """The content as JSON takes it."""
        keys = [{**asdict(key.register), "sealed": key.sealed.hex()} for key in self.keys.values()]
        return {
            "custody": self.custody,
            "keys": keys,
            "transactions_left": self.transactions_left,
            "licences": self.licences,
            "audit_lines": self.audit_lines,
            "audit_seal": self.audit_seal,
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> KeystoreContent:
        """The content that `document` gave."""
        sealed = [SealedKey(register_from(row), bytes.fromhex(row["sealed"])) for row in document.pop("keys")]
        licences = tuple(document.pop("licences"))
        return cls(keys={key.register.name: key for key in sealed}, licences=licences, **document)


class Keystore:
    """The keystore at `path`, open under the credential `who`."""

    def __init__(
        self, path: Path, who: str, roles: tuple[Role, ...], keys: KeystoreKeys, clock: Clock, entropy: Entropy
    ) -> None:
        self.path = path
        self.who = who
        self.roles = frozenset(roles)
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._audit = AuditChain(path.with_name(f"{path.name}.audit"), _derived(keys.content_key, b"audit"))
        self._thread_lock = threading.RLock()
        self._read: tuple[tuple[int, int, int], KeystoreFile, KeystoreContent] | None = None
        self._taken = 0  # transactions of the present block that are still unused

    @classmethod
    def create(
        cls,
        path: Path,
        officer: str,
        secret: str,
        *,
        custody: str = "software",
        transactions: int | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        work_factor: int = WORK_FACTOR,
    ) -> Keystore:
        """A new keystore at `path` with its first officer, open. `transactions` of None: it does not count them."""
        clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
        _check_credential(officer, secret)
        if transactions is not None and not 0 <= transactions <= TRANSACTIONS_MAX:
            raise ConfigError("transactions of a keystore", expected=f"0 to {TRANSACTIONS_MAX}", got=transactions)
        if path.with_name(f"{path.name}.audit").exists():
            raise ConfigError(f"the audit of an earlier keystore lies beside {path}: keep it somewhere else first")
        keys = KeystoreKeys(entropy.octets(KEY_OCTETS), entropy.octets(KEY_OCTETS))
        slot = new_slot(officer, _octets_of(secret), (Role.OFFICER,), keys, entropy, work_factor)
        content = KeystoreContent(custody, {}, transactions, (), 0, NO_LINE_YET)
        identifier = entropy.octets(IDENTIFIER_OCTETS).hex()
        file = seal_content(identifier, (slot,), content.document(), keys, entropy)
        write_keystore_file(path, file, new=True)
        store = cls(path, officer, (Role.OFFICER,), keys, clock, entropy)
        with store._changing("keystore made", custody=custody, transactions=transactions):
            pass
        return store

    @classmethod
    def open(
        cls, path: Path, who: str, secret: str, *, clock: Clock | None = None, entropy: Entropy | None = None
    ) -> Keystore:
        """The keystore at `path`. Raises SecurityError for a wrong secret, and for a file or an audit that was changed."""
        file = read_keystore_file(path)
        keys = open_slot(file.slot(who), _octets_of(secret))
        slot = file.slot(who)
        assert slot is not None  # it has just been opened
        store = cls(path, who, slot.roles, keys, clock or SystemClock(), entropy or SystemEntropy())
        store.audit()
        return store

    @property
    def identifier(self) -> str:
        """Sixteen hexadecimal digits that name this keystore."""
        return self._present()[0].identifier

    @property
    def content(self) -> KeystoreContent:
        """What the file holds now."""
        return self._present()[1]

    @property
    def key_of_keys(self) -> bytes:
        """What seals the vending keys of a keystore in software. Raises RoleForbidden for an auditor."""
        if self._keys.key_of_keys is None:
            raise RoleForbidden(f"the credential {self.who} opens no keys")
        return self._keys.key_of_keys

    def credentials(self) -> dict[str, tuple[Role, ...]]:
        """The names of the credentials, and what each may do."""
        return {slot.name: slot.roles for slot in self._present()[0].slots}

    def allow(self, *roles: Role) -> None:
        """Raise RoleForbidden unless the credential has one of `roles`."""
        if not self.roles & set(roles):
            raise RoleForbidden(
                f"the credential {self.who} may not do this",
                expected=" or ".join(roles),
                got=", ".join(sorted(self.roles)),
            )

    # Vending keys

    def sealed_key(self, name: RegisterName) -> SealedKey:
        """The key in the register of this name."""
        try:
            return self.content.keys[name]
        except KeyError:
            raise VendingKeyNotFound(
                f"no vending key for supply group {name[0]}, key revision {name[1]}, type {name[2].name}"
            ) from None

    def load_key(self, register: VendingKeyRegister, key: VendingKey, custody: KeyCustody) -> VendingKeyRegister:
        """Put a vending key into its register. What is there already is never overwritten: it must be removed first."""
        self.allow(Role.OFFICER)
        if not key.fits(register):
            raise SecurityModuleError(f"the vending key {register} has a wrong length for {register.derivation.name}")
        if register.check_value and register.check_value.upper() != key.check_value:
            raise SecurityModuleError(
                f"the vending key {register} is not the one that was announced",
                expected=register.check_value.upper(),
                got=key.check_value,
            )
        named = replace(register, check_value=key.check_value)
        sealed = SealedKey(named, custody.seal(key.octets, named.sealed_with()))
        with self._changing("vending key loaded", register=str(named), check_value=named.check_value) as change:
            keys = change.content.keys
            if named.name in keys:
                raise SecurityModuleError(f"the register {named} holds a vending key already")
            if len(keys) >= KEYSTORE_REGISTERS_MAX:
                raise SecurityModuleError(
                    "the keystore is full", expected=f"at most {KEYSTORE_REGISTERS_MAX} registers"
                )
            change.content = replace(change.content, keys={**keys, named.name: sealed})
        return named

    def remove_key(self, name: RegisterName) -> VendingKeyRegister:
        """Take a vending key out for good."""
        self.allow(Role.OFFICER)
        held = self.sealed_key(name).register
        with self._changing("vending key removed", register=str(held), check_value=held.check_value) as change:
            rest = {other: key for other, key in change.content.keys.items() if other != name}
            change.content = replace(change.content, keys=rest)
        return held

    # Credentials

    def add_credential(
        self, name: str, secret: str, roles: tuple[Role, ...], *, work_factor: int = WORK_FACTOR
    ) -> None:
        """Let somebody else open the keystore. A name that is there already gets the new secret and roles."""
        self.allow(Role.OFFICER)
        _check_credential(name, secret)
        if not roles:
            raise ConfigError(f"the credential {name} needs a role", expected=", ".join(Role))
        slot = new_slot(name, _octets_of(secret), roles, self._keys, self._entropy, work_factor)
        with self._changing("credential given", name=name, roles=list(roles)) as change:
            kept = tuple(other for other in change.slots if other.name != name)
            if len(kept) >= KEYSTORE_CREDENTIALS_MAX:
                raise ConfigError("a keystore has so many credentials", expected=f"at most {KEYSTORE_CREDENTIALS_MAX}")
            change.slots = (*kept, slot)

    def remove_credential(self, name: str) -> None:
        """Take a credential away. The last officer stays, or nobody could load a key any more."""
        self.allow(Role.OFFICER)
        with self._changing("credential taken away", name=name) as change:
            kept = tuple(slot for slot in change.slots if slot.name != name)
            if len(kept) == len(change.slots):
                raise ConfigError(f"the keystore has no credential {name}")
            change.slots = kept

    # Transactions

    def take_transaction(self) -> None:
        """Count one transaction, or raise TransactionsExhausted."""
        with self._thread_lock:
            if self._taken == 0 and self.content.transactions_left is not None:
                with self._changing() as change:
                    left = change.content.transactions_left or 0
                    if left == 0:
                        raise TransactionsExhausted("the transaction counter is at nought: load a transaction licence")
                    self._taken = min(TRANSACTION_BLOCK, -(-left // SHARES))
                    change.content = replace(change.content, transactions_left=left - self._taken)
            self._taken = max(0, self._taken - 1)

    def transactions_left(self) -> int | None:
        """What the counter holds, with what this process has taken and not used; None when it does not count."""
        left = self.content.transactions_left
        return None if left is None else left + self._taken

    def write_licence(self, transactions: int) -> str:
        """The text of a licence for this keystore."""
        self.allow(Role.OFFICER)
        check_transactions(transactions)
        serial = self._entropy.octets(SERIAL_OCTETS).hex()
        with self._changing("transaction licence written", serial=serial, transactions=transactions):
            return TransactionLicence(self.identifier, serial, transactions).text(self._licence_key())

    def load_licence(self, text: str) -> int:
        """Fill the counter by the licence in `text`; the transactions left then. A licence counts once."""
        self.allow(Role.OFFICER, Role.SUPERVISOR, Role.OPERATOR)
        licence = TransactionLicence.parse(text, self._licence_key())
        with self._changing("licence loaded", serial=licence.serial, transactions=licence.transactions) as change:
            if licence.serial in change.content.licences:
                raise SecurityModuleError("this transaction licence was loaded before", result="ESm.Licence")
            left = min((change.content.transactions_left or 0) + licence.transactions, TRANSACTIONS_MAX)
            licences = (*change.content.licences, licence.serial)
            change.content = replace(change.content, transactions_left=left, licences=licences)
        return left

    # Audit

    def record(self, what: str, **details: Any) -> None:
        """Write a line into the audit."""
        with self._locked():
            self._audit.append(self._clock.now_ms(), self.who, what, details)

    def audit(self) -> list[AuditLine]:
        """Every line. Raises SecurityError when one was changed, taken out or cut off the end."""
        with self._locked():
            content, lines = self.content, self._audit.lines()
        known = lines[content.audit_lines - 1 : content.audit_lines]
        if content.audit_lines and (not known or known[0].seal != content.audit_seal):
            raise SecurityError(
                "lines of the keystore's audit are missing", expected=f"{content.audit_lines} lines", got=len(lines)
            )
        return lines

    def close(self) -> None:
        """Give back what is left of the block of transactions."""
        with self._thread_lock:
            if self._taken:
                with self._changing() as change:
                    left = (change.content.transactions_left or 0) + self._taken
                    change.content = replace(change.content, transactions_left=left)
                self._taken = 0

    def __repr__(self) -> str:
        return f"Keystore({str(self.path)!r}, {self.who!r}, hidden)"

    def __reduce__(self) -> str:
        raise TypeError("an open keystore is not serialised")

    # The file

    def _licence_key(self) -> bytes:
        return _derived(self.key_of_keys, b"licence")

    def _present(self) -> tuple[KeystoreFile, KeystoreContent]:
        """File and content, read again only when another file has taken the place of the one read last."""
        with self._thread_lock:
            try:
                state = self.path.stat()
            except OSError as error:
                raise SecurityModuleUnavailable(f"the keystore {self.path} is gone: {error.strerror}") from None
            stamp = (state.st_ino, state.st_mtime_ns, state.st_size)
            if self._read is None or self._read[0] != stamp:
                file = read_keystore_file(self.path)
                self._read = stamp, file, KeystoreContent.of(open_content(file, self._keys))
            return self._read[1], self._read[2]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._thread_lock:
            lock = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)

    @contextmanager
    def _changing(self, what: str = "", **details: Any) -> Iterator[_Change]:
        """Change what the file holds, under its lock; with `what`, after a line in the audit."""
        with self._locked():
            file, content = self._present()
            change = _Change(file.slots, content)
            yield change
            if not any(Role.OFFICER in slot.roles for slot in change.slots):
                raise ConfigError("a keystore keeps one officer at least")
            if what:
                line = self._audit.append(self._clock.now_ms(), self.who, what, details)
                change.content = replace(change.content, audit_lines=line.number, audit_seal=line.seal)
            document = change.content.document()
            write_keystore_file(
                self.path, seal_content(file.identifier, change.slots, document, self._keys, self._entropy)
            )


@dataclass(slots=True)
class _Change:
    slots: tuple[Any, ...]
    content: KeystoreContent


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_OCTETS, b"ferraris keystore " + purpose).derive(key)


def _octets_of(secret: str) -> bytes:
    """The secret as it was given: an environment that is not UTF-8 gives octets that are no characters."""
    return secret.encode(errors="surrogateescape")


def _check_credential(name: str, secret: str) -> None:
    if not name.isprintable() or not 1 <= len(name) <= 40:
        raise ConfigError("the name of a credential", expected="1 to 40 printable characters")
    if len(secret) < SECRET_CHARACTERS_MIN:
        raise ConfigError(
            f"the secret of the credential {name}", expected=f"{SECRET_CHARACTERS_MIN} characters at least"
        )
