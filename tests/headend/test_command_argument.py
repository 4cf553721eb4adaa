"""Which argument goes with which command, and what is told of one that does not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.headend import CommandKind, check_argument
from ferraris.kernel.errors import ConfigError

TOKEN = "12345678901234567890"
ATTRIBUTE = "3/1.0.1.8.0.255/2"
# kind, an argument that fits, one that does not, and what is told of that
ARGUMENTS = [
    (CommandKind.READ_NOW,       "",        ATTRIBUTE, "read_now takes no argument, expected none, got 17 characters"),
    (CommandKind.SET_CLOCK,      "",        "now",     "set_clock takes no argument, expected none, got 3 characters"),
    (CommandKind.DISCONNECT,     "",        TOKEN,     "disconnect takes no argument, expected none, got 20 characters"),
    (CommandKind.RECONNECT,      "",        " ",       "reconnect takes no argument, expected none, got 1 characters"),
    (CommandKind.READ_ATTRIBUTE, ATTRIBUTE, "",        "not an attribute, expected class_id"),
    (CommandKind.READ_ATTRIBUTE, ATTRIBUTE, "2",       "not an attribute, expected class_id"),
    (CommandKind.ENTER_TOKEN,    TOKEN,     "",        "token 1 is none"),
    (CommandKind.ENTER_TOKEN,    TOKEN,     ATTRIBUTE, "token 1 is none"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fits", "does_not", "told"), ARGUMENTS)
def test_what_fits_and_what_does_not(kind: CommandKind, fits: str, does_not: str, told: str) -> None:
    check_argument(kind, fits)
    with pytest.raises(ConfigError) as refused:
        check_argument(kind, does_not)
    assert str(refused.value).startswith(told)


def test_every_command_is_in_the_table() -> None:
    assert {kind for kind, *_ in ARGUMENTS} == set(CommandKind)


@given(st.sampled_from(CommandKind), st.text(max_size=30) | st.just(TOKEN * 2))
def test_any_argument_fits_or_is_refused(kind: CommandKind, argument: str) -> None:
    with contextlib.suppress(ConfigError):
        check_argument(kind, argument)
        assert argument == "" or kind in (CommandKind.READ_ATTRIBUTE, CommandKind.ENTER_TOKEN)


@pytest.mark.parametrize("kind", sorted(set(CommandKind) - {CommandKind.READ_ATTRIBUTE}))
def test_digits_of_a_token_are_not_repeated(kind: CommandKind) -> None:
    with pytest.raises(ConfigError) as refused:
        check_argument(kind, f"{TOKEN}0")
    assert TOKEN[:6] not in str(refused.value)
