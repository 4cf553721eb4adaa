"""What a meter was given in the way of keys, secrets, policy and certificates since it left the works, in a file of its own.

A meter that was given nothing has no file. A change is written beside the file and takes its place in one step: whoever
dies in between leaves the old content or the new one. New content is on the disk before the change counts: a key that a
client believes to be the meter's must not be forgotten.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ferraris.cosem import KeyId, SecuritySuite
from ferraris.dlms import KEY_OCTETS_OF, Certificate, KeyPurpose, PrivateKey, curve_of_suite
from ferraris.kernel.errors import SecurityError, StoreError
from ferraris.kernel.json_text import read_json_object

DIRECTORY: Final = "security"
WAITING: Final = "new "
"""Before the purpose of a key pair that waits for its certificate."""
PURPOSES: Final = (KeyPurpose.SIGNING.name, KeyPurpose.AGREEMENT.name)
POLICIES: Final = range(1 << 8)
NAME_CHARACTERS_MAX: Final = 40
"""Of a field's name, as an error tells it."""
_HEXADECIMAL: Final = re.compile("(?:[0-9a-f]{2})*")


@dataclass(frozen=True, slots=True)
class SecurityState:
    """Everything that differs from the works. All octets; nothing of it shows."""

    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By the name of their key id."""
    private_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By purpose; those that wait for their certificate by `new` and purpose."""
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By association."""
    certificates: tuple[bytes, ...] | None = None
    """None: those of the works."""
    former_keys: tuple[bytes, ...] = ()
    """Digests of unicast keys that were in use: none of them may come back, since old messages would hold again."""
    policy: int | None = None
    transactions: Mapping[str, int] = field(default_factory=dict)
    """The highest transaction id of each client, by system title."""


FIELDS: Final = frozenset(SecurityState.__slots__)


class SecurityMemory:
    """One meter's file."""

    def __init__(self, directory: Path, meter: int) -> None:
        self._path = directory / DIRECTORY / f"{meter}.json"

    def load(self, suite: SecuritySuite) -> SecurityState:
        """What was saved last by a meter of this suite. Raises StoreError for a file that is damaged, naming the field."""
        try:
            octets = self._path.read_bytes()
        except FileNotFoundError:
            return SecurityState()
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}") from None
        try:
            return _state_of(read_json_object(octets, "the file", error=StoreError), suite)
        except (StoreError, _FieldError) as error:
            raise StoreError(f"{self._path} is damaged: the meter's keys cannot be read", got=error) from None

    def save(self, state: SecurityState, *, durable: bool = True) -> None:
        """Keep `state`, whole or not at all; without `durable` a loss of the machine's power may lose it."""
        written: dict[str, Any] = {
            "keys": _hex(state.keys),
            "private_keys": _hex(state.private_keys),
            "secrets": _hex(state.secrets),
            "certificates": None if state.certificates is None else [octets.hex() for octets in state.certificates],
            "former_keys": [octets.hex() for octets in state.former_keys],
            "policy": state.policy,
            "transactions": dict(state.transactions),
        }
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(written, file)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error


def _hex(octets: Mapping[str, bytes]) -> dict[str, str]:
    return {name: value.hex() for name, value in octets.items()}


class _FieldError(Exception):
    """A field that is no good, by name. What it holds is not told: it may be a key."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}, which is not {wanted}")


def _state_of(read: Mapping[str, Any], suite: SecuritySuite) -> SecurityState:
    """Raises _FieldError for what no meter of this suite can have saved."""
    if FIELDS - read.keys():
        raise _FieldError(min(FIELDS - read.keys()), "there")
    if read.keys() - FIELDS:
        raise _FieldError(min(read.keys() - FIELDS)[:NAME_CHARACTERS_MAX], "known")
    policy, certificates = read["policy"], read["certificates"]
    if policy is not None and (type(policy) is not int or policy not in POLICIES):
        raise _FieldError("policy", "a security policy")
    former_keys = tuple(_octets("former_keys", text) for text in _list("former_keys", read["former_keys"]))
    return SecurityState(
        keys=_keys(_members("keys", read["keys"]), suite),
        private_keys=_private_keys(_members("private_keys", read["private_keys"]), suite),
        secrets=_members("secrets", read["secrets"]),
        certificates=None if certificates is None else _certificates(_list("certificates", certificates), suite),
        former_keys=former_keys,
        policy=policy,
        transactions=_numbers("transactions", read["transactions"]),
    )


def _keys(keys: dict[str, bytes], suite: SecuritySuite) -> dict[str, bytes]:
    for name, key in keys.items():
        if name not in KeyId.__members__ or len(key) != KEY_OCTETS_OF[suite]:
            raise _FieldError(f"keys.{name[:NAME_CHARACTERS_MAX]}", f"a key of suite {suite:d}")
    return keys


def _private_keys(keys: dict[str, bytes], suite: SecuritySuite) -> dict[str, bytes]:
    for name, octets in keys.items():
        try:
            if name.removeprefix(WAITING) not in PURPOSES or len(octets) != curve_of_suite(suite).octets:
                raise SecurityError("another one's")
            PrivateKey(octets, curve_of_suite(suite))
        except SecurityError:
            raise _FieldError(
                f"private_keys.{name[:NAME_CHARACTERS_MAX]}", f"a private key of suite {suite:d}"
            ) from None
    return keys


def _certificates(texts: list[Any], suite: SecuritySuite) -> tuple[bytes, ...]:
    octets = tuple(_octets("certificates", text) for text in texts)
    try:
        foreign = any(len(Certificate.parse(one).point) != 2 * curve_of_suite(suite).octets for one in octets)
    except SecurityError:
        foreign = True
    if foreign:
        raise _FieldError("certificates", f"a list of certificates of suite {suite:d}")
    return octets


def _members(field: str, value: Any) -> dict[str, bytes]:
    return {
        name: _octets(f"{field}.{name[:NAME_CHARACTERS_MAX]}", text) for name, text in _object(field, value).items()
    }


def _numbers(field: str, value: Any) -> dict[str, int]:
    numbers = _object(field, value)
    for name, number in numbers.items():
        if type(number) is not int or number < 0:
            raise _FieldError(f"{field}.{name[:NAME_CHARACTERS_MAX]}", "a whole number from 0")
    return numbers


def _object(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _FieldError(field, "an object")
    return value


def _list(field: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _FieldError(field, "a list")
    return value


def _octets(field: str, text: Any) -> bytes:
    if not isinstance(text, str) or not _HEXADECIMAL.fullmatch(text):
        raise _FieldError(field, "octets in hexadecimal digits")
    return bytes.fromhex(text)
