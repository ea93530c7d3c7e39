"""Settings that admins see, change and set back while the system runs."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import Forbidden, ValidationFailed
from core.settings import CHANGEABLE, Settings
from db.models import SettingRow
from events.access_events import SettingChange, SettingsChanged
from services.effective import effective
from services.running_settings import RunningSettings, SettingView
from tests.fakes.house import House

STARTED = Settings(
    database_url="postgresql+asyncpg://helio:dbpass@db.example/helio?password=otherpass",
    channel_url="redis://:redispass@redis.example/0",
    bootstrap_token=SecretStr("first-token"),
    allowed_networks="127.0.0.0/8,fd00::/8",
    ca_file=Path("ca.pem"),
    proxy_strikes=5,
)


@pytest.fixture
def running(house: House) -> RunningSettings:
    return RunningSettings(house.database, STARTED)


async def views(house: House, running: RunningSettings) -> dict[str, SettingView]:
    async with house.database.engines.reading() as session:
        return {view.name: view for view in await running.view(session)}


async def now(house: House) -> Settings:
    async with house.database.engines.reading() as session:
        return await effective(session, STARTED)


async def test_every_setting_is_shown_and_no_secret(house: House, running: RunningSettings) -> None:
    found = await views(house, running)
    assert list(found) == list(Settings.model_fields)
    assert {name for name, view in found.items() if view.is_changeable} == CHANGEABLE
    assert all(view.description and view.changed_at is None for view in found.values())
    assert {name: found[name].value for name in ("database_url", "channel_url", "bootstrap_token")} == {
        "database_url": "postgresql+asyncpg://helio@db.example/helio",
        "channel_url": "redis://redis.example/0",
        "bootstrap_token": "***",
    }
    assert (found["allowed_networks"].value, found["ca_file"].value) == ("127.0.0.0/8,fd00::/8", "ca.pem")
    assert (found["workers"].value, found["ca_file"].default) == ("embedded", None)
    strikes = found["proxy_strikes"]
    assert (strikes.value, strikes.configured, strikes.default) == ("5", "5", "3")
    assert not any(secret in str(found) for secret in ("dbpass", "redispass", "first-token", "otherpass"))


async def test_a_change_holds_at_once_is_told_with_old_and_new_and_can_be_set_back(
    house: House, running: RunningSettings
) -> None:
    await running.update(house.admin, {"proxy_strikes": 2, "probe_url": "http://ip.example/"})
    assert (await now(house)).proxy_strikes == 2
    assert (await now(house)).probe_url == "http://ip.example/"
    view = (await views(house, running))["proxy_strikes"]
    assert (view.value, view.configured, view.changed_at) == ("2", "5", house.now)
    house.clock.advance(1)
    await running.update(house.admin, {"proxy_strikes": 2})
    assert (await views(house, running))["proxy_strikes"].changed_at == view.changed_at
    await running.update(house.admin, {"proxy_strikes": None, "probe_backoff_seconds": None})
    assert (await now(house)).proxy_strikes == 5
    assert await house.events() == [
        SettingsChanged(
            changes=(
                SettingChange("proxy_strikes", "5", "2"),
                SettingChange("probe_url", "https://httpbin.org/ip", "http://ip.example/"),
            )
        ),
        SettingsChanged(changes=(SettingChange("proxy_strikes", "2", "5"),)),
    ]
    assert await house.owners_and_actors() == [(None, "admin")] * 2


async def test_a_wrong_value_is_refused_with_its_place_and_nothing_is_stored(
    house: House, running: RunningSettings
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await running.update(house.admin, {"proxy_strikes": 0, "probe_url": "ftp://x/", "shard_attempts": 4})
    assert [one.path for one in refused.value.violations] == [("probeUrl",), ("proxyStrikes",)]
    assert await house.count(SettingRow) == 0


async def test_it_is_for_admins(house: House, running: RunningSettings) -> None:
    with pytest.raises(Forbidden):
        await running.update(house.alice, {"proxy_strikes": 1})
    assert await house.count(SettingRow) == 0


async def test_what_a_newer_version_has_stored_is_passed_over(house: House) -> None:
    async with house.database.engines.writing() as session:
        session.add(SettingRow(name="database_url", value='"x"', updated_at=house.now))
        session.add(SettingRow(name="unheard_of", value="1", updated_at=house.now))
    assert await now(house) == STARTED
