"""A security module whose vending keys are sealed by an HSM, over PKCS#11.

The HSM holds one key, AES-256, made inside it, sensitive and not extractable: the vending keys' master. The vending keys lie
in a keystore file, each sealed by the HSM with AES-GCM and bound to its register; the HSM opens one for the moment in which
a decoder key is derived from it. So a stolen file is worth nothing without the HSM, and a stolen HSM nothing without its PIN.
The moment itself passes in this process: general HSMs do not know STS, and derive no decoder keys.

An HSM may be gone at any call: unplugged, its association lost, its library in disorder. Then the call raises
SecurityModuleUnavailable and the next one logs in anew. A refused PIN is never tried again by itself, for an HSM locks after a few.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

import pkcs11
from pkcs11 import exceptions as faults

from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy, SystemEntropy
from ferraris.kernel.errors import SecurityError
from ferraris.keys.security_module.custody import NONCE_OCTETS, SEAL_OCTETS
from ferraris.keys.security_module.errors import SecurityModuleError, SecurityModuleUnavailable
from ferraris.keys.security_module.keystore import Keystore
from ferraris.keys.security_module.software_module import SoftwareSecurityModule
from ferraris.sts import StaTables

PREFIX: Final = "pkcs11:"
MASTER_KEY_BITS: Final = 256
_REFUSED_PIN: Final = (faults.PinIncorrect, faults.PinLocked, faults.PinExpired, faults.PinInvalid, faults.PinLenRange)
_SEAL_BROKEN: Final = (faults.GeneralError, faults.EncryptedDataInvalid, faults.EncryptedDataLenRange)
"""What libraries say of a seal that does not hold; SoftHSM says the same of a token that is gone."""
_USAGE: Final = {
    pkcs11.Attribute.SENSITIVE: True,
    pkcs11.Attribute.EXTRACTABLE: False,
    pkcs11.Attribute.ENCRYPT: True,
    pkcs11.Attribute.DECRYPT: True,
    pkcs11.Attribute.WRAP: False,
    pkcs11.Attribute.UNWRAP: False,
}


class Pkcs11Custody:
    """The master key `label` in the HSM's token of that name, behind the library at `library`."""

    def __init__(self, library: Path, hsm_label: str, pin: str, label: str, entropy: Entropy | None = None) -> None:
        self._library_path = library
        self._hsm_label = hsm_label
        self._pin = pin
        self._label = label
        self._entropy = entropy or SystemEntropy()
        self._lock = threading.RLock()
        self._opened: Any = None
        self._key: Any = None
        self._refused: SecurityModuleError | None = None

    def make_key(self) -> None:
        """Make the master key inside the HSM. One that is there already is never replaced."""
        with self._lock:
            opened = self._log_in(read_only=False)
            try:
                if list(opened.get_objects(self._wanted())):
                    raise SecurityModuleError(f"the HSM has a key {self._label} already")
                opened.generate_key(
                    pkcs11.KeyType.AES, MASTER_KEY_BITS, label=self._label, store=True, template=dict(_USAGE)
                )
            except faults.PKCS11Error as error:
                raise self._unavailable(error) from None
            finally:
                opened.close()

    def seal(self, key: bytes, register: bytes) -> bytes:
        nonce = self._entropy.octets(NONCE_OCTETS)
        with self._lock:
            try:
                return nonce + bytes(self._master().encrypt(key, **_gcm(nonce, register)))
            except faults.PKCS11Error as error:
                raise self._unavailable(error) from None

    def open(self, sealed: bytes, register: bytes) -> bytes:
        if len(sealed) < NONCE_OCTETS + SEAL_OCTETS:
            raise SecurityError("a sealed key is cut off", got=len(sealed))
        with self._lock:
            try:
                return bytes(self._master().decrypt(sealed[NONCE_OCTETS:], **_gcm(sealed[:NONCE_OCTETS], register)))
            except _SEAL_BROKEN:
                self.check()
                raise SecurityError(
                    "the HSM does not open a sealed key: it was changed, or another key sealed it"
                ) from None
            except faults.PKCS11Error as error:
                raise self._unavailable(error) from None

    def check(self) -> None:
        """Raise SecurityModuleUnavailable unless the HSM works with the master key now."""
        self.seal(b"", b"check")

    def close(self) -> None:
        with self._lock:
            opened, self._opened, self._key = self._opened, None, None
            if opened is not None:
                _quietly(opened.close)

    def __repr__(self) -> str:
        return f"Pkcs11Custody({self._hsm_label!r}, {self._label!r}, hidden)"

    def __reduce__(self) -> str:
        raise TypeError("the custody of keys is not serialised")

    def _master(self) -> Any:
        if self._key is None:
            self._opened = self._log_in(read_only=True)
            found = list(self._opened.get_objects(self._wanted()))
            if len(found) != 1:
                self.close()
                raise SecurityModuleError(f"the HSM has {len(found)} keys named {self._label}", expected="one")
            try:
                _check_usage(found[0], self._label)
            except SecurityModuleError:
                self.close()  # or each further call would leave one more session open
                raise
            self._key = found[0]
        return self._key

    def _wanted(self) -> dict[Any, Any]:
        return {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY, pkcs11.Attribute.LABEL: self._label}

    def _log_in(self, *, read_only: bool) -> Any:
        if self._refused is not None:
            raise self._refused
        try:
            hsm = self._hsm()
            try:
                return hsm.open(rw=not read_only, user_pin=self._pin)
            except faults.UserAlreadyLoggedIn:  # by another custody in this process
                return hsm.open(rw=not read_only)
        except _REFUSED_PIN as error:
            self._refused = SecurityModuleError(
                f"the HSM {self._hsm_label} refuses the PIN; it is not tried again", got=type(error).__name__
            )
            raise self._refused from None
        except faults.PKCS11Error as error:
            raise self._unavailable(error) from None

    def _hsm(self) -> Any:
        library = pkcs11.lib(str(self._library_path))
        try:
            return library.get_token(token_label=self._hsm_label)
        except faults.PKCS11Error:
            # A library that has seen its HSM go may need to begin again before it sees it come back.
            library.reinitialize()
            return library.get_token(token_label=self._hsm_label)

    def _unavailable(self, error: faults.PKCS11Error) -> SecurityModuleUnavailable:
        self.close()
        return SecurityModuleUnavailable(f"the HSM {self._hsm_label} cannot be used now", got=type(error).__name__)


