"""How a tool comes to an association with a meter: link by URL, keys by file, invocation counter by the meter's own word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from ferraris.cli.carriers import framing_of, open_link
from ferraris.cli.counter_file import CounterFile
from ferraris.cli.key_file import ClientKeys, read_keys
from ferraris.cli.meter_url import PUBLIC_CLIENT, MeterUrl
from ferraris.client import ClientAssociation, ClientSettings
from ferraris.cosem import Data, load_profile, obis
from ferraris.dlms import Associated, AssociationSettings, Ciphering, CipherKeys, Framing, Security, SecurityControl
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError, FerrarisError, InvocationCounterError, LinkError
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.link import Link


class Authentication(Enum):
    """The mechanisms by the names that the command line takes."""

    LOWEST = "lowest"
    LLS = "lls"
    HLS = "hls"
    HLS_MD5 = "hls-md5"
    HLS_SHA1 = "hls-sha1"
    HLS_GMAC = "hls-gmac"
    HLS_SHA256 = "hls-sha256"
    HLS_ECDSA = "hls-ecdsa"


class Policy(Enum):
    """How APDUs of a ciphered association are protected."""

    AUTHENTICATED = "authenticated"
    ENCRYPTED = "encrypted"
    BOTH = "both"


POLICIES: Final = {
    Policy.AUTHENTICATED: SecurityControl.AUTHENTICATED,
    Policy.ENCRYPTED: SecurityControl.ENCRYPTED,
    Policy.BOTH: SecurityControl.AUTHENTICATED_ENCRYPTED,
}


@dataclass(frozen=True, slots=True)
class MeterAccess:
    """A meter, and everything it takes to associate with it."""

    url: MeterUrl
    keys: ClientKeys
    mechanism: Mechanism
    ciphered: bool
    policy: SecurityControl
    ciphering: Ciphering
    counter: ReservedCounter
    timeout_ms: int

    @classmethod
    def of(
        cls,
        url: MeterUrl,
        key_file: Path | None,
        authentication: Authentication | None,
        policy: Policy,
        ciphering: Ciphering,
        timeout_s: float,
        *,
        ciphered: bool | None = None,
    ) -> MeterAccess:
        """From what the command line says; what it leaves open follows from the keys. Raises ConfigError."""
        if url.mode_e:
            raise ConfigError("the sign-on of mode E cannot be used yet", expected="a line that is HDLC from the start")
        keys = ClientKeys() if key_file is None else read_keys(key_file, url)
        mechanism, context = _known(url, keys, authentication)
        counter = ReservedCounter(None, lambda up_to: None)
        if key_file is not None and keys.encryption_key:
            counter = CounterFile.beside(key_file).counter(keys.system_title, keys.encryption_key)
        secured = context if ciphered is None else ciphered
        if secured and not keys.encryption_key:
            raise ConfigError("a ciphered association without keys", expected="a file of keys (--keys)", got=url)
        timeout_ms = round(timeout_s * 1000)
        return cls(url, keys, mechanism, secured, POLICIES[policy], ciphering, counter, timeout_ms)

    def settings(self) -> ClientSettings:
        """For the client that the URL names."""
        association = AssociationSettings(
            self.mechanism,
            secret=self.keys.secret,
            security=self._security() if self.ciphered else None,
            response_timeout_ms=self.timeout_ms,
        )
        return ClientSettings(association, self.url.client_sap, self.url.server_sap)

    def public_settings(self) -> ClientSettings:
        """For the public client, which needs no keys."""
        association = AssociationSettings(response_timeout_ms=self.timeout_ms)
        return ClientSettings(association, PUBLIC_CLIENT, self.url.server_sap)

    async def link(self) -> Link:
        """A new link to the meter. Raises LinkError."""
        return await open_link(self.url)

    def framing(self, client_sap: int | None = None, server_sap: int | None = None) -> Framing | None:
        """A new framing between two service access points, the URL's unless given; None where the wrapper alone is used."""
        client_sap = self.url.client_sap if client_sap is None else client_sap
        return framing_of(self.url, client_sap, self.url.server_sap if server_sap is None else server_sap)

    @asynccontextmanager
    async def associated(self) -> AsyncIterator[tuple[ClientAssociation, Associated]]:
        """An association, released at the end. One that fails for its invocation counter is tried once more above it."""
        await self.learn_counter()
        try:
            association, associated = await self._associate()
        except InvocationCounterError as error:
            if not isinstance(error.expected, int):
                raise
            self.counter.raise_to(error.expected)
            association, associated = await self._associate()
        try:
            yield association, associated
            await association.release()
        finally:
            await association.aclose()

    async def learn_counter(self) -> None:
        """Go on above the counter that the meter shows to everybody; one that shows none says it when it refuses ours."""
        if not self.ciphered:
            return
        try:
            framing = self.framing(PUBLIC_CLIENT)
            association = ClientAssociation(await self.link(), self.public_settings(), SystemEntropy(), framing=framing)
        except LinkError:
            return
        try:
            await association.associate()
            shown = await association.get(Data.value, obis.INVOCATION_COUNTER)
            await association.release()
        except FerrarisError:
            return
        finally:
            await association.aclose()
        if isinstance(shown.value, int):
            self.counter.raise_to(shown.value + 1)

    async def _associate(self) -> tuple[ClientAssociation, Associated]:
        association = ClientAssociation(await self.link(), self.settings(), SystemEntropy(), framing=self.framing())
        try:
            return association, await association.associate()
        except BaseException:
            await association.aclose()
            raise

    def _security(self) -> Security:
        keys = CipherKeys(self.keys.encryption_key, self.keys.authentication_key)
        return Security(
            self.keys.system_title,
            keys,
            self.counter,
            CounterGuard({}, lambda title, value: None),
            self.policy,
            self.ciphering,
            self.keys.meter_system_title,
        )


def _known(url: MeterUrl, keys: ClientKeys, authentication: Authentication | None) -> tuple[Mechanism, bool]:
    """The mechanism, and whether the context is ciphered."""
    if authentication is not None:
        mechanism = Mechanism[authentication.name]
        return mechanism, mechanism in (Mechanism.HLS_GMAC, Mechanism.HLS_ECDSA)
    if keys.profile is not None:
        profile = load_profile(keys.profile)
        name = profile.association_of(url.client_sap, url.server_sap)
        if name is None:
            raise ConfigError(f"{keys.profile} has no such association", got=f"client {url.client_sap}")
        offered = profile.associations[name]
        return Mechanism(offered.authentication.value), offered.ciphered
    if url.client_sap == PUBLIC_CLIENT:
        return Mechanism.LOWEST, False
    if keys.encryption_key:
        return Mechanism.HLS_GMAC, True
    return (Mechanism.LLS if keys.secret else Mechanism.LOWEST), False
