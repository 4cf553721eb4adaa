"""`ferraris sts`: a keystore made, filled, listed, tested; in software and with SoftHSM; secrets never in what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.keys.security_module import Keystore, Role, SoftwareSecurityModule, VendingKey
from tests.keys.security_module.benches import (
    CHEAP,
    DES_KEY,
    HSM_LABEL,
    HSM_PIN,
    LONG_KEYS,
    PRESENT,
    soft_hsm,
)

SECRETS = {"officer": "the officer's secret", "till": "the till's secret", "auditor": "the auditor's secret"}
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs `ferraris sts` in a folder of its own; gives its exit code and all that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERRARIS_HSM_PIN", HSM_PIN)

    def run(*words: str, who: str = "officer", new: str = "") -> tuple[int, str]:
        monkeypatch.setenv("FERRARIS_KEYSTORE_SECRET", SECRETS.get(who, who))
        monkeypatch.setenv("FERRARIS_NEW_SECRET", new)
        monkeypatch.setattr(sys, "argv", ["ferraris", "sts", *words])
        with pytest.raises(SystemExit) as ended:
            main.run()
        printed = capsys.readouterr()
        text = printed.out + printed.err
        for secret in (*SECRETS.values(), HSM_PIN, *(key.hex() for key in (DES_KEY, *LONG_KEYS.values()))):
            assert secret not in text
        return int(ended.value.code or 0), text

    return run


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    path.touch(0o600)
    path.write_text(f'vending_key = "{LONG_KEYS[1].hex()}"\n')
    return path


REGISTER = ("--sgc", "123456", "--krn", "2")


def made(run: Run, *options: str) -> None:
    assert run("make-keystore", "vending.keys", *options)[0] == 0


def test_a_keystore_is_made_filled_listed_and_tested(run: Run, keys: Path, tmp_path: Path) -> None:
    made(run, "--transactions", "100")
    code, text = run("import-vending-key", "vending.keys", "--keys", str(keys), *REGISTER)
    assert code == 0
    assert text.startswith("123456/2 DUTK  check value ")
    code, text = run("vending-keys", "vending.keys", "--as", "officer")
    assert "123456  2    DUTK  2014  255  DKGA04" in text
    assert "transactions left: 100" in text
    assert run("self-test", "vending.keys")[1].startswith("1 vending keys open")
    assert (tmp_path / "vending.keys").stat().st_mode & 0o777 == 0o600


def test_the_list_as_json(run: Run, keys: Path) -> None:
    made(run)
    run("import-vending-key", "vending.keys", "--keys", str(keys), *REGISTER, "--base-date", "2014")
    listed = json.loads(run("vending-keys", "vending.keys", "--as", "officer", "--json")[1])
    assert listed["transactions_left"] is None
    assert listed["registers"][0]["supply_group_code"] == "123456"
    assert listed["registers"][0]["base_date"] == 2014


def test_a_role_that_there_is_not(run: Run) -> None:
    code, text = run(
        "add-credential", "vending.keys", "till", "--role", "Operator", "--role", "king", new="a new secret"
    )
    assert (code, "--role, expected OFFICER, OPERATOR, SUPERVISOR, AUDITOR, got 'king'" in text) == (2, True)


def test_credentials_and_their_roles(run: Run, keys: Path, tmp_path: Path) -> None:
    made(run)
    run("import-vending-key", "vending.keys", "--keys", str(keys), *REGISTER)
    add = "add-credential", "vending.keys", "till", "--role", "operator", "--role", "supervisor"
    assert run(*add, new=SECRETS["till"]) == (0, "till: operator, supervisor\n")
    assert SoftwareSecurityModule.open(tmp_path / "vending.keys", "till", SECRETS["till"]).registers()
    assert run("add-credential", "vending.keys", "auditor", "--role", "auditor", new=SECRETS["auditor"])[0] == 0
    code, text = run("audit", "vending.keys", who="auditor")
    assert code == 0
    assert [line.split()[3:5] for line in text.splitlines()] == [["UTC", "officer"]] * 4
    assert "vending key loaded" in text
    code, text = run("remove-vending-key", "vending.keys", *REGISTER, "--as", "till", who="till")
    assert code == 2
    assert "may not do this" in text
    assert run("remove-credential", "vending.keys", "till")[0] == 0
    assert run("vending-keys", "vending.keys", "--as", "till", who="till")[0] == 2
    assert run("remove-vending-key", "vending.keys", *REGISTER)[0] == 0


def test_licences(run: Run, tmp_path: Path) -> None:
    made(run, "--transactions", "0")
    licence = run("make-licence", "vending.keys", "500")[1]
    (tmp_path / "letter").write_text(f"Dear customer,\n{licence}")
    assert run("load-licence", "vending.keys", "letter") == (0, "transactions left: 500\n")
    code, text = run("load-licence", "vending.keys", "letter")
    assert code == 2
    assert "loaded before" in text


def test_a_keystore_with_an_hsm(run: Run, keys: Path, tmp_path: Path) -> None:
    with soft_hsm(tmp_path / "hsm") as library:
        hsm = "--library", str(library), "--token", HSM_LABEL
        code, text = run("make-keystore", "vending.keys", *hsm)
        assert code == 0, text
        assert "sealed by pkcs11:ferraris-vending-master" in text
        assert run("import-vending-key", "vending.keys", "--keys", str(keys), *REGISTER, *hsm)[0] == 0
        assert run("self-test", "vending.keys", *hsm)[1].startswith("1 vending keys open")
        code, text = run("self-test", "vending.keys")
        assert code == 2
        assert "sealed by an HSM" in text
        (tmp_path / "hsm" / "tokens").rename(tmp_path / "gone")
        code, text = run("self-test", "vending.keys", *hsm)
        assert code == 2
        assert "cannot be used now" in text
        (tmp_path / "gone").rename(tmp_path / "hsm" / "tokens")
        assert run("make-keystore", "other.keys", *hsm, "--old-key")[0] == 0


REFUSED = {
    "a short secret": (("make-keystore", "other.keys"), "short", "8 characters"),
    "a keystore that is there": (("make-keystore", "vending.keys"), "officer", "earlier keystore"),
    "a wrong secret": (("vending-keys", "vending.keys", "--as", "officer"), "wrong wrong", "wrong secret"),
    "no key type": (("remove-vending-key", "vending.keys", *REGISTER, "--kt", "X"), "officer", "--kt"),
    "no register": (("remove-vending-key", "vending.keys", *REGISTER), "officer", "no vending key"),
    "no transactions": (("make-licence", "vending.keys", "0"), "officer", "a number of transactions"),
    "no keystore": (("audit", "absent.keys"), "officer", "there is no keystore absent.keys"),
    "a directory": (("vending-keys", "."), "officer", "there is no keystore"),
    "no file of keys": (
        ("import-vending-key", "vending.keys", "--keys", "absent", *REGISTER),
        "officer",
        "No such file",
    ),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_what_cannot_be_done_is_one_line(run: Run, cause: str) -> None:
    made(run)
    words, who, why = REFUSED[cause]
    code, text = run(*words, who=who)
    assert code == 2
    assert why in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [("audit", "vending.keys"), ("make-keystore", "new.keys")], ids=lambda words: words[0]
)
def test_where_nobody_can_be_asked_the_variable_is_named(run: Run, words: tuple[str, str], tmp_path: Path) -> None:
    made(run)
    alone = {name: value for name, value in os.environ.items() if name != "FERRARIS_KEYSTORE_SECRET"}
    command = [sys.executable, "-W", "ignore", "-m", "ferraris", "sts", *words]
    ended = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=alone,
        cwd=tmp_path,
        start_new_session=True,
    )
    assert ended.returncode == 2
    assert "nobody is there to be asked, expected the variable FERRARIS_KEYSTORE_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr


PLACES = [
    # where a keystore is wanted   what is told of it
    (".",                          "Is a directory. A file is wanted here."),
    ("absent/new.keys",            "absent: No such file or directory"),
    ("keys.toml/new.keys",         "keys.toml: Not a directory. A directory is wanted here."),
]  # fmt: skip


@pytest.mark.parametrize(("place", "told"), PLACES)
def test_nobody_is_asked_about_a_keystore_that_cannot_be_made(run: Run, keys: Path, place: str, told: str) -> None:
    code, text = run("make-keystore", place, who="nobody")
    assert (code, text.rstrip().endswith(told)) == (2, True), text


@pytest.mark.parametrize("command", ["audit", "vending-keys", "remove-credential x", "make-licence 5"])
def test_nobody_is_asked_about_a_keystore_that_is_not_there(command: str, run: Run) -> None:
    name, *rest = command.split()
    code, text = run(name, "absent.keys", *rest)
    assert code == 2
    assert "there is no keystore absent.keys, expected a file that `ferraris sts make-keystore` has made" in text
    assert "Secret of" not in text


def test_a_key_that_others_may_read_is_not_loaded(run: Run, keys: Path) -> None:
    made(run)
    keys.chmod(0o644)
    code, text = run("import-vending-key", "vending.keys", "--keys", str(keys), *REGISTER)
    assert code == 2
    assert "mode 0600" in text


def test_another_key_than_announced_is_not_loaded(run: Run, keys: Path) -> None:
    made(run)
    given = "import-vending-key", "vending.keys", "--keys", str(keys), *REGISTER, "--check-value", "000000"
    code, text = run(*given)
    assert code == 2
    assert "not the one that was announced" in text


# command                                                  officer   operator  supervisor  auditor
ALLOWED = """
vending-keys vending.keys                                | yes     | yes     | yes       | yes
audit vending.keys                                       | yes     | yes     | yes       | yes
self-test vending.keys                                   | yes     | yes     | yes       | no
make-licence vending.keys 5                              | yes     | no      | no        | no
load-licence vending.keys letter                         | yes     | yes     | yes       | no
add-credential vending.keys eve --role officer           | yes     | no      | no        | no
remove-credential vending.keys other                     | yes     | no      | no        | no
import-vending-key vending.keys --keys keys.toml --sgc 123456 --krn 3 | yes | no | no     | no
remove-vending-key vending.keys --sgc 123456 --krn 2     | yes     | no      | no        | no
"""
ROLES = ("officer", "operator", "supervisor", "auditor")


@pytest.mark.parametrize("row", ALLOWED.strip().splitlines(), ids=lambda row: row.split()[0])
@pytest.mark.usefixtures("keys")
def test_what_each_role_may_do(run: Run, tmp_path: Path, row: str) -> None:
    command, *allowed = (cell.strip() for cell in row.split("|"))
    path = tmp_path / "vending.keys"
    keystore = Keystore.create(path, "officer", "officer's own", transactions=7, work_factor=CHEAP)
    SoftwareSecurityModule(keystore).load_key(PRESENT, VendingKey(LONG_KEYS[1]))
    for role in ROLES[1:]:
        keystore.add_credential(role, f"{role}'s own", (Role(role),), work_factor=CHEAP)
    keystore.add_credential("other", "other's own", (Role.AUDITOR,), work_factor=CHEAP)
    for role, may in zip(ROLES[::-1], allowed[::-1], strict=True):  # who may do nothing comes first
        (tmp_path / "letter").write_text(keystore.write_licence(500))
        before = path.read_bytes()
        code, text = run(*command.split(), "--as", role, who=f"{role}'s own", new="a new secret")
        assert code == (0 if may == "yes" else 2), (role, text)
        if may == "no":
            assert path.read_bytes() == before
            assert "may not do this" in text or "opens no keys" in text


def test_a_secret_from_an_environment_that_is_no_utf8(run: Run) -> None:
    made(run)
    secret = "na\udce9 of an old terminal"
    add = "add-credential", "vending.keys", "till", "--role", "operator"
    assert run(*add, new=secret) == (0, "till: operator\n")
    assert run("vending-keys", "vending.keys", "--as", "till", who=secret)[0] == 0
    code, text = run("vending-keys", "vending.keys", "--as", "till", who="na\udce8 of an old terminal")
    assert (code, "wrong secret" in text) == (2, True)


@pytest.mark.parametrize(
    ("letter", "why"), [(None, "letter"), ("Dear customer,\n", "no transaction licence"), ("\0", "no transaction")]
)
def test_a_letter_without_a_licence_changes_nothing(run: Run, tmp_path: Path, letter: str | None, why: str) -> None:
    made(run, "--transactions", "3")
    if letter is not None:
        (tmp_path / "letter").write_text(letter)
    code, text = run("load-licence", "vending.keys", "letter")
    assert (code, why in text) == (2, True)
    assert "transactions left: 3" in run("vending-keys", "vending.keys", "--as", "officer")[1]
