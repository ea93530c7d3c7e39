"""What parked pages and unfinished sites say, in the languages in which they mostly say it.

Each phrase speaks of the domain itself, so that a shop whose goods are for sale does not say it. All are casefolded and
in NFC; they are sought as whole words, except in scripts that write without spaces.
"""

import unicodedata
from collections.abc import Iterable, Iterator

_FOR_SALE = (
    # English.
    *("domain for sale", "domain is for sale", "domain name is for sale", "domain name for sale"),
    *("domain may be for sale", "domain could be for sale", "domain names for sale", "buy this domain"),
    *(
        "buy the domain",
        "purchase this domain",
        "own this domain",
        "get this domain",
        "inquire about this domain",
    ),
    *("interested in this domain", "make an offer on this domain", "this domain is available for purchase"),
    *("domain is parked", "parked domain", "this web page is parked"),
    # German.
    *(
        "domain steht zum verkauf",
        "diese domain kaufen",
        "domain zu verkaufen",
        "diese domain ist zu verkaufen",
    ),
    *("domain ist käuflich", "diese domain erwerben", "domain ist geparkt", "domain zum verkauf"),
    # French.
    *("domaine est à vendre", "domaine à vendre", "acheter ce domaine", "acheter ce nom de domaine"),
    # Spanish and Portuguese.
    *("dominio en venta", "dominio está en venta", "comprar este dominio", "dominio a la venta"),
    *("domínio à venda", "domínio está à venda", "comprar este domínio", "compre este domínio"),
    # Italian.
    *("dominio in vendita", "dominio è in vendita", "acquista questo dominio", "compra questo dominio"),
    # Dutch.
    *(
        "domein is te koop",
        "domeinnaam is te koop",
        "domein te koop",
        "domeinnaam te koop",
        "koop dit domein",
    ),
    # Polish and Czech.
    *("domena na sprzedaż", "domena jest na sprzedaż", "kup tę domenę"),
    *("doména je na prodej", "doména na prodej", "koupit tuto doménu"),
    # Swedish and Danish.
    *("domänen är till salu", "domän till salu", "köp denna domän", "domænet er til salg", "domæne til salg"),
    # Turkish.
    *("alan adı satılık", "satılık alan adı", "satılık domain", "bu alan adını satın al"),
    # Russian and Ukrainian.
    *("домен продается", "домен продаётся", "продажа домена", "купить этот домен"),
    *("домен продається", "купити цей домен"),
    # Chinese, Japanese and Korean.
    *("域名出售", "域名转让", "此域名出售", "购买此域名", "該域名出售", "購買此域名"),
    *("ドメインは売りに出されています", "ドメイン販売中", "このドメインを購入"),
    *("도메인 판매", "이 도메인을 구매"),
    # Arabic.
    *("النطاق للبيع", "الدومين للبيع", "شراء هذا النطاق"),
)
_COMING_SOON = (
    *(
        "coming soon",
        "under construction",
        "launching soon",
        "site is being built",
        "website is under maintenance",
    ),
    *(
        "demnächst verfügbar",
        "hier entsteht eine neue",
        "im aufbau",
        "bientôt disponible",
        "site en construction",
    ),
    *("próximamente", "sitio en construcción", "em breve", "site em construção", "prossimamente"),
    *("sito in costruzione", "binnenkort beschikbaar", "wkrótce", "strona w budowie", "yakında"),
    *(
        "скоро открытие",
        "сайт в разработке",
        "сайт находится в разработке",
        "即将上线",
        "网站建设中",
        "近日公開",
    ),
)


def fold(text: str) -> str:
    """`text` as the phrases are written: without case, composed, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(text.casefold().split()))


FOR_SALE = tuple(dict.fromkeys(fold(phrase) for phrase in _FOR_SALE))
COMING_SOON = tuple(dict.fromkeys(fold(phrase) for phrase in _COMING_SOON))

# From here on scripts are East Asian and have no spaces between words (Korean has, but glues endings to nouns).
_FIRST_UNSPACED = "\u2e80"


def said(phrases: Iterable[str], text: str) -> tuple[str, ...]:
    """Those of `phrases` that stand in `text` (folded), without such as are only part of another that does too."""
    found = [phrase for phrase in phrases if _stands(phrase, text)]
    return tuple(one for one in found if not any(one != other and one in other for other in found))


def _stands(phrase: str, text: str) -> bool:
    is_spaced = phrase[0] < _FIRST_UNSPACED
    return any(not is_spaced or _is_alone(text, at, at + len(phrase)) for at in _places(phrase, text))


def _places(phrase: str, text: str) -> Iterator[int]:
    at = text.find(phrase)
    while at >= 0:
        yield at
        at = text.find(phrase, at + len(phrase))


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit touches the place."""
    return not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()
