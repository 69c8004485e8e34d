"""Work orders: who sees and makes them, numbers, list, scope, comments, cancelling (C43, C44, P2, P11)."""

import contextlib
import re
import threading

import pytest
from sqlalchemy import event

from portal.actions import work_orders as actions
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Activity,
    Area,
    Branding,
    Company,
    CompanyArea,
    Contact,
    ContactPermission,
    Document,
    Property,
    PropertyLink,
    WorkOrder,
    WorkOrderEvent,
    WorkStatus,
)
from portal.transaction import transaction
from tests.machinery.counts import count
from tests.surfing import form_fields
from tests.work import STAFF, let_ask, ordered

LIST, NEW = "/acme/work-orders", "/acme/work-orders/new"


@pytest.fixture
def orders(writing, town):
    """One order at each place: at Alpha, at Beta, at none, and one of another company."""
    with writing():
        return {
            "alpha": ordered(town.wes, "Alpha leak", town.alpha),
            "beta": ordered(town.mia, "Beta lamp", town.beta),
            "client": ordered(town.wes, "Client roof"),
            "theirs": ordered(town.stan, "Delta door", town.delta),
        }


@pytest.fixture
def pam(writing, town):
    """Pam sees property Alpha only, and may ask for work."""
    with writing():
        let_ask(town.pam)
    return town.pam


def numbers(reading, slug="acme"):
    with reading():
        query = db.select(WorkOrder.number).join(Company, Company.id == WorkOrder.company_id)
        return sorted(db.session.scalars(query.where(Company.slug == slug)))


