"""Every error has its kind of fault, and says whether the sender or the server is to blame."""

from __future__ import annotations

import pytest

from ferraris import vending
from ferraris.console.xmlvend import fault
from ferraris.console.xmlvend.answer import Head
from ferraris.console.xmlvend.envelope import EnvelopeError, read_envelope, write_envelope
from ferraris.console.xmlvend.names import BASE, SOAP_1_1, SOAP_1_2
from ferraris.console.xmlvend.node import LetterError
from ferraris.kernel.errors import FerrarisError, StoreError
from tests.console.sales import SOLD_MS
from tests.console.xmlvend.test_answer import REQUEST

HEAD = Head(REQUEST, SOLD_MS, "Refused")
KINDS = [
    # error                                                  kind of fault             sender's
    (EnvelopeError("deep"), "XMLVendSchemaEx", True),
    (LetterError("no msno"), "XMLVendSchemaEx", True),
    (fault.UseCaseError("verifyReq"), "UseCaseSupportEx", True),
    (fault.LastResponseError("7"), "LastResponseEx", True),
    (vending.UnknownMeterError("01234567890"), "UnknownMeterEx", True),
    (vending.MeterBlockedError("stolen"), "BlockedMeterEx", True),
    (vending.AmountError("zero"), "BusinessRuleEx", True),
    (vending.KeyExpiryError("255"), "LatestKRNEx", True),
    (vending.MessageConflictError("7"), "BusinessRuleEx", True),
    (vending.SalePendingError("no module", number=1), "SystemEx", False),
    (StoreError("the disk is full"), "SystemEx", False),
    (FerrarisError("it rains"), "SystemEx", False),
]


@pytest.mark.parametrize(("error", "kind", "senders"), KINDS, ids=lambda value: type(value).__name__)
def test_kinds_of_faults(error: FerrarisError, kind: str, senders: bool) -> None:
    assert fault.fault_kind(error) == kind
    assert fault.is_senders(error) is senders


@pytest.mark.parametrize("soap", [SOAP_1_1, SOAP_1_2])
def test_a_fault_travels(soap: str) -> None:
    error = vending.UnknownMeterError("no meter <1>")
    read = read_envelope(write_envelope(soap, fault.fault(soap, error, HEAD)))
    assert (read.body.namespace, read.body.name) == (soap, "Fault")
    detail = read.body.need("detail" if soap == SOAP_1_1 else "Detail").need("xmlvendFaultResp")
    assert detail.namespace == BASE
    assert detail.need("reqMsgID").attribute("uniqueNumber") == "7"
    assert detail.need("fault").type == "UnknownMeterEx"
    assert detail.need("fault").need("desc").text == "no meter <1>."


def test_who_is_to_blame_in_either_version() -> None:
    pending = vending.SalePendingError("no module", number=1)
    assert fault.fault(SOAP_1_1, pending, HEAD).need("faultcode").text == "soap:Server"
    assert fault.fault(SOAP_1_1, LetterError("x"), None).need("faultcode").text == "soap:Client"
    assert fault.fault(SOAP_1_2, pending, HEAD).need("Code").need("Value").text == "soap:Receiver"
    assert fault.fault(SOAP_1_2, LetterError("x"), None).need("Code").need("Value").text == "soap:Sender"


def test_without_a_request_there_is_no_head() -> None:
    detail = fault.fault(SOAP_1_1, EnvelopeError("x"), None).need("detail").need("xmlvendFaultResp")
    assert [child.name for child in detail.children] == ["fault"]
