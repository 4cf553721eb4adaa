"""Arbitrator, class 68: which of the actions that several actors ask for is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.codec import BitString
from ferraris.cosem.classes.single_action_schedule import ExecutedScript
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BIT_STRING, INTEGER, LONG_UNSIGNED, UNSIGNED, Array, Structure


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """Who asks, counted as in the tables, and a bit for each action asked for."""

    request_actor: Annotated[int, UNSIGNED]
    request_action_list: Annotated[BitString, BIT_STRING]


class Arbitrator(CosemObject, class_id=68, version=0):
    """Weighs the requests of actors for the actions of one resource, say a disconnector. Blue Book 4.5.12.

    The tables have an element for each actor, with a bit or a weight for each action. `last_outcome` is the number of the
    action last carried out, counted from 1; 0 is none.
    """

    actions = Attribute(2, Array(Structure(ExecutedScript)), STATIC)
    permissions_table = Attribute(3, Array(BIT_STRING), STATIC)
    weightings_table = Attribute(4, Array(Array(LONG_UNSIGNED)), STATIC)
    most_recent_requests_table = Attribute(5, Array(BIT_STRING), DYNAMIC)
    last_outcome = Attribute(6, UNSIGNED, DYNAMIC)

    request_action = Method(1, Structure(ActionRequest))
    reset = Method(2, INTEGER)
