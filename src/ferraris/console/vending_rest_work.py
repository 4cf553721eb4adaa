"""REST about the work at and behind the till: engineering tokens, shifts, deposits, batches, campaigns of key changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from ferraris.console.vending_bodies import (
    BatchOrder,
    BulkIssue,
    CampaignOrder,
    Decision,
    DepositOrder,
    EngineeringOrder,
    ShiftClosing,
    ShiftOpening,
    Signature,
)
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_rest import Key, message_id, reference_of
from ferraris.console.vending_views import SaleView, sale_view
from ferraris.kernel.limits import VENDING_TEXT_CHARACTERS_MAX
from ferraris.store import DepositRow, EngineeringRow, ShiftRow, VendingCampaignRow
from ferraris.vending import (
    BatchTotals,
    CampaignGoal,
    CampaignMeter,
    CampaignProgress,
    CampaignStart,
    EngineeringRequest,
    ShiftTotals,
    minor_units,
)

TillFilter = Annotated[str | None, Query(max_length=VENDING_TEXT_CHARACTERS_MAX)]
ShiftNumber = Annotated[int, Path(ge=1, lt=1 << 63)]
CampaignName = Annotated[str, Path(max_length=VENDING_TEXT_CHARACTERS_MAX)]


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign with its counts: meters that wait (wanted), that were given tokens (issued), that entered them (entered)."""

    counts: dict[str, int]
    complete: bool
    progress: CampaignProgress


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """How many meters share a base date, key revision number, tariff index and supply group code."""

    base_date: int
    key_revision_number: int
    tariff_index: int
    supply_group_code: str
    meters: int


def work_routes(desk: VendingDesk) -> APIRouter:
    """Engineering, shifts and campaigns."""
    router = APIRouter()
    _add_engineering(router, desk)
    _add_shifts(router, desk)
    _add_deposits(router, desk)
    _add_campaigns(router, desk)
    return router


def _add_engineering(router: APIRouter, desk: VendingDesk) -> None:
    tags: list[str | Enum] = ["vending: engineering tokens"]

    @router.post("/engineering", status_code=HTTPStatus.ACCEPTED, tags=tags)
    async def ask(order: EngineeringOrder, idempotency_key: Key = "") -> EngineeringRow:
        """Ask for an engineering token. It is issued when a second person approves."""
        request = EngineeringRequest(
            message_id=message_id(order.message_id, idempotency_key), till=order.till, operator=order.operator,
            meter=reference_of(order.meter), kind=order.kind, value=order.value, reason=order.reason,
        )  # fmt: skip
        return await desk.run(lambda vending, now_ms: vending.engineering.request(request, now_ms))

    @router.get("/engineering", tags=tags)
    async def waiting() -> list[EngineeringRow]:
        """What waits for a second person, the oldest first."""
        return await desk.run(lambda vending, _: vending.engineering.waiting())

    @router.post("/engineering/approve", status_code=HTTPStatus.CREATED, tags=tags)
    async def approve(decision: Decision) -> SaleView:
        """A second person's yes: the token is issued. Approving again gives the same token."""
        found = await desk.run(
            lambda vending, now_ms: vending.engineering.approve(decision.message_id, decision.operator, now_ms)
        )
        return sale_view(found)

    @router.post("/engineering/refuse", tags=tags)
    async def refuse(decision: Decision) -> Decision:
        """A second person's no: it stays on record, and no token comes of it."""
        await desk.run(
            lambda vending, now_ms: vending.engineering.refuse(decision.message_id, decision.operator, now_ms)
        )
        return decision


