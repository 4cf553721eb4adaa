"""The audit chain: nothing added, changed, moved or taken out goes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import ConfigError, FerrarisError, SecurityError
from ferraris.keys.security_module.audit_chain import AuditChain

KEY = bytes(range(32))


@pytest.fixture
def chain(tmp_path: Path) -> AuditChain:
    chain = AuditChain(tmp_path / "audit", KEY)
    for number in range(5):
        chain.append(1_000 + number, "amina", "vending key loaded", {"register": f"12345{number}/1"})
    return chain


def test_the_lines_come_back(chain: AuditChain) -> None:
    lines = chain.lines()
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert lines[2].details == {"register": "123452/1"}
    assert (lines[2].at_ms, lines[2].who, lines[2].what) == (1_002, "amina", "vending key loaded")


def test_only_the_owner_may_read_it(chain: AuditChain, tmp_path: Path) -> None:
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o600
    (tmp_path / "audit").chmod(0o644)
    with pytest.raises(SecurityError, match="open to other users"):
        chain.lines()


def test_a_chain_goes_on_where_another_left_it(chain: AuditChain, tmp_path: Path) -> None:
    other = AuditChain(tmp_path / "audit", KEY)
    assert other.append(2_000, "brian", "vending key removed", {}).number == 6
    assert chain.append(2_001, "amina", "vending key loaded", {}).number == 7
    assert [line.who for line in other.lines()[-2:]] == ["brian", "amina"]


def test_half_a_line_that_a_crash_left_is_written_over(chain: AuditChain, tmp_path: Path) -> None:
    with (tmp_path / "audit").open("ab") as file:
        file.write(b'{"number": 6, "at_')
    assert len(chain.lines()) == 5
    assert chain.append(2_000, "amina", "again", {}).number == 6
    assert AuditChain(tmp_path / "audit", KEY).lines()[-1].what == "again"


def edited(edit: Callable[[dict[str, object]], None]) -> Callable[[list[str]], list[str]]:
    def damage(lines: list[str]) -> list[str]:
        row = json.loads(lines[2])
        edit(row)
        return [*lines[:2], json.dumps(row), *lines[3:]]

    return damage


DAMAGES: dict[str, Callable[[list[str]], list[str]]] = {
    "a line taken out": lambda lines: lines[:2] + lines[3:],
    "the first line taken out": lambda lines: lines[1:],
    "two lines changed about": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a line twice": lambda lines: [*lines, lines[-1]],
    "another name": edited(lambda row: row.update(who="brian")),
    "another time": edited(lambda row: row.update(at_ms=1)),
    "another detail": edited(lambda row: row.update(details={})),
    "another number": edited(lambda row: row.update(number=9)),
    "no seal": edited(lambda row: row.pop("seal") and None),
    "a seal that is a number": edited(lambda row: row.update(seal=1)),
    "one field more": edited(lambda row: row.update(more=1)),
    "no JSON": lambda lines: [*lines[:2], "audit", *lines[3:]],
    "a list": lambda lines: [*lines[:2], "[]", *lines[3:]],
    "deep": lambda lines: [*lines[:2], "[" * 100_000, *lines[3:]],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_seen(chain: AuditChain, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "audit"
    path.write_text("\n".join(DAMAGES[damage](path.read_text().splitlines())) + "\n")
    with pytest.raises(SecurityError, match="of the audit"):
        chain.lines()


def test_without_the_key_nobody_adds_a_line(chain: AuditChain, tmp_path: Path) -> None:
    with pytest.raises(SecurityError):
        AuditChain(tmp_path / "audit", bytes(32)).append(1, "mallory", "nothing happened", {})


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert AuditChain(tmp_path / "audit", KEY).lines() == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        AuditChain(tmp_path / "absent" / "audit", KEY).append(1, "amina", "x", {})
    (tmp_path / "directory").mkdir()
    with pytest.raises(FerrarisError):
        AuditChain(tmp_path / "directory", KEY).append(1, "amina", "x", {})


entries = st.tuples(
    st.integers(0, 2**50), st.text(max_size=12), st.text(max_size=12), st.dictionaries(st.text(max_size=6), st.text())
)


def written(folder: Path, entries: list[tuple[int, str, str, dict[str, str]]]) -> AuditChain:
    (folder / "audit").unlink(missing_ok=True)
    chain = AuditChain(folder / "audit", KEY)
    for entry in entries:
        chain.append(*entry)
    return chain


@settings(max_examples=40, deadline=None)
@given(entries=st.lists(entries, min_size=1, max_size=4))
def test_any_words_come_back_in_one_line_each(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[int, str, str, dict[str, str]]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    written(folder, entries)
    found = [(line.at_ms, line.who, line.what, line.details) for line in AuditChain(folder / "audit", KEY).lines()]
    assert found == entries
    assert (folder / "audit").read_bytes().count(b"\n") == len(entries)


THREE = [(number, "amina", "vending key loaded", {"register": "123456/1"}) for number in range(3)]


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), octet=st.integers(0x20, 0x7E))
def test_no_single_octet_is_changed_unseen(tmp_path_factory: pytest.TempPathFactory, place: int, octet: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    chain = written(folder, THREE)
    before = (folder / "audit").read_bytes()
    lines, changed = chain.lines(), bytearray(before)
    assume(changed[place % len(changed)] not in (octet, 0x0A))
    changed[place % len(changed)] = octet
    (folder / "audit").write_bytes(changed)
    with suppress(SecurityError):
        assert chain.lines() == lines  # white space and the like: what the audit says is the same


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_crash_at_any_octet_leaves_whole_lines_and_the_next_fits(tmp_path: Path, cut: int) -> None:
    lines = written(tmp_path, THREE).lines()
    octets = (tmp_path / "audit").read_bytes()[:cut]
    (tmp_path / "audit").write_bytes(octets)
    whole = octets.count(b"\n")
    chain = AuditChain(tmp_path / "audit", KEY)
    assert chain.lines() == lines[:whole]
    assert chain.append(9, "brian", "again", {}).number == whole + 1
    assert [line.seal for line in AuditChain(tmp_path / "audit", KEY).lines()[:whole]] == [
        x.seal for x in lines[:whole]
    ]
