"""A type checker knows what a read gives: mypy agrees with every `assert_type` in these tests, and sees a wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ["--config-file", str(ROOT / "pyproject.toml")]

CHECKED = ["tests/cosem/test_declaration.py", "tests/cosem/types/test_compound.py"]

WRONG_USES = [
    # a use                                                          what mypy says of it
    ("Register.value.datatype.encode(5)",                            'expected "Data"'),
    ("ProfileGeneric.capture_period.datatype.encode('900')",         'expected "int"'),
    ("period: str = ProfileGeneric.capture_period.datatype.decode(b'')", "Incompatible types in assignment"),
    ("ProfileGeneric.capture_perod",                                 'has no attribute "capture_perod"'),
    ("Clock.shift_time.argument.encode('1 h')",                      'expected "int"'),
    ("obis.ACTIVE_ENERGY_IMPROT",                                    'has no attribute "ACTIVE_ENERGY_IMPROT"'),
    ("length: str = obis.ACTIVE_ENERGY_IMPORT",                      "Incompatible types in assignment"),
]  # fmt: skip


def checked(*arguments: str) -> str:
    """What mypy says, with this repository's configuration."""
    report, faults, _ = api.run([*CONFIG, "--no-error-summary", *arguments])
    assert not faults
    return report


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_what_a_read_gives_is_known() -> None:
    assert all("assert_type(" in (ROOT / path).read_text("utf-8") for path in CHECKED)
    assert checked(*CHECKED) == ""


def test_wrong_uses_are_seen(tmp_path: Path) -> None:
    """All in one run, each on its own line behind the import."""
    uses = tmp_path / "uses.py"
    imports = "from ferraris.cosem import Clock, ProfileGeneric, Register, obis\n"
    uses.write_text(imports + "".join(f"{use}\n" for use, _ in WRONG_USES))
    report = [line for line in checked(str(uses)).splitlines() if ": error:" in line]
    assert len(report) == len(WRONG_USES)
    for line, (use, words) in zip(report, WRONG_USES, strict=True):
        assert words in line, use
