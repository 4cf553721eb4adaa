"""Processes that die of what they try: their last input is known to whoever forked them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

import pytest

from tests.fuzz.last_input import LastInput, ending_text


def _end_of_the_stack() -> None:
    """Recursion through C code, which nobody bounds any more."""
    sys.setrecursionlimit(1 << 30)

    def deeper(_: int = 0) -> int:
        return max([1], key=deeper)

    deeper()


DEATHS: dict[str, Callable[[], object]] = {
    "a wild pointer": lambda: ctypes.string_at(0),
    "the end of the stack": _end_of_the_stack,
    "killed by the system": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "an exit": lambda: os._exit(3),
    "an exit with success": lambda: sys.exit(0),
    "an abort": os.abort,
}


def deadly(name: str) -> Callable[[bytes], None]:
    """A decoder that some octets kill the process of."""

    def decode(octets: bytes) -> None:
        if octets[:2] == b"\x02\x04":
            DEATHS[name]()

    return decode


@pytest.mark.parametrize("octets", [b"", b"a", bytes(100)])
def test_another_process_sees_what_is_tried(octets: bytes) -> None:
    last = LastInput(100)
    assert last.octets is None
    pid = os.fork()
    if pid == 0:
        last.note(b"something longer")
        last.note(octets)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert last.octets == octets
    last.clear()
    assert last.octets is None


def test_more_than_there_is_room_for_is_a_mistake() -> None:
    with pytest.raises((IndexError, ValueError)):
        LastInput(3).note(b"abcd")


@pytest.mark.parametrize(
    ("exit_code", "text"),
    [(3, "exit code 3"), (-11, "killed by SIGSEGV"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")],
)
def test_how_it_ended(exit_code: int, text: str) -> None:
    assert text in ending_text(exit_code)
