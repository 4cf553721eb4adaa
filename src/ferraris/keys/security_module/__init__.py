"""Security modules: they hold vending keys and issue tokens under them; no key ever leaves.

One interface, `SecurityModule`, and its drivers: `SoftwareSecurityModule` over a `Keystore` file.
Nothing here knows tariffs, money or customers.
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
from ferraris.keys.security_module.interface import IssuedToken, ModuleStatus, SecurityModule
from ferraris.keys.security_module.keystore import Keystore
from ferraris.keys.security_module.keystore_file import Role
from ferraris.keys.security_module.software_module import SoftwareSecurityModule
from ferraris.keys.security_module.vending_keys import VendingKey, VendingKeyRegister, parse_vending_key

__all__ = [
    "IssuedToken",
    "KeyTypeForbidden",
    "Keystore",
    "ModuleStatus",
    "Role",
    "RoleForbidden",
    "SecurityModule",
    "SecurityModuleError",
    "SecurityModuleUnavailable",
    "SoftwareSecurityModule",
    "TransactionsExhausted",
    "VendingKey",
    "VendingKeyBeforeBaseDate",
    "VendingKeyExpired",
    "VendingKeyNotFound",
    "VendingKeyRegister",
    "parse_vending_key",
]
