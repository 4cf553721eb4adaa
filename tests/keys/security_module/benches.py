"""What the tests of security modules share: keys of no meter in the world, a keystore with them, a clock that stands."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.keys.security_module import (
    Keystore,
    PrismTokenAccess,
    PrismTokenMemory,
    PrismTokenServer,
    PrismTokenService,
    Role,
    SecurityModule,
    SoftwareSecurityModule,
    VendingKey,
    VendingKeyRegister,
    one_user,
)
from ferraris.sts import (
    BaseDate,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    StsConfiguration,
    token_identifier_at,
)

NOW_MS = 1_767_225_600_000 + 12 * 3_600_000
"""Noon of 1 January 2026."""
OFFICER, TILL, AUDITOR = "officer", "till", "auditor"
SECRETS = {OFFICER: "the officer's secret", TILL: "the till's secret", AUDITOR: "the auditor's secret"}
CHEAP = 16
"""A work factor of scrypt that takes no time."""
RANDOM = 5
"""The random bits of every compliance vector, and of the modules here that choose them."""

DES_KEY = bytes.fromhex("abababababababab")
LONG_KEYS = {n: bytes(range(16 * n, 16 * n + 20)) for n in range(1, 6)}
KEYS = (DES_KEY, *LONG_KEYS.values())


@dataclass
class StandingClock:
    """A clock that tests turn by hand."""

    at_ms: int = NOW_MS

    def now_ms(self) -> int:
        return self.at_ms

    def delay_s(self, until_ms: int) -> float:
        return max(0.0, (until_ms - self.at_ms) / 1000)


class FixedBits:
    """Entropy for services that choose the random bits: always RANDOM, so that tokens can be compared."""

    def octets(self, count: int) -> bytes:
        return bytes([RANDOM]) * count if count == 1 else os.urandom(count)

    def uniform(self) -> float:
        return 0.5


def register(
    code: str,
    revision: int,
    key_type: KeyType = KeyType.DUTK,
    base_date: BaseDate = BaseDate.Y2014,
    expiry: int = 255,
    derivation: KeyDerivation = KeyDerivation.DKGA04,
) -> VendingKeyRegister:
    return VendingKeyRegister(code, revision, key_type, base_date, expiry, derivation)


OLD = register("123456", 1, base_date=BaseDate.Y1993, derivation=KeyDerivation.DKGA02)
"""EA07's, from before the rollover."""
PRESENT = register("123456", 2)
OTHER_GROUP = register("234567", 1)
DEFAULT = register("345678", 1, KeyType.DDTK)
EXPIRED = register("456789", 1, expiry=85)
FUTURE = register("567890", 1, base_date=BaseDate.Y2035)
REGISTERS = {
    1: (OLD, DES_KEY),
    2: (PRESENT, LONG_KEYS[1]),
    3: (OTHER_GROUP, LONG_KEYS[2]),
    4: (DEFAULT, LONG_KEYS[3]),
    5: (EXPIRED, LONG_KEYS[4]),
    6: (FUTURE, LONG_KEYS[5]),
}
NUMBERED = {number: held for number, (held, _) in REGISTERS.items()}
PAN = MeterPan.from_reference("00000000000")


def meter(
    held: VendingKeyRegister = PRESENT, algorithm: EncryptionAlgorithm = EncryptionAlgorithm.EA07, index: int = 7
) -> StsConfiguration:
    """A meter under the vending key of a register."""
    return StsConfiguration(
        PAN,
        algorithm,
        held.supply_group_code,
        held.key_revision_number,
        held.key_type,
        index,
        held.base_date,
        held.key_expiry_number,
        held.derivation,
    )


def minute(base_date: BaseDate = BaseDate.Y2014, at_ms: int = NOW_MS) -> int:
    """The token identifier of a moment."""
    return token_identifier_at(base_date, at_ms, wrap=True)


def make_keystore(path: Path, *, custody: str = "software", transactions: int | None = None) -> Keystore:
    """A new keystore with its officer, a till and an auditor; without keys."""
    keystore = Keystore.create(
        path,
        OFFICER,
        SECRETS[OFFICER],
        custody=custody,
        transactions=transactions,
        clock=StandingClock(),
        entropy=SeededEntropy(str(path.name)),
        work_factor=CHEAP,
    )
    keystore.add_credential(TILL, SECRETS[TILL], (Role.OPERATOR, Role.SUPERVISOR), work_factor=CHEAP)
    keystore.add_credential(AUDITOR, SECRETS[AUDITOR], (Role.AUDITOR,), work_factor=CHEAP)
    return keystore


def load_keys(module: SoftwareSecurityModule) -> None:
    for held, key in REGISTERS.values():
        module.load_key(held, VendingKey(key))


def software_module(path: Path, *, transactions: int | None = None) -> SoftwareSecurityModule:
    """The till's module over a new keystore with every key."""
    if not path.exists():
        load_keys(SoftwareSecurityModule(make_keystore(path, transactions=transactions)))
    return SoftwareSecurityModule.open(path, TILL, SECRETS[TILL], clock=StandingClock())


def prismtoken_server(
    module: SecurityModule, memory: Path | str = ":memory:", *, compliance_mode: bool = False, **options: float
) -> PrismTokenServer:
    """A service over `module` for the till."""
    clock, entropy = StandingClock(), FixedBits()
    access = PrismTokenAccess(one_user(module, TILL, SECRETS[TILL]), clock, entropy)
    service = PrismTokenService(access, PrismTokenMemory(memory), clock, entropy, compliance_mode=compliance_mode)
    return PrismTokenServer(service, **options)


# SoftHSM

SOFTHSM = next(
    (
        Path(place)
        for place in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
        if Path(place).exists()
    ),
    None,
)
HSM_LABEL, HSM_PIN, HSM_KEY = "vending", "12345678", "ferraris-vending-master"


@contextmanager
def soft_hsm(folder: Path) -> Iterator[Path]:
    """A SoftHSM with one empty token in `folder`; its library."""
    if SOFTHSM is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed (Debian: apt-get install softhsm2)")
    import pkcs11

    (folder / "tokens").mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\nslots.removable = true\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    make = ["softhsm2-util", "--init-token", "--free", "--label", HSM_LABEL, "--pin", HSM_PIN, "--so-pin", "87654321"]
    subprocess.run(make, check=True, capture_output=True)
    pkcs11.lib(str(SOFTHSM)).reinitialize()
    try:
        yield SOFTHSM
    finally:
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before


def changed(configuration: StsConfiguration, **fields: object) -> StsConfiguration:
    return replace(configuration, **fields)  # type: ignore[arg-type]
