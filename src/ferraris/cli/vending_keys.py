"""`ferraris sts …-keystore`, `…-vending-key`, `…-credential`, `…-licence`: a keystore of vending keys and what is done to it.

Secrets are asked for without showing them, or taken from the environment: FERRARIS_KEYSTORE_SECRET of the credential that
opens the keystore, FERRARIS_NEW_SECRET of one that is made, FERRARIS_HSM_PIN of the HSM. They are never arguments, which
every user of the machine can read in its list of processes.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferraris.cli.output_file import check_output_file
from ferraris.cli.sts_files import read_vending_keys
from ferraris.cli.sts_options import BaseYear, Dkga, Ken, Krn, Kt, Sgc, chosen
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import LICENCE_OCTETS_MAX
from ferraris.kernel.utc_text import utc_text
from ferraris.sts import BaseDate, KeyDerivation, KeyType, StaTables

if TYPE_CHECKING:  # the commands on tokens need no module
    from ferraris.keys.security_module import Keystore, SoftwareSecurityModule

SECRET_VARIABLE: Final = "FERRARIS_KEYSTORE_SECRET"  # noqa: S105 - where it stands, not what it is
NEW_SECRET_VARIABLE: Final = "FERRARIS_NEW_SECRET"  # noqa: S105
PIN_VARIABLE: Final = "FERRARIS_HSM_PIN"
MASTER_KEY_LABEL: Final = "ferraris-vending-master"

StorePath = Annotated[Path, typer.Argument(metavar="KEYSTORE", help="The keystore's file.")]
Who = Annotated[str, typer.Option("--as", metavar="NAME", help="The credential that opens the keystore.")]
Library = Annotated[
    Path | None, typer.Option("--library", metavar="FILE", help="The PKCS#11 library of the HSM that seals the keys.")
]
HsmLabel = Annotated[str, typer.Option("--token", metavar="LABEL", help="The label of the HSM's token.")]


def add_to(app: typer.Typer) -> None:
    """Give `ferraris sts` the commands of this module."""
    app.command("make-keystore")(make_keystore)
    app.command("import-vending-key")(import_vending_key)
    app.command("remove-vending-key")(remove_vending_key)
    app.command("vending-keys")(vending_keys)
    app.command("self-test")(self_test)
    app.command("add-credential")(add_credential)
    app.command("remove-credential")(remove_credential)
    app.command("make-licence")(make_licence)
    app.command("load-licence")(load_licence)
    app.command("audit")(audit)


def make_keystore(
    keystore: StorePath,
    *,
    who: Who = "officer",
    transactions: Annotated[
        int | None, typer.Option(help="Count transactions, from this number down; without, they are not counted.")
    ] = None,
    library: Library = None,
    hsm: HsmLabel = "",
    key: Annotated[
        str, typer.Option("--key", metavar="LABEL", help="The key in the HSM; made there if it is new.")
    ] = MASTER_KEY_LABEL,
    new_key: Annotated[bool, typer.Option("--new-key/--old-key", help="Make the key in the HSM, or use one.")] = True,
) -> None:
    """Make an empty keystore and the credential of its first officer."""
    from ferraris.keys.security_module import Keystore, Pkcs11Custody

    check_output_file(keystore)
    secret = secret_of(SECRET_VARIABLE, f"Secret of {who}", new=True)
    custody = "software"
    if library is not None:
        custody = f"pkcs11:{key}"
        in_hsm = Pkcs11Custody(library, hsm, secret_of(PIN_VARIABLE, f"PIN of the HSM {hsm}"), key)
        if new_key:
            in_hsm.make_key()
        in_hsm.check()
        in_hsm.close()
    made = Keystore.create(keystore, who, secret, custody=custody, transactions=transactions)
    typer.echo(f"keystore {made.identifier} in {keystore}, keys sealed by {custody}")


def import_vending_key(
    keystore: StorePath,
    *,
    keys: Annotated[Path, typer.Option(metavar="FILE", help="File with the vending key, in TOML, mode 0600.")],
    sgc: Sgc,
    krn: Krn,
    kt: Kt = "DUTK",
    base_date: BaseYear = 2014,
    ken: Ken = 255,
    dkga: Dkga = "DKGA04",
    check_value: Annotated[str, typer.Option(metavar="DIGITS", help="The check value that was announced.")] = "",
    who: Who = "officer",
    library: Library = None,
    hsm: HsmLabel = "",
) -> None:
    """Load a vending key into its register. The file with the key is not needed any more after that."""
    from ferraris.keys.security_module import VendingKey, VendingKeyRegister

    register = VendingKeyRegister(
        sgc,
        krn,
        chosen(KeyType, kt, "--kt"),
        BaseDate.of_year(base_date),
        ken,
        chosen(KeyDerivation, dkga, "--dkga"),
        check_value,
    )
    read = read_vending_keys(keys)
    key = VendingKey(read.registers.get((sgc, krn), read.general))
    module = open_module(keystore, who, present_secret(keystore, who), library, hsm)
    loaded = module.load_key(register, key)
    typer.echo(f"{loaded}  check value {loaded.check_value}")


def remove_vending_key(keystore: StorePath, *, sgc: Sgc, krn: Krn, kt: Kt = "DUTK", who: Who = "officer") -> None:
    """Take a vending key out of its register for good."""
    removed = opened(keystore, who).remove_key((sgc, krn, chosen(KeyType, kt, "--kt")))
    typer.echo(f"{removed}  check value {removed.check_value}  removed")


def vending_keys(
    keystore: StorePath,
    *,
    who: Who = "auditor",
    in_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the vending keys with their check values. No key is shown, by this command or any other."""
    store = opened(keystore, who)
    registers = [store.content.keys[name].register for name in sorted(store.content.keys)]
    if in_json:
        rows = [asdict(each) | {"key_type": each.key_type.name, "base_date": each.base_date.year} for each in registers]
        left = store.transactions_left()
        typer.echo(json.dumps({"keystore": store.identifier, "transactions_left": left, "registers": rows}, indent=1))
        return
    typer.echo(f"{'SGC':<8}{'KRN':<5}{'KT':<6}{'base':<6}{'KEN':<5}{'derivation':<12}check value")
    for each in registers:
        typer.echo(
            f"{each.supply_group_code:<8}{each.key_revision_number:<5}{each.key_type.name:<6}{each.base_date.year:<6}"
            f"{each.key_expiry_number:<5}{each.derivation.name:<12}{each.check_value}"
        )
    left = store.transactions_left()
    typer.echo(f"transactions left: {'not counted' if left is None else left}")


