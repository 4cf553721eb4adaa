"""IEC 62056-21, the dialogue at a meter's optical head, without I/O: the way into HDLC (mode E), data readout (A to D), programming.

`SignOn` is the reader's end, `MeterSignOn` the meter's; `decode_readout` takes a readout apart. Behind a sign-on for programming
`Programmer` and `MeterProgramming` go on. `UnsolicitedReceiver` finds what a meter in mode D sends.
"""

from ferraris.iec62056_21.block_check import block_check, with_parity, without_parity
from ferraris.iec62056_21.commands import BREAK, Block, Command, MessageReader, Sign, Wanted, address_and_value
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
from ferraris.iec62056_21.programming import Answer, MeterProgramming, Programmer, Values
from ferraris.iec62056_21.readout import DataSet, decode_readout, encode_readout, read_data_sets
from ferraris.iec62056_21.sign_on import OPENING, LineForm, MeterSignOn, SignOn, SignOnState
from ferraris.iec62056_21.unsolicited import (
    UNSOLICITED_FORM,
    Unsolicited,
    UnsolicitedReceiver,
    decode_unsolicited,
    encode_unsolicited,
)

__all__ = [
    "BREAK",
    "OPENING",
    "UNSOLICITED_FORM",
    "Acknowledgement",
    "Answer",
    "Block",
    "Choice",
    "Command",
    "DataSet",
    "Identification",
    "LineForm",
    "MessageReader",
    "MeterProgramming",
    "MeterSignOn",
    "Mode",
    "Programmer",
    "Sign",
    "SignOn",
    "SignOnState",
    "Unsolicited",
    "UnsolicitedReceiver",
    "Values",
    "Wanted",
    "address_and_value",
    "block_check",
    "decode_acknowledgement",
    "decode_identification",
    "decode_readout",
    "decode_request",
    "decode_unsolicited",
    "encode_readout",
    "encode_request",
    "encode_unsolicited",
    "read_data_sets",
    "with_parity",
    "without_parity",
]
