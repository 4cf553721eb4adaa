"""Key custody: the software keystore, and the security modules of prepayment.

A `MasterKey` in a file wraps the `MeterKeys` for the store. Invocation counters belong to keys, so their two rules are
here too: `ReservedCounter` for sending (no value twice, whatever crashes) and `CounterGuard` for receiving (only upwards).
Where counters and wrapped keys are persisted is the caller's choice, handed in as a function.
The package `security_module` keeps vending keys and issues tokens under them; `private_file` writes files for their owner alone.
"""

from __future__ import annotations

from ferraris.keys.counters import NEVER_ACCEPTED, CounterGuard, ReservedCounter
from ferraris.keys.master import MASTER_KEY_OCTETS, MasterKey
from ferraris.keys.meter_keys import MeterKeys, WrappedMeterKeys
from ferraris.keys.redaction import REDACTED, redact

__all__ = [
    "MASTER_KEY_OCTETS",
    "NEVER_ACCEPTED",
    "REDACTED",
    "CounterGuard",
    "MasterKey",
    "MeterKeys",
    "ReservedCounter",
    "WrappedMeterKeys",
    "redact",
]
