"""Every "no" that the standard has, through the client: a RefusedError with the standard's name and number."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from itertools import product

import pytest

from ferraris.client import ClientAssociation, descriptor_of
from ferraris.codec import Data, Tag
from ferraris.cosem import DisconnectControl, Obis, ProfileGeneric, Register
from ferraris.dlms import AssociationSettings, Request, Response
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    ServiceErrorCode,
    SetRequestNormal,
    SetResponseNormal,
    StateError,
)
from ferraris.kernel.errors import InvocationCounterError, RefusedError
from tests.client.served import Server, served
from tests.client.test_association import ciphered

pytestmark = pytest.mark.anyio

ENERGY = Obis.parse("1.0.1.8.0.255")
SWITCH = Obis.parse("0.0.96.3.10.255")
DATA_REFUSALS = [result for result in DataAccessResult if result is not DataAccessResult.SUCCESS]
ACTION_REFUSALS = [result for result in ActionResult if result is not ActionResult.SUCCESS]
WITHOUT_COUNTER = [error for error in ServiceErrorCode if error is not ServiceErrorCode.INVOCATION_COUNTER_ERROR]
NUMBERS = {
    "hardware-fault": 1,
    "temporary-failure": 2,
    "read-write-denied": 3,
    "object-undefined": 4,
    "object-class-inconsistent": 9,
    "object-unavailable": 11,
    "type-unmatched": 12,
    "scope-of-access-violated": 13,
    "data-block-unavailable": 14,
    "long-get-aborted": 15,
    "no-long-get-in-progress": 16,
    "long-set-aborted": 17,
    "no-long-set-in-progress": 18,
    "data-block-number-invalid": 19,
    "other-reason": 250,
}
"""Green Book 9.5, Data-Access-Result."""


def named(result: IntEnum) -> tuple[str, int]:
    return result.name.lower().replace("_", "-"), int(result)


async def refusal(answer: Callable[[Request], Response], ask: Callable[[ClientAssociation], object]) -> RefusedError:
    """What the client raises when the server answers so. The association outlasts it."""
    client, server = ciphered()
    async with served(client, Server(server, answer)) as association:
        await association.associate()
        with pytest.raises(RefusedError) as caught:
            await ask(association)  # type: ignore[misc]
        await association.release()
    return caught.value


def test_the_names_and_numbers_are_the_standards() -> None:
    assert dict(map(named, DATA_REFUSALS)) == NUMBERS
    of_actions = dict(map(named, ACTION_REFUSALS))
    assert (of_actions.pop("long-action-aborted"), of_actions.pop("no-long-action-in-progress")) == (15, 16)
    assert of_actions.items() <= NUMBERS.items()


@pytest.mark.parametrize("result", DATA_REFUSALS, ids=lambda result: result.name)
async def test_a_get_that_is_refused(result: DataAccessResult) -> None:
    def answer(request: Request) -> Response:
        assert isinstance(request, GetRequestNormal)
        return GetResponseNormal(request.invoke_id_and_priority, result)

    error = await refusal(answer, lambda association: association.get(Register.value, ENERGY))
    assert (error.result, error.code) == named(result)


@pytest.mark.parametrize("result", DATA_REFUSALS, ids=lambda result: result.name)
async def test_a_set_that_is_refused(result: DataAccessResult) -> None:
    def answer(request: Request) -> Response:
        assert isinstance(request, SetRequestNormal)
        return SetResponseNormal(request.invoke_id_and_priority, result)

    value = Data(Tag.DOUBLE_LONG_UNSIGNED, 0)
    error = await refusal(answer, lambda association: association.set(Register.value, ENERGY, value))
    assert (error.result, error.code) == named(result)


@pytest.mark.parametrize("result", ACTION_REFUSALS, ids=lambda result: result.name)
async def test_an_action_that_is_refused(result: ActionResult) -> None:
    def answer(request: Request) -> Response:
        assert isinstance(request, ActionRequestNormal)
        return ActionResponseNormal(request.invoke_id_and_priority, result, None)

    method = DisconnectControl.remote_disconnect
    error = await refusal(answer, lambda association: association.invoke(method, SWITCH, 0))
    assert (error.result, error.code) == named(result)


@pytest.mark.parametrize("result", DATA_REFUSALS, ids=lambda result: result.name)
async def test_in_a_list_each_attribute_is_refused_for_itself(result: DataAccessResult) -> None:
    def answer(request: Request) -> Response:
        assert isinstance(request, GetRequestWithList)
        return GetResponseWithList(request.invoke_id_and_priority, (b"\x11\x05", result))

    client, server = ciphered()
    async with served(client, Server(server, answer)) as association:
        await association.associate()
        descriptors = [descriptor_of(Register.value, ENERGY), descriptor_of(Register.value, SWITCH)]
        assert await association.get_list(descriptors) == [b"\x11\x05", result]
        await association.release()


@pytest.mark.parametrize("result", DATA_REFUSALS, ids=lambda result: result.name)
async def test_a_long_get_that_is_broken_off(result: DataAccessResult) -> None:
    def tamper(apdu: bytes) -> bytes:
        return GetResponseWithBlock(apdu[2], True, 1, result).encode() if apdu[0] == 0xC4 else apdu

    def answer(request: Request) -> Response:
        assert isinstance(request, GetRequestNormal)
        return GetResponseNormal(request.invoke_id_and_priority, b"\x00")

    plain = AssociationSettings(response_timeout_ms=50)
    async with served(plain, Server(plain, answer, tamper)) as association:
        await association.associate()
        with pytest.raises(RefusedError) as caught:
            await association.get(ProfileGeneric.buffer, ENERGY)
        assert (caught.value.result, caught.value.code) == named(result)
        await association.release()


@pytest.mark.parametrize(("state", "service"), list(product(StateError, WITHOUT_COUNTER)), ids=lambda what: what.name)
async def test_an_exception_response(state: StateError, service: ServiceErrorCode) -> None:
    error = await refusal(
        lambda _: ExceptionResponse(state, service), lambda association: association.get(Register.value, ENERGY)
    )
    assert (error.result, error.code) == (f"{named(state)[0]}, {named(service)[0]}", int(service))


async def test_an_exception_response_about_the_counter_says_which_one_is_wanted() -> None:
    client, server = ciphered()
    answer = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 77)
    async with served(client, Server(server, lambda _: answer)) as association:
        await association.associate()
        with pytest.raises(InvocationCounterError) as caught:
            await association.get(Register.value, ENERGY)
        assert caught.value.expected == 77
