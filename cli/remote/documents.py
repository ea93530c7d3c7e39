"""The GraphQL that the commands send; a test holds all of it to the schema."""

COUNTS = "counts { total processed succeeded failed }"
CAMPAIGN_FIELDS = f"""
  id name status mode version createdAt updatedAt startedAt completedAt archivedAt
  owner {{ name }}
  controlPhase percent ratePerMinute etaAt scoringProfile {{ id name }}
  phases {{
    kind status percent ratePerMinute etaAt isHeldBack startedAt completedAt error {{ code message }} {COUNTS}
  }}
"""
PROXY_FIELDS = """
  id name address enabled health latencyMs lastCheckedAt lastError successCount failureCount owner { name }
  countryCode city provider notes version pools { name }
"""
REFUSAL = """
  __typename
  ... on UserError { code message path }
  ... on ValidationError { limit violations { path message limit } }
"""

REJECTIONS = """
  qualified lowScore noKeywords parked dnsError dnsTimeout httpError httpTimeout analyzed
"""

CAMPAIGN = f"query Campaign($id: ID!) {{ campaign(id: $id) {{ {CAMPAIGN_FIELDS} }} }}"
CAMPAIGNS = f"""
query Campaigns($first: Int!, $after: String, $search: String) {{
  campaigns(first: $first, after: $after, filter: {{ search: $search }}) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ {CAMPAIGN_FIELDS} }}
  }}
}}
"""
PROXY = f"query Proxy($id: ID!) {{ node(id: $id) {{ ... on Proxy {{ {PROXY_FIELDS} }} }} }}"
PROXIES = f"""
query Proxies($first: Int!, $after: String, $search: String) {{
  proxies(first: $first, after: $after, filter: {{ search: $search }}) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ {PROXY_FIELDS} }}
  }}
}}
"""
CREATE_CAMPAIGN = f"""
mutation Create($input: CreateCampaignInput!) {{
  createCampaign(input: $input) {{
    {REFUSAL} ... on CreateCampaignPayload {{ cursor campaign {{ {CAMPAIGN_FIELDS} }} }}
  }}
}}
"""
TEST_PROXY = """
mutation Test($id: ID!) {
  testProxy(input: { id: $id }) {
    __typename ... on UserError { code message path } ... on TestProxyPayload { cursor }
  }
}
"""
IMPORT_PROXIES = f"""
mutation Import($input: ImportProxiesInput!) {{
  importProxies(input: $input) {{
    {REFUSAL}
    ... on ImportProxiesPayload {{
      cursor totals {{ lines added wouldAdd duplicateInText alreadyExists invalid }}
      lines {{ line outcome address firstLine text violations {{ path message limit }} proxy {{ id name }} }}
    }}
  }}
}}
"""
CAMPAIGN_EVENTS = f"""
subscription Watch($id: ID!, $after: Cursor) {{
  campaignEvents(campaignId: $id, after: $after) {{
    __typename
    ... on StreamEvent {{ cursor }}
    ... on Happening {{ at }}
    ... on CampaignSnapshot {{ campaign {{ {CAMPAIGN_FIELDS} }} }}
    ... on CampaignCreated {{ name }}
    ... on CampaignUpdated {{ name changed }}
    ... on CampaignStatusChanged {{ previous current }}
    ... on PhaseHappening {{ phase percent {COUNTS} }}
    ... on PhaseStarted {{ cause }}
    ... on PhaseFailed {{ code message }}
    ... on ModeChanged {{ previousMode currentMode }}
    ... on CampaignProgress {{
      ratePerMinute etaAt campaignPercent running {{ phase percent {COUNTS} }} rejections {{ {REJECTIONS} }}
    }}
    ... on StreamReset {{ reason snapshot {{ ... on CampaignSnapshot {{ campaign {{ {CAMPAIGN_FIELDS} }} }} }} }}
  }}
}}
"""
PROXY_EVENTS = """
subscription Tested($id: ID!, $after: Cursor) {
  proxyEvents(proxyIds: [$id], after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on ProxyTestFinished {
      at proxy { id name address health } result { success durationMs statusCode returnedIp error }
    }
  }
}
"""
DOMAINS = """
query Domains($id: ID!, $after: String, $first: Int!, $rejection: [Rejection!]) {
  campaign(id: $id) {
    domains(first: $first, after: $after, filter: { rejection: $rejection }) {
      pageInfo { hasNextPage endCursor }
      nodes {
        name tld offset matched checkedAt keywordsUnique microcrawlGain warnings bucket
        richness { score }
        score { score completeness }
        parked { isParked confidence }
        lead { status rejection reason }
        dns { status reason addresses cnames resolver attempts durationMs checkedAt }
        http {
          status reason statusCode finalUrl title charset contentHash bytesRead truncated attempts durationMs checkedAt
          hits { pattern zone count category context }
        }
      }
    }
  }
}
"""

HISTORY = """
query History($id: ID!, $after: String, $first: Int!) {
  campaignHistory(campaignId: $id, first: $first, after: $after) {
    isGapless
    pageInfo { hasNextPage endCursor }
    nodes { cursor at kind version actor { kind name } summary data }
  }
}
"""
SCORING_PROFILE = """
query ScoringProfile($id: ID!) { node(id: $id) { ... on ScoringProfile { id name version } } }
"""
SCORING_PROFILES = """
query ScoringProfiles($first: Int!, $after: String, $search: String) {
  scoringProfiles(first: $first, after: $after, filter: { search: $search }) {
    pageInfo { hasNextPage endCursor } nodes { id name version }
  }
}
"""


def change(verb: str) -> str:
    """The mutation of one verb on a campaign or a phase of it, such as `startCampaign`; it takes `$input`."""
    kind = verb[0].upper() + verb[1:]
    return f"""
mutation {kind}($input: {kind}Input!) {{
  {verb}(input: $input) {{
    {REFUSAL} ... on ConflictError {{ currentState attempted blockingPhase }}
    ... on {kind}Payload {{ cursor campaign {{ {CAMPAIGN_FIELDS} }} }}
  }}
}}
"""


KEYWORD_SET = "query KeywordSet($id: ID!) { node(id: $id) { ... on KeywordSet { id name } } }"
KEYWORD_SETS = """
query KeywordSets($first: Int!, $after: String, $search: String) {
  keywordSets(first: $first, after: $after, filter: { search: $search }) {
    pageInfo { hasNextPage endCursor } nodes { id name }
  }
}
"""
PERSONA = "query Persona($id: ID!) { node(id: $id) { ... on Persona { id name } } }"
PERSONAS = """
query Personas($first: Int!, $after: String, $search: String) {
  personas(first: $first, after: $after, filter: { search: $search }) {
    pageInfo { hasNextPage endCursor } nodes { id name }
  }
}
"""
TEST_KEYWORDS = f"""
query TestKeywords($input: TestKeywordsInput!) {{
  testKeywords(input: $input) {{
    {REFUSAL}
    ... on TestKeywordsPayload {{
      hits {{ pattern zone count category context }} missed {{ pattern ruleType category }}
      page {{ status reason detail statusCode finalUrl title bytesRead millis }}
    }}
  }}
}}
"""
PROXY_POOL = "query ProxyPool($id: ID!) { node(id: $id) { ... on ProxyPool { id name } } }"
PROXY_POOLS = """
query ProxyPools($first: Int!, $after: String, $search: String) {
  proxyPools(first: $first, after: $after, filter: { search: $search }) {
    pageInfo { hasNextPage endCursor } nodes { id name }
  }
}
"""
CURSOR = "query Cursor { cursor }"
ME = "query Me { me { role } }"
