"""What checks work with: links to the server under test, raw APDUs on them, whole associations, and what the server lists.

A `Wire` carries APDUs as they are, wrong ones too. A `Talk` is an association on a wire in which single APDUs can be sent
protected, unprotected or damaged. Both give answers as `Answer`, in which silence and a closed link are answers like others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from ferraris.client.association import ClientAssociation, ClientSettings
from ferraris.client.conformance.answer import Answer
from ferraris.client.conformance.requests import LOGICAL_DEVICE_NAME, OBJECT_LIST
from ferraris.client.exploration import Exploration, explore
from ferraris.dlms import (
    Aborted,
    Associate,
    Associated,
    Association,
    AssociationSettings,
    Ciphering,
    DatagramReceiver,
    Framing,
    Rejected,
    Role,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import DLMS_VERSION, Aare, Aarq, AttributeDescriptor, InitiateRequest, decode_apdu
from ferraris.dlms.hdlc import HdlcAddress
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    LinkError,
    LinkTimeoutError,
    RefusedError,
    RemoteProtocolError,
)
from ferraris.link import Link

DATA_NOTIFICATION = 0x0F
EVENT_NOTIFICATION = 0xC2
UNASKED = (DATA_NOTIFICATION, EVENT_NOTIFICATION)


class _WithinAssociation:
    """Takes counters that rise within one association: whether they go on rising over several is a check of its own."""

    def __init__(self) -> None:
        self._last = -1

    def accept(self, system_title: bytes, received: int) -> None:
        if received <= self._last:
            got = f"{received} from {system_title.hex()}"
            raise InvocationCounterError("an invocation counter does not rise", expected=self._last + 1, got=got)
        self._last = received


def _forgetful(settings: AssociationSettings) -> AssociationSettings:
    if settings.security is None:
        return settings
    return replace(settings, security=replace(settings.security, guard=_WithinAssociation()))


OpenLink = Callable[[], Awaitable[Link]]
NewFraming = Callable[[int, int], Framing]
"""Between a client's and a server's service access point."""


class Wire:
    """One link, with APDUs between two service access points on it."""

    def __init__(
        self, link: Link, client_sap: int, server_sap: int, patience_s: float, framing: Framing | None = None
    ) -> None:
        """Without a `framing` the wrapper is used."""
        self._framing = framing
        self.link = link
        self.client_sap = client_sap
        self.server_sap = server_sap
        self._patience_s = patience_s
        self._receiver = DatagramReceiver() if link.capabilities.keeps_boundaries else WrapperReceiver()
        self._waiting: list[bytes] = []

    async def ask(self, apdu: bytes) -> Answer:
        """Send an APDU and wait for what comes."""
        if self._framing is not None:
            return await self._ask_through(self._framing, apdu)
        return await self.ask_framed(encode_wpdu(self.client_sap, self.server_sap, apdu))

    async def ask_framed(self, octets: bytes) -> Answer:
        """Send octets as they are, framing and all, and wait for what comes."""
        try:
            await self.link.send(octets)
        except LinkError:
            return Answer.closed()
        return await self.answer()

    async def answer(self) -> Answer:
        """The next APDU, silence after the patience is over, or the end of the link."""
        try:
            async with asyncio.timeout(self._patience_s):
                while not self._waiting:
                    self._receiver.receive(await self.link.receive())
                    self._waiting += [w.apdu for w in self._receiver.events() if w.apdu[:1] not in map(_octet, UNASKED)]
        except TimeoutError:
            return Answer.silence()
        except LinkError:
            return Answer.closed()
        except DecodeError as error:
            return Answer(b"", fault=str(error))
        return Answer(self._waiting.pop(0))

    async def _ask_through(self, framing: Framing, apdu: bytes) -> Answer:
        """As `ask`, through a framing that has a connection of its own."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience_s):
                if not framing.connected:
                    framing.connect(int(loop.time() * 1000))
                    while not framing.connected:
                        await self._step(framing)
                framing.send(apdu, int(loop.time() * 1000))
                while not self._waiting:
                    await self._step(framing)
                    self._waiting += [a for a in framing.apdus() if a[:1] not in map(_octet, UNASKED)]
        except TimeoutError:
            return Answer.silence()
        except LinkError:
            return Answer.closed()
        except RemoteProtocolError as error:
            return Answer(b"", fault=str(error))
        return Answer(self._waiting.pop(0))

    async def _step(self, framing: Framing) -> None:
        """Send what waits to be sent, and take what comes or let the time pass that the framing waits."""
        loop = asyncio.get_running_loop()
        for octets in framing.outgoing():
            await self.link.send(octets)
        wake_ms = framing.wake_at()
        pause_s = None if wake_ms is None else max(0.0, wake_ms / 1000 - loop.time())
        try:
            octets = await asyncio.wait_for(self.link.receive(), pause_s)
        except TimeoutError:
            framing.tick(int(loop.time() * 1000) + 1)
            return
        framing.receive(octets, int(loop.time() * 1000))

    async def octets(self) -> bytes:
        """What comes next as it is, framing and all; nothing when nothing comes."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self.link.receive()
        except (TimeoutError, LinkError):
            return b""


class _Probe(Association):
    """A client's association that lends its protection to APDUs that no client would send."""

    def expect_from(self, system_title: bytes) -> None:
        if self._machine.protection is not None:
            self._machine.protection.expect_from(system_title)

    def protect(self, apdu: bytes, ciphering: Ciphering | None = None) -> bytes:
        protection = self._machine.protection
        if protection is None or self._machine.settings.security is None:
            return apdu
        return protection.close(apdu, ciphering or self._machine.settings.security.ciphering)

    def unprotect(self, octets: bytes) -> bytes:
        protection = self._machine.protection
        return octets if protection is None else protection.open(octets).apdu


