"""dlms-cosem as client of a meter, and as something to measure ourselves against. Runs in the peers' environment."""

import calendar
import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from dlms_cosem import cosem, enumerations, security, utils  # noqa: E402
from dlms_cosem.client import DlmsClient  # noqa: E402
from dlms_cosem.cosem.capture_object import CaptureObject  # noqa: E402
from dlms_cosem.cosem.selective_access import RangeDescriptor  # noqa: E402
from dlms_cosem.dlms_data import IntegerData, OctetStringData  # noqa: E402
from dlms_cosem.hdlc import state  # noqa: E402
from dlms_cosem.hdlc.address import HdlcAddress  # noqa: E402
from dlms_cosem.hdlc.connection import HdlcConnection  # noqa: E402
from dlms_cosem.io import BlockingTcpIO, TcpTransport  # noqa: E402
from dlms_cosem.parsers import AssociationObjectListParser, ProfileGenericBufferParser  # noqa: E402
from dlms_cosem.protocol import xdlms  # noqa: E402
from dlms_cosem.protocol.xdlms.get import GetResponseFactory  # noqa: E402
from dlms_cosem.time import datetime_from_bytes, datetime_to_bytes  # noqa: E402
from lines import Task, describe, repeat, serve  # noqa: E402

LOAD_PROFILE = "1.0.99.1.0.255"
CLOCK = "0.0.1.0.0.255"
TIMEOUT_S = 10


class TcpThatEnds(BlockingTcpIO):
    """The library's own reads for ever from a connection that the meter has closed."""

    def connect(self) -> None:
        super().connect()
        assert self.tcp_socket is not None
        self.tcp_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, amount: int = 1) -> bytes:
        assert self.tcp_socket is not None
        received = bytearray()
        while len(received) < amount:
            octets = self.tcp_socket.recv(amount - len(received))
            if not octets:
                raise ConnectionError("the meter closed the connection")
            received += octets
        return bytes(received)


def obis(text: str) -> cosem.Obis:
    """Six numbers with dots; the library's own parser drops the last of them."""
    return cosem.Obis(*map(int, text.split(".")))


def attribute(class_id: int, logical_name: str, number: int) -> cosem.CosemAttribute:
    return cosem.CosemAttribute(enumerations.CosemInterface(class_id), obis(logical_name), number)


def columns_of(capture_objects: bytes) -> list[cosem.CosemAttribute]:
    """The columns that a profile's third attribute names."""
    return [
        cosem.CosemAttribute(enumerations.CosemInterface(class_id), cosem.Obis.from_bytes(logical_name), number)
        for class_id, logical_name, number, _ in utils.parse_as_dlms_data(capture_objects)
    ]


def make_client(task: Task) -> DlmsClient:
    """A client that is not connected yet."""
    authentication: Any = security.NoSecurityAuthentication()
    keys: dict[str, Any] = {}
    mechanism = task.get("authentication", "none")
    if mechanism == "low":
        authentication = security.LowLevelSecurityAuthentication(secret=bytes.fromhex(task["secret"]))
    elif mechanism == "gmac":
        authentication = security.HighLevelSecurityGmacAuthentication(challenge_length=task.get("challenge_length", 16))
        keys = {
            "encryption_key": bytes.fromhex(task["encryption_key"]),
            "authentication_key": bytes.fromhex(task["authentication_key"]),
            "client_system_title": bytes.fromhex(task["system_title"]),
            "client_initial_invocation_counter": task.get("invocation_counter", 1),
        }
    io = TcpThatEnds(task["host"], task["port"], TIMEOUT_S)
    transport = TcpTransport(task["client_sap"], task["server_sap"], io, TIMEOUT_S)
    return DlmsClient(transport, authentication, max_pdu_size=task.get("pdu_size", 65535), timeout=TIMEOUT_S, **keys)


def perform(task: Task) -> Task:
    """One task of the line protocol."""
    if task["do"] == "client":
        return associate_and_read(task)
    if task["do"] == "measure":
        return repeat(WORK[task["work"]](task), task["seconds"])
    return {"error": "no such task"}


