"""A meter's page: its standing, and orders that are given once and after a question."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ferraris.console.meters import MeterReader
from ferraris.console.pages.meter import ASKED, identity, remark, standing_card, switch_states
from ferraris.headend import CommandKind
from tests.console.test_markup import Reader
from tests.console.town import Town


def buttons(street: Town, number: int) -> list[str | None]:
    meters = MeterReader(street)
    row = meters.row(f"FER{number:010}")
    read = Reader(identity(row, meters.view(row)))
    return [attributes["data-act"] for name, attributes in read.tags if name == "button"]


@pytest.mark.parametrize(
    ("number", "acts"),
    [
        (1, ["read_now", "set_clock", "disconnect"]),
        (5, ["read_now", "set_clock", "reconnect"]),
        (7, ["read_now", "set_clock", "reconnect", "disconnect"]),  # never reached: its switch is not known
    ],
)
def test_what_may_be_ordered(street: Town, number: int, acts: list[str]) -> None:
    assert buttons(street, number) == acts


def test_the_page_says_on_what_terms_the_meter_is_talked_with(street: Town) -> None:
    meters = MeterReader(street)
    row = replace(meters.row("FER0000000001"), link="hdlc+tcp", physical_address=17, referencing="short_name", suite=1)
    text = Reader(identity(row, meters.view(row))).text
    assert "HDLC 17 over TCPShort namesHLS-GMAC, cipheredSuite 1" in text


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("tcp", "Wrapper over TCP"),
        ("udp", "Wrapper over UDP"),
        ("hdlc+tcp", "HDLC over TCP"),
        ("serial", "HDLC over a serial line"),
        ("rfc2217", "HDLC over RFC 2217"),
        ("mbus", "M-Bus over a serial line"),
        ("mbus+tcp", "M-Bus over TCP"),
        ("pigeon", "Wrapper over pigeon"),
    ],
)
def test_links_are_called_what_people_call_them(street: Town, link: str, said: str) -> None:
    meters = MeterReader(street)
    row = replace(meters.row("FER0000000001"), link=link)
    assert f"{said}Logical names" in Reader(identity(row, meters.view(row))).text


def test_the_page_of_a_meter_whose_profile_is_gone_shows_all_the_rest(street: Town) -> None:
    meters = MeterReader(street)
    row = replace(meters.row("FER0000000001"), profile="smr9")
    view = meters.view(row)
    assert (view.profile_title, view.terms) == ("smr9", None)
    assert "smr9" in Reader(identity(row, view)).text


def test_what_changes_something_is_asked_for_first() -> None:
    at_the_till = {CommandKind.ENTER_TOKEN}
    assert set(ASKED) == {kind for kind in CommandKind if not kind.reads_only} - at_the_till


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "CommandedConnectedConfirmedConnected"),
        (5, "CommandedDisconnectedConfirmedDisconnected"),
        (3, "CommandedDisconnectedConfirmedConnectedThe meter has not confirmed what was commanded."),
        (7, "CommandedUnknownConfirmedUnknown"),
    ],
)
def test_the_commanded_state_beside_the_confirmed_one(street: Town, number: int, text: str) -> None:
    meters = MeterReader(street)
    assert Reader(switch_states(meters.view(meters.row(f"FER{number:010}")))).text == text


def test_standing_and_remark(street: Town) -> None:
    meters = MeterReader(street)
    late = meters.view(meters.row("FER0000000003"))
    text = Reader(standing_card(late, street.clock.now_ms())).text
    assert "Last seen6 h ago" in text
    assert re.search(r"Next attempt(in \d+ min|now)", text)
    assert "Clock offset+0.3 s" in text
    assert Reader(remark(late) or "").text == "Timeout: no answer within 10 s"
    assert remark(meters.view(meters.row("FER0000000001"))) is None
