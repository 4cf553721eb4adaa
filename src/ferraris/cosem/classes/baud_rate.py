"""The speeds of serial ports, as several setup classes number them."""

from __future__ import annotations

from enum import IntEnum


class BaudRate(IntEnum):
    """Bits in a second."""

    BAUD_300 = 0
    BAUD_600 = 1
    BAUD_1200 = 2
    BAUD_2400 = 3
    BAUD_4800 = 4
    BAUD_9600 = 5
    BAUD_19200 = 6
    BAUD_38400 = 7
    BAUD_57600 = 8
    BAUD_115200 = 9
