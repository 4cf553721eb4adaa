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

from ferraris.console.xmlvend import sales, work
from ferraris.console.xmlvend.answer import Head
from ferraris.console.xmlvend.envelope import CONTENT_TYPES, read_envelope, write_envelope
from ferraris.console.xmlvend.fault import UseCaseError, fault, is_senders
from ferraris.console.xmlvend.names import SOAP_1_1
from ferraris.console.xmlvend.node import Node
from ferraris.console.xmlvend.request import Request, read_request
from ferraris.kernel.errors import FerrarisError
from ferraris.vending import Vending

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


def reply_to(octets: bytes, vending: Vending, now_ms: int) -> Reply:
    """Answer a letter. Whatever is wrong with it becomes a fault."""
    soap, request = SOAP_1_1, None
    try:
        envelope = read_envelope(octets)
        soap = envelope.soap
        use_case = USE_CASES.get(envelope.body.name)
        if use_case is None:
            raise UseCaseError(f"{envelope.body.name[:60]} is not offered", expected=", ".join(USE_CASES))
        request = read_request(envelope.body)
        answered = use_case(request, vending, now_ms)
    except FerrarisError as error:
        head = None if request is None else Head(request, now_ms, "Refused")
        content = write_envelope(soap, fault(soap, error, head))
        return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, CONTENT_TYPES[soap], content, refused=is_senders(error))
    return Reply(HTTPStatus.OK, CONTENT_TYPES[soap], write_envelope(soap, answered))
