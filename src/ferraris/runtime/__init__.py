"""The runtime: performs what the head-end decides — links, client associations, stores — and feeds back what came of it.

`Runtime(stores, master_key, World(clock, entropy, connect))`; `run()` recovers from the stores and works until `stop()`.
"""

from __future__ import annotations

from ferraris.runtime.carriers import framing_of
from ferraris.runtime.companion import companion_profile
from ferraris.runtime.key_ring import KeyRing
from ferraris.runtime.kinds import Offer, offer_of
from ferraris.runtime.recovery import load_config, recover, save_plan
from ferraris.runtime.runtime import Runtime, World
from ferraris.runtime.settings import HEAD_END_SYSTEM_TITLE, RuntimeSettings
from ferraris.runtime.token_delivery import DeliverySettings, TokenDelivery
from ferraris.runtime.writer import Offload, run_inline

__all__ = [
    "HEAD_END_SYSTEM_TITLE",
    "DeliverySettings",
    "KeyRing",
    "Offer",
    "Offload",
    "Runtime",
    "RuntimeSettings",
    "TokenDelivery",
    "World",
    "companion_profile",
    "framing_of",
    "load_config",
    "offer_of",
    "recover",
    "run_inline",
    "save_plan",
]