class Talk:
    """An association on a wire."""

    def __init__(self, wire: Wire, settings: AssociationSettings, entropy: Entropy) -> None:
        self.wire = wire
        self.settings = settings
        self._probe = _Probe(Role.CLIENT, _forgetful(settings), entropy)
        self.associated: Associated | None = None
        self.opening: list[Answer] = []
        """The answers to AARQ and, where there is one, to the second pass of HLS."""

    async def open(self) -> Associated | Rejected:
        """Associate and authenticate. Raises what ends the attempt other than a rejecting AARE."""
        probe = self._probe
        probe.send(Associate(), 0)
        while True:
            for apdu in probe.outgoing():
                answer = await self.wire.ask(apdu)
                self.opening.append(answer)
                if answer.octets is None:
                    raise LinkTimeoutError(f"no answer to the association: {answer}")
                probe.receive(answer.octets, 0)
            for event in probe.events():
                if isinstance(event, Associated):
                    self.associated = event
                    return event
                if isinstance(event, Rejected):
                    return event
                if isinstance(event, Aborted):
                    raise event.error

    def proposal(
        self,
        change: Callable[[Aarq], Aarq] = lambda aarq: aarq,
        initiate: Callable[[InitiateRequest], InitiateRequest] | None = None,
    ) -> bytes:
        """The AARQ that `open` would send, changed: its fields, or the initiate request inside."""
        self._probe.send(Associate(), 0)
        [octets] = self._probe.outgoing()
        aarq = decode_apdu(octets)
        assert isinstance(aarq, Aarq)
        if initiate is not None:
            settings = self.settings
            size, bits = settings.max_receive_pdu_size, settings.conformance
            request = initiate(InitiateRequest(None, True, None, DLMS_VERSION, bits, size))
            information = self._probe.protect(request.encode(), Ciphering.GLOBAL)
            aarq = replace(aarq, user_information=information)
        return change(aarq).encode()

    def expect(self, aare: Aare) -> None:
        """Take the server's system title from the AARE that answered a proposal."""
        self._probe.expect_from(aare.responding_ap_title or b"")

    def protected(self, apdu: bytes, ciphering: Ciphering | None = None) -> bytes:
        """An APDU as this association sends it, ciphered where it ciphers."""
        return self._probe.protect(apdu, ciphering)

    async def ask(self, apdu: bytes) -> Answer:
        """Send an APDU protected, and open the answer."""
        return self.opened(await self.wire.ask(self.protected(apdu)))

    async def ask_raw(self, octets: bytes) -> Answer:
        """Send octets as they are, and open the answer."""
        return self.opened(await self.wire.ask(octets))

    def opened(self, answer: Answer) -> Answer:
        """The answer out of its protection; one that does not hold is an answer too."""
        if answer.octets is None or self.settings.security is None or not answer.is_ciphered:
            return answer
        try:
            return replace(answer, octets=self._probe.unprotect(answer.octets), was_ciphered=True)
        except FerrarisError as error:
            return replace(answer, fault=str(error))


