"""The parts of a URL that somebody typed: what hides in it, or is no URL, is told with its place."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.url_parts import url_parts

REFUSED = [
    # text                    what is told
    ("tcp://h x",             "no spaces or control characters"),
    (" tcp://h",              "no spaces or control characters"),
    ("tcp://h\n",             "no spaces or control characters"),
    ("tcp://h\u200b",         "no spaces or control characters"),
    ("tcp://[::1",            "such as tcp://h"),
    ("tcp://h#a",             "nothing behind a #"),
    ("tcp://h#",              "nothing behind a #"),
    ("tcp://ann:hush@h",      "secrets do not belong in a URL, expected a file"),
    ("tcp://ann:hush@h x",    "no spaces or control characters, got one with an @, of 18 characters"),
    ("tcp://ann:hush@[::1",   "expected such as tcp://h, got one with an @, of 19 characters: Invalid IPv6 URL"),
    ("tcp://h/a@b#hush",      "nothing behind a #"),
    ("tcp://@h",              "secrets do not belong in a URL, expected a file"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as refused:
        url_parts(text, "--there is none", "such as tcp://h", "a file")
    assert str(refused.value).startswith("--there is none")
    assert "hush" not in str(refused.value)


def test_what_a_url_is_made_of() -> None:
    parts = url_parts("tcp://meter.example:4059/a?client=1", "a URL", "one", "a file")
    assert (parts.scheme, parts.netloc, parts.path, parts.query) == ("tcp", "meter.example:4059", "/a", "client=1")


@given(st.text(max_size=40) | st.text(max_size=40).map(lambda rest: f"http://{rest}"))
def test_any_text_has_parts_or_is_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert not url_parts(text, "a URL", "one", "a file").fragment
