"""The memory of a PrismToken service: no token identifier twice, results for whoever lost the answer, over restarts."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import PRISMTOKEN_RESULTS_MAX, TOKEN_IDENTIFIERS_PER_METER_MAX
from ferraris.keys.security_module import PrismTokenMemory, SecurityModuleError
from ferraris.sts import IDENTIFIERS, is_special_reserved

PAN = "600727000000000009"


def test_requests_of_one_minute_get_successive_identifiers() -> None:
    memory = PrismTokenMemory(":memory:")
    assert [memory.take_identifier(PAN, 14, 1_000) for _ in range(4)] == [1_000, 1_001, 1_002, 1_003]
    assert memory.take_identifier(PAN, 14, 1_002) == 1_004
    assert memory.take_identifier("000012345678901234", 14, 1_000) == 1_000
    assert memory.take_identifier(PAN, 93, 1_000) == 1_000


def test_the_reserved_minute_is_left_out() -> None:
    memory = PrismTokenMemory(":memory:")
    assert memory.take_identifier(PAN, 14, 1_441) == 1_442
    assert [memory.take_identifier(PAN, 14, 2_880) for _ in range(2)] == [2_880, 2_882]


@given(st.lists(st.integers(0, 3_000), max_size=40))
def test_nothing_is_given_twice(wanted: list[int]) -> None:
    memory = PrismTokenMemory(":memory:")
    given_out = [memory.take_identifier(PAN, 14, each) for each in wanted]
    assert len(set(given_out)) == len(given_out)
    assert not any(is_special_reserved(each) for each in given_out)
    assert all(got >= asked for got, asked in zip(given_out, wanted, strict=True))


def test_what_a_caller_chose_itself_is_not_chosen_again() -> None:
    memory = PrismTokenMemory(":memory:")
    memory.note_identifier(PAN, 14, 1_000)
    memory.note_identifier(PAN, 14, 1_000)
    assert memory.take_identifier(PAN, 14, 1_000) == 1_001


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    memory = PrismTokenMemory(tmp_path / "memory")
    memory.take_identifier(PAN, 14, 1_000)
    memory.keep_result("till", "message", b"request", b"reply")
    del memory  # and is never closed
    again = PrismTokenMemory(tmp_path / "memory")
    assert again.take_identifier(PAN, 14, 1_000) == 1_001
    assert again.result("till", "message") == (b"request", b"reply")


def test_a_full_memory_keeps_the_latest_and_refuses_what_is_older() -> None:
    memory = PrismTokenMemory(":memory:")
    for identifier in range(2, TOKEN_IDENTIFIERS_PER_METER_MAX + 3):
        memory.take_identifier(PAN, 14, identifier)
    with pytest.raises(SecurityModuleError, match="before everything"):
        memory.take_identifier(PAN, 14, 2)
    assert memory.take_identifier(PAN, 14, 5) == TOKEN_IDENTIFIERS_PER_METER_MAX + 3


def test_the_base_date_has_an_end() -> None:
    memory = PrismTokenMemory(":memory:")
    assert memory.take_identifier(PAN, 14, IDENTIFIERS - 1) == IDENTIFIERS - 1
    with pytest.raises(SecurityModuleError, match="run out"):
        memory.take_identifier(PAN, 14, IDENTIFIERS - 1)


@pytest.mark.parametrize(("pattern", "forgotten"), [("*", 2), ("6007*", 1), ("?????????????????9", 1), ("1*", 0)])
def test_compliance_tests_forget_by_pattern(pattern: str, forgotten: int) -> None:
    memory = PrismTokenMemory(":memory:")
    for pan in (PAN, "000012345678901234"):
        memory.take_identifier(pan, 14, 1_000)
    assert len(memory.reset(pattern)) == forgotten
    assert memory.take_identifier(PAN, 14, 1_000) == (1_001 if forgotten == 0 else 1_000)


def test_results_belong_to_who_asked() -> None:
    memory = PrismTokenMemory(":memory:")
    memory.keep_result("till", "message", b"request", b"reply")
    assert memory.result("another", "message") is None
    assert memory.result("till", "another") is None


def test_old_results_go() -> None:
    memory = PrismTokenMemory(":memory:")
    for number in range(PRISMTOKEN_RESULTS_MAX + 1):
        memory.keep_result("till", str(number), b"", b"")
    assert memory.result("till", "0") is None
    assert memory.result("till", "1") is not None


def test_two_threads_get_different_identifiers(tmp_path: Path) -> None:
    memory, taken = PrismTokenMemory(tmp_path / "memory"), []

    def take() -> None:
        taken.extend(memory.take_identifier(PAN, 14, 1_500) for _ in range(10))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1_500, 1_540))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="memory of a PrismToken service"):
        PrismTokenMemory(tmp_path / "absent" / "memory")
    (tmp_path / "garbage").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError):
        PrismTokenMemory(tmp_path / "garbage")


class Remembering(RuleBasedStateMachine):
    """Identifiers taken and noted in any order, beside a plain set: nothing twice while it is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = PrismTokenMemory(":memory:")
        self.known: set[int] = set()
        self.given: set[int] = set()

    @rule(wanted=st.integers(2, 200))
    def take(self, wanted: int) -> None:
        full = len(self.known) == TOKEN_IDENTIFIERS_PER_METER_MAX
        if full and wanted < min(self.known):
            with pytest.raises(SecurityModuleError, match="before everything"):
                self.memory.take_identifier(PAN, 14, wanted)
            return
        got = self.memory.take_identifier(PAN, 14, wanted)
        free = (each for each in range(wanted, 2_000) if each not in self.known and not is_special_reserved(each))
        assert got == next(free)
        assert got not in self.given
        self.given.add(got)
        self._keep(got)

    @rule(first=st.integers(2, 200), count=st.integers(1, 40))
    def note(self, first: int, count: int) -> None:
        for identifier in range(first, first + count):
            self.memory.note_identifier(PAN, 14, identifier)
            self._keep(identifier)

    @rule()
    def forget(self) -> None:
        assert self.memory.reset("*") == ([PAN] if self.known else [])
        self.known.clear()
        self.given.clear()

    def _keep(self, identifier: int) -> None:
        self.known = set(sorted(self.known | {identifier})[-TOKEN_IDENTIFIERS_PER_METER_MAX:])

    def teardown(self) -> None:
        self.memory.close()


