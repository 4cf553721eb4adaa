"""REST of the till: a sale from quote to receipt, retries that cost nothing, and refusals that say why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.console import create_vending_rest
from ferraris.console.problems import Problem
from ferraris.console.vending_rest import message_id, reference_of
from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX
from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.vending import UnknownMeterError
from tests.console.shop import OPERATOR, PREFIX, SUPERVISOR, Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(tariff_name="domestic_blocks") as shop:
        yield shop


def test_a_quote_shows_every_line_and_keeps_nothing(shop: Shop) -> None:
    quote = shop.post("quotes", meter=shop.meter, amount="100")
    kinds = [line["kind"] for line in quote["breakdown"]["lines"]]
    assert kinds == ["units", "fixed_charge", "tax"]
    assert sum(line["amount_minor"] for line in quote["breakdown"]["lines"]) == 10_000
    assert (quote["customer"], quote["key_change"]) == ("Customer 1", False)
    assert shop.get("sales") == []


def test_a_sale_gives_what_was_quoted(shop: Shop) -> None:
    quote = shop.post("quotes", meter=shop.meter, amount="100")
    sold = shop.post("sales", **shop.order())
    assert sold["sale"]["breakdown"] == quote["breakdown"]
    (token,) = sold["sale"]["tokens"]
    assert sold["tokens_in_fours"] == [" ".join(token["digits"][at : at + 4] for at in range(0, 20, 4))]
    assert (sold["receipt_number"], sold["sale"]["state"]) == ("0000000001", "posted")


def test_units_can_be_asked_for(shop: Shop) -> None:
    sold = shop.post("sales", **shop.order(amount=None, units="29.7"))
    assert sold["sale"]["units_tenths"] == 297
    assert shop.post("quotes", meter=shop.meter, units=10)["breakdown"]["units_tenths"] == 100


def test_a_repeated_request_gives_the_same_token(shop: Shop) -> None:
    first = shop.post("sales", **shop.order())
    assert shop.post("sales", **shop.order()) == first
    assert shop.post("sales", **shop.order(amount="100.00")) == first
    assert len(shop.get("sales")) == 1
    body = shop.refused(409, "sales", **shop.order(amount="200"))
    assert body["error"] == "message_conflict_error"


def test_the_message_id_may_stand_in_the_header(shop: Shop) -> None:
    order = shop.order()
    del order["message_id"]
    answers = [
        shop.client.post(f"{PREFIX}/sales", json=order, headers={"idempotency-key": "from-the-header"}) for _ in "ab"
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert shop.get("sales/by-message", message_id="from-the-header") == answers[0].json()
    assert "needs a message id" in shop.refused(422, "sales", **order)["detail"]


def test_one_message_id_is_enough() -> None:
    assert (message_id("a", ""), message_id("", "b"), message_id("c", "c")) == ("a", "b", "c")
    for in_body, in_header in (("", ""), ("a", "b")):
        with pytest.raises(Problem):
            message_id(in_body, in_header)


def test_a_module_that_is_away_leaves_a_sale_to_be_finished(shop: Shop) -> None:
    shop.house.module.failure = SecurityModuleUnavailable("the line is dead")
    body = shop.refused(503, "sales", **shop.order())
    assert (body["error"], body["retry"]) == ("sale_pending_error", True)
    (waiting,) = shop.get("sales", state="pending")
    assert waiting["tokens_in_fours"] == []
    assert waiting["sale"]["message_id"] == "m1"
    shop.house.module.failure = None
    sold = shop.post("sales", **shop.order())
    assert sold["sale"]["number"] == waiting["sale"]["number"]
    assert len(shop.get("sales")) == 1


WRONG_ORDERS: list[tuple[dict[str, Any], int, str, str]] = [
    # what is changed            status error                  in the sentence
    ({"amount": "0"}, 422, "amount_error", "An amount is above zero"),
    ({"amount": "-5"}, 422, "amount_error", "An amount is above zero"),
    ({"amount": "9.99"}, 422, "amount_error", "Below the minimum purchase, expected 10"),
    ({"amount": "5000.01"}, 422, "amount_error", "Above the maximum purchase"),
    ({"amount": "10.001"}, 422, "amount_error", "Finer than the currency's minor unit"),
    ({"amount": None}, 422, "amount_error", "A sale names either an amount or units"),
    ({"units": "5"}, 422, "amount_error", "A sale names either an amount or units"),
    ({"amount": None, "units": "99999999"}, 422, "amount_error", "token cannot carry"),
    ({"meter": "12345678901"}, 404, "unknown_meter_error", "wrong check digit"),
    ({"meter": "01000000990"}, 404, "unknown_meter_error", "No such meter"),
    ({"amount": "much"}, 422, "", "amount: expected a decimal number, got 'much'"),
    ({"meter": "1234567890"}, 404, "unknown_meter_error", "A decoder reference number has 11 or 13 digits, got 10."),
    ({"meter": "meter number 7"}, 404, "unknown_meter_error", "has digits only, got 'meter number 7'"),
    ({"amount": "NaN"}, 422, "", "amount: "),
    ({"amount": "1e400"}, 422, "", "amount: "),
    ({"meter": "0" * 25}, 422, "", "meter: expected at most 24 characters, got 25"),
    ({"operator": ""}, 422, "", "operator: expected a text, got ''"),
    ({"till": "x" * 129}, 422, "", "till: expected at most 128 characters, got 129"),
    ({"message_id": "m" * 129}, 422, "", "message_id: "),
    ({"message_id": "a\tb"}, 422, "vending_error", "printable characters"),
    ({"payment": "barter"}, 422, "", "payment: expected 'cash', 'card', 'transfer' or 'mobile', got 'barter'"),
]


@pytest.mark.parametrize(("changes", "status", "error", "sentence"), WRONG_ORDERS)
def test_what_is_wrong_is_said_and_nothing_is_sold(
    shop: Shop, changes: dict[str, Any], status: int, error: str, sentence: str
) -> None:
    body = shop.refused(status, "sales", **shop.order(**changes))
    assert body.get("error", "") == error
    assert sentence in body["detail"]
    assert shop.get("sales") == []
    assert shop.get("balances") == {}


def test_meters_may_be_typed_with_spaces_or_as_a_pan(shop: Shop) -> None:
    assert reference_of(" 0100 0000 016 ") == shop.meter
    assert reference_of(shop.vending.registry.meter(shop.meter).present.sts.meter_pan.digits) == shop.meter
    with pytest.raises(UnknownMeterError, match="check digit"):
        reference_of("01000000017")


def test_receipts(shop: Shop) -> None:
    number = shop.post("sales", **shop.order())["sale"]["number"]
    text = shop.client.get(f"{PREFIX}/sales/{number}/receipt")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert "TOTAL                           ZAR 100.00" in text.text
    assert "Customer     Customer 1" in text.text
    pdf = shop.client.get(f"{PREFIX}/sales/{number}/receipt", params={"format": "pdf"})
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert f"receipt-{number:010}.pdf" in pdf.headers["content-disposition"]


def test_there_is_no_receipt_before_there_is_a_token(shop: Shop) -> None:
    shop.house.module.failure = SecurityModuleUnavailable("away")
    shop.refused(503, "sales", **shop.order())
    answer = shop.client.get(f"{PREFIX}/sales/1/receipt")
    assert (answer.status_code, "has no receipt" in answer.json()["detail"]) == (422, True)


def test_a_reprint_is_counted(shop: Shop) -> None:
    shop.post("sales", **shop.order())
    assert shop.post("sales/1/reprint", operator=OPERATOR)["sale"]["reprints"] == 1
    assert "COPY" in shop.client.get(f"{PREFIX}/sales/1/receipt").text.upper()


def test_a_sale_is_taken_back_and_a_used_one_by_a_supervisor_only(shop: Shop) -> None:
    shop.post("sales", **shop.order())
    shop.post("sales/1/typed", operator=OPERATOR)
    body = shop.refused(409, "sales/1/reversal", operator=OPERATOR, reason="changed his mind")
    assert body["error"] == "reversal_error"
    assert shop.post("sales/1/reversal", operator=SUPERVISOR)["sale"]["state"] == "reversed"
    assert set(shop.get("balances").values()) == {0}


def test_a_pending_order_is_cancelled_by_a_supervisor(shop: Shop) -> None:
    shop.house.module.failure = SecurityModuleUnavailable("away")
    shop.refused(503, "sales", **shop.order())
    assert shop.refused(403, "sales/1/cancellation", operator=OPERATOR)["error"] == "approval_error"
    assert shop.post("sales/1/cancellation", operator=SUPERVISOR)["sale"]["state"] == "void"
    shop.house.module.failure = None
    assert shop.refused(409, "sales", **shop.order())["error"] == "sale_void_error"


def test_the_customer_types_the_token(shop: Shop) -> None:
    shop.post("sales", **shop.order())
    sale = shop.post("sales/1/typed", operator=OPERATOR)["sale"]
    assert (sale["delivery"], sale["delivery_detail"]) == ("typed", f"said by {OPERATOR}")


def test_free_units_once_a_month(shop: Shop) -> None:
    order = {key: value for key, value in shop.order("f1").items() if key != "amount"}
    free = shop.post("free-issues", **order)
    assert (free["sale"]["kind"], free["sale"]["units_tenths"]) == ("free_issue", 500)
    assert shop.post("free-issues", **order) == free
    assert shop.refused(409, "free-issues", **{**order, "message_id": "f2"})["error"] == "free_issue_error"


def test_a_key_change_comes_before_the_credit(shop: Shop) -> None:
    wanted = {"supply_group_code": "600727", "key_revision_number": 2, "encryption_algorithm": 11, "tariff_index": 7}
    path = f"{PREFIX}/meters/{shop.meter}/wanted-configuration"
    answer = shop.client.put(path, json={"operator": SUPERVISOR, "configuration": wanted})
    assert answer.json()["wanted"]["key_revision_number"] == 2
    assert shop.post("quotes", meter=shop.meter, amount="100")["key_change"] is True
    sold = shop.post("sales", **shop.order())
    assert [token["kind"] for token in sold["sale"]["tokens"]] == ["key_change"] * 4 + ["credit"]
    again = shop.post("key-changes", till="T1", operator=OPERATOR, meter=shop.meter, message_id="k1")
    assert [token["digits"] for token in again["sale"]["tokens"]] == [
        token["digits"] for token in sold["sale"]["tokens"][:4]
    ]


def test_sales_are_listed_filtered_and_paged(shop: Shop) -> None:
    for number, meter in enumerate(shop.house.meters):
        shop.post("sales", **shop.order(f"m{number}", meter=meter, till=f"T{number}"))
    listed = shop.get("sales")
    assert [entry["sale"]["till"] for entry in listed] == ["T2", "T1", "T0"]
    assert [entry["sale"]["till"] for entry in shop.get("sales", till="T1")] == ["T1"]
    assert [entry["sale"]["meter"] for entry in shop.get("sales", meter=shop.meter)] == [shop.meter]
    below = listed[1]["sale"]["number"]
    assert [entry["sale"]["till"] for entry in shop.get("sales", below=below, limit=1)] == ["T0"]
    assert shop.get("sales", kind="free_issue") == []


@pytest.mark.parametrize("name", ["shift", "from_ms", "until_ms", "below", "limit"])
@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, "1.5", "ten", ""])
def test_a_filter_that_no_sale_can_have_is_refused(shop: Shop, name: str, number: str) -> None:
    answer = shop.client.get(f"{PREFIX}/sales", params={name: number})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["shift", "from_ms", "until_ms", "below"])
@pytest.mark.parametrize("number", [(1 << 63) - 1, 0, -1, -(1 << 63)])
def test_any_number_that_can_be_stored_is_a_filter(shop: Shop, name: str, number: int) -> None:
    shop.post("sales", **shop.order())
    inside = {"shift": False, "from_ms": number <= 0, "until_ms": number > 0, "below": number > 0}[name]
    assert len(shop.get("sales", **{name: number})) == inside


@pytest.mark.parametrize("path", ["sales/99", "sales/by-message?message_id=nobody", "sales/99/receipt", "sales/none"])
def test_unknown_orders(shop: Shop, path: str) -> None:
    answer = shop.client.get(f"{PREFIX}/{path}")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_ledger_is_reckoned_again(shop: Shop) -> None:
    shop.post("sales", **shop.order())
    state = shop.get("ledger")
    assert (state["entries"], state["pending"]) == (2, 0)
    assert sum(shop.get("balances").values()) == 0


def test_every_function_is_described(shop: Shop) -> None:
    description = shop.client.get("/api/v1/openapi.json").json()
    for path, verbs in description["paths"].items():
        for verb, operation in verbs.items():
            assert operation["description"], f"{verb} {path}"
            assert operation["tags"][0].startswith("vending: "), f"{verb} {path}"
    amount = description["components"]["schemas"]["SaleOrder"]["properties"]["amount"]
    assert amount["description"] == "Money to be paid."


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"meter": ' * 20_000, b"\xff\xfe", b"", b"null", b'"text"'])
def test_bodies_that_are_no_orders(shop: Shop, body: bytes) -> None:
    answer = shop.client.post(f"{PREFIX}/sales", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 2_000


# Every route and every refusal

W = {"till": "T1", "operator": OPERATOR}
M = {"meter": "01000000016"}
ROUTES = [
    # method path                          body                                              status error                      result
    ("POST", "quotes",                     {**M, "amount": "100"},                           200, "",                         ""),
    ("POST", "quotes",                     {**M},                                            422, "amount_error",             "range_error"),
    ("POST", "quotes",                     {**M, "amount": "100", "units": "1"},             422, "amount_error",             "range_error"),
    ("POST", "quotes",                     {**M, "amount": "0"},                             422, "amount_error",             "range_error"),
    ("POST", "quotes",                     {**M, "units": "0.04"},                           422, "amount_error",             "range_error"),
    ("POST", "quotes",                     {"meter": "01000000990", "amount": "100"},        404, "unknown_meter_error",      ""),
    ("POST", "quotes",                     {"meter": "01000000017", "amount": "100"},        404, "unknown_meter_error",      ""),
    ("POST", "quotes",                     {"meter": "0100000001", "amount": "100"},         404, "unknown_meter_error",      ""),
    ("POST", "quotes",                     {"amount": "100"},                                422, "",                         ""),
    ("POST", "quotes",                     [],                                               422, "",                         ""),
    ("POST", "quotes",                     None,                                             422, "",                         ""),
    ("GET",  "quotes",                     None,                                             405, "",                         ""),
    ("POST", "sales",                      {**W, **M, "amount": "100"},                      422, "",                         ""),
    ("POST", "sales",                      {**W, **M, "message_id": "n"},                    422, "amount_error",             "range_error"),
    ("POST", "sales",                      {**W, **M, "message_id": "n", "amount": []},      422, "",                         ""),
    ("POST", "sales",                      {**W, **M, "message_id": "n", "amount": True},    422, "",                         ""),
    ("POST", "sales",                      {**W, **M, "message_id": "sold", "amount": "99"}, 409, "message_conflict_error",   ""),
    ("POST", "sales",                      {**W, **M, "message_id": "sold", "units": "9"},   409, "message_conflict_error",   ""),
    ("POST", "sales",                      {**M, "operator": "bea", "till": "T1", "message_id": "sold", "amount": "100"},
                                                                                             409, "message_conflict_error",   ""),
    ("POST", "sales",                      {**W, **M, "message_id": "free", "amount": "50"}, 409, "message_conflict_error",   ""),
    ("POST", "free-issues",                {**W, **M, "message_id": "free"},                 201, "",                         ""),
    ("POST", "free-issues",                {**W, **M, "message_id": "again"},                409, "free_issue_error",         ""),
    ("POST", "free-issues",                {**W, **M, "message_id": "sold"},                 409, "message_conflict_error",   ""),
    ("POST", "free-issues",                {**W, **M},                                       422, "",                         ""),
    ("POST", "free-issues",                {**W, "meter": "01000000990", "message_id": "x"}, 404, "unknown_meter_error",      ""),
    ("POST", "key-changes",                {**W, **M, "message_id": "k"},                    409, "key_change_error",         "key_type_error"),
    ("POST", "key-changes",                {**W, **M, "message_id": "sold"},                 409, "message_conflict_error",   ""),
    ("POST", "key-changes",                {**W, "meter": "01000000990", "message_id": "k"}, 404, "unknown_meter_error",      ""),
    ("GET",  "sales",                      None,                                             200, "",                         ""),
    ("GET",  "sales?limit=0",              None,                                             422, "",                         ""),
    ("GET",  "sales?limit=10001",          None,                                             422, "",                         ""),
    ("GET",  "sales?state=sold",           None,                                             422, "",                         ""),
    ("GET",  "sales?kind=gift",            None,                                             422, "",                         ""),
    ("GET",  "sales?delivery=lost",        None,                                             422, "",                         ""),
    ("GET",  "sales/by-message",           None,                                             422, "",                         ""),
    ("GET",  "sales/by-message?message_id=none", None,                                       404, "",                         ""),
    ("GET",  "sales/by-message?message_id=sold", None,                                       200, "",                         ""),
    ("GET",  "sales/1",                    None,                                             200, "",                         ""),
    ("GET",  "sales/0",                    None,                                             422, "",                         ""),
    ("GET",  "sales/-1",                   None,                                             422, "",                         ""),
    ("GET",  f"sales/{1 << 63}",           None,                                             422, "",                         ""),
    ("GET",  f"sales/{(1 << 63) - 1}",     None,                                             404, "vending_error",            ""),
    ("GET",  "sales/1/receipt?format=html", None,                                            422, "",                         ""),
    ("GET",  "sales/77/receipt",           None,                                             404, "vending_error",            ""),
    ("POST", "sales/77/reprint",           {"operator": "ann"},                              404, "vending_error",            ""),
    ("POST", "sales/77/reversal",          {"operator": "ann"},                              404, "reversal_error",           ""),
    ("POST", "sales/77/cancellation",      {"operator": SUPERVISOR},                         404, "reversal_error",           ""),
    ("POST", "sales/77/typed",             {"operator": "ann"},                              404, "vending_error",            ""),
    ("POST", "sales/1/reprint",            {},                                               422, "",                         ""),
    ("POST", "sales/1/reversal",           {"operator": " "},                                422, "",                         ""),
    ("POST", "sales/1/reversal",           {"operator": "a", "reason": "r" * 129},           422, "",                         ""),
    ("POST", "sales/1/cancellation",       {"operator": SUPERVISOR},                         409, "reversal_error",           ""),
    ("POST", "explain",                    {**M, "token": "1" * 65},                         422, "",                         ""),
    ("POST", "explain",                    {"meter": "01000000990", "token": "1" * 20},      404, "unknown_meter_error",      ""),
    ("POST", "explain",                    {**M, "token": ""},                               200, "",                         ""),
    ("GET",  "ledger",                     None,                                             200, "",                         ""),
    ("GET",  "balances",                   None,                                             200, "",                         ""),
    ("GET",  "nothing",                    None,                                             404, "",                         ""),
    ("DELETE", "sales/1",                  None,                                             405, "",                         ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def sold_shop() -> Iterator[Shop]:
    """A shop with a sale and free units on record, in which every refusal is tried once."""
    with open_shop(tariff_name="domestic_blocks") as shop:
        shop.post("sales", **shop.order("sold"))
        shop.post("free-issues", **W, **M, message_id="free")
        rest = create_vending_rest(shop.vending, shop.clock, throttled=False)
        shop.client = TestClient(rest, base_url="http://localhost")
        yield shop


@pytest.mark.parametrize(("method", "path", "body", "status", "error", "result"), ROUTES)
def test_what_each_route_answers(
    sold_shop: Shop, method: str, path: str, body: Any, status: int, error: str, result: str
) -> None:
    """And whatever it is, it adds nothing to the ledger."""
    before = sold_shop.vending.verify_ledger().entries
    answer = sold_shop.client.request(method, f"{PREFIX}/{path}", json=body)
    assert (answer.status_code, sold_shop.vending.verify_ledger().entries) == (status, before), answer.text
    if status >= 400:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (problem["status"], problem.get("error", ""), problem.get("result", "")) == (status, error, result)
        assert problem["detail"]
        assert len(answer.content) < 2_000


def test_a_till_that_is_refused_too_often_waits(shop: Shop) -> None:
    wrong = shop.order(meter="01000000990")
    for _ in range(REFUSALS_PER_MINUTE_MAX):
        shop.refused(404, "sales", **wrong)
    shop.refused(404, "sales", **wrong)
    answer = shop.client.post(f"{PREFIX}/sales", json=shop.order())
    assert (answer.status_code, answer.json()["status"]) == (429, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert shop.sales() == []


def test_who_asks_inside_the_process_never_waits(shop: Shop) -> None:
    client = TestClient(create_vending_rest(shop.vending, shop.clock, throttled=False), base_url="http://localhost")
    wrong = shop.order(meter="01000000990")
    statuses = {client.post(f"{PREFIX}/sales", json=wrong).status_code for _ in range(REFUSALS_PER_MINUTE_MAX + 5)}
    assert statuses == {404}


# What holds for every run of orders

ORDERS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(1_000, 30_000), st.sampled_from(["T1", "T2"])),
    min_size=1,
    max_size=14,
)


@settings(max_examples=8, deadline=None)
@given(ORDERS)
def test_a_message_id_is_one_sale_for_ever(orders: list[tuple[int, int, int, str]]) -> None:
    """However orders and their repetitions come: the first order of an id is sold once, any other of that id is refused."""
    with open_shop() as shop:
        client = TestClient(create_vending_rest(shop.vending, shop.clock, throttled=False), base_url="http://localhost")
        first: dict[int, tuple[dict[str, Any], Any]] = {}
        for name, place, minor, till in orders:
            order = shop.order(f"m{name}", meter=shop.house.meters[place], amount=f"{minor / 100:.2f}", till=till)
            answer = client.post(f"{PREFIX}/sales", json=order)
            known, sold = first.setdefault(name, (order, answer.json()))
            assert answer.status_code == (201 if order == known else 409)
            if order == known:
                assert answer.json() == sold
            shop.clock.advance(1_000)
        assert {sale.message_id for sale in shop.sales()} == {f"m{name}" for name in first}
        assert len({token.digits for sale in shop.sales() for token in sale.tokens}) == len(first)
        assert sum(shop.vending.balances().values()) == 0


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 9), st.integers(1, 4), st.integers(0, 3))
def test_pages_neither_drop_nor_double(count: int, limit: int, sold_between: int) -> None:
    """Also where tills sell on while somebody turns the pages."""
    with open_shop() as shop:
        for number in range(count):
            shop.sell(message_id=f"before-{number}", meter=shop.house.meters[number % 3])
        seen: list[int] = []
        below = None
        while page := shop.get("sales", limit=limit, **({} if below is None else {"below": below})):
            seen += [entry["sale"]["number"] for entry in page]
            below = seen[-1]
            for number in range(sold_between):
                shop.sell(message_id=f"between-{len(seen)}-{number}")
        before = [sale.number for sale in shop.sales() if sale.message_id.startswith("before-")]
        assert seen == before


def test_a_meter_is_asked_for_as_it_stands_on_its_card(shop: Shop) -> None:
    sold = shop.post("sales", **shop.order())
    pan = shop.vending.registry.meter(shop.meter).present.sts.meter_pan.digits
    for typed in (shop.meter, pan, f"{shop.meter[:4]} {shop.meter[4:]}"):
        assert shop.get("sales", meter=typed) == [sold], typed
    assert shop.get("sales", meter=shop.house.meters[1]) == []
    assert shop.get("sales", meter="01000000017") == []
