"""The world in a bottle: the product's own programs on a virtual clock and a faulty network, replayed from one seed.

`run_virtual` runs asyncio code in virtual time; `Network` stands where TCP and UDP stand in the field; `Process` is
what can be killed; `EventLog` writes down what happened, the same octets for the same seed. `run_world` puts meters,
collectors and trouble together, watched by an auditor whose objection is an `AuditError`.
"""

from __future__ import annotations

from ferraris.simulation.errors import AuditError, DeadlockError, SimulationError, StandstillError
from ferraris.simulation.events import EventLog
from ferraris.simulation.faults import Fault, FaultKind, FaultRates, draw_faults
from ferraris.simulation.loop import VirtualClock, VirtualLoop, run_virtual
from ferraris.simulation.medium import CALM, Conditions, Medium
from ferraris.simulation.network import Network, SimulatedServer
from ferraris.simulation.process import Process, current_process
from ferraris.simulation.report import Report
from ferraris.simulation.script import WorldSettings, replay_command
from ferraris.simulation.world import run_world

__all__ = [
    "CALM",
    "AuditError",
    "Conditions",
    "DeadlockError",
    "EventLog",
    "Fault",
    "FaultKind",
    "FaultRates",
    "Medium",
    "Network",
    "Process",
    "Report",
    "SimulatedServer",
    "SimulationError",
    "StandstillError",
    "VirtualClock",
    "VirtualLoop",
    "WorldSettings",
    "current_process",
    "draw_faults",
    "replay_command",
    "run_virtual",
    "run_world",
]
