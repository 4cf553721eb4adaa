"""The ACTION service: one method, a list of methods, or either in blocks (Green Book 9.5, ACTION-Request)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.block import Block, read_block
from ferraris.dlms.apdu.cursor import CLAUSE, Cursor, choose, cut_short, refuse_trailing
from ferraris.dlms.apdu.descriptors import MethodDescriptor, method_descriptor_at, read_method_descriptor
from ferraris.dlms.apdu.enumerations import ActionResult, action_result, data_access_result
from ferraris.dlms.apdu.get import Result, encode_result, read_result
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

ACTION_REQUEST: Final = 0xC3
ACTION_RESPONSE: Final = 0xC7


class ActionAnswer(NamedTuple):
    """One method's result, and what it returned (or why that could not be read), if anything."""

    result: ActionResult
    data: Result | None


@dataclass(frozen=True, slots=True)
class ActionRequestNormal:
    """Invokes one method; `parameters` are encoded, their tag included."""

    invoke_id_and_priority: int
    descriptor: MethodDescriptor
    parameters: bytes | None = None

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((ACTION_REQUEST, 1, self.invoke_id_and_priority)) + self.descriptor.encode()
        return head + (b"\x00" if self.parameters is None else b"\x01" + self.parameters)


@dataclass(frozen=True, slots=True)
class ActionRequestNextBlock:
    """Asks for the block after `block_number` of a long return value."""

    invoke_id_and_priority: int
    block_number: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((ACTION_REQUEST, 2, self.invoke_id_and_priority)) + self.block_number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class ActionRequestWithList:
    """Invokes several methods, with parameters for each (null-data where it takes none)."""

    invoke_id_and_priority: int
    descriptors: tuple[MethodDescriptor, ...]
    parameters: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((ACTION_REQUEST, 3, self.invoke_id_and_priority))
        _write_descriptors(self.descriptors, out)
        write_length(len(self.parameters), out)
        return bytes(out) + b"".join(self.parameters)


@dataclass(frozen=True, slots=True)
class ActionRequestWithFirstBlock:
    """Begins to invoke one method whose parameters come in blocks."""

    invoke_id_and_priority: int
    descriptor: MethodDescriptor
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((ACTION_REQUEST, 4, self.invoke_id_and_priority))
        return head + self.descriptor.encode() + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionRequestWithListAndFirstBlock:
    """Begins to invoke several methods whose parameters come in blocks."""

    invoke_id_and_priority: int
    descriptors: tuple[MethodDescriptor, ...]
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((ACTION_REQUEST, 5, self.invoke_id_and_priority))
        _write_descriptors(self.descriptors, out)
        return bytes(out) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionRequestWithBlock:
    """A further block of parameters."""

    invoke_id_and_priority: int
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((ACTION_REQUEST, 6, self.invoke_id_and_priority)) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionResponseNormal:
    """How the invocation went, and what the method returned, if anything."""

    invoke_id_and_priority: int
    result: ActionResult
    data: Result | None = None

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((ACTION_RESPONSE, 1, self.invoke_id_and_priority, self.result)) + _encode_optional(self.data)


