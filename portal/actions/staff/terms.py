"""Versions of the terms: drafted, changed, and published once; a published one never changes again (S6)."""

from collections.abc import Mapping

from portal import audit, staff_policy
from portal.actions.staff.settings import row_to_change
from portal.clock import now
from portal.extensions import db
from portal.models import TermsVersion
from portal.policy import Actor
from portal.queries.staff import terms as queries
from portal.refusals import NotNow
from portal.staff_policy import Deed

FIELDS = {"title": "Title", "changes": "What changed", "body": "Text"}
# As much of a text as the activity shows of it; the version itself holds the rest.
SHOWN = 200


def draft(by: Actor) -> TermsVersion:
    """Return the draft there is, or a new one that starts from the newest version."""
    there = _begin(by)
    if there and there[0].published_at is None:
        return there[0]
    number = there[0].number + 1 if there else 1
    title, body = (there[0].title, there[0].body) if there else ("Terms of use", "")
    made = TermsVersion(number=number, title=title, body=body)
    db.session.add(made)
    db.session.flush()
    audit.record("drafted the terms", by=by, about=f"version {number}")
    return made


def change(terms: TermsVersion, wanted: Mapping[str, str], by: Actor) -> bool:
    """Bring a draft to what is `wanted`; return whether anything changed. Raises NotNow once published."""
    _begin(by)
    demand_draft(terms)
    changes = {}
    for name, label in FIELDS.items():
        before, after = getattr(terms, name), wanted[name]
        if before != after:
            setattr(terms, name, after)
            changes[label] = (before[:SHOWN], after[:SHOWN])
    if changes:
        audit.record(
            "changed the draft of the terms", by=by, about=f"version {terms.number}", changes=changes
        )
    return bool(changes)


def publish(terms: TermsVersion, by: Actor) -> None:
    """Ask everybody for this version from their next request on (L9).

    Raises NotNow where it is published already, or has no text.
    """
    _begin(by)
    demand_draft(terms)
    if not terms.body.strip():
        raise NotNow("These terms have no text yet. Write it first.")
    terms.published_at = now()
    audit.record(
        "published the terms",
        by=by,
        about=f"version {terms.number}",
        changes={"Status": ("draft", "published")},
    )


def _begin(by: Actor) -> list[TermsVersion]:
    staff_policy.demand(by.staff_role, Deed.KEEP_SETTINGS)
    row_to_change()
    return queries.locked()


def demand_draft(terms: TermsVersion) -> None:
    """Raise NotNow where `terms` are published: they never change again."""
    if terms.published_at is not None:
        raise NotNow(f"Version {terms.number} is published. Draft a new version to change it.")
