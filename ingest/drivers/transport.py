"""Modbus TCP over pymodbus: one request at a time, read-only, never longer than the deadline."""

import asyncio
import logging
from collections.abc import Sequence

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from ingest.drivers.frames import ModbusRefused, Request, examine
from ingest.drivers.protocol import Outcome, Reach, ReadingFailed, Target, WireBroken

_HOLDING = 3
_LARGEST_CHUNK = 1 << 20

# Its warnings are our outcomes, told once and in our words.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class ModbusLink:
    """The way to one gateway for one poll; `close` it when done.

    Every failure of the wire closes the connection, because what is still under way would be
    taken for the next answer (security.md §3.3). A connection that broke, or answered wrongly, is
    tried afresh once; one that let its whole time pass is not, because that would keep others
    waiting for a home that is off.
    """

    def __init__(self, target: Target, reach: Reach) -> None:
        """Start the deadline; nothing is connected yet."""
        self._target = target
        self._reach = reach
        self._connection: _Connection | None = None
        self._answered = False
        self._given_up: ReadingFailed | None = None
        self._deadline = asyncio.get_running_loop().time() + reach.deadline_s

    async def read(self, fc: int, address: int, count: int) -> Sequence[int]:
        """Return `count` registers of function code 3 or 4; raises ReadingFailed.

        A gateway that failed before it ever answered is not asked for the rest.
        """
        if self._given_up:
            raise self._given_up
        try:
            words = await self._try(Request(fc, address, count, self._target.unit))
        except ReadingFailed as failure:
            if isinstance(failure, ModbusRefused):
                self._answered = True
            else:
                self.close()
                self._given_up = None if self._answered else failure
            raise
        self._answered = True
        return words

    async def _try(self, request: Request) -> Sequence[int]:
        try:
            return await self._ask(request)
        except WireBroken as broken:
            self.close()
            if self._left() <= 0:
                raise
            first = broken
        try:
            return await self._ask(request)
        except ReadingFailed as second:
            # A gateway that is slow to free its one connection refuses the next; what happened
            # first tells more.
            raise (first if second.outcome is Outcome.UNREACHABLE else second) from None

    async def _ask(self, request: Request) -> Sequence[int]:
        if self._left() <= 0:
            raise ReadingFailed(Outcome.METER_SILENT, "the deadline passed before it was asked")
        connection = self._connection or await self._connect()
        return await connection.ask(request, self._patience())

    async def _connect(self) -> "_Connection":
        self._reach.guard(self._target.address)
        connection = self._connection = _Connection(self._target, self._patience())
        if not await connection.open():
            self.close()
            raise ReadingFailed(Outcome.UNREACHABLE, f"no connection to {self._target.address}")
        return connection

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _patience(self) -> float:
        return min(self._reach.timeout_s, max(self._left(), 0.0))


class _Connection:
    """One TCP connection through pymodbus, which sees only answers that were examined."""

    def __init__(self, target: Target, connect_s: float) -> None:
        self._connect_s, self._air = connect_s, target.air
        self._request: Request | None = None
        self._tid = 0
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = self._answered = False
        self._spoilt: WireBroken | None = None
        self._client = AsyncModbusTcpClient(
            str(target.address.host),
            port=target.address.port,
            timeout=connect_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._on_packet,
            trace_connect=self._on_connect,
        )
        # Larger chunks than a frame would vanish unseen and look like silence.
        self._client.ctx.max_buffer_size = _LARGEST_CHUNK

    async def open(self) -> bool:
        """Return whether a connection stands."""
        self._air.count(0)
        try:
            async with asyncio.timeout(self._connect_s):
                return await self._client.connect()
        except (TimeoutError, OSError):
            return False

    async def ask(self, request: Request, patience_s: float) -> Sequence[int]:
        """Return the registers of one answer; raises WireBroken, or ModbusRefused."""
        if self._spoilt:
            raise self._spoilt
        self._request, self._heard, self._answered = request, False, False
        answer = asyncio.ensure_future(self._execute(request))
        try:
            await asyncio.wait(
                (answer, self._broken),
                timeout=patience_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            return self._outcome(answer)
        finally:
            self._request = None
            if not answer.cancel() and not answer.cancelled():
                answer.exception()

    async def _execute(self, request: Request) -> Sequence[int]:
        read = (
            self._client.read_holding_registers
            if request.fc == _HOLDING
            else self._client.read_input_registers
        )
        response = await read(request.address, count=request.count, device_id=request.unit)
        if response.isError():
            raise ModbusRefused(response.exception_code)
        return response.registers

    def _outcome(self, answer: "asyncio.Future[Sequence[int]]") -> Sequence[int]:
        if self._broken.done():
            self._broken.result()
        try:
            if answer.done():
                return answer.result()
        except ModbusException:
            pass
        raise ReadingFailed(Outcome.METER_SILENT, "connected, but no complete answer in time")

    def _on_packet(self, sending: bool, packet: bytes) -> bytes:  # noqa: FBT001 - pymodbus calls it
        """Note the transaction on the way out; on the way in, pass on whole right answers only."""
        self._air.count(len(packet))
        if sending:
            self._tid = int.from_bytes(packet[:2], "big")
            return packet
        self._heard = True
        try:
            self._answered = self._examine(packet)
        except WireBroken as failure:
            self._break(failure)
            return b""
        return packet if self._answered else b""

    def _examine(self, packet: bytes) -> bool:
        if self._request is None:
            raise WireBroken(Outcome.BAD_ANSWER, "bytes came that nobody had asked for")
        return examine(self._request, self._tid, packet)

    def _on_connect(self, connected: bool) -> None:  # noqa: FBT001 - pymodbus calls it
        """Note that the other side hung up."""
        if connected:
            return
        if self._heard and not self._answered:
            sentence = "the connection was closed in the middle of an answer"
            self._break(WireBroken(Outcome.BAD_ANSWER, sentence))
        else:
            sentence = "the connection was closed without an answer"
            self._break(WireBroken(Outcome.METER_SILENT, sentence))

    def _break(self, failure: WireBroken) -> None:
        """End the question under way, or, once it has its answer, spoil the next one."""
        self._spoilt = failure
        if not self._answered and not self._broken.done():
            self._broken.set_exception(failure)

    def close(self) -> None:
        """Hang up, and drop what was still under way."""
        self._client.close()
        if self._broken.done():
            self._broken.exception()
        else:
            self._broken.cancel()
