"""Gurux in Python (gurux-dlms) as something to measure ourselves against. Runs in the peers' environment.

Its server classes cannot serve (see docs/reference/interop.md), so it has the client's part only, and what it knows of
interface classes.
"""

import socket
from collections.abc import Callable
from typing import Any

from gurux_classes import classes
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.ecdsa.GXEcdsa import GXEcdsa
from gurux_dlms.ecdsa.GXPrivateKey import GXPrivateKey
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSProfileGeneric
from gurux_dlms.secure import GXDLMSSecureClient
from lines import Task, repeat, serve

LOAD_PROFILE = "1.0.99.1.0.255"
TIMEOUT_S = 10
VALUES_IN_A_PUSH = 20


def perform(task: Task) -> Task:
    """One task of the line protocol."""
    if task["do"] == "measure":
        return repeat(WORK[task["work"]](task), task["seconds"])
    if task["do"] == "classes":
        return classes(task)
    return {"error": "no such task"}


def secured_client(task: Task, interface: InterfaceType, authentication: Authentication) -> GXDLMSSecureClient:
    """A client with the keys of `task`."""
    client = GXDLMSSecureClient(True, task["client_sap"], task["server_sap"], authentication, None, interface)
    client.ciphering.systemTitle = bytearray.fromhex(task["system_title"])
    client.ciphering.blockCipherKey = bytearray.fromhex(task["encryption_key"])
    client.ciphering.authenticationKey = bytearray.fromhex(task["authentication_key"])
    client.ciphering.invocationCounter = task["invocation_counter"]
    client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    return client


def plain_client() -> GXDLMSSecureClient:
    return GXDLMSSecureClient(True, 1, 1, Authentication.NONE, None, InterfaceType.PDU)


def value_in(client: GXDLMSSecureClient, get_response: bytearray) -> Any:
    reply = GXReplyData()
    client.getData(GXByteBuffer(get_response), reply, GXReplyData())
    return reply.value


def profile_raw(task: Task) -> Callable[[], int]:
    """The get-response to a list of lists."""
    octets = bytearray.fromhex(task["get_response"])
    client = plain_client()

    def once() -> int:
        rows = value_in(client, octets)
        return len(rows) * len(rows[0])

    return once


def profile_rows(task: Task) -> Callable[[], int]:
    """The get-response to rows of values with date-times."""
    octets = bytearray.fromhex(task["get_response"])
    client = plain_client()
    profile = GXDLMSProfileGeneric(LOAD_PROFILE)
    captured = GXDLMSClient.getValue(GXByteBuffer(bytearray.fromhex(task["capture_objects"])), False)
    client.updateValue(profile, 3, captured)

    def once() -> int:
        profile.buffer = []
        client.updateValue(profile, 2, value_in(client, octets))
        return len(profile.buffer) * len(profile.buffer[0])

    return once


def pushes(task: Task) -> Callable[[], int]:
    """general-glo-ciphering APDUs: tag verified, body to a list of values."""
    octets = [bytearray.fromhex(push) for push in task["pushes"].split(" ")][: task.get("pushes_at_once", 50)]
    client = secured_client(
        {**task, "client_sap": 1, "server_sap": 1, "invocation_counter": 1}, InterfaceType.PDU, Authentication.NONE
    )

    def once() -> int:
        for push in octets:
            reply, notify = GXReplyData(), GXReplyData()
            client.getData(GXByteBuffer(push), reply, notify)
            values = notify.value if notify.value is not None else reply.value
            if len(values) != VALUES_IN_A_PUSH:
                raise ValueError("a push did not decode to 20 values")
        return len(octets)

    return once


class Connection:
    """A TCP connection that carries the library's frames."""

    def __init__(self, task: Task, client: GXDLMSSecureClient) -> None:
        self.client = client
        self.socket = socket.create_connection((task["host"], task["port"]), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, requests: list[bytes]) -> GXReplyData:
        """Send requests in turn, fetching every block of each answer."""
        reply = GXReplyData()
        for request in requests if isinstance(requests, list) else [requests]:
            reply.clear()
            self.round_trip(request, reply)
            while reply.isMoreData():
                self.round_trip(self.client.receiverReady(reply), reply)
        return reply

    def round_trip(self, request: bytes, reply: GXReplyData) -> None:
        self.socket.sendall(request)
        received = GXByteBuffer()
        complete = False
        while not complete:
            octets = self.socket.recv(65536)
            if not octets:
                raise ConnectionError("the meter closed the connection")
            received.set(octets)
            received.position = 0
            complete = self.client.getData(received, reply, GXReplyData())
        if reply.error:
            raise ConnectionError(f"data-access-result {reply.error}")


def associations(task: Task) -> Callable[[], int]:
    """The whole of it: connect, AARQ, HLS-GMAC, read the load profile, RLRQ."""
    profile = GXDLMSProfileGeneric(LOAD_PROFILE)

    def once() -> int:
        client = secured_client(task, InterfaceType.WRAPPER, Authentication.HIGH_GMAC)
        task["invocation_counter"] += 16
        connection = Connection(task, client)
        client.parseAareResponse(connection.exchange(client.aarqRequest()).data)
        client.parseApplicationAssociationResponse(connection.exchange(client.getApplicationAssociationRequest()).data)
        rows = connection.exchange(client.read(profile, 2)).value
        if len(rows) != task["rows"]:
            raise ValueError(f"expected {task['rows']} rows, got {len(rows)}")
        connection.exchange(client.releaseRequest())
        connection.socket.close()
        return 1

    return once


def hls_ecdsa(task: Task) -> Callable[[], int]:
    """A client's part in HLS by ECDSA: one signature, and one of the meter's verified."""
    own, peer = (GXPrivateKey.fromRawBytes(bytearray.fromhex(task[name])) for name in ("own_private", "peer_private"))
    message = bytearray(80)
    signature = GXEcdsa(peer).sign(message)
    public = peer.getPublicKey()

    def once() -> int:
        GXEcdsa(own).sign(message)
        if not GXEcdsa(public).verify(signature, message):
            raise ValueError("a signature does not verify")
        return 1

    return once


WORK = {
    "profile_raw": profile_raw,
    "profile_rows": profile_rows,
    "pushes": pushes,
    "associations": associations,
    "hls_ecdsa": hls_ecdsa,
}

if __name__ == "__main__":
    serve(perform)
