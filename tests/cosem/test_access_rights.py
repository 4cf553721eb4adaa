"""Who may do what: every object of the virtual meters, by every association, as the meters' object lists tell it.

A letter stands for an attribute, in the order of their numbers: `r` read, `b` read and write, `-` nothing. Behind the bar
stands one for each method: `x` may be executed. A dot: the association does not see the object. `ph` is the number of
phases from which on a meter has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ferraris.cosem import AccessMode, AccessRight, AttributeAccess, MethodAccess, Obis, ObjectListElement, load_profile

MATRIX = """
    object                            cls v  logical name      ph management          reading             public
    ASSOCIATION                        15 3  0.0.40.0.0.255    1  rrrrrr-rrrr|xx----  rrrrrr-rrrr|------  .
    SERIAL_NUMBER                       1 0  0.0.96.1.0.255    1  rr                  rr                  .
    DEVICE_ID_2                         1 0  0.0.96.1.1.255    1  rr                  rr                  .
    CLOCK                               8 0  0.0.1.0.0.255     1  rbbrbbrbr|x-x--x    rrrrrrrrr|------    rrrrrrrrr|------
    ACTIVE_FIRMWARE_IDENTIFIER          1 0  1.0.0.2.0.255     1  rr                  rr                  .
    ACTIVE_FIRMWARE_SIGNATURE           1 0  1.0.0.2.8.255     1  rr                  rr                  .
    MODULE_FIRMWARE_IDENTIFIER          1 0  1.1.0.2.0.255     1  rr                  rr                  .
    MODULE_FIRMWARE_SIGNATURE           1 0  1.1.0.2.8.255     1  rr                  rr                  .
    COMMUNICATION_FIRMWARE_IDENTIFIER   1 0  1.2.0.2.0.255     1  rr                  rr                  .
    COMMUNICATION_FIRMWARE_SIGNATURE    1 0  1.2.0.2.8.255     1  rr                  rr                  .
    P1_PORT_VERSION                     1 0  1.3.0.2.0.255     1  rr                  rr                  .
    ACTIVE_ENERGY_IMPORT                3 0  1.0.1.8.0.255     1  rrr|-               rrr|-               .
    ACTIVE_ENERGY_IMPORT_RATE_1         3 0  1.0.1.8.1.255     1  rrr|-               rrr|-               .
    ACTIVE_ENERGY_IMPORT_RATE_2         3 0  1.0.1.8.2.255     1  rrr|-               rrr|-               .
    ACTIVE_ENERGY_EXPORT                3 0  1.0.2.8.0.255     1  rrr|-               rrr|-               .
    ACTIVE_ENERGY_EXPORT_RATE_1         3 0  1.0.2.8.1.255     1  rrr|-               rrr|-               .
    ACTIVE_ENERGY_EXPORT_RATE_2         3 0  1.0.2.8.2.255     1  rrr|-               rrr|-               .
    DEFINABLE_LOAD_PROFILE              7 1  0.1.94.31.6.255   1  rrbbrrrb|--         rrrrrrrr|--         .
    POWER_QUALITY_PROFILE_1             7 1  1.0.99.1.1.255    1  rrbrrrrr|--         rrrrrrrr|--         .
    POWER_QUALITY_PROFILE_2             7 1  1.0.99.1.2.255    1  rrbrrrrr|--         rrrrrrrr|--         .
    ACTIVE_POWER_IMPORT                 3 0  1.0.1.7.0.255     1  rrr|-               rrr|-               .
    ACTIVE_POWER_EXPORT                 3 0  1.0.2.7.0.255     1  rrr|-               rrr|-               .
    ACTIVE_POWER_IMPORT_L1              3 0  1.0.21.7.0.255    1  rrr|-               rrr|-               .
    ACTIVE_POWER_IMPORT_L2              3 0  1.0.41.7.0.255    3  rrr|-               rrr|-               .
    ACTIVE_POWER_IMPORT_L3              3 0  1.0.61.7.0.255    3  rrr|-               rrr|-               .
    ACTIVE_POWER_EXPORT_L1              3 0  1.0.22.7.0.255    1  rrr|-               rrr|-               .
    ACTIVE_POWER_EXPORT_L2              3 0  1.0.42.7.0.255    3  rrr|-               rrr|-               .
    ACTIVE_POWER_EXPORT_L3              3 0  1.0.62.7.0.255    3  rrr|-               rrr|-               .
    CURRENT_SUM                         3 0  1.0.90.7.0.255    1  rrr|-               rrr|-               .
    CURRENT_L1                          3 0  1.0.31.7.0.255    1  rrr|-               rrr|-               .
    CURRENT_L2                          3 0  1.0.51.7.0.255    3  rrr|-               rrr|-               .
    CURRENT_L3                          3 0  1.0.71.7.0.255    3  rrr|-               rrr|-               .
    VOLTAGE_L1                          3 0  1.0.32.7.0.255    1  rrr|-               rrr|-               .
    VOLTAGE_L2                          3 0  1.0.52.7.0.255    3  rrr|-               rrr|-               .
    VOLTAGE_L3                          3 0  1.0.72.7.0.255    3  rrr|-               rrr|-               .
    AVERAGE_ACTIVE_POWER_EXPORT_L1      3 0  1.0.22.4.0.255    1  rrr|-               rrr|-               .
    AVERAGE_ACTIVE_POWER_EXPORT_L2      3 0  1.0.42.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_ACTIVE_POWER_EXPORT_L3      3 0  1.0.62.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_ACTIVE_POWER_IMPORT_L1      3 0  1.0.21.4.0.255    1  rrr|-               rrr|-               .
    AVERAGE_ACTIVE_POWER_IMPORT_L2      3 0  1.0.41.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_ACTIVE_POWER_IMPORT_L3      3 0  1.0.61.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_REACTIVE_POWER_IMPORT_L1    3 0  1.0.23.4.0.255    1  rrr|-               rrr|-               .
    AVERAGE_REACTIVE_POWER_IMPORT_L2    3 0  1.0.43.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_REACTIVE_POWER_IMPORT_L3    3 0  1.0.63.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_REACTIVE_POWER_EXPORT_L1    3 0  1.0.24.4.0.255    1  rrr|-               rrr|-               .
    AVERAGE_REACTIVE_POWER_EXPORT_L2    3 0  1.0.44.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_REACTIVE_POWER_EXPORT_L3    3 0  1.0.64.4.0.255    3  rrr|-               rrr|-               .
    AVERAGE_CURRENT_L1                  3 0  1.0.31.24.0.255   1  rrr|-               rrr|-               .
    AVERAGE_CURRENT_L2                  3 0  1.0.51.24.0.255   3  rrr|-               rrr|-               .
    AVERAGE_CURRENT_L3                  3 0  1.0.71.24.0.255   3  rrr|-               rrr|-               .
    AVERAGE_VOLTAGE_L1                  3 0  1.0.32.24.0.255   1  rrr|-               rrr|-               .
    AVERAGE_VOLTAGE_L2                  3 0  1.0.52.24.0.255   3  rrr|-               rrr|-               .
    AVERAGE_VOLTAGE_L3                  3 0  1.0.72.24.0.255   3  rrr|-               rrr|-               .
    POWER_FAILURES                      1 0  0.0.96.7.21.255   1  rr                  rr                  .
    LONG_POWER_FAILURES                 1 0  0.0.96.7.9.255    1  rr                  rr                  .
    VOLTAGE_DIPS_L1                     1 0  1.0.32.32.0.255   1  rr                  rr                  .
    VOLTAGE_DIPS_L2                     1 0  1.0.52.32.0.255   3  rr                  rr                  .
    VOLTAGE_DIPS_L3                     1 0  1.0.72.32.0.255   3  rr                  rr                  .
    VOLTAGE_SWELLS_L1                   1 0  1.0.32.36.0.255   1  rr                  rr                  .
    VOLTAGE_SWELLS_L2                   1 0  1.0.52.36.0.255   3  rr                  rr                  .
    VOLTAGE_SWELLS_L3                   1 0  1.0.72.36.0.255   3  rr                  rr                  .
    ALARM_REGISTER_1                    1 0  0.0.97.98.0.255   1  rb                  rr                  .
    ALARM_FILTER_1                      1 0  0.0.97.98.10.255  1  rb                  rr                  .
    ADMINISTRATIVE_STATUS               1 0  0.1.94.31.0.255   1  rb                  rr                  .
    CONFIGURATION_OBJECT                1 0  0.1.94.31.3.255   1  rb                  .                   .
    RANDOMISATION_SETTINGS              1 0  0.1.94.31.12.255  1  rb                  rr                  .
    STANDARD_EVENT_LOG                  7 1  0.0.99.98.0.255   1  rrrrrrrr|x-         rrrrrrrr|--         .
    FRAUD_DETECTION_EVENT_LOG           7 1  0.0.99.98.1.255   1  rrrrrrrr|--         rrrrrrrr|--         .
    COMMUNICATION_EVENT_LOG             7 1  0.0.99.98.4.255   1  rrrrrrrr|--         rrrrrrrr|--         .
    POWER_QUALITY_EVENT_LOG             7 1  0.0.99.98.5.255   1  rrrrrrrr|--         rrrrrrrr|--         .
    STANDARD_EVENT_CODE                 1 0  0.0.96.11.0.255   1  rr                  rr                  .
    FRAUD_DETECTION_EVENT_CODE          1 0  0.0.96.11.1.255   1  rr                  rr                  .
    COMMUNICATION_EVENT_CODE            1 0  0.0.96.11.4.255   1  rr                  rr                  .
    COMMUNICATION_EVENT_COUNTER         1 0  0.0.96.15.4.255   1  rr                  rr                  .
    POWER_QUALITY_EVENT_CODE            1 0  0.0.96.11.5.255   1  rr                  rr                  .
    PUSH_SETUP_ALARM                   40 0  0.1.25.9.0.255    1  rbbbbbb|x           .                   .
    IMAGE_TRANSFER                     18 0  0.0.44.0.0.255    1  rrrrbrr|xxxx        rrrrrrr|----        .
    SAP_ASSIGNMENT                     17 0  0.0.41.0.0.255    1  rr|-                rr|-                .
    LOGICAL_DEVICE_NAME                 1 0  0.0.42.0.0.255    1  rr                  rr                  rr
    SECURITY_SETUP                     64 1  0.0.43.0.0.255    1  rrrrrr|xx------     .                   .
    INVOCATION_COUNTER                  1 0  0.0.43.1.0.255    1  rr                  rr                  rr
    INVOCATION_COUNTER_SENT             1 0  0.0.43.1.1.255    1  rr                  rr                  rr
    REACTIVE_ENERGY_IMPORT              3 0  1.0.3.8.0.255     1  rrr|-               rrr|-               .
    REACTIVE_ENERGY_EXPORT              3 0  1.0.4.8.0.255     1  rrr|-               rrr|-               .
    PROFILE_STATUS                      1 0  0.0.96.10.2.255   1  rr                  rr                  .
    LOAD_PROFILE                        7 1  1.0.99.1.0.255    1  rrrrrrrr|--         rrrrrrrr|--         .
    DAILY_PROFILE                       7 1  1.0.99.2.0.255    1  rrrrrrrr|--         rrrrrrrr|--         .
    DISCONNECT_CONTROL                 70 0  0.0.96.3.10.255   1  rrrb|xx             rrrr|--             .
    DISCONNECT_SCRIPTS                  9 0  0.0.10.0.106.255  1  rr|x                rr|-                .
    DISCONNECT_SCHEDULE                22 0  0.0.15.0.1.255    1  rbbb                rrrr                .
    LTE_DIAGNOSTIC                      47 2  0.2.25.6.0.255    1  rrrrrrrr            rrrrrrrr            .
    AUTO_CONNECT                        29 2  0.0.2.1.0.255     1  rbbbbb|x            .                   .
    NTP_SETUP                           100 0  0.0.25.10.0.255   1  rbbbb--|xxx         .                   .
    PUSH_SETUP                          40 2  0.0.25.9.0.255    1  rbbbbbbrrbbbr|xx    .                   .
    PUSH_SCRIPTS                         9 0  0.0.10.0.108.255  1  rr|x                rr|-                .
    PUSH_SCHEDULE                       22 0  0.0.15.0.4.255    1  rbbb                rrrr                .
    LIMITER                             71 0  0.0.17.0.0.255    1  rbrbbbbbbrb         rrrrrrrrrrr         .
    REGISTER_MONITOR                    21 0  0.0.16.0.0.255    1  rbbb                rrrr                .
    ACTIVITY_CALENDAR                   20 0  0.0.13.0.0.255    1  rrrrrbbbbb|x        rrrrrrrrrr|-        .
    SPECIAL_DAYS                        11 0  0.0.11.0.0.255    1  rb|xx               rr|--               .
    REGISTER_ACTIVATION                  6 0  0.0.14.0.0.255    1  rrrr|xxx            rrrr|---            .
    TARIFF_SCRIPTS                       9 0  0.0.10.0.100.255  1  rr|x                rr|-                .
    SCHEDULE                            10 0  0.0.12.0.0.255    1  rb|xxx              rr|---              .
    FIRMWARE_ACTIVATION_SCRIPTS          9 0  0.0.10.0.107.255  1  rr|x                rr|-                .
    FIRMWARE_ACTIVATION_SCHEDULE        22 0  0.0.15.0.2.255    1  rbbb                rrrr                .
