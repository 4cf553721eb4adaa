"""The territory of a run: meters in streets, one or two collectors, the network between them, and who watches it all."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TextIO

from ferraris.dlms import CipherKeys
from ferraris.headend import USUAL_PROFILES, CollectionPlan
from ferraris.kernel.entropy import SeededEntropy
from ferraris.keys import MasterKey
from ferraris.meter import Identity, Manufacture, decoder_reference_number, meter_keys
from ferraris.runtime import HEAD_END_SYSTEM_TITLE
from ferraris.simulation.auditor import Auditor
from ferraris.simulation.collector import PUSH_PORT, Collector, CollectorSettings, wrong_keys
from ferraris.simulation.eavesdropper import HOST as EAVESDROPPER_HOST
from ferraris.simulation.eavesdropper import Eavesdropper
from ferraris.simulation.events import EventLog
from ferraris.simulation.loop import VirtualClock, VirtualLoop
from ferraris.simulation.medium import Medium
from ferraris.simulation.network import Network
from ferraris.simulation.script import Script
from ferraris.simulation.street import Street, StreetSettings, Surrounding
from ferraris.simulation.wire import Secret, Wire
from ferraris.store import MeterRow

COLLECTOR_HOST: Final = "10.0.0.1"
RIVAL_HOST: Final = "10.0.0.2"
RIVAL_SYSTEM_TITLE: Final = b"FERHES02"
METER_PORT: Final = 4059
MASTER_KEY_OCTETS: Final = 32


class Territory:
    """Built from a script, in an empty directory; nothing runs yet."""

    def __init__(self, script: Script, loop: VirtualLoop, directory: Path, sink: TextIO | None = None) -> None:
        self.script = script
        self.clock = VirtualClock(loop, script.epoch_ms)
        self.log = EventLog(self.clock, sink)
        self.entropy = SeededEntropy(f"world {script.settings.seed}")
        self.medium = Medium(self.entropy.fork("medium"), self.log)
        self.network = Network(self.medium)
        self.auditor = Auditor(script.settings.seed, self.log, self.clock.now_ms)
        self._directory = directory
        self._master_key = MasterKey(self.entropy.fork("master key").octets(MASTER_KEY_OCTETS))
        self.wire = self._wire()
        self.eavesdropper = Eavesdropper(self.network, self.log)
        self.medium.witness = self._witness
        self.streets = self._streets()
        self.collectors = self._collectors()

    @property
    def programs(self) -> list[Street | Collector]:
        """Everything that runs, in the order in which it starts."""
        return [*self.streets, *self.collectors]

    def street_of(self, number: int) -> Street:
        """Where a meter is."""
        return next(street for street in self.streets if number in street.numbers)

    def hosts(self, numbers: tuple[int, ...]) -> list[str]:
        """The meters' own, and the gateways of the streets whose first meter is among them."""
        gateways = [street.gateway for street in self.streets if street.numbers[0] in numbers]
        return [*(Identity(number).host for number in numbers), *gateways]

    def _witness(self, local: str, peer: str, octets: bytes) -> None:
        self.wire.sent(local, peer, octets)
        self.eavesdropper.heard(local, peer, octets)

    def _wire(self) -> Wire:
        settings = self.script.settings
        secrets: dict[str, Secret] = {}
        titles = {COLLECTOR_HOST: HEAD_END_SYSTEM_TITLE, RIVAL_HOST: RIVAL_SYSTEM_TITLE}
        for number in range(1, settings.meters + 1):
            identity, keys = Identity(number), meter_keys(settings.seed, number)
            secrets[identity.host] = Secret(number, CipherKeys(keys.encryption_key, keys.authentication_key))
            titles[identity.host] = identity.system_title
        return Wire(secrets, titles, self.auditor.fail, strangers=frozenset({EAVESDROPPER_HOST}))

    def _streets(self) -> list[Street]:
        settings = self.script.settings
        streets = []
        for place, first in enumerate(range(1, settings.meters + 1, settings.meters_per_street), 1):
            count = min(settings.meters_per_street, settings.meters + 1 - first)
            made = Manufacture(count, self.script.drift_ppm_max, self.script.clock_error_ms_max)
            of_street = StreetSettings(place, first, made, settings.seed, place % 2 == 1, settings.prepaid)
            streets.append(self._street(of_street))
        return streets

    def _street(self, settings: StreetSettings) -> Street:
        around = Surrounding(self.clock, self.log, self.network, self.auditor, COLLECTOR_HOST, PUSH_PORT)
        directory = self._directory / f"street{settings.place}"
        directory.mkdir()
        return Street(settings, around, directory, self.entropy.fork(f"street {settings.place}"), self.script.epoch_ms)

    def _collectors(self) -> list[Collector]:
        script = self.script
        rows = tuple(self._row(street, number) for street in self.streets for number in street.numbers)
        mixed_up = wrong_keys(rows, script.unkeyed)
        prepaid = script.settings.prepaid
        first = self._collector("collector", COLLECTOR_HOST, HEAD_END_SYSTEM_TITLE, mixed_up, script.unkeyed, prepaid)
        collectors = [first]
        if script.rival_meters:
            shared = tuple(row for row in rows if row.id in script.rival_meters)
            collectors.append(self._collector("rival", RIVAL_HOST, RIVAL_SYSTEM_TITLE, shared, frozenset()))
        return collectors

    def _collector(
        self,
        name: str,
        host: str,
        system_title: bytes,
        rows: tuple[MeterRow, ...],
        unkeyed: frozenset[int],
        prepaid: int = 0,
    ) -> Collector:
        script = self.script
        plan = CollectionPlan(
            profiles=USUAL_PROFILES,
            period_s=script.collection_period_s,
            spread_s=script.spread_s,
            seed=script.settings.seed,
        )
        settings = CollectorSettings(
            name, host, system_title, rows, plan, script.flush_interval_s, unkeyed, prepaid, script.settings.seed
        )
        directory = self._directory / name
        directory.mkdir()
        return Collector(
            settings,
            self.clock,
            self.log,
            self.network,
            self.auditor,
            directory,
            self._master_key,
            self.entropy.fork(name),
        )

    def _row(self, street: Street, number: int) -> MeterRow:
        identity = Identity(number)
        wrapped = meter_keys(self.script.settings.seed, number).wrapped(self._master_key)
        return MeterRow(
            id=number,
            serial=identity.serial,
            profile=street.model_of(number).profile.name,
            host=identity.host,
            port=METER_PORT,
            group="default",
            client_sap=1,
            server_sap=1,
            system_title=identity.system_title,
            created_ms=self.script.epoch_ms,
            wrapped_encryption_key=wrapped.encryption_key,
            wrapped_authentication_key=wrapped.authentication_key,
            link="udp" if number in self.script.datagram_meters else "tcp",
            # Tokens for a meter that cannot be read are typed.
            decoder_reference_number=""
            if number > self.script.settings.prepaid or number in self.script.unkeyed
            else decoder_reference_number(number),
        )
