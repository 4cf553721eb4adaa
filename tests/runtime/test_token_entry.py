"""Tokens entered through a real meter's gateway: results read back, lost answers settled, nothing taken twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.cosem import TokenDeliveryMethod
from ferraris.headend import CommandKind, tokens_text, told_of
from ferraris.store import CommandRow, CommandState
from ferraris.sts import CreditToken, Service, token_identifier_at
from tests.runtime.prepaid import MADE, PrepaidStreet, encoded, key_change, sts_configuration, tell
from tests.runtime.test_conversation import Crash, CrashAt, settled


def enter(street: PrepaidStreet, *tokens: str) -> CommandRow:
    return street.runtime.post_command(1, CommandKind.ENTER_TOKEN, tokens_text(tokens), "ann")


def wrong(token: str) -> str:
    """The token with its last digit mistyped."""
    return token[:-1] + str((int(token[-1]) + 1) % 10)


def test_a_token_is_credited_and_its_result_read_back(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        token = street.token(100)
        row = await settled(street, enter(street, token))
        assert (row.state, told_of(row.detail)) == (CommandState.CONFIRMED, ("accept", False))
        assert street.taken().credited_wh == 10_000
        shown = json.loads(row.detail)
        assert shown["tokens"] == [{"token": f"…{token[-4:]}", "status": "token_execution_ok", "result": "accept"}]
        assert (shown["supply_group_code"], shown["key_revision_number"]) == (990999, 1)
        audit = [entry for entry in street.stores.records.audit() if entry.action == "enter_token"]
        assert [entry.detail for entry in audit] == [f"…{token[-4:]}"]

    tell(tmp_path, story)


# What is entered, and what the meter says of it.
RESULTS = """
what       state      result
wrong      failed     crc_error
used       confirmed  used_error
neighbours failed     crc_error
"""


@pytest.mark.parametrize("row", [line.split() for line in RESULTS.strip().splitlines()[1:]], ids=" ".join)
def test_the_meters_result_is_the_commands(tmp_path: Path, row: list[str]) -> None:
    what, state, result = row

    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        token = street.token(50)
        tokens = {"wrong": wrong(token), "used": token, "neighbours": street.token(50, number=2)}
        if what == "used":
            outcome = street.service.enter_token(1, token)
            assert outcome.result == "accept"
        done = await settled(street, enter(street, tokens[what]))
        assert done.state == state
        assert told_of(done.detail) == (result, what == "used")
        assert street.taken().credited_wh == (5_000 if what == "used" else 0)

    tell(tmp_path, story)


def test_a_key_change_goes_before_the_credit_that_needs_it(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        new = replace(sts_configuration(1, MADE), tariff_index=7)
        now = token_identifier_at(MADE.base_date, street.clock.now_ms())
        credit = encoded(CreditToken(Service.ELECTRICITY, now, 5, 30), configuration=new)
        row = await settled(street, enter(street, *key_change(1, new), credit))
        assert row.state is CommandState.CONFIRMED
        shown = json.loads(row.detail)
        assert [entry["result"] for entry in shown["tokens"]][-1] == "accept"
        assert shown["tariff_index"] == 7
        assert street.taken().credited_wh == 3_000

    tell(tmp_path, story)


def test_a_set_that_begins_with_a_wrong_section_goes_no_further(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        first, *others = key_change(1, replace(sts_configuration(1, MADE), tariff_index=7))
        row = await settled(street, enter(street, wrong(first), *others))
        assert row.state is CommandState.FAILED
        assert len(json.loads(row.detail)["tokens"]) == 1

    tell(tmp_path, story)


@pytest.mark.parametrize("cut_after_ms", [*range(0, 400, 20), 600, 1_000])
def test_a_link_lost_at_any_moment_loses_no_token_and_doubles_none(tmp_path: Path, cut_after_ms: int) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        host = street.service.devices[0].identity.host
        command = enter(street, street.token(100))
        await street.live_until(1.2 + cut_after_ms / 3_600_000)
        street.network.medium.cut("lost", [host])
        await street.live_until(2.2)
        street.network.medium.heal("lost")
        row = await settled(street, command)
        assert (row.state, told_of(row.detail)[1]) == (CommandState.CONFIRMED, False)
        assert street.taken().credited_wh == 10_000
        assert street.taken().accepted == 1

    tell(tmp_path, story)


def test_a_customer_who_types_while_the_link_is_down_is_told_from_the_head_end(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        street.network.medium.cut("lost", [street.service.devices[0].identity.host])
        token = street.token(100)
        command = enter(street, token)
        await street.live_until(1.4)
        street.service.enter_token(1, token, TokenDeliveryMethod.MANUAL)
        street.network.medium.heal("lost")
        row = await settled(street, command)
        assert (row.state, told_of(row.detail)) == (CommandState.CONFIRMED, ("used_error", True))
        assert street.taken().credited_wh == 10_000

    tell(tmp_path, story)


@pytest.mark.parametrize("write", range(12))
def test_a_crash_at_any_write_loses_no_token_and_doubles_none(tmp_path: Path, write: int) -> None:
    crash = CrashAt()

    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        new = replace(sts_configuration(1, MADE), tariff_index=7)
        now = token_identifier_at(MADE.base_date, street.clock.now_ms())
        credit = encoded(CreditToken(Service.ELECTRICITY, now, 5, 30), configuration=new)
        command = enter(street, *key_change(1, new), credit)
        crash.left = write
        with pytest.raises(Crash):
            await street.live_until(5)
        await street.kill_head_end()
        await street.live_until(street.hours() + 0.01)
        street.open_head_end()
        row = await settled(street, command)
        assert row.state is CommandState.CONFIRMED
        assert street.taken().credited_wh == 3_000

    tell(tmp_path, story, before_write=crash)


def test_a_meter_that_takes_no_tokens_says_so(tmp_path: Path) -> None:
    async def story(street: PrepaidStreet) -> None:
        await street.live_until(1.2)
        row = await settled(street, enter(street, "1" * 20))
        assert row.state is CommandState.FAILED
        assert told_of(row.detail) == ("", False)

    tell(tmp_path, story, models=("smr5_single_phase",))
