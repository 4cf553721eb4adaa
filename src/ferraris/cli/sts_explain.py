"""`ferraris sts explain`: what a token is to a meter, and why the meter refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ferraris.cli.sts_inputs import Inputs, configuration_of, issue_ms, number, octets, tables_of
from ferraris.cli.sts_rows import Answer, fields_of, inputs_of
from ferraris.cli.sts_tokens import service_named
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.sts import (
    CreditKind,
    DecoderKey,
    EncryptionAlgorithm,
    Explanation,
    MeterPan,
    MeterRecord,
    Service,
    StaTables,
    StsConfiguration,
    bare_digits,
    derive_decoder_key,
    explain_token,
)

GROUPS: Final = ("pending", "former", "others")


def now_ms() -> int:
    """The present."""
    return int(datetime.now(UTC).timestamp() * 1000)


def explanation_fields(found: Explanation) -> Answer:
    """An explanation for a file: result, cause, sentence, and the token's own fields where it is one."""
    fields: Answer = {
        "result": str(found.result),
        "cause": str(found.cause),
        "text": found.text,
        "likely": found.likely,
        "meter": None if found.configuration is None else found.configuration.meter_pan.digits,
    }
    if found.token is not None and found.configuration is not None:
        fields["token"] = fields_of(found.token, found.configuration.base_date)
        del fields["token"]["block"]
    return fields


def explain_row(row: Mapping[str, Any], tables: StaTables) -> Answer:
    """One line of `--jsonl`: `token`, and under `inputs` the meter as in files of vectors, with what is known of it.

    `pending`, `former` and `others` are lists of changes to the meter, `vk` among them; `accepted` are token identifiers
    that it has taken, of which it `remembers` so many (50 unless it says so),
    `issued` objects of `token` and `pan`; `now` is a time. The meter counts electricity in units, unless `service` and `counts_money`
    say otherwise.
    """
    inputs = inputs_of(row)
    keys: dict[StsConfiguration, bytes] = {}

    def known(changes: object) -> StsConfiguration:
        if not isinstance(changes, dict):
            raise ConfigError("a configuration in a row", expected="an object", got=type(changes).__name__)
        whole = {**inputs, **changes}
        configuration = configuration_of(whole)
        keys[configuration] = octets(whole, "vk")
        return configuration

    present = known({})
    pending, former, others = (tuple(known(each) for each in _list(inputs, name)) for name in GROUPS)
    record = MeterRecord(
        present,
        pending,
        former,
        others,
        tuple(str(each) for each in _list(inputs, "supply_groups")),
        frozenset(each for each in _list(inputs, "accepted") if isinstance(each, int)),
        dict(_issued(each) for each in _list(inputs, "issued")),
        number(inputs, "remembers", TOKEN_IDENTIFIERS_REMEMBERED),
        _kind(inputs),
    )
    chosen = tables_of(inputs, tables) if present.encryption_algorithm is EncryptionAlgorithm.EA07 else tables

    def derive(configuration: StsConfiguration) -> DecoderKey:
        return derive_decoder_key(keys.get(configuration, keys[present]), configuration, tables=chosen)

    token = str(row.get("token", row.get("expected", "")))
    moment = issue_ms(str(inputs["now"])) if "now" in inputs else now_ms()
    return explanation_fields(explain_token(token, record, derive, moment))


def _list(inputs: Inputs, name: str) -> list[Any]:
    value = inputs.get(name, [])
    if not isinstance(value, list):
        raise ConfigError(f"the input {name}", expected="a list", got=type(value).__name__)
    return value


def _kind(inputs: Inputs) -> CreditKind:
    in_money = inputs.get("counts_money", False)
    if not isinstance(in_money, bool):
        raise ConfigError("the input counts_money", expected="true or false", got=type(in_money).__name__)
    return CreditKind(service_named(str(inputs.get("service", Service.ELECTRICITY.name))), in_money)


def _issued(each: object) -> tuple[str, str]:
    if not isinstance(each, dict):
        raise ConfigError("the input issued", expected="objects of token and pan", got=type(each).__name__)
    return bare_digits(str(each.get("token"))), MeterPan.parse(str(each.get("pan"))).digits
