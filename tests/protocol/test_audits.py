"""All audits of the npm package `graphql-http`, whose author maintains the list that servers are compared by.

They ask for 400 in some places where the edition of September 2026 recommends 422, and for 200 where it recommends to
answer as with the other media type (`tests/protocol/test_graphql_over_http.py` tells these). We go by the audits, as
clients do.
"""

import json
from pathlib import Path

import pytest
import pytest_asyncio

from tests.clients.node import run
from tests.protocol.served import TOKEN, product

SPECIFICATION = "GraphQL over HTTP, audits of graphql-http"
AUDITS: dict[str, str] = json.loads(Path(__file__).with_name("audits.json").read_text())
Verdicts = dict[str, dict[str, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    async with product(tmp_path_factory.mktemp("audits")) as api:
        found = await run("audits.mjs", url=f"{api.url}/graphql", token=TOKEN)
    return {each["id"]: each for each in found}


def test_the_package_has_these_audits_and_no_others(verdicts: Verdicts) -> None:
    assert {ident: each["name"] for ident, each in verdicts.items()} == AUDITS


@pytest.mark.parametrize(
    "ident",
    [
        pytest.param(ident, marks=pytest.mark.clause(SPECIFICATION, ident, asks))
        for ident, asks in AUDITS.items()
    ],
)
def test_audit(verdicts: Verdicts, ident: str) -> None:
    assert verdicts[ident]["status"] == "ok", verdicts[ident]["reason"]
