"""Pre-established associations in companion profiles: what cannot stand without a word is refused."""

from __future__ import annotations

import pytest

from ferraris.cosem import client_title, profile_from_text
from ferraris.kernel.errors import TableError

PROFILE = """
name = "mine"
title = "Mine"
inherit = "smr5_single_phase"

[source]
document = "d"
edition = "e"
licence = "l"

[associations]
silent = {{ client_sap = 102, authentication = "{authentication}", rights = "read"{more} }}

[objects]
"""


def loaded(more: str, authentication: str = "lowest") -> bytes:
    """The client's title in the profile's association."""
    profile = profile_from_text(PROFILE.format(more=more, authentication=authentication), "mine")
    return client_title("mine", profile.associations["silent"])


def test_a_plain_one_and_a_ciphered_one() -> None:
    assert loaded(", pre_established_pdu_size = 500") == b""
    title = ', ciphered = true, client_system_title = "4645524845533031"'
    assert loaded(", pre_established_pdu_size = 500" + title) == b"FERHES01"


@pytest.mark.parametrize(
    ("more", "authentication", "place"),
    [
        (", pre_established_pdu_size = 63", "lowest", "pre_established_pdu_size"),
        (", pre_established_pdu_size = 65536", "lowest", "pre_established_pdu_size"),
        (", pre_established_pdu_size = 500", "lls", "authentication"),
        (", pre_established_pdu_size = 500", "hls_gmac", "authentication"),
        (", pre_established_pdu_size = 500, ciphered = true", "lowest", "client_system_title"),
        (', pre_established_pdu_size = 500, client_system_title = "4645524845533031"', "lowest", "client_system_title"),
        (', client_system_title = "4645524845533031"', "lowest", "client_system_title"),
        (', pre_established_pdu_size = 500, ciphered = true, client_system_title = "46"', "lowest", "8 octets"),
        (', pre_established_pdu_size = 500, ciphered = true, client_system_title = "xyz"', "lowest", "8 octets"),
    ],
)
def test_what_cannot_stand_is_refused(more: str, authentication: str, place: str) -> None:
    with pytest.raises(TableError, match=place):
        loaded(more, authentication)
