"""What happens on a line is told apart by its kind."""

from __future__ import annotations

from ferraris.dlms import hdlc
from ferraris.dlms.line import DataLink, LineEnded, LineMessage


def test_a_data_link_is_known_by_all_three_numbers() -> None:
    links = {DataLink(16, 17, 1), DataLink(16, 18, 1), DataLink(1, 17, 1), DataLink(16, 17, 2)}
    assert len(links) == 4
    assert LineMessage(DataLink(16, 17, 1), b"", confirmed=True).link in links
    assert LineEnded(DataLink(16, 17, 1)).link in links


def test_hdlc_speaks_of_the_same() -> None:
    assert hdlc.DataLink is DataLink
