"""Vending: customers and tariffs, the ledger of sales, and the issue of tokens. Decides and keeps; a store and a security
module are handed in, and so are time and randomness.

`Vending` has the orders of a till (quote, sell, free issue, key change, reverse, reprint, deliver) and its queries; its parts are
`Vending.registry` (customers, accounts, debts, meters), `Vending.engineering` (tokens that two persons order),
`Vending.shifts` (drawers, deposits, batches) and `Vending.campaigns` (bulk key changes). A receipt is made by `make_receipt`,
shown by `receipt_text`, and drawn by `receipt_pdf` of the module `receipt_pdf`, which alone loads the library for it.
"""

from __future__ import annotations

from ferraris.vending.breakdown import Breakdown, DebtDue, Line, LineKind, MonthSoFar, Purchase
from ferraris.vending.campaigns import CampaignGoal, CampaignMeter, CampaignProgress, Campaigns, CampaignStart
from ferraris.vending.credit import credit_minor, credit_text, tenths_text
from ferraris.vending.engineering import Engineering
from ferraris.vending.errors import (
    AmountError,
    ApprovalError,
    DebtNumberError,
    FreeIssueError,
    IssueRefusedError,
    KeyChangeError,
    KeyExpiryError,
    LedgerError,
    MessageConflictError,
    MeterBlockedError,
    ReversalError,
    SalePendingError,
    SaleVoidError,
    ShiftError,
    TokenIdentifierError,
    UnknownMeterError,
    UnknownTariffError,
    VendingError,
)
from ferraris.vending.ledger import ChainState, Posting
from ferraris.vending.meters import ConfigurationState, Configured, KnownMeter, meter_sought, parse_pan
from ferraris.vending.money import Number, apportion, minor_units, money_text
from ferraris.vending.orders import (
    EngineeringKind,
    EngineeringRequest,
    FreeIssueRequest,
    KeyChangeRequest,
    Order,
    PaymentKind,
    SaleRequest,
)
from ferraris.vending.receipt import Receipt, make_receipt, receipt_text
from ferraris.vending.registry import FoundMeter, NewMeter, Registry
from ferraris.vending.sale import Delivery, Quote, Sale, SaleKind, SaleState, SoldToken, TokenKind
from ferraris.vending.sample_tables import sample_tables_notice
from ferraris.vending.service import Recovery, Vending
from ferraris.vending.settings import VendingSettings
from ferraris.vending.shifts import BatchTotals, CreditTotal, PaymentTotal, Shifts, ShiftTotals
from ferraris.vending.tariff import UNIT_OF_SERVICE, CreditForm, Tariff, TariffBook, read_tariff, sample_tariffs

__all__ = [
    "UNIT_OF_SERVICE",
    "AmountError",
    "ApprovalError",
    "BatchTotals",
    "Breakdown",
    "CampaignGoal",
    "CampaignMeter",
    "CampaignProgress",
    "CampaignStart",
    "Campaigns",
    "ChainState",
    "ConfigurationState",
    "Configured",
    "CreditForm",
    "CreditTotal",
    "DebtDue",
    "DebtNumberError",
    "Delivery",
    "Engineering",
    "EngineeringKind",
    "EngineeringRequest",
    "FoundMeter",
    "FreeIssueError",
    "FreeIssueRequest",
    "IssueRefusedError",
    "KeyChangeError",
    "KeyChangeRequest",
    "KeyExpiryError",
    "KnownMeter",
    "LedgerError",
    "Line",
    "LineKind",
    "MessageConflictError",
    "MeterBlockedError",
    "MonthSoFar",
    "NewMeter",
    "Number",
    "Order",
    "PaymentKind",
    "PaymentTotal",
    "Posting",
    "Purchase",
    "Quote",
    "Receipt",
    "Recovery",
    "Registry",
    "ReversalError",
    "Sale",
    "SaleKind",
    "SalePendingError",
    "SaleRequest",
    "SaleState",
    "SaleVoidError",
    "ShiftError",
    "ShiftTotals",
    "Shifts",
    "SoldToken",
    "Tariff",
    "TariffBook",
    "TokenIdentifierError",
    "TokenKind",
    "UnknownMeterError",
    "UnknownTariffError",
    "Vending",
    "VendingError",
    "VendingSettings",
    "apportion",
    "credit_minor",
    "credit_text",
    "make_receipt",
    "meter_sought",
    "minor_units",
    "money_text",
    "parse_pan",
    "read_tariff",
    "receipt_text",
    "sample_tables_notice",
    "sample_tariffs",
    "tenths_text",
]
