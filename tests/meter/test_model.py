"""What all meters of one companion profile share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import AssociationLn, CaptureObject, Obis, load_profile, obis
from ferraris.kernel.errors import TableError
from ferraris.meter.model import MeterModel, meter_model

MODEL = meter_model("smr5_three_phase")


def test_one_model_serves_all_meters_of_its_profile() -> None:
    assert meter_model("smr5_three_phase") is MODEL
    assert meter_model("smr5_single_phase") is not MODEL


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(TableError):
        meter_model("no_such_meter")


def test_a_profile_that_others_only_inherit_is_refused() -> None:
    with pytest.raises(TableError, match="smr5 offers no association"):
        meter_model("smr5")


def test_objects_are_found_by_class_and_name() -> None:
    found = MODEL.find(3, obis.ACTIVE_ENERGY_IMPORT)
    assert found is not None
    assert found.tag == "ACTIVE_ENERGY_IMPORT"
    assert MODEL.find(1, obis.ACTIVE_ENERGY_IMPORT) is None
    assert MODEL.has_name(obis.ACTIVE_ENERGY_IMPORT)
    assert not MODEL.has_name(Obis.parse("0.0.17.0.9.255"))


@pytest.mark.parametrize(("association", "sees"), [("management", True), ("reading", True), ("public", False)])
def test_an_association_sees_what_its_object_list_says(association: str, sees: bool) -> None:
    assert MODEL.sees(association, 7, obis.LOAD_PROFILE) is sees
    listed = AssociationLn.object_list.datatype.decode(MODEL.object_list(association))
    assert any(element.logical_name == obis.LOAD_PROFILE for element in listed) is sees
    assert listed == MODEL.profile.object_list(association)


def test_profiles_behind_which_there_is_a_ring() -> None:
    kept = MODEL.kept_profile(obis.LOAD_PROFILE)
    assert kept is not None
    assert (kept.ring, kept.entries_max) == (
        "load",
        load_profile("smr5_three_phase").object("LOAD_PROFILE").profile_entries,
    )
    assert MODEL.kept_profile(obis.FRAUD_DETECTION_EVENT_LOG) is None


def test_a_profile_that_no_virtual_meter_can_serve_is_refused() -> None:
    profile = load_profile("smr5_three_phase")
    entry = profile.object("LOAD_PROFILE")
    more = replace(entry, capture_objects=(*entry.capture_objects, CaptureObject(3, obis.CURRENT_L1, 2)))
    objects = tuple(more if other is entry else other for other in profile.objects)
    with pytest.raises(TableError, match="LOAD_PROFILE"):
        MeterModel(replace(profile, objects=objects))
