"""What happens on a line with several meters, whatever its frames are: HDLC or M-Bus."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class DataLink(NamedTuple):
    """Who talks: a client with a logical device of a meter, by the meter's address on the line."""

    client_sap: int
    physical: int
    server_sap: int


class LineMessage(NamedTuple):
    """An APDU has come. One that is not confirmed (UI, or sent to every station) may not be answered."""

    link: DataLink
    apdu: bytes
    confirmed: bool


class LineEnded(NamedTuple):
    """A client has gone, by its own word or by inactivity, or begun anew."""

    link: DataLink


LineEvent: TypeAlias = LineMessage | LineEnded
