"""Credit, class 112: one purse of an account, such as what tokens brought or what is lent in an emergency."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DATE_TIME_STRING, DOUBLE_LONG, UNSIGNED, Enumerated, NamedBits


class CreditType(IntEnum):
    """Where a credit comes from."""

    TOKEN = 0
    RESERVED = 1
    EMERGENCY = 2
    TIME_BASED = 3
    CONSUMPTION_BASED = 4


class CreditConfiguration(IntFlag):
    """How a credit is to be treated."""

    VISUAL_INDICATION = 0x01
    CONFIRMATION_NEEDED = 0x02
    TO_BE_PAID_BACK = 0x04
    RESETTABLE = 0x08
    RECEIVES_TOKENS = 0x10


class CreditStatus(IntEnum):
    """Whether a credit is used, can be, or is used up."""

    ENABLED = 0
    SELECTABLE = 1
    SELECTED = 2
    IN_USE = 3
    EXHAUSTED = 4


class Credit(CosemObject, class_id=112, version=0):
    """An amount that charges are taken from, in the currency of its account. Blue Book 4.6.3.

    Public sources disagree on whether `period` has the type date-time or octet-string: both are read. They also disagree on
    the argument of `invoke_credit`.
    """

    current_credit_amount = Attribute(2, DOUBLE_LONG, DYNAMIC)
    credit_type = Attribute(3, Enumerated(CreditType), STATIC)
    priority = Attribute(4, UNSIGNED, STATIC)
    warning_threshold = Attribute(5, DOUBLE_LONG, STATIC)
    limit = Attribute(6, DOUBLE_LONG, STATIC)
    credit_configuration = Attribute(7, NamedBits(CreditConfiguration, 5), STATIC)
    credit_status = Attribute(8, Enumerated(CreditStatus), DYNAMIC)
    preset_credit_amount = Attribute(9, DOUBLE_LONG, STATIC)
    credit_available_threshold = Attribute(10, DOUBLE_LONG, STATIC)
    period = Attribute(11, DATE_TIME_STRING, STATIC)

    update_amount = Method(1, DOUBLE_LONG)
    set_amount_to_value = Method(2, DOUBLE_LONG)
    invoke_credit = Method(3, UNSIGNED)
