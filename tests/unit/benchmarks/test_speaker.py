import pytest

from benchmarks.load.requests import request
from benchmarks.load.speaker import is_whole


@pytest.mark.parametrize(
    ("answer", "is_there"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length:2\r\nx: y\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", False),
        (b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\nx: y\r", False),
        (b"", False),
    ],
)
def test_an_answer_is_whole_when_all_that_was_announced_is_there(
    answer: bytes, is_there: bool
) -> None:
    assert is_whole(answer) is is_there


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = request("POST", "/x", token="t", body={"a": 1}).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /x HTTP/1.1"
    assert b"authorization: Bearer t" in lines
    assert f"content-length: {len(body)}".encode() in lines
