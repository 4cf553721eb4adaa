"""A process dies between any two of its writes, once, and writes nothing afterwards."""

from __future__ import annotations

import pytest

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.errors import StoreError
from ferraris.simulation import EventLog, Process
from ferraris.simulation.life import Life, ProcessDiedError


def life() -> tuple[Life, list[Process], EventLog]:
    cut_off: list[Process] = []
    log = EventLog(ManualClock())
    return Life(Process("collector"), log, cut_off.append), cut_off, log


@pytest.mark.parametrize("writes", range(5))
def test_it_ends_at_the_write_after_so_many(writes: int) -> None:
    one, cut_off, log = life()
    one.end_after(writes)
    for _ in range(writes):
        one.check("append:commit")
    with pytest.raises(ProcessDiedError, match="collector at append:committed"):
        one.check("append:committed")
    assert not one.alive
    assert one.ended.is_set()
    assert cut_off == [one.process]
    assert "died collector at=append:committed" in log.story()


def test_a_dead_process_writes_nothing_and_dies_no_more() -> None:
    one, cut_off, log = life()
    one.end("any moment")
    one.end("again")
    for moment in ("append:commit", "append:committed"):
        with pytest.raises(ProcessDiedError):
            one.check(moment)
    assert len(cut_off) == 1
    assert log.count == 1


def test_the_first_sentence_stands() -> None:
    one, _, _ = life()
    one.end_after(1)
    one.end_after(100)
    one.check("a:commit")
    with pytest.raises(ProcessDiedError):
        one.check("a:committed")


def test_a_full_disk_refuses_before_the_commit_and_the_process_lives_on() -> None:
    one, _, _ = life()
    one.disk_full = True
    with pytest.raises(StoreError, match="no space left"):
        one.check("append:commit")
    one.check("append:committed")
    one.disk_full = False
    one.check("append:commit")
    assert one.alive


def test_no_handler_of_errors_takes_a_death_for_one() -> None:
    assert not issubclass(ProcessDiedError, Exception)
