"""What an association by short names sees of a meter."""

from __future__ import annotations

from ferraris.cosem import AssociationSnV0, AssociationSnV2, load_profile, obis
from ferraris.meter.short_name_view import ShortNameView

PROFILE = load_profile("short_name_meter")


def test_an_object_has_the_same_short_name_in_every_association() -> None:
    views = {name: ShortNameView(PROFILE, name) for name in PROFILE.associations}
    names = {name: view.names.of_attribute(8, obis.CLOCK, 2) for name, view in views.items()}
    assert set(names.values()) == {0x2BC8}, "as the profile states it"
    public = {element.logical_name for element in views["public"].names.elements}
    assert obis.LOAD_PROFILE not in public
    assert len(public) < len(views["management"].names.elements)


def test_both_lists_are_encoded_values() -> None:
    view = ShortNameView(PROFILE, "reading")
    elements = AssociationSnV0.object_list.datatype.decode(view.object_list)
    rights = AssociationSnV2.access_rights_list.datatype.decode(view.access_rights_list)
    assert len(elements) == len(rights) == len(PROFILE.object_list("reading"))