"""

ASSOCIATIONS = ("management", "reading", "public")
METERS = {"smr5_single_phase": 1, "smr5_three_phase": 3}
MODES = {"r": AccessMode.READ, "b": AccessMode.READ_WRITE, "-": AccessMode.NONE, "x": AccessMode.EXECUTE}


@dataclass(frozen=True)
class Line:
    """One object of the table."""

    tag: str
    class_id: int
    version: int
    logical_name: Obis
    phases: int
    cells: dict[str, str]


def parsed(line: str) -> Line:
    tag, class_id, version, name, phases, *cells = line.split()
    by_association = dict(zip(ASSOCIATIONS, cells, strict=True))
    return Line(tag, int(class_id), int(version), Obis.parse(name), int(phases), by_association)


LINES = [parsed(line) for line in MATRIX.strip().splitlines()[1:]]


@dataclass(frozen=True)
class Descriptor:
    """An attribute or a method, as the APDUs name it."""

    class_id: int
    logical_name: Obis
    number: int

    @property
    def attribute_id(self) -> int:
        return self.number

    @property
    def method_id(self) -> int:
        return self.number


def expected_element(line: Line, cell: str) -> ObjectListElement:
    """What the object list says of an object, from the letters alone; selectors are those of a profile's buffer and of
    an object list, which the letters leave out."""
    attributes, _, methods = cell.partition("|")
    selectors = {(7, 2): (1, 2), (15, 2): (1, 2, 3, 4)}
    return ObjectListElement(
        line.class_id,
        line.version,
        line.logical_name,
        AccessRight(
            tuple(
                AttributeAccess(number, MODES[letter], selectors.get((line.class_id, number)))
                for number, letter in enumerate(attributes, 1)
            ),
            tuple(MethodAccess(number, MODES[letter]) for number, letter in enumerate(methods, 1)),
        ),
    )


@pytest.mark.parametrize("association", ASSOCIATIONS)
@pytest.mark.parametrize("meter", METERS)
def test_the_object_list_is_the_table(meter: str, association: str) -> None:
    expected = [
        expected_element(line, line.cells[association])
        for line in LINES
        if line.phases <= METERS[meter] and line.cells[association] != "."
    ]
    expected.sort(key=lambda element: element.logical_name)
    listed = sorted(load_profile(meter).object_list(association), key=lambda element: element.logical_name)
    assert [str(element.logical_name) for element in listed] == [str(element.logical_name) for element in expected]
    for element, want in zip(listed, expected, strict=True):
        assert element == want


@pytest.mark.parametrize("meter", METERS)
def test_the_table_names_every_object_of_the_meter(meter: str) -> None:
    objects = [(entry.tag, entry.class_id, entry.version, entry.logical_name) for entry in load_profile(meter).objects]
    assert sorted(objects) == sorted(
        (line.tag, line.class_id, line.version, line.logical_name) for line in LINES if line.phases <= METERS[meter]
    )


@pytest.mark.parametrize("association", ASSOCIATIONS)
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.tag)
def test_each_right_is_granted_and_no_other(line: Line, association: str) -> None:
    profile = load_profile("smr5_three_phase")
    attributes, _, methods = line.cells[association].removeprefix(".").partition("|")
    for number in range(16):
        asked = Descriptor(line.class_id, line.logical_name, number)
        attribute = attributes[number - 1] if 1 <= number <= len(attributes) else "-"
        method = methods[number - 1] if 1 <= number <= len(methods) else "-"
        assert profile.access(association, asked) == MODES[attribute], f"attribute {number}"
        assert profile.method_access(association, asked) == MODES[method], f"method {number}"


def test_the_right_class_is_part_of_the_name() -> None:
    """Nobody comes to an attribute by asking for it under another class's number."""
    profile = load_profile("smr5_three_phase")
    for line in LINES:
        for other in {1, 3, 7, 8, 15, 64, 70} - {line.class_id}:
            assert profile.access("management", Descriptor(other, line.logical_name, 2)) is AccessMode.NONE


RULES = [
    # association  may write  may execute
    ("management", True,      True),
    ("reading",    False,     False),
    ("public",     False,     False),
]  # fmt: skip


@pytest.mark.parametrize(("association", "may_write", "may_execute"), RULES)
def test_only_the_management_client_changes_anything(association: str, may_write: bool, may_execute: bool) -> None:
    letters = "".join(line.cells[association] for line in LINES)
    assert ("b" in letters, "x" in letters) == (may_write, may_execute)
    granted = AccessMode.NONE
    for element in load_profile("smr5_three_phase").object_list(association):
        for attribute in element.access_rights.attribute_access:
            granted |= attribute.access_mode
    assert (AccessMode.WRITE in granted) == may_write


def test_a_secret_is_for_nobody() -> None:
    [association] = [line for line in LINES if line.tag == "ASSOCIATION"]
    secret = Descriptor(association.class_id, association.logical_name, 7)
    for meter in METERS:
        for name in ASSOCIATIONS:
            assert load_profile(meter).access(name, secret) is AccessMode.NONE
