"""A wrapper that is not kept to is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance import faulty
from tests.client.conformance.bottle import Tampering, check_meter
from tests.client.conformance.faulty import check_with, on_apdus
from tests.meter.clients import reading

FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("wrapper-to-nobody", on_apdus(faulty.accepts_everybody)),
    ("wrapper-addresses-exchanged", faulty.sent_back),
    *(
        (name, on_apdus(lambda apdu: b"\xd8\x01\x01"))
        for name in ("wrapper-in-pieces", "wrapper-empty", "wrapper-cut-short")
    ),
]


@pytest.mark.parametrize(
    ("name", "change"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert result.got


def of_version_1(octets: bytes) -> bytes:
    return b"\x00\x01" + octets[2:]


class Hearing(Tampering):
    """The meter's side of a link that hears something else than was said."""

    async def receive(self) -> bytes:
        return self._change(await self._link.receive())

    async def send(self, octets: bytes) -> None:
        await self._link.send(octets)


def test_a_server_that_looks_at_no_version_is_found(fleet: Fleet) -> None:
    [result] = check_meter(
        fleet, reading(), chosen(["wrapper-version-wrong"]), around=lambda link: Hearing(link, of_version_1)
    )
    assert result.outcome is Outcome.FAILED, result.got


@pytest.mark.parametrize("name", ["wrapper-cut-short", "wrapper-empty"])
def test_a_server_that_falls_over_is_found(fleet: Fleet, name: str) -> None:
    """Behind the first link it serves no other."""
    links: list[Link] = []

    def around(link: Link) -> Link:
        links.append(link)
        return Hearing(link, lambda octets: octets if len(links) == 1 else b"")

    [result] = check_meter(fleet, reading(), chosen([name]), around=around)
    assert result.outcome is Outcome.FAILED, result.got
