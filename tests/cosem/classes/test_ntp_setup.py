"""NTP setup, class 100: server and keys; nothing of a key is ever shown."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.ntp_setup import AuthenticationKey, NtpSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(100, (0,), """
    number  name                       v0
    1       logical_name               logical name
    2       activated                  boolean
    3       server_address             octet-string
    4       server_port                long-unsigned
    5       authentication_method      enum NtpAuthentication
    6       authentication_keys        array of AuthenticationKey
    7       client_key                 octet-string
    -1      synchronize                integer
    -2      add_authentication_key     AuthenticationKey
    -3      delete_authentication_key  double-long-unsigned
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (NtpSetup.logical_name.datatype,               "0906 0000190a00ff",                "0.0.25.10.0.255"),
    (NtpSetup.activated.datatype,                  "03 01",                            True),
    (NtpSetup.server_address.datatype,             "0903 6e7470",                      "0x6e7470"),
    (NtpSetup.server_port.datatype,                "12 007b",                          123),
    (NtpSetup.authentication_method.datatype,      "16 01",                            "shared_secrets"),
    (NtpSetup.authentication_keys.datatype,        "0101 0202 06 00000007 0902 cafe",
     [{"key_id": 7, "key": "0xcafe"}]),
    (NtpSetup.client_key.datatype,                 "0900",                             "0x"),
    (NtpSetup.synchronize.argument,                "0f 00",                            0),
    (NtpSetup.add_authentication_key.argument,     "0202 06 00000007 0902 cafe",       {"key_id": 7, "key": "0xcafe"}),
    (NtpSetup.delete_authentication_key.argument,  "06 00000007",                      7),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)


def test_keys_are_not_shown() -> None:
    assert repr(AuthenticationKey(7, b"secret")) == "AuthenticationKey(key_id=7)"
