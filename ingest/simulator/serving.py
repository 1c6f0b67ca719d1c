"""What every simulated device over TCP does alike: listen, remember who talks, and hang up."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import Self

BACKLOG = 1024


class Server(ABC):
    """A server on a loopback port; use it with `async with`, `port` is then known."""

    def __init__(self, port: int) -> None:
        """Take a port; 0 takes a free one."""
        self.port = port
        self._talks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen on 127.0.0.1."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, backlog=BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and hang up on everyone."""
        if self._server:
            self._server.close()
        await end_of(self._talks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the streams of 3.11 tell a cancelled conversation as an error
        finally:
            writer.close()

    @abstractmethod
    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""


async def end_of(talks: "Iterable[asyncio.Task[None]]") -> None:
    """End conversations, and wait until their connections are closed too."""
    ending = list(talks)
    for talk in ending:
        talk.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
    for _ in range(2):  # a transport closes one turn of the loop after it was told to
        await asyncio.sleep(0)
