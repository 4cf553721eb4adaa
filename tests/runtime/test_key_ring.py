"""Keys are unwrapped late and never shown; counters are durable before use and never used twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ferraris.cosem import Referencing
from ferraris.dlms import Ciphering, PrivateKey, SecurityControl
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.elliptic import P_256
from ferraris.headend import Limits
from ferraris.kernel.errors import ConfigError, InvocationCounterError, RemoteProtocolError, SecurityError
from ferraris.keys import MasterKey
from ferraris.runtime import KeyRing, RuntimeSettings
from ferraris.runtime.key_ring import CounterUsedUpError
from ferraris.runtime.recovery import load_config
from ferraris.store import MeterRow, Stores, open_stores

MASTER = MasterKey(bytes(range(32)))
KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
SETTINGS = RuntimeSettings(counter_block=10)
ROW = MeterRow(
    id=1,
    serial="FER0000000001",
    profile="smr5_three_phase",
    host="127.20.0.1",
    port=4059,
    group="default",
    client_sap=1,
    server_sap=1,
    system_title=b"FER\x00\x00\x00\x00\x01",
    created_ms=0,
    wrapped_encryption_key=MASTER.wrap(KEY),
    wrapped_authentication_key=MASTER.wrap(KEY[::-1]),
    wrapped_lls_secret=MASTER.wrap_secret(b"12345678"),
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with open_stores(tmp_path, threads=1) as opened:
        load_config(opened.records, Limits())
        opened.records.add_meters([ROW])
        yield opened


def ring(stores: Stores) -> KeyRing:
    made = KeyRing(stores.records, MASTER, SETTINGS)
    made.register([ROW])
    return made


def mark(stores: Stores, name: str) -> int | None:
    return stores.records.reserved_invocation_counter(1, name)


def test_counters_are_durable_before_they_are_used_and_fresh_after_every_start(stores: Stores) -> None:
    used: list[int] = []
    for _ in range(5):
        counter = ring(stores).counter(1)
        for _ in range(13):
            used.append(counter.take())
            assert (mark(stores, "sent") or 0) >= used[-1]
        assert counter.last_taken == used[-1]
    assert used == sorted(set(used))
    assert used[0] == 1


def test_a_changed_row_keeps_its_counter(stores: Stores) -> None:
    keys = ring(stores)
    before = [keys.counter(1).take() for _ in range(3)]
    keys.register([replace(ROW, host="127.20.0.9")])
    assert keys.counter(1).take() == before[-1] + 1


def test_the_first_blocks_of_all_meters_are_one_transaction(tmp_path: Path) -> None:
    writes: list[str] = []
    with open_stores(tmp_path, writes.append, threads=1) as stores:
        load_config(stores.records, Limits())
        rows = [
            replace(ROW, id=n, serial=f"S{n}", system_title=n.to_bytes(8, "big"), host=f"127.20.1.{n}")
            for n in range(1, 101)
        ]
        stores.records.add_meters(rows)
        keys = KeyRing(stores.records, MASTER, SETTINGS)
        writes.clear()
        keys.register(rows)
        for row in rows:
            keys.counter(row.id).take()
        assert writes.count("reserve_invocation_counters:commit") == 1


def test_a_raised_counter_goes_on_above(stores: Stores) -> None:
    counter = ring(stores).counter(1)
    counter.take()
    counter.raise_above(5_000)
    assert counter.take() == 5_001
    counter.raise_above(7)
    assert counter.take() == 5_002
    assert (mark(stores, "sent") or 0) >= 5_002


def test_a_used_up_counter_is_our_own_trouble(stores: Stores) -> None:
    stores.records.reserve_invocation_counter(1, "sent", 0xFFFF_FFFF)
    with pytest.raises(CounterUsedUpError):
        ring(stores).counter(1).take()


@pytest.mark.parametrize(
    ("client_sap", "mechanism", "ciphered", "secret"),
    [(1, Mechanism.HLS_GMAC, True, b""), (2, Mechanism.LLS, False, b"12345678"), (16, Mechanism.LOWEST, False, b"")],
)
def test_settings_follow_the_companion_profile(
    stores: Stores, client_sap: int, mechanism: Mechanism, ciphered: bool, secret: bytes
) -> None:
    settings = ring(stores).client_settings(replace(ROW, client_sap=client_sap))
    association = settings.association
    assert (association.mechanism, association.security is not None, association.secret) == (
        mechanism,
        ciphered,
        secret,
    )
    assert settings.client_sap == client_sap
    if association.security is not None:
        assert association.security.peer_system_title == ROW.system_title


def test_settings_follow_what_the_row_says(stores: Stores) -> None:
    keys = ring(stores)
    said: dict[str, Any] = {
        "authentication": "hls_sha256",
        "context": "plain",
        "referencing": "short_name",
        "suite": 1,
        "policy": "encrypted",
        "ciphering": "general-glo",
    }
    association = keys.client_settings(replace(ROW, **said)).association
    assert (association.mechanism, association.ciphered, association.secret) == (
        Mechanism.HLS_SHA256,
        False,
        b"12345678",
    )
    assert association.referencing is Referencing.SHORT_NAME
    assert keys.public_settings(replace(ROW, **said)).association.referencing is Referencing.SHORT_NAME
    security = association.security
    assert security is not None
    assert (security.policy, security.ciphering) == (SecurityControl.ENCRYPTED, Ciphering.GENERAL_GLOBAL)


def test_the_public_client_of_a_meter_by_short_names_goes_by_short_names(stores: Stores) -> None:
    settings = ring(stores).public_settings(replace(ROW, profile="short_name_meter"))
    assert settings.association.referencing is Referencing.SHORT_NAME


def test_a_meter_with_a_signing_key_signs(stores: Stores) -> None:
    own, theirs = (PrivateKey((number).to_bytes(32, "big"), P_256) for number in (5, 6))
    signed = replace(
        ROW,
        id=9,
        profile="security_suite_1",
        client_sap=37,
        wrapped_signing_key=MASTER.wrap_secret(own.octets),
        public_key=theirs.point,
    )
    keys = ring(stores)
    security = keys.client_settings(signed).association.security
    assert security is not None
    assert security.key_pairs is not None
    assert security.key_pairs.own_signing.point == own.point
    assert security.key_pairs.peers.signing_point(ROW.system_title) == theirs.point
    with pytest.raises(ConfigError, match="keys for signatures are not known"):
        keys.client_settings(replace(signed, id=10, wrapped_signing_key=None))


def test_general_ciphering_needs_what_its_key_is_told_by(stores: Stores) -> None:
    own, theirs = (PrivateKey((number).to_bytes(32, "big"), P_256) for number in (5, 6))
    agreed = replace(
        ROW,
        id=9,
        profile="security_suite_1",
        ciphering="static-unified",
        wrapped_agreement_key=MASTER.wrap_secret(own.octets),
        public_agreement_key=theirs.point,
    )
    keys = ring(stores)
    security = keys.client_settings(agreed).association.security
    assert security is not None
    assert security.key_pairs is not None
    assert security.key_pairs.own_agreement.point == own.point
    assert security.key_pairs.peers.agreement_point(ROW.system_title) == theirs.point
    with pytest.raises(ConfigError, match="keys for key agreement are not known"):
        keys.client_settings(replace(agreed, id=10, public_agreement_key=None))
    wrapped = replace(ROW, id=11, ciphering="wrapped", wrapped_master_key=MASTER.wrap(b"m" * 16))
    security = keys.client_settings(wrapped).association.security
    assert security is not None
    assert security.master_key == b"m" * 16
    with pytest.raises(ConfigError, match="key that wraps others"):
        keys.client_settings(replace(wrapped, id=12, wrapped_master_key=None))


@pytest.mark.parametrize(
    ("missing", "client_sap", "text"),
    [
        ({"wrapped_encryption_key": b""}, 1, "keys are not known"),
        ({"system_title": b""}, 1, "keys are not known"),
        ({"wrapped_lls_secret": None}, 2, "secret is not known"),
    ],
)
def test_what_the_row_lacks_is_said(stores: Stores, missing: dict[str, Any], client_sap: int, text: str) -> None:
    row = replace(ROW, id=11, client_sap=client_sap, **missing)
    with pytest.raises(ConfigError, match=text):
        ring(stores).client_settings(row)


def test_a_meter_without_keys_or_title_is_read_in_the_clear_and_is_nobodys_push(stores: Stores) -> None:
    bare: dict[str, Any] = {"wrapped_encryption_key": b"", "wrapped_authentication_key": b"", "system_title": b""}
    row = replace(ROW, id=12, serial="X", client_sap=2, **bare)
    stores.records.add_meters([row])
    keys = ring(stores)
    keys.register([row])
    assert keys.client_settings(row).association.security is None
    assert keys.meter_of(b"") is None
    assert keys.push_security(b"") is None


def test_a_client_that_the_profile_does_not_have(stores: Stores) -> None:
    with pytest.raises(ConfigError, match="no association for client 5"):
        ring(stores).client_settings(replace(ROW, client_sap=5))


def test_keys_of_another_master_key_cannot_be_used(stores: Stores) -> None:
    foreign = KeyRing(stores.records, MasterKey(bytes(32)), SETTINGS)
    with pytest.raises(SecurityError):
        foreign.client_settings(ROW)


def test_the_public_client_needs_no_keys(stores: Stores) -> None:
    settings = KeyRing(stores.records, MasterKey(bytes(32)), SETTINGS).public_settings(ROW)
    assert (settings.client_sap, settings.association.security) == (16, None)


def test_marks_of_received_counters_are_handed_out_once(stores: Stores) -> None:
    keys = ring(stores)
    security = keys.client_settings(ROW).association.security
    assert security is not None
    for received in (1, 2, 9):
        security.guard.accept(ROW.system_title, received)
    with pytest.raises(RemoteProtocolError):
        security.guard.accept(ROW.system_title, 9)
    pushed = keys.push_security(ROW.system_title)
    assert pushed is not None
    pushed.guard.accept(ROW.system_title, 5)
    with pytest.raises(InvocationCounterError):
        pushed.guard.accept(ROW.system_title, 5)
    rows = keys.take_marks()
    assert [(row.meter, row.name.split()[0], row.reserved) for row in rows] == [(1, "received", 9), (1, "pushed", 5)]
    assert keys.take_marks() == []
    keys.keep_marks(rows)
    assert keys.take_marks() == rows


def accept(keys: KeyRing, row: MeterRow, value: int) -> None:
    """An answer of this meter came with that counter."""
    security = keys.client_settings(row).association.security
    assert security is not None
    security.guard.accept(row.system_title, value)


def restarted(stores: Stores, keys: KeyRing, row: MeterRow) -> KeyRing:
    stores.records.reserve_invocation_counters(keys.take_marks())
    made = KeyRing(stores.records, MASTER, SETTINGS)
    made.register([row])
    return made


def test_received_marks_hold_over_a_restart(stores: Stores) -> None:
    keys = ring(stores)
    accept(keys, ROW, 40)
    keys = restarted(stores, keys, ROW)
    with pytest.raises(RemoteProtocolError):
        accept(keys, ROW, 40)
    accept(keys, ROW, 41)


OTHER_KEY = {"wrapped_encryption_key": MASTER.wrap(bytes(16))}
OTHER_ACCESS = {"wrapped_authentication_key": MASTER.wrap(bytes(16))}
OTHER_METER = {"system_title": b"FER\x00\x00\x00\x00\x02"}
OTHER_PLACE = {"host": "127.20.0.77", "group": "default", "serial": "FER0000000099"}


@pytest.mark.parametrize("again", [False, True], ids=["going on", "restarted"])
@pytest.mark.parametrize(
    ("change", "anew"), [(OTHER_KEY, True), (OTHER_ACCESS, True), (OTHER_METER, True), (OTHER_PLACE, False)]
)
def test_a_mark_of_what_was_received_belongs_to_one_sender_under_its_keys(
    stores: Stores, change: dict[str, Any], anew: bool, again: bool
) -> None:
    keys, changed = ring(stores), replace(ROW, **change)
    accept(keys, ROW, 40)
    if again:
        keys = restarted(stores, keys, changed)
    keys.register([changed])
    if anew:
        accept(keys, changed, 1)
    else:
        with pytest.raises(RemoteProtocolError):
            accept(keys, changed, 1)
    # And back: nothing that was received before is taken a second time.
    keys = restarted(stores, keys, ROW) if again else keys
    keys.register([ROW])
    with pytest.raises(RemoteProtocolError):
        accept(keys, ROW, 40)


def test_a_title_belongs_to_the_meter_that_took_it_last(stores: Stores) -> None:
    keys, other = ring(stores), replace(ROW, id=2, serial="FER0000000002")
    stores.records.add_meters([other])
    keys.register([other])
    assert keys.meter_of(ROW.system_title) == other
    moved = replace(ROW, system_title=b"FER\x00\x00\x00\x00\x03")
    keys.register([moved])
    assert keys.meter_of(ROW.system_title) == other, "the one that left does not take it along"
    assert keys.meter_of(moved.system_title) == moved


def test_strangers_have_no_security(stores: Stores) -> None:
    keys = ring(stores)
    assert keys.push_security(b"XYZ\x00\x00\x00\x00\x01") is None
    assert keys.meter_of(ROW.system_title) == ROW


def test_nothing_shows_a_key(stores: Stores) -> None:
    keys = ring(stores)
    shown = f"{keys!r} {keys.client_settings(ROW)!r} {keys.push_security(ROW.system_title)!r} {ROW!r} {vars(keys)!r}"
    for key in (KEY, KEY[::-1], b"12345678"):
        assert key.hex() not in shown
        assert repr(key)[2:-1] not in shown


def test_settings_follow_the_quirks_of_the_manufacturer(stores: Stores) -> None:
    keys = ring(stores)
    gurux = replace(ROW, id=2, serial="GRX1", system_title=b"GRX\x00\x00\x00\x00\x01")
    kaifa = replace(ROW, id=3, serial="KFM1", system_title=b"KFM\x00\x00\x00\x00\x01")
    stores.records.add_meters([gurux, kaifa])
    keys.register([gurux, kaifa])
    for row, covers_header, any_suite in ((ROW, True, False), (gurux, False, False), (kaifa, True, True)):
        security = keys.client_settings(row).association.security
        assert security is not None
        assert security.tag_covers_header == covers_header
        pushes = keys.push_security(row.system_title)
        assert pushes is not None
        assert pushes.any_suite == any_suite


def test_a_profile_may_let_the_association_stand_without_aarq(stores: Stores, tmp_path: Path) -> None:
    path = tmp_path / "silent.toml"
    path.write_text(
        'name = "silent"\ntitle = "S"\ninherit = "smr5_three_phase"\n'
        '[source]\ndocument = "d"\nedition = "e"\nlicence = "l"\n'
        "[associations.closed]\n"
        'client_sap = 103\nauthentication = "lowest"\nrights = "full"\nciphered = true\n'
        'pre_established_pdu_size = 400\nclient_system_title = "4645524845533031"\n'
        "[objects]\n"
    )
    settings = ring(stores).client_settings(replace(ROW, profile=str(path), client_sap=103)).association
    assert settings.pre_established_pdu_size == 400
    assert settings.ciphered
    assert settings.security is not None
    assert settings.security.peer_system_title == ROW.system_title
    assert ring(stores).client_settings(ROW).association.pre_established_pdu_size is None
