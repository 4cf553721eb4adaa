"""The inbox of a link: what it hands out, and how it ends."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import LinkClosedError, LinkUnreachableError
from ferraris.link import Inbox
from ferraris.simulation import run_virtual


def test_a_stream_is_handed_out_joined() -> None:
    inbox = Inbox()
    inbox.put(b"ab")
    inbox.put(b"c")
    assert inbox.octets == 3
    assert run_virtual(inbox.take()) == b"abc"
    assert (inbox.octets, len(inbox)) == (0, 0)


def test_datagrams_are_handed_out_one_by_one() -> None:
    inbox = Inbox(keeps_boundaries=True)
    inbox.put(b"ab")
    inbox.put(b"c")
    assert run_virtual(inbox.take()) == b"ab"
    assert (inbox.octets, len(inbox)) == (1, 1)


def test_the_first_reason_of_the_end_stands() -> None:
    inbox = Inbox()
    inbox.end(LinkUnreachableError("no route"))
    inbox.end(LinkClosedError("closed"))
    with pytest.raises(LinkUnreachableError, match="no route"):
        inbox.check_open()


def test_nothing_is_kept_after_the_end() -> None:
    inbox = Inbox()
    inbox.end(LinkClosedError("closed"))
    inbox.put(b"late")
    assert (inbox.octets, inbox.ended, inbox.closed) == (0, True, False)


def test_discarding_drops_what_nobody_took() -> None:
    inbox = Inbox()
    inbox.put(b"unread")
    inbox.discard("closed here")
    assert (inbox.octets, len(inbox), inbox.closed) == (0, 0, True)
    with pytest.raises(LinkClosedError, match="closed here"):
        run_virtual(inbox.take())


def test_the_reason_is_a_fresh_error_each_time() -> None:
    inbox = Inbox()
    inbox.end(LinkClosedError("closed"))
    errors = []
    for _ in range(2):
        with pytest.raises(LinkClosedError) as caught:
            inbox.check_open()
        errors.append(caught.value)
    assert errors[0] is not errors[1]


def test_what_the_peer_does_after_this_side_has_closed_is_not_the_reason() -> None:
    inbox = Inbox()
    inbox.discard("closed here")
    inbox.end(LinkUnreachableError("reset"))
    with pytest.raises(LinkClosedError, match="closed here"):
        inbox.check_open()


def test_this_side_may_close_after_the_end() -> None:
    inbox = Inbox()
    inbox.end(LinkUnreachableError("no route"))
    inbox.discard("closed here")
    assert inbox.ended
    with pytest.raises(LinkClosedError, match="closed here"):
        inbox.check_open()


def test_an_inbox_that_goes_on_is_open() -> None:
    inbox = Inbox()
    inbox.check_open()
    assert (inbox.ended, inbox.closed) == (False, False)


def test_a_chunk_that_comes_as_the_taker_is_cancelled_stays() -> None:
    async def scenario() -> bytes:
        inbox = Inbox()
        taking = asyncio.create_task(inbox.take())
        await asyncio.sleep(0)
        inbox.put(b"just now")
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        return await inbox.take()

    assert run_virtual(scenario()) == b"just now"


@given(st.lists(st.binary(max_size=20), max_size=20), st.booleans())
def test_every_octet_comes_out_once_and_in_order(chunks: list[bytes], keeps_boundaries: bool) -> None:
    async def scenario() -> list[bytes]:
        inbox = Inbox(keeps_boundaries=keeps_boundaries)
        for chunk in chunks:
            inbox.put(chunk)
        inbox.end(LinkClosedError("the end"))
        taken = []
        while len(inbox):
            taken.append(await inbox.take())
        with pytest.raises(LinkClosedError):
            await inbox.take()
        return taken

    taken = run_virtual(scenario())
    assert b"".join(taken) == b"".join(chunks)
    assert all(taken)
    if keeps_boundaries:
        assert taken == [chunk for chunk in chunks if chunk]
