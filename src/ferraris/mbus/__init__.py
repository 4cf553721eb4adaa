"""The link layer of wired M-Bus (EN 13757-2), without I/O: frames, and both stations of the dialogue that carries user data.

`PrimaryStation` asks and `SecondaryStation` answers, by primary or by secondary address; `SecondarySearch` finds who is there; `MbusDeframer` finds frames in a live stream, `read_long_frame` reads captures. What
the user data mean, the control information CI says, and whoever uses these stations.
"""

from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import (
    BROADCAST,
    LONG_FRAME_DATA_MAX,
    START_LONG,
    TO_ANY_STATION,
    TO_SELECTED,
    MbusFrame,
    SingleCharacter,
    encode_long_frame,
    encode_short_frame,
    read_long_frame,
)
from ferraris.mbus.primary import MbusTiming, NothingReady, PrimaryEvent, PrimaryStation, Sent, UserData
from ferraris.mbus.search import EVERYBODY, SecondarySearch
from ferraris.mbus.secondary import SecondaryStation
from ferraris.mbus.secondary_address import SecondaryAddress, decode_secondary_address

__all__ = [
    "BROADCAST",
    "EVERYBODY",
    "LONG_FRAME_DATA_MAX",
    "START_LONG",
    "TO_ANY_STATION",
    "TO_SELECTED",
    "MbusDeframer",
    "MbusFrame",
    "MbusTiming",
    "NothingReady",
    "PrimaryEvent",
    "PrimaryStation",
    "SecondaryAddress",
    "SecondarySearch",
    "SecondaryStation",
    "Sent",
    "SingleCharacter",
    "UserData",
    "decode_secondary_address",
    "encode_long_frame",
    "encode_short_frame",
    "read_long_frame",
]
