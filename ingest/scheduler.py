"""`ppa scheduler`: the ticker that makes due jobs exist in the queue; any number may run."""

import argparse

from redis import Redis

from ingest.ticking import Ticker, tick_in_foreground
from shared.commands.context import Context
from shared.queue import RedisQueue


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ppa scheduler`."""
    parser = commands.add_parser("scheduler", help="the ticker that makes due jobs exist")
    parser.set_defaults(run=run_scheduler)


def run_scheduler(_args: argparse.Namespace, context: Context) -> int:
    """Tick until SIGTERM; without Redis there is nothing to put jobs into."""
    if context.config.redis_url is not None:
        context.open_engine()
        queue = RedisQueue(Redis.from_url(context.config.redis_url))
        tick_in_foreground(Ticker(context, queue))
        return 0
    context.say("PPA_REDIS_URL is not set: a worker finds what is due itself, no scheduler needed")
    return 0
