"""The contacts list, search and view: who stands there, in which order, how many, and what a link opens."""

import base64
import html
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Contact, ContactType, PortalUser
from portal.models.keys import refresh

ROW = re.compile(r'<tr[^>]* id="contact-(\d+)"')
SORTS = ("name", "email", "status", "last_login")


def ids(answer) -> list[int]:
    """Return the ids of the contacts in the rows of a page."""
    return [int(each) for each in ROW.findall(answer.text)]


def neighbour(answer, which: str) -> str | None:
    """Return the address of the next ("after") or the previous ("before") page, if there is one."""
    found = re.search(rf'href="([^"]*[?&;]{which}=[^"]+)"', answer.text)
    return html.unescape(found[1]) if found else None


def count(answer, which: str) -> str:
    """Return the number beside a status view."""
    found = re.search(rf'id="count-{which}"[^>]*>([^<]*)<', answer.text)
    assert found, which
    return " ".join(found[1].split())


def cursor(*parts) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.fixture
def listed(town, browser):
    """What Mia, or somebody else, finds in the list; gives the ids."""
    opened = {}

    def find(who=None, path: str = "/acme/contacts", htmx: bool = False, **query) -> list[int]:
        who = who or town.mia
        person = opened.setdefault(who.id, browser(who) if who.id not in opened else None)
        answer = person.get(path, query_string=query, htmx=htmx)
        assert answer.status_code == 200
        return ids(answer)

    return find


@pytest.fixture
def add(writing, town):
    """Adds a contact to Acme behind the portal's back; gives its id."""

    def one(first: str, last: str, email: str | None = None, **facts) -> int:
        with writing():
            kind = db.session.scalars(select(ContactType).where(ContactType.code == "secondary")).one()
            contact = Contact(
                company_id=town.acme.id,
                first_name=first,
                last_name=last,
                email=email,
                contact_type_id=kind.id,
                **{"access": "none", "phone": "", "mobile": "", **facts},
            )
            refresh(contact)
            db.session.add(contact)
            db.session.flush()
            return contact.id

    return one


@pytest.fixture
def crowd(writing, town):
    """Adds many contacts at once, three to a name, every fifth with another status."""

    def many(number: int) -> None:
        with writing():
            kind = db.session.scalars(select(ContactType.id).where(ContactType.code == "manager")).one()
            rows = []
            for n in range(number):
                contact = Contact(
                    first_name="Same", last_name=f"Name {n // 3:04}", email=f"c{n}@crowd.example"
                )
                contact.phone = contact.mobile = ""
                refresh(contact)
                row = {"company_id": town.acme.id, "contact_type_id": kind, "access": "none"}
                for name in ("first_name", "last_name", "email", "email_key", "name_key", "search_key"):
                    row[name] = getattr(contact, name)
                row["access"] = "portal" if n % 5 == 0 else "none"
                row["deactivated_at"] = now() if n % 5 == 1 else None
                rows.append(row)
            db.session.execute(insert(Contact), rows)

    return many


