"""Security modules: they hold vending keys and issue tokens under them; no key ever leaves.

One interface, `SecurityModule`, and its drivers. Nothing here knows tariffs, money or customers.
"""

from __future__ import annotations

from ferraris.keys.security_module.errors import (
    KeyTypeForbidden,
    RoleForbidden,
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKeyBeforeBaseDate,
    VendingKeyExpired,
    VendingKeyNotFound,
)

__all__ = [
    "KeyTypeForbidden",
    "RoleForbidden",
    "SecurityModuleError",
    "SecurityModuleUnavailable",
    "TransactionsExhausted",
    "VendingKeyBeforeBaseDate",
    "VendingKeyExpired",
    "VendingKeyNotFound",
]
