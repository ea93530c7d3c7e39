"""The root `Mutation`."""

import strawberry

from graph.mutations.access import AccessMutations
from graph.mutations.bulk import BulkMutations
from graph.mutations.campaign_control import CampaignControlMutations
from graph.mutations.campaigns import CampaignMutations
from graph.mutations.keyword_sets import KeywordSetMutations
from graph.mutations.personas import PersonaMutations
from graph.mutations.proxies import ProxyMutations
from graph.mutations.proxy_lists import ProxyListMutations
from graph.mutations.proxy_pools import ProxyPoolMutations
from graph.mutations.scoring_profiles import ScoringProfileMutations
from graph.mutations.settings import SettingMutations


@strawberry.type(
    description="What you may change: each field is one transaction, and its payload shows what was committed."
)
class Mutation(
    CampaignMutations,
    CampaignControlMutations,
    ScoringProfileMutations,
    ProxyMutations,
    ProxyListMutations,
    ProxyPoolMutations,
    PersonaMutations,
    KeywordSetMutations,
    AccessMutations,
    SettingMutations,
    BulkMutations,
):
    """What clients may change."""
