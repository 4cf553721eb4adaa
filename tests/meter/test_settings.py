"""What clients have set: kept through restarts, whole or not at all, within its room."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.kernel.limits import METER_SETTINGS_OCTETS_MAX
from ferraris.meter.fleet import Fleet
from ferraris.meter.settings import Settings

KEY = (8, bytes.fromhex("0000010000ff"), 3)
OTHER = (40, bytes.fromhex("0001190900ff"), 7)
HEAD_OCTETS = 11


def test_a_new_meter_has_none(fleet: Fleet) -> None:
    assert Settings(fleet.memory, 0).get(KEY) is None


def test_values_are_kept_for_their_meter(fleet: Fleet) -> None:
    kept = Settings(fleet.memory, 1)
    assert kept.put(KEY, b"\x10\xff\xc4")
    assert kept.put(OTHER, b"")
    assert kept.put(KEY, b"\x10\x00\x00")
    for again in (kept, Settings(fleet.memory, 1)):
        assert (again.get(KEY), again.get(OTHER)) == (b"\x10\x00\x00", b"")
    assert Settings(fleet.memory, 0).get(KEY) is None


def test_what_does_not_fit_changes_nothing(fleet: Fleet) -> None:
    kept = Settings(fleet.memory, 0)
    assert kept.put(KEY, bytes(METER_SETTINGS_OCTETS_MAX - HEAD_OCTETS))
    assert not kept.put(OTHER, b"")
    assert not kept.put(KEY, bytes(METER_SETTINGS_OCTETS_MAX - HEAD_OCTETS + 1))
    again = Settings(fleet.memory, 0)
    assert (len(again.get(KEY) or b""), again.get(OTHER)) == (METER_SETTINGS_OCTETS_MAX - HEAD_OCTETS, None)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 65535), st.binary(min_size=6, max_size=6), st.integers(-128, 127)),
        st.binary(max_size=40),
        max_size=12,
    )
)
def test_any_values_come_back(fleet: Fleet, values: dict[tuple[int, bytes, int], bytes]) -> None:
    kept = Settings(fleet.memory, 2)
    for key, octets in values.items():
        assert kept.put(key, octets)
        assert Settings(fleet.memory, 2).get(key) == octets
    fleet.memory.settings.commit(kept._row, _cleared(fleet, kept))


def _cleared(fleet: Fleet, kept: Settings):  # noqa: ANN202 - a structured row
    row = fleet.memory.settings.read(kept._row)
    row["length"] = 0
    return row