class TestWhoMay:
    """C43, P2, P11: with `work_orders` it is all there, without it nothing is."""

    @pytest.mark.parametrize("name", ["mia", "max", "wes"])
    def test_who_may_sees_list_form_and_menu(self, browser, town, orders, name):
        page = browser(getattr(town, name))
        for path in (LIST, NEW, orders["alpha"].path):
            answer = page.get(path)
            assert answer.status_code == 200
            assert f'href="{LIST}"' in answer.text

    @pytest.mark.parametrize("name", ["bill", "rita", "ed", "vic", "pam", "una", "nora"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_who_may_not_finds_neither_page_nor_button(self, browser, town, orders, name, htmx):
        page = browser(getattr(town, name))
        path = orders["alpha"].path
        for asked in (LIST, NEW, path, f"{path}/cancel"):
            assert page.get(asked, htmx=htmx).status_code == 403, asked
        for asked in (NEW, f"{path}/comment", f"{path}/cancel"):
            assert page.post(asked, {"title": "X", "text": "X"}, htmx=htmx).status_code == 403, asked
        assert "work-orders" not in page.get("/acme/").text

    @pytest.mark.parametrize("column", ["off_by_staff", "hidden_by_admin"])
    def test_an_area_that_is_off_is_not_there(self, browser, town, orders, writing, column):
        with writing():
            db.session.add(CompanyArea(company_id=town.acme.id, area=Area.WORK_ORDERS, **{column: True}))
        for person in (town.mia, town.wes):
            page = browser(person)
            for path in (LIST, NEW, orders["alpha"].path):
                assert page.get(path).status_code == 404
            assert page.post(NEW, {"title": "X"}).status_code == 404
            assert LIST not in page.get("/acme/").text

    def test_another_company_is_not_there(self, browser, town, orders):
        stan, mia = browser(town.stan), browser(town.mia)
        foreign = f"{LIST}/{orders['theirs'].id}"
        for path in ("", "/cancel", "/photos/1", "/photos/1/small"):
            assert mia.get(foreign + path).status_code == 404
            assert stan.get(orders["alpha"].path + path).status_code == 404
        for path in ("/comment", "/cancel"):
            assert mia.post(foreign + path, {"text": "X"}).status_code == 404
        assert "Delta" not in mia.get(f"{LIST}?status=all").text
        assert mia.get(f"{LIST}/999999").status_code == 404

    def test_a_right_taken_away_is_gone_at_the_next_request(self, browser, town, orders, writing, pam):
        page = browser(pam)
        assert page.get(LIST).status_code == 200
        with writing():
            db.session.execute(db.delete(ContactPermission).where(ContactPermission.contact_id == pam.id))
        assert page.get(LIST, htmx=True).status_code == 403


class TestScope:
    """C44, P10: what belongs to other properties, or to none, does not exist at property level."""

    def test_list_counts_and_search_are_cut(self, browser, orders, pam):
        page = browser(pam)
        for query in ("", "?status=all", "?status=all&q=a", "?status=all&q=wo"):
            text = page.get(LIST + query).text
            assert "Alpha leak" in text
            assert not re.search("Beta|Client roof|Delta", text)
        assert 'id="count-all">1<' in page.get(LIST).text
        assert "You see 1 of 3 properties." in page.get(LIST).text

    @pytest.mark.parametrize("which", ["beta", "client"])
    def test_out_of_scope_is_not_there(self, browser, orders, pam, which, reading):
        page, path = browser(pam), orders[which].path
        for end in ("", "/cancel", "/photos/1", "/photos/1/small"):
            assert page.get(path + end).status_code == 404
        for end in ("/comment", "/cancel"):
            assert page.post(path + end, {"text": "X"}).status_code == 404
        with reading():
            assert db.session.get_one(WorkOrder, orders[which].id).status == "requested"

    def test_another_property_in_the_filter_tells_nothing(self, browser, orders, pam, town):
        page = browser(pam)
        hidden, nothing = (page.get(f"{LIST}?property={each}") for each in (town.beta.id, 999_999))
        assert (hidden.status_code, nothing.status_code) == (404, 404)
        assert "Beta" not in hidden.text

    def test_only_own_properties_are_offered(self, browser, orders, pam, town):
        text = browser(pam).get(NEW).text
        assert "Alpha" in text
        assert not re.search("Beta|Gamma|entire client", text, re.IGNORECASE)
        assert "Beta" not in browser(pam).get(f"{NEW}?property={town.beta.id}").text

    def test_a_property_must_be_chosen_and_be_ones_own(self, browser, pam, town, reading):
        page = browser(pam)
        assert page.post(NEW, {"title": "X", "priority": "low"}).status_code == 422
        for place in (town.beta.id, town.delta.id, 999999, "x", "-1", "٣"):
            answer = page.post(NEW, {"title": "X", "priority": "low", "property": place})
            assert answer.status_code == 404, place
        assert page.post(NEW, {"title": "X", "priority": "low", "place": "Beta"}).status_code == 422
        assert numbers(reading) == []
        made = page.post(NEW, {"title": "X", "priority": "low", "property": town.alpha.id})
        assert made.status_code == 303
        assert page.get(made.location).status_code == 200

    def test_without_any_property_there_is_nothing_to_ask_for(self, browser, pam, writing):
        with writing():
            db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == pam.id))
        page = browser(pam)
        assert "No property is linked to you yet" in page.get(NEW).text
        assert page.post(NEW, {"title": "X", "priority": "low"}).status_code == 422

    def test_moved_off_a_property_loses_it_at_once(self, browser, orders, pam, writing):
        page = browser(pam)
        assert page.get(orders["alpha"].path).status_code == 200
        with writing():
            db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == pam.id))
        assert page.get(orders["alpha"].path).status_code == 404
        assert "Alpha" not in page.get(f"{LIST}?status=all", htmx=True).text


