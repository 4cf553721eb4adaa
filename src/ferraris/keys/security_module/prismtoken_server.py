"""The sockets of a PrismToken service: one thread a connection, every wait with an end.

A client has FRAME_S seconds for each whole frame, counted from its first octet, however slowly it sends, and IDLE_S between
frames. Lengths above the limit, and octets that are no call, close the connection without an answer. With a TLS context the
handshake too is under the clock. PRISMTOKEN_CONNECTIONS_MAX connections are served; one more is closed at once.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Final, Self

from ferraris.kernel.errors import ConfigError, DecodeError
from ferraris.kernel.limits import PRISMTOKEN_CONNECTIONS_MAX
from ferraris.keys.security_module.prismtoken_service import PrismTokenService
from ferraris.keys.security_module.thrift_messages import FRAME_HEADER_OCTETS, frame, frame_octets

FRAME_S: Final = 10.0
IDLE_S: Final = 600.0
_BACKLOG: Final = 16


class PrismTokenServer:
    """Serves `service` at (host, port); port 0 takes a free one, which `port` then says."""

    def __init__(
        self,
        service: PrismTokenService,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        frame_s: float = FRAME_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._service = service
        self._tls = tls
        self._frame_s = frame_s
        self._idle_s = idle_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        try:
            self._listener = socket.create_server((host, port), backlog=_BACKLOG)
        except OSError as error:
            raise ConfigError(f"a PrismToken service cannot listen at {host}:{port}: {error.strerror}") from None
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="prismtoken", daemon=True)

    def start(self) -> None:
        """Begin to take connections."""
        self._thread.start()

    def wait(self) -> None:
        """Return when the server has been stopped."""
        self._stopping.wait()

    def stop(self) -> None:
        """Close everything; what is being answered is cut off, and its result kept for the client to fetch."""
        self._stopping.set()
        with self._lock:
            open_now = list(self._connections)
        for connection in (self._listener, *open_now):
            with suppress(OSError):  # it may be gone already
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        if self._thread.is_alive():
            self._thread.join()
        self._service.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # stopped
            with self._lock:
                room = len(self._connections) < PRISMTOKEN_CONNECTIONS_MAX and not self._stopping.is_set()
                if room:
                    self._connections.add(connection)
            if room:
                threading.Thread(target=self._serve, args=(connection,), name="prismtoken client", daemon=True).start()
            else:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        current = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self._frame_s)
            if self._tls is not None:
                current = self._tls.wrap_socket(connection, server_side=True)
            while not self._stopping.is_set():
                answer = self._service.answer(self._frame(current))
                self._stopping.wait(answer.delay_ms / 1000)
                current.settimeout(self._frame_s)
                current.sendall(frame(answer.message))
        except (OSError, DecodeError):
            pass  # gone, too slow, or no client of this interface
        finally:
            with self._lock:
                self._connections.discard(connection)
            current.close()
            connection.close()

    def _frame(self, connection: socket.socket) -> bytes:
        connection.settimeout(self._idle_s)
        first = _received(connection)
        deadline = time.monotonic() + self._frame_s
        header = first + receive_exactly(connection, FRAME_HEADER_OCTETS - 1, deadline)
        return receive_exactly(connection, frame_octets(header), deadline)


def receive_exactly(connection: socket.socket, count: int, deadline: float) -> bytes:
    """`count` octets, all by the moment `deadline` of the monotonic clock. Raises OSError."""
    parts, missing = [], count
    while missing:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        connection.settimeout(left)
        part = connection.recv(min(missing, 65_536))
        if not part:
            raise ConnectionResetError("closed in the middle of a frame")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _received(connection: socket.socket) -> bytes:
    first = connection.recv(1)
    if not first:
        raise ConnectionResetError("closed")
    return first
