"""Who may use a PrismToken service: signing in, and the credential that a client shows with each call after that.

A service over a keystore takes the keystore's own credentials: their roles say what a client may do. Wrong secrets close a
name for a while: after FAILURES_FREE of them for FIRST_PAUSE_MS, and for twice as long after each one more.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import SecurityError
from ferraris.kernel.limits import PRISMTOKEN_CREDENTIALS_MAX
from ferraris.keys.security_module.errors import SecurityModuleError
from ferraris.keys.security_module.interface import SecurityModule

REALM: Final = "local"
CREDENTIAL_LIFETIME_MS: Final = 8 * 3_600_000
FAILURES_FREE: Final = 5
FIRST_PAUSE_MS: Final = 10_000
PAUSE_MS_MAX: Final = 1_280_000
_CREDENTIAL_OCTETS: Final = 24
_NAMES_MAX: Final = 1_024

SignIn = Callable[[str, str], SecurityModule]
"""Gives the module that a name with its secret may use; raises SecurityError for a wrong one."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who is signed in, with which module, until when."""

    who: str
    module: SecurityModule
    until_ms: int


def one_user(module: SecurityModule, who: str, secret: str) -> SignIn:
    """A service with one name, over any module."""
    wanted = hashlib.sha256(f"{who}\n{secret}".encode()).digest()

    def sign_in(name: str, given: str) -> SecurityModule:
        if not hmac.compare_digest(hashlib.sha256(f"{name}\n{given}".encode()).digest(), wanted):
            raise SecurityError("no such name, or a wrong secret")
        return module

    return sign_in


class PrismTokenAccess:
    """The clients that are signed in."""

    def __init__(self, sign_in: SignIn, clock: Clock, entropy: Entropy, realm: str = REALM) -> None:
        self._sign_in = sign_in
        self._clock = clock
        self._entropy = entropy
        self._realm = realm
        self._lock = threading.Lock()
        self._clients: dict[bytes, Client] = {}
        self._modules: dict[tuple[str, bytes], SecurityModule] = {}
        self._failures: dict[str, tuple[int, int]] = {}  # how many, and until when the name is closed

    def sign_in(self, realm: str, who: str, secret: str) -> str:
        """A new credential for `who`. Raises SecurityModuleError by the interface's codes."""
        if realm != self._realm:
            raise SecurityModuleError("no such realm", result="ESignin.Realm", got=realm[:40])
        with self._lock:  # one at a time: working out a secret is costly on purpose
            self._check_open(who)
            module = self._module(who, secret)
            credential = self._entropy.octets(_CREDENTIAL_OCTETS).hex()
            if len(self._clients) >= PRISMTOKEN_CREDENTIALS_MAX:
                self._clients.pop(next(iter(self._clients)))
            self._clients[_digest(credential)] = Client(who, module, self._clock.now_ms() + CREDENTIAL_LIFETIME_MS)
        return credential

    def client(self, credential: str) -> Client:
        """The client that shows `credential`."""
        with self._lock:
            client = self._clients.get(_digest(credential))
            if client is None or client.until_ms <= self._clock.now_ms():
                self._clients.pop(_digest(credential), None)
                raise SecurityModuleError("the credential is not, or no longer, valid", result="EAuthentication.Token")
        return client

    def close(self) -> None:
        """Sign everybody out."""
        with self._lock:
            for module in self._modules.values():
                module.close()
            self._modules.clear()
            self._clients.clear()

    def _module(self, who: str, secret: str) -> SecurityModule:
        """The module of `who`: the same one for as long as the secret is the same."""
        try:
            module = self._sign_in(who, secret)
        except SecurityError:
            self._note_failure(who)
            raise SecurityModuleError("no such name, or a wrong secret", result="ESignin.Authentication") from None
        self._failures.pop(who, None)
        known = self._modules.setdefault((who, _digest(secret)), module)
        if known is not module:
            module.close()
        return known

    def _check_open(self, who: str) -> None:
        count, until_ms = self._failures.get(who, (0, 0))
        if count >= FAILURES_FREE and self._clock.now_ms() < until_ms:
            raise SecurityModuleError("too many wrong secrets: try again later", result="ESignin.Authentication")

    def _note_failure(self, who: str) -> None:
        count = self._failures.pop(who, (0, 0))[0] + 1
        pause_ms = min(FIRST_PAUSE_MS << max(0, min(count, 40) - FAILURES_FREE), PAUSE_MS_MAX)
        if len(self._failures) >= _NAMES_MAX:
            self._failures.pop(next(iter(self._failures)))
        self._failures[who] = count, self._clock.now_ms() + pause_ms


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
