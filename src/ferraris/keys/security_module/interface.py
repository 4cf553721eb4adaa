"""The one interface of security modules: they hold vending keys and issue tokens under them; no key ever leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ferraris.keys.security_module.vending_keys import VendingKeyRegister
from ferraris.sts import StsConfiguration, Token


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """What a module says of itself. `transactions_left` is None when it does not count them."""

    name: str
    driver: str
    reachable: bool
    transactions_left: int | None
    registers: tuple[VendingKeyRegister, ...]
    alert: str = ""
    """Why it is not reachable, or what it warns of."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that a module has issued.

    `token` is the token as it was issued: its amount rounded up to what the digits carry and, where the module chose the
    token identifier itself, that one. It is None for key-change tokens, which carry the new key. `check_value` is that of
    the vending key it was issued under; a test token needs none and has an empty one.
    """

    digits: str
    token: Token | None
    check_value: str


class SecurityModule(Protocol):
    """Holds vending keys and issues tokens under them.

    Token identifier and random bits are the caller's, and passed on where the driver's protocol lets one pass them on: the
    same request gives the same token. Every call may raise SecurityModuleError; after SecurityModuleUnavailable the same
    call may be made again.
    """

    def status(self) -> ModuleStatus:
        """How the module is. Never raises: a module that cannot be reached says so in the answer."""
        ...

    def registers(self) -> tuple[VendingKeyRegister, ...]:
        """The vending keys it holds, in the order of their names."""
        ...

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        """A token of class 0, 1 or 2 (key changes apart) for the meter that `configuration` describes."""
        ...

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        """The two, three or four tokens that bring the meter from its present vending key, or tariff index, to the new one."""
        ...

    def verify(self, configuration: StsConfiguration, digits: str) -> Token:
        """What `digits` say to the meter. Raises TokenError with the result that the meter would show."""
        ...

    def close(self) -> None:
        """Let go of the module. A later call opens it again, or raises SecurityModuleUnavailable."""
        ...
