"""What people read where something is refused: the whole sentence, on the page they are shown (P11)."""

import html
from dataclasses import replace

import pytest

from portal import lifecycle, policy, staff_policy
from portal.extensions import db
from portal.models import PRESET, Permission, Role, StaffRole, WorkOrder, WorkStatus
from portal.policy import Actor
from portal.refusals import NotAllowed, NotNow
from portal.staff_policy import Deed


def refused(answer, status: int) -> str:
    """The page's text, after looking at its status."""
    assert answer.status_code == status
    return html.unescape(answer.text)


@pytest.mark.parametrize(
    ("who", "path", "sentence"),
    [
        ("nora", "/acme/contacts", "Your role does not include the contacts."),
        ("nora", "/acme/client", "Your role does not include the client page."),
        ("nora", "/acme/properties", "Your role does not include the properties."),
        ("nora", "/acme/contracts", "Your role does not include the contracts."),
        ("nora", "/acme/rfps", "Your role does not include the RFPs."),
        ("nora", "/acme/billing", "Your role does not include billing."),
        ("nora", "/acme/reports", "Your role does not include the reports."),
        ("nora", "/acme/work-orders", "Your role does not include work orders."),
        ("vic", "/acme/contacts/new", "Only an admin can do this."),
        ("vic", "/acme/contacts/{bill}/edit", "Your role does not include this."),
        ("ed", "/acme/contacts/{mia}/edit", "Mia Stone is an admin. Only an admin can edit an admin."),
        ("ed", "/acme/contacts/{bill}/delete", "Your role does not include this."),
        ("mia", "/acme/contacts/{mia}/delete", "You cannot delete yourself. Ask another admin."),
        ("mia", "/acme/contacts/{mia}/edit", "Your own details are in your profile."),
    ],
)
def test_no_such_right(town, browser, who, path, sentence):
    ids = {name: getattr(town, name).id for name in ("bill", "mia")}
    assert sentence in refused(browser(getattr(town, who)).get(path.format(**ids)), 403)


def said(refusal: type[Exception], ask, *facts, **more) -> str:
    """The sentence that a rule refuses with."""
    with pytest.raises(refusal) as caught:
        ask(*facts, **more)
    return caught.value.sentence


def test_rules_that_no_form_leads_to(town, reading):
    """P5 to P7, C43, S1: asked past the pages, which never offer what would be refused."""
    admin = Actor(kind="contact", name="An admin", permissions=frozenset(Permission))
    billing = frozenset({Permission.BILLING})
    with reading():
        preset = db.session.scalars(db.select(Role).where(Role.owner == PRESET).order_by(Role.id)).first()
        own = Role(owner=town.acme.id, name="Own")
        db.session.expunge(preset)
    order = WorkOrder(number=7, status=WorkStatus.DONE)
    assert said(NotAllowed, policy.demand_role, admin, preset, billing, holds=False) == (
        "Client Admin is the same for every company. Copy it and change the copy."
    )
    assert said(NotAllowed, policy.demand_role, admin, own, billing, holds=True) == (
        "You have this role, and nobody changes their own rights. Ask another admin."
    )
    lesser = replace(admin, permissions=frozenset({Permission.ADMIN}))
    assert said(NotAllowed, policy.demand_role, lesser, own, billing, holds=False) == (
        "You cannot give a permission that you do not hold."
    )
    assert said(NotAllowed, staff_policy.demand, StaffRole.SUPPORT, Deed.EXIT) == (
        "Only an administrator of the staff can do this."
    )
    assert said(NotNow, lifecycle.take_on, order) == (
        f"{order.name} is done already. Ask for new work instead."
    )
