"""The meter's own objects, as far as prepayment uses them: whether what is written to them makes terms, and the limiters."""

from __future__ import annotations

from typing import Any, Final, Protocol

from ferraris.cosem import Attribute, DisconnectControl, Obis, ProfileObject, Register, obis
from ferraris.cosem.classes.account import Account
from ferraris.cosem.classes.charge import Charge
from ferraris.cosem.classes.credit import Credit
from ferraris.cosem.classes.limiter import Limiter
from ferraris.cosem.classes.object_references import AttributeReference
from ferraris.cosem.classes.token_gateway import TokenGateway
from ferraris.kernel.errors import TableError
from ferraris.meter.changes import Keep
from ferraris.meter.live_values import LONG_UNSIGNED_MAX
from ferraris.meter.meter import Meter
from ferraris.meter.model import MeterModel
from ferraris.meter.payment.terms import Terms

_NEEDED: Final = (
    (Account.class_id, obis.ACCOUNT),
    (Credit.class_id, obis.CREDIT_TOKEN),
    (Credit.class_id, obis.CREDIT_EMERGENCY),
    (Charge.class_id, obis.CHARGE_CONSUMPTION),
    (Charge.class_id, obis.CHARGE_DAILY),
    (Charge.class_id, obis.CHARGE_DEBT),
    (TokenGateway.class_id, obis.TOKEN_GATEWAY),
    (DisconnectControl.class_id, obis.DISCONNECT_CONTROL),
)


def has_prepayment(model: MeterModel) -> bool:
    """Whether meters of this model have everything that prepayment is kept by. Those with a part of it only show it."""
    return all(model.find(class_id, name) is not None for class_id, name in _NEEDED)


class Owner(Protocol):
    """The logical device whose payment objects say on what terms the account is kept."""

    @property
    def meter(self) -> Meter: ...
    @property
    def model(self) -> MeterModel: ...
    def value(self, attribute: Attribute[Any], name: Obis) -> Any:
        """An attribute as it is set."""
        ...

    def setting(self, entry: ProfileObject, number: int) -> bytes:
        """Its octets as they are set."""
        ...

    def keep(self, entry: ProfileObject, values: tuple[Keep, ...], now_ms: int) -> object:
        """Keep these attributes of one object, all of them or none."""
        ...


def make_terms(owner: Owner, entry: ProfileObject, values: tuple[Keep, ...]) -> bool:
    """Whether an account can be kept once these attributes are set."""
    changed = {(entry.class_id, bytes(entry.logical_name), value.attribute.number): value for value in values}

    def value(attribute: Attribute[Any], name: Obis) -> Any:
        new = changed.get((attribute.owner.class_id, bytes(name), attribute.number))
        return owner.value(attribute, name) if new is None else attribute.datatype.decode(new.octets)

    try:
        Terms.of(value)
    except TableError:
        return False
    return True


def activate_unit_charge(owner: Owner, name: Obis, now_ms: int) -> None:
    """The passive unit charge of a charge becomes the active one; it stays what it was where that makes no terms."""
    charge = owner.model.find(Charge.class_id, name)
    assert charge is not None  # a meter without its charges keeps no account
    passive = owner.setting(charge, Charge.unit_charge_passive.number)
    active: Attribute[Any] = Charge.unit_charge_active
    owner.keep(charge, (Keep(active, passive),), now_ms)


def limit_power(owner: Owner, limit_w: int, now_ms: int) -> None:
    """The limiter holds this threshold against the active power that is taken; it cannot hold more than 65,535 W."""
    _limit(owner, obis.LIMITER, obis.ACTIVE_POWER_IMPORT, limit_w, now_ms)


def limit_phases(owner: Owner, limit_w: int, now_ms: int) -> None:
    """The limiter of the phases holds it against the difference between their powers. A meter with one phase has none."""
    _limit(owner, obis.PHASE_LIMITER, obis.PHASE_UNBALANCE, limit_w, now_ms)


def _limit(owner: Owner, name: Obis, register: Obis, limit_w: int, now_ms: int) -> None:
    limiter = owner.model.find(Limiter.class_id, name)
    if limiter is None:
        return
    watched = AttributeReference(Register.class_id, register, Register.value.number)
    threshold: Attribute[Any] = Limiter.threshold_normal
    monitored: Attribute[Any] = Limiter.monitored_value
    datatype = limiter.attributes[threshold.number].datatype
    limit = Keep(threshold, datatype.encode(min(limit_w, LONG_UNSIGNED_MAX)))
    owner.keep(limiter, (limit, Keep(monitored, monitored.datatype.encode(watched))), now_ms)