class TestList:
    """C1, C5, C7: every contact the reader may see, once, with true totals."""

    def test_shows_everybody_of_the_company(self, town, browser, reading):
        mia = browser(town.mia)
        first = mia.get("/acme/contacts")
        second = mia.get(neighbour(first, "after")) if neighbour(first, "after") else first
        with reading():
            query = select(Contact.id).where(Contact.company_id == town.acme.id, Contact.deleted_at.is_(None))
            assert set(ids(first)) | set(ids(second)) == set(db.session.scalars(query))

    def test_row_holds_the_columns(self, town, browser, add):
        contact_id = add(
            "Zo\u00eb",
            "O'Neill-\u5f20",
            "zoe@acme.example",
            honorific="Dr",
            job_title="Clerk",
            phone="+442079460123",
        )
        page = browser(town.mia).get("/acme/contacts", query_string={"q": "zoe"})
        assert ids(page) == [contact_id]
        for words in (
            "Dr",
            "Zo\u00eb O&#39;Neill-\u5f20",
            "Acme Estates",
            "020 7946 0123",
            "Secondary",
            "Active",
        ):
            assert words in page.text
        assert 'href="tel:+442079460123"' in page.text
        assert 'href="mailto:zoe@acme.example"' in page.text

    def test_totals(self, town, browser, reading):
        page = browser(town.mia).get("/acme/contacts")
        with reading():
            everybody = db.session.scalars(
                select(Contact).where(Contact.company_id == town.acme.id, Contact.deleted_at.is_(None))
            ).unique()
            found = list(everybody)
        inactive = [each for each in found if each.deactivated_at]
        pending = [each for each in found if each.access == "portal" and not each.portal_user_id]
        assert count(page, "all") == str(len(found))
        assert count(page, "inactive") == str(len(inactive)) == "1"
        assert count(page, "pending") == str(len(pending)) == "2"
        assert count(page, "active") == str(len(found) - 3)

    def test_totals_are_exact_to_a_thousand_then_over(self, town, browser, crowd):
        """C5."""
        mia = browser(town.mia)
        before = int(count(mia.get("/acme/contacts"), "all"))
        crowd(1_000 - before)
        assert count(mia.get("/acme/contacts"), "all") == "1,000"
        crowd_id = mia.get("/acme/contacts", query_string={"status": "pending"})
        assert "," not in count(crowd_id, "pending")

    def test_one_more_than_a_thousand(self, town, browser, crowd, add):
        mia = browser(town.mia)
        crowd(1_000 - int(count(mia.get("/acme/contacts"), "all")))
        add("One", "More")
        assert "over 1,000" in mia.get("/acme/contacts").text.replace("Over", "over")
        assert "1,001" not in mia.get("/acme/contacts").text

    def test_empty_and_no_match_say_what_to_do(self, town, browser):
        """C7."""
        page = browser(town.mia).get("/acme/contacts?q=nobody-has-this-name")
        assert ids(page) == []
        assert 'href="/acme/contacts"' in page.text

    def test_reader_without_rights_adds_nobody(self, town, browser):
        """C2, P11."""
        assert "/acme/contacts/new" in browser(town.mia).get("/acme/contacts").text
        for who in (town.vic, town.ed):
            assert "/acme/contacts/new" not in browser(who).get("/acme/contacts").text

    def test_what_people_typed_is_text(self, town, browser, add):
        """T63, T68, T72."""
        add('<b hx-get="/x">', "{{ 7 * 7 }} \u202a", None, job_title='" onmouseover="x', notes="<script>")
        page = browser(town.mia).get("/acme/contacts", query_string={"q": "7"})
        assert "<b hx-get" not in page.text
        assert "{{ 7 * 7 }}" in page.text
        assert '" onmouseover="x' not in page.text


class TestSearch:
    """C2, C4: by name, address or number, every letter literal."""

    @pytest.mark.parametrize(
        "typed",
        [
            "zoe",
            "ZO\u00cb",
            "zo\u00eb",
            "zoe\u0308",
            "  zoe  ",
            "muller zoe",
            "m\u00fcll",
            "Zo\u00eb M\u00fcller",
            "zoe@haus",
            "haus.example",
            "79460123",
            "7946 0123",
            "020 7946 0123",
            "+44 20 7946 0123",
            "+442079460123",
            "(020) 7946-0123",
        ],
    )
    def test_finds(self, town, listed, add, typed):
        wanted = add("Zo\u00eb", "M\u00fcller", "Zoe@Haus.example", phone="+442079460123")
        add("Joe", "Miller", "joe@home.example", phone="+442079460999")
        assert listed(q=typed) == [wanted]

    @pytest.mark.parametrize(
        "typed", ["%", "_", "%%", "Z_e", "Z%", "\\", "zo\\", "'", "' OR 1=1 --", "*", "z.e"]
    )
    def test_wildcards_are_letters(self, town, listed, add, typed):
        """T73."""
        add("Zoe", "Miller")
        assert listed(q=typed) == []

    def test_a_wildcard_in_a_name_is_found(self, town, listed, add):
        wanted = add("100%", "Under_Score\\")
        assert listed(q="100%") == listed(q="under_") == listed(q="score\\") == [wanted]

    def test_only_a_hundred_letters_count(self, town, listed, add):
        wanted = add("A" * 60, "B" * 60)
        assert listed(q="a" * 60 + " " + "b" * 39) == [wanted]
        assert listed(q="a" * 60 + " " + "b" * 39 + "zzzz") == [wanted]
        assert listed(q="z" * 10_000) == []

    @pytest.mark.parametrize("typed", ["", "   ", "\x00", "\t\r\n"])
    def test_nothing_asked_is_everybody(self, town, listed, typed):
        assert len(listed(q=typed)) > 20

    def test_never_finds_another_company(self, town, listed):
        """T16, T23."""
        assert listed(q="stan") == listed(q="globex") == listed(q="gus") == []

    def test_never_finds_the_deleted(self, town, browser, listed):
        browser(town.mia).post(f"/acme/contacts/{town.ava.id}/delete")
        assert listed(q="ava") == []

    def test_page_asks_first_and_finds_then(self, town, browser, listed):
        """C4: the form, then Enter; without JavaScript."""
        mia = browser(town.mia)
        page = mia.get("/acme/contacts/search")
        assert ids(page) == []
        assert 'name="q"' in page.text
        assert 'name="status"' in page.text
        assert listed(path="/acme/contacts/search", q="ann", status="pending") == [town.ann.id]
        assert listed(path="/acme/contacts/search", q="ann", status="inactive") == []

    def test_same_address_opened_fresh_shows_the_same(self, town, listed):
        """C2, T62: the block and the page hold the same rows."""
        query = {"q": "a", "status": "active", "sort": "email", "dir": "desc"}
        assert listed(**query) == listed(**query, htmx=True)

    def test_as_you_type_answers_with_the_list_alone(self, town, browser):
        """C2."""
        part = browser(town.mia).get("/acme/contacts?q=ann", htmx=True)
        assert ids(part) == [town.ann.id]
        for words in ("<html", "<header", 'type="search"', "<h1"):
            assert words not in part.text

    def test_going_back_gets_the_whole_page(self, town, browser):
        """T66."""
        mia = browser(town.mia)
        mia.headers["HX-History-Restore-Request"] = "true"
        assert "<html" in mia.get("/acme/contacts?q=ann", htmx=True).text


