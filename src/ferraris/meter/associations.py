"""The associations that a meter offers: one for each client, with its authentication and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ferraris.cosem import Authentication
from ferraris.dlms import AssociationSettings, CipherKeys, Security
from ferraris.dlms.apdu import Mechanism
from ferraris.meter.device import LogicalDevice

MECHANISMS: Final = {
    Authentication.LOWEST: Mechanism.LOWEST,
    Authentication.LLS: Mechanism.LLS,
    Authentication.HLS_GMAC: Mechanism.HLS_GMAC,
}


@dataclass(frozen=True, slots=True)
class OfferedAssociation:
    """What the meter has for one client: the companion profile's name for it, and the engine's settings."""

    name: str
    settings: AssociationSettings


class OfferedAssociations:
    """The associations of one meter, made when a client first asks for them."""

    def __init__(self, device: LogicalDevice) -> None:
        self._device = device
        self._made: dict[str, OfferedAssociation] = {}
        self._security: Security | None = None

    def find(self, client_sap: int, server_sap: int) -> OfferedAssociation | None:
        """The association between two service access points; None when the meter offers none."""
        name = self._device.model.profile.association_of(client_sap, server_sap)
        if name is None:
            return None
        if name not in self._made:
            self._made[name] = OfferedAssociation(name, self._settings(name))
        return self._made[name]

    @property
    def security(self) -> Security:
        """The meter's global keys and their counters: the same for every association that ciphers, and for pushes."""
        if self._security is None:
            device = self._device
            keys = CipherKeys(device.keys.encryption_key, device.keys.authentication_key)
            title = device.identity.system_title
            self._security = Security(title, keys, device.sending_counter, device.counter_guard)
        return self._security

    def _settings(self, name: str) -> AssociationSettings:
        offered = self._device.model.profile.associations[name]
        return AssociationSettings(
            mechanism=MECHANISMS[offered.authentication],
            secret=self._device.keys.lls_secret or b"",
            security=self.security if offered.ciphered else None,
            referencing=offered.referencing,
        )
