"""The gateways of the demo: Modbus TCP and AiSEG2 on loopback ports, from the homes' houses."""

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from ingest.demo.homes import DemoHome
from ingest.drivers.profiles import shipped_profile
from ingest.simulator.aiseg2 import AisegServer
from ingest.simulator.aiseg2_pages import Household
from ingest.simulator.images import map_home
from ingest.simulator.server import ModbusServer
from shared.energy.quantities import Quantity

PROFILE = "eastron-sdm"
GENERATION_UNIT, GRID_UNIT = 1, 2
SHOWN = {
    GENERATION_UNIT: {"export": Quantity.PV},
    GRID_UNIT: {"export": Quantity.EXPORT, "import": Quantity.IMPORT},
}
"""Which register of each unit's meter shows which quantity."""
HEADER = "customer_no,driver,address,unit,profile,channels,secret,metrology"


class Gateways:
    """The gateways of each home, served by a thread until stopped; `rows` are those of the CSV."""

    def __init__(self, homes: Sequence[DemoHome], clock: Callable[[], int]) -> None:
        """Prepare; nothing listens before `start`."""
        self._homes, self._clock = homes, clock
        self._profile = shipped_profile(PROFILE)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateways", daemon=True)
        self._password = secrets.token_urlsafe(9)
        self.rows: list[str] = []

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
        path.write_text("\n".join([HEADER, *self.rows]) + "\n", encoding="utf-8")

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            for home in self._homes:
                if home.story.sells_through_aiseg:
                    await self._serve_modbus(stack, home, {GENERATION_UNIT: "pv"})
                    await self._serve_aiseg(stack, home)
                else:
                    units = {GENERATION_UNIT: "pv", GRID_UNIT: "export import"}
                    await self._serve_modbus(stack, home, units)
            self._ready.set()
            await self._stop.wait()

    async def _serve_modbus(
        self, stack: AsyncExitStack, home: DemoHome, units: Mapping[int, str]
    ) -> None:
        """Serve a gateway with a meter a unit, each for the channels named."""
        devices = {unit: map_home(home.house, self._profile, SHOWN[unit]) for unit in units}
        server = await stack.enter_async_context(ModbusServer(devices, self._clock))
        for unit, channels in units.items():
            where = f"{home.customer_no},modbus,127.0.0.1:{server.port}"
            self.rows.append(f"{where},{unit},{PROFILE},{channels},,")

    async def _serve_aiseg(self, stack: AsyncExitStack, home: DemoHome) -> None:
        """Serve an AiSEG2 that is stated to read the smart meter, so that its days may bill."""
        household = Household(home.house, home.contract_from)
        server = AisegServer(household, self._password, self._clock)
        await stack.enter_async_context(server)
        where = f"{home.customer_no},aiseg2,127.0.0.1:{server.port}"
        self.rows.append(f"{where},,,export import,{self._password},special")
