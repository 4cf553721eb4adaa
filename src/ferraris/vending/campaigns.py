"""Campaigns: bringing many meters to a new base date, key revision, supply group, tariff index or key expiry.

A campaign writes down for each meter the configuration it is to have. From then on its next purchase brings the key change; or the
campaign issues the tokens at once, to be delivered or handed out. A meter has *entered* them when a token under the new key is
known to be accepted, or when somebody has seen it: that, and how it is known, is the proof of completion.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace

from ferraris.store import (
    CampaignMeterRow,
    SaleFilter,
    VendingAuditRow,
    VendingCampaignRow,
    VendingReader,
    VendingStore,
    VendingWriter,
)
from ferraris.sts import BaseDate, StsConfiguration, StsError
from ferraris.vending.errors import KeyChangeError, VendingError
from ferraris.vending.meters import ConfigurationState, KnownMeter, known_meter, sts_configuration, want_configuration
from ferraris.vending.orders import KeyChangeRequest, check_text
from ferraris.vending.sale import Delivery, Sale, SaleKind, SaleState


@dataclass(frozen=True, slots=True)
class CampaignGoal:
    """What is to change; None leaves it as it is."""

    supply_group_code: str | None = None
    key_revision_number: int | None = None
    tariff_index: int | None = None
    base_date: BaseDate | None = None
    key_expiry_number: int | None = None

    def applied_to(self, configuration: StsConfiguration) -> StsConfiguration:
        """The configuration that the campaign wants for a meter that has this one. Raises StsError."""
        changes = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return replace(configuration, **changes)


@dataclass(frozen=True, slots=True)
class CampaignStart:
    """What a campaign found: how many meters it is about, and which it leaves out, and why."""

    meters: int
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CampaignMeter:
    """One meter of a campaign and how far it is."""

    meter: str
    account: str
    state: ConfigurationState
    """Wanted: no tokens issued. Issued: sold or handed out, not known to be entered. Loaded: entered. Former: gone beyond."""
    issued_ms: int | None
    loaded_ms: int | None
    proof: str
    stranded_tokens: int
    """Credit tokens under the former key that no meter is known to have taken: to be entered before the key change, else lost."""

    @property
    def entered(self) -> bool:
        """Whether the meter is known to have, or to have had, the new configuration."""
        return self.loaded_ms is not None


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """A campaign as it stands."""

    name: str
    goal: CampaignGoal
    created_ms: int
    closed_ms: int | None
    meters: tuple[CampaignMeter, ...]

    @property
    def complete(self) -> bool:
        """Whether every meter has entered its key change."""
        return all(meter.entered for meter in self.meters)

    def counts(self) -> dict[str, int]:
        """How many meters are how far: wanted, issued, entered."""
        entered = sum(meter.entered for meter in self.meters)
        wanted = sum(meter.state is ConfigurationState.WANTED for meter in self.meters)
        return {"wanted": wanted, "issued": len(self.meters) - entered - wanted, "entered": entered}

    def not_entered(self) -> list[CampaignMeter]:
        """The meters that are still to be seen to."""
        return [meter for meter in self.meters if not meter.entered]


class Campaigns:
    """Campaigns over the registered meters."""

    def __init__(self, store: VendingStore, change_key: Callable[[KeyChangeRequest, int], Sale]) -> None:
        self._store = store
        self._change_key = change_key

    def states(self) -> Counter[tuple[int, int, int, str]]:
        """How many meters have which base date (year), key revision number, tariff index and supply group code."""
        with self._store.reading() as reader:
            rows = reader.newest_configurations((ConfigurationState.ISSUED.value, ConfigurationState.LOADED.value))
        present = [sts_configuration(row) for row in rows]
        return Counter(
            (one.base_date.year, one.key_revision_number, one.tariff_index, one.supply_group_code) for one in present
        )

    def start(
        self, name: str, goal: CampaignGoal, operator: str, now_ms: int, meters: Iterable[str] | None = None
    ) -> CampaignStart:
        """Want the goal for these meters, or for all. Meters that are there already, or cannot be brought there, are left out."""
        check_text("campaign", name)
        left_out: list[tuple[str, str]] = []
        with self._store.writing("start_campaign") as writer:
            if writer.campaign(name) is not None:
                raise VendingError(f"there is a campaign {name}")
            numbers = list(meters) if meters is not None else [row.decoder_reference_number for row in writer.meters()]
            rows: list[CampaignMeterRow] = []
            for number in dict.fromkeys(numbers):
                try:
                    known = known_meter(writer, number)
                    position = want_configuration(writer, known, _wanted(goal, known), now_ms)
                except (VendingError, StsError) as error:
                    left_out.append((number, str(error)))
                    continue
                rows.append(CampaignMeterRow(campaign=name, meter=number, configuration=position))
            campaign = VendingCampaignRow(name=name, goal=_goal_text(goal), created_ms=now_ms, created_by=operator)
            writer.add([campaign])
            writer.add(rows)
            _note(writer, operator, "start campaign", name, f"{len(rows)} meters", now_ms)
        return CampaignStart(len(rows), tuple(left_out))

    def issue(self, name: str, till: str, operator: str, now_ms: int, limit: int = 1_000) -> list[Sale]:
        """Issue the key-change tokens of meters that wait for them. Run again, it goes on where it was cut off."""
        waiting = [meter for meter in self.progress(name).meters if meter.state is ConfigurationState.WANTED]
        sales: list[Sale] = []
        for meter in waiting[:limit]:
            request = KeyChangeRequest(
                message_id=f"campaign {name} {meter.meter}", till=till, operator=operator, meter=meter.meter
            )
            sales.append(self._change_key(request, now_ms))
        return sales

    def progress(self, name: str) -> CampaignProgress:
        """How far each meter is. Raises VendingError."""
        with self._store.reading() as reader:
            row = reader.campaign(name)
            if row is None:
                raise VendingError("no such campaign", got=repr(name[:40]))
            meters = [_meter(reader, one) for one in reader.campaign_meters(name)]
        return CampaignProgress(row.name, _read_goal(row.goal), row.created_ms, row.closed_ms, tuple(meters))

    def list(self) -> list[VendingCampaignRow]:
        """All campaigns, the oldest first."""
        with self._store.reading() as reader:
            return reader.campaigns()

    def close(self, name: str, operator: str, now_ms: int) -> CampaignProgress:
        """Close a campaign that is complete. Raises VendingError naming how many meters have not entered."""
        progress = self.progress(name)
        if not progress.complete:
            raise VendingError(
                f"campaign {name} is not complete", got=f"{len(progress.not_entered())} meters not entered"
            )
        with self._store.writing("close_campaign") as writer:
            writer.close_campaign(name, now_ms)
            _note(writer, operator, "close campaign", name, f"{len(progress.meters)} meters entered", now_ms)
        return self.progress(name)


def _wanted(goal: CampaignGoal, meter: KnownMeter) -> StsConfiguration:
    """What the goal makes of the meter, on top of what it waits for already. KeyChangeError when it is there."""
    coming = (meter.wanted or meter.present).sts
    if all(goal.applied_to(one) == one for one in (meter.present.sts, coming)):
        raise KeyChangeError("the meter has this configuration already")
    return goal.applied_to(coming)


def stranded_sales(reader: VendingReader, meter: KnownMeter, before: int) -> list[int]:
    """Numbers of credit sales under a configuration before that position whose token no meter is known to have taken."""
    wanted = SaleFilter(
        meter=meter.number,
        states=(SaleState.POSTED.value,),
        kinds=(SaleKind.CREDIT.value, SaleKind.FREE_ISSUE.value),
        deliveries=tuple(one.value for one in Delivery if one is not Delivery.ACCEPTED),
    )
    return [row.number for row in reader.sales(wanted) if row.configuration < before]


def _meter(reader: VendingReader, row: CampaignMeterRow) -> CampaignMeter:
    known = known_meter(reader, row.meter)
    configured = known.at(row.configuration)
    return CampaignMeter(
        row.meter,
        known.account.number,
        configured.state,
        configured.row.issued_ms,
        configured.row.loaded_ms,
        configured.row.proof,
        len(stranded_sales(reader, known, row.configuration)),
    )


def _goal_text(goal: CampaignGoal) -> str:
    return json.dumps({field.name: getattr(goal, field.name) for field in fields(goal)})


def _read_goal(text: str) -> CampaignGoal:
    kept = json.loads(text)
    base_date = kept.pop("base_date")
    return CampaignGoal(**kept, base_date=None if base_date is None else BaseDate(base_date))


def _note(writer: VendingWriter, actor: str, action: str, subject: str, detail: str, now_ms: int) -> None:
    writer.add([VendingAuditRow(at_ms=now_ms, actor=actor, action=action, subject=subject, detail=detail)])
