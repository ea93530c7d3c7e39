"""A stay: what a connection that lasts has of the token that it was opened with, until the token ends.

A token is looked at when somebody comes, and again for each subscription. What is connected would live on after it, so
whoever serves a connection begins a stay first and tells whom to expel. `web/stays.py` implements this; neither this
room nor the protocols on the wire know a token.
"""

from typing import Protocol

from live.close_codes import CloseCode

EXPEL_SECONDS = 0.5
"""How long a peer whose token has ended may take what was sent before. Whoever reads has it at once."""


class Guest(Protocol):
    """Who serves a connection."""

    async def expel(self, code: CloseCode, reason: str) -> None:
        """Send nothing from now on, and end the connection; returns within seconds, whatever the peer does."""


class Stay(Protocol):
    """One connection's share of a token."""

    @property
    def caller(self) -> object:
        """Who is connected, as they are now: what they may do can change without their seeing anything else."""

    def is_of(self, caller: object) -> bool:
        """Whether it is this caller's, by the same token, whatever they could do when they were looked up."""

    async def confirm(self) -> None:
        """See that the token is good, as it was a moment ago at most; for what changes something, or stays.

        Raises:
            auth.tokens.Unauthenticated: it has ended; whoever is seated is expelled.
            core.errors.Unavailable: it cannot be found out now.
        """

    def seat(self, guest: Guest) -> None:
        """Say whom to expel when the token ends; at once if it has ended already."""

    def end(self) -> None:
        """The connection is over. A second call does nothing."""


class Stays(Protocol):
    """Says who is asking, of those who stay."""

    async def begin(self, authorization: str | None) -> Stay:
        """A stay of the caller behind the value of an Authorization header; end it.

        Raises:
            auth.tokens.Unauthenticated: nobody that is known.
            core.errors.Unavailable: it cannot be found out now.
            vocabulary.operations.Throttled: they have as many as one may.
        """
