"""The clients as the staff know them: somebody of the staff inside one of them."""

from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.models import Company
from portal.policy import Actor
from portal.queries.staff.sign_in import OnDuty, acting
from portal.refusals import NotNow
from portal.staff_policy import LOOKS


@dataclass(frozen=True)
class Visit:
    """Somebody of the staff inside one client, with the rights that staff have there."""

    company: Company
    who: Actor

    def actor(self) -> Actor:
        """Return who acts."""
        return self.who

    def demand_open(self) -> None:
        """Raise NotNow where the client has left: nothing happens to it until that is taken back."""
        if self.company.exited_at is not None:
            raise NotNow(f"{self.company.name} is marked as exited. Take that back first.")


def visit(slug: str, who: OnDuty) -> Visit | None:
    """Return the visit of `who` in the client called `slug` in addresses, if there is one."""
    company = db.session.scalar(select(Company).where(Company.slug == slug))
    if company is None:
        return None
    role = LOOKS if company.exited_at is not None else who.person.role
    return Visit(company, acting(who.person, company.id, role=role))