class TestAsking:
    """C43: property, title, description, priority; T80: a second click makes nothing."""

    def test_what_was_asked_for_is_kept_and_told(self, browser, town, reading):
        page = browser(town.wes)
        form = form_fields(page.get(f"{NEW}?property={town.beta.id}").text, "order-form")
        assert form["property"] == str(town.beta.id)
        form |= {"title": "  Tür klemmt ", "description": "Unten\r\nlinks", "priority": "urgent"}
        answer = page.post(NEW, form)
        assert answer.status_code == 303
        with reading():
            [order] = db.session.scalars(db.select(WorkOrder)).unique()
            assert answer.location == f"{LIST}/{order.id}"
            assert (order.number, order.title, order.description) == (1, "Tür klemmt", "Unten\nlinks")
            assert (order.priority, order.status, order.property_id) == ("urgent", "requested", town.beta.id)
            assert (order.requested_by, order.requester_name) == (town.wes.id, "Wes Order")
            [told] = db.session.scalars(db.select(WorkOrderEvent))
            assert (told.kind, told.by_name, told.work_order_id) == ("asked", "Wes Order", order.id)
            last = db.session.scalars(db.select(Activity).order_by(Activity.id.desc()).limit(1)).one()
            assert (last.what, last.target_name) == ("asked for", "WO-1 Tür klemmt")
            assert last.changes["Property"] == ["", "Beta"]
        assert "WO-1 was sent." in page.get(answer.location).text

    def test_the_property_may_be_left_open_at_client_level(self, browser, town, reading):
        answer = browser(town.wes).post(NEW, {"title": "Roof", "priority": "normal", "property": ""})
        assert answer.status_code == 303
        with reading():
            assert db.session.scalars(db.select(WorkOrder)).unique().one().property_id is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"title": "   "},
            {"title": "x" * 121},
            {"title": "a\nb"},
            {"title": "a\u202eb"},
            {"priority": "none"},
            {"priority": ""},
            {"description": "x" * 5001},
            {"description": "a\x00b"},
            {"form_key": "x" * 41},
            {"place": "x" * 101},
        ],
    )
    @pytest.mark.parametrize("htmx", [False, True])
    def test_mistakes_are_said_and_nothing_is_made(self, browser, town, reading, wrong, htmx):
        form = {"title": "Typed before", "priority": "normal", **wrong}
        answer = browser(town.wes).post(NEW, form, htmx=htmx)
        assert answer.status_code == 422
        assert ("<html" in answer.text) is not htmx
        assert numbers(reading) == []

    def test_a_second_click_leads_to_what_the_first_one_made(self, browser, town, reading):
        page = browser(town.wes)
        form = form_fields(page.get(NEW).text, "order-form") | {"title": "Once"}
        first, second = page.post(NEW, form), page.post(NEW, form)
        assert first.location == second.location
        assert numbers(reading) == [1]

    def test_somebody_elses_form_key_shows_nothing_and_makes_nothing(self, browser, town, reading, writing):
        mia, wes = browser(town.mia), browser(town.wes)
        form = form_fields(mia.get(NEW).text, "order-form") | {"title": "Hers"}
        assert mia.post(NEW, form).status_code == 303
        assert wes.post(NEW, form | {"title": "His"}).status_code == 409
        assert numbers(reading) == [1]

    def test_through_htmx_the_browser_is_led_on(self, browser, town):
        answer = browser(town.wes).post(NEW, {"title": "X", "priority": "low"}, htmx=True)
        assert answer.status_code == 204
        assert answer.headers["HX-Redirect"].startswith(f"{LIST}/")

    def test_an_emergency_shows_whom_to_call(self, browser, town, writing):
        with writing():
            db.session.get_one(Branding, 1).support_phone = "+441614960100"
        assert "tel:+441614960100" in browser(town.wes).get(NEW).text


