"""A meter served by a foreign implementation."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interop.load_profile import ROWS
from tests.interop.own_client import KEYS, METER_TITLE
from tests.interop.peers.process import PeerProcess


def meter_of(peer: PeerProcess, **settings: object) -> Iterator[int]:
    """The port of a meter that `peer` serves."""
    task = {"do": "meter", "rows": ROWS, "system_title": METER_TITLE.hex(), **KEYS, **settings}
    port: int = peer.ask(task)["port"]
    yield port
    peer.ask({"do": "stop", "port": port})
