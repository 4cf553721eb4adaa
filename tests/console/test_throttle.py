"""Refusals are counted by client, and a client with too many of them waits."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ferraris.console.throttle import MINUTE_MS, MS_PER_REFUSAL, REFUSED, Throttle, ThrottleGuard, is_refusal
from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX, REFUSED_CLIENTS_MAX


def refuse(throttle: Throttle, client: str, count: int, now_ms: int) -> None:
    for _ in range(count):
        throttle.refused(client, now_ms)


def test_nobody_waits_before_the_limit() -> None:
    throttle = Throttle()
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX, 1_000)
    assert throttle.wait_s("a", 1_000) == 0
    throttle.refused("a", 1_000)
    assert throttle.wait_s("a", 1_000) > 0
    assert throttle.wait_s("b", 1_000) == 0


def test_waiting_helps() -> None:
    throttle = Throttle()
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX + 5, 0)
    wait_s = throttle.wait_s("a", 0)
    assert wait_s == -(-5 * MS_PER_REFUSAL // 1_000)
    assert throttle.wait_s("a", wait_s * 1_000) == 0


def test_after_a_quiet_minute_all_is_forgotten() -> None:
    throttle = Throttle()
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX, 0)
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX, 2 * MINUTE_MS)
    assert throttle.wait_s("a", 2 * MINUTE_MS) == 0


def test_a_guesser_gets_no_more_than_the_limit_says() -> None:
    throttle = Throttle()
    heard = 0
    for now_ms in range(0, 10 * MINUTE_MS, 50):
        if throttle.wait_s("guesser", now_ms) == 0:
            heard += 1
            throttle.refused("guesser", now_ms)
    assert heard <= 11 * REFUSALS_PER_MINUTE_MAX + 1


def test_only_so_many_clients_are_remembered() -> None:
    throttle = Throttle()
    refuse(throttle, "first", REFUSALS_PER_MINUTE_MAX + 1, 0)
    for number in range(REFUSED_CLIENTS_MAX - 1):
        throttle.refused(str(number), 0)
    assert throttle.wait_s("first", 0) > 0
    throttle.refused("one more", 0)
    assert throttle.wait_s("first", 0) == 0


@pytest.mark.parametrize(
    ("status", "refused"),
    [(200, False), (404, True), (409, True), (422, True), (429, False), (500, False), (503, False)],
)
def test_what_counts_as_a_refusal(status: int, refused: bool) -> None:
    assert is_refusal(status) is refused


def guarded(clock: list[int]) -> TestClient:
    """An application in which /shop refuses all but /shop/good, and /soap hides its refusals behind 500."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status = 200 if scope["path"].endswith("good") else 404
        if scope["path"].startswith("/soap"):
            scope[REFUSED] = status != 200
            status = 500
        await Response(status_code=status)(scope, receive, send)

    return TestClient(ThrottleGuard(app, paths=("/shop", "/soap"), now_ms=lambda: clock[0]))


@pytest.mark.parametrize("path", ["/shop/guess", "/soap/guess"])
def test_a_guesser_is_told_to_wait_and_then_heard_again(path: str) -> None:
    clock = [0]
    client = guarded(clock)
    statuses = [client.get(path).status_code for _ in range(REFUSALS_PER_MINUTE_MAX + 3)]
    assert set(statuses[:REFUSALS_PER_MINUTE_MAX]) <= {404, 500}
    assert statuses[-1] == 429
    answer = client.get("/shop/good")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, str(answer.json()["retry_after_s"]))
    clock[0] = MINUTE_MS
    assert client.get("/shop/good").status_code == 200


def test_elsewhere_nothing_is_counted_and_good_requests_never() -> None:
    client = guarded([0])
    for _ in range(REFUSALS_PER_MINUTE_MAX + 5):
        assert client.get("/other").status_code == 404
        assert client.get("/shop/good").status_code == 200
        assert client.get("/soap/good").status_code == 500
