"""The runtime: carries out what the head-end decides, and tells it what came of it.

One task steps the head-end; one task a running association talks with its meter; one task writes. The head-end bounds how
many associations run; a semaphore of the same number makes sure. Everything from outside is injected (links, clock,
entropy, stores, master key), so the simulator runs this very code without a socket and without real time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from ferraris.client import ClientAssociation
from ferraris.cosem import CompanionProfile
from ferraris.headend import (
    USUAL_PROFILES,
    AssociationFinished,
    Client,
    CollectedProfile,
    CollectionPlan,
    CollectionRequested,
    CommandKind,
    CommandPosted,
    CommandWithdrawn,
    Effect,
    Event,
    Failure,
    HeadEnd,
    KnownCoverage,
    MeterRegistered,
    PushFault,
    PushReceived,
    PushRejected,
    RaiseInvocationCounter,
    RunAssociation,
    masked_argument,
)
from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import ConfigError, FerrarisError, InvocationCounterError, LinkTimeoutError
from ferraris.keys import MasterKey
from ferraris.link import Connector, Link, LinkServer, Listener
from ferraris.runtime.carriers import Lines, framing_of, line_of
from ferraris.runtime.companion import companion_profile, edition_of
from ferraris.runtime.conversation import Conversation
from ferraris.runtime.failures import failure_of
from ferraris.runtime.key_ring import KeyRing
from ferraris.runtime.kinds import Offer, offer_of, offer_or_fault
from ferraris.runtime.learning import Shapes
from ferraris.runtime.push import PushListener
from ferraris.runtime.recovery import known_coverage, load_config, recover, save_plan, wanted_of
from ferraris.runtime.settings import RuntimeSettings
from ferraris.runtime.writer import Offload, Writer, run_inline
from ferraris.store import AuditRow, CommandRow, CommandState, MeterRow, Stores
from ferraris.vending import Vending

LOG = structlog.get_logger("ferraris.runtime")
DEFAULT_LINK: Final = "tcp"
KNOWN_FROM_STORES: Final = (MeterRegistered, CommandPosted, CommandWithdrawn)
"""What happened before the start is in the stores, and so in what the head-end is restarted with."""


@dataclass(frozen=True, slots=True)
class World:
    """What the runtime gets from outside."""

    clock: Clock
    entropy: Entropy
    connect: Connector
    offload: Offload = run_inline
    other_connectors: Mapping[str, Connector] = field(default_factory=dict)
    """By the word in a meter's row, for meters that are not reached by `connect`."""

    def connector(self, row: MeterRow) -> Connector:
        """What opens links to this meter. ConfigError when there is nothing that does."""
        if row.link == DEFAULT_LINK:
            return self.connect
        try:
            return self.other_connectors[row.link]
        except KeyError:
            expected = ", ".join([DEFAULT_LINK, *self.other_connectors])
            raise ConfigError("no such link to a meter", expected=expected, got=row.link) from None


