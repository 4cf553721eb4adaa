"""The software security module: vending keys in a keystore file, opened one at a time for the moment of a derivation.

A transaction is counted for each token of class 0 or 2, and for each key-change set, before the token is made. Asked the same
thing twice, the module makes the same token twice and counts twice: what a sale was given is the ledger's to remember. Test
tokens and verification cost nothing. Management and key-change tokens leave a line in the audit, credit only in the ledger.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from ferraris.kernel.clock import Clock, SystemClock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import FerrarisError
from ferraris.keys.security_module import issuing
from ferraris.keys.security_module.custody import KeyCustody, SoftwareCustody
from ferraris.keys.security_module.errors import SecurityModuleError
from ferraris.keys.security_module.interface import IssuedToken, ModuleStatus
from ferraris.keys.security_module.keystore import Keystore
from ferraris.keys.security_module.keystore_file import Role
from ferraris.keys.security_module.vending_keys import (
    VendingKey,
    VendingKeyRegister,
    register_of,
)
from ferraris.sts import (
    DecoderKey,
    StaTables,
    StsConfiguration,
    Token,
    decode_token,
)

SOFTWARE: Final = "software"
_ROLE_OF_CLASS: Final = {
    issuing.CREDIT: (Role.OPERATOR,),
    issuing.TEST: (Role.OPERATOR, Role.SUPERVISOR),
    issuing.MANAGEMENT: (Role.SUPERVISOR,),
}


class SoftwareSecurityModule:
    """Issues tokens under the vending keys of a keystore."""

    driver: ClassVar[str] = "file"

    def __init__(
        self,
        keystore: Keystore,
        custody: KeyCustody | None = None,
        *,
        clock: Clock | None = None,
        tables: StaTables = StaTables.SAMPLE,
        unverified: bool = False,
    ) -> None:
        self.keystore = keystore
        self._custody = custody or self._own_custody(keystore)
        self._clock = clock or SystemClock()
        self._tables = tables
        self._unverified = unverified

    @classmethod
    def open(
        cls,
        path: Path,
        who: str,
        secret: str,
        *,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        tables: StaTables = StaTables.SAMPLE,
        unverified: bool = False,
    ) -> SoftwareSecurityModule:
        """The keystore at `path` as a module, under the credential `who`."""
        keystore = Keystore.open(path, who, secret, clock=clock, entropy=entropy)
        return cls(keystore, clock=clock, tables=tables, unverified=unverified)

    def status(self) -> ModuleStatus:
        try:
            keystore = self.keystore
            self._custody.check()
            return ModuleStatus(keystore.identifier, self.driver, True, keystore.transactions_left(), self.registers())
        except FerrarisError as error:
            return ModuleStatus(str(self.keystore.path), self.driver, False, None, (), str(error))

    def registers(self) -> tuple[VendingKeyRegister, ...]:
        keys = self.keystore.content.keys
        return tuple(keys[name].register for name in sorted(keys))

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        issuing.check_issue(configuration, token)
        token_class = issuing.token_class(token)
        self.keystore.allow(*_ROLE_OF_CLASS[token_class])
        if token_class == issuing.TEST:
            return issuing.issued(configuration, token, None, "")
        register = self._register(configuration)
        issuing.check_expiry(configuration, register, token)
        issued = issuing.issued(configuration, token, self._decoder_key(configuration), register.check_value)
        self.keystore.take_transaction()
        if token_class == issuing.MANAGEMENT:
            self._record("management token issued", configuration, register, token=type(token).__name__)
        return issued

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        self.keystore.allow(Role.SUPERVISOR)
        present_register, new_register = self._register(present), self._register(new)
        issuing.check_key_change(new, present_register, new_register, self._clock.now_ms())
        present_key, new_key = self._decoder_key(present), self._decoder_key(new)
        issued = issuing.issued_key_change(new_key, new, present_key, present, present_register.check_value)
        self.keystore.take_transaction()
        self._record("key change issued", present, present_register, to=str(new_register))
        return issued

    def verify(self, configuration: StsConfiguration, digits: str) -> Token:
        self.keystore.allow(Role.OPERATOR, Role.SUPERVISOR)
        self._register(configuration)
        token = decode_token(digits, self._decoder_key(configuration))
        issuing.check_verified(configuration, token)
        return token

    def close(self) -> None:
        self.keystore.close()
        self._custody.close()

    def load_key(self, register: VendingKeyRegister, key: VendingKey) -> VendingKeyRegister:
        """Put a vending key into its register; the officer's."""
        return self.keystore.load_key(register, key, self._custody)

    def load_licence(self, text: str) -> int:
        """Fill the transaction counter by the licence in `text`; the transactions left then."""
        return self.keystore.load_licence(text)

    def self_test(self) -> tuple[VendingKeyRegister, ...]:
        """Open every key and work out its check value anew. Raises at the first that is not what its register says."""
        for register in self.registers():
            sealed = self.keystore.sealed_key(register.name)
            found = VendingKey(self._custody.open(sealed.sealed, register.sealed_with())).check_value
            if found != register.check_value:
                raise SecurityModuleError(
                    f"the vending key {register} is not its own", expected=register.check_value, got=found
                )
        return self.registers()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.keystore.path)!r}, hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a security module is not serialised")

    def _own_custody(self, keystore: Keystore) -> KeyCustody:
        if keystore.content.custody != SOFTWARE:
            raise SecurityModuleError(
                "the vending keys of this keystore are sealed by an HSM",
                expected="pkcs11:…",
                got=keystore.content.custody,
            )
        return SoftwareCustody(keystore.key_of_keys)

    def _register(self, configuration: StsConfiguration) -> VendingKeyRegister:
        register = self.keystore.sealed_key(register_of(configuration)).register
        issuing.check_register(configuration, register)
        return register

    def _decoder_key(self, configuration: StsConfiguration) -> DecoderKey:
        sealed = self.keystore.sealed_key(register_of(configuration))
        key = VendingKey(self._custody.open(sealed.sealed, sealed.register.sealed_with()))
        return key.decoder_key(configuration, self._tables, unverified=self._unverified)

    def _record(self, what: str, configuration: StsConfiguration, register: VendingKeyRegister, **details: str) -> None:
        reference = configuration.meter_pan.decoder_reference_number
        self.keystore.record(what, meter=reference, register=str(register), **details)
