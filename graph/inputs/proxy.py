"""Inputs of the verbs on proxies."""

import strawberry

from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from services.proxies import ProxyDraft, ProxyPatch
from services.rules_proxies import MAX_CREDENTIAL
from services.rules_text import MAX_DESCRIPTION, MAX_NAME
from vocabulary.proxies import ProxyProtocol

_COUNTRY = "The country that it is in, as two letters (ISO 3166-1). Nobody checks it."
_CITY = f"The city that it is in, at most {MAX_NAME} characters."
_PROVIDER = f"Who runs it, at most {MAX_NAME} characters."
_NOTES = f"Whatever else you want to keep of it, at most {MAX_DESCRIPTION} characters."


@strawberry.input(description="A proxy to be added.")
class CreateProxyInput(KeyedInput):
    """A proxy to be added."""

    name: str = strawberry.field(
        description="What you call it, 1 to 255 characters, unique among your proxies."
    )
    protocol: ProxyProtocol = strawberry.field(description="How it is spoken to.")
    host: str = strawberry.field(
        description="Where it is: a host name or an IP address, without scheme and port."
    )
    port: int = strawberry.field(description="The port there, 1 to 65535.")
    description: str | None = strawberry.field(
        default=None, description=f"A note, at most {MAX_DESCRIPTION} characters."
    )
    username: str | None = strawberry.field(
        default=None, description=f"The user that it shall be told, 1 to {MAX_CREDENTIAL} characters."
    )
    password: str | None = strawberry.field(
        default=None,
        description=f"Its password, 1 to {MAX_CREDENTIAL} characters; sealed at rest and never given out.",
    )
    enabled: bool = strawberry.field(default=True, description="Whether campaigns may use it.")
    country_code: str | None = strawberry.field(default=None, description=_COUNTRY)
    city: str | None = strawberry.field(default=None, description=_CITY)
    provider: str | None = strawberry.field(default=None, description=_PROVIDER)
    notes: str | None = strawberry.field(default=None, description=_NOTES)

    def draft(self) -> ProxyDraft:
        """The draft."""
        return ProxyDraft(
            name=self.name,
            protocol=self.protocol,
            host=self.host,
            port=self.port,
            description=self.description,
            username=self.username,
            password=self.password,
            enabled=self.enabled,
            country_code=self.country_code,
            city=self.city,
            provider=self.provider,
            notes=self.notes,
        )


@strawberry.input(description="What shall be different about a proxy; what is left out stays.")
class UpdateProxyInput(KeyedInput):
    """What shall be different about a proxy."""

    id: strawberry.ID = strawberry.field(description="Which proxy.")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What you call it, 1 to 255 characters."
    )
    protocol: ProxyProtocol | None = strawberry.field(
        default=strawberry.UNSET, description="How it is spoken to."
    )
    host: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where it is: a host name or an IP address, without scheme and port.",
    )
    port: int | None = strawberry.field(default=strawberry.UNSET, description="The port there, 1 to 65535.")
    description: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"A note, at most {MAX_DESCRIPTION} characters; null removes it.",
    )
    username: str | None = strawberry.field(
        default=strawberry.UNSET, description="The user that it shall be told; null removes it."
    )
    password: str | None = strawberry.field(
        default=strawberry.UNSET, description="The password that it shall be told; null removes it."
    )
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether campaigns may use it."
    )
    country_code: str | None = strawberry.field(default=strawberry.UNSET, description=_COUNTRY)
    city: str | None = strawberry.field(default=strawberry.UNSET, description=_CITY)
    provider: str | None = strawberry.field(default=strawberry.UNSET, description=_PROVIDER)
    notes: str | None = strawberry.field(default=strawberry.UNSET, description=_NOTES)
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you saw; the change is refused if there is another."
    )

    def patch(self) -> ProxyPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        return ProxyPatch(
            **given.patch(
                {
                    "name": self.name,
                    "protocol": self.protocol,
                    "host": self.host,
                    "port": self.port,
                    "enabled": self.enabled,
                },
                {
                    "description": self.description,
                    "username": self.username,
                    "password": self.password,
                    "country_code": self.country_code,
                    "city": self.city,
                    "provider": self.provider,
                    "notes": self.notes,
                },
            )
        )


@strawberry.input(description="Which proxy to delete.")
class DeleteProxyInput(KeyedInput):
    """Which proxy to delete."""

    id: strawberry.ID = strawberry.field(description="Which proxy.")


@strawberry.input(description="Which proxy to test.")
class TestProxyInput(KeyedInput):
    """Which proxy to test."""

    id: strawberry.ID = strawberry.field(description="Which proxy.")


@strawberry.input(description="Whether campaigns may use a proxy.")
class SetProxyEnabledInput(KeyedInput):
    """Whether campaigns may use a proxy."""

    id: strawberry.ID = strawberry.field(description="Which proxy.")
    enabled: bool = strawberry.field(description="Whether campaigns may use it.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you saw; the change is refused if there is another."
    )
