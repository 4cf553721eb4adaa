"""Engineering tokens by two persons: a technician asks for one, somebody else approves, and only then it is issued."""

from __future__ import annotations

from ferraris.kernel.limits import VENDING_ROWS_MAX
from ferraris.store import EngineeringRow, SaleRow, VendingReader, VendingStore, VendingWriter
from ferraris.vending.errors import ApprovalError, MessageConflictError
from ferraris.vending.issuing import Issuing, OpenOrder
from ferraris.vending.meters import known_meter
from ferraris.vending.orders import EngineeringKind, EngineeringRequest, check_text
from ferraris.vending.planning import plan_engineering
from ferraris.vending.sale import Sale
from ferraris.vending.sale_view import sale_views
from ferraris.vending.settings import VendingSettings
from ferraris.vending.token_plans import check_value

REQUESTED = "requested"
APPROVED = "approved"
REFUSED = "refused"


class Engineering:
    """Requests that wait for a second person, and what came of them."""

    def __init__(self, store: VendingStore, issuing: Issuing, settings: VendingSettings) -> None:
        self._store = store
        self._issuing = issuing
        self._settings = settings

    def request(self, request: EngineeringRequest, now_ms: int) -> EngineeringRow:
        """Ask for a token. Asking again with the same message id does nothing more."""
        check_value(request.kind, request.value)
        with self._store.writing("request") as writer:
            known = self._known(writer, request.message_id)
            if known is not None:
                if known.digest != request.digest():
                    raise MessageConflictError(f"message id {request.message_id} stands for another request")
                return known
            if writer.sale_by_message(request.message_id) is not None:
                raise MessageConflictError(f"message id {request.message_id} stands for another request")
            known_meter(writer, request.meter).check_open()
            row = EngineeringRow(
                message_id=request.message_id,
                digest=request.digest(),
                meter=request.meter,
                till=request.till,
                kind=request.kind.value,
                value=request.value,
                reason=request.reason,
                state=REQUESTED,
                requested_by=request.operator,
                requested_ms=now_ms,
            )
            writer.add([row])
            self._issuing.note(writer, request.operator, "ask for", request.message_id, request.kind.value, now_ms)
            return row

    def approve(self, message_id: str, approver: str, now_ms: int) -> Sale:
        """Approve a request of somebody else: the token is issued. Raises ApprovalError.

        Approving again gives the same token, and finishes an order that the security module left pending.
        """
        check_text("approver", approver)
        with self._store.writing("approve") as writer:
            row = self._requested(writer, message_id, approver, (REQUESTED, APPROVED))
            request = _order(row)
            order = self._issuing.known_order(writer, request)
            if order is None:
                order = self._open(writer, row, request, approver, now_ms)
        return self._sale(self._issuing.finish(order, now_ms))

    def refuse(self, message_id: str, approver: str, now_ms: int) -> None:
        """Refuse a request: it stays on record, and no token comes of it."""
        check_text("approver", approver)
        with self._store.writing("refuse") as writer:
            self._requested(writer, message_id, approver, (REQUESTED,))
            writer.decide_engineering(message_id, REFUSED, approver, now_ms)
            self._issuing.note(writer, approver, "refuse", message_id, "", now_ms)

    def waiting(self) -> list[EngineeringRow]:
        """Requests that nobody has decided yet, the oldest first."""
        with self._store.reading() as reader:
            return reader.engineering_in(REQUESTED, VENDING_ROWS_MAX)

    def _open(
        self, writer: VendingWriter, row: EngineeringRow, request: EngineeringRequest, approver: str, now_ms: int
    ) -> OpenOrder:
        meter = known_meter(writer, row.meter)
        meter.check_open()
        prepared = self._issuing.prepare(writer, request, meter, plan_engineering(request, approver), now_ms)
        (order,) = self._issuing.open(writer, [prepared], now_ms)
        writer.decide_engineering(row.message_id, APPROVED, approver, now_ms)
        self._issuing.note(writer, approver, "approve", row.message_id, row.kind, now_ms)
        return order

    def _requested(
        self, reader: VendingReader, message_id: str, approver: str, states: tuple[str, ...]
    ) -> EngineeringRow:
        row = self._known(reader, message_id)
        if row is None:
            raise ApprovalError("nothing was asked for under this message id", got=repr(message_id[:40]))
        if row.state not in states:
            raise ApprovalError(f"request {message_id} is decided", expected=" or ".join(states), got=row.state)
        if row.requested_by == approver:
            raise ApprovalError("a second person approves, not the one who asked", got=approver)
        return row

    @staticmethod
    def _known(reader: VendingReader, message_id: str) -> EngineeringRow | None:
        return reader.engineering(message_id)

    def _sale(self, row: SaleRow) -> Sale:
        with self._store.reading() as reader:
            return sale_views(reader, [row], self._settings.minor_digits)[0]


def _order(row: EngineeringRow) -> EngineeringRequest:
    return EngineeringRequest(
        message_id=row.message_id,
        till=row.till,
        operator=row.requested_by,
        meter=row.meter,
        kind=EngineeringKind(row.kind),
        value=row.value,
        reason=row.reason,
    )
