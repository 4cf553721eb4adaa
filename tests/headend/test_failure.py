"""Which failures pass by themselves."""

from __future__ import annotations

from ferraris.headend import FailureKind


def test_only_failures_of_the_path_and_of_a_busy_meter_are_transient() -> None:
    transient = {kind for kind in FailureKind if kind.transient}
    assert transient == {FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.CLOSED, FailureKind.BUSY}
