"""HDLC over TCP with foreign peers: Gurux and jDLMS read our meter, and our client reads the meter of Gurux."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_profile
from ferraris.cosem import ProfileGeneric, Register
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.dlms.hdlc import HdlcFraming, HdlcParameters, PrimaryTiming, server_address
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import LinkTimeoutError
from ferraris.link import open_tcp
from tests.interop.foreign_meter import meter_of
from tests.interop.load_profile import ACTIVE_ENERGY_IMPORT, LOAD_PROFILE, ROWS
from tests.interop.own_client import PUBLIC, READING, management
from tests.interop.own_meter import HISTORY_DAYS, OwnMeter, serving
from tests.interop.peers.process import PeerError, PeerProcess

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]
as_client, as_meter = pytest.mark.peer_role("client"), pytest.mark.peer_role("meter")

MANAGEMENT = {"client_sap": 1, "authentication": "gmac", "security": "both"}
COUNTERS = count(1_000, 1_000)
COLUMNS = [[8, "0.0.1.0.0.255", 2], [1, "0.0.96.10.2.255", 2]]
COLUMNS += [[3, f"1.0.{c}.8.0.255", 2] for c in (1, 2, 3, 4)] + [[3, f"1.0.{c}.7.0.255", 2] for c in (32, 52, 72)]
GURUX: dict[str, dict[str, Any]] = {
    "default": {},
    "physical address of two octets": {"physical": 17, "address_size": 2},
    "physical address of four octets": {"physical": 17, "address_size": 4},
    "long information fields": {"physical": 17, "address_size": 2, "information": 2_030},
    "short information fields": {"physical": 17, "address_size": 2, "information": 40},
}


@pytest.fixture(scope="module")
def own_meter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnMeter]:
    """One of our meters, on HDLC."""
    with serving(tmp_path_factory.mktemp("own-hdlc"), 1, hdlc=True) as meters:
        yield meters[0]


@pytest.fixture(scope="module")
def gurux_hdlc_meter(gurux: PeerProcess) -> Iterator[int]:
    """A meter of Gurux, on HDLC."""
    yield from meter_of(gurux, hdlc=True)


def read(peer: PeerProcess, meter: OwnMeter, mode: dict[str, Any]) -> None:
    fresh = {"invocation_counter": next(COUNTERS)} if mode["client_sap"] == 1 else {}
    task = meter.task({**mode, **fresh, "hdlc": True}, [["clock"], ["profile", "1.0.99.1.0.255", COLUMNS]])
    answer = peer.ask(task)
    assert answer["associated"], answer
    assert all(result["ok"] for result in answer["results"]), answer
    assert len(answer["results"][1]["value"]["rows"]) == HISTORY_DAYS * 96
    assert answer["released"], answer


@as_client
@pytest.mark.parametrize("form", GURUX)
def test_load_profile_over_hdlc(gurux: PeerProcess, own_meter: OwnMeter, form: str) -> None:
    read(gurux, own_meter, {**MANAGEMENT, **GURUX[form]})


@as_client
def test_load_profile_over_hdlc_with_low_level_security(gurux: PeerProcess, own_meter: OwnMeter) -> None:
    read(gurux, own_meter, {"client_sap": 2, "authentication": "low", **GURUX["default"]})


@as_client
@pytest.mark.parametrize("physical", [0, 17])
def test_load_profile_over_hdlc_by_jdlms(jdlms: PeerProcess, own_meter: OwnMeter, physical: int) -> None:
    read(jdlms, own_meter, {**MANAGEMENT, "physical": physical})


@as_meter
@pytest.mark.parametrize(
    "settings_of", [management, lambda: READING, lambda: PUBLIC], ids=["management", "reading", "public"]
)
@pytest.mark.parametrize(
    "proposed",
    [HdlcParameters(), HdlcParameters(512, 512, 1, 1), HdlcParameters(128, 128, 7, 7)],
    ids=["default", "long", "window of seven"],
)
def test_load_profile_over_hdlc_of_the_gurux_meter(
    gurux_hdlc_meter: int, settings_of: Callable[[], ClientSettings], proposed: HdlcParameters
) -> None:
    settings = settings_of()

    async def scenario() -> None:
        link = await open_tcp("127.0.0.1", gurux_hdlc_meter)
        framing = HdlcFraming(settings.client_sap, server_address(1), proposed)
        client = ClientAssociation(link, settings, SystemEntropy(), framing=framing)
        try:
            await client.associate()
            assert await client.get(Register.value, ACTIVE_ENERGY_IMPORT) is not None
            columns = await client.get(ProfileGeneric.capture_objects, LOAD_PROFILE)
            assert len(await read_profile(client, LOAD_PROFILE, tuple(columns))) == ROWS
            await client.release()
            assert not framing.connected
        finally:
            await client.aclose()

    asyncio.run(scenario())


# No peer has a window of its own: jDLMS asks for and grants one frame, Gurux negotiates up to seven in both roles, gives each
# frame it sends the turn's last bit, and knows no frame without it.


@pytest.fixture
def hasty(gurux_hdlc_meter: int) -> Callable[[int], tuple[HdlcParameters, int]]:
    """What the Gurux meter grants for a window, and how many answers a request of several frames gets."""

    async def ask(window: int) -> tuple[HdlcParameters, int]:
        link = await open_tcp("127.0.0.1", gurux_hdlc_meter)
        timing = PrimaryTiming(response_timeout_ms=400, tries=2)
        framing = HdlcFraming(PUBLIC.client_sap, server_address(1), HdlcParameters(128, 128, window, 7), timing)
        client = ClientAssociation(link, PUBLIC, SystemEntropy(), framing=framing)
        try:
            await client.associate()
            wanted = [AttributeDescriptor(Register.class_id, ACTIVE_ENERGY_IMPORT, Register.value.number)] * 30
            return framing.parameters, len(await client.get_list(wanted))
        except LinkTimeoutError:
            return framing.parameters, 0
        finally:
            await client.aclose()

    return lambda window: asyncio.run(ask(window))


@pytest.mark.parametrize(("window", "answers"), [(1, 30), (7, 0)])
def test_gurux_grants_a_window_and_takes_one_frame_a_turn(
    hasty: Callable[[int], tuple[HdlcParameters, int]], window: int, answers: int
) -> None:
    """A request of three frames: whole in turns of one frame, unanswered in a turn of three."""
    granted, answered = hasty(window)
    assert (granted.window_transmit, granted.window_receive) == (window, 7)
    assert answered == answers


def test_gurux_asks_for_a_window_and_takes_one_frame_a_turn(gurux: PeerProcess, own_meter: OwnMeter) -> None:
    fresh = {**MANAGEMENT, "physical": 17, "address_size": 2, "invocation_counter": next(COUNTERS), "window": 7}
    fresh["patience_ms"] = 1_500
    with pytest.raises(PeerError, match="Read timed out"):
        gurux.ask(own_meter.task({**fresh, "hdlc": True}, [["objects"]]))
