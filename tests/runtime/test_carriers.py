"""What carries APDUs to a meter of the registry, and who waits for whom on a shared line."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ferraris.dlms import GatewayFraming, MbusFraming, decode_prefixed
from ferraris.dlms.hdlc import HdlcFraming, decode_frame
from ferraris.kernel.errors import ConfigError
from ferraris.runtime.carriers import Lines, framing_of, line_of
from tests.runtime.test_key_ring import ROW


@pytest.mark.parametrize("link", ["tcp", "udp", "coap"])
def test_the_wrapper_alone_needs_no_framing(link: str) -> None:
    assert framing_of(replace(ROW, link=link), 1) is None


@pytest.mark.parametrize(
    ("physical", "octets", "address"),
    [(None, None, (1, None, 1)), (17, None, (1, 17, 2)), (17, 4, (1, 17, 4)), (200, None, (1, 200, 4))],
)
def test_hdlc_goes_to_the_meters_address(
    physical: int | None, octets: int | None, address: tuple[int, int | None, int]
) -> None:
    row = replace(ROW, link="hdlc+tcp", physical_address=physical, address_octets=octets)
    framing = framing_of(row, 16)
    assert isinstance(framing, HdlcFraming)
    framing.connect(0)
    (snrm,) = framing.outgoing()
    frame = decode_frame(snrm.strip(b"~"))
    assert tuple(frame.destination) == address
    assert frame.source.upper == 16


@pytest.mark.parametrize(("physical", "station"), [(None, 0xFE), (5, 5)])
def test_mbus_goes_to_the_primary_address(physical: int | None, station: int) -> None:
    framing = framing_of(replace(ROW, link="mbus+tcp", physical_address=physical), 16)
    assert isinstance(framing, MbusFraming)
    framing.connect(0)
    assert framing.outgoing()[0][2] == station


def test_a_gateway_is_told_which_meter() -> None:
    framing = framing_of(replace(ROW, gateway="3:FER7"), 1)
    assert isinstance(framing, GatewayFraming)
    framing.send(b"\x60\x00", 0)
    (wpdu,) = framing.outgoing()
    message = decode_prefixed(wpdu[8:])
    assert (message.address.network, message.address.device, message.apdu) == (3, b"FER7", b"\x60\x00")


@pytest.mark.parametrize(
    "row",
    [
        {"link": "hdlc+tcp", "physical_address": 17, "address_octets": 1},
        {"link": "hdlc+tcp", "server_sap": 60_000},
        {"link": "mbus", "physical_address": 300},
        {"gateway": "nowhere"},
        {"gateway": "999:x"},
    ],
)
def test_an_address_that_no_frame_can_carry_is_our_own_fault(row: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        framing_of(replace(ROW, **row), 1)  # type: ignore[arg-type]


def test_lines_are_shared_by_those_behind_one_address() -> None:
    first, second = (replace(ROW, link="hdlc+tcp", physical_address=number) for number in (17, 18))
    assert line_of(first) == line_of(second) is not None
    assert line_of(replace(first, port=1)) != line_of(first)
    device = replace(ROW, link="serial", host="/dev/ttyUSB0", port=9600)
    assert line_of(device) == line_of(replace(device, port=300)), "one line, whatever its speed"
    assert line_of(ROW) is None


def test_a_line_belongs_to_one_at_a_time_and_is_forgotten() -> None:
    async def story() -> None:
        lines, now, most = Lines(), dict.fromkeys(("a", "b", ""), 0), dict.fromkeys(("a", "b", ""), 0)

        async def use(name: str) -> None:
            async with lines.alone_on(name or None):
                now[name] += 1
                most[name] = max(most[name], now[name])
                await asyncio.sleep(0)
                now[name] -= 1

        await asyncio.gather(*(use(name) for name in ("a", "b", "") * 5))
        assert most == {"a": 1, "b": 1, "": 5}
        waiting = asyncio.create_task(use("a"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert lines._lines == {}

    asyncio.run(story())


def test_mbus_goes_to_the_secondary_address() -> None:
    framing = framing_of(replace(ROW, link="mbus+tcp", secondary_address="12345678.FER.01.02"), 16)
    assert isinstance(framing, MbusFraming)
    framing.connect(0)
    (selection,) = framing.outgoing()
    assert selection[4:15].hex() == "53fd52" + "78563412b2180102"
    with pytest.raises(ConfigError, match="no secondary address"):
        framing_of(replace(ROW, link="mbus", secondary_address="12"), 16)
