"""Messages of the PrismToken interface: strict Thrift binary protocol, one message in one frame of stated length.

Theory. A frame is its length in four octets and that many octets. Lengths and counts inside it are the peer's word. So a
frame of more than PRISMTOKEN_FRAME_OCTETS_MAX octets is refused on its length alone, and a message is walked before it is
decoded: a string must fit into the octets that are left, a list or map may have at most one element for each of them, and
structures nest no deeper than PRISMTOKEN_DEPTH_MAX. What passes the walk costs no more than the frame it came in. A field has
the type that the interface declares: thriftpy2 reads a string that stands for a number as that number, and all behind it askew.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import thriftpy2
from thriftpy2.protocol.binary import TBinaryProtocol as UntypedProtocol
from thriftpy2.thrift import TApplicationException, TMessageType, TPayload, TType
from thriftpy2.transport.memory import TMemoryBuffer as UntypedBuffer

from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import PRISMTOKEN_DEPTH_MAX, PRISMTOKEN_FRAME_OCTETS_MAX

FRAME_HEADER_OCTETS: Final = 4
_Protocol: Any = UntypedProtocol
_Buffer: Any = UntypedBuffer
_VERSION_1: Final = 0x8001
_FIXED_OCTETS: Final = {
    TType.BOOL: 1,
    TType.BYTE: 1,
    TType.I16: 2,
    TType.I32: 4,
    TType.I64: 8,
    TType.DOUBLE: 8,
}
_FIELD_PARTS: Final = 3
"""Type, name and whether it is required; what a container or a structure is of stands before the last."""
_CALL: Final = TMessageType.CALL
_REPLY: Final = TMessageType.REPLY

Fields = Mapping[int, tuple[Any, ...]]
"""Of a structure, by number, as thriftpy2 keeps them."""
Due = tuple[int, Any] | None
"""A declared type with what it is made of; None where the interface declares nothing."""


@cache
def interface() -> Any:
    """The interface as thriftpy2 reads it from the description beside this file."""
    path = Path(__file__).with_name("prismtoken.thrift")
    return thriftpy2.load(str(path), module_name="ferraris_prismtoken_thrift")


def frame(message: bytes) -> bytes:
    """`message` with its length before it."""
    return struct.pack(">I", len(message)) + message


def frame_octets(header: bytes) -> int:
    """The length of the message that follows a frame's header. Raises DecodeError above the limit."""
    (count,) = struct.unpack(">I", header)
    if not 0 < count <= PRISMTOKEN_FRAME_OCTETS_MAX:
        raise DecodeError(
            "a Thrift frame of an impossible length", expected=f"1 to {PRISMTOKEN_FRAME_OCTETS_MAX}", got=count
        )
    return int(count)


def encode_call(method: str, sequence: int, **arguments: Any) -> bytes:
    """The message that calls `method`."""
    payload = getattr(interface().TokenApi, f"{method}_args")()
    for name, value in arguments.items():
        setattr(payload, name, value)
    return _encode(method, _CALL, sequence, payload)


def encode_reply(method: str, sequence: int, *, success: Any = None, error: TPayload | None = None) -> bytes:
    """The message that answers a call with a result, or with the interface's own exception."""
    payload = getattr(interface().TokenApi, f"{method}_result")()
    payload.success, payload.ex1 = success, error
    return _encode(method, _REPLY, sequence, payload)


def encode_unknown_method(method: str, sequence: int) -> bytes:
    """The answer to a call of a method that the interface does not have."""
    refusal = TApplicationException(TApplicationException.UNKNOWN_METHOD, "no such method")
    return _encode(method, TMessageType.EXCEPTION, sequence, refusal)


def decode_call(message: bytes) -> tuple[str, int, Any]:
    """Method, sequence number and arguments of a call; None for arguments of a method that the interface does not have."""
    method, kind, sequence, walk = _opened(message)
    if kind != _CALL:
        raise DecodeError("a Thrift message that is no call", expected=_CALL, got=kind)
    if method not in interface().TokenApi.thrift_services:
        walk.rest({})
        return method, sequence, None
    return method, sequence, _payload(walk, message, getattr(interface().TokenApi, f"{method}_args")())


def decode_reply(message: bytes, method: str, sequence: int) -> Any:
    """The result structure of the answer to `method`: its `success`, or its `ex1`."""
    named, kind, number, walk = _opened(message)
    if kind == TMessageType.EXCEPTION:
        refusal = _payload(walk, message, TApplicationException())
        raise DecodeError("the PrismToken service does not understand the call", got=str(refusal.message)[:200])
    if (named, kind, number) != (method, _REPLY, sequence):
        raise DecodeError("an answer to another call", expected=f"{method} {sequence}", got=f"{named[:40]} {number}")
    return _payload(walk, message, getattr(interface().TokenApi, f"{method}_result")())


