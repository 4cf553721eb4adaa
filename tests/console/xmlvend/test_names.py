"""The names of XMLVend are those that clients in the field send."""

from __future__ import annotations

from ferraris.console.xmlvend.names import BASE, METER, PREFIXES, REVENUE


def test_the_three_namespaces_are_of_one_version() -> None:
    assert {name.split("/")[4] for name in (BASE, REVENUE, METER)} == {"base", "revenue", "meter"}
    assert all(name.endswith("/2.1/schema") for name in (BASE, REVENUE, METER))


def test_every_prefix_has_a_namespace_of_its_own() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)