def associate_and_read(task: Task) -> Task:
    """Associate, carry out the operations of `task` one after the other, release."""
    client = make_client(task)
    try:
        client.connect()
        client.associate()
    except Exception as error:  # noqa: BLE001
        return {"associated": False, "error": describe(error)}
    answer: Task = {"associated": True, "server_max_receive_pdu_size": client.dlms_connection.max_pdu_size}
    answer["results"] = [attempt(client, operation) for operation in task["operations"]]
    try:
        answer["released"] = client.release_association() is not None
    except Exception as error:  # noqa: BLE001
        answer["released"] = False
        answer["release_error"] = describe(error)
    answer["invocation_counter"] = client.client_invocation_counter
    client.disconnect()
    return answer


def attempt(client: DlmsClient, operation: list[Any]) -> Task:
    name, *arguments = operation
    try:
        return {"ok": True, "value": OPERATIONS[name](client, *arguments)}
    except Exception as error:  # noqa: BLE001
        return {"ok": False, "error": describe(error)}


def get(client: DlmsClient, class_id: int, logical_name: str, number: int) -> Any:
    return plain(utils.parse_as_dlms_data(client.get(attribute(class_id, logical_name, number))))


def get_list(client: DlmsClient, wanted: list[list[Any]]) -> Any:
    items = [cosem.CosemAttributeWithSelection(attribute(*one), None) for one in wanted]
    return plain(client.get_many(items).result)


def objects(client: DlmsClient) -> Any:
    octets = client.get(attribute(15, "0.0.40.0.0.255", 2))
    items = AssociationObjectListParser.parse_bytes(octets)
    return [[int(one.interface), one.version, one.logical_name.to_string(".")] for one in items]


def clock(client: DlmsClient) -> int:
    return epoch_ms(datetime_from_bytes(utils.parse_as_dlms_data(client.get(attribute(8, CLOCK, 2))))[0])


def set_clock(client: DlmsClient, time_ms: int) -> int:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    response = client.set(attribute(8, CLOCK, 2), OctetStringData(datetime_to_bytes(moment)).to_bytes())
    if response.result != enumerations.DataAccessResult.SUCCESS:
        raise PermissionError(f"data-access-result {int(response.result)}")
    return clock(client)


def register(client: DlmsClient, logical_name: str) -> Any:
    scaler, unit = utils.parse_as_dlms_data(client.get(attribute(3, logical_name, 3)))
    value = utils.parse_as_dlms_data(client.get(attribute(3, logical_name, 2)))
    return {"value": value * 10**scaler, "scaler": 10**scaler, "unit": unit}


def switch(client: DlmsClient, logical_name: str, method: int) -> Any:
    disconnector = enumerations.CosemInterface.DISCONNECT_CONTROL
    client.action(cosem.CosemMethod(disconnector, obis(logical_name), method), IntegerData(0).to_bytes())
    return [get(client, 70, logical_name, 2), get(client, 70, logical_name, 3)]


def profile(client: DlmsClient, logical_name: str, from_ms: int | None = None, to_ms: int | None = None) -> Any:
    columns = columns_of(client.get(attribute(7, logical_name, 3)))
    selection = None
    if from_ms is not None and to_ms is not None:
        first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (from_ms, to_ms))
        selection = RangeDescriptor(CaptureObject(columns[0]), first, last)
    octets = client.get(attribute(7, logical_name, 2), selection)
    rows = ProfileGenericBufferParser(columns, 15).parse_bytes(octets)
    return {
        "columns": [[int(one.interface), one.instance.to_string("."), one.attribute] for one in columns],
        "rows": [[plain(cell.value) for cell in row] for row in rows],
    }


