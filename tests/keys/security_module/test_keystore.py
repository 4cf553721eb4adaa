"""An open keystore: keys, credentials, the transaction counter over crashes, the audit, two processes at once."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.kernel.limits import TRANSACTION_BLOCK, TRANSACTIONS_MAX
from ferraris.keys.private_file import replace_private_file
from ferraris.keys.security_module import (
    Keystore,
    Role,
    RoleForbidden,
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKey,
    VendingKeyNotFound,
    VendingKeyRegister,
)
from ferraris.keys.security_module.custody import SoftwareCustody
from tests.keys.security_module.benches import (
    AUDITOR,
    CHEAP,
    DES_KEY,
    LONG_KEYS,
    NOW_MS,
    OFFICER,
    OLD,
    PRESENT,
    REGISTERS,
    SECRETS,
    TILL,
    StandingClock,
    make_keystore,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_keystore(tmp_path / "keystore", transactions=250).close()
    return tmp_path / "keystore"


def opened(path: Path, who: str = OFFICER) -> Keystore:
    return Keystore.open(path, who, SECRETS[who], clock=StandingClock())


def load(keystore: Keystore, register=PRESENT, key: bytes = LONG_KEYS[1]):  # noqa: ANN001, ANN201
    return keystore.load_key(register, VendingKey(key), SoftwareCustody(keystore.key_of_keys))


# Vending keys


def test_a_key_is_loaded_and_opens_for_who_may_use_it(path: Path) -> None:
    named = load(opened(path))
    assert named.check_value == VendingKey(LONG_KEYS[1]).check_value
    tills = opened(path, TILL)
    sealed = tills.sealed_key(PRESENT.name)
    assert SoftwareCustody(tills.key_of_keys).open(sealed.sealed, sealed.register.sealed_with()) == LONG_KEYS[1]


def test_the_file_does_not_hold_the_key_in_the_clear(path: Path) -> None:
    load(opened(path))
    for file in path.parent.iterdir():
        assert LONG_KEYS[1] not in file.read_bytes()
        assert LONG_KEYS[1].hex().encode() not in file.read_bytes()


def test_a_key_is_never_overwritten(path: Path) -> None:
    keystore = opened(path)
    load(keystore)
    with pytest.raises(SecurityModuleError, match="holds a vending key already"):
        load(keystore, key=LONG_KEYS[2])
    keystore.remove_key(PRESENT.name)
    assert load(keystore, key=LONG_KEYS[2]).check_value == VendingKey(LONG_KEYS[2]).check_value


def test_a_key_other_than_announced_is_refused(path: Path) -> None:
    with pytest.raises(SecurityModuleError, match="not the one that was announced"):
        load(opened(path), replace(PRESENT, check_value="000000"))
    announced = replace(PRESENT, check_value=VendingKey(LONG_KEYS[1]).check_value.lower())
    load(opened(path), announced)


def test_a_key_of_a_wrong_length_is_refused(path: Path) -> None:
    with pytest.raises(SecurityModuleError, match="wrong length for DKGA04"):
        load(opened(path), key=DES_KEY)


def test_what_is_not_there_cannot_be_removed(path: Path) -> None:
    with pytest.raises(VendingKeyNotFound, match="123456"):
        opened(path).remove_key(PRESENT.name)


# Roles

MAY = """
officer  load  yes
till     load  no
auditor  load  no
officer  add   yes
till     add   no
auditor  add   no
officer  write yes
till     write no
auditor  write no
"""


@pytest.mark.parametrize("row", [line.split() for line in MAY.strip().splitlines()], ids=" ".join)
def test_only_an_officer_changes_the_keystore(path: Path, row: list[str]) -> None:
    who, what, may = row
    keystore = opened(path, who)

    def do() -> object:
        if what == "load":
            return load(keystore)
        if what == "add":
            return keystore.add_credential("chidi", "long enough", (Role.OPERATOR,), work_factor=CHEAP)
        return keystore.write_licence(10)

    if may == "yes":
        do()
    else:
        with pytest.raises(RoleForbidden) as refused:
            do()
        assert refused.value.result == "EAuthentication.Permission"


def test_an_auditor_opens_no_key_and_sees_the_audit(path: Path) -> None:
    load(opened(path))
    keystore = opened(path, AUDITOR)
    with pytest.raises(RoleForbidden, match="opens no keys"):
        _ = keystore.key_of_keys
    assert "vending key loaded" in [line.what for line in keystore.audit()]
    assert [register.register.name for register in keystore.content.keys.values()] == [PRESENT.name]


def test_a_credential_taken_away_opens_nothing(path: Path) -> None:
    opened(path).remove_credential(TILL)
    with pytest.raises(SecurityError, match="no such credential"):
        opened(path, TILL)


def test_the_last_officer_stays(path: Path) -> None:
    keystore = opened(path)
    with pytest.raises(ConfigError, match="one officer at least"):
        keystore.remove_credential(OFFICER)
    keystore.add_credential("chidi", "long enough", (Role.OFFICER,), work_factor=CHEAP)
    keystore.remove_credential(OFFICER)
    assert set(keystore.credentials()) == {"chidi", TILL, AUDITOR}


def test_a_new_secret_takes_the_place_of_the_old_one(path: Path) -> None:
    opened(path).add_credential(TILL, "another secret", (Role.OPERATOR,), work_factor=CHEAP)
    with pytest.raises(SecurityError):
        opened(path, TILL)
    assert Keystore.open(path, TILL, "another secret").roles == {Role.OPERATOR}


@pytest.mark.parametrize(("name", "secret"), [("", "long enough"), ("x" * 41, "long enough"), ("a\n", "long enough")])
def test_a_name_that_is_none_is_refused(path: Path, name: str, secret: str) -> None:
    with pytest.raises(ConfigError, match="name of a credential"):
        opened(path).add_credential(name, secret, (Role.OPERATOR,))


def test_a_short_secret_and_a_credential_without_roles_are_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="8 characters at least") as refused:
        opened(path).add_credential("chidi", "shorty", (Role.OPERATOR,))
    assert "shorty" not in str(refused.value)
    with pytest.raises(ConfigError, match="needs a role"):
        opened(path).add_credential("chidi", "long enough", ())
    with pytest.raises(ConfigError, match="has no credential"):
        opened(path).remove_credential("nobody")


# Transactions

FIRST_BLOCK = 32
"""An eighth of 250, rounded up."""


def test_a_block_has_its_limit(tmp_path: Path) -> None:
    keystore = make_keystore(tmp_path / "keystore", transactions=10_000)
    keystore.take_transaction()
    assert keystore.content.transactions_left == 10_000 - TRANSACTION_BLOCK


def test_the_counter_is_taken_in_blocks_and_given_back(path: Path) -> None:
    keystore = opened(path, TILL)
    for _ in range(3):
        keystore.take_transaction()
    assert keystore.content.transactions_left == 250 - FIRST_BLOCK
    assert keystore.transactions_left() == 247
    keystore.close()
    assert opened(path).transactions_left() == 247


def test_a_crash_costs_at_most_the_block_and_gives_nothing_twice(path: Path) -> None:
    opened(path, TILL).take_transaction()  # and is never closed
    assert opened(path).transactions_left() == 250 - FIRST_BLOCK


def test_the_counter_never_falls_below_nought(path: Path) -> None:
    keystore = opened(path, TILL)
    for _ in range(250):
        keystore.take_transaction()
    for _ in range(3):
        with pytest.raises(TransactionsExhausted, match="load a transaction licence"):
            keystore.take_transaction()
    assert keystore.transactions_left() == 0


def test_two_tills_share_the_counter(path: Path) -> None:
    tills, taken = [opened(path, TILL), opened(path, TILL)], 0
    while tills:
        try:
            tills[taken % len(tills)].take_transaction()
            taken += 1
        except TransactionsExhausted:
            tills.pop(taken % len(tills))
    assert taken == 250
    assert opened(path).transactions_left() == 0


def test_a_keystore_that_does_not_count_never_runs_out(tmp_path: Path) -> None:
    keystore = make_keystore(tmp_path / "keystore")
    for _ in range(3 * TRANSACTION_BLOCK):
        keystore.take_transaction()
    assert keystore.transactions_left() is None


def test_a_licence_fills_the_counter_once(path: Path) -> None:
    text = opened(path).write_licence(1_000)
    tills = opened(path, TILL)
    assert tills.load_licence(text) == 1_250
    with pytest.raises(SecurityModuleError, match="loaded before"):
        tills.load_licence(text)
    assert tills.load_licence(opened(path).write_licence(1)) == 1_251


def test_an_auditor_loads_no_licence(path: Path) -> None:
    with pytest.raises(RoleForbidden):
        opened(path, AUDITOR).load_licence(opened(path).write_licence(1))


def test_the_counter_has_an_end(path: Path) -> None:
    assert opened(path).load_licence(opened(path).write_licence(TRANSACTIONS_MAX)) == TRANSACTIONS_MAX


@pytest.mark.parametrize("transactions", [-1, TRANSACTIONS_MAX + 1])
def test_a_keystore_begins_within_the_range(tmp_path: Path, transactions: int) -> None:
    with pytest.raises(ConfigError, match="transactions of a keystore"):
        make_keystore(tmp_path / "keystore", transactions=transactions)


# Audit


def test_everything_an_officer_does_is_in_the_audit(path: Path) -> None:
    keystore = opened(path)
    load(keystore)
    keystore.remove_key(PRESENT.name)
    keystore.write_licence(5)
    keystore.remove_credential(TILL)
    lines = keystore.audit()
    assert [line.what for line in lines] == [
        "keystore made",
        "credential given",
        "credential given",
        "vending key loaded",
        "vending key removed",
        "transaction licence written",
        "credential taken away",
    ]
    assert {line.who for line in lines} == {OFFICER}
    assert {line.at_ms for line in lines} == {NOW_MS}


def test_lines_cut_off_the_end_of_the_audit_are_missed(path: Path) -> None:
    load(opened(path))
    audit = path.with_name("keystore.audit")
    lines = audit.read_bytes().splitlines(keepends=True)
    replace_private_file(audit, "the audit", b"".join(lines[:-1]))
    with pytest.raises(SecurityError, match="audit are missing"):
        opened(path)
    audit.unlink()
    with pytest.raises(SecurityError, match="audit are missing"):
        opened(path)


def test_a_line_that_a_crash_left_without_its_change_is_no_harm(path: Path) -> None:
    before = path.read_bytes()
    load(opened(path))
    replace_private_file(path, "the keystore", before)  # the crash came between line and change
    keystore = opened(path)
    assert keystore.content.keys == {}
    load(keystore)
    assert [line.what for line in opened(path).audit()][-2:] == ["vending key loaded", "vending key loaded"]


# The file


def test_a_new_keystore_never_takes_an_old_ones_place(path: Path) -> None:
    with pytest.raises(ConfigError, match="earlier keystore"):
        make_keystore(path)
    path.with_name("keystore.audit").unlink()
    with pytest.raises(ConfigError, match="never replaced"):
        make_keystore(path)


def test_a_change_by_another_process_is_seen_at_once(path: Path) -> None:
    tills = opened(path, TILL)
    with pytest.raises(VendingKeyNotFound):
        tills.sealed_key(OLD.name)
    load(opened(path), OLD, DES_KEY)
    assert tills.sealed_key(OLD.name).register.name == OLD.name


def test_a_keystore_that_is_gone_is_unavailable_until_it_is_back(path: Path) -> None:
    keystore = opened(path)
    path.rename(path.with_name("moved"))
    with pytest.raises(SecurityModuleUnavailable, match="is gone"):
        _ = keystore.content
    path.with_name("moved").rename(path)
    assert keystore.content.transactions_left == 250


def take_many(path: Path, count: int) -> None:
    keystore = Keystore.open(path, TILL, SECRETS[TILL])
    for _ in range(count):
        keystore.take_transaction()
    keystore.record("took", count=count)
    keystore.close()


def test_processes_lose_nothing_of_one_anothers(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=take_many, args=(path, 20)) for _ in range(4)]
    opened(path).load_licence(opened(path).write_licence(1_000))
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    keystore = opened(path)
    assert keystore.transactions_left() == 250 + 1_000 - 4 * 20
    assert [line.what for line in keystore.audit()].count("took") == 4


def test_nothing_secret_shows(path: Path) -> None:
    keystore = opened(path)
    assert repr(keystore) == f"Keystore({str(path)!r}, 'officer', hidden)"
    load(keystore)
    sealed = keystore.sealed_key(PRESENT.name)
    assert sealed.sealed.hex() not in repr(sealed)
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(keystore)


# Everything in any order


def test_a_secret_that_is_no_utf8_is_a_secret_like_another(path: Path) -> None:
    secret = os.fsdecode(b"\xe9\xff octets of an old terminal")
    opened(path).add_credential("celine", secret, (Role.AUDITOR,), work_factor=CHEAP)
    assert Keystore.open(path, "celine", secret).who == "celine"
    with pytest.raises(SecurityError, match="wrong secret"):
        Keystore.open(path, "celine", secret.replace("\udcff", "\udcfe"))


class OfficersAndTills(RuleBasedStateMachine):
    """Keys loaded and removed, credentials given and taken, transactions used over crashes, beside a plain model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "keystore"
        self.officer = make_keystore(self.path, transactions=20)
        self.till = opened(self.path, TILL)
        self.keys: set[VendingKeyRegister] = set()
        self.names = {OFFICER, TILL, AUDITOR}
        self.granted, self.used, self.lines = 20, 0, 3
        self.licences: list[tuple[str, int]] = []

    @rule(number=st.sampled_from(sorted(REGISTERS)))
    def load(self, number: int) -> None:
        held, key = REGISTERS[number]
        if held in self.keys:
            with pytest.raises(SecurityModuleError, match="holds a vending key already"):
                load(self.officer, held, key)
            return
        load(self.officer, held, key)
        self.keys.add(held)
        self.lines += 1

    @rule(number=st.sampled_from(sorted(REGISTERS)))
    def remove(self, number: int) -> None:
        held = REGISTERS[number][0]
        if held not in self.keys:
            with pytest.raises(VendingKeyNotFound):
                self.officer.remove_key(held.name)
            return
        self.officer.remove_key(held.name)
        self.keys.discard(held)
        self.lines += 1

    @rule(name=st.sampled_from(["dora", "emil"]))
    def give(self, name: str) -> None:
        self.officer.add_credential(name, "a new secret", (Role.OPERATOR,), work_factor=CHEAP)
        self.names.add(name)
        self.lines += 1

    @rule(name=st.sampled_from(["dora", "emil", OFFICER]))
    def take_away(self, name: str) -> None:
        if name not in self.names or name == OFFICER:
            with pytest.raises(ConfigError):
                self.officer.remove_credential(name)
            return
        self.officer.remove_credential(name)
        self.names.discard(name)
        self.lines += 1

    @rule(transactions=st.integers(1, 30))
    def write_licence(self, transactions: int) -> None:
        self.licences.append((self.officer.write_licence(transactions), transactions))
        self.lines += 1

    @precondition(lambda self: self.licences)
    @rule()
    def load_licence_twice(self) -> None:
        text, transactions = self.licences.pop()
        self.till.load_licence(text)
        with pytest.raises(SecurityModuleError, match="loaded before"):
            self.till.load_licence(text)
        self.granted += transactions
        self.lines += 1

    @rule()
    def sell(self) -> None:
        try:
            self.till.take_transaction()
        except TransactionsExhausted:
            assert self.till.transactions_left() == 0
        else:
            self.used += 1

    @rule(crash=st.booleans())
    def begin_again(self, crash: bool) -> None:
        if crash:
            lost = (self.till.transactions_left() or 0) - (self.officer.content.transactions_left or 0)
            self.granted -= lost
        else:
            self.till.close()
        self.till = opened(self.path, TILL)

    @invariant()
    def everybody_sees_the_same(self) -> None:
        for keystore in (self.officer, self.till):
            assert set(keystore.content.keys) == {held.name for held in self.keys}
            assert set(keystore.credentials()) == self.names
        assert self.used + (self.till.transactions_left() or 0) == self.granted
        assert len(self.officer.audit()) == self.lines

    @invariant()
    def keys_open_as_they_were_loaded(self) -> None:
        custody = SoftwareCustody(self.till.key_of_keys)
        for held, key in REGISTERS.values():
            if held in self.keys:
                found = self.till.sealed_key(held.name)
                assert custody.open(found.sealed, found.register.sealed_with()) == key

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


OfficersAndTills.TestCase.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
TestOfficersAndTills = OfficersAndTills.TestCase
