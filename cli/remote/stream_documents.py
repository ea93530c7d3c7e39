"""The subscriptions of `heliograph tail`: one for each stream, with all that a line of it tells."""

from cli.remote.documents import COUNTS, REJECTIONS

CAMPAIGN = "id name status mode percent ratePerMinute etaAt"
PROXY = "id name address enabled health latencyMs lastError"
ACTIVITY = """
  kind at entityType entityId summary detail actor { kind name } campaign { id name }
"""
OPERATION = "id kind status total done succeeded failed error"
ITEM = "id name"
RESOURCES = f"""
  personas {{ {ITEM} type enabled version }} keywordSets {{ {ITEM} enabled version }}
  proxyPools {{ {ITEM} enabled version }} scoringProfiles {{ {ITEM} version }}
  settings {{ name value isChanged }} omitted
"""


def _follow(field: str, declared: str, given: str, snapshot: str, frames: str) -> str:
    """A subscription whose snapshots, also those of resets, and frames are selected as told."""
    return f"""
subscription Tail({declared}$after: Cursor) {{
  {field}({given}after: $after) {{
    __typename
    ... on StreamEvent {{ cursor }}
    ... on Happening {{ at }}
    {snapshot}
    {frames}
    ... on StreamReset {{ reason snapshot {{ __typename {snapshot} }} }}
  }}
}}
"""


ACTIVITY_STREAM = _follow(
    "activity",
    "$filter: ActivityFilter, ",
    "filter: $filter, ",
    f"... on ActivitySnapshot {{ activities {{ {ACTIVITY} }} }}",
    f"... on ActivityAdded {{ activity {{ {ACTIVITY} }} }}",
)
CAMPAIGN_STREAM = _follow(
    "campaignEvents",
    "$campaignId: ID!, $maxRate: Float, ",
    "campaignId: $campaignId, maxRate: $maxRate, ",
    f"""... on CampaignSnapshot {{
      campaign {{ {CAMPAIGN} phases {{ kind status percent ratePerMinute etaAt {COUNTS} }} }}
    }}""",
    f"""... on CampaignHappening {{ campaignId }}
    ... on CampaignCreated {{ name }}
    ... on CampaignUpdated {{ name changed version }}
    ... on CampaignDeleted {{ name }}
    ... on CampaignStatusChanged {{ previous current }}
    ... on ModeChanged {{ previousMode currentMode version }}
    ... on PhaseHappening {{ phase percent {COUNTS} }}
    ... on PhaseStarted {{ cause }}
    ... on PhaseFailed {{ code message }}
    ... on CampaignProgress {{
      skipped ratePerMinute etaAt campaignPercent running {{ phase percent {COUNTS} }} rejections {{ {REJECTIONS} }}
    }}""",
)
CAMPAIGNS_STREAM = _follow(
    "campaignList",
    "$filter: CampaignFilter, $maxRate: Float, ",
    "filter: $filter, maxRate: $maxRate, ",
    f"... on CampaignListSnapshot {{ campaigns {{ {CAMPAIGN} }} omitted }}",
    f"""... on CampaignAdded {{ campaign {{ {CAMPAIGN} }} }}
    ... on CampaignChanged {{ skipped campaign {{ {CAMPAIGN} }} }}
    ... on CampaignRemoved {{ campaignId }}""",
)
DOMAINS_STREAM = _follow(
    "domainEvents",
    "$campaignId: ID!, $kinds: [DomainEventKind!], ",
    "campaignId: $campaignId, kinds: $kinds, ",
    f"... on DomainSnapshot {{ campaign {{ {CAMPAIGN} }} }}",
    """... on DomainEventBatch {
      campaignId kind omitted generated { id offset name }
      changed {
        id offset name dnsStatus dnsReason httpStatus httpReason matched score isParked leadStatus rejection
      }
    }
    ... on CampaignDeleted { campaignId name }""",
)
PROXIES_STREAM = _follow(
    "proxyEvents",
    "$proxyIds: [ID!], $poolId: ID, ",
    "proxyIds: $proxyIds, poolId: $poolId, ",
    f"... on ProxySnapshot {{ proxies {{ {PROXY} }} }}",
    f"""... on ProxyHappening {{ proxy {{ {PROXY} }} }}
    ... on ProxyChanged {{ changed leftPoolIds }}
    ... on ProxyHealthChanged {{ previous }}
    ... on ProxyTestFinished {{ result {{ success durationMs statusCode returnedIp error }} }}""",
)
RESOURCES_STREAM = _follow(
    "resourceEvents",
    "$kinds: [ResourceKind!]!, ",
    "kinds: $kinds, ",
    f"... on ResourceSnapshot {{ {RESOURCES} }}",
    """... on PersonaHappening { personaId name type persona { enabled version } }
    ... on PersonaUpdated { changed }
    ... on PersonaTested { target succeeded failure durationMs }
    ... on KeywordSetHappening { keywordSetId name ruleCount keywordSet { enabled version } }
    ... on KeywordSetUpdated { changed }
    ... on ProxyPoolHappening { poolId name memberCount version }
    ... on ProxyPoolUpdated { changed }
    ... on ScoringProfileHappening { profileId name profile { version } }
    ... on ScoringProfileUpdated { changed }
    ... on SettingsChanged { changes { name before after } }""",
)
BULK_STREAM = _follow(
    "bulkOperation",
    "$id: ID!, ",
    "id: $id, ",
    f"... on BulkOperationSnapshot {{ operation {{ {OPERATION} }} }}",
    f"... on BulkHappening {{ operation {{ {OPERATION} }} }}",
)
