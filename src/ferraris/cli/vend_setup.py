"""`ferraris vend init`: a vending directory with settings, a keystore, and what opens it."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import closing
from pathlib import Path
from typing import Final

from ferraris.cli.vending_place import (
    CREDENTIAL,
    KEYSTORE_FILE,
    SETTINGS_FILE,
    has_vending,
    keep_secret,
    opened_vending,
)
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.errors import ConfigError
from ferraris.keys.security_module import Keystore, Role, SoftwareSecurityModule, VendingKey, VendingKeyRegister
from ferraris.sts import KEY_NEVER_EXPIRES, BaseDate, KeyDerivation, KeyType

OFFICER: Final = "officer"
SECRET_OCTETS: Final = 16
TRIAL_KEY_OCTETS: Final = 20
TRIAL_REVISIONS: Final = (1, 2)
"""Key revisions of the trial keys: the second one is there to be changed to."""


def make_vending(directory: Path, *, currency: str, utility: str, supervisors: list[str], trial_group: str = "") -> str:
    """Make a vending directory; gives the officer's secret, which is kept nowhere. Raises ConfigError where there is one."""
    if has_vending(directory):
        raise ConfigError(f"there is vending in {directory} already")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ConfigError("no currency", expected="three letters, such as ZAR", got=currency[:20])
    if trial_group and not re.fullmatch(r"\d{6}", trial_group, re.ASCII):
        raise ConfigError("no supply group code", expected="six digits", got=trial_group[:20])
    others = os.umask(0o077)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        officers, tills = secrets.token_hex(SECRET_OCTETS), secrets.token_hex(SECRET_OCTETS)
        keystore = Keystore.create(directory / KEYSTORE_FILE, OFFICER, officers)
        with closing(SoftwareSecurityModule(keystore)) as module:
            for revision in TRIAL_REVISIONS if trial_group else ():
                module.load_key(_register(trial_group, revision), VendingKey(secrets.token_bytes(TRIAL_KEY_OCTETS)))
            keystore.add_credential(CREDENTIAL, tills, (Role.OPERATOR, Role.SUPERVISOR))
        keep_secret(directory, tills)
        (directory / SETTINGS_FILE).write_text(_settings(currency, utility, supervisors), "utf-8")
        with opened_vending(directory, SystemClock()):
            pass  # the store is made, and everything that was written can be read
    finally:
        os.umask(others)
    return officers


def _register(supply_group_code: str, revision: int) -> VendingKeyRegister:
    return VendingKeyRegister(
        supply_group_code, revision, KeyType.DUTK, BaseDate.Y2014, KEY_NEVER_EXPIRES, KeyDerivation.DKGA04
    )


def _settings(currency: str, utility: str, supervisors: list[str]) -> str:
    names = ", ".join(_quoted(name) for name in supervisors)
    return (
        "# What an operator decides once for all tills; see docs/how-to/run-a-till.md.\n"
        f"currency = {_quoted(currency)}\n"
        f"utility = {_quoted(utility)}\n"
        f"supervisors = [{names}]\n"
        'time_zone = "UTC"\n'
    )


def _quoted(text: str) -> str:
    """A TOML string. Raises ConfigError for what has no place in a name."""
    if not text.isprintable() or '"' in text or "\\" in text:
        raise ConfigError("no name", expected="printable characters without quotation marks", got=repr(text[:40]))
    return f'"{text}"'
