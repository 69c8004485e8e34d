"""The town's money: a handful of invoices at Acme, one at Globex, each title a marker of where it belongs."""

from datetime import date, timedelta
from types import SimpleNamespace

from portal.clock import now
from portal.extensions import db
from portal.models import ContactPermission, Invoice, InvoiceLine, Payment


def today() -> date:
    """Return the day it is; the tests are in UTC."""
    return now().date()


def invoice(company_id: int, number: str, title: str, *, age: int, due_in: int = 30, **facts) -> Invoice:
    """Add an invoice of one line; `age`: issued so many days ago; `paid`: came in ten days later."""
    net, tax, paid = facts.pop("net", 10_000), facts.pop("tax", 2_000), facts.pop("paid", 0)
    issued = today() - timedelta(days=age)
    made = Invoice(
        company_id=company_id,
        number=number,
        title=title,
        issued_on=issued,
        due_on=issued + timedelta(days=due_in),
        net=net,
        tax=tax,
        paid=paid,
        **{"status": "open", **facts},
    )
    made.lines = [
        InvoiceLine(position=1, text=f"{title} line", quantity=1, unit_price=net, tax_percent=20, net=net)
    ]
    if paid:
        made.payments = [Payment(paid_on=issued + timedelta(days=10), amount=paid, reference="Transfer")]
    db.session.add(made)
    db.session.flush()
    return made


def build(town: SimpleNamespace) -> SimpleNamespace:
    """Add the invoices and return their ids by name."""
    acme, globex = town.acme.id, town.globex.id
    alpha, beta, delta = town.alpha.id, town.beta.id, town.delta.id
    made = {
        # 120.00 overdue at Alpha, 90.00 of 120.00 overdue at Beta, 60.00 due at no property.
        "late": invoice(acme, "A-1", "markalpha lift", age=60, property_id=alpha, purchase_order="PO 4471"),
        "part": invoice(acme, "A-2", "markbeta roof", age=90, property_id=beta, paid=3_000),
        "due": invoice(acme, "A-3", "markclient fee", age=5, net=5_000, tax=1_000),
        "paid": invoice(
            acme, "A-4", "markalpha doors", age=200, property_id=alpha, status="paid", paid=12_000
        ),
        "draft": invoice(acme, "A-5", "markdraft secret", age=1, property_id=alpha, status="draft"),
        "void": invoice(acme, "A-6", "markalpha mistake", age=20, property_id=alpha, status="void"),
        "foreign": invoice(globex, "G-1", "markglobex", age=60, property_id=delta),
    }
    return SimpleNamespace(**{name: each.id for name, each in made.items()})


def allow(person: SimpleNamespace, company_id: int, *boxes: str) -> None:
    """Give a person permissions by box."""
    rows = [ContactPermission(company_id=company_id, contact_id=person.id, permission=box) for box in boxes]
    db.session.add_all(rows)
