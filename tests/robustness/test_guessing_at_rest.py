"""Brute force at REST: who tries meter numbers, message ids and tokens one after the other waits, and what he learns is nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX
from tests.cli.shops import served
from tests.console.shop import OPERATOR, PREFIX, Shop, open_shop
from tests.vending.house import reference_number

GUESSES = 4 * REFUSALS_PER_MINUTE_MAX


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(tariff_name="flat") as shop:
        yield shop


def guess(shop: Shop, what: str, place: int, dice: random.Random) -> int:
    """One try, another each time; the status of the answer."""
    nobody = reference_number(90_000_000 + place)
    if what == "meters":
        return shop.client.post(f"{PREFIX}/quotes", json={"meter": nobody, "amount": "10"}).status_code
    if what == "check digits":
        number = shop.meter[:-1] + str((int(shop.meter[-1]) + 1 + place % 9) % 10)
        return shop.client.post(f"{PREFIX}/sales", json=shop.order(f"g{place}", meter=number)).status_code
    if what == "message ids":
        return shop.client.get(f"{PREFIX}/sales/by-message", params={"message_id": f"m{place + 100}"}).status_code
    if what == "receipts":
        return shop.client.get(f"{PREFIX}/sales/{place + 100}/receipt").status_code
    digits = f"{dice.randrange(1 << 66):020d}"
    return shop.client.post(f"{PREFIX}/explain", json={"meter": nobody, "token": digits}).status_code


@pytest.mark.parametrize("what", ["meters", "check digits", "message ids", "receipts", "tokens of meters"])
def test_a_guesser_of_meters_and_tokens_waits_and_learns_nothing(shop: Shop, what: str) -> None:
    shop.post("sales", **shop.order())
    before = shop.vending.verify_ledger()
    dice = random.Random(3)
    statuses = Counter(guess(shop, what, place, dice) for place in range(GUESSES))
    assert set(statuses) == {404, 429}
    assert statuses[404] <= 2 * REFUSALS_PER_MINUTE_MAX
    good = shop.client.post(f"{PREFIX}/sales", json=shop.order("mine"))
    assert (good.status_code, int(good.headers["retry-after"]) >= 1) == (429, True)
    assert shop.vending.verify_ledger() == before
    assert shop.vending.sale_by_message("mine") is None


def test_a_second_person_cannot_be_guessed(shop: Shop) -> None:
    """Whoever asked cannot approve by trying names of his own; it stays one refusal after the other, and then a wait."""
    asked = {"till": "T1", "operator": OPERATOR, "meter": shop.meter, "kind": "clear_tamper", "message_id": "e"}
    assert shop.client.post(f"{PREFIX}/engineering", json=asked).status_code == 202
    statuses = [
        shop.client.post(f"{PREFIX}/engineering/approve", json={"message_id": "e", "operator": OPERATOR}).status_code
        for _ in range(GUESSES)
    ]
    assert set(statuses) <= {403, 429}
    assert statuses[-1] == 429
    assert shop.vending.sale_by_message("e") is None
    assert [row.message_id for row in shop.vending.engineering.waiting()] == ["e"]


def test_random_tokens_are_explained_as_nobodys(shop: Shop) -> None:
    """The till explains tokens to whoever asks: of digits that were never sold it says nothing, however many are tried."""
    sold = shop.post("sales", **shop.order())["sale"]["tokens"][0]["digits"]
    dice = random.Random(5)
    told = [shop.post("explain", meter=shop.meter, token=f"{dice.randrange(1 << 66):020d}") for _ in range(GUESSES)]
    assert {one["reason"] for one in told} == {"unknown"}
    assert all(sold not in str(one) for one in told)


def test_over_real_sockets_as_well(shop: Shop) -> None:
    with served(shop.vending) as url, httpx.Client(base_url=url) as client:
        statuses = [
            client.post(
                f"{PREFIX}/quotes", json={"meter": reference_number(80_000_000 + place), "amount": "5"}
            ).status_code
            for place in range(GUESSES)
        ]
    assert statuses.count(404) >= REFUSALS_PER_MINUTE_MAX
    assert statuses[-1] == 429
