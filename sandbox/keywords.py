"""What the demo looks for, and the words that the world's pages are planted with.

A `Plant` is one text put into one zone of a page on purpose. Pages are rendered from plants and expectations are
counted from plants, so that what a page holds and what is said about it cannot differ.
"""

import msgspec

from vocabulary.checks import Zone
from vocabulary.keywords import KeywordRule, RuleType

PANEL = KeywordRule(pattern="solar panel", category="energy", context_chars=40)
VOLTAIC = KeywordRule(pattern="photovoltaic", category="energy", context_chars=40)
BRAND = KeywordRule(pattern="SunGrid", is_case_sensitive=True, category="brand", context_chars=20)
CYRILLIC = KeywordRule(pattern="солнечн", category="energy", context_chars=20)
PHONE = KeywordRule(pattern=r"\b\d{3}-\d{4}\b", rule_type=RuleType.REGEX, category="phone", context_chars=12)
EMAIL = KeywordRule(pattern=r"(?:sales|info)@[a-z]+\.example", rule_type=RuleType.REGEX, category="email")

AD_HOC_KEYWORD = "heat pump"


class KeywordSet(msgspec.Struct, frozen=True):
    """A named set of rules, as the demo makes it."""

    name: str
    rules: tuple[KeywordRule, ...]


SOLAR = KeywordSet(name="Solar", rules=(PANEL, VOLTAIC, BRAND, CYRILLIC))
CONTACT = KeywordSet(name="Contact", rules=(PHONE, EMAIL))
KEYWORD_SETS = (SOLAR, CONTACT)


class Plant(msgspec.Struct, frozen=True):
    """One text in one zone, and the one pattern of the rules above that it satisfies."""

    zone: Zone
    pattern: str
    text: str


def panel(zone: Zone) -> Plant:
    """The first Solar rule, in another case than the rule's."""
    return Plant(zone, PANEL.pattern, "Solar Panel")


def broken_panel(zone: Zone) -> Plant:
    """The same over a line break and an inline tag: markup and white space are no part of the text."""
    return Plant(zone, PANEL.pattern, "<b>solar</b>\n     panel")


def voltaic(zone: Zone) -> Plant:
    """The second Solar rule, inside a longer word: string rules match substrings."""
    return Plant(zone, VOLTAIC.pattern, "Photovoltaics")


def brand(zone: Zone) -> Plant:
    """The case-sensitive rule, in its own case."""
    return Plant(zone, BRAND.pattern, "SunGrid")


def cyrillic(zone: Zone) -> Plant:
    """The rule that only a rightly decoded page satisfies."""
    return Plant(zone, CYRILLIC.pattern, "Солнечные станции")


def phone(zone: Zone) -> Plant:
    """The first Contact rule."""
    return Plant(zone, PHONE.pattern, "555-0142")


def email(zone: Zone) -> Plant:
    """The second Contact rule; a regex without the case-sensitive mark matches in any case."""
    return Plant(zone, EMAIL.pattern, "Sales@helio.example")


def ad_hoc(zone: Zone) -> Plant:
    """The ad hoc keyword."""
    return Plant(zone, AD_HOC_KEYWORD, "Heat Pump")
