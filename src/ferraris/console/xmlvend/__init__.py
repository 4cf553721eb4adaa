"""XMLVend 2.1 for vending software that speaks it already: SOAP letters in, orders to vending, SOAP letters out."""

from __future__ import annotations

from ferraris.console.xmlvend.route import XMLVEND_PATH, xmlvend_routes

__all__ = ["XMLVEND_PATH", "xmlvend_routes"]
