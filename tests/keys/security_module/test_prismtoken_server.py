"""The sockets of a PrismToken service: strangers, liars, slow clients and crowds; TLS; thriftpy2's own client."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import thriftpy2.rpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.transport import TFramedTransportFactory

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import PRISMTOKEN_CONNECTIONS_MAX, PRISMTOKEN_FRAME_OCTETS_MAX
from ferraris.keys.security_module import PrismTokenModule, PrismTokenServer, SecurityModuleUnavailable
from ferraris.keys.security_module.thrift_messages import decode_reply, encode_call, frame, interface
from tests.keys.security_module.benches import SECRETS, TILL, prismtoken_server, software_module

PING = frame(encode_call("ping", 1, sleepMs=0, echo="hé"))
SOON_S = 5.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrismTokenServer]:
    with prismtoken_server(software_module(tmp_path / "keystore"), frame_s=0.3, idle_s=0.6) as server:
        yield server


def connected(server: PrismTokenServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=SOON_S)


def answer(connection: socket.socket) -> bytes:
    header = connection.recv(4, socket.MSG_WAITALL)
    return connection.recv(struct.unpack(">I", header)[0], socket.MSG_WAITALL)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_thriftpy2s_own_client_is_served(server: PrismTokenServer) -> None:
    client = thriftpy2.rpc.make_client(
        interface().TokenApi,
        "127.0.0.1",
        server.port,
        proto_factory=TBinaryProtocolFactory(),
        trans_factory=TFramedTransportFactory(),
    )
    assert client.ping(0, "hé") == "hé"
    result = client.signInWithPassword("m1", "local", TILL, SECRETS[TILL], interface().SessionOptions())
    assert client.getStatus("m2", result.accessToken)[0].info["driver"] == "file"
    with pytest.raises(interface().ApiException, match="EAuthentication"):
        client.getStatus("m3", "made up")
    client.close()


def test_octets_may_come_one_by_one(server: PrismTokenServer) -> None:
    connection = connected(server)
    for octet in PING:
        connection.sendall(bytes([octet]))
    assert decode_reply(answer(connection), "ping", 1).success == "hé"
    connection.sendall(PING)
    assert decode_reply(answer(connection), "ping", 1).success == "hé"
    connection.close()


LIES = {
    "four gigabytes": b"\xff\xff\xff\xff",
    "one octet above the limit": struct.pack(">I", PRISMTOKEN_FRAME_OCTETS_MAX + 1),
    "an empty frame": struct.pack(">I", 0),
    "a browser": b"GET / HTTP/1.1\r\n\r\n",
    "a frame of rubbish": frame(b"rubbish"),
    "a string of two gigabytes": frame(b"\x80\x01\x00\x01\x7f\xff\xff\xff"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_liar_is_cut_off_and_others_are_served(server: PrismTokenServer, lie: str) -> None:
    connection = connected(server)
    connection.sendall(LIES[lie])
    assert is_closed(connection)
    other = connected(server)
    other.sendall(PING)
    assert decode_reply(answer(other), "ping", 1).success == "hé"


def test_a_slow_client_is_cut_off_however_it_trickles(server: PrismTokenServer) -> None:
    connection, begun = connected(server), time.monotonic()
    connection.settimeout(0.05)
    while time.monotonic() - begun < SOON_S:
        try:
            connection.sendall(PING[:1])
            if connection.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        pytest.fail("a client that sends an octet now and then is served for ever")


def test_an_idle_client_is_cut_off(server: PrismTokenServer) -> None:
    assert is_closed(connected(server))


def test_a_crowd_is_turned_away_and_the_first_are_served(tmp_path: Path) -> None:
    with prismtoken_server(software_module(tmp_path / "keystore")) as server:
        crowd = []
        for _ in range(PRISMTOKEN_CONNECTIONS_MAX):
            connection = connected(server)
            connection.sendall(PING)
            answer(connection)
            crowd.append(connection)
        assert is_closed(connected(server))
        crowd[0].sendall(PING)
        assert answer(crowd[0])
        crowd.pop().close()
        deadline = time.monotonic() + SOON_S
        while time.monotonic() < deadline:
            late = connected(server)
            try:
                late.sendall(PING)
                if late.recv(4):
                    break
            except ConnectionError:
                continue
        else:
            pytest.fail("the place of one that left was not given on")
        for connection in [*crowd, late]:
            connection.close()


def test_stopping_ends_a_ping_that_waits(tmp_path: Path) -> None:
    server = prismtoken_server(software_module(tmp_path / "keystore"))
    server.start()
    connection = connected(server)
    connection.sendall(frame(encode_call("ping", 1, sleepMs=60_000, echo="")))
    waiting = threading.Thread(target=server.wait)
    waiting.start()
    begun = time.monotonic()
    server.stop()
    waiting.join(SOON_S)
    assert time.monotonic() - begun < SOON_S
    assert not waiting.is_alive()
    with contextlib.suppress(ConnectionError):
        while connection.recv(1024):  # the ping may just have been answered
            pass


def test_a_port_that_is_taken_is_named(server: PrismTokenServer, tmp_path: Path) -> None:
    module = software_module(tmp_path / "other")
    with pytest.raises(ConfigError, match=f"cannot listen at 127.0.0.1:{server.port}"):
        prismtoken_server(module, port=server.port)


# TLS


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate of its own for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


def answered_in_the_clear(connection: socket.socket) -> bool:
    try:
        return b"ping" in connection.recv(4096)
    except ConnectionError:
        return False


def test_tls_both_ways_and_nothing_in_the_clear(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(chain, key)
    with prismtoken_server(software_module(tmp_path / "keystore"), tls=ours, frame_s=0.5) as server:  # type: ignore[arg-type]
        trusting = ssl.create_default_context(cafile=str(chain))
        module = PrismTokenModule("127.0.0.1", server.port, TILL, SECRETS[TILL], tls=trusting)
        assert module.ping("hé") == "hé"
        assert module.status().reachable
        module.close()
        stranger = PrismTokenModule("127.0.0.1", server.port, TILL, SECRETS[TILL], tls=ssl.create_default_context())
        with pytest.raises(SecurityModuleUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.ping()
        clear = connected(server)
        clear.sendall(PING)
        assert not answered_in_the_clear(clear)
        silent = connected(server)  # never begins the handshake
        assert is_closed(silent)
