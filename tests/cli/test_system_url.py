"""The URL of a running system: what is none is refused before anybody is asked."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.system_url import checked_system_url
from ferraris.kernel.errors import ConfigError

TAKEN = """
URL                             used
http://127.0.0.1:8080           http://127.0.0.1:8080
http://127.0.0.1:8080/          http://127.0.0.1:8080
https://meters.example          https://meters.example
https://meters.example/ami/     https://meters.example/ami
http://[::1]:8080               http://[::1]:8080
http://localhost                http://localhost
"""
REFUSED = """
URL                             what is told
                                no address
127.0.0.1:8080                  no address
localhost                       no address
ftp://h                         no address
tcp://h:4059                    no address
http://h?a=1                    no address
http://h#a                      nothing behind a #
http://h#                       nothing behind a #
http://h?                       no address
http://ª                        no address
http://[::1                     no address
http://                         names no host
http://:8080                    names no host
http://a..b                     names no host
http://a%20b                    names no host
http://::1:8080                 names no host
http://h:                       names no port
http://h:0                      names no port
http://h:65536                  names no port
http://h:port                   names no port
http://user:secret@h            secrets do not belong in a URL
"""


def rows(table: str) -> list[tuple[str, str]]:
    return [(line[:32].strip(), line[32:]) for line in table.strip("\n").splitlines()[1:]]


@pytest.mark.parametrize(("text", "used"), rows(TAKEN))
def test_where_a_system_is(text: str, used: str) -> None:
    assert checked_system_url(text) == used


@pytest.mark.parametrize(("text", "told"), [*rows(REFUSED), ("http://h x", "no spaces"), ("http://h\n", "no spaces")])
def test_what_is_no_url_of_a_system(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as refused:
        checked_system_url(text)
    assert "--url" in str(refused.value)
    assert "secret@" not in str(refused.value)


@given(st.text(max_size=40) | st.text(max_size=40).map(lambda rest: f"http://{rest}"))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert checked_system_url(text).startswith(("http://", "https://"))
