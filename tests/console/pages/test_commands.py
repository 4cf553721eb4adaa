"""The page of commands."""

from __future__ import annotations

import pytest

from ferraris.console.meters import MeterReader
from ferraris.console.orders import CollectionProgress
from ferraris.console.pages.commands import collection_card, command_list, state_filters, state_of_query
from ferraris.store import CommandState
from tests.console.test_markup import Reader
from tests.console.town import Town

PROGRESS = CollectionProgress(
    id=1, requested_ms=0, meters=200, done=50, reached=48, failed=2, missing=900, finished=False
)


@pytest.mark.parametrize(
    ("query", "state"),
    [("", None), ("state=sent", CommandState.SENT), ("?state=failed", CommandState.FAILED), ("state=lost", None)],
)
def test_the_address_says_which_are_shown(query: str, state: CommandState | None) -> None:
    assert state_of_query(query) is state


def test_commands_with_their_meters(street: Town) -> None:
    meters = MeterReader(street)
    read = Reader(command_list(meters, street.stores.records.commands()))
    assert "FER0000000005Disconnect" in read.text
    assert "Waiting" in read.text
    assert "No commands" in Reader(command_list(meters, [])).text


def test_every_state_can_be_asked_for() -> None:
    links = [attributes for name, attributes in Reader(state_filters(CommandState.SENT)).tags if name == "a"]
    assert len(links) == 1 + len(CommandState)
    assert [link["href"] for link in links if "aria-current" in link] == ["/commands?state=sent"]


def test_a_collection_under_way() -> None:
    read = Reader(collection_card(PROGRESS, 60_000))
    assert "Under way: 50 of 200 meters done, 2 failed; ordered 60 s ago" in read.text
    assert {"style": "width:25.0%"} in [attributes for name, attributes in read.tags if name == "i"]


def test_no_collection_yet() -> None:
    read = Reader(collection_card(None, 0))
    assert "as their plans say" in read.text
    assert [attributes["data-act"] for name, attributes in read.tags if name == "button"] == ["collect"]
