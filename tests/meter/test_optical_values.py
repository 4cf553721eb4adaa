"""What a meter shows at its optical head, and what can be set there."""

from __future__ import annotations

import pytest

from ferraris.cosem import load_profile, profile_names
from ferraris.iec62056_21 import DataSet, decode_readout, encode_readout
from ferraris.kernel.clock import ManualClock
from ferraris.meter.fleet import Fleet
from ferraris.meter.optical_values import OpticalValues, identification
from tests.meter.steady import MONDAY_MS, device_of

HOUR_MS = 3_600_000
PROFILES = [load_profile(name) for name in profile_names()]
SERVED = [profile.name for profile in PROFILES if profile.associations and not profile.check_list]


def values(fleet: Fleet, profile: str = "smr5_three_phase") -> OpticalValues:
    device = device_of(fleet, 0, profile)
    return OpticalValues(device, ManualClock(MONDAY_MS + 3 * HOUR_MS))


def test_the_identification_names_the_meter(fleet: Fleet) -> None:
    assert identification(device_of(fleet), "5", "2").encode() == b"/FER5\\2FER0000000001\r\n"


def test_registers_stand_by_their_short_codes(fleet: Fleet) -> None:
    shown = {one.identifier: one.values for one in values(fleet).data_sets()}
    assert shown["0.0.0"] == (("FER0000000001", ""),)
    assert (shown["0.9.1"], shown["0.9.2"]) == ((("040000", ""),), (("260302", ""),))
    assert shown["1.8.0"] == (("000001.200", "kWh"),)
    assert shown["32.7.0"] == (("230.1", "V"),)
    assert len(shown) == len(values(fleet).data_sets()), "each code stands once"


def test_one_value_is_read_by_its_code(fleet: Fleet) -> None:
    found = values(fleet)
    assert found.read("1.8.0") == DataSet("1.8.0", (("000001.200", "kWh"),)).encode()
    assert found.read("0.0.0") == "0.0.0(FER0000000001)"
    assert found.read("99.8.0") is None
    assert found.read("") is None


def test_the_local_time_can_be_set(fleet: Fleet) -> None:
    found = values(fleet)
    assert found.write("0.9.1", "041500")
    assert found.read("0.9.1") == "0.9.1(041500)"
    assert found.write("0.9.2", "260304")
    assert (found.read("0.9.2"), found.read("0.9.1")) == ("0.9.2(260304)", "0.9.1(041500)")


@pytest.mark.parametrize(
    ("address", "value"), [("0.9.1", "250000"), ("0.9.1", "1"), ("0.9.2", "261301"), ("0.9.1", ""), ("1.8.0", "000000")]
)
def test_nothing_else_can_be_written(fleet: Fleet, address: str, value: str) -> None:
    assert not values(fleet).write(address, value)


@pytest.mark.parametrize("profile", SERVED)
def test_a_readout_of_every_profile_can_be_written_and_read(fleet: Fleet, profile: str) -> None:
    """Whatever units the registers of a profile have, the line carries them."""
    shown = values(fleet, profile).data_sets()
    assert decode_readout(encode_readout(shown)) == shown
