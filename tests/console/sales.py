"""Sales for the tests of what shows them: one of each kind, with a breakdown that has a line of every kind."""

from __future__ import annotations

from dataclasses import replace

from ferraris.sts import BaseDate, EncryptionAlgorithm, KeyType, MeterPan, StsConfiguration
from ferraris.vending import Breakdown, Line, LineKind, Quote, Sale, SaleKind, SaleState, SoldToken, TokenKind

SOLD_MS = 1_790_000_000_000
PAN = MeterPan.from_reference("07000000005")
CONFIGURATION = StsConfiguration(
    PAN, EncryptionAlgorithm.EA07, "123456", 2, KeyType.DUTK, tariff_index=1, base_date=BaseDate.Y2014
)
LINES = (
    Line(LineKind.UNITS, "block 1", 9_500, 500, "1.90"),
    Line(LineKind.UNITS, "block 2", 2_100, 100, "2.10"),
    Line(LineKind.FIXED_CHARGE, "Network", 2_000),
    Line(LineKind.TAX, "VAT", 2_040),
    Line(LineKind.DEBT, "Connection fee", 1_500),
)
BREAKDOWN = Breakdown(17_140, 600, LINES)
CREDIT = SoldToken("12345678901234567890", TokenKind.CREDIT, 6_690_000)
SALE = Sale(
    number=41,
    message_id="m-41",
    kind=SaleKind.CREDIT,
    state=SaleState.POSTED,
    till="till-1",
    operator="ann",
    approver="",
    meter=PAN.decoder_reference_number,
    account="A-7",
    payment="cash",
    currency="ZAR",
    minor_digits=2,
    tendered_minor=17_140,
    units_tenths=600,
    tariff="domestic",
    breakdown=BREAKDOWN,
    detail="",
    configuration=CONFIGURATION,
    created_ms=SOLD_MS,
    finished_ms=SOLD_MS + 4,
    tokens=(CREDIT,),
)
KEY_CHANGE_SALE = replace(
    SALE,
    number=42,
    tokens=(
        SoldToken("11111111111111111111", TokenKind.KEY_CHANGE),
        SoldToken("22222222222222222222", TokenKind.KEY_CHANGE),
        CREDIT,
    ),
)
FREE = replace(
    SALE, number=43, kind=SaleKind.FREE_ISSUE, tendered_minor=0, units_tenths=500, breakdown=None, payment=""
)
IN_MONEY = Breakdown(
    17_140,
    0,
    (Line(LineKind.UNITS, "credit", 14_904), Line(LineKind.TAX, "VAT", 2_236)),
    credit_money=14_904_624,
)
MONEY_SALE = replace(SALE, number=44, units_tenths=0, breakdown=IN_MONEY, service="water")
WATER_SALE = replace(SALE, number=45, service="water")
QUOTE = Quote(SALE.meter, "A-7", "Thandi <Dlamini>", "domestic", "ZAR", 2, BREAKDOWN, key_change=False)
