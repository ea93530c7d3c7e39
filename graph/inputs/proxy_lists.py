"""Inputs of the verbs on many proxies."""

import strawberry

from graph.inputs.keyed import KeyedInput
from services.proxy_lines import MAX_BYTES, MAX_LINES
from services.proxy_lists import MAX_CLEANED
from vocabulary.proxies import ProxyProtocol


@strawberry.input(description="A list of proxies to be added.")
class ImportProxiesInput(KeyedInput):
    """A list of proxies to be added."""

    text: str = strawberry.field(
        description=(
            "One proxy on a line: `host:port`, `host:port:user:password`, `user:password@host:port` or"
            " `scheme://user:password@host:port`, where the scheme is http, https, socks4 or socks5. With a scheme,"
            " `%XX` stands for a byte of the user or the password. Blank lines, and what follows a `#` that begins a"
            f" line or stands after white space, count for nothing. At most {MAX_LINES} proxies and {MAX_BYTES} bytes"
            " in UTF-8."
        )
    )
    protocol: ProxyProtocol = strawberry.field(
        default=ProxyProtocol.HTTP, description="How those are spoken to whose line has no scheme."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Whether to add nothing and only tell what would be added."
    )


@strawberry.input(description="Which unhealthy proxies to remove.")
class CleanUnhealthyProxiesInput(KeyedInput):
    """Which unhealthy proxies to remove."""

    min_failures: int = strawberry.field(
        default=3, description="How often one must have failed since it last went well, 1 to 1000000."
    )
    dry_run: bool = strawberry.field(
        default=True,
        description=f"Whether to remove nothing and only tell what would be removed, at most {MAX_CLEANED} at once.",
    )
