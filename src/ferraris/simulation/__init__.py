"""The world in a bottle: the product's own programs on a virtual clock and a faulty network, replayed from one seed.

`run_virtual` runs asyncio code in virtual time; `Network` stands where TCP and UDP stand in the field; `Process` is
what can be killed; `EventLog` writes down what happened, the same octets for the same seed. `run_world` puts meters,
collectors and trouble together, watched by an auditor whose objection is an `AuditError`. `Households` buy and type tokens for
prepaid meters, and `audit_prepayment` compares what was sold with what was taken; the demo plays them as well.
"""

from __future__ import annotations

from ferraris.simulation.errors import AuditError, DeadlockError, SimulationError, StandstillError
from ferraris.simulation.events import EventLog
from ferraris.simulation.faults import Fault, FaultKind, FaultRates, draw_faults
from ferraris.simulation.household import Display, Temper
from ferraris.simulation.households import NOBODY, Bought, Households, TillRefusedError
from ferraris.simulation.loop import VirtualClock, VirtualLoop, run_virtual
from ferraris.simulation.medium import CALM, Conditions, Medium
from ferraris.simulation.network import Network, SimulatedServer
from ferraris.simulation.prepayment_audit import SoldTokens, TakenTokens, audit_prepayment
from ferraris.simulation.process import Process, current_process
from ferraris.simulation.report import Report
from ferraris.simulation.script import WorldSettings, replay_command
from ferraris.simulation.till import make_fleet_keystore, new_meters
from ferraris.simulation.world import run_world

__all__ = [
    "CALM",
    "NOBODY",
    "AuditError",
    "Bought",
    "Conditions",
    "DeadlockError",
    "Display",
    "EventLog",
    "Fault",
    "FaultKind",
    "FaultRates",
    "Households",
    "Medium",
    "Network",
    "Process",
    "Report",
    "SimulatedServer",
    "SimulationError",
    "SoldTokens",
    "StandstillError",
    "TakenTokens",
    "Temper",
    "TillRefusedError",
    "VirtualClock",
    "VirtualLoop",
    "WorldSettings",
    "audit_prepayment",
    "current_process",
    "draw_faults",
    "make_fleet_keystore",
    "new_meters",
    "replay_command",
    "run_virtual",
    "run_world",
]
