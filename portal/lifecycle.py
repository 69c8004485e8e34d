"""What can happen now: to a contact (behaviour 4), to a work order, an RFP and an invoice."""

from enum import StrEnum

from portal.models import Access, Contact, Invoice, Rfp, Role, WorkOrder, WorkStatus
from portal.refusals import NotNow


class Status(StrEnum):
    """The three words of the Status column."""

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"


class LoginState(StrEnum):
    """The second badge: how it stands with the login."""

    NO_LOGIN = "no_login"
    EMAIL_ONLY = "email_only"
    INVITED = "invited"
    EXPIRED = "expired"
    MAIL_FAILED = "mail_failed"
    LOGIN = "login"
    DISABLED = "disabled"


class Situation(StrEnum):
    """Where a contact stands in the table of moves."""

    ACTIVE_NO_LOGIN = "active without login"
    PENDING = "pending"
    ACTIVE_LOGIN = "active with login"
    INACTIVE = "inactive"
    GONE = "deleted"


class Dealing(StrEnum):
    """Whether somebody may ask the vendor for anything now, and why not (behaviour 1, S5)."""

    PORTAL = "portal"
    INVITED = "invited"
    EMAIL_ONLY = "email_only"
    NOT_AUTHORIZED = "not_authorized"
    DISABLED = "disabled"
    INACTIVE = "inactive"
    LEFT = "left"
    DELETED = "deleted"

    @property
    def authorized(self) -> bool:
        """True where the person may ask for something."""
        return self in (Dealing.PORTAL, Dealing.INVITED, Dealing.EMAIL_ONLY)


class Move(StrEnum):
    """What can be done to a contact; the values are the last part of the URL."""

    VIEW = "view"
    EDIT = "edit"
    LINK = "properties"
    AUTHORIZE = "authorize"
    RESEND = "resend"
    CANCEL = "cancel-invitation"
    SEND_RESET = "send-reset"
    RESET_FACTOR = "reset-second-factor"
    UNLINK = "unlink"
    DEACTIVATE = "deactivate"
    ACTIVATE = "activate"
    DELETE = "delete"


_ALWAYS = (Move.VIEW, Move.EDIT, Move.LINK)

# Behaviour L1, in the order of the menu. VIEW of an inactive contact is the read-only profile.
MOVES: dict[Situation, tuple[Move, ...]] = {
    Situation.ACTIVE_NO_LOGIN: (*_ALWAYS, Move.AUTHORIZE, Move.DEACTIVATE, Move.DELETE),
    Situation.PENDING: (*_ALWAYS, Move.RESEND, Move.CANCEL, Move.DELETE),
    Situation.ACTIVE_LOGIN: (
        *_ALWAYS,
        Move.SEND_RESET,
        Move.RESET_FACTOR,
        Move.UNLINK,
        Move.DEACTIVATE,
        Move.DELETE,
    ),
    Situation.INACTIVE: (Move.VIEW, Move.ACTIVATE),
    Situation.GONE: (),
}

_WHY_NOT = {
    Situation.ACTIVE_NO_LOGIN: "{name} has no login.",
    Situation.PENDING: "{name} has not accepted the invitation yet.",
    Situation.ACTIVE_LOGIN: "{name} already has a login.",
    Situation.INACTIVE: "{name} is inactive. Activate {name} first.",
    Situation.GONE: "{name} was deleted.",
}


def situation(contact: Contact) -> Situation:
    """Return where `contact` stands, from its stored facts."""
    if contact.deleted_at is not None:
        return Situation.GONE
    if contact.deactivated_at is not None:
        return Situation.INACTIVE
    if contact.portal_user_id is not None:
        return Situation.ACTIVE_LOGIN
    return Situation.PENDING if contact.access == Access.PORTAL else Situation.ACTIVE_NO_LOGIN


def status(contact: Contact) -> Status:
    """Return the word for the Status column."""
    here = situation(contact)
    if here is Situation.INACTIVE:
        return Status.INACTIVE
    return Status.PENDING if here is Situation.PENDING else Status.ACTIVE


def login_state(contact: Contact) -> LoginState:
    """Return the word for the login badge."""
    if contact.user is not None:
        return LoginState.DISABLED if contact.user.disabled_at else LoginState.LOGIN
    if contact.access != Access.PORTAL:
        return LoginState.EMAIL_ONLY if contact.access == Access.EMAIL_ONLY else LoginState.NO_LOGIN
    invitation = contact.live_invitation
    if invitation is None or invitation.expired:
        return LoginState.EXPIRED
    return LoginState.MAIL_FAILED if invitation.mail_failed_at else LoginState.INVITED


def dealing(contact: Contact) -> Dealing:
    """Return whether `contact` may deal with the vendor for its company; what beats the rest comes first."""
    if contact.deleted_at is not None:
        return Dealing.DELETED
    if contact.company.exited_at is not None:
        return Dealing.LEFT
    if contact.user is not None and contact.user.disabled_at is not None:
        return Dealing.DISABLED
    if contact.deactivated_at is not None:
        return Dealing.INACTIVE
    if contact.access == Access.PORTAL:
        return Dealing.PORTAL if contact.user is not None else Dealing.INVITED
    return Dealing.EMAIL_ONLY if contact.access == Access.EMAIL_ONLY else Dealing.NOT_AUTHORIZED


