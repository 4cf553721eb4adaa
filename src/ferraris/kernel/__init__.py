"""The ground floor: time and randomness as arguments, the tree of errors, named limits, units, table files.

Nothing here knows a protocol; everything above may use it.
"""
