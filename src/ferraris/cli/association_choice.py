"""What the command line says of an association: by which mechanism, in what context, how protected, how attributes are named."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ferraris.dlms import Ciphering, Envelope, Layer, SecurityControl


class Authentication(Enum):
    """The mechanisms by the names that the command line takes."""

    LOWEST = "lowest"
    LLS = "lls"
    HLS = "hls"
    HLS_MD5 = "hls-md5"
    HLS_SHA1 = "hls-sha1"
    HLS_GMAC = "hls-gmac"
    HLS_SHA256 = "hls-sha256"
    HLS_ECDSA = "hls-ecdsa"


class Policy(Enum):
    """How APDUs of a ciphered association are protected."""

    AUTHENTICATED = "authenticated"
    ENCRYPTED = "encrypted"
    BOTH = "both"


POLICIES: Final = {
    Policy.AUTHENTICATED: SecurityControl.AUTHENTICATED,
    Policy.ENCRYPTED: SecurityControl.ENCRYPTED,
    Policy.BOTH: SecurityControl.AUTHENTICATED_ENCRYPTED,
}


class Form(Enum):
    """How ciphered APDUs are made."""

    GLOBAL = "glo"
    DEDICATED = "ded"
    GENERAL_GLOBAL = "general-glo"
    GENERAL_DEDICATED = "general-ded"
    IDENTIFIED = "identified"
    WRAPPED = "wrapped"
    ONE_PASS = "one-pass"  # noqa: S105 - no password
    STATIC_UNIFIED = "static-unified"


FORMS: Final[dict[Form, Ciphering | Layer]] = {
    Form.GLOBAL: Ciphering.GLOBAL,
    Form.DEDICATED: Ciphering.DEDICATED,
    Form.GENERAL_GLOBAL: Ciphering.GENERAL_GLOBAL,
    Form.GENERAL_DEDICATED: Ciphering.GENERAL_DEDICATED,
    Form.IDENTIFIED: Layer.IDENTIFIED,
    Form.WRAPPED: Layer.WRAPPED,
    Form.ONE_PASS: Layer.ONE_PASS,
    Form.STATIC_UNIFIED: Layer.STATIC_UNIFIED,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line says of the association. None leaves it to the keys and, where a list names it, the profile."""

    authentication: Authentication | None = None
    ciphered: bool | None = None
    policy: Policy = Policy.BOTH
    form: Form = Form.GLOBAL
    signed: bool = False
    """Whether every APDU is signed, outside of its ciphering."""
    short_names: bool | None = None
    pre_established_pdu_size: int | None = None
    """Octets that the meter takes in one APDU, where the association stands without AARQ."""
    streams: bool = False
    """Whether long results are asked for by general block transfer."""
    timeout_s: float = 10.0

    @property
    def ciphering(self) -> Ciphering | Envelope:
        """The form as the engine names it."""
        form = FORMS[self.form]
        if self.signed:
            return Envelope((Layer.SIGNED, form))
        return form if isinstance(form, Ciphering) else Envelope((form,))
