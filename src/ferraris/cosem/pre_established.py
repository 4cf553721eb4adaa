"""Pre-established associations in companion profiles: what a profile must say, as both ends hold it without a word."""

from __future__ import annotations

from typing import Final

from ferraris.cosem.profile_file import Authentication, ProfileAssociation
from ferraris.kernel.errors import TableError
from ferraris.kernel.limits import APDU_OCTETS_MAX, PDU_SIZE_MIN

SYSTEM_TITLE_OCTETS: Final = 8


def check_pre_established(place: str, association: ProfileAssociation) -> None:
    """Raises TableError for an association that could not stand without AARQ and AARE."""
    title, size = client_title(place, association), association.pre_established_pdu_size
    if size is None:
        if title:
            raise TableError(f"{place}: client_system_title", expected="a pre-established association", got=title.hex())
        return
    if not PDU_SIZE_MIN <= size <= APDU_OCTETS_MAX:
        expected = f"{PDU_SIZE_MIN} to {APDU_OCTETS_MAX} octets"
        raise TableError(f"{place}: pre_established_pdu_size", expected=expected, got=size)
    if association.authentication is not Authentication.LOWEST:
        got = association.authentication.name.lower()
        raise TableError(f"{place}: authentication", expected="lowest: nobody says a secret", got=got)
    if association.ciphered is not bool(title):
        expected = "that of the client" if association.ciphered else "none in a plain context"
        raise TableError(f"{place}: client_system_title", expected=expected, got=title.hex())


def client_title(place: str, association: ProfileAssociation) -> bytes:
    """The system title that the profile gives the client; empty for none. Raises TableError."""
    try:
        title = bytes.fromhex(association.client_system_title)
    except ValueError:
        title = b"?"
    if len(title) not in (0, SYSTEM_TITLE_OCTETS):
        got = association.client_system_title
        raise TableError(f"{place}: client_system_title", expected=f"{SYSTEM_TITLE_OCTETS} octets in hex", got=got)
    return title