def self_test(keystore: StorePath, *, who: Who = "officer", library: Library = None, hsm: HsmLabel = "") -> None:
    """Open every vending key, work out its check value anew, and check the audit."""
    module = open_module(keystore, who, present_secret(keystore, who), library, hsm)
    registers = module.self_test()
    lines = module.keystore.audit()
    typer.echo(f"{len(registers)} vending keys open, {len(lines)} lines of the audit hold")


def add_credential(
    keystore: StorePath,
    name: Annotated[str, typer.Argument(help="Whom it is for.")],
    *,
    role: Annotated[
        list[str],
        typer.Option(metavar="ROLE", help="What it may do: officer, operator, supervisor or auditor; again for each."),
    ],
    who: Who = "officer",
) -> None:
    """Let somebody else open the keystore, or give them a new secret."""
    from ferraris.keys.security_module import Role

    roles = tuple(chosen(Role, each, "--role") for each in role)
    store = opened(keystore, who)
    store.add_credential(name, secret_of(NEW_SECRET_VARIABLE, f"Secret of {name}", new=True), roles)
    typer.echo(f"{name}: {', '.join(roles)}")


def remove_credential(
    keystore: StorePath, name: Annotated[str, typer.Argument(help="Whose it is.")], *, who: Who = "officer"
) -> None:
    """Take a credential away."""
    opened(keystore, who).remove_credential(name)
    typer.echo(f"{name}: taken away")


def make_licence(
    keystore: StorePath,
    transactions: Annotated[int, typer.Argument(help="How many transactions it is for.")],
    *,
    who: Who = "officer",
) -> None:
    """Print a transaction licence, which fills the keystore's counter once."""
    typer.echo(opened(keystore, who).write_licence(transactions), nl=False)


def load_licence(
    keystore: StorePath,
    licence: Annotated[Path, typer.Argument(help="A text with the licence in it.")],
    *,
    who: Who = "officer",
) -> None:
    """Fill the keystore's transaction counter by a licence."""
    with licence.open("rb") as file:
        text = file.read(LICENCE_OCTETS_MAX).decode("utf-8", errors="replace")
    typer.echo(f"transactions left: {opened(keystore, who).load_licence(text)}")


def audit(keystore: StorePath, *, who: Who = "auditor") -> None:
    """Show what was done to the keystore, every line checked."""
    for line in opened(keystore, who).audit():
        details = "  ".join(f"{name} {value}" for name, value in line.details.items())
        typer.echo(f"{line.number:>6}  {utc_text(line.at_ms)}  {line.who:<12}{line.what:<28}{details}")


def opened(path: Path, who: str) -> Keystore:
    """The keystore, open under the credential `who`."""
    from ferraris.keys.security_module import Keystore

    return Keystore.open(path, who, present_secret(path, who))


def present_secret(path: Path, who: str) -> str:
    """The secret of a credential of a keystore that is there. Raises ConfigError: nobody is asked about one that is not."""
    check_keystore_file(path)
    return secret_of(SECRET_VARIABLE, f"Secret of {who}")


def check_keystore_file(path: Path) -> None:
    """Raise ConfigError where no keystore can be."""
    if not path.is_file():
        raise ConfigError(f"there is no keystore {path}", expected="a file that `ferraris sts make-keystore` has made")


def open_module(
    path: Path,
    who: str,
    secret: str,
    library: Path | None,
    hsm_label: str,
    *,
    pin: str | None = None,
    tables: StaTables = StaTables.SAMPLE,
) -> SoftwareSecurityModule:
    """The keystore as a module: its keys sealed by itself or, with `library`, by an HSM."""
    from ferraris.keys.security_module import Keystore, Pkcs11SecurityModule, SoftwareSecurityModule

    store = Keystore.open(path, who, secret)
    if library is None:
        return SoftwareSecurityModule(store, tables=tables)
    pin = pin or secret_of(PIN_VARIABLE, f"PIN of the HSM {hsm_label}")
    return Pkcs11SecurityModule.open_with_hsm(store, library, hsm_label, pin, tables=tables)


def secret_of(variable: str, question: str, *, new: bool = False) -> str:
    """A secret from the environment, or asked for at the keyboard; a new one twice."""
    if variable in os.environ:
        return os.environ[variable]
    try:
        return str(typer.prompt(question, hide_input=True, confirmation_prompt=new, err=True))
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise ConfigError(f"{question}: nobody is there to be asked", expected=f"the variable {variable}") from None