def possible(contact: Contact) -> tuple[Move, ...]:
    """Return the moves that can happen to `contact` now, in the order of the menu."""
    return tuple(move for move in MOVES[situation(contact)] if _missing(contact, move) is None)


def objection(contact: Contact, move: Move) -> str | None:
    """Return why `move` cannot happen to `contact` now, as a sentence; None if it can."""
    here = situation(contact)
    if move not in MOVES[here]:
        return _WHY_NOT[here].format(name=contact.name)
    return _missing(contact, move)


def take(contact: Contact, move: Move) -> None:
    """Raise NotNow unless `move` can happen to `contact` now."""
    reason = objection(contact, move)
    if reason is not None:
        raise NotNow(reason)


def take_role(role: Role) -> None:
    """Raise NotNow for a role that was archived: nobody has it any more, and nobody can get it."""
    if role.archived_at is not None:
        raise NotNow(f"The role {role.name} was archived.")


def _missing(contact: Contact, move: Move) -> str | None:
    """Return what stands in the way of a move that the state would allow."""
    if move is Move.AUTHORIZE and not contact.email:
        return f"{contact.name} has no e-mail address. Add one, save, and authorize then."
    if move in (Move.DELETE, Move.DEACTIVATE) and contact.is_primary:
        return f"{contact.name} is the Primary contact. Choose another Primary contact first."
    if move is Move.SEND_RESET:
        return _no_reset(contact)
    return _no_factor_reset(contact) if move is Move.RESET_FACTOR else None


def _no_reset(contact: Contact) -> str | None:
    user = contact.user
    if user is None or user.disabled_at:
        return f"The login of {contact.name} was disabled by the vendor. Ask the vendor's support."
    if user.email_confirmed_at is None:
        return (
            f"{contact.name} has not confirmed an address yet. Unlink the user name and send a sign-up link."
        )
    return None


def _no_factor_reset(contact: Contact) -> str | None:
    """Return why the company cannot reset the second factor. What is shared is judged first: of a login that
    serves others too, the company does not learn whether it has one (L6)."""
    user = contact.user
    if user is None or user.disabled_at or user.companies_linked != 1:
        return f"Only the vendor can reset the second factor of {contact.name}. Ask the vendor's support."
    return None if user.has_second_factor else f"{contact.name} has no second factor."


def takes_answer(rfp: Rfp) -> bool:
    """Return whether an RFP takes an answer: as long as nobody has decided about it."""
    return rfp.status in ("open", "answered")


def take_answer(rfp: Rfp) -> None:
    """Raise NotNow for an RFP that takes no further answer."""
    if not takes_answer(rfp):
        raise NotNow(f"{rfp.title} is {rfp.status} already. Set its status to Open first.")


_ENDED = (WorkStatus.DONE, WorkStatus.CANCELLED)


def ended(order: WorkOrder) -> bool:
    """Return whether a work order is done or cancelled, which is the end of it."""
    return order.status in _ENDED


def take_on(order: WorkOrder) -> None:
    """Raise NotNow where the status of a work order cannot change any more."""
    if ended(order):
        raise NotNow(f"{order.name} is {order.status} already. Ask for new work instead.")


class BillMove(StrEnum):
    """What the vendor does to an invoice; the values stand in addresses."""

    EDIT = "edit"
    ISSUE = "issue"
    DISCARD = "delete"
    PAY = "payment"
    VOID = "void"
    ATTACH = "pdf"


# A draft is the vendor's own. What customers have seen is never edited and never deleted.
BILL_MOVES: dict[str, tuple[BillMove, ...]] = {
    "draft": (BillMove.ISSUE, BillMove.EDIT, BillMove.ATTACH, BillMove.DISCARD),
    "open": (BillMove.PAY, BillMove.ATTACH, BillMove.VOID),
    "paid": (BillMove.ATTACH,),
    "void": (),
}
_WHY_NO_BILL = {
    "draft": "Invoice {number} is a draft. Issue it first.",
    "open": "Invoice {number} was issued. What customers have seen stays as it is; it can be void.",
    "paid": "Invoice {number} is paid.",
    "void": "Invoice {number} is void.",
}


def bill_moves(invoice: Invoice) -> tuple[BillMove, ...]:
    """Return what can happen to an invoice now, in the order of its buttons."""
    moves = BILL_MOVES[invoice.status]
    return tuple(move for move in moves if not (move is BillMove.VOID and invoice.paid))


def take_bill(invoice: Invoice, move: BillMove) -> None:
    """Raise NotNow unless `move` can happen to an invoice now."""
    if move is BillMove.VOID and invoice.status == "open" and invoice.paid:
        raise NotNow(f"Payments were recorded for invoice {invoice.number}. Take them back first.")
    if move is BillMove.ISSUE and invoice.status == "draft" and not invoice.total:
        raise NotNow(f"Invoice {invoice.number} asks for nothing. Give it lines that cost something.")
    if move not in bill_moves(invoice):
        raise NotNow(_WHY_NO_BILL[invoice.status].format(number=invoice.number))


def take_payment_back(invoice: Invoice) -> None:
    """Raise NotNow unless payments of an invoice can be taken back: not of one that is void."""
    if invoice.status not in ("open", "paid"):
        raise NotNow(_WHY_NO_BILL[invoice.status].format(number=invoice.number))
