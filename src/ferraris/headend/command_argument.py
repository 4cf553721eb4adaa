"""Which argument goes with which command: tokens, an attribute, or none at all."""

from __future__ import annotations

from ferraris.headend.attribute_argument import attribute_of
from ferraris.headend.token_entry import tokens_of
from ferraris.headend.work import CommandKind
from ferraris.kernel.errors import ConfigError


def check_argument(kind: CommandKind, argument: str) -> None:
    """Refuse an argument that `kind` cannot be performed with. Raises ConfigError, which repeats no digits of a token."""
    if kind is CommandKind.ENTER_TOKEN:
        tokens_of(argument)
    elif kind is CommandKind.READ_ATTRIBUTE:
        attribute_of(argument)
    elif argument:
        raise ConfigError(f"{kind.value} takes no argument", expected="none", got=f"{len(argument)} characters")
