"""What was done, refused and sent, in words as a reader would say them (C32, S7)."""

from pathlib import Path

from portal import attempts, doors, sentences, words
from portal.models import Activity

SUE = "Sue Marsh of Alder Services"
# kind, who, what, whom, result, and what the reader reads; ids stand for a contact's own row.
SAID = (
    ("staff", SUE, "signed out everywhere", "Bill Ing", "done", f"{SUE} signed Bill Ing out everywhere"),
    ("user", "Bill Ing", "signed out everywhere", "Bill Ing", "done", "Bill Ing signed out everywhere"),
    ("staff", SUE, "marked as exited", "Globex", "done", f"{SUE} marked Globex as exited"),
    ("staff", SUE, "made void", "invoice A-1", "done", f"{SUE} made invoice A-1 void"),
    ("staff", SUE, "left without an admin", "Globex", "done", f"{SUE} left Globex without an admin"),
    ("staff", SUE, "left without an admin", "", "done", f"{SUE} left the client without an admin"),
    ("staff", SUE, "added to the staff", "Neo Lin", "done", f"{SUE} added Neo Lin to the staff"),
    ("staff", SUE, "changed the password", "Sue Marsh", "done", f"{SUE} changed the password"),
    ("staff", SUE, "sent a test mail to", "Sue Marsh", "done", f"{SUE} sent a test mail"),
    ("staff", SUE, "imported work orders", "a.csv", "done", f"{SUE} imported work orders from a.csv"),
    ("staff", SUE, "deactivated", "Tom Reyes", "done", f"{SUE} deactivated Tom Reyes"),
    (
        "contact",
        "Mia Stone",
        "edited the own details",
        "Mia Rock",
        "done",
        "Mia Stone edited their own details",
    ),
    (
        "stranger",
        "",
        "asked for a password reset",
        "Bill Ing",
        "done",
        "Somebody asked for a password reset for Bill Ing",
    ),
    ("stranger", "", "asked for a new link", "Ann Lee", "done", "Somebody asked for a new link for Ann Lee"),
    ("stranger", "", "asked for access:", "Pat Lee", "done", "Somebody asked for access for Pat Lee"),
    (
        "user",
        "Bill Ing",
        "asked to change the e-mail address of",
        "Bill Ing",
        "done",
        "Bill Ing asked to change the e-mail address",
    ),
    ("contact", "Mia Stone", "deleted", "{} Lee", "done", "Mia Stone deleted {} Lee"),
    ("contact", "Ed Itor", "delete", "Ava Lee", "refused", "Ed Itor was refused: delete Ava Lee"),
    (
        "contact",
        "Ed Itor",
        "unlink",
        "Ava Lee",
        "refused",
        "Ed Itor was refused: unlink the user name of Ava Lee",
    ),
    ("contact", "Ed Itor", "send-reset", "", "refused", "Ed Itor was refused: send reset"),
    ("contact", "Ed Itor", "add a role", "", "refused", "Ed Itor was refused: add a role"),
    ("stranger", "", "sign in", "Bill Ing", "refused", "Somebody was refused: sign in as Bill Ing"),
)


def test_as_one_would_say_it():
    wrong = {}
    for kind, who, what, whom, result, said in SAID:
        row = Activity(actor_kind=kind, actor_name=who, what=what, target_name=whom, result=result)
        wrong |= {} if sentences.sentence(row) == said else {said: sentences.sentence(row)}
    assert wrong == {}
    # Two people of one name are two; one person under two names is one.
    facts = {"actor_kind": "contact", "actor_name": "Ann Lee", "what": "edited", "result": "done"}
    others = Activity(**facts, target_name="Ann Lee", actor_contact_id=1, contact_id=2)
    assert sentences.sentence(others) == "Ann Lee edited Ann Lee"
    own = Activity(**facts, target_name="Ann Stone", actor_contact_id=1, contact_id=1)
    assert sentences.sentence(own) == "Ann Lee edited"


def test_whatever_can_be_refused_has_words(built):
    """No page's refusal stands in the activity under a word of the code."""
    moves, silent = {"access.take", "api.make_move"}, set()
    for rule in built.url_map.iter_rules():
        page = doors.plain(rule.endpoint)
        known = any(each.partition(" ")[0] in (page, page.removeprefix("staff.")) for each in attempts.TRIED)
        if rule.methods & {"POST", "PUT", "PATCH"} and not (
            known or page in moves or page.startswith("dev.")
        ):
            silent.add(page)
    assert silent == set()
    assert attempts.tried("staff.mails.do", {"letter_id": 7, "deed": "cancel"}) == "cancel a mail"
    assert attempts.tried("access.take", {"contact_id": 7, "move": "unlink"}) == "unlink"


def test_every_kind_of_mail_has_a_name():
    kinds = {each.stem for each in Path(__file__).parents[1].glob("templates/mail/*.txt")} - {"layout"}
    assert set(words.LETTER) == kinds
    assert words.letter_kind("api_news") == "API news"