Remembering.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestRemembering = Remembering.TestCase


def test_identifiers_that_callers_choose_take_no_room_without_end(tmp_path: Path) -> None:
    memory = PrismTokenMemory(tmp_path / "memory")
    for identifier in range(1, 3 * TOKEN_IDENTIFIERS_PER_METER_MAX):
        memory.note_identifier(PAN, 14, identifier)
    memory.note_identifier(PAN, 93, 1)
    memory.close()
    with closing(sqlite3.connect(tmp_path / "memory")) as database:
        counted = dict(database.execute("SELECT base_date, COUNT(*) FROM identifiers GROUP BY base_date"))
    assert counted == {14: TOKEN_IDENTIFIERS_PER_METER_MAX, 93: 1}


ACTS = {
    "take": lambda memory: memory.take_identifier(PAN, 14, 1_000),
    "note": lambda memory: memory.note_identifier(PAN, 14, 1_000),
    "reset": lambda memory: memory.reset("*"),
    "result": lambda memory: memory.result("ann", "m"),
    "keep": lambda memory: memory.keep_result("ann", "m", b"q", b"r"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", ["closed", "no tables", "read only", "locked"])
def test_whatever_fails_in_the_file_is_an_error_of_the_store(tmp_path: Path, act: str, fault: str) -> None:
    path = tmp_path / "memory"
    memory = PrismTokenMemory(path)
    memory.take_identifier(PAN, 14, 999)
    other = sqlite3.connect(path)
    if fault == "closed":
        memory.close()
    elif fault == "no tables":
        other.executescript("DROP TABLE identifiers; DROP TABLE results;")
    elif fault == "read only":
        memory._database.execute("PRAGMA query_only = ON")
    else:
        memory._database.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN EXCLUSIVE")
    if act == "result" and fault in ("read only", "locked"):
        assert ACTS[act](memory) is None  # it only reads
    else:
        with pytest.raises(StoreError, match=r"the memory of a PrismToken service at .*memory: "):
            ACTS[act](memory)
    other.close()
