"""Names, addresses and keys of virtual meters follow from number and seed."""

from __future__ import annotations

import pytest

from ferraris.kernel.errors import ConfigError
from ferraris.meter.identity import Identity, meter_keys


@pytest.mark.parametrize(
    ("number", "serial", "system_title", "host", "device_name"),
    [
        (1, "FER0000000001", "4645520000000001", "127.20.0.1", b"FER0000000000001"),
        (300, "FER0000000300", "464552000000012c", "127.20.1.44", b"FER0000000000300"),
        (65_535, "FER0000065535", "464552000000ffff", "127.20.255.255", b"FER0000000065535"),
    ],
)
def test_names(number: int, serial: str, system_title: str, host: str, device_name: bytes) -> None:
    identity = Identity(number)
    assert (identity.serial, identity.system_title.hex(), identity.host) == (serial, system_title, host)
    assert identity.logical_device_name == device_name
    assert len(identity.system_title) == 8


@pytest.mark.parametrize("number", [0, -1, 65_536])
def test_a_number_has_an_address(number: int) -> None:
    with pytest.raises(ConfigError, match="number of a virtual meter"):
        Identity(number)


def test_keys_follow_from_seed_and_number_and_differ() -> None:
    first = meter_keys(1, 7)
    assert first == meter_keys(1, 7)
    octets = [first.encryption_key, first.authentication_key, first.master_key, first.lls_secret]
    octets += [meter_keys(2, 7).encryption_key, meter_keys(1, 8).encryption_key]
    assert len(set(octets)) == 6
    assert {len(key or b"") for key in octets} == {16}


def test_keys_are_the_same_for_ever() -> None:
    """Pinned: another derivation would lock head-ends out of the fleets that they have registered."""
    assert meter_keys(1, 1).encryption_key.hex() == "3fc11724a4f911840ee1684c5d91a964"


@pytest.mark.parametrize(("number", "physical"), [(1, 17), (2, 18), (16_365, 16_381), (16_366, 17)])
def test_physical_addresses_on_a_line_leave_out_the_reserved_ones(number: int, physical: int) -> None:
    assert Identity(number).hdlc_address == physical


@pytest.mark.parametrize(("number", "address"), [(1, 1), (250, 250), (251, 1), (0xFFFF, 35)])
def test_addresses_on_m_bus_are_the_primary_ones(number: int, address: int) -> None:
    assert Identity(number).mbus_address == address
