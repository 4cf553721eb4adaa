"""Blocks put together across messages: the service-specific ones of GET, SET and ACTION, and those of general block transfer.

One collector follows one direction of one conversation. It is given every APDU in turn; for the last block of a transfer it gives
back the whole APDU, as it would have come in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ferraris.codec import write_length
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithListAndFirstBlock,
    ActionResponseWithBlock,
    Apdu,
    GeneralBlockTransfer,
    GetResponseWithBlock,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithListAndFirstBlock,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX

GET_RESPONSE, SET_REQUEST, ACTION_REQUEST, ACTION_RESPONSE = 0xC4, 0xC1, 0xC3, 0xC7

First = (
    SetRequestWithFirstBlock
    | SetRequestWithListAndFirstBlock
    | ActionRequestWithFirstBlock
    | ActionRequestWithListAndFirstBlock
)


@dataclass(slots=True)
class BlockCollector:
    """The transfers of one direction: one of a service and one of general block transfer at a time."""

    _first: First | None = None
    _pieces: bytearray = field(default_factory=bytearray)
    _general: dict[int, bytes] = field(default_factory=dict)
    _last_general: int = 0

    def take(self, apdu: Apdu, *, with_list: bool) -> bytes | None:
        """The whole APDU when this one was its last block. `with_list` says what the response's request was.

        Raises DecodeError for blocks that are too long together, and forgets them.
        """
        if isinstance(apdu, GeneralBlockTransfer):
            return self._take_general(apdu)
        if isinstance(apdu, GetResponseWithBlock):
            octets = apdu.result if isinstance(apdu.result, bytes) else b""
            whole = self._add(apdu.block_number, apdu.last_block, octets)
            if whole is None or not isinstance(apdu.result, bytes):
                return None
            head = bytes((GET_RESPONSE, 3 if with_list else 1, apdu.invoke_id_and_priority))
            return head + (whole if with_list else b"\x00" + whole)
        if isinstance(apdu, First):
            self._first = apdu
            return self._of_request(apdu, self._add(1, apdu.block.last_block, apdu.block.octets))
        if isinstance(apdu, SetRequestWithBlock | ActionRequestWithBlock):
            block = apdu.block
            return self._of_request(self._first, self._add(block.block_number, block.last_block, block.octets))
        if isinstance(apdu, ActionResponseWithBlock):
            block = apdu.block
            whole = self._add(block.block_number, block.last_block, block.octets)
            head = bytes((ACTION_RESPONSE, 3 if with_list else 1, apdu.invoke_id_and_priority))
            return None if whole is None else head + whole
        return None

    def _add(self, number: int, last: bool, octets: bytes) -> bytes | None:
        """All octets, when the last piece is there."""
        if number == 1:
            self._pieces.clear()
        self._pieces += octets
        self._check(len(self._pieces))
        if not last:
            return None
        whole = bytes(self._pieces)
        self._pieces.clear()
        return whole

    def _of_request(self, first: First | None, whole: bytes | None) -> bytes | None:
        if whole is None or first is None:
            return None
        invoke = first.invoke_id_and_priority
        if isinstance(first, SetRequestWithFirstBlock):
            return SetRequestNormal(invoke, first.descriptor, first.selection, whole).encode()
        if isinstance(first, ActionRequestWithFirstBlock):
            return ActionRequestNormal(invoke, first.descriptor, whole).encode()
        if isinstance(first, ActionRequestWithListAndFirstBlock):
            out = bytearray((ACTION_REQUEST, 3, invoke))
            write_length(len(first.descriptors), out)
            return bytes(out) + b"".join(descriptor.encode() for descriptor in first.descriptors) + whole
        out = bytearray((SET_REQUEST, 4, invoke))
        write_length(len(first.items), out)
        for descriptor, selection in first.items:
            out += descriptor.encode() + (b"\x00" if selection is None else b"\x01" + selection.encode())
        return bytes(out) + whole

    def _take_general(self, block: GeneralBlockTransfer) -> bytes | None:
        """Blocks may come twice and out of order: all up to the last one make the APDU."""
        if not block.octets and not block.last_block:
            return None  # an acknowledgement
        self._general[block.block_number] = block.octets
        self._check(sum(map(len, self._general.values())))
        if block.last_block:
            self._last_general = block.block_number
        numbers = range(1, self._last_general + 1)
        if not self._last_general or any(number not in self._general for number in numbers):
            return None
        whole = b"".join(self._general[number] for number in numbers)
        self._general.clear()
        self._last_general = 0
        return whole

    def _check(self, octets: int) -> None:
        if octets > BLOCK_TRANSFER_OCTETS_MAX:
            self._pieces.clear()
            self._general.clear()
            raise DecodeError("blocks are too long together", expected=BLOCK_TRANSFER_OCTETS_MAX, got=octets)
