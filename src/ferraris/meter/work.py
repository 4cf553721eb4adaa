"""What timed objects have done: actions of scripts, performed by the meter itself."""

from __future__ import annotations

from ferraris.codec import Data, Tag
from ferraris.cosem import Obis, ScriptAction, ScriptService, ScriptTable
from ferraris.cosem.classes.activity_calendar import ActivityCalendar


def script(table: Obis, selector: int) -> ScriptAction:
    """A script of a script table is executed."""
    parameter = Data(Tag.LONG_UNSIGNED, selector)
    return ScriptAction(
        ScriptService.EXECUTE_METHOD, ScriptTable.class_id, table, ScriptTable.execute.number, parameter
    )


def activation(calendar: Obis) -> ScriptAction:
    """A calendar's passive part becomes its active one."""
    method = ActivityCalendar.activate_passive_calendar
    return ScriptAction(
        ScriptService.EXECUTE_METHOD, ActivityCalendar.class_id, calendar, method.number, Data(Tag.INTEGER, 0)
    )
