"""Schedule, class 10: its entries, and the ranges its methods take."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.schedule import Schedule
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(10, (0,), """
    number  name            v0
    1       logical_name    logical name
    2       entries         array of ScheduleEntry
    -1      enable_disable  EntriesToSwitch
    -2      insert          ScheduleEntry
    -3      delete          EntriesToDelete
""")]  # fmt: skip

WORKDAYS_AT_SIX = (
    "020a 120078 0301 0906 00000a0064ff 120001 0904 06000000 12ffff 0407 f8 0402 80 0905 ffff0401ff 0905 ffff091eff"
)
WORKDAYS_AT_SIX_READ = {
    "index": 120,
    "enable": True,
    "script_logical_name": "0.0.10.0.100.255",
    "script_selector": 1,
    "switch_time": "06:00:00",
    "validity_window": 0xFFFF,
    "exec_weekdays": "1111100",
    "exec_specdays": "10",
    "begin_date": "*-04-01",
    "end_date": "*-09-30",
}

KNOWN = [
    # type                             octets                               plain
    (Schedule.logical_name.datatype,   "0906 00000c0000ff",                 "0.0.12.0.0.255"),
    (Schedule.entries.datatype,        "0100",                              []),
    (Schedule.entries.datatype,        f"0101 {WORKDAYS_AT_SIX}",           [WORKDAYS_AT_SIX_READ]),
    (Schedule.insert.argument,         WORKDAYS_AT_SIX,                     WORKDAYS_AT_SIX_READ),
    (Schedule.enable_disable.argument, "0204 1200c8 1200ca 120078 12007a",
     {"first_index_disabled": 200, "last_index_disabled": 202, "first_index_enabled": 120, "last_index_enabled": 122}),
    (Schedule.delete.argument,         "0202 120078 120078",                {"first_index": 120, "last_index": 120}),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
