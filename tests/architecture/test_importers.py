"""Who may import what, where the rule is about single modules or about libraries.

The direction between the rooms themselves is the import linter's (pyproject.toml). A row here is: a module, and
the patterns of the modules that may import it or anything in it. To loosen a rule, add a pattern and say why.
"""

from fnmatch import fnmatch

import pytest

from tests.architecture import house

MAY_IMPORT = {
    # The composition root mounts the schema, and one command prints it.
    "graph": ("graph*", "web.app", "cli.schema_command", "cli.documents_command"),
    "strawberry": ("graph*", "web.app"),
    "graphql": ("graph*", "web.app", "live*", "cli.schema_command"),
    # One file family keeps the library whose faults are known behind a small interface.
    "broadcaster": ("events.channel*",),
    # And where API processes keep count together.
    "redis": ("events.channel*", "auth.shared"),
    # Verbs of the API change things through `Once`, so that each is done once for a key; the command line sends none.
    "services.written.transaction": ("services.once", "services.principals"),
    # The only SQL.
    "sqlalchemy": ("db*", "migrations*"),
    "alembic": ("db*", "migrations*"),
    "aiosqlite": ("db*",),
    "asyncpg": ("db*", "events.channel*"),
    "psycopg": ("db*",),
    # The edge, the network client and the world outside.
    # The command line asks a server as any client does, over HTTP and a WebSocket, in one module; in another one it
    # looks at what is on the wire.
    "aiohttp": ("web*", "probes*", "sandbox*", "cli.remote.server", "cli.remote.wire"),
    # Tests speak to our proxies with a client that is not ours.
    "aiohttp_socks": (),
    "selectolax": ("probes*",),
    "re2": ("probes*",),
    "cryptography": ("auth*", "sandbox*"),
    "rich": ("cli*",),
    "argparse": ("cli*",),
    "pydantic": ("core.settings", "core.limit_settings"),
    "pydantic_settings": ("core.settings", "core.limit_settings"),
    "pytest": (),
    "tests": (),
    "bench": (),
    "tools": (),
}


def belongs(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_only_the_named_modules_import(package: str) -> None:
    modules = [path for path in house.files(".py") if path.parts[0] in house.rooms()]
    importers = {
        house.module_name(path)
        for path in modules
        if any(belongs(name, package) for name in house.imports(path))
    }
    allowed = MAY_IMPORT[package]
    assert {name for name in importers if not any(fnmatch(name, pattern) for pattern in allowed)} == set()
