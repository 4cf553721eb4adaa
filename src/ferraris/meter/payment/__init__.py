"""Prepayment in a virtual meter: STS tokens taken in the standard's order, credit that outlives the process, a load switch that
follows it, and the COSEM objects that show it all.

A logical device whose companion profile has a token gateway has a `Prepayment`. `sts_configuration`, `vending_key` and
`PaymentManufacture` say what meters of a fleet are for vending; whoever sells to them is given just that.
"""

from ferraris.meter.payment.friendly import PERIOD_IDS
from ferraris.meter.payment.identity import (
    PaymentManufacture,
    decoder_key,
    decoder_reference_number,
    sts_configuration,
    vending_key,
)
from ferraris.meter.payment.live import PAYMENT_LIVE, Statement
from ferraris.meter.payment.methods import PAYMENT_IDS
from ferraris.meter.payment.objects import has_prepayment, make_terms
from ferraris.meter.payment.outcome import TokenOutcome
from ferraris.meter.payment.prepayment import Prepayment
from ferraris.meter.payment.token_form import token_digits

__all__ = [
    "PAYMENT_IDS",
    "PAYMENT_LIVE",
    "PERIOD_IDS",
    "PaymentManufacture",
    "Prepayment",
    "Statement",
    "TokenOutcome",
    "decoder_key",
    "decoder_reference_number",
    "has_prepayment",
    "make_terms",
    "sts_configuration",
    "token_digits",
    "vending_key",
]
