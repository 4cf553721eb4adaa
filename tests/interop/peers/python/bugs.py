"""What the Python peers do wrong, shown in their own process: each function reproduces one fault and says what came of it."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

from lines import Task, describe, serve

LONG_ENOUGH_S = 0.3


def dlms_cosem_reads_a_closed_connection_for_ever() -> Any:
    from dlms_cosem.io import BlockingTcpIO

    ours, theirs = socket.socketpair()
    io = BlockingTcpIO("", 0)
    io.tcp_socket = theirs
    ours.close()

    def receive() -> None:
        with contextlib.suppress(Exception):
            io.recv(8)

    reader = threading.Thread(target=receive, daemon=True)
    reader.start()
    reader.join(LONG_ENOUGH_S)
    still_reading = reader.is_alive()
    theirs.close()
    return still_reading


def dlms_cosem_forgets_utc() -> Any:
    from dlms_cosem.time import datetime_from_bytes

    in_utc = bytes.fromhex("07ea0101040f000000000000")
    an_hour_ahead = bytes.fromhex("07ea0101040f000000ffc400")
    return [str(datetime_from_bytes(octets)[0].utcoffset()) for octets in (in_utc, an_hour_ahead)]


def dlms_cosem_drops_value_group_f() -> Any:
    from dlms_cosem.cosem import Obis

    return Obis.from_string("1.0.1.8.0.7").f


def dlms_cosem_writes_long_lengths_in_one_octet() -> Any:
    from dlms_cosem.connection import DlmsConnection
    from dlms_cosem.security import HighLevelSecurityGmacAuthentication

    authentication = HighLevelSecurityGmacAuthentication(challenge_length=64)
    connection = DlmsConnection(authentication, b"FERHES01", bytes(16), bytes(16))
    return connection.send(connection.get_aarq()).hex()


def gurux_server_cannot_take_a_pdu_size() -> Any:
    from gurux_dlms.enums import InterfaceType
    from gurux_dlms.GXDLMSServer import GXDLMSServer

    class Server(GXDLMSServer):
        def __init__(self) -> None:
            super().__init__(True, InterfaceType.WRAPPER)

    Server().maxReceivePDUSize = 1024
    return "taken"


def gurux_reply_has_no_set_reply() -> Any:
    from gurux_dlms.GXServerReply import GXServerReply

    return hasattr(GXServerReply(b""), "setReply")


FAULTS: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (
        dlms_cosem_reads_a_closed_connection_for_ever,
        dlms_cosem_forgets_utc,
        dlms_cosem_drops_value_group_f,
        dlms_cosem_writes_long_lengths_in_one_octet,
        gurux_server_cannot_take_a_pdu_size,
        gurux_reply_has_no_set_reply,
    )
}


def perform(task: Task) -> Task:
    """Reproduce the fault that the task names."""
    try:
        return {"result": FAULTS[task["fault"]]()}
    except (Exception, RecursionError) as error:  # noqa: BLE001
        return {"result": describe(error)}


if __name__ == "__main__":
    serve(perform)
