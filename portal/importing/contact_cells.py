"""What the cells of a row say of a person, as our own, Google's or Outlook's tables write it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.forms.fields import clean
from portal.importing.columns import BESIDE

# What the form and the table call the same.
DETAILS = ("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email", "notes")
# How Google writes several values into one cell.
_SEVERAL = ":::"
_MOBILE, _UNFIT = ("mobil", "cell", "iphone"), ("fax", "pager", "telex")
# Whose number goes to Phone: that of the work first, then one that does not say, that of the home last.
_RANKS = {"work": 0, "business": 0, "office": 0, "main": 0, "": 1, "home": 3}
_OTHER = 2


@dataclass
class Said:
    """The details of a person, and what else the row holds that has no place of its own here."""

    details: dict[str, str]
    rest: list[str] = field(default_factory=list)

    @property
    def nobody(self) -> bool:
        """True where there is neither a name nor a way to reach anybody."""
        return not any(self.details[name] for name in ("first_name", "last_name", "phone", "mobile", "email"))

    @property
    def nameless(self) -> bool:
        """True where somebody can be reached, and it is not said who that is."""
        return not (self.details["first_name"] or self.details["last_name"])


@dataclass(frozen=True)
class _Number:
    label: str
    value: str

    @property
    def mobile(self) -> bool:
        return any(word in self.label.casefold() for word in _MOBILE)

    @property
    def fit(self) -> bool:
        """True for what can be spoken into."""
        return not any(word in self.label.casefold() for word in _UNFIT)

    @property
    def rank(self) -> int:
        label = self.label.casefold()
        return next(
            (rank for word, rank in _RANKS.items() if word and word in label), _RANKS.get(label, _OTHER)
        )

    def __str__(self) -> str:
        return f"{self.label} {self.value}".strip()


def said(cells: Mapping[str, str]) -> Said:
    """Return what the cells, by the name of the field that they fill, say of a person."""
    found = Said({name: clean(cells.get(name)) for name in DETAILS} | {"notes": cells.get("notes", "")})
    found.details |= _name(cells)
    found.details["first_name"] = _with_middle(found.details["first_name"], cells)
    _choose_number(found, cells)
    addresses = list(dict.fromkeys([*_values(cells, "email"), *_values(cells, "more_emails")]))
    found.details["email"] = addresses[0] if addresses else ""
    found.rest += addresses[1:]
    return found


def _name(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the two parts of a name that stands in one cell, where there are no cells for its parts."""
    whole = clean(cells.get("name"))
    if not whole or clean(cells.get("first_name")) or clean(cells.get("last_name")):
        return {}
    if whole.count(",") == 1:
        last, first = map(clean, whole.split(","))
        return {"first_name": first, "last_name": last}
    first, _, last = whole.rpartition(" ")
    return {"first_name": first or last, "last_name": last if first else ""}


def _with_middle(first: str, cells: Mapping[str, str]) -> str:
    """Return the first name with the middle name behind it, which has no place of its own here."""
    return f"{first} {clean(cells.get('middle_name'))}".strip() if first else first


def _values(cells: Mapping[str, str], name: str) -> list[str]:
    """Return what stands in the cells of a field: of several columns, with several values in each."""
    found = cells.get(name, "").replace(BESIDE, _SEVERAL).split(_SEVERAL)
    return [clean(each) for each in found if clean(each)]


def _choose_number(found: Said, cells: Mapping[str, str]) -> None:
    """Fill Phone and Mobile; what their own columns say goes first, then what the labels of others say."""
    phones, mobiles = _values(cells, "phone"), _values(cells, "mobile")
    spare = [_Number("", each) for each in phones[1:]] + [_Number("Mobile", each) for each in mobiles[1:]]
    spare += _labelled(cells)
    phone, mobile = "".join(phones[:1]), "".join(mobiles[:1])
    if not mobile:
        mobile = _take(spare, [each for each in spare if each.mobile])
    if not phone:
        fixed = [each for each in spare if each.fit and not each.mobile]
        phone = _take(spare, sorted(fixed, key=lambda each: each.rank))
    if not phone:
        phone = _take(spare, [each for each in spare if each.mobile])
    found.details |= {"phone": phone, "mobile": mobile}
    found.rest += [str(each) for each in spare if each.value not in (phone, mobile)]


def _take(spare: list[_Number], wanted: list[_Number]) -> str:
    """Take the first that is wanted out of what is spare; return its number, empty where none is."""
    if not wanted:
        return ""
    spare.remove(wanted[0])
    return wanted[0].value


def _labelled(cells: Mapping[str, str]) -> list[_Number]:
    """Return the numbers whose columns have a label beside them, each with what it says."""
    values, labels = (cells.get(name, "").split(BESIDE) for name in ("numbers", "number_labels"))
    if len(labels) != len(values):
        labels = [""] * len(values)
    return [
        _Number(clean(label).removeprefix("*").strip(), clean(value))
        for label, several in zip(labels, values, strict=True)
        for value in several.split(_SEVERAL)
        if clean(value)
    ]
