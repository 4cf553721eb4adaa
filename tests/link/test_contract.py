"""Texts of addresses, and waiting with a limit."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError
from ferraris.link import LinkCapabilities, address_text, loopback_pair, receive_within
from ferraris.link.contract import Downlink
from ferraris.simulation import run_virtual


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("127.20.0.1", 4059, "127.20.0.1:4059"),
        ("meter-7.example", 4059, "meter-7.example:4059"),
        ("fd00::7", 4059, "[fd00::7]:4059"),
        ("", 0, ":0"),
    ],
)
def test_address_text(host: str, port: int, text: str) -> None:
    assert address_text(host, port) == text


def test_a_meter_is_reached_at_any_time_unless_its_link_says_otherwise() -> None:
    capabilities = LinkCapabilities(
        uplink_octets_max=51,
        downlink_octets_max=51,
        ordered=False,
        reliable=False,
        keeps_boundaries=True,
        round_trip_ms=2000,
    )
    assert (capabilities.downlink, capabilities.duty_cycle) == (Downlink.ALWAYS, 1.0)


def test_receive_within_waits_just_so_long() -> None:
    async def scenario() -> None:
        left, right = loopback_pair()
        with pytest.raises(LinkTimeoutError, match=r"Nothing from right:0 within 2\.5 s"):
            await receive_within(left, 2.5)
        assert asyncio.get_running_loop().time() == pytest.approx(2.5)
        await right.send(b"now")
        assert await receive_within(left, 2.5) == b"now"
        await right.aclose()
        with pytest.raises(LinkClosedError):
            await receive_within(left, 2.5)

    run_virtual(scenario())
