"""Entering payment tokens through a meter's token gateway, and looking at what became of each.

The gateway shows the token that it was given last and how far that got, so an answer that was lost can be had afterwards.
How a meter names a result of IEC 62055-41 there is its own affair, as the standard leaves `data_value` to the token's
specification: a virtual meter tells the number of the result, and of others the status code must do.
"""

from __future__ import annotations

from typing import Any, Final

from ferraris.client import ClientAssociation
from ferraris.cosem import (
    CompanionProfile,
    Iec6205541Attributes,
    Obis,
    TokenGateway,
    TokenStatusCode,
)
from ferraris.dlms import ExceptionAnswerError
from ferraris.headend import TokenEntry, entry_detail, entry_of, left_to_enter, settles, tokens_of
from ferraris.kernel.errors import RefusedError

TOKEN_GATEWAY: Final = Obis.parse("0.0.19.40.0.255")
"""Where everybody has it, unless the companion profile says otherwise."""


class TokenDesk:
    """The token gateway of one meter, in one association."""

    def __init__(self, association: ClientAssociation, kind: CompanionProfile) -> None:
        self._association = association
        self._gateway = _place(kind, TokenGateway.class_id) or TOKEN_GATEWAY
        self._sts = _place(kind, Iec6205541Attributes.class_id)

    async def enter(self, argument: str, *, again: bool) -> tuple[bool, str] | None:
        """Enter the tokens in order; whether what they bring is in the meter, and the results as text.

        `again`: some may have been entered before; what the meter has dealt with is not entered once more. None when the
        meter has not looked at the last one yet. Raises ConfigError for what is no token, RefusedError.
        """
        tokens = tokens_of(argument)
        entries: list[TokenEntry] = []
        done = 0
        if again:
            last = await self._last()
            done = 0 if last is None else left_to_enter(tokens, last.digits)
            entries += [last] if last is not None and done else []
        for token in tokens[done:]:
            entries.append(await self._enter(token, again=again))
            if entries[-1].waits or not (entries[-1].passed or again):
                break
        if entries[-1].waits:
            return None
        accepted = settles(entries)
        attributes = await self._attributes() if accepted else None
        return accepted, entry_detail(entries, again=again, more=attributes)

    async def _enter(self, token: str, *, again: bool) -> TokenEntry:
        refusal: RefusedError | None = None
        try:
            await self._association.invoke(TokenGateway.enter, self._gateway, token.encode("ascii"))
        except ExceptionAnswerError:
            raise
        except RefusedError as error:
            refusal = error  # some meters answer so to a token that they do not take
        seen = await self._last()
        if seen is not None and seen.digits == token:
            return seen
        if refusal is not None:
            raise refusal
        # Someone may have typed another one in between: then it is entered again, and must have been used. A meter that
        # does not show it that time either never does.
        code = TokenStatusCode.TOKEN_EXECUTION_OK if again else TokenStatusCode.TOKEN_RECEIVED
        return TokenEntry(token, code, "not shown")

    async def _last(self) -> TokenEntry | None:
        """The token that the meter was given last; None when it was given none, or does not show it."""
        wanted = (TokenGateway.token, TokenGateway.token_delivery_method, TokenGateway.token_status)
        try:
            token, method, status = await self._association.get_many([(each, self._gateway) for each in wanted])
        except ExceptionAnswerError:
            raise
        except RefusedError:
            return None
        return entry_of(token, method, status)

    async def _attributes(self) -> dict[str, Any] | None:
        """Under which vending key the meter stands now: the proof of a key change."""
        if self._sts is None:
            return None
        names = ("supply_group_code", "tariff_index", "key_revision_number", "key_type", "key_expiry_number")
        wanted = [(getattr(Iec6205541Attributes, name), self._sts) for name in names]
        try:
            values = await self._association.get_many(wanted)
        except ExceptionAnswerError:
            raise
        except RefusedError:
            return None
        return dict(zip(names, map(int, values), strict=True))


def _place(kind: CompanionProfile, class_id: int) -> Obis | None:
    """Where this kind of meter has its first object of a class."""
    return next((entry.logical_name for entry in kind.objects if entry.class_id == class_id), None)
