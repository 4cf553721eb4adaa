"""Compact data as a client reads them: a meter whose template changes under the reader, and buffers that do not fit."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.client import CompactTemplate, read_compact_data
from ferraris.codec import Data, Tag
from ferraris.cosem import CLOCK_TIME, CaptureObject, Obis, pack, template_of
from ferraris.cosem.classes.compact_data import CompactData, CompactDataV0
from ferraris.dlms import AssociationSettings, Request, Response
from ferraris.dlms.apdu import GetRequestNormal, GetRequestWithList, GetResponseNormal, GetResponseWithList
from ferraris.kernel.errors import DecodeError, RemoteProtocolError
from tests.client.served import Server, served

NAME = Obis.parse("0.0.66.0.1.255")
ENERGY = CaptureObject(3, Obis.parse("1.0.1.8.0.255"), 2, 0)
VALUES = (Data(Tag.OCTET_STRING, bytes(12)), Data(Tag.DOUBLE_LONG_UNSIGNED, 1_000))
CAPTURES = (CLOCK_TIME, ENERGY)


def read(template_ids: list[int]) -> list[object]:
    """What is read from a meter whose template_id is the next of these each time."""
    octets = {
        2: CompactData.compact_buffer.datatype.encode(pack(VALUES)),
        3: CompactDataV0.capture_objects.datatype.encode(CAPTURES),
        5: CompactData.template_description.datatype.encode(template_of(VALUES)),
    }

    def value(attribute: int) -> bytes:
        return octets[attribute] if attribute != 4 else CompactData.template_id.datatype.encode(template_ids.pop(0))

    def serve(request: Request) -> Response:
        if isinstance(request, GetRequestNormal):
            return GetResponseNormal(request.invoke_id_and_priority, value(request.descriptor.attribute_id))
        assert isinstance(request, GetRequestWithList)
        results = tuple(value(descriptor.attribute_id) for descriptor, _ in request.items)
        return GetResponseWithList(request.invoke_id_and_priority, results)

    async def main() -> list[object]:
        settings = AssociationSettings()
        async with served(settings, Server(settings, serve)) as association:
            await association.associate()
            return list(await read_compact_data(association, NAME, CompactDataV0))

    return asyncio.run(main())


def test_values_come_with_their_types_and_what_they_were_captured_from() -> None:
    assert read([7, 7]) == [tuple(zip(CAPTURES, VALUES, strict=True))]


def test_a_template_that_changes_meanwhile_is_told() -> None:
    with pytest.raises(RemoteProtocolError, match="changed"):
        read([7, 8])


def test_a_buffer_of_another_template_is_refused() -> None:
    template = CompactTemplate(7, template_of(VALUES), CAPTURES)
    assert template.open(pack(VALUES) * 2) == [tuple(zip(CAPTURES, VALUES, strict=True))] * 2
    with pytest.raises(DecodeError):
        template.open(pack(VALUES)[:-1])
    with pytest.raises(DecodeError):
        CompactTemplate(7, template_of(VALUES), (ENERGY,)).open(pack(VALUES))
