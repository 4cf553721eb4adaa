"""The head-end asks a meter for what nobody has written down of it, and tells what cannot be collected."""

from __future__ import annotations

from ferraris.headend import (
    AlarmKind,
    AssociationFinished,
    CloseAlarm,
    CollectedProfile,
    Effect,
    HeadEnd,
    HeadEndConfig,
    KnownCoverage,
    LearnProfiles,
    MeterRegistered,
    OpenAlarm,
    Outcome,
    ProfilesLearnt,
    ReadProfile,
    RunAssociation,
)
from ferraris.kernel.entropy import SeededEntropy
from tests.headend.test_terms import ROW

LOAD = CollectedProfile("LOAD_PROFILE", 1, 900, 960)
START_MS = 1_800 * 900_000
HOUR_MS = 3_600_000


class Story:
    """One meter, its associations ended by hand."""

    def __init__(self, registered: MeterRegistered) -> None:
        self.head_end = HeadEnd(HeadEndConfig(), SeededEntropy(1))
        self.now_ms = START_MS
        self.effects = self.head_end.step(self.now_ms, [registered])

    def next_association(self) -> RunAssociation:
        for _ in range(10):
            self.now_ms = max(self.now_ms, self.head_end.wake_at() or 0) + 1
            for effect in self.head_end.step(self.now_ms):
                if isinstance(effect, RunAssociation):
                    return effect
        raise AssertionError("nothing is to be done")

    def end(self, association: RunAssociation, *outcomes: Outcome) -> list[Effect]:
        finished = AssociationFinished(association.association, association.meter, outcomes)
        return self.head_end.step(self.now_ms, [finished])


def alarms(effects: list[Effect]) -> list[str]:
    return [e.text for e in effects if isinstance(e, OpenAlarm) and e.kind == AlarmKind.PROFILE]


def test_a_meter_is_asked_once_and_then_collected() -> None:
    story = Story(MeterRegistered(ROW, (), ("LOAD_PROFILE",)))
    first = story.next_association()
    assert LearnProfiles(("LOAD_PROFILE",)) in first.work
    assert not any(isinstance(work, ReadProfile) for work in first.work)
    slot = LOAD.slot_at(story.now_ms // 1_000)
    known = KnownCoverage("LOAD_PROFILE", slot, ((slot - 3, slot),), slot - 4)
    effects = story.end(first, ProfilesLearnt((LOAD,), (known,)))
    (second,) = (effect for effect in effects if isinstance(effect, RunAssociation))  # at once
    assert not any(isinstance(work, LearnProfiles) for work in second.work)
    assert [(w.first_slot, w.last_slot) for w in second.work if isinstance(w, ReadProfile)] == [(slot - 3, slot)]


def test_a_meter_that_was_not_reached_is_asked_again() -> None:
    story = Story(MeterRegistered(ROW, (), ("LOAD_PROFILE",)))
    story.end(story.next_association())
    assert LearnProfiles(("LOAD_PROFILE",)) in story.next_association().work


def test_faults_of_the_profile_and_of_the_meter_are_one_alarm() -> None:
    story = Story(MeterRegistered(ROW, (), ("LOAD_PROFILE",), "one is wrong"))
    assert alarms(story.effects) == ["one is wrong"]
    story.end(story.next_association(), ProfilesLearnt((), (), "so is another"))
    (alarm,) = story.head_end.state.alarms.values()
    assert alarm.kind == AlarmKind.PROFILE


def test_a_corrected_row_ends_the_alarm() -> None:
    story = Story(MeterRegistered(ROW, (LOAD,), (), "one is wrong"))
    effects = story.head_end.step(story.now_ms, [MeterRegistered(ROW, (LOAD,))])
    assert [effect.kind for effect in effects if isinstance(effect, CloseAlarm)] == [AlarmKind.PROFILE]
