"""A meter's URL: what it may say, and what it must not."""

from __future__ import annotations

import contextlib
import re

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
            "serial:///dev/ttyUSB0?baud=9600&client=16",
            MeterUrl(Carrier.SERIAL, device="/dev/ttyUSB0", baud=9600),
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


REFUSED = r"""
URL                                     what is told
                                        no URL
127.20.0.1:4059                         no URL
http://127.20.0.1                       no URL
tcps://127.20.0.1                       no URL
hdlc://127.20.0.1                       no URL
tcp//127.20.0.1                         no URL
tcp://[::1                              no URL
tcp://[fe80::zz]                        no URL
tcp://[127.0.0.1]:5                     no URL
tcp://h#1                               nothing behind a #
tcp://h#                                nothing behind a #
serial:///dev/ttyUSB0#1                 nothing behind a #
tcp:127.20.0.1                          names no host
tcp:/127.20.0.1                         names no host
tcp://                                  names no host
tcp://:4059                             names no host
tcp:///meters                           names no host
udp://?client=1                         names no host
tcp://::1:4059                          names no host
tcp://[::1]x:4059                       names no host
tcp://[v1.a]:4059                       names no host
tcp://[]:4059                           no URL
tcp://h%20x                             names no host
tcp://h%2ex                             names no host
tcp://h&client=1                        names no host
tcp://h,x                               names no host
tcp://h\x                               names no host
tcp://-h                                names no host
tcp://a..b                              names no host
tcp://256.1.1.1                         names no host
tcp://1.2.3                             names no host
tcp://h:1:2                             names no host
tcp://h:                                names no port
tcp://h:0                               names no port
udp://h:0                               names no port
coap://h:0                              names no port
rfc2217://h:0                           names no port
mbus+tcp://h:0                          names no port
hdlc+tcp://[::1]:0                      names no port
tcp://h:65536                           names no port
tcp://h:99999                           names no port
tcp://h:99999999999999999999            names no port
tcp://h:-1                              names no port
tcp://h:+1                              names no port
tcp://h:٣                               names no port
tcp://h:port                            names no port
tcp://user:secret@h                     secrets do not belong in a URL
tcp://user@h                            secrets do not belong in a URL
tcp://@h                                secrets do not belong in a URL
tcp://h:1@x:2                           secrets do not belong in a URL
serial://me@/dev/ttyUSB0                secrets do not belong in a URL
tcp://h/meters                          path in the URL
udp://h:1/m?client=1                    path in the URL
coap://h/m%2                            path in the URL
coap://h/100%                           path in the URL
tcp://h?client=0                        client in the URL
tcp://h?client=65536                    client in the URL
tcp://h?client=one                      client in the URL
tcp://h?client=                         client in the URL
tcp://h?client=%2                       client in the URL
tcp://h?server=-1                       server in the URL
tcp://h?client=1&client=2               at most once
tcp://h?mode=                           'mode' does not fit
serial:///dev/ttyUSB0?mode=x            mode in the URL
serial://                               serial line
serial:///                              serial line
serial://dev/ttyUSB0                    serial line
serial:///dev/tty%20USB0                serial line
mbus://h:1                              serial line
hdlc+tcp://h?address_octets=3           1, 2 or 4
tcp://h?gateway=                        gateway in the URL
tcp://h?gateway=0:                      gateway in the URL
tcp://h?gateway=256:a                   gateway in the URL
tcp://h?gateway=0:0x1                   gateway in the URL
tcp://h?gateway=0:ä                     gateway in the URL
"""


@pytest.mark.parametrize("line", REFUSED.strip("\n").splitlines()[1:])
def test_what_is_refused(line: str) -> None:
    text, complaint = line[:40].strip(), line[40:]
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        MeterUrl.parse(text)


