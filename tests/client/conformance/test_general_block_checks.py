"""A server that numbers, repeats or cuts general blocks wrongly is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.dlms.apdu import GeneralBlockTransfer, GetResponseNormal
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import check_meter
from tests.client.conformance.faulty import check_with, decoded, on_apdus
from tests.meter.clients import management, reading

NAMES = [
    "general-block-is-answered",
    "general-blocks-in-order",
    "general-block-lost",
    "general-block-out-of-turn",
]


def numbered_one_on(apdu: bytes) -> bytes:
    """Every block has the next one's number."""
    block = decoded(apdu)
    if not isinstance(block, GeneralBlockTransfer):
        return apdu
    return replace(block, block_number=block.block_number + 1).encode()


def serves_whatever_comes(apdu: bytes) -> bytes:
    """An exception becomes a block with a value."""
    value = GetResponseNormal(0xC5, b"\x11\x05").encode()
    return GeneralBlockTransfer(0x81, 1, 1, value).encode() if apdu[:1] in (b"\xd8", b"\xe0") else apdu


FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("general-block-is-answered", on_apdus(numbered_one_on)),
    ("general-blocks-in-order", on_apdus(numbered_one_on)),
    ("general-block-lost", on_apdus(numbered_one_on)),
    ("general-block-out-of-turn", on_apdus(serves_whatever_comes)),
]


@pytest.mark.parametrize("settings", [reading, management], ids=["plain", "ciphered"])
def test_our_own_meter_passes(fleet: Fleet, settings: Callable[[], object]) -> None:
    results = check_meter(fleet, settings(), chosen(NAMES))  # type: ignore[arg-type]
    assert [(r.check.name, r.outcome, r.got) for r in results if r.outcome is not Outcome.PASSED] == []
    assert len(results) == len(NAMES)


@pytest.mark.parametrize(("name", "change"), FAULTS, ids=[name for name, _ in FAULTS])
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
