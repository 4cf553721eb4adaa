"""Orders that make no sense fail with a reason, and are not held against the meter."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.headend import CommandKind
from ferraris.runtime import runtime as runtime_module
from ferraris.store import CommandState
from tests.robustness.hostile import HostileStreet, tell
from tests.robustness.test_strange_meters import Defects

NONSENSE = (
    "", "///", "x", "3/x/2", "3/1.0.1.8.0.255", "3/1.0.1.8.0.255/2/1", "99999999999/1.0.1.8.0.255/2", "-1/1.0.1.8.0.255/2",
    "65536/1.0.1.8.0.255/2", "3/1.0.1.8.0.255/999", "3/1.0.1.8.0.255/-200", "3/1.0.1.8.0.256/2", "9999/1.0.1.8.0.255/2",
 "3/1.0.1.8.0.255/ 77", "7/1.0.99.1.0.255/0", "15/0.0.40.0.0.255/0",
)  # fmt: skip


def test_nonsense_is_refused_and_the_meter_keeps_its_good_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defects = Defects()
    monkeypatch.setattr(runtime_module, "LOG", defects)

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.2)
        for argument in NONSENSE:
            order = street.runtime.post_command(1, CommandKind.READ_ATTRIBUTE, argument)
            await street.live_until(street.hours() + 0.05)
            row = street.stores.records.command(order.id)
            assert row is not None
            assert row.state is CommandState.FAILED, argument
            assert row.detail
        assert defects.seen == []
        assert street.runtime.head_end.state.counts.associations_failed == 0
        assert street.communication(1) == "ok"

    tell(tmp_path, story, meters=1)