def _add_shifts(router: APIRouter, desk: VendingDesk) -> None:
    tags: list[str | Enum] = ["vending: shifts"]

    @router.post("/shifts", status_code=HTTPStatus.CREATED, tags=tags)
    async def open_shift(opening: ShiftOpening) -> ShiftRow:
        """An operator begins at a till."""
        minor = minor_units(opening.float_amount, desk.settings.minor_digits)
        return await desk.run(
            lambda vending, now_ms: vending.shifts.open(opening.till, opening.operator, now_ms, minor)
        )

    @router.get("/shifts", tags=tags)
    async def shifts(till: TillFilter = None, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> list[ShiftRow]:
        """Shifts, the newest first."""
        return await desk.run(lambda vending, _: vending.shifts.list(till, limit))

    @router.get("/shifts/{number}", tags=tags)
    async def totals(number: ShiftNumber) -> ShiftTotals:
        """What a shift has done so far, or did: money by kind of payment, what the drawer should hold, units."""
        return await desk.run(lambda vending, _: vending.shifts.totals(number))

    @router.post("/shifts/close", tags=tags)
    async def close(closing: ShiftClosing) -> ShiftTotals:
        """Close the till's shift with what was counted in the drawer."""
        counted = minor_units(closing.counted, desk.settings.minor_digits)
        return await desk.run(
            lambda vending, now_ms: vending.shifts.close(closing.till, closing.operator, now_ms, counted)
        )


def _add_deposits(router: APIRouter, desk: VendingDesk) -> None:
    tags: list[str | Enum] = ["vending: shifts"]

    @router.post("/deposits", status_code=HTTPStatus.CREATED, tags=tags)
    async def deposit(order: DepositOrder, idempotency_key: Key = "") -> DepositRow:
        """Cash taken from a till to the bank; once for each message id."""
        key = message_id(order.message_id, idempotency_key)
        minor = minor_units(order.amount, desk.settings.minor_digits)
        return await desk.run(
            lambda vending, now_ms: vending.shifts.deposit(
                key, order.till, order.operator, minor, now_ms, order.reference
            )
        )

    @router.post("/batches", status_code=HTTPStatus.CREATED, tags=tags)
    async def close_batch(order: BatchOrder) -> BatchTotals:
        """Put the till's closed shifts into a batch."""
        return await desk.run(lambda vending, now_ms: vending.shifts.close_batch(order.till, order.operator, now_ms))

    @router.get("/batches/{number}", tags=tags)
    async def batch(number: ShiftNumber) -> BatchTotals:
        """The totals of a batch, shift by shift."""
        return await desk.run(lambda vending, _: vending.shifts.batch_totals(number))


def _add_campaigns(router: APIRouter, desk: VendingDesk) -> None:
    tags: list[str | Enum] = ["vending: key changes"]

    @router.get("/key-states", tags=tags)
    async def key_states() -> list[KeyGroup]:
        """How many meters have which base date, key revision, tariff index and supply group: what a rollover must move."""
        found = await desk.run(lambda vending, _: vending.campaigns.states())
        return [KeyGroup(*group, meters) for group, meters in found.most_common()]

    @router.get("/campaigns", tags=tags)
    async def campaigns() -> list[VendingCampaignRow]:
        """Every campaign, the oldest first."""
        return await desk.run(lambda vending, _: vending.campaigns.list())

    @router.post("/campaigns", status_code=HTTPStatus.CREATED, tags=tags)
    async def start(order: CampaignOrder) -> CampaignStart:
        """Want new keys for many meters. From now on each one's next purchase brings its key change."""
        goal = CampaignGoal(
            order.supply_group_code,
            order.key_revision_number,
            order.tariff_index,
            order.base_date,
            order.key_expiry_number,
        )
        meters = None if order.meters is None else list(map(reference_of, order.meters))
        return await desk.run(
            lambda vending, now_ms: vending.campaigns.start(order.name, goal, order.operator, now_ms, meters)
        )

    @router.get("/campaigns/{name:path}/not-entered", tags=tags)
    async def not_entered(name: CampaignName) -> list[CampaignMeter]:
        """The meters that are still to be seen to."""
        return await desk.run(lambda vending, _: vending.campaigns.progress(name).not_entered())

    @router.get("/campaigns/{name:path}", tags=tags)
    async def campaign(name: CampaignName) -> CampaignView:
        """How far each meter is, with the proof of those that are through."""
        return await desk.run(lambda vending, _: campaign_view(vending.campaigns.progress(name)))

    @router.post("/campaigns/{name:path}/issue", tags=tags)
    async def issue(name: CampaignName, bulk: BulkIssue) -> list[SaleView]:
        """Issue the tokens of meters that wait for them, at most `limit`; again: it goes on where it was."""
        sales = await desk.run(
            lambda vending, now_ms: vending.campaigns.issue(name, bulk.till, bulk.operator, now_ms, bulk.limit)
        )
        return list(map(sale_view, sales))

    @router.post("/campaigns/{name:path}/close", tags=tags)
    async def close(name: CampaignName, by: Signature) -> CampaignView:
        """Close a campaign whose meters have all entered their key change."""
        return await desk.run(lambda vending, now_ms: campaign_view(vending.campaigns.close(name, by.operator, now_ms)))


def campaign_view(progress: CampaignProgress) -> CampaignView:
    return CampaignView(progress.counts(), progress.complete, progress)
