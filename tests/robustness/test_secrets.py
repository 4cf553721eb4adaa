"""A system that has lived through everything: no key of it stands anywhere but in memory and, wrapped, in the stores."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import pytest

from ferraris.headend import CommandKind
from ferraris.meter.identity import meter_keys
from tests.robustness.hostile import HostileStreet, tell
from tests.robustness.test_wire import flipping
from tests.runtime.street import COLLECTOR, FLEET_SEED, PUSH_PORT


def forms(secret: bytes) -> list[bytes]:
    """How a secret would look where somebody let it out."""
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        repr(secret).encode()[2:-1],
        secret.hex(" ").encode(),
    ]


def secrets_of(street: HostileStreet) -> list[bytes]:
    every = [bytes(range(32))]  # the street's master key
    for device in street.service.devices:
        keys = meter_keys(FLEET_SEED, device.identity.number)
        every += [keys.encryption_key, keys.authentication_key, keys.master_key or b"", keys.lls_secret or b""]
    return [form for secret in every if secret for form in forms(secret)]


def test_no_secret_on_disk_on_the_wire_in_logs_or_in_what_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: dict[str, bytes] = {}
    wanted: list[bytes] = []

    async def story(street: HostileStreet) -> None:
        server = await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT)
        wanted.extend(secrets_of(street))
        await street.live_until(1.2)
        street.wire(0).to_head_end = flipping(random.Random(3))
        for kind, argument in (
            (CommandKind.READ_NOW, ""),
            (CommandKind.DISCONNECT, ""),
            (CommandKind.READ_ATTRIBUTE, "64/0.0.43.0.0.255/2"),
            (CommandKind.READ_ATTRIBUTE, "15/0.0.40.0.0.255/7"),
            (CommandKind.READ_ATTRIBUTE, "15/0.0.40.0.2.255/7"),
        ):
            for meter in (1, 2, 3):
                street.runtime.post_command(meter, kind, argument, "ann")
        street.service.devices[1].meter.log_event(1, street.clock.now_ms())  # type: ignore[arg-type]
        street.service._pusher.wake()
        await street.live_until(5)
        await server.aclose()
        records = street.stores.records
        shown = [records.alarms(), records.commands(), records.audit(1_000), records.states(), records.meters()]
        seen["rows"] = repr(shown).encode()
        seen["state"] = repr(street.runtime.head_end.state).encode()
        seen["objects"] = repr([street.runtime, street.runtime._key_ring, street.service.devices[0].keys]).encode()
        for host, wire in street.wires.items():
            seen[f"wire to {host}"] = b"".join(octets for _, octets in wire.heard)

    tell(tmp_path, story, meters=3, wrong_key=frozenset({2}))
    out = capsys.readouterr()
    seen["output"] = f"{out.out}{out.err}{caplog.text}".encode()
    seen |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(seen) > 10
    assert [name for name, octets in seen.items() for secret in wanted if secret in octets] == []


def test_the_search_finds_what_it_looks_for() -> None:
    secret = b"\x00\x01abc\xff" + bytes(range(10))
    for text in (b"x" + secret, f"key {secret.hex()}".encode(), f"{secret!r}".encode(), secret.hex(" ").encode()):
        assert any(form in text for form in forms(secret))
