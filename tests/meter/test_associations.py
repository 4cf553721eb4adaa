"""The associations that a meter offers, as its companion profile lists them."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import Mechanism
from ferraris.meter.associations import OfferedAssociations
from ferraris.meter.fleet import Fleet
from tests.meter.steady import device_of


@pytest.mark.parametrize(
    ("sap", "name", "mechanism", "ciphered"),
    [
        (1, "management", Mechanism.HLS_GMAC, True),
        (2, "reading", Mechanism.LLS, False),
        (16, "public", Mechanism.LOWEST, False),
    ],
)
def test_one_for_each_client(fleet: Fleet, sap: int, name: str, mechanism: Mechanism, ciphered: bool) -> None:
    offered = OfferedAssociations(device_of(fleet))
    found = offered.find(sap, 1)
    assert found is not None
    assert (found.name, found.settings.mechanism, found.settings.security is not None) == (name, mechanism, ciphered)
    assert offered.find(sap, 1) is found


@pytest.mark.parametrize(("client_sap", "server_sap"), [(3, 1), (1, 2), (0, 0)])
def test_none_for_others(fleet: Fleet, client_sap: int, server_sap: int) -> None:
    assert OfferedAssociations(device_of(fleet)).find(client_sap, server_sap) is None


def test_the_secret_is_the_readers(fleet: Fleet) -> None:
    device = device_of(fleet)
    found = OfferedAssociations(device).find(2, 1)
    assert found is not None
    assert found.settings.secret == device.keys.lls_secret


def test_keys_and_counters_are_the_meters_and_one_for_all(fleet: Fleet) -> None:
    device = device_of(fleet)
    offered = OfferedAssociations(device)
    security = offered.security
    assert security.system_title == device.identity.system_title
    assert security.keys.encryption_key == device.keys.encryption_key
    found = offered.find(1, 1)
    assert found is not None
    assert found.settings.security is security
    assert [security.counters.take(), device.sending_counter.take()] == [1, 2]
