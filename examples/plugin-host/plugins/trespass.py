"""A plugin that tries what it may not: its input is a host and a port."""
from componentize_py_types import Err
import wit_world
from wit_world.imports.session import Session


class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        host, port = input.split()
        session = Session("http", host, int(port))
        try:
            return session.get("/", []).content.decode(errors="replace")
        except Err as error:
            raise Err(error.value.detail)  # Xenon's own words
