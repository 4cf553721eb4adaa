"""What an association, or the receiver of pushes, does otherwise for a meter with quirks."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from ferraris.cosem import Quirk
from ferraris.dlms.push import PushSecurity
from ferraris.dlms.settings import AssociationSettings


def tolerant_settings(settings: AssociationSettings, quirks: AbstractSet[Quirk]) -> AssociationSettings:
    """The settings of an association with a meter that has these quirks."""
    if Quirk.NO_RELEASE in quirks:
        settings = replace(settings, sends_release=False)
    if settings.security is None:
        return settings
    security = settings.security
    if Quirk.EMPTY_SYSTEM_TITLE in quirks:
        security = replace(security, takes_empty_title=True)
    if Quirk.TAG_WITHOUT_HEADER in quirks:
        security = replace(security, tag_covers_header=False)
    return settings if security is settings.security else replace(settings, security=security)


def tolerant_push(security: PushSecurity, quirks: AbstractSet[Quirk]) -> PushSecurity:
    """What a receiver knows of a sender that has these quirks."""
    return replace(security, any_suite=True) if Quirk.ANY_SUITE in quirks else security