FITTING = """
carrier    client  server  gateway  physical=17  address_octets=4  secondary=????????.FER.*.*  baud=9600  mode=e
tcp        yes     yes     yes      -            -                 -                           -          -
udp        yes     yes     yes      -            -                 -                           -          -
hdlc+tcp   yes     yes     yes      yes          yes               -                           -          -
serial     yes     yes     yes      yes          yes               -                           yes        yes
rfc2217    yes     yes     yes      yes          yes               -                           yes        yes
mbus       yes     yes     yes      yes          -                 yes                         yes        -
mbus+tcp   yes     yes     yes      yes          -                 yes                         -          -
coap       yes     yes     yes      -            -                 -                           -          -
coap-non   yes     yes     yes      -            -                 -                           -          -
"""
GIVEN = {"client": "client=1", "server": "server=1", "gateway": "gateway=0:FER1"}


def fits() -> list[tuple[str, str, bool]]:
    """Carrier, parameter with a value that is right, and whether it fits."""
    head, *lines = (line.split() for line in FITTING.strip().splitlines())
    return [
        (line[0], GIVEN.get(parameter, parameter), cell == "yes")
        for line in lines
        for parameter, cell in zip(head[1:], line[1:], strict=True)
    ]


@pytest.mark.parametrize(("carrier", "parameter", "fitting"), fits())
def test_a_parameter_fits_or_is_refused(carrier: str, parameter: str, fitting: bool) -> None:
    """Nothing in a URL is left out without a word: whoever names a speed believes that it is set."""
    place = "/dev/ttyUSB0" if Carrier(carrier).is_device else "meter.example"
    if fitting:
        assert MeterUrl.parse(f"{carrier}://{place}?{parameter}").carrier is Carrier(carrier)
        return
    with pytest.raises(ConfigError) as refused:
        MeterUrl.parse(f"{carrier}://{place}?{parameter}")
    name = parameter.partition("=")[0]
    assert refused.value.summary == f"'{name}' does not fit the URL of a meter at {carrier}://"
    assert refused.value.expected == ", ".join(Carrier(carrier).parameters)


def test_every_carrier_has_its_row() -> None:
    assert {row[0] for row in fits()} == {carrier.value for carrier in Carrier}


def test_a_key_in_a_url_is_not_repeated() -> None:
    for query in ("key=c0ffee", "client=1&client=c0ffee", "=c0ffee"):
        with pytest.raises(ConfigError) as refused:
            MeterUrl.parse(f"tcp://h?{query}")
        assert "c0ffee" not in str(refused.value)
        assert "client, server, gateway" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("serial:///dev/ttyUSB0?mode=e&baud=9600", "mode and baud in the URL of a meter, expected one of them"),
        ("mbus:///dev/ttyS0?physical=5&secondary=12345678.*.*.*", "secondary and physical in the URL of a meter"),
    ],
)
def test_what_excludes_each_other(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        MeterUrl.parse(text)


@pytest.mark.parametrize(
    "text", [" tcp://h", "tcp://h ", "tcp://a b", "tcp://h\nx", "tcp://h\t", "tcp://h\x7f", "coap://h/a b"]
)
def test_nothing_hides_in_a_url(text: str) -> None:
    """Python's own parser leaves tabs, ends of lines and spaces at the edges out without a word."""
    with pytest.raises(ConfigError, match="no spaces or control characters"):
        MeterUrl.parse(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("tcp://[fe80::1%eth0]:5", "fe80::1%eth0"),
        ("tcp://[fe80::1%25eth0]:5", "fe80::1%eth0"),
        ("TCP://Meter.Example:5", "meter.example"),
        ("tcp://zähler.example:5", "zähler.example"),
        ("tcp://[2001:DB8::7]:5", "2001:db8::7"),
    ],
)
def test_hosts_in_their_forms(text: str, host: str) -> None:
    url = MeterUrl.parse(text)
    assert (url.carrier, url.host, url.port) == (Carrier.TCP, host, 5)
    assert MeterUrl.parse(str(url)) == url


def test_a_path_of_coap_is_escaped() -> None:
    assert MeterUrl.parse("coap://h/a%20b/%C3%BC").path == "a%20b/%C3%BC"


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
    st.from_regex(r"[a-z]([a-z0-9-]{0,9}[a-z0-9])?(\.[a-z]{1,8})?", fullmatch=True),
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
