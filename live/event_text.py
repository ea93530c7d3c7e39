"""What is said as server-sent events: the bytes of graphql-sse's messages, in either of its modes.

PROTOCOL.md of enisdenjo/graphql-sse, with lines as the HTML standard's event stream format has them (section 9.2.6),
each ended by a line feed. Where a response is of one operation its results stand for themselves, with an `id:` line, so
that a bare `EventSource` resumes by `Last-Event-ID`. Where several share one, each message names its operation, and
there is no `id:`: one line could not say how far each of them is.
"""

from typing import Any

import msgspec

from live.member import Member

PING = b":\n\n"
RETRY = b"retry: 1000\n\n"
"""After how many milliseconds a browser comes back; what it takes by itself is up to it, and often seconds."""


class Wording(msgspec.Struct, frozen=True):
    """How the messages of one operation are worded; make it with `named`, or take `ALONE`.

    Attributes:
        complete: the message that every result has been sent.
        before: what stands before a result.
        after: what stands behind it.
        resumes: whether results have the `id:` line.
    """

    complete: bytes
    before: bytes = b""
    after: bytes = b""
    resumes: bool = False

    def next(self, payload: bytes, cursor: str | None = None) -> bytes:
        """A `next` event with a result that is encoded already."""
        # Line breaks in JSON are white space; each line of the data needs the field's name of its own.
        data = payload.replace(b"\r", b" ").replace(b"\n", b"\ndata: ")
        ident = b"id: " + cursor.encode() + b"\n" if self.resumes and cursor is not None else b""
        return b"event: next\n" + ident + b"data: " + self.before + data + self.after + b"\n\n"

    def failed(self, errors: list[dict[str, Any]]) -> bytes:
        """A result that is nothing but errors, and the end."""
        return self.next(msgspec.json.encode({"errors": errors})) + self.complete

    def end_of(self, member: Member) -> bytes | None:
        """What is said when a subscription has come to its end; None if it has not."""
        if member.finished:
            return self.complete
        if not member.more and member.failure is not None:
            return self.failed(member.failure)
        return None


ALONE = Wording(b"event: complete\ndata:\n\n", resumes=True)
"""Of the one operation of a response. The empty data is for browsers: they hand no event on that has none."""


def named(ident: str) -> Wording:
    """Of the operation with this id, one of several."""
    quoted = msgspec.json.encode(ident)
    complete = b'event: complete\ndata: {"id":' + quoted + b"}\n\n"
    return Wording(complete, b'{"id":' + quoted + b',"payload":', b"}")
