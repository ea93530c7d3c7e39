"""The spine.

Revision ID: 0001
Revises:
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_log",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=255), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("entity_type", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("feed", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_log")),
    )
    with op.batch_alter_table("event_log", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_event_log_campaign_id_position"), ["campaign_id", "position"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_event_log_entity_type_entity_id_position"),
            ["entity_type", "entity_id", "position"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_event_log_feed_position"), ["feed", "position"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_event_log_owner_id_position"), ["owner_id", "position"], unique=False
        )

    op.create_table(
        "event_log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_log_head")),
    )
    op.create_table(
        "generation_spaces",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_generation_spaces")),
    )
    op.create_table(
        "principals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principals")),
        sa.UniqueConstraint("name", name=op.f("uq_principals_name")),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principals.id"], name=op.f("fk_campaigns_owner_id_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaigns_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_campaigns_owner_id_created_at_id"), ["owner_id", "created_at", "id"], unique=False
        )

    op.create_table(
        "keyword_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principals.id"], name=op.f("fk_keyword_sets_owner_id_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyword_sets")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_keyword_sets_owner_id_name")),
    )
    op.create_table(
        "personas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("persona_type", sa.String(length=40), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principals.id"], name=op.f("fk_personas_owner_id_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personas")),
        sa.UniqueConstraint(
            "owner_id", "persona_type", "name", name=op.f("uq_personas_owner_id_persona_type_name")
        ),
    )
    op.create_table(
        "proxies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("protocol", sa.String(length=40), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("password_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("health", sa.String(length=40), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("success_count", sa.BigInteger(), nullable=False),
        sa.Column("failure_count", sa.BigInteger(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("failed_probes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["principals.id"], name=op.f("fk_proxies_owner_id_principals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxies")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_proxies_owner_id_name")),
        sa.UniqueConstraint(
            "owner_id", "protocol", "host", "port", name=op.f("uq_proxies_owner_id_protocol_host_port")
        ),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["principals.id"],
            name=op.f("fk_tokens_principal_id_principals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_principal_id"), ["principal_id"], unique=False)

    op.create_table(
        "campaign_keyword_sets",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("keyword_set_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_keyword_sets_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["keyword_set_id"],
            ["keyword_sets.id"],
            name=op.f("fk_campaign_keyword_sets_keyword_set_id_keyword_sets"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", "ordinal", name=op.f("pk_campaign_keyword_sets")),
    )
    with op.batch_alter_table("campaign_keyword_sets", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_campaign_keyword_sets_keyword_set_id"), ["keyword_set_id"], unique=False
        )

    op.create_table(
        "campaign_phases",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("processed", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("open_shards", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_phases_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "kind", name=op.f("pk_campaign_phases")),
    )
    op.create_table(
        "campaign_proxies",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_proxies_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["proxy_id"], ["proxies.id"], name=op.f("fk_campaign_proxies_proxy_id_proxies")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "ordinal", name=op.f("pk_campaign_proxies")),
    )
    with op.batch_alter_table("campaign_proxies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_proxies_proxy_id"), ["proxy_id"], unique=False)

    op.create_table(
        "dns_configs",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("retry_attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_dns_configs_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_dns_configs")),
    )
    op.create_table(
        "domains",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("dns_status", sa.String(length=40), nullable=False),
        sa.Column("dns_reason", sa.String(length=40), nullable=True),
        sa.Column("dns_addresses", sa.Text(), nullable=False),
        sa.Column("dns_resolver", sa.String(length=255), nullable=True),
        sa.Column("dns_persona_id", sa.Uuid(), nullable=True),
        sa.Column("dns_attempts", sa.Integer(), nullable=False),
        sa.Column("dns_millis", sa.Integer(), nullable=True),
        sa.Column("dns_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("http_status", sa.String(length=40), nullable=False),
        sa.Column("http_reason", sa.String(length=40), nullable=True),
        sa.Column("http_status_code", sa.Integer(), nullable=True),
        sa.Column("http_final_url", sa.Text(), nullable=True),
        sa.Column("http_title", sa.Text(), nullable=True),
        sa.Column("http_charset", sa.String(length=64), nullable=True),
        sa.Column("http_content_hash", sa.String(length=64), nullable=True),
        sa.Column("http_bytes", sa.BigInteger(), nullable=True),
        sa.Column("http_truncated", sa.Boolean(), nullable=False),
        sa.Column("http_detail", sa.Text(), nullable=True),
        sa.Column("http_persona_id", sa.Uuid(), nullable=True),
        sa.Column("http_proxy_id", sa.Uuid(), nullable=True),
        sa.Column("http_attempts", sa.Integer(), nullable=False),
        sa.Column("http_millis", sa.Integer(), nullable=True),
        sa.Column("http_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("hits", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_domains_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "offset", name=op.f("pk_domains")),
    )
    with op.batch_alter_table("domains", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_dns_status_offset"),
            ["campaign_id", "dns_status", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_http_status_offset"),
            ["campaign_id", "http_status", "offset"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_domains_campaign_id_matched_offset"),
            ["campaign_id", "matched", "offset"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_domains_campaign_id_name"), ["campaign_id", "name"], unique=True)

    op.create_table(
        "generation_configs",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("pattern_type", sa.String(length=40), nullable=False),
        sa.Column("character_set", sa.Text(), nullable=False),
        sa.Column("constant", sa.String(length=253), nullable=False),
        sa.Column("tld", sa.String(length=253), nullable=False),
        sa.Column("prefix_length", sa.Integer(), nullable=False),
        sa.Column("suffix_length", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_generation_configs_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_generation_configs")),
    )
    op.create_table(
        "generation_ranges",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("space_key", sa.String(length=64), nullable=False),
        sa.Column("lower", sa.BigInteger(), nullable=False),
        sa.Column("upper", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_generation_ranges_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["space_key"],
            ["generation_spaces.key"],
            name=op.f("fk_generation_ranges_space_key_generation_spaces"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_generation_ranges")),
    )
    with op.batch_alter_table("generation_ranges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_generation_ranges_space_key"), ["space_key"], unique=False)

    op.create_table(
        "http_configs",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("ad_hoc_keywords", sa.Text(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("retry_attempts", sa.Integer(), nullable=False),
        sa.Column("http_port", sa.Integer(), nullable=False),
        sa.Column("https_port", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_http_configs_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_http_configs")),
    )
    op.create_table(
        "keyword_rules",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("rule_type", sa.String(length=40), nullable=False),
        sa.Column("is_case_sensitive", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=255), nullable=True),
        sa.Column("context_chars", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"],
            ["keyword_sets.id"],
            name=op.f("fk_keyword_rules_set_id_keyword_sets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("set_id", "ordinal", name=op.f("pk_keyword_rules")),
    )
    op.create_table(
        "phase_personas",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("persona_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_phase_personas_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["persona_id"], ["personas.id"], name=op.f("fk_phase_personas_persona_id_personas")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "kind", "ordinal", name=op.f("pk_phase_personas")),
    )
    with op.batch_alter_table("phase_personas", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phase_personas_persona_id"), ["persona_id"], unique=False)

    op.create_table(
        "shards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("proxy_id", sa.Uuid(), nullable=True),
        sa.Column("lower", sa.BigInteger(), nullable=False),
        sa.Column("upper", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("processed", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_shards_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["proxy_id"], ["proxies.id"], name=op.f("fk_shards_proxy_id_proxies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shards")),
    )
    with op.batch_alter_table("shards", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shards_campaign_id_kind_status"), ["campaign_id", "kind", "status"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_shards_proxy_id"), ["proxy_id"], unique=True)
        batch_op.create_index(
            batch_op.f("ix_shards_status_available_at"), ["status", "available_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_shards_status_lease_until"), ["status", "lease_until"], unique=False
        )

    # The log begins here, and from now on it can be told from any other.
    head = sa.table(
        "event_log_head", sa.column("id"), sa.column("incarnation"), sa.column("position"), sa.column("floor")
    )
    op.bulk_insert(head, [{"id": 1, "incarnation": secrets.token_hex(6), "position": 0, "floor": 0}])


def downgrade() -> None:
    with op.batch_alter_table("shards", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shards_status_lease_until"))
        batch_op.drop_index(batch_op.f("ix_shards_status_available_at"))
        batch_op.drop_index(batch_op.f("ix_shards_proxy_id"))
        batch_op.drop_index(batch_op.f("ix_shards_campaign_id_kind_status"))

    op.drop_table("shards")
    with op.batch_alter_table("phase_personas", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_phase_personas_persona_id"))

    op.drop_table("phase_personas")
    op.drop_table("keyword_rules")
    op.drop_table("http_configs")
    with op.batch_alter_table("generation_ranges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_generation_ranges_space_key"))

    op.drop_table("generation_ranges")
    op.drop_table("generation_configs")
    with op.batch_alter_table("domains", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_name"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_matched_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_http_status_offset"))
        batch_op.drop_index(batch_op.f("ix_domains_campaign_id_dns_status_offset"))

    op.drop_table("domains")
    op.drop_table("dns_configs")
    with op.batch_alter_table("campaign_proxies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_proxies_proxy_id"))

    op.drop_table("campaign_proxies")
    op.drop_table("campaign_phases")
    with op.batch_alter_table("campaign_keyword_sets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_keyword_sets_keyword_set_id"))

    op.drop_table("campaign_keyword_sets")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tokens_principal_id"))

    op.drop_table("tokens")
    op.drop_table("proxies")
    op.drop_table("personas")
    op.drop_table("keyword_sets")
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaigns_owner_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_campaigns_created_at_id"))

    op.drop_table("campaigns")
    op.drop_table("principals")
    op.drop_table("generation_spaces")
    op.drop_table("event_log_head")
    with op.batch_alter_table("event_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_log_owner_id_position"))
        batch_op.drop_index(batch_op.f("ix_event_log_feed_position"))
        batch_op.drop_index(batch_op.f("ix_event_log_entity_type_entity_id_position"))
        batch_op.drop_index(batch_op.f("ix_event_log_campaign_id_position"))

    op.drop_table("event_log")
