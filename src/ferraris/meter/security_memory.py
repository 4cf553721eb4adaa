"""What a meter was given in the way of keys, secrets, policy and certificates since it left the works, in a file of its own.

A meter that was given nothing has no file. A change is written beside the file and takes its place in one step: whoever
dies in between leaves the old content or the new one. New content is on the disk before the change counts: a key that a
client believes to be the meter's must not be forgotten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ferraris.kernel.errors import StoreError
from ferraris.kernel.json_text import read_json_object

DIRECTORY: Final = "security"


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


class SecurityMemory:
    """One meter's file."""

    def __init__(self, directory: Path, meter: int) -> None:
        self._path = directory / DIRECTORY / f"{meter}.json"

    def load(self) -> SecurityState:
        """What was saved last. Raises StoreError for a file that is damaged."""
        try:
            read = read_json_object(self._path.read_bytes(), "the file", error=StoreError)
            return SecurityState(
                keys=_octets(read["keys"]),
                private_keys=_octets(read["private_keys"]),
                secrets=_octets(read["secrets"]),
                certificates=None if read["certificates"] is None else tuple(map(bytes.fromhex, read["certificates"])),
                former_keys=tuple(map(bytes.fromhex, read["former_keys"])),
                policy=read["policy"],
                transactions=dict(read["transactions"]),
            )
        except FileNotFoundError:
            return SecurityState()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError):
            raise StoreError(f"{self._path} is damaged: the meter's keys cannot be read") from None

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


def _octets(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {name: bytes.fromhex(text) for name, text in texts.items()}
