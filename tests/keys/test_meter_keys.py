"""The keys of a meter: wrapped and unwrapped, and never shown by anything that shows objects wholesale."""

from __future__ import annotations

import base64
import copy
import dataclasses
import io
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import FerrarisError, SecurityError
from ferraris.keys import MasterKey, MeterKeys, WrappedMeterKeys, redact

ENTROPY = SeededEntropy("the keys that must not be seen")
EK, AK, KEK, SECRET, MASTER = (ENTROPY.octets(length) for length in (16, 16, 16, 12, 32))
MASTER_KEY = MasterKey(MASTER)


def meter_keys() -> MeterKeys:
    return MeterKeys(EK, AK, master_key=KEK, lls_secret=SECRET)


def test_keys_are_given_to_whoever_names_them() -> None:
    keys = meter_keys()
    assert (keys.encryption_key, keys.authentication_key, keys.master_key, keys.lls_secret) == (EK, AK, KEK, SECRET)
    assert (MeterKeys(EK, AK).master_key, MeterKeys(EK, AK).lls_secret) == (None, None)


def test_wrapped_keys_unwrap_to_the_same_keys() -> None:
    for keys in (meter_keys(), MeterKeys(EK, AK), MeterKeys(EK, AK, lls_secret=b"1")):
        assert MeterKeys.unwrap(keys.wrapped(MASTER_KEY), MASTER_KEY) == keys


def test_another_master_key_does_not_unwrap_them() -> None:
    with pytest.raises(SecurityError, match="does not unwrap"):
        MeterKeys.unwrap(meter_keys().wrapped(MASTER_KEY), MasterKey(bytes(32)))


def test_equality_looks_at_every_key() -> None:
    keys = meter_keys()
    others = [
        MeterKeys(AK, AK, KEK, SECRET),
        MeterKeys(EK, EK, KEK, SECRET),
        MeterKeys(EK, AK, None, SECRET),
        MeterKeys(EK, AK, KEK, None),
        MeterKeys(EK, AK, KEK, SECRET + b"\0"),
    ]
    assert keys == meter_keys()
    assert all(keys != other for other in others)
    assert keys != "MeterKeys(hidden)"


@pytest.mark.parametrize(
    "arguments",
    [(EK[:15], AK), (EK, AK + b"\0"), (EK, b""), (EK, AK, KEK[:8]), (EK, AK, None, b""), (EK, AK, None, bytes(65))],
)
def test_keys_of_a_wrong_length_are_refused(arguments: tuple[bytes, ...]) -> None:
    with pytest.raises(SecurityError, match="wrong length"):
        MeterKeys(*arguments)


def test_keys_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        meter_keys().encryption_key = AK  # type: ignore[misc]


# Leaks


@dataclasses.dataclass(frozen=True)
class Holder:
    """As the head-end would hold keys."""

    serial: str
    keys: MeterKeys
    master_key: MasterKey


def spellings(secret: bytes) -> Iterator[str]:
    """How octets look when something prints them, and pieces of that."""
    yield secret.hex()
    yield secret.hex().upper()
    yield secret.hex()[:12]
    yield secret.hex(" ")
    yield repr(secret)[2:-1]
    yield repr(bytearray(secret))[12:-2]
    yield repr(list(secret))[1:-1]
    yield base64.b64encode(secret).decode().rstrip("=")
    yield secret.decode("latin-1")


def assert_silent(text: str) -> None:
    for secret in (EK, AK, KEK, SECRET, MASTER):
        for spelling in spellings(secret):
            assert spelling not in text


def test_the_leak_detector_detects() -> None:
    for text in (repr({"ek": EK}), f"key {AK.hex()}", str(list(KEK)), repr(bytearray(MASTER))):
        with pytest.raises(AssertionError):
            assert_silent(text)