class Runtime:
    """The head-end in operation. Make it in a running event loop; `run` returns after `stop`."""

    def __init__(
        self, stores: Stores, master_key: MasterKey, world: World, settings: RuntimeSettings | None = None
    ) -> None:
        self.settings = settings or RuntimeSettings()
        self.stores = stores
        self.head_end = HeadEnd(load_config(stores.records, self.settings.limits), world.entropy)
        self.vending: Vending | None = None
        """Who sells tokens in this process, if anybody does."""
        self.pushes_dropped = 0
        self.steps = 0
        """Counts the head-end's steps: who watches the state looks again when it has changed."""
        self._world = world
        self._key_ring = KeyRing(stores.records, master_key, self.settings)
        self._writer = Writer(stores, self._key_ring, self.settings, self.post, world.offload)
        self._push = PushListener(self._key_ring, self.settings, self._take_push)
        self._inbox: deque[Event] = deque()
        self._flooded = False
        """Whether pushes were dropped since the last step."""
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()
        self._stopping = False
        self._tasks: dict[int, asyncio.Task[None]] = {}
        limits = self.settings.limits
        self._places = asyncio.Semaphore(limits.concurrency_max + limits.urgent_reserve)
        self._lines = Lines()
        self._shapes: dict[int, Shapes] = {}
        """By meter, what its profiles look like."""
        self._editions: dict[str, int] = {}
        """Of the companion profiles as they were used last, by name."""
        self._failure: BaseException | None = None

    # For the console and the command line

    @property
    def clock(self) -> Clock:
        """The clock that the head-end lives by."""
        return self._world.clock

    def companion_profile(self, name: str) -> CompanionProfile:
        """The companion profile of that name or path. Raises ConfigError or TableError for one that cannot be had."""
        return companion_profile(name)

    def post_command(self, meter: int, kind: CommandKind, argument: str = "", requested_by: str = "") -> CommandRow:
        """Durably take an operator's command and hand it to the head-end. Raises StoreError."""
        now_ms = self._world.clock.now_ms()
        records = self.stores.records
        row = records.add_command(meter, kind.value, argument, now_ms, requested_by)
        subject = f"meter {meter}"
        detail = masked_argument(argument) if kind is CommandKind.ENTER_TOKEN else argument
        records.add_audit(
            [AuditRow(at_ms=now_ms, actor=requested_by, action=kind.value, subject=subject, detail=detail)]
        )
        self.post(CommandPosted(row))
        return row

    def withdraw_command(self, command: int, reason: str) -> bool:
        """Durably take back a command that is not with its meter at this moment. Raises StoreError.

        False: it is on its way right now, or settled. One that has left before (`sent_ms`) may have been carried out.
        """
        row = self.stores.records.command(command)
        if row is None or not (row.state is CommandState.PENDING or self._rests(row)):
            return False
        self.stores.records.advance_command(command, CommandState.FAILED, self._world.clock.now_ms(), reason)
        self.post(CommandWithdrawn(command, reason))
        return True

    def _rests(self, row: CommandRow) -> bool:
        """Whether a command that has left is in doubt, and no association is finding out what became of it."""
        if row.state not in (CommandState.SENT, CommandState.UNKNOWN):
            return False
        state = self.head_end.state
        before_the_start = not self.steps
        return before_the_start or (row.id in state.commands and not state.meters[row.meter].association)

    def register(self, rows: Sequence[MeterRow]) -> None:
        """Durably add meters to the registry and begin to collect them. Raises StoreError, TableError for an unknown kind."""
        self._plan_groups(rows)
        # An unknown kind raises before it is on record.
        offers = [offer_of(row.profile, wanted_of(self.head_end.config, row)) for row in rows]
        self.stores.records.add_meters(rows)
        self._key_ring.register(rows)
        for row, offer in zip(rows, offers, strict=True):
            self.post(_registered(row, offer))

    def set_plan(self, plan: CollectionPlan) -> None:
        """Durably set the plan of a group, new or not. It counts at once, for what is collected from known meters, too."""
        save_plan(self.stores.records, plan)
        config = self.head_end.config
        former = next((other for other in config.plans if other.group == plan.group), None)
        plans = (*(other for other in config.plans if other is not former), plan)
        # In the order in which the store lists them after the next start, too.
        self.head_end.config = replace(config, plans=tuple(sorted(plans, key=lambda one: one.group)))
        if former is not None and former.profiles != plan.profiles:
            for meter in self.head_end.state.meters.values():
                if meter.row.group == plan.group:
                    self._offer_anew(meter.row)

    def update(self, row: MeterRow) -> None:
        """Durably change a meter's row (address, group, keys). Raises StoreError."""
        self._plan_groups([row])
        offer = offer_of(row.profile, wanted_of(self.head_end.config, row))
        self.stores.records.update_meter(row)
        self._key_ring.register([row])
        self._shapes.pop(row.id, None)
        self.post(_registered(row, offer, self._stored(row, offer.profiles)))

    def _offer_anew(self, row: MeterRow) -> None:
        """The plan or the companion profile of a known meter has changed: what is collected changes with it."""
        offer = offer_or_fault(row.profile, wanted_of(self.head_end.config, row))
        self._shapes.pop(row.id, None)
        self.post(_registered(row, offer, self._stored(row, offer.profiles)))

    def _look_at_kind(self, name: str) -> None:
        """A companion profile whose file has changed counts from the next association with any of its meters on."""
        try:
            edition = edition_of(name)
        except FerrarisError:
            return  # the association will fail for it, and say so
        if self._editions.setdefault(name, edition) != edition:
            self._editions[name] = edition
            for meter in self.head_end.state.meters.values():
                if meter.row.profile == name:
                    self._offer_anew(meter.row)

    def _plan_groups(self, rows: Sequence[MeterRow]) -> None:
        """A group that nobody has made yet gets a first plan."""
        for group in sorted({row.group for row in rows} - {plan.group for plan in self.head_end.config.plans}):
            self.set_plan(CollectionPlan(group, USUAL_PROFILES))

    def request_collection(self, group: str | None = None, meters: Iterable[int] | None = None) -> None:
        """Read these meters now, whatever their plans say."""
        self.post(CollectionRequested(group, None if meters is None else tuple(meters)))

    def post(self, event: Event) -> None:
        """Hand an event to the head-end. Pushes beyond the bound are dropped, nothing else is."""
        if len(self._inbox) >= self.settings.inbox_max and isinstance(event, PushReceived | PushRejected):
            self.pushes_dropped += 1
            if self._flooded:
                return
            self._flooded = True
            event = PushRejected(None, PushFault.FLOOD, f"{len(self._inbox)} events wait, pushes are dropped")
        self._inbox.append(event)
        self._woken.set()

    def _take_push(self, event: Event) -> None:
        self.post(event)
        if isinstance(event, PushReceived):
            self._writer.wake()

    async def changed(self) -> None:
        """Wait for the head-end's next step."""
        await self._changed.wait()

    async def listen(self, listener: Listener, host: str, port: int) -> LinkServer:
        """Take pushes at an address; the caller closes the server."""
        return await listener(host, port, self._push.serve)

    # Running

    async def run(self) -> None:
        """Recover from the stores, then decide and carry out until `stop`. Raises what stops it otherwise."""
        restarted = recover(self.stores, self.head_end.config, self._world.clock.now_ms())
        self._key_ring.register(known.row for known in restarted.meters)
        waiting = [event for event in self._inbox if not isinstance(event, KNOWN_FROM_STORES)]
        self._inbox = deque([restarted, *waiting])
        writing = asyncio.create_task(self._writer.run(), name="writer")
        writing.add_done_callback(self._watch)
        try:
            while not self._stopping:
                self._step()
                await self._wait()
            await self._wind_down()
        finally:
            await self._end([*self._tasks.values(), writing])
        await self._writer.flush()

    def stop(self) -> None:
        """Let `run` finish: associations under way are waited for, no more are started."""
        self._stopping = True
        self._woken.set()

    def _step(self) -> None:
        events = list(self._inbox)
        self._inbox.clear()
        self._flooded = False
        self._woken.clear()
        for effect in self.head_end.step(self._world.clock.now_ms(), events):
            self._carry_out(effect)
        self.steps += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self) -> None:
        """Until something happens, or until the head-end has something to do."""
        wake_ms = self.head_end.wake_at()
        delay_s = None if wake_ms is None else self._world.clock.delay_s(wake_ms)
        try:
            async with asyncio.timeout(delay_s):
                await self._woken.wait()
        except TimeoutError:
            pass
        if self._failure is not None:
            raise self._failure

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case RunAssociation():
                task = asyncio.create_task(self._associate(effect), name=f"association {effect.association}")
                self._tasks[effect.association] = task
                task.add_done_callback(self._watch)
            case RaiseInvocationCounter():
                self._raise_counter(effect)
            case _:
                self._writer.add(effect)

    def _raise_counter(self, effect: RaiseInvocationCounter) -> None:
        try:
            self._key_ring.counter(effect.meter).raise_above(effect.used_up_to)
        except InvocationCounterError as error:
            # The next association will show that the counter is still refused; the head-end judges that.
            LOG.warning("counter_not_raised", meter=effect.meter, error=str(error))

    async def _associate(self, effect: RunAssociation) -> None:
        meter = self.head_end.state.meters[effect.meter]
        self._look_at_kind(meter.row.profile)
        async with self._lines.alone_on(line_of(meter.row)), self._places:
            event = await self._run_association(effect, meter.row)
        self._tasks.pop(effect.association, None)
        self.post(event)

    async def _run_association(self, effect: RunAssociation, row: MeterRow) -> AssociationFinished:
        failure: Failure | None = None
        conversation: Conversation | None = None
        link: Link | None = None
        association: ClientAssociation | None = None
        try:
            async with asyncio.timeout(self.settings.association_timeout_s):
                public = effect.client is Client.PUBLIC
                settings = self._key_ring.public_settings(row) if public else self._key_ring.client_settings(row)
                framing = framing_of(row, settings.client_sap)
                link = await self._connect(row)
                association = ClientAssociation(link, settings, self._world.entropy, framing=framing)
                await association.associate()
                counter = self._key_ring.counter(row.id)
                conversation = Conversation(
                    association,
                    row,
                    self._world.clock,
                    self.stores.records,
                    lambda: counter.last_taken,
                    self._shapes.setdefault(row.id, Shapes(row.profile)),
                    lambda profiles: self._stored(row, profiles),
                )
                for work in effect.work:
                    await conversation.perform(work)
                with suppress(FerrarisError):  # the work is done, however the meter takes its leave
                    await association.release()
        except (FerrarisError, OSError) as error:
            failure = failure_of(error)
        except Exception as error:
            # A defect of ours in the face of one meter's octets must not end the collection of all the others.
            LOG.exception("defect", meter=row.serial)
            failure = failure_of(error)
        finally:
            if association is not None:
                await association.aclose()
            elif link is not None:
                await link.aclose()
        outcomes = () if conversation is None else tuple(conversation.outcomes)
        return AssociationFinished(effect.association, effect.meter, outcomes, failure)

    def _stored(self, row: MeterRow, profiles: tuple[CollectedProfile, ...]) -> tuple[KnownCoverage, ...]:
        now_s = self._world.clock.now_ms() // 1_000
        return tuple(known_coverage(self.stores.intervals, [row], {row.id: profiles}, now_s)[row.id])

    async def _connect(self, row: MeterRow) -> Link:
        try:
            async with asyncio.timeout(self.settings.connect_timeout_s):
                return await self._world.connector(row)(row.host, row.port)
        except TimeoutError:
            raise LinkTimeoutError(f"no link to {row.host}:{row.port} in time") from None

    # The end

    async def _wind_down(self) -> None:
        """Give the associations under way their time, and take in what they bring."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=self.settings.stop_timeout_s)
        events = [event for event in self._inbox if not isinstance(event, PushReceived | PushRejected)]
        self._inbox.clear()
        for effect in self.head_end.step(self._world.clock.now_ms(), events):
            if not isinstance(effect, RunAssociation):
                self._carry_out(effect)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _watch(self, task: asyncio.Task[None]) -> None:
        """A task that fails ends the runtime: it stands for a store that is gone or a defect, never for a meter."""
        if task.cancelled() or task.exception() is None or self._failure is not None:
            return
        self._failure = task.exception()
        self._woken.set()


def _registered(row: MeterRow, offer: Offer, stored: tuple[KnownCoverage, ...] = ()) -> MeterRegistered:
    """A meter as its kind offers it; `stored` where something of it is in the store."""
    return MeterRegistered(row, offer.profiles, offer.unknown, offer.fault, offer.note, stored)