def _encode(method: str, kind: int, sequence: int, payload: TPayload) -> bytes:
    buffer = _Buffer()
    protocol = _Protocol(buffer)
    protocol.write_message_begin(method, kind, sequence)
    protocol.write_struct(payload)
    return bytes(buffer.getvalue())


def _opened(message: bytes) -> tuple[str, int, int, _Walk]:
    walk = _Walk(message)
    walk.head()
    method, kind, sequence = _Protocol(_Buffer(message)).read_message_begin()
    return method, kind, sequence, walk


def _payload(walk: _Walk, message: bytes, payload: Any) -> Any:
    buffer = _Buffer(message)
    protocol = _Protocol(buffer, strict_decode=True)
    protocol.read_message_begin()
    walk.rest(payload.thrift_spec)
    protocol.read_struct(payload)
    _check_required(payload)
    return payload


def _check_required(value: Any) -> None:
    """Raise DecodeError where a required field is absent, in a structure or in those inside it: thriftpy2 takes that."""
    if isinstance(value, TPayload):
        for _, name, *_, required in value.thrift_spec.values():
            held = getattr(value, name)
            if required and held is None:
                raise DecodeError(f"a Thrift structure lacks its field {name}")
            _check_required(held)
    elif isinstance(value, list | set):
        for held in value:
            _check_required(held)
    elif isinstance(value, dict):
        for held in value.values():
            _check_required(held)


class _Walk:
    """Goes over a message once and raises DecodeError where it is not what it says."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def head(self) -> None:
        """Up to the structure of arguments or results."""
        if self._number(2) != _VERSION_1:
            raise DecodeError("no strict Thrift binary message", offset=0)
        self._skip(2)
        self._text()
        self._skip(4)

    def rest(self, declared: Fields) -> None:
        """That structure, with its declared fields, and the end."""
        self._structure(PRISMTOKEN_DEPTH_MAX, declared)
        if self._at != len(self._octets):
            raise DecodeError("octets behind a Thrift message", offset=self._at)

    def _skip(self, count: int) -> None:
        if count > len(self._octets) - self._at:
            raise DecodeError("a Thrift message is cut off", got=len(self._octets), offset=self._at)
        self._at += count

    def _number(self, octets: int) -> int:
        self._skip(octets)
        return int.from_bytes(self._octets[self._at - octets : self._at], "big")

    def _text(self) -> None:
        start = self._at + 4
        self._skip(self._number(4))
        try:
            self._octets[start : self._at].decode("utf-8")
        except UnicodeDecodeError:
            raise DecodeError("a Thrift string that is not UTF-8", offset=start) from None

    def _structure(self, depth: int, declared: Fields) -> None:
        if depth == 0:
            raise DecodeError("a Thrift message nests too deep", expected=PRISMTOKEN_DEPTH_MAX, offset=self._at)
        while kind := self._number(1):
            field = declared.get(self._number(2))
            due = None if field is None else (field[0], field[2] if len(field) > _FIELD_PARTS else None)
            self._value(kind, depth, due)

    def _value(self, kind: int, depth: int, due: Due) -> None:
        if due is not None and kind != due[0]:
            raise DecodeError("a Thrift value of another type", expected=due[0], got=kind, offset=self._at)
        if (fixed := _FIXED_OCTETS.get(kind)) is not None:
            self._skip(fixed)
        elif kind == TType.STRING:
            self._text()
        elif kind == TType.STRUCT:
            self._structure(depth - 1, {} if due is None else due[1].thrift_spec)
        elif kind in (TType.LIST, TType.SET, TType.MAP):
            self._container(kind, depth - 1, due)
        else:
            raise DecodeError("an unknown Thrift type", got=kind, offset=self._at)

    def _container(self, kind: int, depth: int, due: Due) -> None:
        if depth == 0:
            raise DecodeError("a Thrift message nests too deep", expected=PRISMTOKEN_DEPTH_MAX, offset=self._at)
        kinds = [self._number(1) for _ in range(2 if kind == TType.MAP else 1)]
        count = self._number(4)
        if count > len(self._octets) - self._at:
            raise DecodeError("a Thrift list longer than its frame", got=count, offset=self._at)
        declared = (None,) * len(kinds) if due is None else due[1] if kind == TType.MAP else (due[1],)
        elements = [(element, _due_of(one)) for element, one in zip(kinds, declared, strict=True)]
        for _ in range(count):
            for element, one in elements:
                self._value(element, depth, one)


def _due_of(declared: Any) -> Due:
    """What an element must be: thriftpy2 writes a type alone, or with the structure that it is."""
    if declared is None or isinstance(declared, tuple):
        return declared
    return declared, None
