"""Money as a whole number of pence or cents: written out, and reckoned without loss."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from flask import current_app

DEFAULT_CURRENCY = "GBP"
# What stands before the amount; every one of these has a hundredth as its smallest unit.
SIGNS = {
    "GBP": "£",
    "EUR": "€",
    "USD": "$",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
    "CHF": "CHF\N{NO-BREAK SPACE}",
    "CZK": "CZK\N{NO-BREAK SPACE}",
    "DKK": "DKK\N{NO-BREAK SPACE}",
    "INR": "₹",
    "NOK": "NOK\N{NO-BREAK SPACE}",
    "PLN": "PLN\N{NO-BREAK SPACE}",
    "SEK": "SEK\N{NO-BREAK SPACE}",
    "ZAR": "R",
}

# More than that, and less than its negative, no column and no sum of ours is made for.
LARGEST = 2_000_000_000


def written(amount: int, currency: str = DEFAULT_CURRENCY, *, whole: bool = False) -> str:
    """Return an amount as people write it: 127860 is "£1,278.60"; `whole` leaves the pence out."""
    units, rest = divmod(abs(amount), 100)
    tail = "" if whole else f".{rest:02d}"
    return f"{'-' if amount < 0 else ''}{SIGNS[currency]}{units:,}{tail}"


def said(amount: int) -> str:
    """Return an amount as people write it, in the vendor's currency."""
    return written(amount, current_app.config["CURRENCY"])


def decimal(amount: int) -> Decimal:
    """Return an amount as the number that a spreadsheet shows: 127860 is 1278.60."""
    return Decimal(amount).scaleb(-2)


def plain(number: Decimal | float) -> str:
    """Return a quantity or a percentage without what says nothing: 2.50 is "2.5", 1234567.0 is "1234567"."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def line_net(quantity: float, unit_price: int) -> int:
    """Return what a line costs without tax, half a penny rounded up."""
    return _rounded(Decimal(str(quantity)) * unit_price)


def taxes(lines: Iterable[tuple[float, int]]) -> list[tuple[Decimal, int]]:
    """Return each tax rate in percent with its tax, lowest rate first.

    `lines` are pairs of rate and net. Tax is reckoned on the sum of each rate and rounded once.
    """
    sums: dict[Decimal, int] = {}
    for percent, net in lines:
        rate = Decimal(str(percent)).normalize()
        sums[rate] = sums.get(rate, 0) + net
    return [(rate, _rounded(net * rate / 100)) for rate, net in sorted(sums.items())]


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
