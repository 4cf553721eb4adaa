"""The keys of one meter, in the clear, for as long as they are needed, in an object that does not give them away."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from ferraris.kernel.errors import SecurityError
from ferraris.kernel.limits import LLS_SECRET_OCTETS_MAX
from ferraris.keys.master import WRAPPABLE_KEY_OCTETS, MasterKey


@dataclass(frozen=True, slots=True)
class WrappedMeterKeys:
    """A meter's keys as they may lie in a store: wrapped under the master key."""

    encryption_key: bytes = field(repr=False)
    authentication_key: bytes = field(repr=False)
    master_key: bytes | None = field(default=None, repr=False)
    lls_secret: bytes | None = field(default=None, repr=False)


class MeterKeys:
    """Global unicast encryption key, authentication key and, where known, the meter's master key and LLS secret.

    Whoever asks for a key by its name gets the octets. Everything that shows objects wholesale gets none: repr, str,
    format, copies inside `dataclasses.asdict`, pickle (refused), tracebacks and logs that print locals.
    """

    __slots__ = ("_authentication_key", "_encryption_key", "_lls_secret", "_master_key")

    def __init__(
        self,
        encryption_key: bytes,
        authentication_key: bytes,
        master_key: bytes | None = None,
        lls_secret: bytes | None = None,
    ) -> None:
        self._encryption_key = _checked("encryption key", encryption_key)
        self._authentication_key = _checked("authentication key", authentication_key)
        self._master_key = None if master_key is None else _checked("master key", master_key)
        if lls_secret is not None and not 1 <= len(lls_secret) <= LLS_SECRET_OCTETS_MAX:
            raise SecurityError(
                "an LLS secret of a wrong length", expected=f"1 to {LLS_SECRET_OCTETS_MAX}", got=len(lls_secret)
            )
        self._lls_secret = None if lls_secret is None else bytes(lls_secret)

    @property
    def encryption_key(self) -> bytes:
        """The global unicast encryption key."""
        return self._encryption_key

    @property
    def authentication_key(self) -> bytes:
        """The global authentication key."""
        return self._authentication_key

    @property
    def master_key(self) -> bytes | None:
        """The meter's own master key (KEK), under which it is sent new keys."""
        return self._master_key

    @property
    def lls_secret(self) -> bytes | None:
        """The secret of low-level security."""
        return self._lls_secret

    def wrapped(self, master_key: MasterKey) -> WrappedMeterKeys:
        """The same keys, wrapped for a store."""
        return WrappedMeterKeys(
            encryption_key=master_key.wrap(self._encryption_key),
            authentication_key=master_key.wrap(self._authentication_key),
            master_key=None if self._master_key is None else master_key.wrap(self._master_key),
            lls_secret=None if self._lls_secret is None else master_key.wrap_secret(self._lls_secret),
        )

    @classmethod
    def unwrap(cls, wrapped: WrappedMeterKeys, master_key: MasterKey) -> MeterKeys:
        """The keys in `wrapped`; SecurityError if this master key did not wrap them."""
        return cls(
            encryption_key=master_key.unwrap(wrapped.encryption_key),
            authentication_key=master_key.unwrap(wrapped.authentication_key),
            master_key=None if wrapped.master_key is None else master_key.unwrap(wrapped.master_key),
            lls_secret=None if wrapped.lls_secret is None else master_key.unwrap_secret(wrapped.lls_secret),
        )

    def _octets(self) -> bytes:
        parts = (self._encryption_key, self._authentication_key, self._master_key, self._lls_secret)
        return b"".join(b"-" if part is None else len(part).to_bytes(1, "big") + part for part in parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MeterKeys):
            return NotImplemented
        return hmac.compare_digest(self._octets(), other._octets())

    __hash__ = None  # type: ignore[assignment]  # a hash of keys would tell something about them

    def __repr__(self) -> str:
        return "MeterKeys(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("the keys of a meter are not serialised; wrap them")

    def __copy__(self) -> MeterKeys:
        return self

    def __deepcopy__(self, memo: object) -> MeterKeys:
        return self


def _checked(name: str, key: bytes) -> bytes:
    if len(key) not in WRAPPABLE_KEY_OCTETS:
        raise SecurityError(f"{name} of a wrong length", expected=f"one of {WRAPPABLE_KEY_OCTETS}", got=len(key))
    return bytes(key)
