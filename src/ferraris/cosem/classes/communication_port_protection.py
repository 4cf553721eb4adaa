"""Communication port protection, class 124: a port that is locked for a while after too many failed attempts."""

from __future__ import annotations

from enum import IntEnum

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, INTEGER, LOGICAL_NAME, LONG_UNSIGNED, UNSIGNED, Enumerated
from ferraris.kernel.units import Unit


class ProtectionMode(IntEnum):
    """Whether the port is locked always, after failed attempts, or never."""

    LOCKED = 0
    LOCKED_ON_FAILED_ATTEMPTS = 1
    UNLOCKED = 2


class ProtectionStatus(IntEnum):
    """Whether the port is locked now."""

    UNLOCKED = 0
    TEMPORARILY_LOCKED = 1
    LOCKED = 2


class CommunicationPortProtection(CosemObject, class_id=124, version=0):
    """Slows down who guesses secrets at a port: each lockout is longer than the last. Blue Book 4.4.12."""

    protection_mode = Attribute(2, Enumerated(ProtectionMode), STATIC)
    allowed_failed_attempts = Attribute(3, LONG_UNSIGNED, STATIC)
    initial_lockout_time = Attribute(4, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    steepness_factor = Attribute(5, UNSIGNED, STATIC)
    max_lockout_time = Attribute(6, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    port_reference = Attribute(7, LOGICAL_NAME, STATIC)
    protection_status = Attribute(8, Enumerated(ProtectionStatus), DYNAMIC)
    failed_attempts = Attribute(9, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    cumulative_failed_attempts = Attribute(10, DOUBLE_LONG_UNSIGNED, DYNAMIC)

    reset = Method(1, INTEGER)