class TestFilters:
    """C3: type, status, role and access, together and with the search."""

    def test_status(self, town, listed):
        assert set(listed(status="pending")) == {town.ann.id, town.exa.id}
        assert listed(status="inactive") == [town.ian.id]
        assert town.ian.id not in listed(status="active")

    def test_type(self, town, listed):
        assert listed(type="primary") == [town.mia.id]
        assert listed(type="manager") == []

    def test_role(self, town, listed, reading):
        from portal.queries.vocabulary import preset

        with reading():
            editor, billing = preset("contact-editor").id, preset("billing").id
        assert listed(role=editor) == [town.ed.id]
        assert set(listed(role=billing)) == {town.bill.id, town.ann.id, town.duo.id}

    def test_access(self, town, listed):
        assert listed(authorized="email_only") == [town.eva.id]
        assert set(listed(authorized="no")) == {town.abe.id, town.ava.id, town.oda.id, town.ola.id}
        assert town.eva.id in listed(authorized="any")
        assert town.ava.id not in listed(authorized="any")
        assert town.eva.id not in listed(authorized="yes")

    def test_all_at_once(self, town, listed, reading):
        from portal.queries.vocabulary import preset

        with reading():
            billing = preset("billing").id
        query = {"q": "an", "status": "pending", "role": billing, "authorized": "yes", "type": "secondary"}
        assert listed(**query) == [town.ann.id]
        assert listed(**query | {"status": "active"}) == []

    @pytest.mark.parametrize(
        "query",
        [
            {"status": "gone"},
            {"role": "abc"},
            {"role": "-1"},
            {"role": "99999999999999999999"},
            {"role": "\u0661"},
            {"authorized": "1"},
            {"sort": "password_hash"},
            {"sort": "portal_user.password_hash"},
            {"sort": "id; DROP TABLE contact"},
            {"dir": "sideways"},
            {"nonsense": "x"},
        ],
    )
    def test_what_makes_no_sense_is_not_said(self, town, listed, query):
        """B68, T24: rows in their usual order, never an error."""
        assert listed(**query) == listed()

    def test_unknown_type_and_role_find_nobody(self, town, listed):
        assert listed(type="no-such-type") == listed(role="999999") == []

    def test_authorized_users(self, town, browser):
        """C36: the same list cut to those who may deal with the vendor, with its own button."""
        page = browser(town.mia).get("/acme/contacts?authorized=any")
        assert "Authorized users" in page.text
        assert "Add Authorized User" in page.text
        assert "/acme/contacts/new?access=email_only" in html.unescape(page.text)


