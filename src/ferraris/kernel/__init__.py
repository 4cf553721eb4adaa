"""The ground floor: time and randomness as arguments, the tree of errors, frozen dataclasses, named limits, units, open enumerations,
spelling of names, table files, JSON, addresses of hosts, parts of URLs, moments as text, the collector of garbage.

Nothing here knows a protocol; everything above may use it, module by module: `clock`, `entropy`, `errors`, `frozen`, `garbage`,
`json_text`, `limits`, `network_address`, `open_enum`, `spelling`, `tables`, `units`, `url_parts`, `utc_text`.
"""
