"""`ferraris sts serve-prismtoken` as a process of its own, spoken to by the driver; and what it refuses to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.keys.security_module import PrismTokenModule
from ferraris.sts import CreditToken, Service
from tests.keys.security_module.benches import RANDOM, SECRETS, TILL, meter, software_module


def served(keystore: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ferraris", "sts", "serve-prismtoken", str(keystore), "--port", "0", *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=keystore.parent,
    )


def test_a_keystore_is_served_until_the_process_is_told_to_end(tmp_path: Path) -> None:
    software_module(tmp_path / "vending.keys").close()
    process = served(tmp_path / "vending.keys")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("PrismToken interface at 127.0.0.1:")
        assert line.rstrip().endswith("in the clear")
        port = int(line.partition(",")[0].rpartition(":")[2])
        module = PrismTokenModule("127.0.0.1", port, TILL, SECRETS[TILL])
        token = CreditToken(Service.ELECTRICITY, 6_500_000, RANDOM, 100)
        digits = module.issue(meter(), token).digits
        again = PrismTokenModule("127.0.0.1", port, TILL, SECRETS[TILL])
        assert again.issue(meter(), token).digits == digits
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors == "stopped\n"
    assert (tmp_path / "vending.keys.prismtoken").exists()


REFUSED = {
    "the clear to the world": (("--host", "0.0.0.0"), "serving in the clear"),
    "half of TLS": (("--certificate", "absent.pem"), "TLS needs both"),
    "no certificate": (("--certificate", "absent.pem", "--private-key", "absent.pem"), "the certificate absent.pem"),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_what_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cause: str
) -> None:
    options, why = REFUSED[cause]
    software_module(tmp_path / "vending.keys").close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ferraris", "sts", "serve-prismtoken", "vending.keys", *options])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_a_keystore_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ferraris", "sts", "serve-prismtoken", str(tmp_path / "absent")])
    with pytest.raises(SystemExit):
        main.run()
    assert "expected a file that `ferraris sts make-keystore` has made" in capsys.readouterr().err
