"""The ground floor: time and randomness as arguments, the tree of errors, named limits, units, table files.

Nothing here knows a protocol; everything above may use it, module by module: `clock`, `entropy`, `errors`, `limits`,
`tables`, `units`.
"""
