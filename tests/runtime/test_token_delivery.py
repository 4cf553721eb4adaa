"""From a sale to the meter and back: over lost links, typed tokens, key changes, and deaths of the process at any write."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ferraris.cosem import TokenDeliveryMethod
from ferraris.headend import CommandKind
from ferraris.meter import decoder_reference_number, sts_configuration
from ferraris.runtime import DeliverySettings, TokenDelivery
from ferraris.store import CommandState, SaleFilter, WriteHook
from ferraris.vending import Delivery, KeyChangeRequest, Sale, Vending
from tests.runtime.prepaid import MADE, SUPERVISOR, PrepaidStreet, findings, open_till, sell, tell
from tests.runtime.test_conversation import Crash, CrashAt

QUICK = DeliverySettings(type_after_ms=20 * 60_000, rest_ms=60_000, attempts_max=3)


@dataclass
class Office:
    """Vending and delivery beside a street's head-end; both can be ended and started again."""

    street: PrepaidStreet
    crash: WriteHook | None = None
    settings: DeliverySettings = QUICK
    _stack: ExitStack = field(default_factory=ExitStack)

    def open(self) -> Office:
        street = self.street
        till = open_till(street.directory, street.meters, street.clock.now_ms(), self.crash)
        self.vending: Vending = self._stack.enter_context(till)
        self.delivery = TokenDelivery(self.vending, street.runtime, self.settings)
        return self

    def close(self) -> None:
        self._stack.close()

    async def live(self, hours: float, *, every_s: float = 5.0) -> None:
        """Let time pass, and delivery look around as it would by itself."""
        until_ms = self.street.clock.now_ms() + int(hours * 3_600_000)
        while self.street.clock.now_ms() < until_ms:
            self.delivery.look()
            await self.street.live_until(self.street.hours() + every_s / 3_600)

    async def delivered(self, number: int, within_h: float = 4.0) -> Sale:
        """The sale, when its fate is known."""
        for _ in range(int(within_h * 720)):
            await self.live(5 / 3_600)
            sale = self.vending.sale(number)
            if sale.delivery not in (Delivery.NONE, Delivery.SENT):
                return sale
        raise AssertionError(f"nothing became of it: {self.vending.sale(number)}")

    def sell(self, message_id: str, number: int = 1) -> Sale:
        return sell(self.vending, number, self.street.clock.now_ms(), message_id)

    def reverse(self, sale: Sale) -> None:
        self.vending.reverse(sale.number, SUPERVISOR, self.street.clock.now_ms(), "wrong meter")

    def cut(self) -> None:
        self.street.network.medium.cut("lost", [self.street.service.devices[0].identity.host])

    def heal(self) -> None:
        self.street.network.medium.heal("lost")


def posted(street: PrepaidStreet) -> list[str]:
    """Who asked for each token command, the first first."""
    rows = reversed(street.stores.records.commands())
    return [row.requested_by for row in rows if row.kind == CommandKind.ENTER_TOKEN]


