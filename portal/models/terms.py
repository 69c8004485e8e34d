"""Terms of use: published versions, and who accepted which."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Moment, Word


class TermsVersion(Base):
    """One version of the terms; the newest published one is asked for at sign-in."""

    __tablename__ = "terms_version"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    title: Mapped[Line]
    changes: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    published_at: Mapped[Moment | None]


class TermsAcceptance(Base):
    """A portal user's yes to one version."""

    __tablename__ = "terms_acceptance"

    portal_user_id: Mapped[int] = mapped_column(ForeignKey("portal_user.id"), primary_key=True)
    terms_version_id: Mapped[int] = mapped_column(ForeignKey("terms_version.id"), primary_key=True)
    accepted_at: Mapped[Made]
    address: Mapped[Word] = mapped_column(default="")
