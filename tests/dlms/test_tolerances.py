"""What an association and a receiver of pushes let pass for a meter with quirks, and refuse everybody else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.codec import Tag
from ferraris.cosem import Quirk, quirks_of
from ferraris.dlms import (
    Associate,
    Associated,
    AssociationSettings,
    Ciphering,
    CipherKeys,
    Event,
    PushReceiver,
    PushSecurity,
    Release,
    Released,
    ResponseReceived,
    SecurityControl,
    State,
    protect_push,
    tolerant_push,
    tolerant_settings,
)
from ferraris.dlms.inspect import answer_line
from ferraris.dlms.inspect.push_layouts import push_layout_file
from ferraris.kernel.errors import AuthenticationError
from tests.dlms.bottle import (
    GET_VALUE,
    KEYS,
    SERVER_TITLE,
    Bottle,
    Counter,
    Guard,
    associated,
    ciphered_settings,
    plain,
    serve,
)
from tests.dlms.pushes import notification, readings

NOBODY: frozenset[Quirk] = frozenset()
POLICY = SecurityControl.AUTHENTICATED_ENCRYPTED


def test_without_quirks_nothing_changes() -> None:
    client, _ = ciphered_settings(Ciphering.GENERAL_GLOBAL, POLICY)
    assert tolerant_settings(client, NOBODY) is client
    known = PushSecurity(KEYS, Guard())
    assert tolerant_push(known, NOBODY) is known
    # An association in the clear has no titles and no tags to be lenient about.
    clear = AssociationSettings()
    assert tolerant_settings(clear, {Quirk.EMPTY_SYSTEM_TITLE, Quirk.TAG_WITHOUT_HEADER}) is clear


def test_a_meter_that_knows_no_release_is_left_without_one() -> None:
    bottle = associated(plain())
    assert [type(event) for event in bottle.tell(Release())] == [Released]
    assert bottle.to_server[-1][:1] == b"\x62"
    quirky = associated(plain(sends_release=tolerant_settings(AssociationSettings(), {Quirk.NO_RELEASE}).sends_release))
    quirky.to_server.clear()
    assert [type(event) for event in quirky.tell(Release())] == [Released]
    assert quirky.to_server == []


class Retitled(Bottle):
    """A server whose general-glo-ciphering comes with another title, or with none as with meters of Pietro Fiorentini."""

    title = b""

    def carry(self) -> list[Event]:
        events: list[Event] = []
        while True:
            upwards = self.client.outgoing()
            for apdu in upwards:
                self.server.receive(apdu, 0)
            self._answer()
            downwards = self.server.outgoing()
            for apdu in downwards:
                named = b"\xdb\x08" + SERVER_TITLE
                retitled = b"\xdb" + bytes((len(self.title),)) + self.title + apdu[len(named) :]
                self.client.receive(retitled if apdu.startswith(named) else apdu, 0)
            events += self.client.events()
            if not upwards and not downwards:
                return events


def retitled(title: bytes, quirks: frozenset[Quirk]) -> list[Event]:
    """What a client with these quirks makes of a server that gives this title."""
    client, server = ciphered_settings(Ciphering.GENERAL_GLOBAL, POLICY)
    bottle = Retitled(tolerant_settings(client, quirks), server, serve)
    bottle.title = title
    return [*bottle.tell(Associate()), *(bottle.tell(GET_VALUE) if bottle.client.state is State.ASSOCIATED else [])]


TITLES = [
    # title           quirks                                   read
    (SERVER_TITLE,    NOBODY,                                  True),
    (b"",             frozenset({Quirk.EMPTY_SYSTEM_TITLE}),   True),
    (b"",             NOBODY,                                  False),
    (b"FER00002",     frozenset({Quirk.EMPTY_SYSTEM_TITLE}),   False),
    (SERVER_TITLE[:7], frozenset({Quirk.EMPTY_SYSTEM_TITLE}),  False),
]  # fmt: skip


@pytest.mark.parametrize(("title", "quirks", "read"), TITLES)
def test_a_title_may_be_left_out_and_never_be_another(title: bytes, quirks: frozenset[Quirk], read: bool) -> None:
    events = retitled(title, quirks)
    assert any(isinstance(event, ResponseReceived) for event in events) == read
    assert any(isinstance(event, Associated) for event in events) == read


def test_a_tag_without_its_header_is_a_setting_of_the_security() -> None:
    client, _ = ciphered_settings(Ciphering.GLOBAL, POLICY)
    settings = tolerant_settings(client, quirks_of(system_title=b"GRX12345"))
    assert settings.security is not None
    assert not settings.security.tag_covers_header
    assert settings.security == replace(client.security, tag_covers_header=False)  # type: ignore[type-var]


# Pushes

[TINETZ] = push_layout_file("tyrol_salzburg").telegrams
FIRST_SEGMENT_OCTETS = 256


def tinetz_apdu() -> bytes:
    """The APDU in the two M-Bus frames of the operator's example."""
    frames = bytes.fromhex("".join(TINETZ.octets.split()))
    first, second = frames[:FIRST_SEGMENT_OCTETS], frames[FIRST_SEGMENT_OCTETS:]
    return first[9:-2] + second[9:-2]


