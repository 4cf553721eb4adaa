"""What goes wrong, as XMLVend tells it: a SOAP fault whose detail names the kind of fault and says one sentence."""

from __future__ import annotations

from ferraris import vending
from ferraris.console.xmlvend.answer import Head
from ferraris.console.xmlvend.envelope import EnvelopeError
from ferraris.console.xmlvend.names import SOAP_1_2
from ferraris.console.xmlvend.node import LetterError, Node, node
from ferraris.kernel.errors import FerrarisError

SYSTEM_FAULT = "SystemEx"


class UseCaseError(FerrarisError):
    """A use case of XMLVend that Ferraris does not offer."""


class LastResponseError(FerrarisError):
    """Nobody knows the message whose answer is asked for."""


FAULTS: tuple[tuple[type[FerrarisError], str], ...] = (
    (UseCaseError, "UseCaseSupportEx"),
    (LastResponseError, "LastResponseEx"),
    (LetterError, "XMLVendSchemaEx"),
    (EnvelopeError, "XMLVendSchemaEx"),
    (vending.UnknownMeterError, "UnknownMeterEx"),
    (vending.MeterBlockedError, "BlockedMeterEx"),
    (vending.KeyExpiryError, "LatestKRNEx"),
    (vending.KeyChangeError, "UpdateMtrKeySameEx"),
    (vending.ReversalError, "ReversalEx"),
    (vending.ApprovalError, "RequestAuthorisationEx"),
    (vending.ShiftError, "StartBatchEx"),
    (vending.SalePendingError, SYSTEM_FAULT),
    (vending.VendingError, "BusinessRuleEx"),
)
"""By the kind of error, the first that fits, the kind of fault. What is in no row is the server's own trouble."""


def fault_kind(error: FerrarisError) -> str:
    return next((kind for error_type, kind in FAULTS if isinstance(error, error_type)), SYSTEM_FAULT)


def is_senders(error: FerrarisError) -> bool:
    """Whether the request was wrong, and not the server in trouble."""
    return fault_kind(error) != SYSTEM_FAULT


def fault(soap: str, error: FerrarisError, head: Head | None) -> Node:
    """The fault that stands in an envelope's body. Without a head: the request was not understood so far."""
    text = " ".join(f"{error}.".split())
    parts = () if head is None else head.nodes()
    said = node("base:fault", node("base:desc", text=text), kind=f"base:{fault_kind(error)}")
    detail = node("base:xmlvendFaultResp", *parts, said)
    if soap == SOAP_1_2:
        return _fault_1_2(soap, error, text, detail)
    who = "Client" if is_senders(error) else "Server"
    children = (
        Node("", "faultcode", text=f"soap:{who}"),
        Node("", "faultstring", text=text),
        Node("", "detail", children=(detail,)),
    )
    return Node(soap, "Fault", children=children)


def _fault_1_2(soap: str, error: FerrarisError, text: str, detail: Node) -> Node:
    who = "Sender" if is_senders(error) else "Receiver"
    code = Node(soap, "Code", children=(Node(soap, "Value", text=f"soap:{who}"),))
    language = {"{http://www.w3.org/XML/1998/namespace}lang": "en"}
    reason = Node(soap, "Reason", children=(Node(soap, "Text", text=text, attributes=language),))
    return Node(soap, "Fault", children=(code, reason, Node(soap, "Detail", children=(detail,))))
