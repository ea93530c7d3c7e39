"""By which profile the pages of a campaign are scored, and what the last analysis took of it."""

from uuid import UUID

from db.engine import Session
from db.models import AnalysisConfigRow
from vocabulary.campaigns import AnalysisConfig
from vocabulary.leads import ScoringConfig


async def get(session: Session, campaign_id: UUID) -> AnalysisConfig:
    """By which profile the campaign shall be scored."""
    row = await session.get(AnalysisConfigRow, campaign_id)
    return AnalysisConfig(None if row is None else row.profile_id)


async def put(session: Session, campaign_id: UUID, config: AnalysisConfig) -> None:
    """Store by which profile the campaign shall be scored; what the last analysis took stays."""
    await session.merge(AnalysisConfigRow(campaign_id=campaign_id, profile_id=config.profile_id))
    await session.flush()


async def pin(session: Session, campaign_id: UUID, version: int, scoring: ScoringConfig) -> None:
    """Write down what the analysis that begins now scores by."""
    row = await session.get_one(AnalysisConfigRow, campaign_id)
    row.profile_version = version
    row.scoring = scoring
    await session.flush()