def proposal(settings: AssociationSettings, entropy: Entropy) -> bytes:
    """The AARQ that a client of these settings sends first."""
    probe = _Probe(Role.CLIENT, _forgetful(settings), entropy)
    probe.send(Associate(), 0)
    [octets] = probe.outgoing()
    return octets


@dataclass
class Bench:
    """The server under test: how to reach it, as whom, and what it is known to have."""

    open_link: OpenLink
    settings: ClientSettings
    entropy: Entropy
    now_ms: Callable[[], int]
    patience_s: float = 3.0
    new_framing: NewFraming | None = None
    """Where APDUs do not travel in the wrapper."""
    hdlc_address: Callable[[int], HdlcAddress] | None = None
    """The station of a server's service access point, where it is an HDLC station that this bench reaches itself."""
    readable: AttributeDescriptor = LOGICAL_DEVICE_NAME
    """An attribute that the client may read, for requests that are about something else."""
    _exploration: Exploration | None = None

    @property
    def association(self) -> AssociationSettings:
        """Of the client whose association is checked."""
        return self.settings.association

    @asynccontextmanager
    async def wire(self, client_sap: int | None = None, server_sap: int | None = None) -> AsyncIterator[Wire]:
        """A fresh link, closed at the end."""
        link = await self.open_link()
        client = self.settings.client_sap if client_sap is None else client_sap
        server = self.settings.server_sap if server_sap is None else server_sap
        try:
            framing = None if self.new_framing is None else self.new_framing(client, server)
            yield Wire(link, client, server, self.patience_s, framing)
        finally:
            await link.aclose()

    @asynccontextmanager
    async def talk(self, settings: AssociationSettings | None = None) -> AsyncIterator[Talk]:
        """A fresh association that stands. Raises RefusedError when the server rejects it."""
        async with self.wire() as wire:
            talk = Talk(wire, settings or self.association, self.entropy)
            opened = await talk.open()
            if isinstance(opened, Rejected):
                raise RefusedError("the server rejects the association", result=opened.diagnostic, code=opened.code)
            yield talk

    async def attempt(self, settings: AssociationSettings) -> tuple[bool, str]:
        """Whether an association with these settings comes about, and how it ended in words."""
        async with self.wire() as wire:
            talk = Talk(wire, settings, self.entropy)
            try:
                opened = await talk.open()
            except (LinkError, AuthenticationError, RemoteProtocolError, DecodeError, RefusedError) as error:
                return False, str(error)
            if isinstance(opened, Rejected):
                return False, f"rejected: {opened.diagnostic.lower().replace('_', '-')}"
            return True, "associated"

    async def choose_readable(self) -> None:
        """Take an attribute that this server has. One that has none of the usual ones leaves the first."""
        async with self.client() as association:
            for descriptor in (LOGICAL_DEVICE_NAME, replace(OBJECT_LIST, attribute_id=1)):
                try:
                    await association.get_octets(descriptor)
                except RefusedError:
                    continue
                self.readable = descriptor
                return

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ClientAssociation]:
        """The product's own client, associated; released at the end."""
        settings = replace(self.settings, association=_forgetful(self.association))
        framing = None
        if self.new_framing is not None:
            framing = self.new_framing(settings.client_sap, settings.server_sap)
        association = ClientAssociation(await self.open_link(), settings, self.entropy, framing=framing)
        try:
            await association.associate()
            yield association
            await association.release()
        finally:
            await association.aclose()

    async def exploration(self) -> Exploration:
        """The server's object list with every value; read once."""
        if self._exploration is None:
            async with self.client() as association:
                self._exploration = await explore(association)
        return self._exploration


def _octet(value: int) -> bytes:
    return bytes((value,))
