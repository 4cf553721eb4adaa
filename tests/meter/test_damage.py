"""Damaged memory and hostile octets: a clear error or an answer, never a crash, never a wrong value taken for a right one."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cosem import obis
from ferraris.dlms import encode_wpdu
from ferraris.dlms.apdu import AttributeDescriptor, GetRequestNormal
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, StoreError
from ferraris.link import loopback_pair
from ferraris.meter.fleet import Fleet
from ferraris.meter.mapped_file import HEADER_OCTETS
from ferraris.meter.memory import FleetMemory
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import associated, management
from tests.meter.payment.prepaid import Prepaid
from tests.meter.steady import MONDAY_MS, STEADY, Maker, device_of

NAMES = ["state", "settings", "counters", "load_profile", "daily_profile", "event_log", "supply", "payment"]


@pytest.fixture
def lived(tmp_path: Path, make_fleet: Maker) -> Path:
    """The memory of meters that have lived for two days, closed. One takes tokens."""
    fleet = make_fleet()
    Prepaid(fleet, made=PaymentManufacture(credit_tenths=2_000))
    fleet.advance(MONDAY_MS + 2 * 86_400_000)
    fleet.close()
    return tmp_path / "fleet"


def registers(folder: Path) -> list[list[int]]:
    fleet = Fleet.open(folder, STEADY, MONDAY_MS + 2 * 86_400_000)
    found = [meter.registers_wh(MONDAY_MS + 2 * 86_400_000).tolist() for meter in fleet.meters]
    fleet.close()
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0, 9, 13, 17, 21, 27])
def test_a_flipped_bit_in_a_header_is_found(lived: Path, name: str, place: int) -> None:
    path = lived / "nvm" / f"{name}.nvm"
    octets = bytearray(path.read_bytes())
    octets[place] ^= 0x10
    path.write_bytes(octets)
    with pytest.raises(StoreError, match=name):
        FleetMemory(lived)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", [0, 27, HEADER_OCTETS, HEADER_OCTETS + 100])
def test_a_file_cut_short_is_found(lived: Path, name: str, kept: int) -> None:
    path = lived / "nvm" / f"{name}.nvm"
    path.write_bytes(path.read_bytes()[: min(kept, path.stat().st_size - 1)])
    with pytest.raises(StoreError, match=name):
        FleetMemory(lived)


def test_a_damaged_slot_is_passed_over_for_the_other(lived: Path) -> None:
    """Each meter's newest row is spoiled in turn: it shows the row before, and catches up with what it missed."""
    before = registers(lived)
    memory = FleetMemory(lived)
    for meter in range(3):
        newest = memory.state._current[meter]
        memory.state._slots["energy_mwh"][meter, newest, 0] ^= 1 << 40
    memory.close()
    after = registers(lived)
    assert all(abs(a[0] - b[0]) <= 9_600 for a, b in zip(after, before, strict=True))


def test_both_slots_damaged_is_an_error_that_names_the_meter(lived: Path) -> None:
    memory = FleetMemory(lived)
    memory.state._slots["next_load_s"][2] += 900
    memory.close()
    with pytest.raises(StoreError, match="no valid copy of the row of 1 meters, got 2"):
        FleetMemory(lived)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32 - 1), count=st.integers(1, 50))
def test_any_damage_is_an_error_or_leaves_registers_that_were_once_right(
    lived: Path, name: str, seed: int, count: int
) -> None:
    """Rings and counters carry no checksum of their own; registers, clock and heads do."""
    folder = lived.parent / f"copy{seed}-{count}-{name}"
    shutil.copytree(lived, folder)
    path = folder / "nvm" / f"{name}.nvm"
    octets = np.fromfile(path, np.uint8)
    generator = np.random.default_rng(seed)
    octets[generator.integers(0, len(octets), count)] ^= generator.integers(1, 256, count).astype(np.uint8)
    octets.tofile(path)
    try:
        memory = FleetMemory(folder)
    except StoreError:
        return
    finally:
        shutil.rmtree(folder)
    energies = memory.state.column("energy_mwh")[:, 0]
    assert (energies >= 0).all()
    assert (energies <= 400 * 48 * 1_000).all()
    memory.close()


# Hostile octets

GET = GetRequestNormal(0xC1, AttributeDescriptor(8, obis.CLOCK, 2)).encode()
PIECES = st.one_of(
    st.binary(max_size=60),
    st.builds(encode_wpdu, st.sampled_from([1, 2, 16, 99]), st.sampled_from([1, 2]), st.binary(max_size=80)),
    st.builds(encode_wpdu, st.just(1), st.just(1), st.binary(max_size=30).map(lambda rest: b"\x60" + rest)),
    st.just(encode_wpdu(16, 1, GET)),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, min_size=1, max_size=6))
def test_hostile_octets_end_in_answers_or_a_closed_link_and_the_meter_serves_on(
    fleet: Fleet, pieces: list[bytes]
) -> None:
    async def main() -> None:
        server = MeterServer(device_of(fleet), ManualClock(MONDAY_MS), SeededEntropy(8))
        here, there = loopback_pair()

        async def serve() -> None:
            try:
                await server.serve(there)
            finally:
                await there.aclose()

        task = asyncio.create_task(serve())
        try:
            for piece in filter(None, pieces):
                await here.send(piece)
                await asyncio.sleep(0.01)
        except LinkError:
            pass
        await here.aclose()
        with contextlib.suppress(LinkError):  # either the meter closed the link, or the peer did
            await task
        good, other = loopback_pair()
        task = asyncio.create_task(server.serve(other))
        async with associated(good, management()):
            pass
        with pytest.raises(LinkError):
            await task
        assert server.connections == 0

    run_virtual(main())