def opened(octets: bytes, quirks: frozenset[Quirk], policy: SecurityControl = SecurityControl.ENCRYPTED) -> object:
    keys = CipherKeys(bytes.fromhex(TINETZ.keys["ek"]), bytes(16))
    security = tolerant_push(PushSecurity(keys, Guard(), policy), quirks)
    return PushReceiver(lambda _title: security).receive(octets).notification.tree()


def test_a_real_push_that_names_suite_1_under_a_key_of_128_bits() -> None:
    octets = tinetz_apdu()
    assert octets[12] == 0x82 or octets[10] == 0x82
    title = octets[2:10]
    tree = opened(octets, quirks_of(system_title=title))
    assert tree.tag == Tag.STRUCTURE  # type: ignore[attr-defined]
    assert len(tree.value) == 12  # type: ignore[attr-defined]
    with pytest.raises(AuthenticationError, match="as the policy asks"):
        opened(octets, NOBODY)


def test_another_suite_weakens_no_policy() -> None:
    with pytest.raises(AuthenticationError, match="as the policy asks"):
        opened(tinetz_apdu(), frozenset({Quirk.ANY_SUITE}), POLICY)


@pytest.mark.parametrize("suite", [0x00, 0x01, 0x02, 0x0F])
def test_any_suite_may_be_named_and_no_broadcast_key(suite: int) -> None:
    push = protect_push(notification(readings(1)), SERVER_TITLE, KEYS, Counter(), SecurityControl.ENCRYPTED)
    start = len(push) - len(push[11:]) if push[10] < 0x80 else 12
    named = push[:start] + bytes((push[start] | suite,)) + push[start + 1 :]
    security = PushSecurity(KEYS, Guard(), SecurityControl.ENCRYPTED, any_suite=True)
    assert PushReceiver(lambda _title: security).receive(named).notification.values[1] == 1
    broadcast = push[:start] + bytes((push[start] | 0x40,)) + push[start + 1 :]
    with pytest.raises(AuthenticationError):
        PushReceiver(lambda _title: security).receive(broadcast)


# What is taken of every sender, so that no quirk is needed: real octets, with what is noticed about them

ROWS = {
    row["id"]: row
    for row in map(json.loads, (Path(__file__).parents[1] / "vectors" / "dlms.jsonl").read_text("utf-8").splitlines())
}

TAKEN_OF_ALL = [
    # vector                                                     what                                    where it shows
    ("amshan/kaifa/no_list_1",                                   "a date-time under a tag of its own",   "written as a tagged octet-string (09 0c)"),
    ("dlms_parser/raw_egd_example",                              "attribute descriptors without tags",   "attribute descriptors stand without tags"),
    ("dlms_parser/raw_sagemcom_xt211",                           "attribute descriptors without tags",   "attribute descriptors stand without tags"),
    ("dlms_parser/hdlc_landis_gyr_zmf100",                       "tag and length of a name exchanged",   "tag and length exchanged (06 09)"),
    ("amshan/hdlc/frame_with_flag_sequence_character_in_info",   "a flag inside a frame",                "'fcs': 'right'"),
    ("jdlms/hdlc/ua-iskra",                                      "a flag inside a frame",                "'fcs': 'right'"),
    ("dlms_parser/hdlc_landis_gyr_e450",                         "a client address of two octets",       "'destination_logical': 103, 'destination_physical': 127"),
    ("dlms_parser/hdlc_landis_gyr_e450",                         "blocks inside HDLC segments",          "'layer': 'general-block-transfer'"),
]  # fmt: skip


@pytest.mark.parametrize(("vector", "what", "shown"), TAKEN_OF_ALL)
def test_what_is_taken_of_every_sender(vector: str, what: str, shown: str) -> None:
    row = ROWS[vector]
    found = json.loads(answer_line(json.dumps(row)))
    assert found["ok"], what
    assert shown in str(found["layers"]), what
    if what == "a flag inside a frame":
        assert b"\x7e" in bytes.fromhex(row["hex"])[1:-1]