class Pkcs11SecurityModule(SoftwareSecurityModule):
    """Issues tokens under the vending keys of a keystore that an HSM has sealed."""

    driver: ClassVar[str] = "pkcs11"

    @classmethod
    def open_with_hsm(
        cls,
        keystore: Keystore,
        library: Path,
        hsm_label: str,
        pin: str,
        *,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        tables: StaTables = StaTables.SAMPLE,
        unverified: bool = False,
    ) -> Pkcs11SecurityModule:
        """The module over `keystore`, which says which key of the HSM has sealed its own."""
        custody = keystore.content.custody
        if not custody.startswith(PREFIX):
            raise SecurityModuleError("this keystore seals its keys itself", expected="file:…", got=custody)
        sealed_by = Pkcs11Custody(library, hsm_label, pin, custody.removeprefix(PREFIX), entropy)
        return cls(keystore, sealed_by, clock=clock, tables=tables, unverified=unverified)


def _gcm(nonce: bytes, register: bytes) -> dict[str, Any]:
    parameters = pkcs11.GCMParams(nonce, aad=register, tag_bits=8 * SEAL_OCTETS)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}


def _check_usage(key: Any, label: str) -> None:
    """A master key that can be read out is none."""
    if not key[pkcs11.Attribute.SENSITIVE] or key[pkcs11.Attribute.EXTRACTABLE]:
        raise SecurityModuleError(f"the key {label} can be read out of the HSM", expected="sensitive, not extractable")


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except faults.PKCS11Error:
        return  # it was gone already
