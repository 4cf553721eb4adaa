"""What goes over the wire, as one sees who holds every key: no invocation counter may protect two texts under one key.

All octets that programs send pass here, before the network loses or doubles any of them. Counters are read out of the
ciphered APDUs themselves, and out of the HLS answers inside them, so nothing here relies on what a sender believes that
it has used. Key, sender's system title and counter together are what AES-GCM must never see with two texts; the same octets
sent again, as over datagrams, tell nobody anything new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ferraris.codec import Tag
from ferraris.dlms import CipherKeys, WrapperReceiver
from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    GeneralGlobalCiphering,
    Rlre,
    Rlrq,
    ServiceCiphered,
    decode_apdu,
)
from ferraris.kernel.errors import FerrarisError, SecurityError

GLO_ACTION_REQUEST: Final = 0xCB
GLO_ACTION_RESPONSE: Final = 0xCF
HLS_ANSWER: Final = bytes((Tag.OCTET_STRING, 17, 0x10))
"""How an encoded f(challenge) of HLS-GMAC begins: an octet-string of 17 octets, security control 0x10."""
RECEIVERS_MAX: Final = 4_096
"""Directions of links that are followed at a time; the one not heard of for longest is forgotten."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A meter's global keys, and the name under which the run speaks of them."""

    meter: int
    keys: CipherKeys


class Wire:
    """Follows every link. `fail` is told of a counter used twice."""

    def __init__(
        self,
        secrets: Mapping[str, Secret],
        titles: Mapping[str, bytes],
        fail: Callable[[str, str], None],
        strangers: frozenset[str] = frozenset(),
    ) -> None:
        """`secrets` by the meter's host, `titles` by any host that sends under such keys; `strangers` hold none."""
        self.counters_seen = 0
        self._secrets = secrets
        self._by_title = {titles[host]: secret for host, secret in secrets.items()}
        self._titles = titles
        self._fail = fail
        self._strangers = strangers
        self._used: dict[tuple[int, bytes], dict[int, bytes]] = {}
        """By meter and sender: a digest of the text that each counter went with."""
        self._receivers: dict[tuple[str, str], WrapperReceiver] = {}

    def sent(self, local: str, peer: str, octets: bytes) -> None:
        """A program at `local` (`host:port`) has sent `octets` to `peer`."""
        hosts = local.rpartition(":")[0], peer.rpartition(":")[0]
        if hosts[0] in self._strangers:
            return
        receiver = self._receivers.pop((local, peer), None) or WrapperReceiver()
        self._receivers[local, peer] = receiver
        if len(self._receivers) > RECEIVERS_MAX:
            del self._receivers[next(iter(self._receivers))]
        try:
            receiver.receive(octets)
        except FerrarisError as error:
            self._fail("a program sends what is no WPDU", f"{local}>{peer}: {error}")
            return
        for wpdu in receiver.events():
            self._look(*hosts, wpdu.apdu)

    def _look(self, host: str, peer_host: str, octets: bytes) -> None:
        try:
            apdu = decode_apdu(octets)
        except FerrarisError as error:
            self._fail("a program sends what is no APDU", f"{host}>{peer_host}: {error}")
            return
        if isinstance(apdu, GeneralGlobalCiphering):
            secret = self._by_title.get(apdu.system_title)
            if secret is not None:
                self._used_now(secret, apdu.system_title, apdu.octets[1:5], octets)
            return
        secret = self._secrets.get(host) or self._secrets.get(peer_host)
        if secret is None:
            return
        title = self._titles[host]
        ciphered = _information(apdu) if isinstance(apdu, Aarq | Aare | Rlrq | Rlre) else apdu
        if isinstance(ciphered, ServiceCiphered) and not ciphered.dedicated:
            self._used_now(secret, title, ciphered.octets[1:5], octets)
            if ciphered.tag in (GLO_ACTION_REQUEST, GLO_ACTION_RESPONSE):
                self._look_inside(secret, title, ciphered.octets)

    def _look_inside(self, secret: Secret, title: bytes, protected: bytes) -> None:
        """An HLS answer has a counter of its own, under the same key."""
        try:
            plain = secret.keys.unprotect(title, protected).apdu
        except SecurityError:
            return  # sent under another key than the meter's: that key's counters are its owner's affair
        apdu = decode_apdu(plain)
        answer = None
        if isinstance(apdu, ActionRequestNormal):
            answer = apdu.parameters
        elif isinstance(apdu, ActionResponseNormal) and isinstance(apdu.data, bytes):
            answer = apdu.data
        if answer is not None and answer.startswith(HLS_ANSWER):
            self._used_now(secret, title, answer[3:7], plain)

    def _used_now(self, secret: Secret, title: bytes, counter: bytes, text: bytes) -> None:
        used = self._used.setdefault((secret.meter, title), {})
        value = int.from_bytes(counter, "big")
        digest = hashlib.blake2b(text, digest_size=8).digest()
        if used.setdefault(value, digest) != digest:
            detail = f"counter {value} of {title.hex()} under the key of meter {secret.meter}, again for {text.hex()}"
            self._fail("an invocation counter is used twice under one key", detail)
        self.counters_seen += 1


def _information(apdu: Aarq | Aare | Rlrq | Rlre) -> object:
    """What an ACSE APDU carries for xDLMS, when that is ciphered."""
    information = apdu.user_information
    if not information:
        return None
    try:
        return decode_apdu(information)
    except FerrarisError:
        return None  # an InitiateRequest in the clear
