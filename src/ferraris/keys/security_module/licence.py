"""Transaction licences: a text by which a keystore's officer fills its transaction counter, once.

    -----BEGIN FERRARIS TRANSACTION LICENCE-----
    keystore 5b3f0c9d2a41e687
    serial 8c1d…
    transactions 10000
    seal 4fe2…
    -----END FERRARIS TRANSACTION LICENCE-----

The seal is HMAC-SHA-256 under a key that only the officer's credential opens the way to, so an operator can load a licence
but not write one. The text may stand inside a letter. A keystore takes each serial once.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final

from ferraris.kernel.limits import LICENCE_OCTETS_MAX, TRANSACTIONS_MAX
from ferraris.keys.security_module.errors import SecurityModuleError

_BEGIN: Final = "-----BEGIN FERRARIS TRANSACTION LICENCE-----"
_END: Final = "-----END FERRARIS TRANSACTION LICENCE-----"
_TEXT: Final = re.compile(
    rf"{_BEGIN}\s+keystore ([0-9a-f]{{16}})\s+serial ([0-9a-f]{{32}})\s+transactions ([0-9]{{1,13}})"
    rf"\s+seal ([0-9a-f]{{64}})\s+{_END}"
)


@dataclass(frozen=True, slots=True)
class TransactionLicence:
    """So many transactions for one keystore."""

    keystore: str
    serial: str
    transactions: int

    def text(self, key: bytes) -> str:
        """The licence, sealed."""
        lines = (_BEGIN, *self._lines(), f"seal {self._seal(key)}", _END)
        return "\n".join(lines) + "\n"

    def _lines(self) -> tuple[str, ...]:
        return f"keystore {self.keystore}", f"serial {self.serial}", f"transactions {self.transactions}"

    def _seal(self, key: bytes) -> str:
        return hmac.new(key, "\n".join(self._lines()).encode("ascii"), "sha256").hexdigest()

    @classmethod
    def parse(cls, text: str, key: bytes) -> TransactionLicence:
        """The licence in `text`. Raises SecurityModuleError for a text without one, or with one that was changed."""
        found = _TEXT.search(text.replace("\r", "")[:LICENCE_OCTETS_MAX])
        if found is None:
            raise SecurityModuleError("no transaction licence in the text", result="ESm.Licence")
        licence = cls(found[1], found[2], int(found[3]))
        if not hmac.compare_digest(found[4], licence._seal(key)):
            raise SecurityModuleError(
                "the transaction licence was changed, or is not of this keystore", result="ESm.Licence"
            )
        check_transactions(licence.transactions)
        return licence


def check_transactions(count: int) -> None:
    """Raise for a number of transactions that no licence has."""
    if not 1 <= count <= TRANSACTIONS_MAX:
        raise SecurityModuleError(
            "a number of transactions", result="EParamRange", expected=f"1 to {TRANSACTIONS_MAX}", got=count
        )
