"""Bundles: every attribute once and in order, in the service that was negotiated and in the fewest round trips."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from ferraris.client import BundlePlan, BundleService, ClientAssociation
from ferraris.client.bundles import bundles_of, plan_of
from ferraris.cosem import Obis, Register
from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, PROTECTION_OCTETS_MAX, AssociationSettings, Request, Response
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    Mechanism,
    ServiceErrorCode,
    StateError,
)
from ferraris.kernel.errors import RefusedError
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX
from tests.client.served import Server, served
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE, settings

SINGLES = Conformance.GET
ACCESS = Conformance.GET | Conformance.ACCESS | Conformance.GENERAL_PROTECTION
LISTS = ACCESS | Conformance.MULTIPLE_REFERENCES
BLOCKS = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
WANTED = [AttributeDescriptor(3, Obis.parse(f"1.0.{number}.8.0.255"), 2) for number in range(1, 29)]


@given(st.lists(st.integers(), max_size=60), st.integers(1, 70))
def test_bundles_hold_everything_once_in_order_and_are_as_few_as_can_be(wanted: list[int], size: int) -> None:
    bundles = bundles_of(wanted, size)
    assert [one for bundle in bundles for one in bundle] == wanted
    assert len(bundles) == -(-len(wanted) // size)
    assert all(0 < len(bundle) <= size for bundle in bundles)
    assert not bundles or max(map(len, bundles)) - min(map(len, bundles)) <= 1


@given(st.sampled_from([LISTS, ACCESS]), st.integers(64, 3_000), st.booleans())
def test_a_bundle_never_needs_more_than_one_apdu(conformance: Conformance, pdu_size: int, ciphered: bool) -> None:
    plan = plan_of(conformance, pdu_size, ciphered=ciphered)
    names = tuple(WANTED[0] for _ in range(plan.size))
    if plan.service is BundleService.WITH_LIST:
        octets = GetRequestWithList(1, tuple((name, None) for name in names)).encode()
    elif plan.service is BundleService.ACCESS:
        octets = AccessRequest(1, b"", tuple(access_item(name) for name in names), (b"\x00",) * len(names)).encode()
    else:
        octets = GetRequestNormal(1, names[0]).encode()
        assert plan.size == 1
    assert len(octets) + 32 * ciphered <= pdu_size


def access_item(name: AttributeDescriptor) -> AccessItem:
    return AccessItem(AccessKind.GET, name)


def test_what_was_negotiated_decides_the_service() -> None:
    services = [plan_of(conformance, 0, ciphered=True).service for conformance in (LISTS, ACCESS, SINGLES)]
    assert services == [BundleService.WITH_LIST, BundleService.ACCESS, BundleService.SINGLE]
    without_general = ACCESS & ~Conformance.GENERAL_PROTECTION
    assert plan_of(without_general, 0, ciphered=True).service is BundleService.SINGLE
    assert plan_of(without_general, 0, ciphered=False).service is BundleService.ACCESS


def test_one_read_alone_is_carried_by_a_get() -> None:
    plan = BundlePlan(BundleService.WITH_LIST, 16)
    assert [plan.service_for(count) for count in (1, 2)] == [BundleService.SINGLE, BundleService.WITH_LIST]


def value_of(descriptor: AttributeDescriptor) -> bytes | DataAccessResult:
    group = descriptor.logical_name[2]
    return DataAccessResult.OBJECT_UNDEFINED if group == 13 else bytes((0x06, 0, 0, 0, group))


def serve(request: Request, value_of: Callable[[AttributeDescriptor], bytes | DataAccessResult] = value_of) -> Response:
    match request:
        case GetRequestNormal():
            return GetResponseNormal(request.invoke_id_and_priority, value_of(request.descriptor))
        case GetRequestWithList():
            results = tuple(value_of(name) for name, _ in request.items)
            return GetResponseWithList(request.invoke_id_and_priority, results)
        case AccessRequest():
            got = [value_of(item.descriptor) for item in request.items]  # type: ignore[arg-type]
            values = tuple(one if isinstance(one, bytes) else b"\x00" for one in got)
            answers = tuple(
                (AccessKind.GET, one if isinstance(one, DataAccessResult) else DataAccessResult(0)) for one in got
            )
            return AccessResponse(request.long_invoke_id_and_priority, b"", None, values, answers)
    raise AssertionError(request)


def reads(
    conformance: Conformance, *, ciphered: bool = True, server_pdu: int = 2_000, client_pdu: int = 2_000
) -> tuple[list[bytes | DataAccessResult], int]:
    """What many reads bring, and their round trips."""

    async def scenario() -> tuple[list[bytes | DataAccessResult], int]:
        client, server = settings(CLIENT_TITLE), settings(SERVER_TITLE)
        if not ciphered:
            client = server = AssociationSettings(Mechanism.LOWEST)
        client = replace(client, conformance=conformance, max_receive_pdu_size=client_pdu)
        server = replace(server, conformance=CONFORMANCE_OF_THIS_ENGINE, max_receive_pdu_size=server_pdu)
        async with served(client, Server(server, serve)) as association:
            await association.associate()
            before = association.round_trips
            results = await association.read_many(WANTED)
            return results, association.round_trips - before

    return asyncio.run(scenario())


@pytest.mark.parametrize("ciphered", [True, False])
@pytest.mark.parametrize(
    ("conformance", "server_pdu", "client_pdu", "round_trips"),
    [
        (SINGLES, 2_000, 2_000, 28),
        (LISTS, 2_000, 2_000, 1),
        (ACCESS, 2_000, 2_000, 1),
        (LISTS, 200, 2_000, 2),
        (ACCESS, 200, 2_000, 2),
    ],
)
def test_many_reads_cost_as_few_round_trips_as_was_negotiated(
    conformance: Conformance, server_pdu: int, client_pdu: int, round_trips: int, ciphered: bool
) -> None:
    results, trips = reads(conformance, ciphered=ciphered, server_pdu=server_pdu, client_pdu=client_pdu)
    assert results == [value_of(descriptor) for descriptor in WANTED]
    assert trips == round_trips


def test_a_server_that_cannot_cut_its_answer_is_asked_for_less() -> None:
    results, trips = reads(LISTS, client_pdu=120)
    assert results == [value_of(descriptor) for descriptor in WANTED]
    assert 2 < trips < 10
    results, trips = reads(LISTS | BLOCKS, client_pdu=120)
    assert results == [value_of(descriptor) for descriptor in WANTED]
    assert trips <= 4


def test_typed_values_come_together_and_the_first_refusal_is_told() -> None:
    async def scenario() -> None:
        plain = AssociationSettings(Mechanism.LOWEST)
        async with served(plain, Server(plain, serve)) as association:
            await association.associate()
            names = [Obis.parse(f"1.0.{number}.8.0.255") for number in (1, 2, 13)]
            got = await association.get_many([(Register.value, name) for name in names[:2]])
            assert [one.value for one in got] == [1, 2]
            with pytest.raises(RefusedError, match="object-undefined"):
                await association.get_many([(Register.value, name) for name in names])
            assert await association.get_many([]) == []

    asyncio.run(scenario())


def test_an_association_that_was_never_asked_for_reads_nothing() -> None:
    async def scenario() -> None:
        plain = AssociationSettings(Mechanism.LOWEST)
        async with served(plain, Server(plain, serve)) as association:
            assert isinstance(association, ClientAssociation)
            assert await association.read_many([]) == []
            assert association.round_trips == 0

    asyncio.run(scenario())


@given(st.sampled_from([LISTS, ACCESS]), st.integers(1, 200), st.booleans())
@example(LISTS, PROTECTION_OCTETS_MAX, True)
def test_a_server_with_the_smallest_buffer_is_asked_for_one_at_a_time(
    conformance: Conformance, pdu_size: int, ciphered: bool
) -> None:
    """Also where protection alone would fill it: no room is not the same as no limit."""
    plan = plan_of(conformance, pdu_size, ciphered=ciphered)
    room = pdu_size - PROTECTION_OCTETS_MAX * ciphered
    assert plan.size <= max(1, room // 10)
    assert (plan.service is BundleService.SINGLE) == (plan.size == 1)


@given(st.integers(1, 2_000), st.booleans())
def test_more_room_never_makes_smaller_bundles(pdu_size: int, ciphered: bool) -> None:
    for conformance in (LISTS, ACCESS, SINGLES):
        smaller, larger = (plan_of(conformance, size, ciphered=ciphered).size for size in (pdu_size, pdu_size + 1))
        assert smaller <= larger <= plan_of(conformance, 0, ciphered=ciphered).size
    assert plan_of(LISTS, 0, ciphered=ciphered).size == ATTRIBUTE_DESCRIPTORS_MAX


READ, MANY, GENERAL = Conformance.READ, Conformance.MULTIPLE_REFERENCES, Conformance.GENERAL_PROTECTION
GET, WITH_ACCESS = Conformance.GET, Conformance.ACCESS


@pytest.mark.parametrize(
    ("conformance",              "ciphered", "service"),
    [
        (GET | MANY,             True,       BundleService.WITH_LIST),
        (READ | MANY,            True,       BundleService.WITH_LIST),
        (MANY,                   False,      BundleService.SINGLE),  # nothing that multiple references are for
        (MANY | WITH_ACCESS,     False,      BundleService.ACCESS),
        (READ,                   False,      BundleService.SINGLE),
        (WITH_ACCESS,            False,      BundleService.ACCESS),
        (WITH_ACCESS,            True,       BundleService.SINGLE),  # it has no ciphered form of its own
        (WITH_ACCESS | GENERAL,  True,       BundleService.ACCESS),
        (Conformance(0),         False,      BundleService.SINGLE),
    ],
)  # fmt: skip
def test_every_mix_of_services_has_a_plan(conformance: Conformance, ciphered: bool, service: BundleService) -> None:
    assert plan_of(conformance, 0, ciphered=ciphered).service is service


def test_a_server_of_access_alone_is_not_asked_by_get() -> None:
    """Even where one attribute is all that it takes at once."""
    assert plan_of(WITH_ACCESS, 24, ciphered=False) == BundlePlan(BundleService.ACCESS, 1, BundleService.ACCESS)
    assert plan_of(WITH_ACCESS | GET, 24, ciphered=False) == BundlePlan(BundleService.SINGLE, 1)


LONG = b"\x09\x70" + bytes(0x70)
"""An octet-string that fills an answer nearly alone."""
ACCESS_ALONE = Conformance.ACCESS | Conformance.GENERAL_PROTECTION


def trips_of(
    conformance: Conformance,
    long: Container[int] = (),
    *,
    client_pdu: int,
    ciphered: bool = True,
    listed_max: int = 256,
) -> tuple[list[BundleService], list[int]]:
    """Round trips of two reads of 28 attributes, of which those of the numbers `long` have long values.

    The server answers whole or not at all, and never to more than `listed_max` attributes at once.
    """
    services: list[BundleService] = []

    def value(descriptor: AttributeDescriptor) -> bytes | DataAccessResult:
        return LONG if descriptor.logical_name[2] in long else value_of(descriptor)

    def answer(request: Request) -> Response:
        service, asked = shape_of(request)
        services.append(service)
        if asked > listed_max:
            return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
        return serve(request, value)

    async def scenario() -> list[int]:
        client, server = settings(CLIENT_TITLE), settings(SERVER_TITLE)
        if not ciphered:
            client = server = AssociationSettings(Mechanism.LOWEST)
        client = replace(client, conformance=conformance, max_receive_pdu_size=client_pdu)
        server = replace(server, conformance=CONFORMANCE_OF_THIS_ENGINE, max_receive_pdu_size=2_000)
        counts = []
        async with served(client, Server(server, answer)) as association:
            await association.associate()
            for _ in range(2):
                before = association.round_trips
                assert await association.read_many(WANTED) == [value(descriptor) for descriptor in WANTED]
                counts.append(association.round_trips - before)
        return counts

    counts = asyncio.run(scenario())
    assert len(services) == sum(counts)
    return services, counts


def shape_of(request: Request) -> tuple[BundleService, int]:
    match request:
        case GetRequestWithList():
            return BundleService.WITH_LIST, len(request.items)
        case AccessRequest():
            return BundleService.ACCESS, len(request.items)
    return BundleService.SINGLE, 1


ALL = range(1, 29)
COUNTS = [
    # negotiated   long values  PDU    at once  round trips of the first read and of the second
    (LISTS,        (),          300,   256,     (1, 1)),
    (LISTS,        (),          120,   256,     (3, 2)),  # 28 do not fit: 14 and 14, and from then on no more at once
    (ACCESS,       (),          120,   256,     (6, 4)),
    (ACCESS_ALONE, (),          120,   256,     (6, 4)),
    (LISTS,        (),          2_000, 10,      (6, 4)),  # a meter that serves short lists only
    (ACCESS,       (),          2_000, 10,      (6, 4)),
    (ACCESS,       (),          2_000, 1,       (34, 30)),  # one that serves none at all
    (ACCESS_ALONE, (),          2_000, 1,       (34, 30)),
    (LISTS,        (9,),        300,   256,     (3, 2)),
    (ACCESS,       (9,),        180,   256,     (8, 7)),  # one long value among short ones costs a few more
    (ACCESS_ALONE, (9,),        180,   256,     (8, 7)),
    (LISTS,        (1, 28),     180,   256,     (11, 6)),
    (ACCESS,       ALL,         180,   256,     (32, 28)),  # none goes with another
    (ACCESS_ALONE, ALL,         180,   256,     (32, 28)),
]  # fmt: skip


@pytest.mark.parametrize(("conformance", "long", "client_pdu", "listed_max", "round_trips"), COUNTS)
def test_round_trips_where_an_answer_would_be_too_long(
    conformance: Conformance,
    long: Container[int],
    client_pdu: int,
    listed_max: int,
    round_trips: tuple[int, int],
) -> None:
    services, counts = trips_of(conformance, long, client_pdu=client_pdu, listed_max=listed_max)
    assert tuple(counts) == round_trips
    bundled = BundleService.WITH_LIST if conformance & Conformance.MULTIPLE_REFERENCES else BundleService.ACCESS
    assert set(services) <= {bundled, BundleService.SINGLE}


def test_a_server_of_access_alone_gets_no_get_whatever_happens() -> None:
    """GET was not negotiated: it would break the association's rules."""
    for listed_max in (1, 3):
        services, _ = trips_of(ACCESS_ALONE, client_pdu=2_000, listed_max=listed_max)
        assert set(services) == {BundleService.ACCESS}


def test_one_read_alone_goes_by_get_whose_answer_can_be_cut() -> None:
    services, _ = trips_of(ACCESS, ALL, client_pdu=180)
    assert services.count(BundleService.SINGLE) == 2 * len(WANTED)


def test_an_answer_to_one_attribute_that_is_too_long_is_told() -> None:
    with pytest.raises(RefusedError, match="pdu-too-long"):
        trips_of(ACCESS, (9,), client_pdu=130)


@given(st.sets(st.integers(1, 28), max_size=3), st.integers(160, 400), st.sampled_from([LISTS, ACCESS, ACCESS_ALONE]))
@example({7, 17}, 160, LISTS)
@settings_of_hypothesis(max_examples=25, deadline=None)
def test_few_long_values_never_cost_more_than_their_own_bundles(
    long: set[int], client_pdu: int, conformance: Conformance
) -> None:
    _, counts = trips_of(conformance, long, client_pdu=client_pdu)
    assert max(counts) <= 6 + 8 * len(long)
