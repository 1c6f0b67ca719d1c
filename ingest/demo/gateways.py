"""The gateways of the demo: real Modbus TCP on loopback ports, from the homes' own houses."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from ingest.demo.homes import DemoHome
from ingest.drivers.profiles import shipped_profile
from ingest.simulator.images import map_home
from ingest.simulator.server import ModbusServer
from shared.energy.quantities import Quantity

PROFILE = "eastron-sdm"
GENERATION_UNIT, GRID_UNIT = 1, 2
HEADER = "customer_no,driver,address,unit,profile,channels,secret"


class Gateways:
    """One gateway a home, served by a thread until stopped; `ports` follow the homes' order."""

    def __init__(self, homes: Sequence[DemoHome], clock: Callable[[], int]) -> None:
        """Prepare; nothing listens before `start`."""
        self._homes, self._clock = homes, clock
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateways", daemon=True)
        self.ports: list[int] = []

    def start(self) -> None:
        """Listen on free ports of 127.0.0.1."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Hang up on everyone and end the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def write_file(self, path: Path) -> None:
        """Write the gateways as the file that `ppa gateways import` takes."""
        lines = [HEADER]
        for home, port in zip(self._homes, self.ports, strict=True):
            address = f"127.0.0.1:{port}"
            for unit, channels in ((GENERATION_UNIT, "pv"), (GRID_UNIT, "export import")):
                lines.append(f"{home.customer_no},modbus,{address},{unit},{PROFILE},{channels},")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        profile = shipped_profile(PROFILE)
        async with AsyncExitStack() as stack:
            for home in self._homes:
                devices = {
                    GENERATION_UNIT: map_home(home.house, profile, {"export": Quantity.PV}),
                    GRID_UNIT: map_home(
                        home.house,
                        profile,
                        {"export": Quantity.EXPORT, "import": Quantity.IMPORT},
                    ),
                }
                server = await stack.enter_async_context(ModbusServer(devices, self._clock))
                self.ports.append(server.port)
            self._ready.set()
            await self._stop.wait()
