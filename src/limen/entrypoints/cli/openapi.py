"""`limen openapi`: the published form of the HTTP API."""

import json

import click

from limen.entrypoints.cli.files.opening import writing
from limen.entrypoints.cli.lazy import Command
from limen.wiring.settings import load


@click.command(cls=Command, examples=("limen openapi", "limen openapi --output openapi.json"))
@click.option("--output", "file", metavar="FILE", default="-", help="Write it to a file instead.")
def openapi(file: str) -> None:
    """Print the OpenAPI 3.1 document of the HTTP API, as /schema/openapi.json serves it."""
    # Late: Litestar is slow to import.
    from limen.entrypoints.http.app import create_app  # noqa: PLC0415
    from limen.entrypoints.http.opening import open_for_http  # noqa: PLC0415

    settings = load()
    app = create_app(lambda: open_for_http(settings), settings.http)
    document = json.dumps(app.openapi_schema.to_schema(), indent=2, ensure_ascii=False)
    with writing(file) as stream:
        stream.write(f"{document}\n".encode())