class TestPaging:
    """C5: by position in the order, forward and back, over any number of equal names."""

    def walk(self, person, path: str | None, which: str = "after") -> list[list[int]]:
        """Follow the pager to its end; gives the ids of each page."""
        pages = []
        while path:
            answer = person.get(path)
            assert answer.status_code == 200
            pages.append(ids(answer))
            assert len(pages) < 20
            path = neighbour(answer, which)
        self.last = answer
        return pages

    @pytest.mark.parametrize("sort", SORTS)
    def test_forward_and_back(self, town, browser, crowd, writing, reading, sort):
        crowd(70)
        with writing():
            for n, user in enumerate(db.session.scalars(select(PortalUser).order_by(PortalUser.id))):
                user.last_sign_in_at = None if n % 3 == 0 else now() - timedelta(days=n // 4)
        with reading():
            query = select(Contact.id).where(Contact.company_id == town.acme.id, Contact.deleted_at.is_(None))
            everybody = set(db.session.scalars(query))
        mia = browser(town.mia)
        orders = {}
        for direction in ("asc", "desc"):
            pages = self.walk(mia, f"/acme/contacts?sort={sort}&dir={direction}")
            orders[direction] = [each for page in pages for each in page]
            assert len(orders[direction]) == len(everybody)
            assert set(orders[direction]) == everybody
            assert [len(page) for page in pages[:-1]] == [25] * (len(pages) - 1)
            back = self.walk(mia, neighbour(self.last, "before"), "before")
            assert back[::-1] == pages[:-1]
        assert orders["asc"] == orders["desc"][::-1]

    def test_names_are_in_their_order(self, town, browser, add):
        for name in ("\u00c5ke", "zoe", "Zack", "\u00e4nne", "Bob", "adam"):
            add(name, "Sorted")
        found = browser(town.mia).get("/acme/contacts?q=sorted")
        names = [re.sub(r"\s+", " ", each) for each in re.findall(r">\s*(\w+) Sorted\s*</a>", found.text)]
        assert names == ["adam", "\u00c5ke", "\u00e4nne", "Bob", "Zack", "zoe"]

    def test_a_row_that_goes_loses_nobody(self, town, browser, crowd, writing):
        """The place in the order is kept although the row that marked it is deleted meanwhile."""
        crowd(30)
        mia = browser(town.mia)
        first = mia.get("/acme/contacts")
        pages = self.walk(mia, neighbour(first, "after"))
        with writing():
            db.session.get_one(Contact, ids(first)[-1]).deleted_at = now()
        assert self.walk(mia, neighbour(first, "after")) == pages

    def test_filters_are_kept_from_page_to_page(self, town, browser, crowd):
        crowd(200)
        mia = browser(town.mia)
        pages = self.walk(mia, "/acme/contacts?status=pending&type=manager&q=same")
        assert sum(map(len, pages)) == 40

    @pytest.mark.parametrize("which", ["after", "before"])
    def test_broken_cursors_show_a_page(self, town, browser, crowd, which):
        """Bad input: whatever stands in the address, an answer with something to go on with."""
        crowd(30)
        mia = browser(town.mia)
        broken = [
            "x",
            "%00",
            "=" * 50,
            "A" * 5_000,
            cursor(),
            cursor("name"),
            cursor("name", "a"),
            cursor("name", "a", "b"),
            cursor("name", 1, 1),
            cursor("name", None, 1),
            cursor("name", "a", -1),
            cursor("name", "a", 2**70),
            cursor("name", "a", True),
            cursor("name", "a\0b", 1),
            cursor("name", "\ud800", 1),
            cursor("name", ["a"], 1),
            cursor("email", "a", 1),
            cursor("status", 1, 1),
            cursor("status", 7, 1),
            cursor({"a": 1}, "a", 1),
            cursor("name", "a" * 300, 1),
        ]
        for value in broken:
            for sort in ("name", "status", "last_login"):
                answer = mia.get("/acme/contacts", query_string={which: value, "sort": sort})
                assert answer.status_code == 200, value
                assert ids(answer) or 'href="/acme/contacts' in answer.text, value

    def test_cursor_of_another_company_shows_nothing_of_it(self, town, browser, crowd):
        crowd(30)
        theirs = neighbour(browser(town.mia).get("/acme/contacts"), "after").replace("/acme/", "/globex/")
        answer = browser(town.stan).get(theirs)
        assert answer.status_code == 200
        assert set(ids(answer)) <= {town.stan.id, town.gus.id, town.duo_globex.id}

    def test_page_behind_the_last_leads_back(self, town, browser):
        answer = browser(town.mia).get("/acme/contacts", query_string={"after": cursor("name", "zzzz", 1)})
        assert ids(answer) == []
        assert 'href="/acme/contacts"' in answer.text


class TestScope:
    """P10, C44, T21: a property manager sees those who share a property and those of the entire client."""

    def test_list_count_and_search_are_cut_alike(self, town, browser, listed):
        everybody = set(listed()) | set(listed(q="a")) | set(listed(q="o")) | set(listed(q="i"))
        seen = set(listed(town.pam)) | set(listed(town.pam, q="a")) | set(listed(town.pam, q="o"))
        assert town.oda.id in everybody
        assert town.oda.id not in seen
        assert {town.ola.id, town.una.id, town.pam.id, town.mia.id, town.ava.id} <= seen
        assert listed(town.pam, q="oda") == listed(town.pam, q="oda.beta") == []
        mine = browser(town.pam).get("/acme/contacts")
        all_of_them = browser(town.mia).get("/acme/contacts")
        assert int(count(mine, "all")) == int(count(all_of_them, "all")) - 1

    def test_view(self, town, browser):
        pam = browser(town.pam)
        assert pam.get(f"/acme/contacts/{town.ola.id}").status_code == 200
        assert pam.get(f"/acme/contacts/{town.oda.id}").status_code == 404

    def test_moved_off_the_property_it_is_gone_at_once(self, town, browser):
        """T22."""
        pam = browser(town.pam)
        assert pam.get(f"/acme/contacts/{town.ola.id}").status_code == 200
        form = {"scope": "property", "properties": [str(town.gamma.id)]}
        assert browser(town.mia).post(f"/acme/contacts/{town.pam.id}/properties", form).status_code == 303
        assert pam.get(f"/acme/contacts/{town.ola.id}").status_code == 404


class TestView:
    """C10: everything about a person, what they can do and why, and what happened."""

    def test_details_rights_and_history(self, town, browser, add):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.vic.id}/deactivate")
        mia.post(f"/acme/contacts/{town.vic.id}/activate")
        page = mia.get(f"/acme/contacts/{town.vic.id}")
        assert page.status_code == 200
        for words in (
            "Vic Viewer",
            town.vic.email,
            "View Client",
            "Property Manager",
            "Active",
            "deactivated",
        ):
            assert words in page.text
        assert f'href="/acme/contacts/{town.vic.id}/edit"' in page.text

    def test_properties_with_the_link_they_come_from(self, town, browser):
        page = browser(town.mia).get(f"/acme/contacts/{town.pam.id}")
        assert "Alpha" in page.text
        assert "Gamma" not in page.text

    def test_edit_only_for_those_who_may(self, town, browser):
        assert "/edit" not in browser(town.vic).get(f"/acme/contacts/{town.ava.id}").text
        assert "/edit" in browser(town.ed).get(f"/acme/contacts/{town.ava.id}").text
        assert "/edit" not in browser(town.ed).get(f"/acme/contacts/{town.mia.id}").text

    def test_inactive_is_read_only_with_a_way_back(self, town, browser):
        """L1."""
        page = browser(town.mia).get(f"/acme/contacts/{town.ian.id}")
        assert page.status_code == 200
        assert f'action="/acme/contacts/{town.ian.id}/activate"' in page.text
        for move in ("edit", "delete", "deactivate", "unlink", "send-reset", "properties"):
            assert f"/acme/contacts/{town.ian.id}/{move}" not in page.text

    @pytest.mark.parametrize(
        "number", ["0", "-1", "999999", "2147483648", "99999999999999999999", "abc", "1e3", "\u0661", "1.0"]
    )
    def test_ids_that_are_none(self, town, browser, number):
        """B66, T76."""
        mia = browser(town.mia)
        for path in (f"/acme/contacts/{number}", f"/acme/contacts/{number}/edit"):
            assert mia.get(path).status_code == 404
            assert mia.get(path, htmx=True).status_code == 404

    def test_reading_writes_nothing(self, town, browser, reading):
        """L3."""
        mia = browser(town.mia)
        for path in ("", "/edit", "/delete", "/properties"):
            assert mia.get(f"/acme/contacts/{town.ava.id}{path}").status_code == 200
        with reading():
            assert db.session.scalars(select(Activity).where(Activity.contact_id == town.ava.id)).all() == []


