"""Fetches URLs, follows their redirects, and keeps cookies from one to the next: fetch URL..."""
import sys

from wit_world import exports
from wit_world.imports.client import Client
from wit_world.imports.cookies import CookieJar
from wit_world.imports.settings import Options


class Run(exports.Run):
    def run(self) -> None:
        client, options = Client(), Options()
        options.set_cookie_jar(CookieJar())
        client.set_options(options)
        for url in sys.argv[1:]:
            response = client.request("GET", url).send()  # the last one, after redirects
            print(response.status(), response.url())
            print(response.read_to_end().decode(errors="replace"))
