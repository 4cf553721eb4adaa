"""What a modem tells of its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import obis
from ferraris.cosem.classes.gsm_diagnostic import GsmDiagnostic
from ferraris.meter.fleet import Fleet
from ferraris.meter.mobile_network import METERS_PER_CELL, adjacent_cells, cell
from tests.meter.steady import MONDAY_MS, device_of
from tests.meter.test_timed import read

MONDAY_S = MONDAY_MS // 1000


@given(st.integers(1, 65_535), st.integers(0, 1 << 32))
def test_signals_are_those_of_a_modem_and_the_nearest_is_the_best(number: int, clock_s: int) -> None:
    served = cell(number, clock_s)
    assert 4 <= served.signal_quality <= 31
    assert served == cell(number, clock_s)
    for other in adjacent_cells(number, clock_s):
        assert other.signal_quality <= served.signal_quality
        assert other.cell_id != served.cell_id


def test_neighbours_share_a_cell_and_signals_waver() -> None:
    assert cell(1, MONDAY_S).cell_id == cell(METERS_PER_CELL - 1, MONDAY_S).cell_id != cell(METERS_PER_CELL, 0).cell_id
    assert len({cell(7, MONDAY_S + 900 * step).signal_quality for step in range(96)}) in range(3, 8)
    assert len({cell(number, MONDAY_S).signal_quality for number in range(1, 40)}) > 8


def test_a_client_reads_it(fleet: Fleet) -> None:
    device = device_of(fleet)
    assert read(device, GsmDiagnostic.operator, obis.LTE_DIAGNOSTIC, MONDAY_MS) == "Test network 001-01"
    assert read(device, GsmDiagnostic.cell_info, obis.LTE_DIAGNOSTIC, MONDAY_MS) == cell(1, MONDAY_S)
    time = read(device, GsmDiagnostic.capture_time, obis.LTE_DIAGNOSTIC, MONDAY_MS)
    assert time.to_epoch_ms() == MONDAY_MS
