"""The rows of the vending store: one frozen dataclass a table. Times are milliseconds since 1970-01-01 UTC.

Money is whole minor units of the currency, units are tenths. Words (kinds and states) are vending's own: the store only
keeps them, apart from those that its triggers guard.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """Who buys."""

    number: str
    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A customer's account: the tariff, and the months that blocks and fixed charges count in."""

    number: str
    customer: str
    tariff: str
    opened_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtRow:
    """What an account owes beside its purchases, and the share of each purchase that goes to it.

    How much is left of it is the balance of its account in the ledger.
    """

    number: str
    account: str
    name: str
    percent: str
    minimum_minor: int
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VendingMeterRow:
    """A prepayment meter. `blocked` is the reason why nothing is sold to it, or empty."""

    decoder_reference_number: str
    account: str
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRow:
    """A meter's STS configuration, one of its history: the first has position 1.

    `state`: wanted (a key change is to be sold), issued (its tokens were sold), loaded (the meter is known to have it), former.
    """

    meter: str
    position: int
    state: str
    issuer_identification_number: str
    encryption_algorithm: int
    supply_group_code: str
    key_revision_number: int
    key_type: int
    tariff_index: int
    base_date: int
    key_expiry_number: int
    key_derivation: int
    three_token_key_change: bool
    from_ms: int
    issued_ms: int | None = None
    loaded_ms: int | None = None
    until_ms: int | None = None
    proof: str = ""
    """How it is known that the meter has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRow:
    """An order. What was ordered never changes; state, delivery and count of reprints may, as the triggers allow."""

    number: int
    message_id: str
    digest: str
    kind: str
    state: str
    till: str
    operator: str
    approver: str
    shift: int | None
    meter: str
    account: str
    month: int
    payment: str
    currency: str
    tendered_minor: int
    units_tenths: int
    fixed_minor: int
    tariff: str
    breakdown: str
    detail: str
    configuration: int
    created_ms: int
    finished_ms: int | None = None
    delivery: str = "none"
    delivered_ms: int | None = None
    delivery_detail: str = ""
    reprints: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldTokenRow:
    """A token of a sale. The digits come once, when it is issued; the rest is decided before.

    A token of a key change has no token identifier. `configuration` is the one under whose key it is enciphered.
    """

    sale: int
    position: int
    meter: str
    kind: str
    configuration: int
    base_date: int
    token_identifier: int | None
    random: int
    value: int
    digits: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """An entry of the ledger. `pending` names the pending entry that a post or a void ends."""

    number: int
    kind: str
    at_ms: int
    subject: str
    pending: int | None
    currency: str
    digest: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRow:
    """One account's part of an entry: debit above zero, credit below."""

    entry: int
    position: int
    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """An operator's time at a till, from opening to closing the drawer.

    What belongs to it are the ledger's entries after `opened_entry`, up to `closed_entry`: clocks may be set back.
    """

    number: int
    till: str
    operator: str
    opened_ms: int
    float_minor: int
    opened_entry: int = 0
    closed_entry: int | None = None
    closed_ms: int | None = None
    counted_minor: int | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRow:
    """Money taken from a till to the bank."""

    message_id: str
    till: str
    operator: str
    shift: int | None
    amount_minor: int
    reference: str
    at_ms: int
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineeringRow:
    """An engineering token that somebody asked for and somebody else is to approve."""

    message_id: str
    digest: str
    meter: str
    till: str
    kind: str
    value: int
    reason: str
    state: str
    requested_by: str
    requested_ms: int
    decided_by: str = ""
    decided_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VendingCampaignRow:
    """A bulk key change: what the meters of it are to become, as vending's own JSON text."""

    name: str
    goal: str
    created_ms: int
    created_by: str
    closed_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignMeterRow:
    """A meter of a campaign, and the configuration that the campaign wants for it."""

    campaign: str
    meter: str
    configuration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VendingAuditRow:
    """Who did what, when. Rows are added, never changed or removed."""

    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """What an account has in a calendar month: credit bought, fixed charges paid, and how often free units were issued."""

    units_tenths: int
    fixed_minor: int
    free_issues: int