def test_a_sale_travels_to_its_meter_and_is_marked_in_both_audits(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        sale = await office.delivered(office.sell("m1", 2).number)
        assert (sale.delivery, sale.delivery_detail) == (Delivery.ACCEPTED, "accept")
        assert street.taken(2).credited_wh == 10_000
        assert posted(street) == [f"vending · {sale.receipt_number}"]
        told = [entry for entry in street.stores.records.audit() if entry.action == "token accepted"]
        assert [(entry.subject, entry.detail) for entry in told] == [
            ("meter 2", f"receipt {sale.receipt_number}: accept")
        ]
        assert office.delivery.look() == 0
        assert findings(office.vending, street) == ()
        office.close()

    tell(tmp_path, story, meters=2)


def test_a_token_typed_while_the_link_is_down_counts_as_typed(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        street.network.medium.cut("lost", [street.service.devices[0].identity.host])
        sale = office.sell("m1")
        await office.live(0.1)
        assert office.vending.sale(sale.number).delivery is Delivery.SENT
        await office.live(0.5)
        assert "should type" in office.vending.sale(sale.number).delivery_detail
        street.service.enter_token(1, sale.tokens[0].digits, TokenDeliveryMethod.MANUAL)
        street.network.medium.heal("lost")
        done = await office.delivered(sale.number)
        assert (done.delivery, done.delivery_detail) == (Delivery.TYPED, "used_error")
        assert findings(office.vending, street) == ()
        office.close()

    tell(tmp_path, story)


def test_a_key_change_reaches_the_meter_before_what_is_sold_after_it(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        now_ms = street.clock.now_ms()
        office.vending.registry.want(replace(sts_configuration(1, MADE), tariff_index=9), "ann", now_ms)
        meter = decoder_reference_number(1)
        request = KeyChangeRequest(message_id="k1", till="till", operator="ann", meter=meter)
        change = office.vending.change_key(request, now_ms)
        credit = office.sell("m1")
        assert (await office.delivered(credit.number)).delivery is Delivery.ACCEPTED
        assert office.vending.sale(change.number).delivery is Delivery.ACCEPTED
        assert office.vending.registry.meter(meter).present.state == "loaded"
        assert findings(office.vending, street) == ()
        office.close()

    tell(tmp_path, story)


def test_a_meter_that_cannot_take_it_now_is_tried_again_and_then_left_to_the_customer(tmp_path: Path) -> None:
    """A plain meter under a prepayment meter's number: it has no token gateway."""

    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        sale = await office.delivered(office.sell("m1").number)
        assert sale.delivery is Delivery.TYPED
        assert sale.delivery_detail.startswith("left to the customer")
        reference = f"vending · {sale.receipt_number}"
        assert posted(street) == [reference, f"{reference}/2", f"{reference}/3"]
        office.close()

    tell(tmp_path, story, models=("smr5_single_phase",))


def test_sales_for_meters_of_nobody_here_are_left_alone(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        with open_till(street.directory, 5, street.clock.now_ms()) as vending:
            delivery = TokenDelivery(vending, street.runtime, QUICK)
            sale = sell(vending, 4, street.clock.now_ms(), "m1")
            assert delivery.look() == 0
            assert vending.sale(sale.number).delivery is Delivery.NONE
        assert posted(street) == []

    tell(tmp_path, story)


def test_a_meter_that_is_registered_later_gets_what_was_sold_before(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        sale = office.sell("m1", 2)
        assert office.delivery.look() == 0
        street.runtime.register([street.row(1)])
        assert (await office.delivered(sale.number)).delivery is Delivery.ACCEPTED
        office.close()

    tell(tmp_path, story, meters=2, registered=1)


def test_an_order_that_was_left_pending_is_delivered_when_it_is_posted(tmp_path: Path) -> None:
    """Its number lies below those that were seen already."""
    dies: list[str] = []

    def hook(operation: str) -> None:
        if operation in dies:
            raise Crash(operation)

    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street, hook).open()
        dies.append("post:commit")
        with pytest.raises(Crash):
            office.sell("m1")
        dies.clear()
        second = office.sell("m2")
        assert (await office.delivered(second.number)).delivery is Delivery.ACCEPTED
        assert office.vending.recover(street.clock.now_ms()).posted == 1
        first = office.vending.sale_by_message("m1")
        assert first is not None
        assert first.number < second.number
        assert (await office.delivered(first.number)).delivery is Delivery.ACCEPTED
        assert findings(office.vending, street) == ()
        office.close()

    tell(tmp_path, story)


@pytest.mark.parametrize("of_vending", [True, False], ids=["vending", "headend"])
@pytest.mark.parametrize("write", range(10))
def test_a_death_at_any_write_loses_no_token_and_doubles_none(tmp_path: Path, write: int, *, of_vending: bool) -> None:
    vendings, head_ends = CrashAt(), CrashAt()
    crash = vendings if of_vending else head_ends

    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street, vendings).open()
        sale = office.sell("m1")
        crash.left = write
        try:
            await office.live(1)
        except Crash:
            await street.kill_head_end()
            office.close()
            await street.live_until(street.hours() + 0.01)
            street.open_head_end()
            office = Office(street, vendings).open()
        crash.left = None
        done = await office.delivered(sale.number)
        assert done.delivery is Delivery.ACCEPTED
        assert len(posted(street)) == 1
        states = {row.state for row in street.stores.records.commands() if row.kind == CommandKind.ENTER_TOKEN}
        assert states == {CommandState.CONFIRMED}
        assert findings(office.vending, street) == ()
        assert office.vending.sales(SaleFilter(deliveries=(Delivery.SENT.value, Delivery.NONE.value))) == []
        office.close()

    tell(tmp_path, story, before_write=head_ends)


# A sale that is reversed while its token is on the way


def told(street: PrepaidStreet) -> list[str]:
    """What the head-end's audit says of tokens, the first first."""
    return [entry.action for entry in reversed(street.stores.records.audit()) if entry.action.startswith("token ")]


def flagged(street: PrepaidStreet) -> bool:
    return (1, "reversed_token_taken") in street.alarm_kinds()


def check_explained(office: Office, sale: Sale) -> None:
    """What the meter credited and what is on record of a reversed sale are one story."""
    street = office.street
    credited = street.taken().credited_wh
    done = office.vending.sale(sale.number)
    assert office.delivery.look() == 0
    if done.delivery is Delivery.ACCEPTED:
        assert credited == 10_000
    elif done.delivery is Delivery.SENT:
        assert "may have the token" in done.delivery_detail
    else:
        assert (done.delivery, credited) == (Delivery.NONE, 0)
    assert flagged(street) == (done.delivery is not Delivery.NONE)
    assert told(street) == [f"token {done.delivery} after reversal"]
    commands = [row for row in street.stores.records.commands() if row.kind == CommandKind.ENTER_TOKEN]
    assert {row.state for row in commands} <= {CommandState.FAILED, CommandState.CONFIRMED}
    assert office.vending.verify_ledger().pending == 0


def test_a_reversed_sale_is_not_delivered_when_the_meter_comes_back(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        office.cut()
        sale = office.sell("m1")
        await office.live(0.1)
        assert office.vending.sale(sale.number).delivery is Delivery.SENT
        office.reverse(sale)
        await office.live(0.1)
        office.heal()
        await office.live(3)
        done = office.vending.sale(sale.number)
        assert (done.delivery, done.delivery_detail) == (Delivery.NONE, "not entered: the sale was reversed")
        assert street.taken().accepted == 0
        check_explained(office, sale)
        office.close()

    tell(tmp_path, story)


def test_a_sale_that_is_reversed_at_once_is_never_ordered(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        office.reverse(office.sell("m1"))
        await office.live(1)
        assert posted(street) == []
        assert told(street) == []
        assert street.taken().accepted == 0
        office.close()

    tell(tmp_path, story)


@pytest.mark.parametrize("reversed_after_ms", [0, 60, 120, 180, 240, 400])
def test_a_reversal_at_any_moment_of_a_delivery_is_explained(tmp_path: Path, reversed_after_ms: int) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        sale = office.sell("m1")
        office.delivery.look()
        await street.live_until(1.2 + reversed_after_ms / 3_600_000)
        office.reverse(sale)
        await office.live(2)
        check_explained(office, sale)
        office.close()

    tell(tmp_path, story)


@pytest.mark.parametrize("cut_after_ms", [0, 60, 120, 180, 240, 400])
def test_a_token_that_may_have_left_is_not_sent_again_after_the_reversal(tmp_path: Path, cut_after_ms: int) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        sale = office.sell("m1")
        office.delivery.look()
        await street.live_until(1.2 + cut_after_ms / 3_600_000)
        office.cut()
        await street.live_until(1.5)
        credited = street.taken().credited_wh
        office.reverse(sale)
        await office.live(1)
        office.heal()
        await office.live(3)
        assert street.taken().credited_wh == credited
        check_explained(office, sale)
        office.close()

    tell(tmp_path, story)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("left", [False, True])
def test_a_reversal_while_nobody_delivers_is_seen_at_the_start(tmp_path: Path, *, left: bool, typed: bool) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        if not left:
            office.cut()
        sale = office.sell("m1")
        office.delivery.look()
        if left:
            await street.until(lambda: street.stores.records.commands(states=[CommandState.SENT]), poll_s=0.005)
            office.cut()
        else:
            await office.live(0.1)
        await street.kill_head_end()
        await street.live_until(street.hours() + 0.01)  # what was on the wire has arrived
        credited = street.taken().credited_wh
        if typed:
            office.vending.mark_delivered(sale.number, Delivery.TYPED, street.clock.now_ms(), "said by ann")
        office.reverse(sale)
        office.close()
        street.open_head_end()
        office = Office(street).open()
        office.delivery.take_up()
        office.heal()
        await office.live(3)
        assert street.taken().credited_wh == credited
        assert flagged(street) == left
        check_explained(office, sale)
        assert Office(street).open().delivery.look() == 0
        assert len(told(street)) == 1  # a third process does not say it again
        office.close()

    tell(tmp_path, story)


def test_no_second_attempt_is_made_for_a_reversed_sale(tmp_path: Path) -> None:
    """A meter that cannot take the token now would be tried again."""

    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        office = Office(street).open()
        sale = office.sell("m1")
        while not any(row.state is CommandState.FAILED for row in street.stores.records.commands()):
            await office.live(5 / 3_600)
        office.reverse(sale)
        await office.live(1)
        assert len(posted(street)) == 1
        assert office.vending.sale(sale.number).delivery is Delivery.NONE
        assert told(street) == ["token none after reversal"]
        assert not flagged(street)
        office.close()

    tell(tmp_path, story, models=("smr5_single_phase",))
