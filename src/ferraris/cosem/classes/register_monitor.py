"""Register monitor, class 21: scripts executed when a value crosses a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.classes.object_references import ATTRIBUTE_REFERENCE
from ferraris.cosem.classes.register import REGISTER_VALUE
from ferraris.cosem.classes.single_action_schedule import ExecutedScript
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import Array, Structure


@dataclass(frozen=True, slots=True)
class ThresholdActions:
    """The scripts executed when the value rises over a threshold and when it falls below it."""

    action_up: Annotated[ExecutedScript, Structure(ExecutedScript)]
    action_down: Annotated[ExecutedScript, Structure(ExecutedScript)]


THRESHOLDS: Final = Array(REGISTER_VALUE)
ACTIONS: Final = Array(Structure(ThresholdActions))


class RegisterMonitor(CosemObject, class_id=21, version=0):
    """Watches an attribute. Blue Book 4.5.6.

    There are as many actions as thresholds, in the same order; a threshold has the type and scaler of the value watched.
    """

    thresholds = Attribute(2, THRESHOLDS, STATIC)
    monitored_value = Attribute(3, ATTRIBUTE_REFERENCE, STATIC)
    actions = Attribute(4, ACTIONS, STATIC)
