"""A relay between a client and a meter that writes down how many octets go which way: what the bare echo must repeat."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

TIMEOUT_S = 10.0


class Recorder:
    """Relays one connection to `port`. `round_trips` are the octets sent and answered, in turn."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.round_trips: list[tuple[int, int]] = []
        self._meter_port = port
        self._thread = threading.Thread(target=self._relay, daemon=True)

    def _relay(self) -> None:
        client, _ = self._listening.accept()
        with client, socket.create_connection(("127.0.0.1", self._meter_port), TIMEOUT_S) as meter:
            client.settimeout(TIMEOUT_S)
            while request := _frame(client):
                meter.sendall(request)
                answer = _frame(meter)
                client.sendall(answer)
                self.round_trips.append((len(request), len(answer)))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.join(TIMEOUT_S)
        self._listening.close()


def _frame(link: socket.socket) -> bytes:
    """One whole WPDU; empty when the peer has closed."""
    octets = b""
    while len(octets) < 8 or len(octets) < 8 + int.from_bytes(octets[6:8], "big"):
        more = link.recv(65536)
        if not more:
            return b""
        octets += more
    return octets
