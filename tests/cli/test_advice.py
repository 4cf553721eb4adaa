"""What is said to do about an error, for the mistakes that everybody makes once."""

from __future__ import annotations

import pytest

from ferraris.cli.advice import ADVICE, advice
from ferraris.cli.main import advised
from ferraris.kernel.errors import (
    AuthenticationError,
    ConfigError,
    FerrarisError,
    LinkError,
    LinkTimeoutError,
    LinkUnreachableError,
    RefusedError,
    StoreError,
)

ERRORS: list[tuple[Exception, str]] = [
    (LinkUnreachableError("Cannot listen on 127.0.0.1:4059: Address already in use"), "choose another port"),
    (ConfigError("the console cannot listen on 127.0.0.1 port 8080: Address already in use"), "choose another port"),
    (LinkUnreachableError("Cannot listen on nowhere:4061: Name or service not known"), "no host of this name"),
    (LinkUnreachableError("Cannot listen on 10.9.8.7:4061: Cannot assign requested address"), "no such address"),
    (LinkUnreachableError("Cannot listen on 127.20.0.1:80: Permission denied"), "below 1024"),
    (LinkUnreachableError("No connection to 127.0.0.1:1: Connection refused"), "is the port right?"),
    (LinkUnreachableError("No connection to meter.invalid:4059: Name or service not known"), "check the address"),
    (LinkTimeoutError("No connection to 192.0.2.1:4059 within 10 s"), "firewalls"),
    (AuthenticationError("the meter does not authenticate us", got="authentication-failure"), "--keys"),
    (
        RefusedError("the meter rejects the association", result="application-context-name-not-supported", code=2),
        "must cipher",
    ),
    (RefusedError("the meter rejects the association", result="no-reason-given", code=1), "client and server"),
    (RefusedError("the meter shows this client no object list", result="object-undefined", code=4), "?client=1"),
    (LinkError("http://127.0.0.1:1 cannot be asked: [Errno 111] Connection refused"), "is the port right?"),
    (LinkUnreachableError("The serial line /dev/ttyUSB0 cannot be opened: No such file or directory"), "ls /dev/tty*"),
    (LinkUnreachableError("The serial line /dev/ttyUSB0 cannot be opened: Permission denied"), "dialout"),
    (LinkUnreachableError("The serial line /dev/ttyUSB0 cannot be opened: another program has it"), "for one program"),
    (
        LinkUnreachableError("The serial line /tmp/x cannot be opened: (25, 'Inappropriate ioctl for device')"),
        "no serial line",
    ),
    (ConfigError("keys.toml may be read by others than its owner", expected="mode 0600", got="0644"), "chmod 600"),
    (StoreError("cannot create meters/nvm.part: Not a directory"), "a file stands in its place"),
    (StoreError("another process runs the meters in demo-data/meters"), "--dir"),
    (PermissionError(13, "Permission denied", "meters.json"), "rights"),
    (IsADirectoryError(21, "Is a directory", "meters"), "A file is wanted"),
    (NotADirectoryError(20, "Not a directory", "meters.json"), "A directory is wanted"),
    (FileExistsError(17, "File exists", "meters"), "stands in its place"),
]


@pytest.mark.parametrize(("error", "told"), ERRORS, ids=[told for _, told in ERRORS])
def test_what_may_be_done_is_said(error: Exception, told: str) -> None:
    assert told in advice(error)
    assert advised(str(error), error) == f"{error}. {advice(error)}"


@pytest.mark.parametrize(
    "error",
    [
        FerrarisError("cut short"),
        ConfigError("no such companion profile", got="nope"),
        FileNotFoundError(2, "No such file or directory", "x.csv"),
        LinkTimeoutError("no answer within 3 s"),
        OSError("odd"),
    ],
)
def test_where_nobody_knows_better_nothing_is_said(error: Exception) -> None:
    assert advice(error) == ""
    assert advised(str(error), error) == str(error)


def test_every_advice_is_a_sentence_and_given_at_least_once() -> None:
    given = {advice(error) for error, _ in ERRORS}
    assert given == {told for _, _, told in ADVICE}
    for told in given:
        assert told[0].isupper()
        assert told[-1] in ".?)"


def test_a_full_stop_stands_once() -> None:
    assert (
        advised("It is busy.", StoreError("another process")) == f"It is busy. {advice(StoreError('another process'))}"
    )
