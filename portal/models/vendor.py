"""How the vendor presents itself, and what it decided for all of its clients."""

from sqlalchemy import CheckConstraint, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.choice import KNOWN_AREA
from portal.models.columns import Address, Id, Line, Name, Word

# Of whom a second factor is required, beside the clients that require it of all their people themselves.
SECOND_FACTOR = ("optional", "admins", "everybody")


class Branding(Base):
    """The vendor's name, colour, support addresses and settings. Exactly one row.

    A number that is not set is the server's own, from its environment.
    """

    __tablename__ = "branding"

    id: Mapped[Id] = mapped_column(default=1)
    name: Mapped[Name] = mapped_column(default="Gatehouse")
    hue: Mapped[int] = mapped_column(default=195)
    support_email: Mapped[Address] = mapped_column(default="")
    support_phone: Mapped[Word] = mapped_column(default="")
    about: Mapped[str] = mapped_column(Text, default="")
    privacy_url: Mapped[Line] = mapped_column(default="")
    # What the logo's address holds, and how wide it is where it is 28 pixels high; none without a logo.
    logo_hash: Mapped[str] = mapped_column(String(16), default="")
    logo_width: Mapped[int] = mapped_column(default=0)
    invitation_hours: Mapped[int | None]
    idle_minutes: Mapped[int | None]
    session_hours: Mapped[int | None]
    second_factor: Mapped[Word] = mapped_column(default="optional")

    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("hue BETWEEN 0 AND 360", name="hue"),
        CheckConstraint("second_factor IN ('optional', 'admins', 'everybody')", name="second_factor"),
    )

    @property
    def privacy_link(self) -> str:
        """Where "Privacy" leads: an address of the web, "" without one or for anything else (T68)."""
        return self.privacy_url if self.privacy_url.startswith(("https://", "http://")) else ""


class Logo(Base):
    """The vendor's logo as a PNG. At most one row, apart from what every request reads."""

    __tablename__ = "logo"

    id: Mapped[Id] = mapped_column(default=1)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class VendorArea(Base):
    """An area that the vendor has switched off for all clients."""

    __tablename__ = "vendor_area"

    area: Mapped[Word] = mapped_column(primary_key=True)

    __table_args__ = (CheckConstraint(KNOWN_AREA, name="area"),)
