"""Gets the foreign implementations ready to run, once per machine: jars through Maven, wheels through pip.

Everything lies under `.cache/peers`, which git ignores. A peer that cannot be had raises `PeerUnavailableError` with
the reason.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PEERS = Path(__file__).resolve().parent
ROOT = PEERS.parents[2]
CACHE = ROOT / ".cache" / "peers"
BUILD_TIMEOUT_S = 900
JAVA_OPTIONS = ["-Duser.timezone=UTC", "-Xmx512m", "-XX:+UseSerialGC"]


class PeerUnavailableError(Exception):
    """A foreign implementation cannot be run here; the text says what is lacking."""


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep other processes that build the same thing waiting."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], lacking: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=BUILD_TIMEOUT_S, cwd=ROOT)
    except subprocess.CalledProcessError as error:
        tail = (error.stdout + error.stderr).decode(errors="replace")[-1500:]
        raise PeerUnavailableError(f"{lacking}:\n{tail}") from None
    except subprocess.TimeoutExpired:
        raise PeerUnavailableError(f"{lacking}: no end after {BUILD_TIMEOUT_S} s") from None


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def java_class_path() -> str:
    """Compile the Java peers if their sources have changed; return the class path to run them with."""
    for program in ("java", "javac", "mvn"):
        if shutil.which(program) is None:
            raise PeerUnavailableError(f"{program} is not installed (Debian: openjdk-17-jdk-headless, maven)")
    project = PEERS / "java"
    built = CACHE / "java"
    stamp = built / "sources.sha256"
    digest = _digest([project / "pom.xml", *project.rglob("*.java")])
    with _alone("java"):
        if not stamp.exists() or stamp.read_text() != digest:
            command = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(project / "pom.xml")]
            command += [f"-Dmaven.repo.local={CACHE / 'm2'}", f"-Dpeers.cache={built}", "compile"]
            shutil.rmtree(built / "classes", ignore_errors=True)
            _run(command, "Maven could not build the Java peers")
            stamp.write_text(digest)
    return f"{built / 'classes'}:{built / 'jars' / '*'}"


@functools.cache
def peers_python() -> str:
    """The interpreter of the environment that the Python peers are installed in."""
    environment = CACHE / "venv"
    python = environment / "bin" / "python"
    locked = ROOT / "requirements" / "peers.txt"
    stamp = environment / "requirements.sha256"
    digest = _digest([locked])
    with _alone("venv"):
        if not stamp.exists() or stamp.read_text() != digest:
            _run([sys.executable, "-m", "venv", str(environment)], "the peers' environment could not be made")
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
            _run([*install, "--require-hashes", "-r", str(locked)], "pip could not install the Python peers")
            stamp.write_text(digest)
    return str(python)


def gurux_java() -> list[str]:
    """The command that runs Gurux in Java."""
    return ["java", *JAVA_OPTIONS, "-cp", java_class_path(), "ferraris.peers.GuruxPeer"]


def jdlms() -> list[str]:
    """The command that runs jDLMS."""
    return ["java", *JAVA_OPTIONS, "-cp", java_class_path(), "ferraris.peers.JdlmsPeer"]


def dlms_cosem() -> list[str]:
    """The command that runs dlms-cosem."""
    return [peers_python(), str(PEERS / "python" / "dlms_cosem_peer.py")]


def gurux_python() -> list[str]:
    """The command that runs Gurux in Python."""
    return [peers_python(), str(PEERS / "python" / "gurux_peer.py")]


def python_faults() -> list[str]:
    """The command that reproduces the faults of the Python peers."""
    return [peers_python(), str(PEERS / "python" / "bugs.py")]
