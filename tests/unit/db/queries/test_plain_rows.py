"""What is read as plain rows is what SQLAlchemy's own objects say, of every list, on every database."""

import pytest
from sqlalchemy import select, text

from bench.filling import Size, fill
from db.models import Model
from db.plain_rows import PlainRows
from db.queries.activity import ACTIVITY
from db.queries.bulk import BULK_ITEMS, BULK_OPERATIONS
from db.queries.campaigns import CAMPAIGNS
from db.queries.domains import DOMAINS
from db.queries.keyword_sets import KEYWORD_SETS
from db.queries.personas import PERSONAS
from db.queries.pools import MEMBERS, POOLS
from db.queries.principals import PRINCIPALS, TOKENS
from db.queries.proxies import PROXIES
from db.queries.scoring_profiles import SCORING_PROFILES
from tests.fakes.gallery import Gallery

LISTINGS = (
    *(ACTIVITY, BULK_ITEMS, BULK_OPERATIONS, CAMPAIGNS, DOMAINS, KEYWORD_SETS, PERSONAS, MEMBERS, POOLS),
    *(PRINCIPALS, TOKENS, PROXIES, SCORING_PROFILES),
)
MODELS: tuple[type[Model], ...] = tuple({listing.model: None for listing in LISTINGS})
FEW = Size(domains=40, events=12, proxies=12, campaigns=12, named=12)


async def test_every_attribute_of_every_row_is_the_same(any_gallery: Gallery) -> None:
    engines = any_gallery.house.database.engines
    await fill(engines, FEW)
    for model in MODELS:
        plain: PlainRows[Model] = PlainRows(model)
        names = [attribute.key for attribute in model.__mapper__.column_attrs]
        keys = list(model.__table__.primary_key)
        async with engines.reading() as session:
            own = list((await session.execute(select(model).order_by(*keys))).scalars())
            found = (await session.execute(select(*plain.columns).order_by(*keys))).all()
            read = plain.read(found, session.get_bind().dialect)
        assert len(read) == len(own) > 1, model
        for one, other in zip(read, own, strict=True):
            values = {name: getattr(one, name) for name in names}
            assert values == {name: getattr(other, name) for name in names}
            assert [type(value) for value in values.values()] == [
                type(getattr(other, name)) for name in names
            ]


async def test_a_value_that_no_member_has_is_found(gallery: Gallery) -> None:
    house = gallery.house
    await gallery.put_together([gallery.campaign_row(house.alice, "a")])
    async with house.database.engines.writing() as session:
        await session.execute(text("UPDATE campaigns SET status = 'UNHEARD_OF'"))
    plain = PlainRows(CAMPAIGNS.model)
    async with house.database.engines.reading() as session:
        found = (await session.execute(select(*plain.columns))).all()
        with pytest.raises(ValueError, match="UNHEARD_OF"):
            plain.read(found, session.get_bind().dialect)


async def test_no_rows_are_no_rows(gallery: Gallery) -> None:
    async with gallery.house.database.engines.reading() as session:
        assert PlainRows(CAMPAIGNS.model).read([], session.get_bind().dialect) == []
