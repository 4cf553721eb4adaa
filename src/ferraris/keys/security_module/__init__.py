"""Security modules: they hold vending keys and issue tokens under them; no key ever leaves.

One interface, `SecurityModule`, and its drivers: `SoftwareSecurityModule` over a `Keystore` file, `Pkcs11SecurityModule` whose keys
an HSM seals, `PrismTokenModule` (Thrift) and `SerialSecurityModule` (STS600-8-6). `open_security_module` chooses by one line of
configuration. `PrismTokenServer` lets existing vending software speak to any of them. Nothing here knows money or customers.
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
from ferraris.keys.security_module.opening import SecurityModuleSettings, open_security_module
from ferraris.keys.security_module.pkcs11_module import Pkcs11Custody, Pkcs11SecurityModule
from ferraris.keys.security_module.prismtoken_access import PrismTokenAccess, one_user
from ferraris.keys.security_module.prismtoken_memory import PrismTokenMemory
from ferraris.keys.security_module.prismtoken_module import PrismTokenModule
from ferraris.keys.security_module.prismtoken_server import PrismTokenServer
from ferraris.keys.security_module.prismtoken_service import PrismTokenService
from ferraris.keys.security_module.serial_module import SerialSecurityModule
from ferraris.keys.security_module.software_module import SoftwareSecurityModule
from ferraris.keys.security_module.vending_keys import VendingKey, VendingKeyRegister, parse_vending_key

__all__ = [
    "IssuedToken",
    "KeyTypeForbidden",
    "Keystore",
    "ModuleStatus",
    "Pkcs11Custody",
    "Pkcs11SecurityModule",
    "PrismTokenAccess",
    "PrismTokenMemory",
    "PrismTokenModule",
    "PrismTokenServer",
    "PrismTokenService",
    "Role",
    "RoleForbidden",
    "SecurityModule",
    "SecurityModuleError",
    "SecurityModuleSettings",
    "SecurityModuleUnavailable",
    "SerialSecurityModule",
    "SoftwareSecurityModule",
    "TransactionsExhausted",
    "VendingKey",
    "VendingKeyBeforeBaseDate",
    "VendingKeyExpired",
    "VendingKeyNotFound",
    "VendingKeyRegister",
    "one_user",
    "open_security_module",
    "parse_vending_key",
]
