"""What one association by short names sees: the object list and the rights as Association SN tells them, worked out once."""

from __future__ import annotations

from ferraris.cosem import (
    AccessRightsElementSn,
    AssociationSnV0,
    AssociationSnV2,
    CompanionProfile,
    ShortNames,
    assign_base_names,
)


class ShortNameView:
    """The short names of a companion profile's objects, as far as an association sees them."""

    def __init__(self, profile: CompanionProfile, association: str) -> None:
        """TableError when stated base names overlap."""
        seen = {(element.class_id, element.logical_name): element for element in profile.object_list(association)}
        # Names are given out to all objects, so that an object has the same ones in every association.
        every = assign_base_names([(entry.interface, entry.logical_name, entry.base_name) for entry in profile.objects])
        elements = tuple(element for element in every if (element.class_id, element.logical_name) in seen)
        rights = []
        for element in elements:
            access = seen[element.class_id, element.logical_name].access_rights
            rights.append(AccessRightsElementSn(element.base_name, access.attribute_access, access.method_access))
        self.names = ShortNames(elements)
        self.object_list = AssociationSnV0.object_list.datatype.encode(elements)
        """Encoded."""
        self.access_rights_list = AssociationSnV2.access_rights_list.datatype.encode(tuple(rights))
        """Encoded."""
