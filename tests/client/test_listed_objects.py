"""The object list of either kind of association, and what is assumed where the rights are not told."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.client.listed_objects import listed_objects
from ferraris.cosem import AccessMode, AssociationLn, AssociationSn, Clock, Obis, ObjectListElement, ObjectListElementSn
from ferraris.cosem.classes.association_ln import AttributeAccess
from ferraris.cosem.classes.association_sn import AccessRightsElementSn
from ferraris.dlms import AssociationSettings, Request, Response
from ferraris.dlms.apdu import DataAccessResult, GetRequestNormal, GetResponseNormal
from ferraris.kernel.errors import RefusedError
from tests.client.served import Server, served

ASSOCIATION, CLOCK = Obis.of(0, 0, 40, 0, 0), Obis.of(0, 0, 1, 0, 0)
LISTED = (
    ObjectListElementSn(-0x600, AssociationSn.class_id, 2, ASSOCIATION),
    ObjectListElementSn(0x2BC0, Clock.class_id, 0, CLOCK),
    ObjectListElementSn(0x3000, 9_999, 0, Obis.of(0, 0, 96, 1, 0)),
)
LIST = AssociationSn.object_list.datatype.encode(LISTED)
AUTHENTICATED_READ = AccessMode(4)
RIGHTS = AssociationSn.access_rights_list.datatype.encode(
    (AccessRightsElementSn(0x2BC0, (AttributeAccess(2, AUTHENTICATED_READ),), ()),)
)


def listed(values: dict[tuple[int, int], bytes | DataAccessResult]) -> tuple[ObjectListElement, ...]:
    """What is listed by a server with these values of its associations' attributes."""

    def serve(request: Request) -> Response:
        assert isinstance(request, GetRequestNormal)
        name = request.descriptor.class_id, request.descriptor.attribute_id
        result = values.get(name, DataAccessResult.OBJECT_UNDEFINED)
        return GetResponseNormal(request.invoke_id_and_priority, result)

    async def main() -> tuple[ObjectListElement, ...]:
        settings = AssociationSettings()
        async with served(settings, Server(settings, serve)) as association:
            await association.associate()
            return await listed_objects(association)

    return asyncio.run(main())


def test_rights_of_their_own_list() -> None:
    found = listed({(12, 2): LIST, (12, 3): RIGHTS})
    assert [element.logical_name for element in found] == [each.logical_name for each in LISTED]
    (access,) = found[1].access_rights.attribute_access
    assert access.access_mode == AccessMode.READ | AccessMode.AUTHENTICATED_REQUEST | AccessMode.AUTHENTICATED_RESPONSE


def test_without_rights_all_that_is_declared_is_asked_for() -> None:
    association, clock, unknown = listed({(12, 2): LIST})
    for element, count in ((association, 4), (clock, 9), (unknown, 1)):
        modes = [access.access_mode for access in element.access_rights.attribute_access]
        assert modes == [AccessMode.READ] * count
    assert all(access.access_mode == AccessMode.NONE for access in clock.access_rights.method_access)


@pytest.mark.parametrize("number", [15, 12])
def test_no_list_at_all(number: int) -> None:
    with pytest.raises(RefusedError, match="shows this client no object list"):
        listed({(number, 2): DataAccessResult.READ_WRITE_DENIED})


def test_association_ln_goes_first() -> None:
    octets = AssociationLn.object_list.datatype.encode(())
    assert listed({(15, 2): octets, (12, 2): LIST}) == ()


@pytest.mark.parametrize(
    "result", [result for result in DataAccessResult if result not in (0, DataAccessResult.OBJECT_UNDEFINED)]
)
def test_a_refusal_keeps_its_reason_and_short_names_are_not_tried(result: DataAccessResult) -> None:
    """An association by logical names that shows nothing is no association by short names."""
    with pytest.raises(RefusedError, match="shows this client no object list") as refused:
        listed({(15, 2): result, (12, 2): LIST})
    assert refused.value.code == result


@pytest.mark.parametrize("result", [result for result in DataAccessResult if result])
def test_rights_that_are_refused_are_rights_that_are_not_told(result: DataAccessResult) -> None:
    assert listed({(12, 2): LIST, (12, 3): result}) == listed({(12, 2): LIST})


def test_rights_of_one_object_say_nothing_of_the_others() -> None:
    told, untold = listed({(12, 2): LIST, (12, 3): RIGHTS}), listed({(12, 2): LIST})
    assert (told[0], told[2]) == (untold[0], untold[2])
    assert told[1] != untold[1]
