"""The console: web pages and REST over the running head-end, in the one process that owns the stores.

It asks the head-end's queries and the stores, and orders through the head-end's queue; it decides nothing. `serving`
runs it on the loopback interface; what it needs of the running system is the protocol `System`.
"""

from __future__ import annotations

from ferraris.console.app import create_app, create_rest, create_vending_rest
from ferraris.console.port import System
from ferraris.console.serving import serve, serving
from ferraris.console.summary import Summary, summarize

__all__ = ["Summary", "System", "create_app", "create_rest", "create_vending_rest", "serve", "serving", "summarize"]
