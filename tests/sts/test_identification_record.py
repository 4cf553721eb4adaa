"""Records of magnetic identification cards."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import EncryptionAlgorithm, IdentificationRecord, MeterPan, StsError
from tests.sts.published import VENDING_KEY
from tests.sts.strategies import meter_pans, six_digits

PUBLISHED = "00000260060135803400000207999907012"
"""Of a public test of software that talks to a security module; its other fields stand beside it there."""
RECORDS = st.builds(
    IdentificationRecord,
    meter_pans,
    st.sampled_from(EncryptionAlgorithm),
    six_digits,
    st.integers(1, 9),
    st.integers(0, 99),
    st.integers(0, 99),
    st.none() | st.tuples(st.integers(1993, 2092), st.integers(1, 12)),
)


def test_the_published_record() -> None:
    record = IdentificationRecord.parse(PUBLISHED)
    assert record == IdentificationRecord(
        MeterPan.parse("000002600601358034"), EncryptionAlgorithm.EA07, "999907", 2, 1, token_carrier_type=2
    )
    assert record.idrecord == PUBLISHED
    assert record.record2 == "000002600601358034===0207999907012"


@given(RECORDS)
def test_records_come_back(record: IdentificationRecord) -> None:
    assert len(record.idrecord) == 35
    for text in (record.idrecord, record.record2, f";{record.record2}?"):
        assert IdentificationRecord.parse(text) == record


# expires    read                  expired
EXPIRY = """
2004-06      2004-06-30 23:59:59   no
2004-06      2004-07-01 00:00:00   yes
1993-12      2004-07-01 00:00:00   yes
2092-01      2004-07-01 00:00:00   no
never        2092-12-31 00:00:00   no
"""


@pytest.mark.parametrize("line", EXPIRY.split("\n")[1:-1])
def test_a_card_is_valid_to_the_end_of_its_month(line: str) -> None:
    expires, read, expired = line[:12].strip(), line[13:32], line[35:].strip()
    month = None if expires == "never" else (int(expires[:4]), int(expires[5:]))
    record = IdentificationRecord(
        MeterPan.parse("600727000000000009"), EncryptionAlgorithm.EA07, "123457", 1, 1, 1, month
    )
    now_ms = int(datetime.fromisoformat(read + "+00:00").timestamp() * 1000)
    assert record.is_expired(now_ms) == (expired == "yes")


BROKEN = [
    ("", "no identification record"),
    (PUBLISHED[:-1], "no identification record"),
    (PUBLISHED + "0", "no identification record"),
    (PUBLISHED.replace("8034", "8035"), "wrong check digit"),
    (PUBLISHED.replace("0207", "0208"), "encryption algorithm"),
    (PUBLISHED[:-1] + "0", "key revision number"),
    (PUBLISHED.replace("80340000", "80342013"), "month of expiry"),
    ("000002600601358034==0207999907012", "no identification record"),
    ("０" * 35, "no identification record"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_broken_records_are_refused(text: str, said: str) -> None:
    with pytest.raises(StsError, match=said):
        IdentificationRecord.parse(text)


@given(st.text(alphabet="0123456789=;?", max_size=45))
def test_any_text_is_a_record_or_refused(text: str) -> None:
    try:
        record = IdentificationRecord.parse(text)
    except StsError:
        return
    assert IdentificationRecord.parse(record.idrecord) == record


def test_a_record_holds_no_key() -> None:
    assert VENDING_KEY.hex() not in repr(IdentificationRecord.parse(PUBLISHED))
