"""The requests of the checks are what they seem: correct APDUs of their services."""

from __future__ import annotations

from ferraris.client.conformance import requests
from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    MethodDescriptor,
    SetRequestNormal,
    decode_apdu,
)


def test_each_decodes_as_its_service() -> None:
    name = requests.LOGICAL_DEVICE_NAME
    made = {
        requests.get_request(name): GetRequestNormal,
        requests.get_next(3): GetRequestNext,
        requests.get_list(name, name): GetRequestWithList,
        requests.get_list(): GetRequestWithList,
        requests.set_request(name, b"\x11\x00"): SetRequestNormal,
        requests.action_request(MethodDescriptor(70, Obis.parse("0.0.96.3.10.255"), 1)): ActionRequestNormal,
    }
    for octets, kind in made.items():
        apdu = decode_apdu(octets)
        assert isinstance(apdu, kind)
        assert apdu.invoke_id_and_priority == requests.INVOKE_ID_AND_PRIORITY  # type: ignore[attr-defined]