class TestManyProperties:
    """ui 4.13: more than fifteen properties are found by typing, with and without JavaScript."""

    @pytest.fixture(autouse=True)
    def many(self, writing, town):
        with writing():
            places = [
                Property(company_id=town.acme.id, name=f"Block {n}", city="Leeds") for n in range(1, 31)
            ]
            db.session.add_all([*places, Property(company_id=town.acme.id, name="Café Nord")])

    def test_suggestions_fit_what_is_typed(self, browser, town):
        part = browser(town.wes).get(f"{NEW}?place=block+2", htmx=True).text
        assert "<html" not in part
        assert part.count('role="option"') == 12  # 2 and 20 to 29, and 12: "2" stands in it
        assert 'data-value="Café Nord"' in browser(town.wes).get(f"{NEW}?place=CAFE", htmx=True).text
        assert 'role="option"' not in browser(town.wes).get(f"{NEW}?place=%25", htmx=True).text
        assert 'role="option"' not in browser(town.wes).get(f"{NEW}?place=delta", htmx=True).text

    @pytest.mark.parametrize(("typed", "place"), [("Block 2", "Block 2"), ("cafe nord", "Café Nord")])
    def test_a_typed_name_means_its_property(self, browser, town, reading, typed, place):
        assert (
            browser(town.wes).post(NEW, {"title": "X", "priority": "low", "place": typed}).status_code == 303
        )
        with reading():
            assert db.session.scalars(db.select(WorkOrder)).unique().one().property.name == place

    def test_an_unclear_name_is_asked_back_and_answered(self, browser, town, reading):
        page = browser(town.wes)
        answer = page.post(NEW, {"title": "X", "priority": "low", "place": "lock 2"})
        assert answer.status_code == 422
        assert "Choose one of these properties." in answer.text
        offered = re.findall(r'name="property" value="(\d+)"', answer.text)
        assert len(offered) == 12
        form = form_fields(answer.text, "order-form") | {"property": offered[1]}
        assert page.post(NEW, form).status_code == 303
        with reading():
            assert db.session.scalars(db.select(WorkOrder)).unique().one().property_id == int(offered[1])

    def test_no_such_property_is_said(self, browser, town, reading):
        answer = browser(town.wes).post(NEW, {"title": "X", "priority": "low", "place": "Castle"})
        assert answer.status_code == 422
        assert "There is no such property." in answer.text
        assert numbers(reading) == []


