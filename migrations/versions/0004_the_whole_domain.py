"""Six phases, modes and versions; pools, scoring profiles, bulk operations, idempotency keys.

Campaigns that were there ran their phases one after another to the end, which is what FULL_SEQUENCE is. The three
new phases are skipped in those that have completed and wait in all others.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


# Columns that a default fills in rows that are there.
FILLED = {
    "campaign_phases": {
        "is_held_back": sa.Boolean(),
        "ran_seconds": sa.Double(),
    },
    "campaigns": {
        "mode": sa.String(40),
        "version": sa.Integer(),
        "percent": sa.Double(),
    },
    "dns_configs": {
        "rotation_interval_seconds": sa.Double(),
        "speed_per_minute": sa.Integer(),
    },
    "domains": {
        "tld": sa.String(253),
        "checked_at": sa.DateTime(timezone=True),
        "dns_cnames": sa.Text(),
        "keywords_unique": sa.Integer(),
        "extraction_status": sa.String(40),
        "richness": sa.Double(),
        "microcrawl_gain": sa.Double(),
        "has_warnings": sa.Boolean(),
        "analysis_status": sa.String(40),
        "score": sa.Double(),
        "is_parked": sa.Boolean(),
        "enrichment_status": sa.String(40),
        "lead_status": sa.String(40),
        "rejection": sa.String(40),
    },
    "generation_configs": {
        "tlds": sa.Text(),
    },
    "generation_ranges": {
        "ordinal": sa.Integer(),
        "tld": sa.String(253),
        "shift": sa.BigInteger(),
    },
    "http_configs": {
        "had_pool": sa.Boolean(),
        "rotation_interval_seconds": sa.Double(),
        "speed_per_minute": sa.Integer(),
    },
    "keyword_sets": {
        "version": sa.Integer(),
    },
    "personas": {
        "version": sa.Integer(),
    },
    "proxies": {
        "latency_order_ms": sa.Integer(),
        "checked_order_at": sa.DateTime(timezone=True),
        "failure_rate": sa.Double(),
        "pool_ids": sa.Text(),
        "version": sa.Integer(),
    },
}

# The same moment as each stores it, for SQLite keeps moments as text.
_LONG_AGO = {"sqlite": "1970-01-01 00:00:00.000000", "postgresql": "1970-01-01 00:00:00+00"}

_LATER = "'EXTRACTION', 'ANALYSIS', 'ENRICHMENT'"

# Seconds from when a phase started to when it ended, or else to when it was last seen to move.
_RAN = {
    "sqlite": "(julianday(COALESCE(completed_at, progress_at)) - julianday(started_at)) * 86400.0",
    "postgresql": "EXTRACT(EPOCH FROM COALESCE(completed_at, progress_at) - started_at)",
}

# What rows that are there become. A new phase of a campaign that has completed was skipped; else it waits.
CARRIED_OVER = (
    *(
        f"""INSERT INTO campaign_phases (campaign_id, kind, ordinal, status, total, processed, succeeded, failed,
            open_shards, is_held_back, ran_seconds)
        SELECT id, '{kind}', {ordinal}, CASE status WHEN 'COMPLETED' THEN 'SKIPPED' ELSE 'CONFIGURED' END,
            0, 0, 0, 0, 0, FALSE, 0 FROM campaigns"""  # noqa: S608
        for ordinal, kind in ((4, "EXTRACTION"), (5, "ANALYSIS"), (6, "ENRICHMENT"))
    ),
    "UPDATE campaign_phases SET status = 'CONFIGURED' WHERE status = 'NOT_STARTED'",
    """UPDATE campaigns SET control_phase = (
        SELECT kind FROM campaign_phases WHERE campaign_id = campaigns.id
        AND campaign_phases.status IN ('IN_PROGRESS', 'PAUSED') ORDER BY ordinal LIMIT 1)""",
    """UPDATE campaigns SET percent = COALESCE((
        SELECT AVG(CASE WHEN status IN ('NOT_STARTED', 'CONFIGURED') THEN 0.0
            WHEN total = 0 THEN 100.0 ELSE 100.0 * processed / total END)
        FROM campaign_phases WHERE campaign_id = campaigns.id AND status <> 'SKIPPED'), 0)""",
    "INSERT INTO analysis_configs (campaign_id) SELECT id FROM campaigns",
    """UPDATE generation_configs SET tlds = '["' || tld || '"]'""",
    """UPDATE generation_ranges SET tld =
        (SELECT tld FROM generation_configs WHERE campaign_id = generation_ranges.campaign_id)""",
    """UPDATE domains SET
        tld = (SELECT tld FROM generation_configs WHERE campaign_id = domains.campaign_id),
        checked_at = COALESCE(http_checked_at, dns_checked_at,
            (SELECT created_at FROM campaigns WHERE id = domains.campaign_id))""",
    """UPDATE domains SET lead_status = dns_status, rejection = 'DNS_' || dns_status
        WHERE dns_status IN ('ERROR', 'TIMEOUT')""",
    """UPDATE domains SET lead_status = http_status, rejection = 'HTTP_' || http_status
        WHERE http_status IN ('ERROR', 'TIMEOUT')""",
    """INSERT INTO campaign_tallies (campaign_id, qualified, low_score, no_keywords, parked, dns_error, dns_timeout,
            http_error, http_timeout, keyword_hits, high_potential)
        SELECT campaigns.id, 0, 0, 0, 0,
            COUNT(CASE WHEN rejection = 'DNS_ERROR' THEN 1 END), COUNT(CASE WHEN rejection = 'DNS_TIMEOUT' THEN 1 END),
            COUNT(CASE WHEN rejection = 'HTTP_ERROR' THEN 1 END),
            COUNT(CASE WHEN rejection = 'HTTP_TIMEOUT' THEN 1 END), COUNT(CASE WHEN matched THEN 1 END), 0
        FROM campaigns LEFT JOIN domains ON domains.campaign_id = campaigns.id GROUP BY campaigns.id""",
    """UPDATE proxies SET failure_rate = 1.0 * failure_count / (success_count + failure_count)
        WHERE success_count + failure_count > 0""",
    "UPDATE proxies SET latency_order_ms = latency_ms WHERE latency_ms IS NOT NULL",
    "UPDATE proxies SET checked_order_at = last_checked_at WHERE last_checked_at IS NOT NULL",
)


TAKEN_BACK = (
    f"DELETE FROM shards WHERE kind IN ({_LATER}, 'BULK')",  # noqa: S608
    "DELETE FROM generation_ranges WHERE ordinal > 0",
    f"DELETE FROM campaign_phases WHERE kind IN ({_LATER})",  # noqa: S608
    "UPDATE campaign_phases SET status = 'NOT_STARTED' WHERE status IN ('CONFIGURED', 'SKIPPED')",
    "UPDATE campaigns SET status = 'COMPLETED' WHERE status IN ('ARCHIVED', 'WAITING')",
)


# Each list in each of its orders, for an owner and for an administrator.
LIST_INDEXES = {
    "campaigns": [["updated_at", "id"], ["name", "id"], ["status", "id"], ["percent", "id"]],
    "personas": [
        ["owner_id", "name", "id"],
        ["owner_id", "created_at", "id"],
        ["name", "id"],
        ["created_at", "id"],
    ],
    "keyword_sets": [["owner_id", "created_at", "id"], ["name", "id"], ["created_at", "id"]],
    "proxy_pools": [["owner_id", "created_at", "id"], ["name", "id"], ["created_at", "id"]],
    "scoring_profiles": [["owner_id", "created_at", "id"], ["name", "id"], ["created_at", "id"]],
    "proxies": [
        ["owner_id", "created_at", "id"],
        ["name", "id"],
        ["created_at", "id"],
        ["latency_order_ms", "id"],
        ["checked_order_at", "id"],
        ["failure_rate", "id"],
        ["country_code", "name"],
    ],
    "principals": [["created_at", "id"]],
    "tokens": [
        ["principal_id", "name", "id"],
        ["principal_id", "created_at", "id"],
        ["name", "id"],
        ["created_at", "id"],
    ],
}


def upgrade() -> None:
    op.create_index(op.f("ix_event_log_actor_id_position"), "event_log", ["actor_id", "position"])
    caused = sa.text("actor_kind != 'WORKER'")
    op.create_index(
        "ix_event_log_caused", "event_log", ["position"], sqlite_where=caused, postgresql_where=caused
    )
    op.create_table(
        "setting_overrides",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting_overrides")),
    )
    op.create_table(
        "bulk_operations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principals.id"], name=op.f("fk_bulk_operations_owner_id_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_operations")),
    )
    with op.batch_alter_table("bulk_operations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulk_operations_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_bulk_operations_owner_id_created_at_id"),
            ["owner_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "idempotency_keys",
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["principals.id"],
            name=op.f("fk_idempotency_keys_principal_id_principals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("principal_id", "key", name=op.f("pk_idempotency_keys")),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False)

    op.create_table(
        "proxy_pools",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("strategy", sa.String(length=40), nullable=False),
        sa.Column("health_check_enabled", sa.Boolean(), nullable=False),
        sa.Column("health_check_interval_seconds", sa.Integer(), nullable=False),
        sa.Column("max_retries", sa.Integer(), nullable=False),
        sa.Column("timeout_seconds", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principals.id"], name=op.f("fk_proxy_pools_owner_id_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_pools")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_proxy_pools_owner_id_name")),
    )
    op.create_table(
        "scoring_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principals.id"], name=op.f("fk_scoring_profiles_owner_id_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring_profiles")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_scoring_profiles_owner_id_name")),
    )
    op.create_table(
        "analysis_configs",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("profile_version", sa.Integer(), nullable=True),
        sa.Column("scoring", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_analysis_configs_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["scoring_profiles.id"],
            name=op.f("fk_analysis_configs_profile_id_scoring_profiles"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_analysis_configs")),
    )
    with op.batch_alter_table("analysis_configs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_analysis_configs_profile_id"), ["profile_id"], unique=False)

    op.create_table(
        "bulk_items",
        sa.Column("bulk_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("input_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulk_id"],
            ["bulk_operations.id"],
            name=op.f("fk_bulk_items_bulk_id_bulk_operations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bulk_id", "ordinal", name=op.f("pk_bulk_items")),
    )
    with op.batch_alter_table("bulk_items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulk_items_bulk_id_status_ordinal"), ["bulk_id", "status", "ordinal"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_bulk_items_target_id_status"), ["target_id", "status"], unique=False
        )

    op.create_table(
        "campaign_tallies",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("qualified", sa.BigInteger(), nullable=False),
        sa.Column("low_score", sa.BigInteger(), nullable=False),
        sa.Column("no_keywords", sa.BigInteger(), nullable=False),
        sa.Column("parked", sa.BigInteger(), nullable=False),
        sa.Column("dns_error", sa.BigInteger(), nullable=False),
        sa.Column("dns_timeout", sa.BigInteger(), nullable=False),
        sa.Column("http_error", sa.BigInteger(), nullable=False),
        sa.Column("http_timeout", sa.BigInteger(), nullable=False),
        sa.Column("keyword_hits", sa.BigInteger(), nullable=False),
        sa.Column("high_potential", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_tallies_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_tallies")),
    )
    op.create_table(
        "pages",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_pages_campaign_id_campaigns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "offset", name=op.f("pk_pages")),
    )
    op.create_table(
        "proxy_periods",
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("latency_sum_ms", sa.BigInteger(), nullable=False),
        sa.Column("latency_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proxy_id"], ["proxies.id"], name=op.f("fk_proxy_periods_proxy_id_proxies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proxy_id", "starts_at", name=op.f("pk_proxy_periods")),
    )
    op.create_table(
        "proxy_pool_members",
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["proxy_pools.id"],
            name=op.f("fk_proxy_pool_members_pool_id_proxy_pools"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["proxy_id"],
            ["proxies.id"],
            name=op.f("fk_proxy_pool_members_proxy_id_proxies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "proxy_id", name=op.f("pk_proxy_pool_members")),
    )
    with op.batch_alter_table("proxy_pool_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_proxy_pool_members_pool_id_ordinal_proxy_id"),
            ["pool_id", "ordinal", "proxy_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_proxy_pool_members_proxy_id"), ["proxy_id"], unique=False)

    op.create_table(
        "scoring_versions",
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["scoring_profiles.id"],
            name=op.f("fk_scoring_versions_profile_id_scoring_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("profile_id", "version", name=op.f("pk_scoring_versions")),
    )
    with op.batch_alter_table("campaign_phases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_held_back", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("ran_seconds", sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("running_since", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("mode", sa.String(length=40), nullable=False, server_default="FULL_SEQUENCE")
        )
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("control_phase", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("percent", sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_campaigns_owner_id_name_id"), ["owner_id", "name", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_campaigns_owner_id_percent_id"), ["owner_id", "percent", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_campaigns_owner_id_status_id"), ["owner_id", "status", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_campaigns_owner_id_updated_at_id"), ["owner_id", "updated_at", "id"], unique=False
        )

    with op.batch_alter_table("dns_configs", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("rotation_interval_seconds", sa.Double(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("speed_per_minute", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("domains", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tld", sa.String(length=253), nullable=False, server_default=""))
        batch_op.add_column(
            sa.Column(
                "checked_at", sa.DateTime(timezone=True), nullable=False, server_default="1970-01-01 00:00:00"
            )
        )
        batch_op.add_column(sa.Column("dns_cnames", sa.Text(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("keywords_unique", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("extraction_status", sa.String(length=40), nullable=False, server_default="PENDING")
        )
        batch_op.add_column(sa.Column("features", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("richness", sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("microcrawl_gain", sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("has_warnings", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("analysis_status", sa.String(length=40), nullable=False, server_default="PENDING")
        )
        batch_op.add_column(sa.Column("score", sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("previous_score", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("breakdown", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("is_parked", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("parked", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column("enrichment_status", sa.String(length=40), nullable=False, server_default="PENDING")
        )
        batch_op.add_column(
            sa.Column("lead_status", sa.String(length=40), nullable=False, server_default="PENDING")
        )
        batch_op.add_column(
            sa.Column("rejection", sa.String(length=40), nullable=False, server_default="PENDING")
        )
        batch_op.add_column(sa.Column("lead_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("bucket", sa.String(length=40), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_analysis_status_offset"),
            ["campaign_id", "analysis_status", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_checked_at_offset"),
            ["campaign_id", "checked_at", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_enrichment_status_offset"),
            ["campaign_id", "enrichment_status", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_extraction_status_offset"),
            ["campaign_id", "extraction_status", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_http_content_hash"),
            ["campaign_id", "http_content_hash"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_keywords_unique_offset"),
            ["campaign_id", "keywords_unique", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_microcrawl_gain_offset"),
            ["campaign_id", "microcrawl_gain", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_rejection_offset"),
            ["campaign_id", "rejection", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_richness_offset"),
            ["campaign_id", "richness", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_score_offset"),
            ["campaign_id", "score", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_tld_offset"), ["campaign_id", "tld", "offset"], unique=False
        )

    with op.batch_alter_table("generation_configs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tlds", sa.Text(), nullable=False, server_default="[]"))

    with op.batch_alter_table("generation_ranges", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("tld", sa.String(length=253), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("shift", sa.BigInteger(), nullable=False, server_default="0"))

    with op.batch_alter_table("http_configs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pool_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("had_pool", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("strategy", sa.String(length=40), nullable=True))
        batch_op.add_column(
            sa.Column("rotation_interval_seconds", sa.Double(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("speed_per_minute", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("micro_crawl", sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f("ix_http_configs_pool_id"), ["pool_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_http_configs_pool_id_proxy_pools"), "proxy_pools", ["pool_id"], ["id"]
        )

    with op.batch_alter_table("keyword_sets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table("personas", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table("principals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("proxies", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("latency_order_ms", sa.Integer(), nullable=False, server_default="2147483647")
        )
        batch_op.add_column(
            sa.Column(
                "checked_order_at",
                sa.DateTime(timezone=True),
                nullable=False,
                server_default=_LONG_AGO[op.get_bind().dialect.name],
            )
        )
        batch_op.add_column(sa.Column("failure_rate", sa.Double(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("pool_ids", sa.Text(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("country_code", sa.String(length=2), nullable=True))
        batch_op.add_column(sa.Column("city", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("provider", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("notes", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))

        batch_op.create_index(
            batch_op.f("ix_proxies_owner_id_latency_order_ms_id"),
            ["owner_id", "latency_order_ms", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_proxies_owner_id_checked_order_at_id"),
            ["owner_id", "checked_order_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_proxies_owner_id_failure_rate_id"),
            ["owner_id", "failure_rate", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_proxies_owner_id_country_code_name"),
            ["owner_id", "country_code", "name"],
            unique=False,
        )

    with op.batch_alter_table("shards", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bulk_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_shards_bulk_id"), ["bulk_id"], unique=True)
        batch_op.create_foreign_key(
            batch_op.f("fk_shards_bulk_id_bulk_operations"),
            "bulk_operations",
            ["bulk_id"],
            ["id"],
            ondelete="CASCADE",
        )
    _carry_over()
    _measure_phases()
    _without_defaults()
    for table, columns in _list_indexes():
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def _list_indexes() -> list[tuple[str, list[str]]]:
    return [(table, columns) for table, lists in LIST_INDEXES.items() for columns in lists]


def _carry_over() -> None:
    for statement in CARRIED_OVER:
        op.execute(statement)
    with op.batch_alter_table("generation_configs", schema=None) as batch_op:
        batch_op.drop_column("tld")
    with op.batch_alter_table("generation_ranges", schema=None) as batch_op:
        batch_op.drop_constraint("pk_generation_ranges", type_="primary")
        batch_op.create_primary_key("pk_generation_ranges", ["campaign_id", "ordinal"])


def _measure_phases() -> None:
    """Pauses of phases that are there were not written down, so they count as if they had run."""
    op.execute("UPDATE campaign_phases SET running_since = started_at WHERE status = 'IN_PROGRESS'")
    ran = _RAN[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE campaign_phases SET ran_seconds = COALESCE({ran}, 0) WHERE status <> 'IN_PROGRESS'"  # noqa: S608
    )


def _without_defaults() -> None:
    # Whoever writes a row from now on says all of it, so a default goes once it has filled its column.
    for table, columns in FILLED.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column, kind in columns.items():
                batch_op.alter_column(
                    column, existing_type=kind, existing_nullable=False, server_default=None
                )


def downgrade() -> None:
    """Back to one TLD and three phases.

    What the old tables cannot hold is lost: the other TLDs of a campaign, and what the later phases found.
    """
    for statement in TAKEN_BACK:
        op.execute(statement)
    for table, columns in _list_indexes():
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)

    op.drop_index("ix_event_log_caused", "event_log")
    op.drop_index(op.f("ix_event_log_actor_id_position"), "event_log")

    with op.batch_alter_table("shards", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_shards_bulk_id_bulk_operations"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_shards_bulk_id"))
        batch_op.drop_column("bulk_id")

    with op.batch_alter_table("proxies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proxies_owner_id_country_code_name"))
        batch_op.drop_index(batch_op.f("ix_proxies_owner_id_failure_rate_id"))
        batch_op.drop_index(batch_op.f("ix_proxies_owner_id_checked_order_at_id"))
        batch_op.drop_index(batch_op.f("ix_proxies_owner_id_latency_order_ms_id"))
        batch_op.drop_column("pool_ids")
        batch_op.drop_column("version")
        batch_op.drop_column("notes")
        batch_op.drop_column("provider")
        batch_op.drop_column("city")
        batch_op.drop_column("country_code")
        batch_op.drop_column("failure_rate")
        batch_op.drop_column("checked_order_at")
        batch_op.drop_column("latency_order_ms")

    with op.batch_alter_table("principals", schema=None) as batch_op:
        batch_op.drop_column("deactivated_at")

    with op.batch_alter_table("personas", schema=None) as batch_op:
        batch_op.drop_column("version")

    with op.batch_alter_table("keyword_sets", schema=None) as batch_op:
        batch_op.drop_column("version")

    with op.batch_alter_table("http_configs", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_http_configs_pool_id_proxy_pools"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_http_configs_pool_id"))
        batch_op.drop_column("micro_crawl")
        batch_op.drop_column("speed_per_minute")
        batch_op.drop_column("rotation_interval_seconds")
        batch_op.drop_column("strategy")
        batch_op.drop_column("had_pool")
        batch_op.drop_column("pool_id")

    with op.batch_alter_table("generation_ranges", schema=None) as batch_op:
        batch_op.drop_constraint("pk_generation_ranges", type_="primary")
        batch_op.create_primary_key("pk_generation_ranges", ["campaign_id"])
        batch_op.drop_column("shift")
        batch_op.drop_column("tld")
        batch_op.drop_column("ordinal")

    with op.batch_alter_table("generation_configs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tld", sa.String(length=253), nullable=False, server_default=""))
    # The first name of a list such as [".com",".net"] stands between the first two quotes.
    position = (
        "instr(substr(tlds, 3), '\"')"
        if op.get_bind().dialect.name == "sqlite"
        else ("position('\"' in substr(tlds, 3))")
    )
    op.execute(f"UPDATE generation_configs SET tld = substr(tlds, 3, {position} - 1)")  # noqa: S608
    with op.batch_alter_table("generation_configs", schema=None) as batch_op:
        batch_op.drop_column("tlds")
        batch_op.alter_column(
            "tld", existing_type=sa.String(253), existing_nullable=False, server_default=None
        )

    with op.batch_alter_table("domains", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_tld_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_score_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_richness_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_rejection_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_microcrawl_gain_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_keywords_unique_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_http_content_hash"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_extraction_status_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_enrichment_status_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_checked_at_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_analysis_status_offset"))
        batch_op.drop_column("bucket")
        batch_op.drop_column("lead_reason")
        batch_op.drop_column("rejection")
        batch_op.drop_column("lead_status")
        batch_op.drop_column("enrichment_status")
        batch_op.drop_column("parked")
        batch_op.drop_column("is_parked")
        batch_op.drop_column("breakdown")
        batch_op.drop_column("previous_score")
        batch_op.drop_column("score")
        batch_op.drop_column("analysis_status")
        batch_op.drop_column("has_warnings")
        batch_op.drop_column("microcrawl_gain")
        batch_op.drop_column("richness")
        batch_op.drop_column("features")
        batch_op.drop_column("extraction_status")
        batch_op.drop_column("keywords_unique")
        batch_op.drop_column("dns_cnames")
        batch_op.drop_column("checked_at")
        batch_op.drop_column("tld")

    with op.batch_alter_table("dns_configs", schema=None) as batch_op:
        batch_op.drop_column("speed_per_minute")
        batch_op.drop_column("rotation_interval_seconds")

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaigns_owner_id_updated_at_id"))
        batch_op.drop_index(batch_op.f("ix_campaigns_owner_id_status_id"))
        batch_op.drop_index(batch_op.f("ix_campaigns_owner_id_percent_id"))
        batch_op.drop_index(batch_op.f("ix_campaigns_owner_id_name_id"))
        batch_op.drop_column("archived_at")
        batch_op.drop_column("percent")
        batch_op.drop_column("control_phase")
        batch_op.drop_column("version")
        batch_op.drop_column("mode")

    with op.batch_alter_table("campaign_phases", schema=None) as batch_op:
        batch_op.drop_column("running_since")
        batch_op.drop_column("ran_seconds")
        batch_op.drop_column("is_held_back")

    op.drop_table("scoring_versions")
    with op.batch_alter_table("proxy_pool_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proxy_pool_members_proxy_id"))
        batch_op.drop_index(batch_op.f("ix_proxy_pool_members_pool_id_ordinal_proxy_id"))

    op.drop_table("proxy_pool_members")
    op.drop_table("proxy_periods")
    op.drop_table("pages")
    op.drop_table("campaign_tallies")
    with op.batch_alter_table("bulk_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_items_target_id_status"))
        batch_op.drop_index(batch_op.f("ix_bulk_items_bulk_id_status_ordinal"))

    op.drop_table("bulk_items")
    with op.batch_alter_table("analysis_configs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_analysis_configs_profile_id"))

    op.drop_table("analysis_configs")
    op.drop_table("scoring_profiles")
    op.drop_table("proxy_pools")
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_created_at"))

    op.drop_table("idempotency_keys")
    with op.batch_alter_table("bulk_operations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_operations_owner_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_bulk_operations_created_at_id"))

    op.drop_table("bulk_operations")
    op.drop_table("setting_overrides")
