"""A small Modbus TCP server of our own, honest by default and hostile on demand."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.simulator.faults import TWISTED, Exchange, exception
from ingest.simulator.images import Device
from ingest.simulator.serving import Server

_READ_CODES = (3, 4)
_MOST_REGISTERS = 125
_ROLLOVER_WH = 100_000


@dataclass(slots=True)
class Manners:
    """How a gateway behaves; `mode` is one of the fault modes, or blank. Times in seconds.

    `latency_s` passes once for the connection and once for every answer.
    """

    mode: str = ""
    latency_s: float = 0.0
    slow_s: float = 1.0
    one_connection: bool = False
    closes_after_answer: bool = False


class ModbusServer(Server):
    """A gateway on a loopback port; use it with `async with`, `port` is then known."""

    def __init__(
        self,
        devices: Mapping[int, Device],
        clock: Callable[[], int],
        manners: Manners | None = None,
        port: int = 0,
    ) -> None:
        """Serve each device as its unit, as of the clock; port 0 takes a free one."""
        super().__init__(port)
        self.manners = manners or Manners()
        self.asked = 0
        self._devices, self._clock = devices, clock
        self._started = clock()
        self._serving = 0

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.manners.one_connection and self._serving:
            return
        self._serving += 1
        try:
            await asyncio.sleep(self.manners.latency_s)
            while await self._exchange(reader, writer):
                pass
        finally:
            self._serving -= 1

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one question; returns whether the connection stays."""
        head = await reader.readexactly(6)
        question = head + await reader.readexactly(min(int.from_bytes(head[4:], "big"), 254))
        self.asked += 1
        await asyncio.sleep(self.manners.latency_s)
        if self.manners.mode in ("close", "reset"):
            self._hang_up(writer)
            return False
        await self._send(writer, Exchange(question, self._answer(question)))
        return not self.manners.closes_after_answer

    async def _send(self, writer: asyncio.StreamWriter, exchange: Exchange) -> None:
        mode = self.manners.mode
        if mode == "slow":
            await asyncio.sleep(self.manners.slow_s)
        if mode == "drip":
            for octet in exchange.answer:
                writer.write(bytes([octet]))
                await asyncio.sleep(self.manners.slow_s / 4)
            return
        writer.write(TWISTED[mode](exchange) if mode in TWISTED else exchange.answer)
        await writer.drain()

    def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        if self.manners.mode == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def _answer(self, question: bytes) -> bytes:
        """Return the frame that answers a question rightly, or the exception it deserves."""
        fc, address, count = struct.unpack(">BHH", question[7:12].ljust(5, b"\0"))
        device = self._devices.get(question[6])
        if fc not in _READ_CODES:
            return exception(question, 1)
        if device is None:
            return exception(question, 0x0B)
        if not 1 <= count <= _MOST_REGISTERS:
            return exception(question, 3)
        words = self._words(device, [(fc, address + n) for n in range(count)])
        if words is None:
            return exception(question, 2)
        body = question[6:8] + bytes([2 * count]) + struct.pack(f">{count}H", *words)
        return question[:4] + len(body).to_bytes(2, "big") + body

    def _words(self, device: Device, places: list[tuple[int, int]]) -> list[int] | None:
        mode = self.manners.mode
        image = device.image(self._at(), _ROLLOVER_WH if mode == "rollover" else None)
        if any(place not in image for place in places):
            return None
        same = {"zero": 0, "ffff": 0xFFFF}.get(mode)
        return [image[place] if same is None else same for place in places]

    def _at(self) -> int:
        """Return the instant whose registers are shown."""
        if self.manners.mode == "stuck":
            return self._started
        if self.manners.mode == "backwards":
            return self._started - 3600 * self.asked
        return self._clock()
