"""Hosts and ports: what no resolver would take is refused before anybody tries."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.network_address import is_host, network_address, read_host, read_place, read_port

PLACES = """
text                            host                            port
h:1                             h                               1
meter.example:65535             meter.example                   65535
Meter-7.Example.:4059           Meter-7.Example.                4059
a_b.c-d.example:4059            a_b.c-d.example                 4059
zähler.example:4059             zähler.example                  4059
127.20.0.1:4059                 127.20.0.1                      4059
[::1]:4059                      ::1                             4059
[2001:db8::7]:00080             2001:db8::7                     80
[::ffff:10.0.0.1]:5             ::ffff:10.0.0.1                 5
[fe80::1%eth0]:4059             fe80::1%eth0                    4059
[fe80::1%25eth0]:4059           fe80::1%eth0                    4059
1a.2b:7                         1a.2b                           7
"""

REFUSED = """
text                            what is told
h                               no port
h:                              no port
h:0                             no port
h:65536                         no port
h:99999999999                   no port
h:-1                            no port
h:+1                            no port
h:1_0                           no port
h:0x10                          no port
h:٣                             no port
h:four                          no port
[::1]                           no port
[::1]:                          no port
[::1]:0                         no port
:4059                           no host
:                               no host
-h:1                            no host
h-:1                            no host
a..b:1                          no host
.a:1                            no host
.:1                             no host
a/b:1                           no host
a%20b:1                         no host
a,b:1                           no host
a;b:1                           no host
user@h:1                        no host
256.1.1.1:1                     no host
1.2.3:1                         no host
1.2.3.4.5:1                     no host
01.2.3.4:1                      no host
4059:4059                       no host
::1:4059                        no host
h:1:2                           no host
[::1:4059                       no host
[::1]x:4059                     no host
[127.0.0.1]:4059                no host
[h]:4059                        no host
[v1.a]:4059                     no host
[]:4059                         no host
[::1%]:4059                     no host
[::1%eth 0]:4059                no host
[fe80::zz]:4059                 no host
"""


def rows(table: str, width: int) -> list[list[str]]:
    lines = table.strip("\n").splitlines()[1:]
    return [[line[:32].rstrip(), *line[32:].split(None, width - 2)] for line in lines]


@pytest.mark.parametrize(("text", "host", "port"), rows(PLACES, 3))
def test_a_place_is_host_and_port(text: str, host: str, port: str) -> None:
    assert read_place(text, "--push") == (host, int(port))
    assert network_address(text.encode()) == ((host, int(port)) if text.isascii() else None)


@pytest.mark.parametrize(("text", "told"), rows(REFUSED, 2))
def test_what_is_no_place(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"--push names {told}") as refused:
        read_place(text, "--push")
    assert refused.value.expected
    assert refused.value.got


@pytest.mark.parametrize(
    "text", ["", "a b:1", "a\tb:1", "h\n:1", "h\x00:1", "h\x7f:1", "h:1 ", "h:1\n", " h:1", "\\h:1"]
)
def test_what_does_not_print_is_no_place(text: str) -> None:
    with pytest.raises(ConfigError, match="names no"):
        read_place(text, "--push")
    assert network_address(text.encode()) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [("h", ("h", 4059)), ("h:1", ("h", 1)), ("[::1]", ("::1", 4059)), ("[::1]:7", ("::1", 7))],
)
def test_a_standard_port_stands_in(text: str, place: tuple[str, int]) -> None:
    assert read_place(text, "the URL", 4059) == place


@pytest.mark.parametrize("text", ["h:", "h:0", "[::1]:", "[::1]:65536", "", ":"])
def test_a_standard_port_mends_none_that_is_wrong(text: str) -> None:
    with pytest.raises(ConfigError, match="the URL names no"):
        read_place(text, "the URL", 4059)


def test_how_long_a_name_may_be() -> None:
    label = "a" * 63
    assert is_host(label)
    assert not is_host(label + "a")
    longest = ".".join([label] * 3 + ["b" * 61])
    assert (len(longest), is_host(longest), is_host(longest + "b")) == (253, True, False)


def test_hosts_and_ports_alone() -> None:
    assert (read_host("fe80::1%eth0", "host"), read_port("4059", "port")) == ("fe80::1%eth0", 4059)
    with pytest.raises(
        ConfigError, match="host names no host, expected a name, an IPv4 or an IPv6 address, got nothing"
    ):
        read_host("", "host")
    with pytest.raises(ConfigError, match="port names no port, expected 1 to 65535, got nothing"):
        read_port("", "port")


@pytest.mark.parametrize("text", ["[::1]", "[::1]:4059", "h:1"])
def test_a_host_has_no_brackets_and_no_port(text: str) -> None:
    assert not is_host(text)


def test_a_meter_may_leave_out_the_brackets() -> None:
    assert network_address(b"2001:db8::7:4059") == ("2001:db8::7", 4059)
    assert network_address(b"2001:db8::7:0") is None
    assert network_address(b"h:1:2") is None


HOSTS = (
    st.from_regex(r"[a-z](-?[a-z0-9]){0,9}(\.[a-z]{1,8}){0,2}", fullmatch=True)
    | st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(str)
)


@given(HOSTS, st.integers(1, 65_535))
def test_what_is_written_is_read_again(host: str, port: int) -> None:
    bracketed = f"[{host}]" if ":" in host else host
    assert read_place(f"{bracketed}:{port}", "x") == (host, port)
    assert network_address(f"{host}:{port}".encode()) == (host, port)


@given(st.text(max_size=40) | st.from_regex(r"\[?[0-9a-f:.%]{0,30}\]?:?[0-9]{0,6}", fullmatch=True))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        host, port = read_place(text, "x")
        assert 0 < port <= 65_535
        assert is_host(host)
        if ":" in host:
            assert ipaddress.ip_address(host).version == 6


@given(st.binary(max_size=40))
def test_any_octets_are_an_address_or_none(octets: bytes) -> None:
    address = network_address(octets)
    assert address is None or is_host(address[0])
