"""`limen openapi`: the published form of the HTTP API."""

import json

import click

from limen.entrypoints.cli.files.opening import writing
from limen.entrypoints.cli.lazy import Command


@click.command(cls=Command, examples=("limen openapi", "limen openapi --output openapi.json"))
@click.option("--output", "file", metavar="FILE", default="-", help="Write it to a file instead.")
def openapi(file: str) -> None:
    """Print the OpenAPI 3.1 document of the HTTP API: what a server shows under /schema."""
    # Late: Litestar is slow to import.
    from limen.entrypoints.http.document import openapi_document  # noqa: PLC0415

    document = json.dumps(openapi_document(), indent=2, ensure_ascii=False)
    with writing(file) as stream:
        stream.write(f"{document}\n".encode())
