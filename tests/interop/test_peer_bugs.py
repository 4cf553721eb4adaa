"""What the foreign implementations do wrong, each shown by a test, and how we bear it. Listed in docs/reference/interop.md.

A test that fails here after an upgrade of a peer is good news: the line in the list can go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_entries
from ferraris.cosem import DisconnectControl, EntryDescriptor
from ferraris.dlms import Ciphering, SecurityControl
from ferraris.dlms.apdu import decode_apdu
from ferraris.kernel.errors import DecodeError, LinkClosedError, RefusedError, RemoteProtocolError
from tests.interop.foreign_meter import meter_of
from tests.interop.load_profile import COLUMNS, DISCONNECTOR, LOAD_PROFILE, end_s
from tests.interop.own_client import (
    HEADEND_TITLE,
    KEYS,
    PUBLIC,
    READING,
    Received,
    associated,
    management,
    with_association,
)
from tests.interop.peers.process import PeerProcess

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

WRAPPER_OCTETS = 8


def apdus_received(port: int, settings: ClientSettings) -> list[bytes]:
    """What a meter sends in an association that asks nothing."""
    received = Received()

    async def nothing(association: ClientAssociation) -> None:
        pass

    with_association(port, settings, nothing, received=received)
    return [chunk[WRAPPER_OCTETS:] for chunk in received.chunks]


@pytest.mark.parametrize("settings", [PUBLIC, management()], ids=["plain", "ciphered"])
def test_gurux_counts_the_octets_of_its_rlre_wrongly(gurux_meter: int, settings: ClientSettings) -> None:
    *_, rlre = apdus_received(gurux_meter, settings)
    assert rlre[0] == 0x63
    assert len(rlre) - 2 - rlre[1] == 4, "four octets more than the length says"
    with pytest.raises(DecodeError, match="octets follow the APDU"):
        decode_apdu(rlre)


def test_gurux_leaves_the_last_octet_off_a_refused_action(gurux_meter: int) -> None:
    received = Received()

    async def run() -> None:
        async with associated(gurux_meter, PUBLIC, received=received) as association:
            with pytest.raises(RefusedError, match="read-write-denied"):
                await association.invoke(DisconnectControl.remote_disconnect, DISCONNECTOR, 0)

    asyncio.run(run())
    apdu = received.chunks[-2][WRAPPER_OCTETS:]  # the last one releases
    assert apdu.hex() == "c701c103", "read-write-denied, and no octet that says there are no return parameters"


@pytest.mark.parametrize(
    ("first", "last", "served"),
    [(1, 2, [0, 1]), (3, 4, [2, 3, 4, 5]), (10, 12, [*range(9, 21)])],
)
def test_gurux_takes_the_last_entry_for_a_count(gurux_meter: int, first: int, last: int, served: list[int]) -> None:
    async def read(association: ClientAssociation) -> list[int]:
        profile = await read_entries(association, LOAD_PROFILE, COLUMNS, EntryDescriptor(first, last))
        return profile.time_s().tolist()

    assert with_association(gurux_meter, management(), read) == [end_s(row) for row in served]


def test_jdlms_answers_lls_in_the_ciphered_context(jdlms_meter: int) -> None:
    with pytest.raises(RemoteProtocolError, match="context"):
        apdus_received(jdlms_meter, READING)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(lambda: management(SecurityControl.AUTHENTICATED), id="authenticated only"),
        pytest.param(lambda: management(SecurityControl.ENCRYPTED), id="encrypted only"),
        pytest.param(lambda: management(ciphering=Ciphering.DEDICATED), id="dedicated key"),
        pytest.param(lambda: management(ciphering=Ciphering.GENERAL_GLOBAL), id="general-glo"),
    ],
)
def test_jdlms_closes_on_protections_it_does_not_have(jdlms_meter: int, settings: Callable[[], ClientSettings]) -> None:
    with pytest.raises(LinkClosedError):
        apdus_received(jdlms_meter, settings())


def test_dlms_cosem_refuses_a_first_invocation_counter_of_0(dlms_cosem: PeerProcess, gurux: PeerProcess) -> None:
    for first, accepted in ((0, False), (1, True)):
        meter = meter_of(gurux, invocation_counter=first)
        task = {"do": "client", "host": "127.0.0.1", "port": next(meter), "client_sap": 1, "server_sap": 1}
        task |= {"authentication": "gmac", "system_title": HEADEND_TITLE.hex(), **KEYS, "operations": []}
        assert dlms_cosem.ask(task)["associated"] is accepted
        assert next(meter, None) is None


def test_dlms_cosem_reads_a_closed_connection_for_ever(python_faults: PeerProcess) -> None:
    assert python_faults.ask({"fault": "dlms_cosem_reads_a_closed_connection_for_ever"}) == {"result": True}


def test_dlms_cosem_forgets_that_a_time_is_in_utc(python_faults: PeerProcess) -> None:
    assert python_faults.ask({"fault": "dlms_cosem_forgets_utc"}) == {"result": ["None", "1:00:00"]}


def test_dlms_cosem_drops_value_group_f(python_faults: PeerProcess) -> None:
    assert python_faults.ask({"fault": "dlms_cosem_drops_value_group_f"}) == {"result": 255}


def test_dlms_cosem_writes_a_length_above_127_in_one_octet(python_faults: PeerProcess) -> None:
    aarq = bytes.fromhex(python_faults.ask({"fault": "dlms_cosem_writes_long_lengths_in_one_octet"})["result"])
    assert aarq[1] == len(aarq) - 2 > 0x7F
    with pytest.raises(DecodeError):
        decode_apdu(aarq)


def test_gurux_in_python_has_no_working_server(python_faults: PeerProcess) -> None:
    answer = python_faults.ask({"fault": "gurux_server_cannot_take_a_pdu_size"})
    assert answer["result"].startswith("RecursionError")
    assert python_faults.ask({"fault": "gurux_reply_has_no_set_reply"}) == {"result": False}
