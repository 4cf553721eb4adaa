"""The keystore's file: sealed under every credential, refused when a single thing in it was changed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError, FerrarisError, SecurityError
from ferraris.kernel.limits import KEYSTORE_WORK_FACTOR_MAX
from ferraris.keys.security_module.keystore_file import (
    KeystoreFile,
    KeystoreKeys,
    Role,
    new_slot,
    open_content,
    open_slot,
    read_keystore_file,
    seal_content,
    write_keystore_file,
)
from tests.keys.security_module.benches import CHEAP

ENTROPY = SeededEntropy(1)
KEYS = KeystoreKeys(bytes(range(32)), bytes(range(32, 64)))
OFFICERS = new_slot("amina", b"a secret", (Role.OFFICER,), KEYS, ENTROPY, CHEAP)
AUDITORS = new_slot("brian", b"another", (Role.AUDITOR,), KEYS, ENTROPY, CHEAP)
CONTENT = {"keys": [], "transactions_left": 7}
FILE = seal_content("0011223344556677", (OFFICERS, AUDITORS), CONTENT, KEYS, ENTROPY)


def test_a_secret_opens_its_slot_and_the_slot_the_content() -> None:
    keys = open_slot(FILE.slot("amina"), b"a secret")
    assert (keys.content_key, keys.key_of_keys) == (KEYS.content_key, KEYS.key_of_keys)
    assert open_content(FILE, keys) == CONTENT


def test_an_auditor_sees_the_content_and_has_no_key_of_keys() -> None:
    keys = open_slot(FILE.slot("brian"), b"another")
    assert keys.key_of_keys is None
    assert open_content(FILE, keys) == CONTENT


def test_a_wrong_secret_and_a_name_that_is_not_there_read_the_same() -> None:
    told = set()
    for name, secret in (("amina", b"wrong"), ("nobody", b"a secret"), ("brian", b"a secret")):
        with pytest.raises(SecurityError) as refused:
            open_slot(FILE.slot(name), secret)
        told.add(str(refused.value))
    assert len(told) == 1


TAMPERINGS: dict[str, Callable[[KeystoreFile], KeystoreFile]] = {
    "a role more": lambda file: replace(
        file, slots=(file.slots[0], replace(file.slots[1], roles=(Role.AUDITOR, Role.OFFICER)))
    ),
    "a slot less": lambda file: replace(file, slots=file.slots[:1]),
    "another identifier": lambda file: replace(file, identifier="7766554433221100"),
    "another nonce": lambda file: replace(file, nonce="00" * 12),
    "another content": lambda file: replace(file, sealed=file.sealed[:-2] + "00"),
    "a cheaper secret": lambda file: replace(
        file, slots=(file.slots[0], new_slot("brian", b"guess", (Role.AUDITOR,), KEYS, ENTROPY, 2))
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_was_changed_does_not_open(tampering: str) -> None:
    with pytest.raises(SecurityError, match="was changed"):
        open_content(TAMPERINGS[tampering](FILE), KEYS)


def test_a_slot_under_another_name_does_not_open() -> None:
    with pytest.raises(SecurityError):
        open_slot(replace(OFFICERS, name="brian"), b"a secret")
    with pytest.raises(SecurityError):
        open_slot(replace(AUDITORS, roles=(Role.OFFICER,)), b"another")


def test_the_file_is_written_and_read(tmp_path: Path) -> None:
    write_keystore_file(tmp_path / "keystore", FILE, new=True)
    assert read_keystore_file(tmp_path / "keystore") == FILE
    assert (tmp_path / "keystore").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="never replaced"):
        write_keystore_file(tmp_path / "keystore", FILE, new=True)


def test_no_secret_and_no_key_stands_in_the_file(tmp_path: Path) -> None:
    write_keystore_file(tmp_path / "keystore", FILE, new=True)
    text = (tmp_path / "keystore").read_text()
    for secret in (KEYS.content_key, KEYS.key_of_keys or b"", b"a secret", b"another"):
        assert secret.hex() not in text
        assert secret.decode("latin-1") not in text


def edited(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document.update(changes)


def slot_edited(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["slots"][0].update(changes)


DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another version": edited(ferraris_keystore=2),
    "no slots": edited(slots=[]),
    "too many slots": lambda document: document.update(slots=document["slots"] * 40),
    "slots that are no list": edited(slots=7),
    "two slots of a name": lambda document: document.update(slots=document["slots"][:1] * 2),
    "a field more": edited(more=1),
    "a field less": lambda document: document.pop("nonce"),
    "a nonce that is none": edited(nonce="00"),
    "a nonce that is no hex": edited(nonce="zz"),
    "content that is none": edited(sealed=""),
    "a work factor that takes all memory": slot_edited(work_factor=1 << 40),
    "a work factor just above the limit": slot_edited(work_factor=KEYSTORE_WORK_FACTOR_MAX * 2),
    "a work factor of one": slot_edited(work_factor=1),
    "a work factor that is no power of two": slot_edited(work_factor=100),
    "a work factor that is text": slot_edited(work_factor="16"),
    "a role that is none": slot_edited(roles=["root"]),
    "roles that are no list": slot_edited(roles=7),
    "a salt that is none": slot_edited(salt=""),
    "a name that is a number": slot_edited(name=7),
    "a slot that is cut off": slot_edited(sealed="00"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_before_a_secret_is_tried(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "keystore"
    write_keystore_file(path, FILE, new=True)
    document = json.loads(path.read_text())
    DAMAGES[damage](document)
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="does not hold a keystore, or is damaged"):
        read_keystore_file(path)


@pytest.mark.parametrize("text", ["", "[]", '{"slots":' * 100_000, "9" * 5_000, '{"slots": [], "slots": []}'], ids=len)
def test_a_file_that_is_no_object_is_no_keystore(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keystore"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="does not hold a keystore, or is damaged: it is no"):
        read_keystore_file(path)


@given(
    content=st.one_of(st.binary(max_size=300), st.from_regex(r'\{"ferraris_keystore": ?1,.{0,60}\}').map(str.encode))
)
def test_any_content_raises_only_our_errors(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("keystore") / "keystore"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(FerrarisError):
        read_keystore_file(path)


def test_nothing_secret_shows() -> None:
    text = repr(KEYS) + repr(OFFICERS) + repr(FILE)
    assert KEYS.content_key.hex() not in text
    assert OFFICERS.sealed not in text
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(KEYS)


documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
"""Any JSON."""


def refused(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="does not hold a keystore, or is damaged"):
        read_keystore_file(path)


@given(document=documents)
@example(document=5)
@example(document="keystore")
@example(document=None)
@example(document=True)
def test_any_json_that_is_no_keystore_is_refused(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    refused(tmp_path_factory.getbasetemp() / "any", document)


PLACES = ["slots", "nonce", "sealed", "name", "roles", "work_factor", "salt"]


@given(place=st.sampled_from(PLACES), value=documents)
def test_a_keystore_with_anything_in_one_place_is_refused_or_does_not_open(
    tmp_path_factory: pytest.TempPathFactory, place: str, value: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "placed"
    path.unlink(missing_ok=True)
    write_keystore_file(path, FILE, new=True)
    document = json.loads(path.read_text())
    where = document if place in document else document["slots"][0]
    assume(where[place] != value)
    where[place] = value
    path.write_text(json.dumps(document))
    with pytest.raises(FerrarisError):
        open_content(read_keystore_file(path), KEYS)
