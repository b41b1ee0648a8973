"""Fetches a page: get HOST PORT."""
import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.session import Session


class Run(exports.Run):
    async def run(self) -> None:
        session = Session("http", sys.argv[1], int(sys.argv[2]))  # no I/O yet
        try:
            response = await session.get("/", [])  # the name is looked up here
            print(response.status, response.content.decode(errors="replace"))
        except Err as error:
            print(f"{error.value.phase.name}: {error.value.detail}", file=sys.stderr)
            raise
