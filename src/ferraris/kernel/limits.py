"""Named limits: every buffer, count, depth and length that a peer could inflate stands here once.

Octets are counted after framing. The values leave room for the largest thing a real meter does (an object list of some
hundreds of objects, a load profile of some weeks) and stop what only an attack would send.
"""

from __future__ import annotations

from typing import Final

# A-XDR (codec)
DATA_DEPTH_MAX: Final = 32
"""Arrays and structures nested in one another."""
DATA_ELEMENTS_MAX: Final = 1_000_000
"""Elements decoded from one APDU, over all its arrays and structures."""
BER_DEPTH_MAX: Final = 8

# APDUs (dlms)
APDU_OCTETS_MAX: Final = 65_535
"""The largest APDU in one wrapper WPDU; also the largest max-receive-pdu-size that can be negotiated."""
PDU_SIZE_MIN: Final = 64
"""The smallest max-receive-pdu-size a peer may ask for: below it no ciphered block can carry data."""
BLOCK_TRANSFER_OCTETS_MAX: Final = 16 * 1024 * 1024
"""A long GET result, reassembled."""
BLOCK_TRANSFER_BLOCKS_MAX: Final = 65_536
ATTRIBUTE_DESCRIPTORS_MAX: Final = 256
"""Attribute descriptors in one with-list request."""
PROTECTION_DEPTH_MAX: Final = 4
"""Ciphering layers around one APDU."""
INVOCATION_COUNTER_MAX: Final = 0xFFFF_FFFF
CHALLENGE_OCTETS_MIN: Final = 8
CHALLENGE_OCTETS_MAX: Final = 64

# Framing
WRAPPER_HEADER_OCTETS: Final = 8
HDLC_FRAME_OCTETS_MAX: Final = 2_047
HDLC_REASSEMBLY_OCTETS_MAX: Final = 65_535

# Meter
CONNECTIONS_PER_METER_MAX: Final = 8
"""Open connections to one virtual meter; one more is closed at once."""
