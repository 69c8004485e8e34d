"""When each process that works in the background was last seen at it."""

from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Made, Word


class Pulse(Base):
    """The last sign of life of one kind of process; `flask doctor` misses it when it stays away."""

    __tablename__ = "pulse"

    name: Mapped[Word] = mapped_column(primary_key=True)
    at: Mapped[Made]
