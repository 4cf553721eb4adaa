"""SMTP setup, class 46."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.smtp_setup import SmtpSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(46, (0,), """
    number  name            v0
    1       logical_name    logical name
    2       server_port     long-unsigned
    3       user_name       octet-string
    4       user_secret     octet-string
    5       server_address  octet-string
    6       sender_address  octet-string
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (SmtpSetup.logical_name.datatype,    "0906 0000190500ff",      "0.0.25.5.0.255"),
    (SmtpSetup.server_port.datatype,     "12 0019",                25),
    (SmtpSetup.user_name.datatype,       "0902 6d31",              "0x6d31"),
    (SmtpSetup.user_secret.datatype,     "0900",                   "0x"),
    (SmtpSetup.server_address.datatype,  "0908 31302e302e302e31",  "0x31302e302e302e31"),
    (SmtpSetup.sender_address.datatype,  "0903 6d4061",            "0x6d4061"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