class TestRowMoves:
    """C17: htmx gets the row and what changed with it; a plain form gets a page to go on with."""

    def test_htmx_gets_the_row_and_the_counts(self, town, browser):
        answer = browser(town.mia).post(
            f"/acme/contacts/{town.ava.id}/authorize", {"from": "list"}, htmx=True
        )
        assert answer.status_code == 200
        assert ids(answer) == [town.ava.id]
        assert count(answer, "pending") == "3"
        assert "hx-swap-oob" in answer.text
        assert "<html" not in answer.text

    def test_deleted_row_is_gone(self, town, browser, reading):
        answer = browser(town.mia).post(f"/acme/contacts/{town.ava.id}/delete", {"from": "list"}, htmx=True)
        assert answer.status_code == 200
        assert ids(answer) == []
        assert "Ava Address was deleted" in answer.text
        with reading():
            assert db.session.get_one(Contact, town.ava.id).deleted_at is not None

    def test_refused_move_is_a_notice(self, town, browser):
        answer = browser(town.mia).post(f"/acme/contacts/{town.ann.id}/deactivate", htmx=True)
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#toasts")
        assert "Ann Invited" in answer.text

    @pytest.mark.parametrize(
        ("form", "leads"),
        [
            ({"from": "list"}, "/acme/contacts"),
            ({"from": "view"}, "/acme/contacts/{}"),
            ({"back": "/acme/contacts?q=ava"}, "/acme/contacts?q=ava"),
            ({"back": "//evil.example"}, "/acme/contacts"),
            ({}, "/acme/contacts"),
        ],
    )
    def test_without_javascript(self, town, browser, form, leads):
        answer = browser(town.mia).post(f"/acme/contacts/{town.ava.id}/deactivate", form)
        assert (answer.status_code, answer.location) == (303, leads.format(town.ava.id))

    def test_notice_is_on_the_next_page_once(self, town, browser):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/deactivate", {"from": "list"})
        assert "Ava Address is inactive" in mia.get("/acme/contacts").text
        assert "Ava Address is inactive" not in mia.get("/acme/contacts").text

    def test_delete_asks_first(self, town, browser, reading):
        """C17."""
        mia = browser(town.mia)
        page = mia.get(f"/acme/contacts/{town.ava.id}/delete?from=view")
        dialog = mia.get(f"/acme/contacts/{town.ava.id}/delete", htmx=True)
        for answer in (page, dialog):
            assert answer.status_code == 200
            assert "Ava Address" in answer.text
            assert f'action="/acme/contacts/{town.ava.id}/delete"' in answer.text
            assert ">Yes" in answer.text
        assert "<html" in page.text
        assert "<html" not in dialog.text
        with reading():
            assert db.session.get_one(Contact, town.ava.id).deleted_at is None
        assert mia.post(f"/acme/contacts/{town.ava.id}/delete", {"from": "view"}).location == "/acme/contacts"
        assert mia.get(f"/acme/contacts/{town.ava.id}").status_code == 404

    def test_delete_twice(self, town, browser):
        mia = browser(town.mia)
        assert mia.post(f"/acme/contacts/{town.ava.id}/delete").status_code == 303
        assert mia.post(f"/acme/contacts/{town.ava.id}/delete").status_code == 404

    @pytest.mark.parametrize("move", ["nonsense", "view", "edit-all", "AUTHORIZE", "delete/", "%00"])
    def test_moves_that_are_none(self, town, browser, move):
        answer = browser(town.mia).post(f"/acme/contacts/{town.ava.id}/{move}")
        assert answer.status_code in (303, 404, 405, 308)
        assert answer.status_code < 500

    @pytest.mark.parametrize(
        "move", ["authorize", "resend", "cancel-invitation", "send-reset", "unlink", "deactivate", "activate"]
    )
    def test_moves_need_a_post(self, town, browser, move):
        """L3, T52."""
        assert browser(town.mia).get(f"/acme/contacts/{town.ava.id}/{move}").status_code == 405
