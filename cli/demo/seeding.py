"""Something to see: at each start of a demo one campaign runs, as long as the world has names left.

The names of a space never repeat, so each campaign takes the next part of the world's names, and after the last one
there is nothing more to discover, which is said instead of starting a campaign over nothing.
"""

import contextlib
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from auth.principal import Principal
from auth.tokens import Unauthenticated
from cli.demo.belongings import Belongings, Outfitter
from cli.demo.folder import DemoFolder
from core.errors import Conflict
from db.models import CampaignRow
from db.queries import campaigns
from db.queries.campaigns import CAMPAIGNS, CampaignFilter, CampaignOrderField, Generation
from db.queries.listing import Wanted
from names.space import Space
from sandbox import keywords, world
from sandbox.sandbox import Sandbox
from services.campaigns import CampaignDraft
from vocabulary.access import Role
from vocabulary.campaigns import (
    CampaignMode,
    CampaignStatus,
    DnsConfig,
    GenerationConfig,
    HttpConfig,
    PatternType,
)
from web.app import ApiProcess

PRINCIPAL = "demo"
ALIVE = frozenset({CampaignStatus.RUNNING, CampaignStatus.WAITING, CampaignStatus.PAUSED})
WORLD_NAMES = len(world.WORLD.sites)
NAMES = WORLD_NAMES // 2
LIMIT = 1000

GENERATION = GenerationConfig(
    pattern_type=PatternType.PREFIX,
    character_set=world.CHARACTERS,
    constant=world.CONSTANT,
    tlds=(world.TLD,),
    prefix_length=world.VARIABLE_LENGTH,
)


class Standing(msgspec.Struct, frozen=True):
    """A demo campaign as the database has it: what it reserved up to, and the ports that it fetches at."""

    id: UUID
    name: str
    status: CampaignStatus
    upper: int
    ports: tuple[int, int]


async def working_token(api: ApiProcess, folder: DemoFolder) -> tuple[str, Principal]:
    """The folder's token and who has it; on a database that does not know it, a new one for a principal `demo`."""
    token = folder.token()
    try:
        return token, await api.services.principals.authenticate(token)
    except Unauthenticated:
        token = await _new_token(api)
        folder.write_token(token)
    return token, await api.services.principals.authenticate(token)


async def _new_token(api: ApiProcess) -> str:
    # An earlier demo on this database may have made it.
    with contextlib.suppress(Conflict):
        await api.services.principals.create(PRINCIPAL, Role.ADMIN)
    token, _ = await api.services.principals.create_token(PRINCIPAL, "demo", Role.ADMIN)
    return token


async def seed(api: ApiProcess, caller: Principal, sandbox: Sandbox, names: int) -> str:
    """Make what is missing and have a campaign run; says in one sentence what there is to see.

    Args:
        api: the running API.
        caller: who owns what is made.
        sandbox: the world.
        names: how many names the campaign takes; 0 makes none.

    Raises:
        HeliographError: a verb was refused.
    """
    belongings = await Outfitter(api, caller, sandbox).outfit()
    ports = (sandbox.http_port, sandbox.https_port)
    stored = await _stored(api, caller)
    for campaign in stored:
        if campaign.status in ALIVE and campaign.ports == ports:
            return f"{campaign.name} is {campaign.status.lower()}."
        if campaign.status in ALIVE:
            # It was made for ports on which the world is no longer found, and they are part of what it is.
            await api.services.campaign_control.cancel(caller, campaign.id)
    if names == 0:
        return "No campaign was made, as --demo-names 0 asks."
    used = max((campaign.upper for campaign in stored), default=0)
    count = min(names, WORLD_NAMES - used)
    if count <= 0:
        return f"All {WORLD_NAMES} names of the demo's world are used up; another --demo-dir begins anew."
    name = f"Solar leads {len(stored) + 1}"
    await _start(api, caller, _draft(name, count, belongings, ports))
    return f"{name} runs over {count} of the world's {WORLD_NAMES} names."


async def _start(api: ApiProcess, caller: Principal, draft: CampaignDraft) -> None:
    made = await api.services.campaigns.create(caller, draft)
    await api.services.campaign_control.start(caller, made.value)


def _draft(name: str, count: int, belongings: Belongings, ports: tuple[int, int]) -> CampaignDraft:
    return CampaignDraft(
        name=name,
        mode=CampaignMode.FULL_SEQUENCE,
        generation=msgspec.structs.replace(GENERATION, count=count),
        dns=DnsConfig((belongings.dns_persona_id,), batch_size=25),
        http=HttpConfig(
            (belongings.http_persona_id,),
            keyword_set_ids=belongings.keyword_set_ids,
            ad_hoc_keywords=(keywords.AD_HOC_KEYWORD,),
            proxy_ids=belongings.proxy_ids,
            batch_size=20,
            http_port=ports[0],
            https_port=ports[1],
        ),
    )


async def _stored(api: ApiProcess, caller: Principal) -> Sequence[Standing]:
    """The campaigns over the world's names that have started, whoever started them, if the caller sees them."""
    scope = caller.scope
    page = Wanted(CampaignFilter(), CampaignOrderField.CREATED_AT, descending=True, limit=LIMIT)
    async with api.ground.engines.reading() as session:
        (rows,) = await CAMPAIGNS.pages(session, scope, [page])
        ids = [row.id for row in rows]
        generations = await campaigns.generations(session, ids)
        fetching = await campaigns.http_configs(session, ids)
        ports = {ident: (config.http_port, config.https_port) for ident, config in fetching.items()}
    return _over_the_world(rows, generations, ports)


def _over_the_world(
    rows: Sequence[CampaignRow],
    generations: Mapping[UUID, Generation],
    ports: Mapping[UUID, tuple[int, int]],
) -> Sequence[Standing]:
    key = Space.of(GENERATION).key
    found = []
    for row in rows:
        upper = max((part.upper for part in generations[row.id].ranges if part.space_key == key), default=0)
        if upper > 0 and row.id in ports:
            found.append(Standing(row.id, row.name, row.status, upper, ports[row.id]))
    return found
