"""A meter's URL: what it may say, and what it must not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.meter_url import Carrier, MeterUrl
from ferraris.dlms import GatewayAddress
from ferraris.kernel.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tcp://127.20.0.1", MeterUrl(Carrier.TCP, "127.20.0.1", 4059)),
        ("tcp://127.20.0.1:4060/?client=1", MeterUrl(Carrier.TCP, "127.20.0.1", 4060, client_sap=1)),
        ("tcp://[::1]:4059?client=2&server=17", MeterUrl(Carrier.TCP, "::1", 4059, client_sap=2, server_sap=17)),
        ("udp://meter.example?client=1", MeterUrl(Carrier.UDP, "meter.example", client_sap=1)),
        (
            "hdlc+tcp://10.0.0.1:4001?client=1&physical=17&address_octets=4",
            MeterUrl(Carrier.HDLC_TCP, "10.0.0.1", 4001, client_sap=1, physical_address=17, address_octets=4),
        ),
        (
            "serial:///dev/ttyUSB0?mode=e&baud=9600&client=16",
            MeterUrl(Carrier.SERIAL, device="/dev/ttyUSB0", mode_e=True, baud=9600),
        ),
        ("rfc2217://10.0.0.1:4001?mode=e", MeterUrl(Carrier.RFC2217, "10.0.0.1", 4001, mode_e=True)),
        ("mbus:///dev/ttyS0?physical=5", MeterUrl(Carrier.MBUS, device="/dev/ttyS0", physical_address=5)),
        ("mbus+tcp://10.0.0.1:10001?physical=5", MeterUrl(Carrier.MBUS_TCP, "10.0.0.1", 10001, physical_address=5)),
        ("coap://127.20.0.1", MeterUrl(Carrier.COAP, "127.20.0.1", 5683)),
        ("coap://h:61616/m/dlms?client=1", MeterUrl(Carrier.COAP, "h", 61616, path="m/dlms", client_sap=1)),
        ("tcp://h?gateway=0:FER1", MeterUrl(Carrier.TCP, "h", gateway=GatewayAddress(0, b"FER1"))),
        ("tcp://h?gateway=255:0x0012", MeterUrl(Carrier.TCP, "h", gateway=GatewayAddress(255, b"\x00\x12"))),
    ],
)
def test_what_a_url_says(text: str, meant: MeterUrl) -> None:
    assert MeterUrl.parse(text) == meant
    again = MeterUrl.parse(str(meant))
    assert (again.carrier, again.gateway, again.path) == (meant.carrier, meant.gateway, meant.path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no URL"),
        ("127.20.0.1:4059", "no URL"),
        ("http://127.20.0.1", "no URL"),
        ("tcp://", "names no host"),
        ("tcp://h/meters", "names no host"),
        ("tcp://h:99999", "no URL"),
        ("tcp://user:secret@h", "secrets do not belong in a URL"),
        ("tcp://h?client=0", "client in the URL"),
        ("tcp://h?client=65536", "client in the URL"),
        ("tcp://h?client=one", "client in the URL"),
        ("tcp://h?server=-1", "server in the URL"),
        ("tcp://h?client=1&client=2", "at most once"),
        ("tcp://h?key=00", "at most once"),
        ("tcp://h?mode=e", "mode in the URL"),
        ("serial:///dev/ttyUSB0?mode=x", "mode in the URL"),
        ("serial://", "serial line"),
        ("serial://dev/ttyUSB0", "serial line"),
        ("hdlc+tcp://h?address_octets=3", "1, 2 or 4"),
        ("mbus:///dev/ttyS0?mode=e", "mode in the URL"),
        ("mbus://h:1", "serial line"),
        ("tcp://h?gateway=", "gateway in the URL"),
        ("tcp://h?gateway=0:", "gateway in the URL"),
        ("tcp://h?gateway=256:a", "gateway in the URL"),
        ("tcp://h?gateway=0:0x1", "gateway in the URL"),
        ("tcp://h?gateway=0:ä", "gateway in the URL"),
        ("tcp://[::1", "no URL"),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        MeterUrl.parse(text)


def test_a_secret_in_a_url_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refused:
        MeterUrl.parse("tcp://user:geheim@h")
    assert "geheim" not in str(refused.value)


def test_hdlc_is_told_from_the_wrapper() -> None:
    assert [carrier.value for carrier in Carrier if carrier.is_hdlc] == ["hdlc+tcp", "serial", "rfc2217"]


@given(st.text(max_size=60).map(lambda rest: f"tcp://{rest}"))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        MeterUrl.parse(text)


HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{1,8})?", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)
NETWORKED = [carrier for carrier in Carrier if not carrier.is_device]


@given(st.sampled_from(NETWORKED), HOSTS, st.integers(1, 65_535), st.integers(1, 65_535), st.integers(0, 65_535))
def test_what_is_written_is_read_again(carrier: Carrier, host: str, port: int, client: int, server: int) -> None:
    url = MeterUrl(carrier, host, port, client_sap=client, server_sap=server)
    assert MeterUrl.parse(str(url)) == url


@given(st.integers(0, 255), st.binary(min_size=1, max_size=16))
def test_an_address_behind_a_gateway_is_read_again(network: int, device: bytes) -> None:
    url = MeterUrl(Carrier.TCP, "h", gateway=GatewayAddress(network, device))
    assert MeterUrl.parse(str(url)).gateway == url.gateway
