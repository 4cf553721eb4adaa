"""A server whose methods give back nothing, or something else, is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.client import ClientSettings
from ferraris.client.conformance import Outcome, Result, chosen
from ferraris.cosem.types import OCTET_STRING
from ferraris.dlms.apdu import ActionResponseNormal, ActionResult, Mechanism
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import Tampering, check_meter
from tests.client.conformance.faulty import decoded, on_apdus
from tests.meter.clients import reading
from tests.meter.laboratory import client
from tests.meter.steady import device_of

PROFILE = "security_suite_1"
NAMES = [each.name for each in chosen() if each.function.__module__.endswith(".method_checks")]


def keeper(fleet: Fleet) -> ClientSettings:
    """A client with every right, in the plain context, so that a fault can change what it is told."""
    return client(device_of(fleet, profile=PROFILE), Mechanism.HLS_GMAC, plain=True)


def checked(fleet: Fleet, name: str, change: Callable[[bytes], bytes] = bytes) -> Result:
    def around(link: Link) -> Link:
        return Tampering(link, on_apdus(change))

    [result] = check_meter(fleet, keeper(fleet), chosen([name]), write=True, around=around, profile=PROFILE)
    return result


@pytest.mark.parametrize("name", NAMES)
def test_our_own_meter_passes(fleet: Fleet, name: str) -> None:
    result = checked(fleet, name)
    assert result.outcome is Outcome.PASSED, result.got


def answers(change: Callable[[ActionResponseNormal], ActionResponseNormal]) -> Callable[[bytes], bytes]:
    """A change of the answers to invocations, but for those of HLS, which come before."""

    def changed(apdu: bytes) -> bytes:
        response = decoded(apdu)
        if not isinstance(response, ActionResponseNormal) or (
            response.result is ActionResult.SUCCESS and not long(response)
        ):
            return apdu
        return change(response).encode()

    return changed


def long(response: ActionResponseNormal) -> bool:
    """Longer than what HLS answers with."""
    return isinstance(response.data, bytes) and len(response.data) > 40


def nothing(response: ActionResponseNormal) -> ActionResponseNormal:
    return replace(response, data=None)


def damaged(response: ActionResponseNormal) -> ActionResponseNormal:
    assert isinstance(response.data, bytes)
    return replace(response, data=response.data[:-1] + bytes((response.data[-1] ^ 1,)))


def other_type(response: ActionResponseNormal) -> ActionResponseNormal:
    return replace(response, data=b"\x11\x01")


def no_certificate(response: ActionResponseNormal) -> ActionResponseNormal:
    return replace(response, data=OCTET_STRING.encode(b"certificate"))


def with_data(response: ActionResponseNormal) -> ActionResponseNormal:
    return replace(response, data=OCTET_STRING.encode(b"certificate"))


def always_the_first() -> Callable[[ActionResponseNormal], ActionResponseNormal]:
    kept: list[ActionResponseNormal] = []

    def change(response: ActionResponseNormal) -> ActionResponseNormal:
        kept.append(response)
        return replace(response, data=kept[0].data)

    return change


FAULTS = [
    ("certificate-request-is-given", answers(nothing)),
    ("certificate-request-is-given", answers(damaged)),
    ("certificate-request-is-given", answers(other_type)),
    ("certificates-are-exported", answers(nothing)),
    ("certificates-are-exported", answers(no_certificate)),
    ("certificates-are-exported", answers(always_the_first())),
    ("refused-method-gives-nothing", answers(with_data)),
]


@pytest.mark.parametrize(
    ("name", "change"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = checked(fleet, name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


@pytest.mark.parametrize("name", NAMES)
def test_a_meter_without_such_methods_is_not_asked(fleet: Fleet, name: str) -> None:
    [result] = check_meter(fleet, reading(), chosen([name]), write=True)
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_every_check_has_a_fault() -> None:
    assert {name for name, _ in FAULTS} == set(NAMES)
