"""IEC 62056-21, the dialogue at a meter's optical head, without I/O: the way into HDLC (mode E) and the data readout (A to C).

`SignOn` is the reader's end, `MeterSignOn` the meter's; `decode_readout` takes a readout apart.
"""

from ferraris.iec62056_21.block_check import block_check, with_parity, without_parity
from ferraris.iec62056_21.messages import (
    Acknowledgement,
    Choice,
    Identification,
    Mode,
    decode_acknowledgement,
    decode_identification,
    decode_request,
    encode_request,
)
from ferraris.iec62056_21.readout import DataSet, decode_readout, encode_readout
from ferraris.iec62056_21.sign_on import OPENING, LineForm, MeterSignOn, SignOn, SignOnState

__all__ = [
    "OPENING",
    "Acknowledgement",
    "Choice",
    "DataSet",
    "Identification",
    "LineForm",
    "MeterSignOn",
    "Mode",
    "SignOn",
    "SignOnState",
    "block_check",
    "decode_acknowledgement",
    "decode_identification",
    "decode_readout",
    "decode_request",
    "encode_readout",
    "encode_request",
    "with_parity",
    "without_parity",
]