def plain(value: Any) -> Any:
    """What the library gives, as JSON: octets in hexadecimal, moments in milliseconds."""
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, datetime):
        return epoch_ms(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, Enum) else value


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970. The library gives a moment in UTC without its offset; that counts as UTC here."""
    return calendar.timegm(moment.utctimetuple()) * 1000 + moment.microsecond // 1000


OPERATIONS: dict[str, Callable[..., Any]] = {
    "objects": objects,
    "get": get,
    "get_list": get_list,
    "clock": clock,
    "set_clock": set_clock,
    "register": register,
    "disconnect": lambda client, name: switch(client, name, 1),
    "reconnect": lambda client, name: switch(client, name, 2),
    "profile": profile,
    "profile_range": profile,
}


def profile_raw(task: Task) -> Callable[[], int]:
    """The get-response to a list of lists."""
    octets = bytes.fromhex(task["get_response"])

    def once() -> int:
        rows = utils.parse_as_dlms_data(GetResponseFactory.from_bytes(octets).data)
        return len(rows) * len(rows[0])

    return once


def profile_rows(task: Task) -> Callable[[], int]:
    """The get-response to rows of values with their columns and date-times."""
    octets = bytes.fromhex(task["get_response"])
    parser = ProfileGenericBufferParser(columns_of(bytes.fromhex(task["capture_objects"])), 15)

    def once() -> int:
        rows = parser.parse_bytes(GetResponseFactory.from_bytes(octets).data)
        return len(rows) * len(rows[0])

    return once


def pushes(task: Task) -> Callable[[], int]:
    """general-glo-ciphering APDUs: tag verified, counter above the last one, body to a list of values."""
    octets = [bytes.fromhex(push) for push in task["pushes"].split(" ")]
    key = bytes.fromhex(task["encryption_key"])
    authentication_key = bytes.fromhex(task["authentication_key"])

    def once() -> int:
        last = 0
        for push in octets:
            apdu = xdlms.GeneralGlobalCipher.from_bytes(push)
            if apdu.invocation_counter <= last:
                raise ValueError("an invocation counter is not above the last one")
            last = apdu.invocation_counter
            plain_text = security.decrypt(
                apdu.security_control, apdu.system_title, last, key, apdu.ciphered_text, authentication_key
            )
            values = utils.parse_as_dlms_data(xdlms.DataNotification.from_bytes(plain_text).body)
            if len(values) != 20:
                raise ValueError("a push did not decode to 20 values")
        return len(octets)

    return once


def associations(task: Task) -> Callable[[], int]:
    """The whole of it: connect, AARQ, HLS-GMAC, read the load profile, RLRQ."""
    buffer = attribute(7, LOAD_PROFILE, 2)
    parser = ProfileGenericBufferParser(columns_of(bytes.fromhex(task["capture_objects"])), 15)

    def once() -> int:
        client = make_client(task)
        task["invocation_counter"] += 16
        with client.session():
            rows = parser.parse_bytes(client.get(buffer))
        if len(rows) != task["rows"]:
            raise ValueError(f"expected {task['rows']} rows, got {len(rows)}")
        return 1

    return once


def deframing(task: Task) -> Callable[[], int]:
    """A stream of I frames: found, their checks verified, the information of each taken."""
    octets = bytes.fromhex(task["hdlc"])
    expected = octets.count(b"\x7e\x7e") + 1
    client = HdlcAddress(logical_address=16, physical_address=None, address_type="client")
    server = HdlcAddress(logical_address=1, physical_address=17, address_type="server")

    def once() -> int:
        connection = HdlcConnection(client, server)
        connection.receive_data(octets)
        count = 0
        while connection.buffer:
            connection.state.current_state = state.AWAITING_RESPONSE  # it expects one frame for each of its own
            frame = connection.next_event()
            if frame is not state.NEED_DATA:
                count += len(frame.payload) > 0
        if count != expected:
            raise ValueError(f"{count} frames of {expected}")
        return count

    return once


WORK = {
    "profile_raw": profile_raw,
    "profile_rows": profile_rows,
    "pushes": pushes,
    "deframing": deframing,
    "associations": associations,
}

if __name__ == "__main__":
    serve(perform)
