"""What lies between the hosts of the simulated world: delay, loss and partitions, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.entropy import Entropy
from ferraris.simulation.events import EventLog


@dataclass(frozen=True, slots=True)
class Conditions:
    """How well octets travel at a time. Probabilities from 0 to 1; the default is a good day."""

    latency_min_ms: int = 5
    latency_max_ms: int = 50
    """One way, drawn for each segment and datagram; datagrams overtake one another by it, segments of a stream do not."""
    loss: float = 0.0
    """Of a datagram, and of each attempt to carry a segment of a stream, which is then repeated after a while."""
    duplication: float = 0.0
    """Of a datagram."""
    cutting: float = 0.3
    """That what is sent at once on a stream arrives in two pieces, cut at any octet."""
    reset: float = 0.0
    """That a stream ends at any octet of a segment, and both ends learn it."""
    half_open: float = 0.0
    """That from this segment on nothing passes on a stream, and no end learns it but by waiting."""


CALM = Conditions()


class Medium:
    """The paths between hosts, which are named by their addresses."""

    def __init__(self, entropy: Entropy, log: EventLog) -> None:
        self.conditions = CALM
        self.log = log
        self.witness: Callable[[str, str, bytes], None] | None = None
        """Told what a program at one address (`host:port`) hands over for another, before anything can happen to it."""
        self._entropy = entropy
        self._cuts: dict[str, frozenset[str]] = {}
        self._off: dict[str, None] = {}

    def cut(self, name: str, hosts: Iterable[str]) -> None:
        """Partition: from now on nothing passes between `hosts` and all others. Cuts with other names stay."""
        self._cuts[name] = frozenset(hosts)
        self.log.record("cut", name, hosts=",".join(sorted(self._cuts[name])))

    def heal(self, name: str) -> None:
        """End a partition; nothing happens if there is none of this name."""
        if self._cuts.pop(name, None) is not None:
            self.log.record("heal", name)

    def switch_off(self, host: str) -> None:
        """The host hears and says nothing until it is switched on."""
        self._off[host] = None

    def switch_on(self, host: str) -> None:
        """Undo `switch_off`."""
        self._off.pop(host, None)

    def calm(self) -> None:
        """End of all faults: good conditions and no partition. Hosts that are off stay so."""
        self.conditions = CALM
        for name in list(self._cuts):
            self.heal(name)

    def reachable(self, source: str, destination: str) -> bool:
        """Octets sent now from one host to the other may arrive."""
        if source in self._off or destination in self._off:
            return False
        return all((source in hosts) == (destination in hosts) for hosts in self._cuts.values())

    def carries(self, source: str, destination: str) -> bool:
        """Whether this one attempt to carry something gets through."""
        return self.reachable(source, destination) and not self.happens(self.conditions.loss)

    def handed_over(self, local: str, peer: str, octets: bytes) -> None:
        """A program has sent something."""
        if self.witness is not None:
            self.witness(local, peer, octets)

    def happens(self, probability: float) -> bool:
        """Draw one chance."""
        return probability > 0 and self._entropy.uniform() < probability

    def below(self, bound: int) -> int:
        """Draw a number from 0 up to and without `bound`."""
        return int(self._entropy.uniform() * bound)

    def latency_s(self) -> float:
        """Draw the time of one way."""
        conditions = self.conditions
        return (
            conditions.latency_min_ms + self.below(conditions.latency_max_ms - conditions.latency_min_ms)
        ) / MS_PER_S
