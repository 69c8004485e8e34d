"""The versions of the terms as staff see them: drafts and published ones, and who accepted which."""

from dataclasses import dataclass

from sqlalchemy import func, select

from portal.extensions import db
from portal.models import PortalUser, TermsAcceptance, TermsVersion


@dataclass(frozen=True)
class Version:
    """One version, with how many of the logins there are now accepted it."""

    terms: TermsVersion
    accepted: int


def versions() -> list[Version]:
    """Return every version, the newest first."""
    counted = (
        select(TermsAcceptance.terms_version_id, func.count())
        .join(PortalUser, PortalUser.id == TermsAcceptance.portal_user_id)
        .where(PortalUser.closed_at.is_(None))
        .group_by(TermsAcceptance.terms_version_id)
    )
    accepted: dict[int, int] = {row[0]: row[1] for row in db.session.execute(counted)}
    query = select(TermsVersion).order_by(TermsVersion.number.desc())
    return [Version(terms, accepted.get(terms.id, 0)) for terms in db.session.scalars(query)]


def logins() -> int:
    """Return how many logins there are."""
    return db.session.scalar(select(func.count(PortalUser.id)).where(PortalUser.closed_at.is_(None))) or 0


def version_with(version_id: int) -> TermsVersion | None:
    """Return the version with this id."""
    return db.session.get(TermsVersion, version_id)


def locked() -> list[TermsVersion]:
    """Return every version, the newest first; nobody else changes one until this transaction ends."""
    query = select(TermsVersion).order_by(TermsVersion.number.desc()).with_for_update()
    return list(db.session.scalars(query.execution_options(populate_existing=True)))
