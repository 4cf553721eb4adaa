"""How a tool comes to an association with a meter: link by URL, keys by file, invocation counter by the meter's own word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferraris.cli.association_choice import FORMS, POLICIES, Choice
from ferraris.cli.carriers import framing_of, open_link
from ferraris.cli.counter_file import CounterFile
from ferraris.cli.key_file import ClientKeys, read_keys
from ferraris.cli.meter_url import PUBLIC_CLIENT, MeterUrl
from ferraris.client import ClientAssociation, ClientSettings
from ferraris.cosem import (
    CompanionProfile,
    Data,
    ProfileAssociation,
    Referencing,
    SecuritySuite,
    load_profile,
    obis,
)
from ferraris.dlms import (
    KEY_OCTETS_OF,
    WITH_SECRET,
    WITH_SECURITY,
    Associated,
    AssociationSettings,
    CipherKeys,
    Framing,
    Layer,
    Security,
    curve_of_suite,
)
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.hdlc import HdlcAddress, server_address
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import AuthenticationError, ConfigError, FerrarisError, InvocationCounterError, LinkError
from ferraris.kernel.spelling import member_spelled
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.link import Link

SUITES_WITH_CURVES: Final = (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)


@dataclass(frozen=True, slots=True)
class MeterAccess:
    """A meter, and everything it takes to associate with it."""

    url: MeterUrl
    keys: ClientKeys
    choice: Choice
    mechanism: Mechanism
    ciphered: bool
    referencing: Referencing
    suite: SecuritySuite
    counter: ReservedCounter

    @classmethod
    def of(cls, url: MeterUrl, key_file: Path | None, choice: Choice) -> MeterAccess:
        """From what the command line says; what it leaves open follows from the keys. Raises ConfigError."""
        keys = ClientKeys() if key_file is None else read_keys(key_file, url)
        profile = None if keys.profile is None else load_profile(keys.profile)
        mechanism, ciphered, referencing = _known(url, keys, profile, choice)
        access = cls(
            url, keys, choice, mechanism, ciphered, referencing, suite_of(keys, profile), _counter(key_file, keys)
        )
        access.check()
        return access

    @property
    def timeout_ms(self) -> int:
        """How long an answer is waited for."""
        return round(self.choice.timeout_s * 1000)

    @property
    def needs_security(self) -> bool:
        """Whether system titles and keys take part: in the ciphered context, and in the mechanisms that prove them."""
        return self.ciphered or self.mechanism in WITH_SECURITY

    def check(self) -> None:
        """Raises ConfigError for the first key that is missing or has another suite's size."""
        keys, form, octets = self.keys, FORMS[self.choice.form], KEY_OCTETS_OF[self.suite]
        if (self.ciphered or self.mechanism is Mechanism.HLS_GMAC) and not keys.encryption_key:
            raise ConfigError("a ciphered association without keys", expected="encryption_key in --keys", got=self.url)
        for name, key in (("encryption_key", keys.encryption_key), ("authentication_key", keys.authentication_key)):
            if key and len(key) != octets:
                raise ConfigError(f"{name} of suite {self.suite:d}", expected=f"{octets} octets", got=len(key))
        if self.mechanism in WITH_SECRET and not keys.secret:
            raise ConfigError(f"{member_spelled(self.mechanism)} without a secret", expected="secret in --keys")
        if self.mechanism is Mechanism.HLS_ECDSA or self.choice.signed:
            self._check_pair("signing_key", "meter_signing_key")
        if self.ciphered and form in (Layer.ONE_PASS, Layer.STATIC_UNIFIED):
            self._check_pair("agreement_key", "meter_agreement_key")
        if self.ciphered and form is Layer.WRAPPED and not keys.master_key:
            raise ConfigError("wrapped keys without the key that wraps them", expected="master_key in --keys")

    def _check_pair(self, own: str, peer: str) -> None:
        pairs = self.keys.key_pairs
        key = None if pairs is None else pairs.signing if own == "signing_key" else pairs.agreement
        if key is None:
            raise ConfigError("a key pair of ours is missing", expected=f"{own} in --keys")
        if self.suite is SecuritySuite.SUITE_0 or key.curve != curve_of_suite(self.suite):
            raise ConfigError(
                f"{own} of suite {self.suite:d}", expected="P-256 in suite 1, P-384 in 2", got=key.curve.name
            )
        title = self.keys.meter_system_title or b""
        try:
            assert pairs is not None
            pairs.peers.signing_point(title) if own == "signing_key" else pairs.peers.agreement_point(title)
        except AuthenticationError:
            raise ConfigError("a public key of the meter is missing", expected=f"{peer} in --keys") from None

    def settings(self) -> ClientSettings:
        """For the client that the URL names."""
        association = AssociationSettings(
            self.mechanism,
            secret=self.keys.secret,
            security=self._security() if self.needs_security else None,
            plain_context=not self.ciphered,
            response_timeout_ms=self.timeout_ms,
            referencing=self.referencing,
            streams_results=self.choice.streams,
            pre_established_pdu_size=self.choice.pre_established_pdu_size,
        )
        return ClientSettings(association, self.url.client_sap, self.url.server_sap)

    def public_settings(self) -> ClientSettings:
        """For the public client, which needs no keys."""
        association = AssociationSettings(response_timeout_ms=self.timeout_ms, referencing=self.referencing)
        return ClientSettings(association, PUBLIC_CLIENT, self.url.server_sap)

    async def link(self) -> Link:
        """A new link to the meter. Raises LinkError."""
        return await open_link(self.url)

    def framing(self, client_sap: int | None = None, server_sap: int | None = None) -> Framing | None:
        """A new framing between two service access points, the URL's unless given; None where the wrapper alone is used."""
        client_sap = self.url.client_sap if client_sap is None else client_sap
        return framing_of(self.url, client_sap, self.url.server_sap if server_sap is None else server_sap)

    def hdlc_address(self, server_sap: int) -> HdlcAddress:
        """The address of a logical device's station."""
        return server_address(server_sap, self.url.physical_address, self.url.address_octets)

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
        if not self.needs_security or not self.keys.encryption_key:
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
        octets = KEY_OCTETS_OF[self.suite]
        # Where only signatures and digests prove who is who, the key that the engine wants protects nothing.
        encryption_key = self.keys.encryption_key or SystemEntropy().octets(octets)
        return Security(
            self.keys.system_title,
            CipherKeys(encryption_key, self.keys.authentication_key, self.suite),
            self.counter,
            CounterGuard({}, lambda title, value: None),
            POLICIES[self.choice.policy],
            self.choice.ciphering,
            self.keys.meter_system_title,
            key_pairs=self.keys.key_pairs,
            master_key=self.keys.master_key or None,
        )


