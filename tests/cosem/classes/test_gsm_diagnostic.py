"""GSM diagnostic, class 47: cells of two sizes, and technologies that came later."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.gsm_diagnostic import GsmDiagnostic, GsmDiagnosticV0, GsmDiagnosticV1
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(47, (0, 1, 2), """
    number  name            v0                             v1                     v2
    1       logical_name    logical name                   =                      =
    2       operator        visible-string                 =                      =
    3       status          enum RegistrationStatus        =                      =
    4       cs_attachment   enum CircuitSwitchedStatus     =                      =
    5       ps_status       enum PacketSwitchedStatus      =                      =
    6       cell_info       CellV0                         Cell                   =
    7       adjacent_cells  array of AdjacentCellV0        array of AdjacentCell  =
    8       capture_time    date-time in octet-string(12)  =                      =
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (GsmDiagnostic.logical_name.datatype,      "0906 0000190600ff",                          "0.0.25.6.0.255"),
    (GsmDiagnostic.operator.datatype,          "0a03 4b504e",                                "KPN"),
    (GsmDiagnostic.status.datatype,            "16 05",                                      "roaming"),
    (GsmDiagnosticV0.cs_attachment.datatype,   "16 01",                                      "incoming_call"),
    (GsmDiagnostic.ps_status.datatype,         "16 08",                                      "lte_cat_nb1"),
    (GsmDiagnosticV0.ps_status.datatype,       "16 01",                                      "gprs"),
    (GsmDiagnosticV0.cell_info.datatype,       "0204 12 2b67 12 01f5 11 13 11 00",
     {"cell_id": 11111, "location_id": 501, "signal_quality": 19, "ber": 0}),
    (GsmDiagnosticV1.cell_info.datatype,       "0207 06 0012d687 12 01f5 11 13 11 63 12 00cc 12 0008 06 00000019",
     {"cell_id": 1_234_567, "location_id": 501, "signal_quality": 19, "ber": 99,
      "mobile_country_code": 204, "mobile_network_code": 8, "channel_number": 25}),
    (GsmDiagnosticV0.adjacent_cells.datatype,  "0101 0202 12 0001 11 0a",
     [{"cell_id": 1, "signal_quality": 10}]),
    (GsmDiagnostic.adjacent_cells.datatype,    "0101 0202 06 00010000 11 0a",
     [{"cell_id": 65536, "signal_quality": 10}]),
    (GsmDiagnostic.capture_time.datatype,      "19 07e8010f010c1e2d32ffc400",
     "2024-01-15 12:30:45 -60 min to UTC"),
    (GsmDiagnostic.capture_time.datatype,      "090c 07e8010f010c1e2d32ffc400",
     "2024-01-15 12:30:45 -60 min to UTC"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
