"""Decoders of values, APDUs, frames and captures, each with what must hold of all it takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from ferraris import cosem
from ferraris.codec import ber, columns, compact_columns, compression, decode_whole, encode_data, skip_data
from ferraris.codec.compact_array import CompactArray, decode_compact_array, encode_compact_array
from ferraris.cosem.compact_buffer import unpack
from ferraris.dlms import NotificationDecoder, WrapperReceiver
from ferraris.dlms.apdu import decode_apdu, decode_general_ciphering, decode_general_signing
from ferraris.dlms.hdlc import HdlcDeframer, decode_frame, join_segments, split_frames
from ferraris.dlms.inspect import Conversation, InspectionKeys, inspect, octet_table
from ferraris.kernel.errors import FerrarisError
from tests.fuzz.seeds import attribute_values

GREEN_BOOK_KEYS = InspectionKeys(
    bytes(range(16)),
    bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
    bytes.fromhex("4d4d4d0000bc614e"),
    bytes(range(16)),
)


def a_xdr(octets: bytes) -> None:
    """What decodes encodes to octets that decode and encode to the same (a NaN equals its octets only); the boundary
    finder agrees."""
    again = encode_data(decode_whole(octets))
    assert encode_data(decode_whole(again)) == again
    assert skip_data(octets, 0) == len(octets)


def table(octets: bytes) -> None:
    """Read as columns, an array is read to its last cell or not at all, whichever way it is compressed."""
    for decode in (columns.decode_table, compact_columns.decode_compact_table, compression.decode_buffer):
        try:
            read = decode(octets)
            for index in range(read.width):
                assert len(read.values(index)) == len(read)
        except FerrarisError:
            continue


def compact_data(octets: bytes) -> None:
    """A template, an octet that says how long it is, and a buffer behind."""
    template = octets[1 : 1 + octets[0]] if octets else b""
    unpack(template, octets[1 + len(template) :])


def compact_array(octets: bytes) -> None:
    """An octet that says how long the type description is, the description, and the contents: what is read of them can be
    written again, and each element with its tags."""
    description = octets[1 : 1 + octets[0]] if octets else b""
    elements = decode_compact_array(CompactArray(description, octets[1 + len(description) :]))
    for one in elements:
        assert encode_data(decode_whole(encode_data(one))) == encode_data(one)
    if elements:
        again = decode_compact_array(encode_compact_array(elements))
        assert list(map(encode_data, again)) == list(map(encode_data, elements))


def element(octets: bytes) -> object:
    return ber.read_element(octets, 0, len(octets))


def apdu(octets: bytes) -> None:
    decoded = decode_apdu(octets)
    assert decode_apdu(decoded.encode()) == decoded


def envelope(octets: bytes) -> None:
    """The headers of general protection, by their first octet."""
    (decode_general_signing if octets[:1] == b"\xdf" else decode_general_ciphering)(octets)


def compact_array_seeds() -> tuple[bytes, ...]:
    """Arrays of what meters hold, as compact ones."""
    found = [
        CompactArray(b"\x11", b"\x01\x02\x03"),
        CompactArray(b"\x09", b"\x02ab\x03cde"),
        CompactArray(b"\x03", b"\x01\x00"),
    ]
    found.append(CompactArray(b"\x02\x03\x12\x09\x16", bytes.fromhex("0001 02 6162 1e 0002 00 1e")))
    found.append(CompactArray(b"\x02\x02\x01\x00\x02\x11\x06", bytes.fromhex("01 02 00000003 04 05 00000006")))
    return tuple(bytes((len(one.description),)) + one.description + one.contents for one in found)


@cache
def data_types() -> tuple[cosem.DataType[Any], ...]:
    """The types of all attributes, selectors, arguments and results of all interface classes, each once."""
    found: list[cosem.DataType[Any]] = []
    for interface in cosem.interface_classes():
        for attribute in interface.attributes():
            found += [attribute.datatype, *(selector.datatype for selector in attribute.selectors)]
        for method in interface.methods():
            found += [method.argument, *([method.result] if method.result is not None else [])]
    return tuple({id(datatype): datatype for datatype in found}.values())


def data_type(octets: bytes) -> None:
    """Two octets choose a type, the rest is a value of it: what it takes it can write, and takes again."""
    datatype = data_types()[int.from_bytes(octets[:2], "big") % len(data_types())]
    written = datatype.encode(datatype.decode(octets[2:]))
    assert datatype.encode(datatype.decode(written)) == written


@cache
def data_type_seeds() -> tuple[bytes, ...]:
    """What real meters hold, each value for the type of its attribute."""
    places = {id(datatype): place for place, datatype in enumerate(data_types())}
    found = []
    for class_id, version, number, octets in attribute_values():
        interface = cosem.interface_class(class_id, version)
        for attribute in interface.attributes() if interface is not None else ():
            if attribute.number == number:
                found += [places[id(attribute.datatype)].to_bytes(2, "big") + octets]
    return tuple(dict.fromkeys(found))


def notifications(seeds: tuple[bytes, ...]) -> Callable[[bytes], None]:
    """A decoder that knows layouts reads the same in a notification as one that has never seen any."""
    learned = NotificationDecoder()
    for octets in seeds:
        learned.decode(octets)
    tries = count()

    def decode(octets: bytes) -> None:
        nonlocal learned
        if next(tries) % 1_000 == 999:  # keeps the layouts that fuzzing adds few
            learned = NotificationDecoder()
            for one in seeds:
                learned.decode(one)
        results = []
        for decoder in (learned, NotificationDecoder()):
            try:
                notification = decoder.decode(octets)
            except FerrarisError as error:
                results.append((type(error), b""))
            else:
                results.append((type(None), encode_data(notification.tree())))
        assert results[0] == results[1]

    return decode


def wrapper_in_pieces(octets: bytes) -> None:
    """A stream cut into single octets gives what it gives whole."""
    whole, cut = WrapperReceiver(), WrapperReceiver()
    errors: list[type[FerrarisError] | None] = [None, None]
    try:
        whole.receive(octets)
    except FerrarisError as error:
        errors[0] = type(error)
    try:
        for octet in octets:
            cut.receive(bytes([octet]))
    except FerrarisError as error:
        errors[1] = type(error)
    assert errors[0] == errors[1]
    assert list(whole.events()) == list(cut.events())


def frames(octets: bytes) -> None:
    """Frames of a capture."""
    join_segments(map(decode_frame, split_frames(octets)))


def deframer_in_pieces(octets: bytes) -> None:
    """A line cut into single octets gives the frames that it gives whole, and refuses nothing aloud."""
    whole, cut = HdlcDeframer(), HdlcDeframer()
    whole.receive(octets, 0)
    for octet in octets:
        cut.receive(bytes([octet]), 0)
    assert whole.frames() == cut.frames()


def capture(octets: bytes) -> None:
    """Everything that is shown of a capture: layers, values, and whose octet is whose."""
    inspection = inspect(octets, GREEN_BOOK_KEYS)
    octet_table(octets, [], inspection.plains)


def conversation(octets: bytes) -> None:
    """A stream of one direction, which is never refused: what is wrong in it stands in its messages."""
    told = Conversation(GREEN_BOOK_KEYS)
    try:
        messages = [*told.feed("a", "b", octets, datagram=False), *told.finish()]
        for message in messages:
            octet_table(message.octets, message.apdus, message.inspection.plains)
    except FerrarisError as error:
        raise AssertionError("a conversation is refused") from error