def _counter(key_file: Path | None, keys: ClientKeys) -> ReservedCounter:
    if key_file is None or not keys.encryption_key:
        return ReservedCounter(None, lambda up_to: None)
    return CounterFile.beside(key_file).counter(keys.system_title, keys.encryption_key)


def suite_of(keys: ClientKeys, profile: CompanionProfile | None) -> SecuritySuite:
    """The suite that the keys are of: as they say, as the meter's profile says, by the curve of key pairs, or by their size."""
    if keys.suite is not None:
        return keys.suite
    if profile is not None:
        return profile.security_suite
    pairs = keys.key_pairs
    own = None if pairs is None else pairs.signing or pairs.agreement
    if own is not None:
        return next(suite for suite in SUITES_WITH_CURVES if curve_of_suite(suite) == own.curve)
    long = len(keys.encryption_key) == KEY_OCTETS_OF[SecuritySuite.SUITE_2]
    return SecuritySuite.SUITE_2 if long else SecuritySuite.SUITE_0


def _known(
    url: MeterUrl, keys: ClientKeys, profile: CompanionProfile | None, choice: Choice
) -> tuple[Mechanism, bool, Referencing]:
    """The mechanism, whether the context is ciphered, and how attributes are named."""
    offered = None if profile is None else _offered(url, profile)
    if choice.authentication is not None:
        mechanism = Mechanism[choice.authentication.name]
        ciphered = mechanism in (Mechanism.HLS_GMAC, Mechanism.HLS_ECDSA)
        if offered is not None and offered.authentication.value == mechanism:
            ciphered = offered.ciphered
    elif offered is not None:
        mechanism, ciphered = Mechanism(offered.authentication.value), offered.ciphered
    elif profile is not None:
        raise ConfigError(f"{profile.name} has no such association", got=f"client {url.client_sap}")
    else:
        mechanism, ciphered = _by_keys(url, keys)
    by_short_names = choice.short_names
    if by_short_names is None:
        by_short_names = offered is not None and offered.referencing is Referencing.SHORT_NAME
    referencing = Referencing.SHORT_NAME if by_short_names else Referencing.LOGICAL_NAME
    return mechanism, ciphered if choice.ciphered is None else choice.ciphered, referencing


def _offered(url: MeterUrl, profile: CompanionProfile) -> ProfileAssociation | None:
    name = profile.association_of(url.client_sap, url.server_sap)
    return None if name is None else profile.associations[name]


def _by_keys(url: MeterUrl, keys: ClientKeys) -> tuple[Mechanism, bool]:
    if url.client_sap == PUBLIC_CLIENT:
        return Mechanism.LOWEST, False
    if keys.encryption_key:
        return Mechanism.HLS_GMAC, True
    return (Mechanism.LLS if keys.secret else Mechanism.LOWEST), False