SHOWN: dict[str, Callable[[Holder], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda holder: f"{holder.keys} {holder.keys!r} {holder.keys!s} {holder.keys:} {holder.master_key}",
    "pprint": pprint.pformat,
    "asdict": lambda holder: repr(dataclasses.asdict(holder)),
    "astuple": lambda holder: repr(dataclasses.astuple(holder)),
    "deepcopy": lambda holder: repr(copy.deepcopy(holder)),
    "wrapped": lambda holder: repr(holder.keys.wrapped(holder.master_key)),
    "replace": lambda holder: repr(dataclasses.replace(holder, serial="FER0000000002")),
}


@pytest.mark.parametrize("how", SHOWN)
def test_nothing_that_shows_objects_shows_keys(how: str) -> None:
    text = SHOWN[how](Holder("FER0000000001", meter_keys(), MASTER_KEY))
    assert "hidden" in text or "Wrapped" in text
    assert_silent(text)


def test_there_is_no_dictionary_of_attributes_to_dump() -> None:
    assert not hasattr(meter_keys(), "__dict__")
    assert not hasattr(MASTER_KEY, "__dict__")


def test_keys_are_not_pickled_even_inside_something_else() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not serialised"):
            pickle.dumps(Holder("FER0000000001", meter_keys(), MASTER_KEY), protocol)


def test_wrapped_keys_stay_out_of_repr_too() -> None:
    wrapped = meter_keys().wrapped(MASTER_KEY)
    assert repr(wrapped) == "WrappedMeterKeys()"
    assert wrapped.encryption_key.hex() not in repr(wrapped)


def _tracebacks_of_failures(directory: Path) -> Iterator[str]:
    """Every refusal that a stored key can cause, printed with the locals of every frame inside the package."""
    path = directory / "master.key"
    MasterKey.generate(path, SeededEntropy("the keys that must not be seen"))
    good = path.read_bytes()
    path.write_bytes(b"ferraris-master-key-1 " + MASTER.hex().encode() + b" 000000\n")
    wrapped = meter_keys().wrapped(MASTER_KEY)
    stranger = MasterKey(bytes(32))
    broken = dataclasses.replace(wrapped, authentication_key=bytes(24))
    failures: list[Callable[[], object]] = [
        lambda: MasterKey.load(path),
        lambda: stranger.unwrap(wrapped.encryption_key),
        lambda: MeterKeys.unwrap(wrapped, stranger),
        lambda: MeterKeys.unwrap(broken, MASTER_KEY),
        lambda: MASTER_KEY.unwrap_secret(wrapped.encryption_key),
    ]
    for failure in failures:
        with pytest.raises(FerrarisError) as caught:
            failure()
        text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        yield text.split("src/ferraris", 1)[1] + str(caught.value) + repr(caught.value)
    assert good != path.read_bytes()


def test_errors_and_tracebacks_with_locals_show_no_key(tmp_path: Path) -> None:
    texts = list(_tracebacks_of_failures(tmp_path))
    assert len(texts) == 5
    for text in texts:
        assert_silent(text)


def test_standard_logging_shows_no_key() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("test_meter_keys")
    logger.addHandler(logging.StreamHandler(stream))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.debug("meter %s %r %s", meter_keys(), MASTER_KEY, {"keys": meter_keys()})
    assert "hidden" in stream.getvalue()
    assert_silent(stream.getvalue())


@pytest.mark.parametrize("renderer", [structlog.processors.JSONRenderer(), structlog.dev.ConsoleRenderer(colors=False)])
def test_structured_logs_show_neither_objects_nor_raw_octets_under_a_telling_name(
    renderer: structlog.typing.Processor,
) -> None:
    stream = io.StringIO()
    logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[redact, renderer])
    logger.info("opened", keys=meter_keys(), master=MASTER_KEY, encryption_key=EK, nested={"lls_secret": SECRET.hex()})
    assert "redacted" in stream.getvalue()
    assert "opened" in stream.getvalue()
    assert_silent(stream.getvalue())


def test_wrapped_keys_are_what_a_store_keeps() -> None:
    wrapped = MeterKeys(EK, AK).wrapped(MASTER_KEY)
    assert wrapped == WrappedMeterKeys(MASTER_KEY.wrap(EK), MASTER_KEY.wrap(AK))
    assert EK not in wrapped.encryption_key
