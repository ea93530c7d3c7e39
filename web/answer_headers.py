"""What every answer says of whoever gives it, and what one says to whoever may think of keeping it.

aiohttp names itself and Python, each with its version, which tells an attacker what to look up and a client nothing.
"""

from aiohttp import hdrs, web

SERVER_NAME = "Heliograph"
NO_STORE = "no-store"


def say_who(response: web.StreamResponse) -> None:
    """Name what answers, without a version; without a name aiohttp would say its own."""
    response.headers[hdrs.SERVER] = SERVER_NAME


def keep_nowhere(response: web.StreamResponse) -> None:
    """Let nobody on the way keep an answer that depends on who asks and when, unless it says itself who may."""
    response.headers.setdefault(hdrs.CACHE_CONTROL, NO_STORE)


async def _before_it_is_sent(_request: web.Request, response: web.StreamResponse) -> None:
    say_who(response)


def install(app: web.Application) -> None:
    """Name what answers in every answer of `app`; `web/heads.py` does where no request has come to it."""
    app.on_response_prepare.append(_before_it_is_sent)
