"""The names of XMLVend 2.1: its three namespaces, SOAP's two, and the prefixes that we write them with."""

from __future__ import annotations

from typing import Final

BASE: Final = "http://www.nrs.eskom.co.za/xmlvend/base/2.1/schema"
REVENUE: Final = "http://www.nrs.eskom.co.za/xmlvend/revenue/2.1/schema"
METER: Final = "http://www.nrs.eskom.co.za/xmlvend/meter/2.1/schema"
SOAP_1_1: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2: Final = "http://www.w3.org/2003/05/soap-envelope"
INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"

PREFIXES: Final = {"base": BASE, "revenue": REVENUE, "meter": METER, "xsi": INSTANCE}
"""The prefixes of our answers. `xsi:type` names its type by prefix, so these are declared at the envelope."""
