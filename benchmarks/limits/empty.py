"""An empty JSON route in Litestar, with everything switched off that can be."""

import msgspec
from litestar import Litestar, get


class Answer(msgspec.Struct):
    """The smallest answer that is an object."""

    answer: int


@get("/")
async def empty() -> Answer:
    """Answer."""
    return Answer(42)


app = Litestar([empty], openapi_config=None, logging_config=None)
