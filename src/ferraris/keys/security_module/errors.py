"""What goes wrong at a security module. `result` is the name that the field uses for it (PrismToken API 1.1).

Only SecurityModuleUnavailable is transient: the module may be there again for the next call, and the same request may be
made again. Every other error will be the same the next time. The names say what is the matter; all of them are errors.
"""

from __future__ import annotations

from typing import ClassVar

from ferraris.kernel.errors import FerrarisError


class SecurityModuleError(FerrarisError):
    """A security module did not do what was asked."""

    default_result: ClassVar[str] = "ESm"

    def __init__(
        self,
        summary: str,
        *,
        result: str | None = None,
        expected: object = None,
        got: object = None,
        clause: str | None = None,
    ) -> None:
        self.result = result or self.default_result
        super().__init__(f"{summary} [{self.result}]", expected=expected, got=got, clause=clause)


class SecurityModuleUnavailable(SecurityModuleError):  # noqa: N818
    """The module cannot be reached now: unplugged, its line or association lost, its library failed. May be retried."""

    default_result = "ESm.Unavailable"


class VendingKeyNotFound(SecurityModuleError):  # noqa: N818
    """No register of the module holds the vending key that the meter's configuration names."""

    default_result = "EKeystore.NotFound"


class VendingKeyExpired(SecurityModuleError):  # noqa: N818
    """The token identifier, or the present time, is beyond the vending key's expiry number."""

    default_result = "ESts.VkExpired"


class VendingKeyBeforeBaseDate(SecurityModuleError):  # noqa: N818
    """The token would be dated before the vending key's base date."""

    default_result = "ESts.VkBeforeBdt"


class KeyTypeForbidden(SecurityModuleError):  # noqa: N818
    """The rules of key types forbid it: a default key never issues credit, an initialisation key nothing but its own change."""

    default_result = "EVerify.DdtkCredit"


class TransactionsExhausted(SecurityModuleError):  # noqa: N818
    """The module's transaction counter has reached nought: it needs a transaction licence."""

    default_result = "ESm.TransactionsExhausted"


class RoleForbidden(SecurityModuleError):  # noqa: N818
    """The credential's roles do not allow it."""

    default_result = "EAuthentication.Permission"
