"""Actions that timed objects have done."""

from __future__ import annotations

from ferraris.codec import encode_data
from ferraris.cosem import ScriptAction, ScriptTable, obis
from ferraris.cosem.classes.activity_calendar import ActivityCalendar
from ferraris.meter.model import meter_model
from ferraris.meter.work import activation, script


def declared(action: ScriptAction) -> object:
    """What the action's parameter is to the method that it names, of an object that the meter has."""
    found = meter_model("smr5_three_phase").find(action.class_id, action.logical_name)
    assert found is not None
    method = found.interface.method(action.index)
    assert method is not None
    return method, method.argument.decode(encode_data(action.parameter))


def test_a_script_is_executed_by_its_number() -> None:
    assert declared(script(obis.TARIFF_SCRIPTS, 2)) == (ScriptTable.execute, 2)


def test_the_passive_calendar_is_activated() -> None:
    assert declared(activation(obis.ACTIVITY_CALENDAR)) == (ActivityCalendar.activate_passive_calendar, 0)