class TestNumbers:
    """Numbers count up within a company, without gaps, also when many ask at once."""

    def test_each_company_counts_for_itself(self, orders, reading):
        assert numbers(reading) == [1, 2, 3]
        assert numbers(reading, "globex") == [1]

    def test_what_is_rolled_back_leaves_no_gap(self, app, town, reading, writing):
        with writing():
            ordered(town.wes, "First")
        with contextlib.suppress(RuntimeError), app.app_context(), transaction(write=True):
            ordered(town.wes, "Never")
            raise RuntimeError
        with writing():
            ordered(town.wes, "Second")
        assert numbers(reading) == [1, 2]

    def test_many_at_once_get_every_number_once(self, browser, town, reading):
        people = [browser(person) for person in (town.mia, town.max, town.wes, town.wes)]
        rounds, expected = count(2, 25), 0
        for _ in range(rounds):
            start = threading.Barrier(len(people))
            tokens = [page.token() for page in people]
            answers = []

            def send(page, token, start=start, answers=answers):
                start.wait()
                form = {"title": "Race", "priority": "low", "csrf_token": token}
                answers.append(page.post(NEW, form, token=False).status_code)

            threads = [threading.Thread(target=send, args=each) for each in zip(people, tokens, strict=True)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert answers == [303] * len(people)
            expected += len(people)
        assert numbers(reading) == list(range(1, expected + 1))

    def test_one_form_sent_many_times_at_once_makes_one_order(self, browser, town, reading):
        page = browser(town.wes)
        form = form_fields(page.get(NEW).text, "order-form") | {"title": "Once", "csrf_token": page.token()}
        others = [browser(town.wes) for _ in range(4)]
        tokens = [other.token() for other in others]
        start, answers = threading.Barrier(4), []

        def send(other, token):
            start.wait()
            answers.append(other.post(NEW, form | {"csrf_token": token}, token=False).location)

        threads = [threading.Thread(target=send, args=each) for each in zip(others, tokens, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(answers)) == 1
        assert numbers(reading) == [1]


class TestList:
    """Views with counts, search, filters, paging; all of it in the address."""

    @pytest.fixture
    def some(self, writing, town):
        with writing():
            made = [
                ordered(town.wes, "Öffnung 100% dicht", town.alpha, description="Hinter dem Schrank"),
                ordered(town.wes, "Scheduled one", town.beta, priority="emergency"),
                ordered(town.mia, "Finished one", town.beta),
                ordered(town.mia, "Cancelled one"),
            ]
            states = (None, WorkStatus.SCHEDULED, WorkStatus.DONE, WorkStatus.CANCELLED)
            for order, status in zip(made, states, strict=True):
                if status:
                    actions.set_status(db.session.get_one(WorkOrder, order.id), status, STAFF)

    def shown(self, page, query="", **more):
        return re.findall(r"<span class=\"sub at-cards\">WO-(\d+)", page.get(LIST + query, **more).text)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["2", "1"]),
            ("?status=open", ["2", "1"]),
            ("?status=scheduled", ["2"]),
            ("?status=done", ["3"]),
            ("?status=all", ["4", "3", "2", "1"]),
            ("?status=nonsense", ["2", "1"]),
            ("?q=offnung", ["1"]),
            ("?q=SCHRANK", ["1"]),
            ("?q=100%25", ["1"]),
            ("?status=all&q=%25", ["1"]),
            ("?status=all&q=_", []),
            ("?status=all&q=wo-3", ["3"]),
            ("?status=all&q=one+finished", ["3"]),
            ("?status=all&q=mia", ["4", "3"]),
            ("?priority=emergency", ["2"]),
            ("?priority=none", ["2", "1"]),
            ("?after=x&before=-1&property=%00", ["2", "1"]),
            ("?after=" + "9" * 400, ["2", "1"]),
        ],
    )
    def test_shows_what_was_asked_for(self, browser, town, some, query, expected):
        page = browser(town.mia)
        assert self.shown(page, query) == expected
        assert self.shown(page, query, htmx=True) == expected
        assert "<html" not in page.get(LIST + query, htmx=True).text

    def test_filters_by_property(self, browser, town, some):
        page = browser(town.mia)
        assert self.shown(page, f"?status=all&property={town.beta.id}") == ["3", "2"]
        assert "Without </span>Beta" in page.get(f"{LIST}?property={town.beta.id}").text

    def test_counts_are_true(self, browser, town, some):
        text = browser(town.mia).get(f"{LIST}?q=one").text
        found = dict(re.findall(r'id="count-(\w+)">(\d+)<', text))
        assert found == {"open": "2", "scheduled": "1", "done": "1", "all": "4"}
        assert 'data-announce="1 work order"' in text

    def test_pages_of_25_there_and_back(self, browser, town, writing):
        with writing():
            for number in range(60):
                ordered(town.wes, f"Order {number}")
        page, seen, path = browser(town.mia), [], LIST
        for _ in range(3):
            text = page.get(path).text
            seen.append(self.shown(page, path.removeprefix(LIST)))
            following = re.search(r'rel="next" href="([^"]+)"', text)
            path = following[1].replace("&amp;", "&") if following else path
        assert [len(rows) for rows in seen] == [25, 25, 10]
        assert [int(each) for rows in seen for each in rows] == list(range(60, 0, -1))
        assert not following
        back = re.search(r'rel="prev" href="([^"]+)"', page.get(path).text)[1].replace("&amp;", "&")
        assert self.shown(page, back.removeprefix(LIST)) == seen[1]

    def test_empty_lists_say_what_to_do(self, browser, town, some):
        page = browser(town.mia)
        assert "Look in all work orders" in page.get(f"{LIST}?q=nothing").text
        assert "Clear filters" in page.get(f"{LIST}?q=nothing&status=all").text
        assert "No work orders yet" in browser(town.stan).get("/globex/work-orders").text

    def test_statements_do_not_grow_with_the_rows(self, app, browser, town, writing):
        page = browser(town.mia)
        spent = []
        for more in (1, 60):
            with writing():
                for number in range(more):
                    ordered(town.wes, f"Order {number}", town.alpha)
            spent.append([self.statements(app, page, path) for path in (LIST, f"{LIST}?q=order", NEW)])
        assert spent[0] == spent[1]
        assert max(spent[0]) <= 8, spent

    @staticmethod
    def statements(app, page, path):
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            assert page.get(path).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA", "COMMIT"))])


