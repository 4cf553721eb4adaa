"""The virtual meter: metrology, memory, events and disconnector of a fleet of electricity meters.

Everything a meter knows lies in memory-mapped non-volatile memory, one row per meter; a `Meter` is a view on one row.
A process that dies at any moment finds its meters again as they were, and each of them logs the outage.
"""
