"""A whole conversation inspected, message by message in both directions, each with what the ones before have told.

Frames are found in streams, HDLC segments and blocks put together across messages. The system titles of AARQ and AARE and the
dedicated key of a deciphered initiate-request are learnt for what follows; a response is named and typed by its request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ferraris.dlms import hdlc
from ferraris.dlms.apdu import (
    DEDICATED_CIPHERED_TAGS,
    GLOBAL_CIPHERED_TAGS,
    Aare,
    Aarq,
    AccessRequest,
    AccessResponse,
    ActionRequestNormal,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    Apdu,
    AttributeDescriptor,
    EventNotification,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    InitiateRequest,
    MethodDescriptor,
    SetRequestNormal,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    decode_apdu,
)
from ferraris.dlms.inspect.authentication import Authentication
from ferraris.dlms.inspect.blocks import BlockCollector
from ferraris.dlms.inspect.framing import unframe
from ferraris.dlms.inspect.inspection import Inspection, inspect
from ferraris.dlms.inspect.keys import InspectionKeys
from ferraris.dlms.inspect.names import name_of, typed
from ferraris.dlms.inspect.splitting import Splitter
from ferraris.dlms.inspect.tree import Json
from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.kernel.limits import CONVERSATIONS_MAX, HDLC_REASSEMBLY_OCTETS_MAX

Descriptor = AttributeDescriptor | MethodDescriptor
CLIENT_TAGS: Final = frozenset({0x01, 0x05, 0x06, 0x16, 0x60, 0x62, 0xC0, 0xC1, 0xC3, 0xD9})
"""Of APDUs that only a client sends. Every other one comes from a server, or names its sender itself."""
GENERAL_BLOCK_TRANSFER: Final = 0xE0
ACSE_WITH_TITLES: Final = (0x60, 0x61)


@dataclass(slots=True)
class Message:
    """One message: its octets as they were sent, what was found in them, and what they are about."""

    time_ms: int
    source: str
    destination: str
    octets: bytes
    inspection: Inspection
    about: list[Json] = field(default_factory=list)
    """For each attribute or method in it: `name`, and `value` where there is one."""
    error: FerrarisError | None = None
    apdus: list[bytes] = field(default_factory=list)
    """The APDUs carried, whole but still ciphered."""
    asked: tuple[Descriptor, ...] = ()
    """What the request asked for that it is or answers."""


@dataclass(slots=True)
class _Pair:
    """What is known of one client and one server that talk."""

    titles: dict[bool, bytes] = field(default_factory=dict)
    """System titles: of the client (True) and of the server (False)."""
    authentication: Authentication = field(default_factory=Authentication)
    dedicated_key: bytes = b""
    asked: tuple[Descriptor, ...] = ()
    with_list: bool = False
    blocks: dict[bool, BlockCollector] = field(
        default_factory=lambda: {True: BlockCollector(), False: BlockCollector()}
    )
    """By whether they come from the client."""


class Conversation:
    """Follows what any number of ends say to one another."""

    def __init__(self, keys: InspectionKeys | None = None) -> None:
        self._keys = keys or InspectionKeys()
        self._splitters: dict[tuple[str, str], Splitter] = {}
        self._pairs: dict[object, _Pair] = {}
        self._segments: dict[object, bytearray] = {}

    def feed(
        self, source: str, destination: str, octets: bytes, *, datagram: bool, lost: int = 0, time_ms: int = 0
    ) -> list[Message]:
        """The messages that are complete with these octets. `lost` octets before them are missing. Never raises for octets."""
        if len(self._splitters) >= CONVERSATIONS_MAX:
            self._splitters.clear()
            self._pairs.clear()
            self._segments.clear()
        splitter = self._splitters.setdefault((source, destination), Splitter())
        if lost:
            splitter.lose()
        units = splitter.feed(octets, whole=datagram)
        return [self._message(Message(time_ms, source, destination, unit, Inspection())) for unit in units]

    def finish(self) -> list[Message]:
        """What was begun and never ended."""
        messages = []
        for (source, destination), splitter in self._splitters.items():
            if splitter.unfinished.strip(b"\x7e"):
                error = DecodeError("the capture ends within a message", got=f"{len(splitter.unfinished)} octets")
                message = Message(0, source, destination, splitter.unfinished, Inspection(), error=error)
                messages.append(message)
        return messages

    def _message(self, message: Message) -> Message:
        result = message.inspection
        try:
            octets, ends = self._joined(message)
            if octets is None:
                return message
            framed = unframe(octets, result.layers)
            if ends is None:
                ends = _saps(result)
            pair = self._pairs.setdefault((frozenset((message.source, message.destination)), ends), _Pair())
            for payload in framed.payloads:
                message.apdus.append(payload)
                self._apdu(message, pair, payload)
        except FerrarisError as error:
            message.error = error
        return message

    def _joined(self, message: Message) -> tuple[bytes | None, object]:
        """The octets with the HDLC segments before them; None while segments are missing. And the two ends in HDLC."""
        octets = message.octets
        if octets[0] != hdlc.FLAG:
            return octets, None
        frame = hdlc.parse_frame(hdlc.split_frames(octets)[0]).frame
        ends = frozenset((frame.source.upper, frame.destination.upper))
        place = message.source, message.destination, frame.source, frame.destination
        if not frame.information or frame.kind is not hdlc.FrameKind.I:
            return octets, ends
        pending = self._segments.setdefault(place, bytearray())
        pending += octets
        if frame.segmented and len(pending) <= HDLC_REASSEMBLY_OCTETS_MAX:
            message.inspection.layers.append({"layer": "hdlc-segment", "octets": len(octets), "warnings": []})
            return None, ends
        whole = bytes(pending)
        pending.clear()
        return whole, ends

    def _apdu(self, message: Message, pair: _Pair, payload: bytes) -> None:
        if not payload:
            return
        by_client = _plain_tag(payload[0]) in CLIENT_TAGS
        if payload[0] == GENERAL_BLOCK_TRANSFER:
            by_client = message.source < message.destination  # either way, each direction has its own
        if payload[0] in ACSE_WITH_TITLES:
            named = decode_apdu(payload)  # even where the initiate APDU inside cannot be deciphered
            _learn(pair, named)
            pair.authentication.learn(named)
        part = self._inspect(pair, payload, by_client)
        _merge(message.inspection, part)
        for plain in part.plains:
            apdu = decode_apdu(plain)
            _learn(pair, apdu)
            judged = pair.authentication.judge(apdu, pair.titles, self._keys)
            if judged is not None:
                message.inspection.layers.append(judged)
            whole = pair.blocks[by_client].take(apdu, with_list=pair.with_list)
            if whole is not None:
                message.inspection.layers.append({"layer": "blocks", "octets": len(whole), "warnings": []})
                self._apdu(message, pair, whole)
            else:
                message.about += _about(pair, apdu)
                message.asked = pair.asked

    def _inspect(self, pair: _Pair, payload: bytes, by_client: bool) -> Inspection:
        title = pair.titles.get(by_client) or self._keys.system_title
        dedicated = pair.dedicated_key or self._keys.dedicated_key
        return inspect(payload, replace(self._keys, system_title=title, dedicated_key=dedicated))


def _plain_tag(tag: int) -> int:
    return GLOBAL_CIPHERED_TAGS.get(tag) or DEDICATED_CIPHERED_TAGS.get(tag) or tag


def _saps(result: Inspection) -> object:
    ends = [
        frozenset((layer["source"], layer["destination"])) for layer in result.layers if layer["layer"] == "wrapper"
    ]
    return ends[0] if ends else None


def _merge(into: Inspection, part: Inspection) -> None:
    into.layers += part.layers
    into.names += part.names
    into.values += part.values
    into.plains += part.plains


def _learn(pair: _Pair, apdu: Apdu) -> None:
    if isinstance(apdu, Aarq) and apdu.calling_ap_title:
        pair.titles[True] = apdu.calling_ap_title
    elif isinstance(apdu, Aare) and apdu.responding_ap_title:
        pair.titles[False] = apdu.responding_ap_title
    elif isinstance(apdu, InitiateRequest) and apdu.dedicated_key:
        pair.dedicated_key = apdu.dedicated_key


def _about(pair: _Pair, apdu: Apdu) -> list[Json]:
    """The names of what is asked for or answered; a request is remembered for its answer."""
    asked = tuple(_asked(apdu))
    if asked:
        pair.asked = asked
        pair.with_list = isinstance(apdu, WITH_LIST)
        values: Iterable[object] = _values(apdu)
        return [_named(each, value) for each, value in zip(asked, [*values, *[None] * len(asked)], strict=False)]
    if isinstance(apdu, EventNotification):
        return [_named(apdu.descriptor, apdu.value)]
    answers = list(_answers(apdu))
    if len(answers) != len(pair.asked):
        return []
    return [_named(each, value) for each, value in zip(pair.asked, answers, strict=True)]


WITH_LIST: Final = (
    GetRequestWithList,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
)
SINGLE: Final = (
    GetRequestNormal,
    SetRequestNormal,
    SetRequestWithFirstBlock,
    ActionRequestNormal,
    ActionRequestWithFirstBlock,
)


def _asked(apdu: Apdu) -> Iterator[Descriptor]:
    if isinstance(apdu, SINGLE):
        yield apdu.descriptor
    elif isinstance(apdu, GetRequestWithList | SetRequestWithList | SetRequestWithListAndFirstBlock):
        yield from (descriptor for descriptor, _ in apdu.items)
    elif isinstance(apdu, ActionRequestWithList | ActionRequestWithListAndFirstBlock):
        yield from apdu.descriptors
    elif isinstance(apdu, AccessRequest):
        yield from (item.descriptor for item in apdu.items)


def _values(apdu: Apdu) -> Iterable[object]:
    """What a request brings along."""
    if isinstance(apdu, SetRequestNormal):
        return [apdu.value]
    return apdu.values if isinstance(apdu, SetRequestWithList) else []


def _answers(apdu: Apdu) -> Iterable[object]:
    if isinstance(apdu, GetResponseNormal):
        return [apdu.result]
    if isinstance(apdu, GetResponseWithList):
        return apdu.results
    return apdu.values if isinstance(apdu, AccessResponse) else []


def _named(descriptor: Descriptor, value: object) -> Json:
    named: dict[str, Json] = {"name": name_of(descriptor)}
    if isinstance(value, bytes) and value and isinstance(descriptor, AttributeDescriptor):
        meaning = typed(descriptor, value)
        if meaning is not None:
            named["value"] = meaning
    return named
