"""An STS6 security module on a line, for tests: STS600-8-6 over any module of ours, with faults to order.

It answers as the public bench expects. What the identification says is this emulator's own, since that is not public.
"""

from __future__ import annotations

import os
import socket
import threading
import tty
from collections.abc import Mapping
from dataclasses import replace

from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import DecodeError
from ferraris.keys.security_module import (
    KeyTypeForbidden,
    SecurityModule,
    SecurityModuleError,
    TransactionsExhausted,
    VendingKeyExpired,
    VendingKeyRegister,
)
from ferraris.keys.security_module.sts600_8_6 import (
    GENERIC_ERROR,
    Field,
    LineReader,
    decode_request,
    encode_answer,
    number,
    printable,
)
from ferraris.sts import (
    EncryptionAlgorithm,
    MeterPan,
    StsConfiguration,
    StsError,
    checksum,
    token_of_block,
)

STATUS_OF = {VendingKeyExpired: "41", TransactionsExhausted: "43", KeyTypeForbidden: "44"}


class SerialEmulator:
    """Answers lines. `faults` are done to the next answers, in turn: "", "garbled", "lost", "late", "other"."""

    def __init__(self, module: SecurityModule, registers: Mapping[int, VendingKeyRegister], entropy: Entropy) -> None:
        self.module = module
        self.registers = registers
        self.entropy = entropy
        self.faults: list[str] = []
        self.requests: list[str] = []
        self._late = b""

    def answer(self, line: bytes) -> bytes:
        try:
            header, fields = decode_request(line)
        except DecodeError:
            return encode_answer(GENERIC_ERROR, "20")
        self.requests.append(header)
        honest = self._honest(header, [value for _, value in fields])
        if header == "SM?DI":
            before, self._late = self._late, b""
            return before + honest
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "late":
            self._late = honest
        damaged = {"garbled": honest.replace(b"~", b"}"), "lost": b"", "late": b"", "other": encode_answer("SM?XX")}
        return damaged.get(fault, honest)

    def _honest(self, header: str, values: list[str]) -> bytes:
        try:
            if header == "SM?DI":
                return encode_answer(header, "00", [printable("EMULATED"), number(1)])
            if header in {"SM?VC", "SM?VM"}:
                return encode_answer(header, "00", self._issue(header, values))
            if header == "SM?VK":
                return encode_answer(header, "00", self._key_change(values))
        except SecurityModuleError as error:
            return encode_answer(header, STATUS_OF.get(type(error), "26"))
        except KeyError:
            return encode_answer(header, "28")
        except (StsError, ValueError):
            return encode_answer(header, "24")
        return encode_answer(GENERIC_ERROR, "21")

    def _issue(self, header: str, values: list[str]) -> list[Field]:
        register, pan, index, algorithm, _, subclass, amount, identifier = values
        configuration = self._configuration(int(register), pan, int(index), int(algorithm))
        token_class = 0 if header == "SM?VC" else 2
        random = self.entropy.octets(1)[0] & 0xF
        data = int(subclass) << 44 | random << 40 | int(identifier, 16) << 16 | int(amount, 16)
        token = token_of_block(
            token_class, data << 16 | checksum(token_class, data), configuration.encryption_algorithm
        )
        digits = self.module.issue(configuration, token).digits
        return [printable(f"{int(digits):017X}"), printable(digits)]

    def _key_change(self, values: list[str]) -> list[Field]:
        old, new, pan, old_index, algorithm, _, new_index, count = values
        present = self._configuration(int(old), pan, int(old_index), int(algorithm))
        changed = self._configuration(int(new), pan, int(new_index), int(algorithm))
        changed = replace(changed, three_token_key_change=count == "3")
        tokens = [token.digits for token in self.module.issue_key_change(present, changed)]
        rollover = int(present.base_date != changed.base_date)
        in_hex = "".join(f"{int(digits):017X}" for digits in tokens)
        return [number(rollover), number(len(tokens)), printable(in_hex), printable("".join(tokens))]

    def _configuration(self, number_of_register: int, pan: str, index: int, algorithm: int) -> StsConfiguration:
        register = self.registers[number_of_register]
        return StsConfiguration(
            MeterPan.parse(pan),
            EncryptionAlgorithm(algorithm),
            register.supply_group_code,
            register.key_revision_number,
            register.key_type,
            index,
            register.base_date,
            register.key_expiry_number,
            register.derivation,
        )


class EmulatedNetworkPort:
    """The emulator behind a network port, as terminal servers put serial modules there."""

    def __init__(self, emulator: SerialEmulator) -> None:
        self.emulator = emulator
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        reader = LineReader()
        try:
            while piece := connection.recv(1024):
                for line in reader.receive(piece):
                    connection.sendall(self.emulator.answer(line))
        except OSError:
            return

    def unplug(self) -> None:
        """Cut every connection; new ones are taken."""
        for connection in self._connections:
            connection.close() if connection.fileno() < 0 else _cut(connection)
        self._connections.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.unplug()


class EmulatedLine:
    """The emulator at one end of a pseudo-terminal; `url` is the device at the other end."""

    def __init__(self, emulator: SerialEmulator) -> None:
        self.emulator = emulator
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.url = os.ttyname(self._theirs)
        threading.Thread(target=self._talk, daemon=True).start()

    def _talk(self) -> None:
        reader = LineReader()
        try:
            while piece := os.read(self._ours, 1024):
                for line in reader.receive(piece):
                    os.write(self._ours, self.emulator.answer(line))
        except OSError:
            return

    def close(self) -> None:
        os.close(self._theirs)
        os.close(self._ours)


def _cut(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
