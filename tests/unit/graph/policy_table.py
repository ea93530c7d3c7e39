"""Who may do what, row by row: every root field of the schema, whom it is for, and whose things it is about.

There is one rule for each role and one for each kind of thing, and no row has a rule of its own. What a caller may do
is the ladder of `auth/policy.py`; whose things they may do it with is their scope (`auth/principal.py`).
"""

from enum import Enum, auto

import msgspec

from vocabulary.access import Role


class About(Enum):
    """Whose things a field is about."""

    NAMED = auto()
    """Those that its required ids name; of somebody else it says what it says of nothing."""
    MANY = auto()
    """Those that its ids name, each by itself: it makes something of the caller's, in which those of others failed."""
    ONES_OWN = auto()
    """All that the caller may see."""
    NOBODYS = auto()
    """It names nothing, and tells of nothing that belongs to anybody; what it makes is the caller's."""


class Row(msgspec.Struct, frozen=True):
    """What a caller has to be at least, and whose things the field is about."""

    role: Role
    about: About


LOOKS_AT = Row(Role.VIEWER, About.NAMED)
LISTS = Row(Role.VIEWER, About.ONES_OWN)
TELLS = Row(Role.VIEWER, About.NOBODYS)
CHANGES = Row(Role.OPERATOR, About.NAMED)
CHANGES_OWN = Row(Role.OPERATOR, About.ONES_OWN)
CHANGES_MANY = Row(Role.OPERATOR, About.MANY)
MAKES = Row(Role.OPERATOR, About.NOBODYS)
RENEWS_OR_ENDS = Row(Role.VIEWER, About.NAMED)
MAKES_ONES_OWN = Row(Role.VIEWER, About.NOBODYS)
ADMINISTERS = Row(Role.ADMIN, About.NAMED)
ADMINISTERS_ALL = Row(Role.ADMIN, About.NOBODYS)

QUERIES = {
    "campaigns": LISTS,
    "previewGeneration": TELLS,
    "campaign": LOOKS_AT,
    "domain": LOOKS_AT,
    "proxies": LISTS,
    "proxy": LOOKS_AT,
    "proxyStats": TELLS,
    "proxyPools": LISTS,
    "proxyPool": LOOKS_AT,
    "personas": LISTS,
    "persona": LOOKS_AT,
    "keywordSets": LISTS,
    "keywordSet": LOOKS_AT,
    "testKeywords": TELLS,
    "activity": LISTS,
    "campaignHistory": LOOKS_AT,
    "principals": ADMINISTERS_ALL,
    "tokens": LISTS,
    "settings": ADMINISTERS_ALL,
    "auditLog": ADMINISTERS_ALL,
    "streamStats": ADMINISTERS_ALL,
    "dashboard": TELLS,
    "scoringProfiles": LISTS,
    "scoringProfile": LOOKS_AT,
    "scoreBreakdown": LOOKS_AT,
    "bulkOperation": LOOKS_AT,
    "bulkOperations": LISTS,
    "cursor": TELLS,
    "me": TELLS,
    "node": LOOKS_AT,
    "nodes": LOOKS_AT,
}

MUTATIONS = {
    "createCampaign": MAKES,
    "duplicateCampaign": CHANGES,
    "updateCampaign": CHANGES,
    "deleteCampaign": CHANGES,
    "configurePhase": CHANGES,
    "assignScoringProfile": CHANGES,
    "setCampaignMode": CHANGES,
    "archiveCampaign": CHANGES,
    "startCampaign": CHANGES,
    "pauseCampaign": CHANGES,
    "resumeCampaign": CHANGES,
    "cancelCampaign": CHANGES,
    "startPhase": CHANGES,
    "retryPhase": CHANGES,
    "rerunPhase": CHANGES,
    "skipPhase": CHANGES,
    "rescoreCampaign": CHANGES,
    "createScoringProfile": MAKES,
    "updateScoringProfile": CHANGES,
    "deleteScoringProfile": CHANGES,
    "createProxy": MAKES,
    "updateProxy": CHANGES,
    "setProxyEnabled": CHANGES,
    "deleteProxy": CHANGES,
    "testProxy": CHANGES,
    "importProxies": MAKES,
    "cleanUnhealthyProxies": CHANGES_OWN,
    "createProxyPool": MAKES,
    "updateProxyPool": CHANGES,
    "deleteProxyPool": CHANGES,
    "addProxiesToPool": CHANGES,
    "removeProxiesFromPool": CHANGES,
    "setProxyPoolMember": CHANGES,
    "createPersona": MAKES,
    "updatePersona": CHANGES,
    "duplicatePersona": CHANGES,
    "testPersona": CHANGES,
    "deletePersona": CHANGES,
    "createKeywordSet": MAKES,
    "updateKeywordSet": CHANGES,
    "deleteKeywordSet": CHANGES,
    "createPrincipal": ADMINISTERS_ALL,
    "setPrincipalRole": ADMINISTERS,
    "deactivatePrincipal": ADMINISTERS,
    "reactivatePrincipal": ADMINISTERS,
    "createToken": MAKES_ONES_OWN,
    "renewToken": RENEWS_OR_ENDS,
    "revokeToken": RENEWS_OR_ENDS,
    "updateSettings": ADMINISTERS_ALL,
    "bulkStartCampaigns": CHANGES_MANY,
    "bulkPauseCampaigns": CHANGES_MANY,
    "bulkResumeCampaigns": CHANGES_MANY,
    "bulkCancelCampaigns": CHANGES_MANY,
    "bulkArchiveCampaigns": CHANGES_MANY,
    "bulkDeleteCampaigns": CHANGES_MANY,
    "bulkSetProxiesEnabled": CHANGES_MANY,
    "bulkTestProxies": CHANGES_MANY,
    "bulkDeleteProxies": CHANGES_MANY,
    "bulkImportProxies": MAKES,
    "bulkSetPersonasEnabled": CHANGES_MANY,
    "bulkDeletePersonas": CHANGES_MANY,
    "bulkSetKeywordSetsEnabled": CHANGES_MANY,
    "bulkDeleteKeywordSets": CHANGES_MANY,
    "cancelBulkOperation": CHANGES,
    "deleteBulkOperation": CHANGES,
}

SUBSCRIPTIONS = {
    "campaignEvents": LOOKS_AT,
    "campaignList": LISTS,
    "domainEvents": LOOKS_AT,
    "bulkOperation": LOOKS_AT,
    "resourceEvents": LISTS,
    "proxyEvents": LISTS,
    "activity": LISTS,
}

TABLE = {
    **{("query", field): row for field, row in QUERIES.items()},
    **{("mutation", field): row for field, row in MUTATIONS.items()},
    **{("subscription", field): row for field, row in SUBSCRIPTIONS.items()},
}
