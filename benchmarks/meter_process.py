"""A meter of our own for whole associations: our engine's server end, answering with the one load profile that is measured.

Prints its port and serves until standard input closes. Each connection is served by itself; the management client (SAP 1)
authenticates by HLS-GMAC in the ciphered context. An argument names the protection, by the standard's security control octet
in hexadecimal: 30 authenticated and encrypted (without an argument), 10 authenticated only, 20 encrypted only.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

from benchmarks.payloads import (
    AUTHENTICATION_KEY,
    ENCRYPTION_KEY,
    SYSTEM_TITLE,
    capture_objects,
    profile_buffer,
)
from ferraris.dlms import (
    Association,
    AssociationSettings,
    CipherKeys,
    RequestReceived,
    Role,
    Security,
    SecurityControl,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import DataAccessResult, GetRequestNormal, GetResponseNormal, Mechanism
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import LinkError
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.link import Link, serve_tcp

PROFILE_GENERIC = 7


class Meter:
    """The keys, the counter and the encoded attributes that all connections share."""

    def __init__(self, policy: SecurityControl) -> None:
        self.policy = policy
        self.keys = CipherKeys(ENCRYPTION_KEY, AUTHENTICATION_KEY)
        self.counters = ReservedCounter(0, lambda up_to: None)
        self.attributes = {2: profile_buffer(), 3: capture_objects()}
        self.entropy = SystemEntropy()

    def settings(self) -> AssociationSettings:
        # Each client measured starts its counters anew, so what was received is remembered for one association only.
        guard = CounterGuard({}, lambda system_title, value: None)
        return AssociationSettings(
            Mechanism.HLS_GMAC, security=Security(SYSTEM_TITLE, self.keys, self.counters, guard, self.policy)
        )

    async def serve(self, link: Link) -> None:
        """One connection: one association after another."""
        receiver = WrapperReceiver()
        engine = Association(Role.SERVER, self.settings(), self.entropy)
        while True:
            try:
                receiver.receive(await link.receive())
            except LinkError:
                return
            for wpdu in receiver.events():
                engine.receive(wpdu.apdu, 0)
                for event in engine.events():
                    if isinstance(event, RequestReceived) and isinstance(event.request, GetRequestNormal):
                        engine.send(self.answer(event.request), 0)
                for apdu in engine.outgoing():
                    await link.send(encode_wpdu(wpdu.destination, wpdu.source, apdu))

    def answer(self, request: GetRequestNormal) -> GetResponseNormal:
        """The attribute asked for."""
        descriptor = request.descriptor
        result: bytes | DataAccessResult = DataAccessResult.OBJECT_UNDEFINED
        if descriptor.class_id == PROFILE_GENERIC and descriptor.attribute_id in self.attributes:
            result = self.attributes[descriptor.attribute_id]
        return GetResponseNormal(request.invoke_id_and_priority, result)


async def run() -> None:
    """Serve until standard input closes."""
    policy = SecurityControl(int(sys.argv[1], 16)) if len(sys.argv) > 1 else SecurityControl.AUTHENTICATED_ENCRYPTED
    server = await serve_tcp("127.0.0.1", 0, Meter(policy).serve)
    print(server.port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.aclose()


if __name__ == "__main__":
    uvloop.run(run())