@dataclass(frozen=True, slots=True)
class ActionResponseWithBlock:
    """A block of a long return value."""

    invoke_id_and_priority: int
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((ACTION_RESPONSE, 2, self.invoke_id_and_priority)) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionResponseWithList:
    """One answer for each method of the list."""

    invoke_id_and_priority: int
    answers: tuple[ActionAnswer, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((ACTION_RESPONSE, 3, self.invoke_id_and_priority))
        write_length(len(self.answers), out)
        for result, data in self.answers:
            out.append(result)
            out += _encode_optional(data)
        return bytes(out)


@dataclass(frozen=True, slots=True)
class ActionResponseNextBlock:
    """Acknowledges a block of parameters and asks for the next."""

    invoke_id_and_priority: int
    block_number: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((ACTION_RESPONSE, 4, self.invoke_id_and_priority)) + self.block_number.to_bytes(4, "big")


ActionRequest: TypeAlias = (
    ActionRequestNormal
    | ActionRequestNextBlock
    | ActionRequestWithList
    | ActionRequestWithFirstBlock
    | ActionRequestWithListAndFirstBlock
    | ActionRequestWithBlock
)
ActionResponse: TypeAlias = (
    ActionResponseNormal | ActionResponseWithBlock | ActionResponseWithList | ActionResponseNextBlock
)


def decode_action_request(octets: bytes) -> ActionRequest:
    """An action-request, from its tag on. Raises DecodeError."""
    return choose(_REQUESTS, octets)


def decode_action_response(octets: bytes) -> ActionResponse:
    """An action-response, from its tag on. Raises DecodeError."""
    return choose(_RESPONSES, octets)


def _encode_optional(data: Result | None) -> bytes:
    return b"\x00" if data is None else b"\x01" + encode_result(data)


def _write_descriptors(descriptors: tuple[MethodDescriptor, ...], out: bytearray) -> None:
    write_length(len(descriptors), out)
    for descriptor in descriptors:
        out += descriptor.encode()


def _read_descriptors(cursor: Cursor) -> tuple[MethodDescriptor, ...]:
    return tuple(read_method_descriptor(cursor) for _ in range(cursor.count()))


def _request_normal(octets: bytes) -> ActionRequestNormal:
    size = len(octets)
    if size < 13:
        raise cut_short(octets, 13)
    descriptor = method_descriptor_at(octets, 3)
    if octets[12] == 0:
        refuse_trailing(octets, 13)
        return ActionRequestNormal(octets[2], descriptor)
    if octets[12] != 1:
        raise DecodeError(
            "an optional field's flag is wrong", expected="0 or 1", got=octets[12], offset=12, clause=CLAUSE
        )
    if size < 14:
        raise cut_short(octets, 14)
    return ActionRequestNormal(octets[2], descriptor, octets[13:])


def _request_next_block(octets: bytes) -> ActionRequestNextBlock:
    cursor = Cursor(octets, 2)
    request = ActionRequestNextBlock(cursor.unsigned(), cursor.double_long_unsigned())
    cursor.finish()
    return request


def _request_with_list(octets: bytes) -> ActionRequestWithList:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    descriptors = _read_descriptors(cursor)
    count_at = cursor.offset
    count = cursor.count()
    if count != len(descriptors):
        raise DecodeError(
            "parameters and methods differ in number",
            expected=len(descriptors),
            got=count,
            offset=count_at,
            clause=CLAUSE,
        )
    request = ActionRequestWithList(invoke_id_and_priority, descriptors, tuple(cursor.data() for _ in range(count)))
    cursor.finish()
    return request


def _request_with_first_block(octets: bytes) -> ActionRequestWithFirstBlock:
    cursor = Cursor(octets, 2)
    request = ActionRequestWithFirstBlock(cursor.unsigned(), read_method_descriptor(cursor), read_block(cursor))
    cursor.finish()
    return request


def _request_with_list_and_first_block(octets: bytes) -> ActionRequestWithListAndFirstBlock:
    cursor = Cursor(octets, 2)
    request = ActionRequestWithListAndFirstBlock(cursor.unsigned(), _read_descriptors(cursor), read_block(cursor))
    cursor.finish()
    return request


def _request_with_block(octets: bytes) -> ActionRequestWithBlock:
    cursor = Cursor(octets, 2)
    request = ActionRequestWithBlock(cursor.unsigned(), read_block(cursor))
    cursor.finish()
    return request


def _response_normal(octets: bytes) -> ActionResponseNormal:
    size = len(octets)
    if size < 4:
        raise cut_short(octets, 5)
    result = action_result(octets[3], 3)
    if size == 4:
        # Gurux servers leave the absent-flag out when they refuse. There is only one thing that this can mean.
        if result is ActionResult.SUCCESS:
            raise cut_short(octets, 5)
        return ActionResponseNormal(octets[2], result)
    if octets[4] == 0:
        refuse_trailing(octets, 5)
        return ActionResponseNormal(octets[2], result)
    if octets[4] != 1:
        raise DecodeError(
            "an optional field's flag is wrong", expected="0 or 1", got=octets[4], offset=4, clause=CLAUSE
        )
    if size < 7:
        raise cut_short(octets, 7)
    if octets[5] == 0:
        return ActionResponseNormal(octets[2], result, octets[6:])
    if octets[5] != 1:
        raise DecodeError("no such choice", expected=(0, 1), got=octets[5], offset=5, clause=CLAUSE)
    refuse_trailing(octets, 7)
    return ActionResponseNormal(octets[2], result, data_access_result(octets[6], 6))


def _response_with_block(octets: bytes) -> ActionResponseWithBlock:
    cursor = Cursor(octets, 2)
    response = ActionResponseWithBlock(cursor.unsigned(), read_block(cursor))
    cursor.finish()
    return response


def _read_answer(cursor: Cursor) -> ActionAnswer:
    result = action_result(cursor.unsigned(), cursor.offset - 1)
    return ActionAnswer(result, read_result(cursor) if cursor.present() else None)


def _response_with_list(octets: bytes) -> ActionResponseWithList:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    answers = tuple(_read_answer(cursor) for _ in range(cursor.count()))
    cursor.finish()
    return ActionResponseWithList(invoke_id_and_priority, answers)


def _response_next_block(octets: bytes) -> ActionResponseNextBlock:
    cursor = Cursor(octets, 2)
    response = ActionResponseNextBlock(cursor.unsigned(), cursor.double_long_unsigned())
    cursor.finish()
    return response


_REQUESTS: Final[dict[int, Callable[[bytes], ActionRequest]]] = {
    1: _request_normal,
    2: _request_next_block,
    3: _request_with_list,
    4: _request_with_first_block,
    5: _request_with_list_and_first_block,
    6: _request_with_block,
}
_RESPONSES: Final[dict[int, Callable[[bytes], ActionResponse]]] = {
    1: _response_normal,
    2: _response_with_block,
    3: _response_with_list,
    4: _response_next_block,
}
