"""The keystore's file: sealed content, and a slot for each credential that opens it.

    {"ferraris_keystore": 1, "identifier": "5b3f…", "slots": [{…}, …], "nonce": "…", "sealed": "…"}

The content is sealed with AES-256-GCM under the content key; vending keys inside it are sealed once more under the key of
keys, or by an HSM (`custody`). Both keys are random and stand nowhere in the clear: each slot holds them sealed under what
scrypt makes of one credential's secret, so a credential can be added, or taken away, without touching the others, and the
secret itself is kept nowhere. An auditor's slot holds the content key alone. The seal of the content covers identifier and
slots, so nobody gives a credential another role with an editor.

What a file cannot know is that it is the newest: whoever can put an older file back also brings back its counter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import KEYSTORE_CREDENTIALS_MAX, KEYSTORE_OCTETS_MAX, KEYSTORE_WORK_FACTOR_MAX
from ferraris.keys.private_file import create_private_file, read_private_file, replace_private_file
from ferraris.keys.security_module.custody import KEY_OCTETS, NONCE_OCTETS

WHAT: Final = "the keystore"
WORK_FACTOR: Final = 1 << 15
"""Of scrypt, for a new credential: 32 MiB and a tenth of a second for each guess."""
_VERSION: Final = 1
_BLOCK_SIZE: Final = 8
_SALT_OCTETS: Final = 16


class Role(StrEnum):
    """What a credential may do. One credential may have several."""

    OFFICER = "officer"
    """Load and remove vending keys, give and take credentials, write transaction licences."""
    OPERATOR = "operator"
    """Issue credit and test tokens."""
    SUPERVISOR = "supervisor"
    """Issue management and key-change tokens."""
    AUDITOR = "auditor"
    """See registers and audit; a credential with this role alone opens no key."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One credential, as it stands in the file."""

    name: str
    roles: tuple[Role, ...]
    work_factor: int
    salt: str
    sealed: str = field(repr=False)

    def head(self) -> bytes:
        """What the slot's own seal covers."""
        return _canonical([self.name, self.roles, self.work_factor, self.salt])


@dataclass(frozen=True, slots=True)
class KeystoreKeys:
    """The two keys of a keystore, in the clear for as long as it is open. None for what a slot does not hold."""

    content_key: bytes = field(repr=False)
    key_of_keys: bytes | None = field(repr=False)

    def __reduce__(self) -> str:
        raise TypeError("the keys of a keystore are not serialised")


@dataclass(frozen=True, slots=True)
class KeystoreFile:
    """A keystore as it lies on the disk."""

    identifier: str
    slots: tuple[Slot, ...]
    nonce: str
    sealed: str = field(repr=False)

    def slot(self, name: str) -> Slot | None:
        """The slot of the credential `name`."""
        return next((slot for slot in self.slots if slot.name == name), None)


def new_slot(
    name: str, secret: bytes, roles: tuple[Role, ...], keys: KeystoreKeys, entropy: Entropy, work_factor: int
) -> Slot:
    """A slot that `secret` opens. One with the auditor's role alone gets the content key and no other."""
    salt, nonce = entropy.octets(_SALT_OCTETS), entropy.octets(NONCE_OCTETS)
    empty = Slot(name, roles, work_factor, salt.hex(), "")
    held = keys.content_key if set(roles) == {Role.AUDITOR} else keys.content_key + (keys.key_of_keys or b"")
    sealed = AESGCM(_stretched(secret, salt, work_factor)).encrypt(nonce, held, empty.head())
    return Slot(name, roles, work_factor, salt.hex(), (nonce + sealed).hex())


def open_slot(slot: Slot | None, secret: bytes) -> KeystoreKeys:
    """The keys in the slot. Raises SecurityError for a wrong secret and for a name that is not there, in equal time."""
    tried = slot or Slot("", (), WORK_FACTOR, bytes(_SALT_OCTETS).hex(), bytes(64).hex())
    sealed = bytes.fromhex(tried.sealed)
    cipher = AESGCM(_stretched(secret, bytes.fromhex(tried.salt), tried.work_factor))
    try:
        held = cipher.decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], tried.head())
    except InvalidTag:
        raise SecurityError("no such credential of the keystore, or a wrong secret") from None
    return KeystoreKeys(held[:KEY_OCTETS], held[KEY_OCTETS:] or None)


