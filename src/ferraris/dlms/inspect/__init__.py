"""Captured octets explained: the engine behind `ferraris decode`.

`inspect` takes any frame or APDU apart, from the flags down to the readings of a push, into values that JSON can carry.
`answer_line` does so for one line of JSON, a `Conversation` for traffic in both directions, where each message helps to understand
the next; `octet_table` names the field of each octet. Nothing in here is on the way of live traffic.
"""

from ferraris.dlms.inspect.conversation import Conversation, Message
from ferraris.dlms.inspect.inspection import Inspection, inspect
from ferraris.dlms.inspect.json_lines import answer_line, error_to_json
from ferraris.dlms.inspect.keys import InspectionKeys
from ferraris.dlms.inspect.octet_map import OctetField
from ferraris.dlms.inspect.octet_table import octet_table
from ferraris.dlms.inspect.push_layouts import PushLayout, push_layouts
from ferraris.dlms.inspect.readings import text_of

__all__ = [
    "Conversation",
    "Inspection",
    "InspectionKeys",
    "Message",
    "OctetField",
    "PushLayout",
    "answer_line",
    "error_to_json",
    "inspect",
    "octet_table",
    "push_layouts",
    "text_of",
]
