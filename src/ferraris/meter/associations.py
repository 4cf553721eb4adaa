"""The associations that a meter offers: one for each client, with its authentication and keys."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ferraris.cosem import client_title
from ferraris.dlms import WITH_SECURITY, AssociationSettings, BroadcastKeys, Security
from ferraris.dlms.apdu import Mechanism
from ferraris.meter.device import LogicalDevice
from ferraris.meter.security_memory import SecurityState


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
        self._state: SecurityState | None = None
        """That the settings handed out were made of."""

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
            self._security = security_of(self._device)
        return self._security

    def renewed(self) -> bool:
        """After a request that may have changed keys, policy or secrets: whether it has, so that settings must be found anew."""
        if self._state is None or self._device.security.state is self._state:
            return False
        self._security = None
        self._made.clear()
        return True

    def _settings(self, name: str) -> AssociationSettings:
        self._state = self._device.security.state
        offered = self._device.model.profile.associations[name]
        mechanism = Mechanism(offered.authentication)
        security = self.security if offered.ciphered or mechanism in WITH_SECURITY else None
        if security is not None and offered.client_system_title:
            security = replace(security, peer_system_title=client_title(name, offered))
        return AssociationSettings(
            mechanism=mechanism,
            secret=self._device.security.secret(name),
            security=security,
            plain_context=not offered.ciphered,
            referencing=offered.referencing,
            pre_established_pdu_size=offered.pre_established_pdu_size,
        )


def security_of(device: LogicalDevice) -> Security:
    """Keys and policy of the meter as they are now."""
    security = device.security
    broadcast = security.broadcast_keys
    return Security(
        device.identity.system_title,
        security.cipher_keys,
        device.sending_counter,
        device.counter_guard,
        security.request_policy,
        key_pairs=security.key_pairs,
        signed=security.wants_signatures,
        master_key=security.master_key,
        broadcast=None
        if broadcast is None
        else BroadcastKeys(broadcast, device.sending_counter, security.broadcast_guard),
        transactions=security,
        answer_policy=security.answer_policy,
    )