def seal_content(
    identifier: str, slots: tuple[Slot, ...], content: Mapping[str, Any], keys: KeystoreKeys, entropy: Entropy
) -> KeystoreFile:
    """The file that holds `content`."""
    nonce = entropy.octets(NONCE_OCTETS)
    sealed = AESGCM(keys.content_key).encrypt(nonce, _canonical(content), _covered(identifier, slots))
    return KeystoreFile(identifier, slots, nonce.hex(), sealed.hex())


def open_content(file: KeystoreFile, keys: KeystoreKeys) -> dict[str, Any]:
    """What the file holds. Raises SecurityError if anything in it, slots included, was changed."""
    try:
        covered = _covered(file.identifier, file.slots)
        text = AESGCM(keys.content_key).decrypt(bytes.fromhex(file.nonce), bytes.fromhex(file.sealed), covered)
    except InvalidTag:
        raise SecurityError("the keystore was changed by something that has no credential for it") from None
    return read_json_object(text, "the content of the keystore")


def read_keystore_file(path: Path) -> KeystoreFile:
    """The file at `path`. Raises ConfigError or SecurityError, which say what is wrong with it."""
    octets = read_private_file(path, WHAT, KEYSTORE_OCTETS_MAX)
    document = read_json_object(octets, f"{path} does not hold a keystore, or is damaged: it")
    try:
        return _parsed(document)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ConfigError(f"{path} does not hold a keystore, or is damaged") from None


def write_keystore_file(path: Path, file: KeystoreFile, *, new: bool = False) -> None:
    """Make the file durable: the old one or the new one is there, whatever happens."""
    document = {"ferraris_keystore": _VERSION, **asdict(file)}
    octets = json.dumps(document, indent=1).encode("ascii") + b"\n"
    if len(octets) > KEYSTORE_OCTETS_MAX:
        raise ConfigError("the keystore is full", expected=f"at most {KEYSTORE_OCTETS_MAX} octets", got=len(octets))
    if new:
        create_private_file(path, WHAT, octets)
    else:
        replace_private_file(path, WHAT, octets)


def _parsed(document: Any) -> KeystoreFile:
    if document.pop("ferraris_keystore") != _VERSION:
        raise ValueError("another version")
    slots = tuple(_slot(**slot) for slot in document.pop("slots"))
    if not 1 <= len(slots) <= KEYSTORE_CREDENTIALS_MAX or len({slot.name for slot in slots}) != len(slots):
        raise ValueError("slots")
    file = KeystoreFile(slots=slots, **document)
    if len(bytes.fromhex(file.nonce)) != NONCE_OCTETS or len(bytes.fromhex(file.sealed)) < 16:
        raise ValueError("sealed content")
    return file


def _slot(name: Any, roles: Any, work_factor: Any, salt: Any, sealed: Any) -> Slot:
    if not isinstance(name, str) or type(work_factor) is not int:
        raise TypeError("slot")
    if not 2 <= work_factor <= KEYSTORE_WORK_FACTOR_MAX or work_factor & (work_factor - 1):
        raise ValueError("work factor")
    if len(bytes.fromhex(salt)) != _SALT_OCTETS or len(bytes.fromhex(sealed)) < NONCE_OCTETS + 16:
        raise ValueError("slot")
    return Slot(name, tuple(Role(role) for role in roles), work_factor, salt, sealed)


def _covered(identifier: str, slots: tuple[Slot, ...]) -> bytes:
    return _canonical([_VERSION, identifier, [asdict(slot) for slot in slots]])


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _stretched(secret: bytes, salt: bytes, work_factor: int) -> bytes:
    return Scrypt(salt=salt, length=KEY_OCTETS, n=work_factor, r=_BLOCK_SIZE, p=1).derive(secret)
