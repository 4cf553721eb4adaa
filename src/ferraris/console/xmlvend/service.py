"""The service that answers letters of XMLVend 2.1: from the octets of an envelope to the octets of an answer.

What is offered is the table `USE_CASES`. Everything else that the schemas know (cancelling, verifying tokens, statements,
meter-credit transfer, paying accounts) is answered with the fault UseCaseSupportEx. Debts are paid by the share of each
purchase that the account says, so a payment of the debt alone has no place here.

The schemas themselves are not public; names and order of elements are those of public clients. The limits that follow from
that stand in docs/how-to/connect-vending-software.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from ferraris.console.vending_desk import VendingDesk
from ferraris.console.xmlvend import sales, work
from ferraris.console.xmlvend.answer import Head
from ferraris.console.xmlvend.envelope import CONTENT_TYPES, read_envelope, write_envelope
from ferraris.console.xmlvend.fault import UseCaseError, fault, is_senders
from ferraris.console.xmlvend.names import SOAP_1_1
from ferraris.console.xmlvend.node import Node
from ferraris.console.xmlvend.request import Request, read_request
from ferraris.kernel.errors import FerrarisError
from ferraris.vending import Sale, SaleRequest, Vending

UseCase = Callable[[Request, Vending, int], Node]
USE_CASES: Mapping[str, UseCase] = {
    "confirmCustomerReq": sales.confirm_customer,
    "confirmMeterReq": sales.confirm_meter,
    "trialCreditVendReq": sales.trial,
    "creditVendReq": sales.sell,
    "freeIssueReq": sales.free_issue,
    "fbeReq": sales.free_issue,
    "adviceReq": sales.advice,
    "reprintReq": sales.reprint,
    "updateMeterKeyReq": sales.change_key,
    "meterSpecificEngReq": work.engineering,
    "nonMeterSpecificEngReq": work.test_token,
    "custReportFaultReq": work.report_fault,
    "startBatchReq": work.start_batch,
    "totalBatchReq": work.total_batch,
    "endBatchReq": work.end_batch,
    "depositReq": work.deposit,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as HTTP carries it. `refused`: the request was wrong, not the server in trouble."""

    status: HTTPStatus
    content_type: str
    octets: bytes
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, as far as it could be read."""

    soap: str
    request: Request | None = None
    order: SaleRequest | None = None
    """What is ordered by a letter that buys credit: the sale may be made elsewhere than its answer."""
    error: FerrarisError | None = None

    def answer(self, vending: Vending, now_ms: int, sale: Sale | None = None) -> Reply:
        """Do what it asks for, but for the `sale` where that is made, and answer. Whatever is wrong becomes a fault."""
        if self.error is not None:
            return self.refuse(self.error, now_ms)
        assert self.request is not None, "what has no request has an error"
        try:
            if sale is not None:
                answered = sales.sale_answer(self.request, vending, sale)
            else:
                answered = USE_CASES[self.request.body.name](self.request, vending, now_ms)
        except FerrarisError as error:
            return self.refuse(error, now_ms)
        return Reply(HTTPStatus.OK, CONTENT_TYPES[self.soap], write_envelope(self.soap, answered))

    def refuse(self, error: FerrarisError, now_ms: int) -> Reply:
        """The fault that stands for an error."""
        head = None if self.request is None else Head(self.request, now_ms, "Refused")
        content = write_envelope(self.soap, fault(self.soap, error, head))
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return Reply(status, CONTENT_TYPES[self.soap], content, refused=is_senders(error))


def read_letter(octets: bytes, vending: Vending) -> Letter:
    """Read a letter. What is wrong with it is kept for the answer."""
    soap, request, order = SOAP_1_1, None, None
    try:
        envelope = read_envelope(octets)
        soap = envelope.soap
        name = envelope.body.name
        if name not in USE_CASES:
            raise UseCaseError(f"{name[:60]} is not offered", expected=", ".join(USE_CASES))
        request = read_request(envelope.body)
        if USE_CASES[name] is sales.sell:
            order = sales.sale_request(request, vending)
    except FerrarisError as error:
        return Letter(soap, request, error=error)
    return Letter(soap, request, order)


def reply_to(octets: bytes, vending: Vending, now_ms: int) -> Reply:
    """Answer a letter that is alone."""
    return read_letter(octets, vending).answer(vending, now_ms)


async def reply_at(desk: VendingDesk, octets: bytes) -> Reply:
    """Answer a letter at the desk, where a sale shares its commits with those of other tills."""
    letter = await desk.run(lambda vending, _: read_letter(octets, vending))
    if letter.order is None:
        return await desk.run(letter.answer)
    try:
        sale = await desk.sell(letter.order)
    except FerrarisError as error:
        return letter.refuse(error, desk.now_ms())
    return await desk.run(lambda vending, now_ms: letter.answer(vending, now_ms, sale))
