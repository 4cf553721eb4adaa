"""What to do about an error: a few words after it, for the mistakes that everybody makes once."""

from __future__ import annotations

from typing import Final

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

ADVICE: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (FerrarisError, "already in use", "Another program has this port, perhaps another Ferraris: end it, or choose another port."),
    (LinkError, "connection refused", "Nothing listens there: is it running, and is the port right?"),
    (LinkUnreachableError, "not known", "There is no host of this name: check the address."),
    (FerrarisError, "cannot assign requested address", "This machine has no such address: choose one of its own."),
    (FerrarisError, "cannot listen on", "Choose another port: those below 1024 are the system's."),
    (LinkTimeoutError, "no connection to", "Check the address, and what stands between: routes, firewalls, a sleeping modem."),
    (AuthenticationError, "", "Check the keys (--keys), and that they are those of this client (?client= in the URL)."),
    (RefusedError, "application-context-name-not-supported", "This client must cipher: give its keys with --keys FILE."),
    (RefusedError, "rejects the association", "Check client and server in the URL, and --auth."),
    (RefusedError, "no object list", "Another client may see it: ?client=1 in the URL, with its keys (--keys FILE)."),
    (ConfigError, "may be read by others", "Keep it from them: chmod 600 with its name."),
    (LinkUnreachableError, "permission denied", "Your user must be in the group of the line, often dialout."),
    (LinkUnreachableError, "ioctl", "That is a file of another kind, and no serial line."),
    (LinkUnreachableError, "another program has it", "A serial line is for one program: end the other."),
    (LinkUnreachableError, "serial line", "Is the adapter plugged in? ls /dev/tty* shows the lines."),
    (StoreError, "not a directory", "A directory is wanted here, and a file stands in its place."),
    (StoreError, "another process", "End it, or choose another directory with --dir."),
    (PermissionError, "", "Change its rights, or name another place."),
    (IsADirectoryError, "", "A file is wanted here."),
    (NotADirectoryError, "", "A directory is wanted here."),
    (FileExistsError, "", "A directory is wanted here, and a file of this name stands in its place."),
)  # fmt: skip
"""By the kind of error and words in its text, the first that fits."""


def advice(error: Exception) -> str:
    """What may be done about it; empty where nobody knows better than the error itself."""
    text = str(error).casefold()
    return next((said for kind, words, said in ADVICE if isinstance(error, kind) and words in text), "")
