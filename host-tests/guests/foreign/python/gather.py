"""A service that gets the URLs in the fields `url` of each request, all at once, and responds with their contents, one after another.
It is written as componentize-py suggests, and knows nothing of Xenon."""

import asyncio
from urllib.parse import urlsplit

import wit_world
from componentize_py_async_support import spawn
from componentize_py_async_support.streams import ByteStreamWriter
from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports import client
from wit_world.imports.wasi_http_types import Fields, Request, Response, Scheme_Http, Scheme_Https


class Handler(exports.Handler):
    async def handle(self, request: Request) -> Response:
        urls = request.get_headers().get("url")
        responses = await asyncio.gather(*(get(url.decode()) for url in urls))
        writer, content = wit_world.byte_stream()
        answer, _ = Response.new(Fields(), content, no_trailers())
        answer.set_status_code(max(response.get_status_code() for response in responses))
        spawn(pass_on(responses, writer))
        return answer


async def get(url: str) -> Response:
    parts = urlsplit(url)
    request, _ = Request.new(Fields(), None, no_trailers(), None)
    request.set_scheme(Scheme_Https() if parts.scheme == "https" else Scheme_Http())
    request.set_authority(parts.netloc)
    request.set_path_with_query(parts.path)
    return await client.send(request)


async def pass_on(responses: list[Response], writer: ByteStreamWriter) -> None:
    with writer:
        for response in responses:
            content, _ = Response.consume_body(response, success())
            with content:
                while not content.writer_dropped:
                    await writer.write_all(await content.read(65536))


def no_trailers():
    return wit_world.result_option_wasi_http_types_fields_wasi_http_types_error_code_future(lambda: Ok(None))[1]


def success():
    return wit_world.result_unit_wasi_http_types_error_code_future(lambda: Ok(None))[1]
