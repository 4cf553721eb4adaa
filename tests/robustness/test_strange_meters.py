"""A meter with the right keys that answers nonsense (firmware gone mad, keys in the wrong hands): its own trouble alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ferraris.cosem import ProfileObject
from ferraris.dlms.apdu import DataAccessResult, SelectiveAccess
from ferraris.headend import CommandKind
from ferraris.meter.device import LogicalDevice
from ferraris.meter.live_values import Moment
from ferraris.runtime import runtime as runtime_module
from ferraris.store import CommandState
from tests.fuzz.mutation import mutate
from tests.robustness.hostile import HostileStreet, tell

Madness = Callable[[bytes, random.Random], bytes]


class Defects:
    """In the place of the runtime's log."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def exception(self, event: str, **fields: object) -> None:
        import traceback

        self.seen.append(traceback.format_exc())

    def warning(self, event: str, **fields: object) -> None:
        """Nothing to see here."""


def mutated(octets: bytes, dice: random.Random) -> bytes:
    return mutate((octets,), dice)


def of_another_type(octets: bytes, dice: random.Random) -> bytes:
    return dice.choice(
        (b"\x00", b"\x0f\x00", b"\x09\x04abcd", b"\x01\x00", b"\x02\x00", b"\x16\xff", b"\x06" + bytes(4), b"")
    )


def nested(octets: bytes, dice: random.Random) -> bytes:
    return b"\x01\x01" * 20_000 + b"\x00"


def a_million_nulls(octets: bytes, dice: random.Random) -> bytes:
    return b"\x01\x83\x0f\x42\x40" + bytes(60_000)


def gigantic(octets: bytes, dice: random.Random) -> bytes:
    """Blocks without end, until the limit of what is put together."""
    return b"\x09\x84\x02\x00\x00\x00" + bytes(1 << 25)


def compact_bomb(octets: bytes, dice: random.Random) -> bytes:
    """A compact array whose contents' count has no relation to its octets."""
    return b"\x13" + b"\x02\x01" * 40 + b"\x00\x84\xff\xff\xff\xff"


def drive_mad(device: LogicalDevice, madness: Madness, dice: random.Random) -> Callable[[], None]:
    """The device answers its clients by `madness`; the function returned brings it to its senses."""
    read = device.read

    def mad(
        entry: ProfileObject, number: int, moment: Moment, selection: SelectiveAccess | None = None
    ) -> bytes | DataAccessResult:
        result = read(entry, number, moment, selection)
        asked_by_a_client = moment.partner is not None and moment.partner.name == "management"
        return madness(result, dice) if asked_by_a_client and isinstance(result, bytes) else result

    device.read = mad  # type: ignore[method-assign]

    def recover() -> None:
        device.read = read  # type: ignore[method-assign]

    return recover


@pytest.mark.parametrize(
    ("madness", "seed"),
    [
        *((madness, seed) for madness in (mutated, of_another_type) for seed in range(4)),
        *((madness, 0) for madness in (nested, a_million_nulls, gigantic, compact_bomb)),
    ],
    ids=lambda what: getattr(what, "__name__", str(what)),
)
def test_a_mad_meter_is_its_own_trouble_and_heals(
    tmp_path: Path, madness: Madness, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    defects = Defects()
    monkeypatch.setattr(runtime_module, "LOG", defects)

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.2)
        recover = drive_mad(street.service.devices[0], madness, random.Random(seed))
        orders = [street.runtime.post_command(1, kind) for kind in (CommandKind.READ_NOW, CommandKind.DISCONNECT)]
        orders.append(street.runtime.post_command(1, CommandKind.READ_ATTRIBUTE, "7/1.0.99.1.0.255/3"))
        await street.live_until(9.2)
        assert street.communication(2) == "ok"
        street.check_truth(2, 8)
        recover()
        await street.live_until(17)
        assert defects.seen == []
        assert set(street.slots(10, 15)) <= set(street.stored_slots(1))
        assert street.communication(1) == "ok"
        for order in orders:
            row = street.stores.records.command(order.id)
            assert row is not None
            assert row.state in {CommandState.CONFIRMED, CommandState.FAILED, CommandState.UNKNOWN}
        intervals = street.stores.intervals
        times = intervals.read(1, [1], 0, 2**40).time_s.tolist()
        assert times == sorted(set(times))

    tell(tmp_path, story, meters=2)
