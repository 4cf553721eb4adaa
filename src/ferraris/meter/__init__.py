"""The virtual meter: metrology, memory, events, disconnector and DLMS server of a fleet of electricity meters.

Everything a meter knows lies in memory-mapped non-volatile memory, one row per meter; a `Meter` is a view on one row. A
process that dies at any moment finds its meters again as they were, and each of them logs the outage. `FleetService` serves
a `Fleet` over links that are handed in; `load` models say what flows, a function of meter and time that an auditor can
ask as well. What the `memory` is made of (`committed_rows`, `ring`, `mapped_file`) stands open to the simulator, which cuts
it off at any write.
"""

from ferraris.meter.clock import ProfileStatus, Zone
from ferraris.meter.csv_replay import CsvReplay
from ferraris.meter.device import LogicalDevice
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode, MeterEvent, read_events
from ferraris.meter.faults import Fault, FaultKind
from ferraris.meter.firmware import Firmware, build_image, signing_key
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.identity import Identity, meter_keys
from ferraris.meter.load import LoadModel, Quantity, StochasticLoad
from ferraris.meter.meter import Meter
from ferraris.meter.model import MeterModel, meter_model
from ferraris.meter.payment import (
    PaymentManufacture,
    Prepayment,
    TokenOutcome,
    decoder_reference_number,
    sts_configuration,
    vending_key,
)
from ferraris.meter.payment_memory import payment_file
from ferraris.meter.registry import registry_line, write_registry, write_vending_files
from ferraris.meter.server import MeterServer
from ferraris.meter.serving import FleetService, ServiceSettings

__all__ = [
    "Command",
    "CsvReplay",
    "EventCode",
    "Fault",
    "FaultKind",
    "Firmware",
    "Fleet",
    "FleetService",
    "Identity",
    "LoadModel",
    "LogicalDevice",
    "Manufacture",
    "Meter",
    "MeterEvent",
    "MeterModel",
    "MeterServer",
    "PaymentManufacture",
    "Prepayment",
    "ProfileStatus",
    "Quantity",
    "ServiceSettings",
    "StochasticLoad",
    "Surroundings",
    "TokenOutcome",
    "Zone",
    "build_image",
    "decoder_reference_number",
    "meter_keys",
    "meter_model",
    "payment_file",
    "read_events",
    "registry_line",
    "signing_key",
    "sts_configuration",
    "vending_key",
    "write_registry",
    "write_vending_files",
]
