"""Stays, of which nobody has more than one principal may have connections."""

from auth.quotas import Quotas
from live.stay import Guest, Stay, Stays


class CountedStay:
    """One that is counted until it ends; implements `live.stay.Stay`."""

    __slots__ = ("_counted", "_quotas", "_stay")

    def __init__(self, stay: Stay, quotas: Quotas) -> None:
        self._stay = stay
        self._quotas = quotas
        # Who was counted; who they are now is the stay's to know.
        self._counted: object = stay.caller

    def __repr__(self) -> str:
        return f"<CountedStay {self._stay!r}>"

    @property
    def caller(self) -> object:
        """Who is connected, as they are now."""
        return self._stay.caller

    def is_of(self, caller: object) -> bool:
        """Whether it is this caller's, by the same token."""
        return self._stay.is_of(caller)

    async def confirm(self) -> None:
        """See that the token is good; raises what the stay raises."""
        await self._stay.confirm()

    def seat(self, guest: Guest) -> None:
        """Say whom to expel when the token ends."""
        self._stay.seat(guest)

    def end(self) -> None:
        """The connection is over, and makes room for another."""
        if self._counted is not None:
            self._quotas.disconnect(self._counted)
            self._counted = None
        self._stay.end()


class CountedStays:
    """Implements `live.stay.Stays` over others."""

    def __init__(self, stays: Stays, quotas: Quotas) -> None:
        self._stays = stays
        self._quotas = quotas

    def __repr__(self) -> str:
        return f"<CountedStays {self._stays!r}>"

    async def begin(self, authorization: str | None) -> CountedStay:
        """A stay of the caller behind the value of an Authorization header.

        Raises:
            auth.tokens.Unauthenticated: nobody that is known.
            core.errors.Unavailable: it cannot be found out now.
            Throttled: they have as many connections as one may.
        """
        stay = await self._stays.begin(authorization)
        try:
            await self._quotas.connect(stay.caller)
        except BaseException:
            stay.end()
            raise
        return CountedStay(stay, self._quotas)