class TestConversation:
    """The timeline with its comments; whoever asked, or an admin, may cancel until it is over."""

    def test_a_comment_is_kept_escaped_and_once(self, browser, town, orders, reading):
        page, path = browser(town.mia), orders["alpha"].path
        text = "First <script>alert(1)</script>\nsecond"
        for _ in range(2):
            answer = page.post(f"{path}/comment", {"text": f"  {text} "})
            assert answer.status_code == 303
        shown = page.get(path).text
        assert "&lt;script&gt;alert(1)" in shown
        assert "<script>alert" not in shown
        with reading():
            query = db.select(WorkOrderEvent).where(WorkOrderEvent.kind == "comment")
            [said] = db.session.scalars(query)
            assert (said.text, said.by_name) == (text, "Mia Stone")

    def test_htmx_gets_the_conversation(self, browser, town, orders):
        answer = browser(town.mia).post(f"{orders['alpha'].path}/comment", {"text": "Hello"}, htmx=True)
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<section class="card" id="conversation"')
        assert "Hello" in answer.text

    @pytest.mark.parametrize("text", ["", "  \n ", "x" * 2001, "a\x00b"])
    def test_no_comment_is_said(self, browser, town, orders, text):
        answer = browser(town.mia).post(f"{orders['alpha'].path}/comment", {"text": text})
        assert answer.status_code == 422

    @pytest.mark.parametrize(("name", "status"), [("wes", 303), ("mia", 303), ("pam", 403)])
    def test_who_may_cancel(self, browser, town, orders, pam, reading, name, status):
        page, path = browser(getattr(town, name)), orders["alpha"].path
        offered = f'href="{path}/cancel"' in page.get(path).text
        assert offered is (status == 303)
        assert page.get(f"{path}/cancel").status_code == (200 if offered else 403)
        assert page.post(f"{path}/cancel", {"reason": "Not needed"}).status_code == status
        with reading():
            order = db.session.get_one(WorkOrder, orders["alpha"].id)
            assert order.status == ("cancelled" if offered else "requested")
            assert (order.closed_at is not None) is offered
            if offered:
                assert (order.events[-1].status, order.events[-1].text) == ("cancelled", "Not needed")

    @pytest.mark.parametrize("status", [WorkStatus.DONE, WorkStatus.CANCELLED])
    def test_what_is_over_stays_so(self, browser, town, orders, writing, status):
        with writing():
            actions.set_status(db.session.get_one(WorkOrder, orders["alpha"].id), status, STAFF)
        page, path = browser(town.mia), orders["alpha"].path
        assert f"{path}/cancel" not in page.get(path).text
        assert page.get(f"{path}/cancel").status_code == 409
        assert page.post(f"{path}/cancel").status_code == 409
        assert page.post(f"{path}/cancel", htmx=True).status_code == 409

    def test_a_deleted_requester_keeps_the_name(self, browser, town, orders, writing):
        with writing():
            wes = db.session.get_one(Contact, town.wes.id)
            wes.portal_user_id, wes.access, wes.deleted_at = None, "none", now()
        text = browser(town.mia).get(orders["alpha"].path).text
        assert text.count("Wes Order") >= 2

    def test_nothing_changes_by_get(self, browser, town, orders, reading):
        page, path = browser(town.mia), orders["alpha"].path
        assert page.get(f"{path}/comment").status_code in (404, 405)
        page.get(f"{path}/cancel?reason=x")
        with reading():
            assert db.session.get_one(WorkOrder, orders["alpha"].id).status == "requested"
            assert db.session.scalar(db.select(db.func.count(Document.id))) == 0
