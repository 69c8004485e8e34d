"""The API: its tokens and scopes, the same rules as the pages, and answers that say what was wrong."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.actions import retention
from portal.clock import now
from portal.extensions import db
from portal.models import ApiKeyUse, ApiScope, ApiToken, Contact
from portal.queries import feed
from tests import api_routes, ledger
from tests.calling import API, System, made
from tests.statements import counted

PROBLEM = "application/problem+json"


@pytest.fixture
def system(app, town):
    """Makes systems: `system()` has every scope, `system("contacts:read")` that one."""
    return lambda *scopes, **more: made(app, town.sue.id, *scopes, **more)


@pytest.fixture
def unchanged(reading):
    """Call it before and after; that a token was used is no change."""

    def note():
        with reading():
            return {name: rows for name, rows in ledger.everything().items() if name != "api_token"}

    return note


@pytest.fixture
def asked(town):
    """Asks every operation by `system`, in the order of the table: yields name and answer."""

    def ask(system, names=api_routes.ROUTES, contact=None, company=None, place=None):
        ids = {
            "company": company or town.acme.id,
            "contact": contact or town.bill.id,
            "property": place or town.beta.id,
        }
        for name in names:
            path, method, _scope = api_routes.ROUTES[name]
            body = None if method == "GET" else {}
            yield name, system.call(method, path.format(**ids), body, If_Match="*")

    return ask


class TestDoor:
    """Bearer tokens alone open it: P12, T13, T15."""

    def test_every_route_has_an_entry(self, app):
        rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")]
        found = {rule.endpoint: (rule.rule, rule.methods - {"HEAD", "OPTIONS"}) for rule in rules}
        assert found.keys() == api_routes.EVERY.keys()
        assert {name: methods for name, (_path, methods) in found.items()} == {
            name: {method} for name, (_path, method, _scope) in api_routes.EVERY.items()
        }

    def test_without_a_token_that_works(self, app, town, system, asked, browser, on_duty, writing, unchanged):
        """Neither strangers nor cookies, of customers or staff; revoked and expired tokens at once."""
        revoked, expired = system(name="Old"), system(name="Older")
        with writing():
            for token in db.session.scalars(select(ApiToken)):
                if token.name == "Old":
                    token.revoked_at = now()
                else:
                    token.expires_at = now()
        mia, sue = System(app, ""), System(app, "")
        mia.client, sue.client = browser(town.mia).client, on_duty(town.sue).client
        others = [System(app, each) for each in ("", "x", "gatehouse_" + "x" * 43, "é", "x" * 5_000)]
        before, wrong = unchanged(), []
        for each in [revoked, expired, mia, sue, *others]:
            for name, answer in asked(each):
                fits = (answer.status_code, answer.mimetype) == (401, PROBLEM)
                wrong += [] if fits and "Set-Cookie" not in answer.headers else [(each.secret, name)]
        assert wrong == []
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert unchanged() == before

    def test_each_scope_opens_its_own(self, system, asked, unchanged):
        """403 for every operation whose scope the token lacks, before anything is looked at."""
        before = unchanged()
        for scope in ApiScope:
            others = system(*(each for each in ApiScope if each != scope))
            mine = [name for name, (*_rest, wanted) in api_routes.ROUTES.items() if wanted == scope]
            assert mine
            assert {answer.status_code for _name, answer in asked(others, mine)} == {403}
        after = unchanged()
        assert {name for name in after if after[name] != before[name]} == {"letter"}

    def test_what_opens_does(self, system, asked):
        codes = {name: answer.status_code for name, answer in asked(system())}
        assert {code for code in codes.values() if code >= 400} == {422}
        assert {name for name, code in codes.items() if code == 422} == {
            "api.add",
            "api.add_company",
            "api.look_up",
            "api.link",
            "api.add_property",
        }

    def test_what_is_not_there(self, town, system, asked):
        for nobody in (2**31 - 1, 2**31, 10**12, "x"):
            ids = {"company": nobody, "contact": nobody, "place": nobody}
            found = {name: answer.status_code for name, answer in asked(system(), **ids)}
            assert {name for name, code in found.items() if code != 404} == {
                "api.add_company",
                "api.list_companies",
                "api.look_up",
                "api.read_on",
            }

    def test_a_token_opens_no_page(self, town, app, system):
        """The two sides' pages know cookies alone, and the CSRF token stays theirs to ask for (T67)."""
        crm = system()
        sent = {"Authorization": f"Bearer {crm.secret}"}
        assert crm.client.get("/acme/contacts", headers=sent).headers["Location"].startswith("/sign-in")
        assert crm.client.get("/staff/api", headers=sent).headers["Location"].startswith("/staff/sign-in")
        assert crm.client.post(f"/acme/contacts/{town.bill.id}/delete", headers=sent).status_code in (
            303,
            400,
        )

    def test_limits_of_one_token(self, app, system, writing):
        """429 for the one that asks too often, with when to try again; the other one goes on."""
        app.config["API_LIMIT"] = "3 per minute"
        busy, quiet = system(), system()
        assert [busy.get("/companies").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        refused = busy.get("/companies")
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.mimetype == PROBLEM
        assert quiet.get("/companies").status_code == 200


class TestTokens:
    """Made by administrators, shown once, kept as a hash, told to every administrator."""

    def test_making_using_revoking(self, app, town, on_duty, mailbox, reading):
        sue = on_duty(town.sue)
        assert "No tokens yet" in sue.get("/staff/api").text
        bad = sue.post("/staff/api/tokens/new", {"name": "", "days": "90"})
        assert bad.status_code == 422
        assert "Say which system uses it." in bad.text
        assert "Tick at least one." in bad.text
        form = {"name": "CRM & Co", "scopes": ["contacts:read", "activity:read"], "days": "30"}
        page = sue.post("/staff/api/tokens/new", form)
        secret = page.text.split("<code>")[1].split("</code>")[0]
        assert secret.startswith("gatehouse_")
        crm = System(app, secret)
        assert crm.get(f"/contacts/{town.mia.id}").json["first_name"] == "Mia"
        assert crm.get("/companies").status_code == 403
        listed = sue.get("/staff/api").text
        assert secret not in listed
        assert f"gatehouse_…{secret[-4:]}" in listed
        assert "CRM &amp; Co" in listed
        assert "last used" in listed
        with reading():
            assert secret not in str(ledger.everything())
            token_id = db.session.scalars(select(ApiToken.id)).one()
        assert sue.post(f"/staff/api/tokens/{token_id}/revoke").status_code == 303
        assert crm.get(f"/contacts/{town.mia.id}").status_code == 401
        assert sue.post(f"/staff/api/tokens/{token_id}/revoke").status_code == 409
        assert [letter.subject for letter in mailbox.letters(town.sue.email)] == [
            "New API token: CRM & Co",
            "API token revoked: CRM & Co",
        ]
        with reading():
            done = [row.what for row in ledger.activity() if row.result == "done"]
        assert done[-2:] == ["made the API token", "revoked the API token"]

    def test_what_it_does_is_traced_with_its_name(self, town, system, reading, browser):
        """L10, T87: the customer's own activity names the system, as the vendor's doing."""
        crm = system(name="Warehouse")
        assert crm.call("POST", f"/contacts/{town.bill.id}/moves/deactivate").status_code == 200
        crm.call("POST", f"/contacts/{town.bill.id}/moves/deactivate")
        with reading():
            rows = [row for row in ledger.activity() if row.contact_id == town.bill.id]
        assert [(row.what, row.result, row.actor_name, row.actor_kind) for row in rows] == [
            ("deactivated", "done", "Alder Services API Warehouse", "staff"),
            ("deactivate", "refused", "Alder Services API Warehouse", "staff"),
        ]
        assert "Alder Services API Warehouse" in browser(town.mia).get("/acme/activity").text


class TestRights:
    """P4, P5, P6 by the API: what a token may set follows from its scopes, by the pages' own policy."""

    def test_details_alone(self, town, system, reading):
        crm = system("contacts:read", "contacts:write")
        refused = {
            town.mia.id: {"job_title": "Boss"},  # an admin
            town.bill.id: {"email": "thief@evil.example"},  # signs in with it
            town.eva.id: {"email": "thief@evil.example"},
            town.ann.id: {"email": "thief@evil.example"},  # invited
            town.ava.id: {"access": "portal"},
            town.abe.id: {"roles": [1]},
            town.ola.id: {"permissions": ["admin"]},
            town.oda.id: {"contact_type": "primary"},
            town.exa.id: {"topics": ["billing"], "access": "email_only"},
        }
        codes = {
            body["job_title"] if "job_title" in body else str(body): crm.call(
                "PATCH", f"/contacts/{contact_id}", body, If_Match="*"
            ).status_code
            for contact_id, body in refused.items()
        }
        assert set(codes.values()) == {403}, codes
        new = {"first_name": "Neo", "last_name": "Lin", "email": "neo@acme.example"}
        path = f"/companies/{town.acme.id}/contacts"
        for more in (
            {"access": "portal"},
            {"roles": [1]},
            {"permissions": ["billing"]},
            {"contact_type": "primary"},
        ):
            assert crm.call("POST", path, {**new, **more}).status_code == 403
        added = crm.call("POST", path, new)
        assert (added.status_code, added.json["access"], added.json["roles"]) == (201, "none", [])
        changed = crm.call("PATCH", f"/contacts/{town.bill.id}", {"job_title": "Clerk"}, If_Match="*")
        assert changed.json["job_title"] == "Clerk"
        with reading():
            assert ledger.contact(town.mia.id).job_title == ""
            assert ledger.letters()[-1][0] == "api_news"

    def test_nothing_beside_the_document_is_taken(self, town, system, unchanged):
        """T17: every column of a contact, and what looks like one."""
        crm = system()
        columns = {column.name for column in Contact.__table__.columns} - set(
            crm.get("/openapi.json").json["components"]["schemas"]["ContactChange"]["properties"]
        )
        before = unchanged()
        for name in sorted(columns | {"is_staff", "company", "id", "__proto__"}):
            answer = crm.call("PATCH", f"/contacts/{town.bill.id}", {name: 1}, If_Match="*")
            assert answer.status_code == 422
            assert answer.json["errors"][0]["pointer"] == f"#/{name}"
        assert unchanged() == before

    def test_the_last_admin_stays(self, town, system, reading, asked):
        """P8, P13: the same invariants at the commit."""
        crm = system()
        assert crm.call("POST", f"/contacts/{town.stan.id}/moves/delete").status_code == 409
        for contact_id in (town.duo_globex.id,):
            assert crm.call("POST", f"/contacts/{contact_id}/moves/unlink").status_code == 200
        refused = crm.call(
            "PATCH", f"/contacts/{town.stan.id}", {"roles": [], "permissions": []}, If_Match="*"
        )
        assert refused.status_code == 409
        assert refused.json["detail"] == "Globex needs at least one admin. Make someone else an admin first."

    def test_another_companys_things(self, town, system):
        """T16, T20: what is named in the body must be the contact's own company's."""
        crm = system()
        linked = crm.call(
            "PUT", f"/contacts/{town.vic.id}/properties", {"scope": "property", "properties": [town.delta.id]}
        )
        assert (linked.status_code, linked.json["errors"][0]["pointer"]) == (422, "#/properties")
        roles = crm.call("PATCH", f"/contacts/{town.vic.id}", {"roles": [2**31 - 1]}, If_Match="*")
        assert (roles.status_code, roles.json["errors"][0]["pointer"]) == (422, "#/roles")


class TestContacts:
    def test_the_life_of_one(self, town, system, mailbox, reading):
        """Behaviour 4: add, twice with one key; change; invite; the same moves, 409 where they cannot be."""
        crm = system()
        new = {"first_name": " Zoe ", "last_name": "Quill", "phone": "020 7946 0123", "access": "email_only"}
        path = f"/companies/{town.acme.id}/contacts"
        missing = crm.call("POST", path, new)
        assert (missing.status_code, missing.json["errors"][0]["pointer"]) == (422, "#/email")
        new["email"] = "zoe@acme.example"
        added = crm.call("POST", path, new, Idempotency_Key="order 66")
        again = crm.call("POST", path, new, Idempotency_Key="order 66")
        assert (added.status_code, again.status_code) == (201, 200)
        assert added.json == again.json
        assert (added.json["first_name"], added.json["phone"]) == ("Zoe", "+442079460123")
        assert [letter.kind for letter in mailbox.letters("zoe@acme.example")] == ["email_only"]
        taken = crm.call("POST", path, new)
        assert taken.json["errors"][0] == {
            "detail": "Zoe Quill at Acme Estates already uses this address.",
            "pointer": "#/email",
        }
        zoe = added.headers["Location"].removeprefix("http://localhost" + API)
        seen = crm.get(zoe).headers["ETag"]
        assert crm.call("PATCH", zoe, {"notes": "x"}).status_code == 428
        first = crm.call("PATCH", zoe, {"permissions": ["billing"], "category": "finance"}, If_Match=seen)
        assert (first.status_code, first.json["permissions"], first.json["category"]) == (
            200,
            ["billing"],
            "finance",
        )
        late = crm.call("PATCH", zoe, {"notes": "late"}, If_Match=seen)
        assert late.status_code == 412
        assert crm.get(zoe).json["notes"] == ""
        assert crm.call("POST", f"{zoe}/moves/resend").status_code == 409
        invited = crm.call("POST", f"{zoe}/moves/authorize").json["contact"]
        assert (invited["status"], invited["login_state"]) == ("pending", "invited")
        assert invited["moves"] == ["resend", "cancel-invitation", "delete"]
        assert mailbox.link("zoe@acme.example")
        assert crm.call("POST", f"{zoe}/moves/deactivate").status_code == 409
        assert crm.call("POST", f"{zoe}/moves/fly").status_code == 404
        gone = crm.call("POST", f"{zoe}/moves/delete").json
        assert gone == {"notice": "Zoe Quill was deleted.", "contact": None}
        assert crm.get(zoe).status_code == 404
        assert crm.call("POST", path, new, Idempotency_Key="order 66").status_code == 409

    def test_the_forms_own_sentences(self, town, system, unchanged):
        """C12, C16: the same checks, each with its place."""
        crm = system()
        body = {
            "first_name": "  ",
            "last_name": "www.evil.example",
            "email": "nobody",
            "phone": "12",
            "notes": "a\0b",
            "permissions": ["owner"],
            "honorific": "x" * 21,
        }
        before = unchanged()
        answer = crm.call("PATCH", f"/contacts/{town.abe.id}", body, If_Match="*")
        assert answer.status_code == 422
        assert unchanged() == before
        said = {each["pointer"]: each["detail"] for each in answer.json["errors"]}
        assert said.pop("#/permissions/0").startswith("Input should be 'admin'")
        assert said == {
            "#/first_name": "Enter the first name.",
            "#/last_name": "A name cannot hold a web address.",
            "#/email": "Enter a full address, like name@company.com.",
            "#/phone": "Enter a phone number with its area code, like 020 7946 0123 or +49 30 901820.",
            "#/notes": "Remove the control characters.",
            "#/honorific": "String should have at most 20 characters.",
        }

    def test_paging_misses_nobody(self, app, town, system, reading):
        """By the last id; the number of statements does not grow with the page."""
        crm, found, path = system(), [], f"/companies/{town.acme.id}/contacts?limit=4"
        while path:
            with counted(app) as some:
                page = crm.get(path).json
            found += [each["id"] for each in page["items"]]
            path = (page["next"] or "").removeprefix("http://localhost" + API)
        with reading():
            here = select(Contact.id).where(Contact.company_id == town.acme.id, Contact.deleted_at.is_(None))
            assert found == sorted(db.session.scalars(here))
        with counted(app) as all_at_once:
            everybody = crm.get(f"/companies/{town.acme.id}/contacts?limit=100").json["items"]
        assert len(everybody) == len(found)
        assert len(all_at_once) <= len(some) <= 14
        searched = crm.get(f"/companies/{town.acme.id}/contacts?q=STÓNE&status=active&access=portal").json
        assert [each["last_name"] for each in searched["items"]] == ["Stone"]


class TestAccess:
    def test_who_may_ask_for_what(self, town, system, writing):
        """S5: over all companies, authorized or not, for what, where, since when."""
        crm = system("access:read")
        found = crm.call("POST", "/access", {"email": "DUO.Both@acme.example"}).json["items"]
        assert {each["company"]: each["authorized"] for each in found} == {
            "Acme Estates": True,
            "Globex": True,
        }
        here = next(each for each in found if each["company"] == "Acme Estates")
        assert here["rights"] == [{"permission": "billing", "sources": ["From Billing"]}]
        nobody = crm.call("POST", "/access", {"phone": "020 7946 0999"})
        assert nobody.json == {"items": [], "more": False}
        assert crm.call("POST", "/access", {}).status_code == 422
        pam = crm.get(f"/contacts/{town.pam.id}/access").json
        assert (pam["scope"], [each["name"] for each in pam["properties"]]) == ("property", ["Alpha"])
        for name, authorized in (
            ("ian", False),
            ("dan", False),
            ("ava", False),
            ("eva", True),
            ("ann", True),
        ):
            asked = crm.get(f"/contacts/{getattr(town, name).id}/access").json
            assert (name, asked["authorized"]) == (name, authorized)


class TestRecords:
    def test_a_company(self, town, system):
        """C30, C15: details alone; a change of what was not seen is refused."""
        crm, path = system(), f"/companies/{town.acme.id}"
        seen = crm.get(path)
        changed = crm.call("PATCH", path, {"website": "www.acme.example"}, If_Match=seen.headers["ETag"])
        assert changed.json["website"] == "https://www.acme.example"
        assert crm.call("PATCH", path, {"name": "Other"}, If_Match=seen.headers["ETag"]).status_code == 412
        assert crm.call("PATCH", path, {"slug": "other"}, If_Match="*").status_code == 422
        assert [each["slug"] for each in crm.get("/companies?q=glob").json["items"]] == ["globex"]

    def test_a_new_company(self, town, system, mailbox, browser):
        """S2, P13, T80: as by the form; its contact is invited, so the token must give access, too."""
        new = {"name": "Kirk & Söhne", "city": "Leeds", "tax_id": "GB 123456789"}
        new["contact"] = {"first_name": "Kay", "last_name": "Kirk", "email": "kay@kirk.example"}
        others = [each for each in ApiScope if each != ApiScope.ACCESS_WRITE]
        assert system(*others).call("POST", "/companies", new).status_code == 403
        crm = system("companies:read", "companies:write", "access:write")
        first, again = (crm.call("POST", "/companies", new, Idempotency_Key="crm-1") for _ in range(2))
        assert (first.status_code, again.status_code, again.json) == (201, 200, first.json)
        assert (first.json["slug"], first.json["city"], first.json["exited_at"]) == (
            "kirk-sohne",
            "Leeds",
            None,
        )
        assert first.headers["Location"] == f"http://localhost/api/v1/companies/{first.json['id']}"
        (letter,) = mailbox.letters("kay@kirk.example")
        form = {"password": "seven purple otters dancing", "accept_terms": "y"}
        kay = browser()
        assert kay.post(letter.link, form).status_code == 303
        assert (
            "Alder Services API CRM took on Kirk &amp; Söhne as a client"
            in kay.get("/kirk-sohne/activity").text
        )
        for wrong, place in (
            ({"slug": "acme"}, "#/slug"),
            ({"slug": "A B"}, "#/slug"),
            ({"contact": {**new["contact"], "email": ""}}, "#/contact/email"),
        ):
            answer = crm.call("POST", "/companies", new | wrong)
            assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, place)

    def test_a_key_stands_for_one_request(self, town, system, writing, reading):
        """T80: of this token, path and body, whatever became of what was made; with any other body 422, for
        a week. What is kept of it is a hash."""
        new = {
            "name": "Kirk",
            "contact": {"first_name": "Kay", "last_name": "Kirk", "email": "kay@kirk.example"},
        }
        paths = ("/companies", f"/companies/{town.acme.id}/contacts", f"/companies/{town.acme.id}/properties")
        bodies = (new, {"first_name": "Zoe", "last_name": "Quill"}, {"name": "Omega"})
        others = (new | {"name": "Other"}, new | {"contact": {**new["contact"], "email": "k@kirk.example"}})
        crm = system()

        def send(path, body, key):
            return crm.call("POST", path, body, Idempotency_Key=key)

        made = [
            send(path, body, f"k{number}")
            for number, (path, body) in enumerate(zip(paths, bodies, strict=True))
        ]
        assert [each.status_code for each in made] == [201, 201, 201]
        for path, body, key in (
            *((paths[0], other, "k0") for other in others),
            (paths[1], bodies[1] | {"last_name": "Quills"}, "k1"),
            (paths[2], {"name": "Omega 2"}, "k2"),
            (f"/companies/{town.globex.id}/properties", bodies[2], "k2"),
            (paths[1], bodies[1], "k0"),
        ):
            answer = send(path, body, key)
            assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, "Idempotency-Key"), (
                path
            )
        with writing():  # corrected since, and erased: the first contact's address no longer says who it was
            kay = db.session.scalars(select(Contact).where(Contact.last_name == "Kirk")).one()
            kay.email, kay.email_key, kay.form_key = "kate@kirk.example", "kate@kirk.example", None
        again = [
            send(path, body, f"k{number}")
            for number, (path, body) in enumerate(zip(paths, bodies, strict=True))
        ]
        assert [each.status_code for each in again] == [200, 200, 200]
        assert [each.json["id"] for each in again] == [each.json["id"] for each in made]
        # The key is the token's own; a body that was refused used none up.
        assert system(name="Other").call("POST", paths[2], bodies[2], Idempotency_Key="k2").status_code == 422
        assert send(paths[2], {"name": ""}, "k3").status_code == 422
        assert send(paths[2], {"name": "Psi"}, "k3").status_code == 201
        with writing():
            kept = list(db.session.scalars(select(ApiKeyUse)))
            assert not [each for each in kept if "kirk" in str(vars(each)).lower()]
            for each in kept[:2]:
                each.created_at = now() - timedelta(days=8)
            retention.forget()
        with reading():
            assert len(list(db.session.scalars(select(ApiKeyUse)))) == len(kept) - 2

    def test_a_property(self, town, system):
        """C40: add, twice with one key; change; archive; one name in a company."""
        crm, path = system(), f"/companies/{town.acme.id}/properties"
        new = {"name": "Omega", "city": "Leeds"}
        codes = [crm.call("POST", path, new, Idempotency_Key="1").status_code for _ in range(2)]
        assert codes == [201, 200]
        taken = crm.call("POST", path, new)
        assert (taken.status_code, taken.json["errors"][0]["pointer"]) == (422, "#/name")
        one = f"/properties/{town.beta.id}"
        seen = crm.get(one).headers["ETag"]
        assert crm.call("PATCH", one, {"city": "York"}, If_Match=seen).json["city"] == "York"
        assert crm.call("PATCH", one, {"city": "Hull"}, If_Match=seen).status_code == 412
        assert crm.call("POST", f"{one}/moves/archive").json["archived_at"]
        assert crm.call("POST", f"{one}/moves/archive").status_code == 409
        assert crm.call("POST", f"{one}/moves/restore").json["archived_at"] is None

    def test_an_exited_company_is_read_and_not_changed(self, town, system, writing):
        with writing():
            db.session.execute(
                db.text("UPDATE company SET exited_at = :at WHERE slug = 'acme'"), {"at": now()}
            )
        crm = system()
        assert crm.get(f"/contacts/{town.bill.id}").status_code == 200
        assert crm.call("POST", f"/contacts/{town.bill.id}/moves/deactivate").status_code == 409


class TestActivity:
    def test_reading_on(self, town, system, browser, monkeypatch):
        """S7: the oldest first, from where one was, over all companies or of one."""
        monkeypatch.setattr(feed, "ON_ITS_WAY", timedelta())
        crm = system()
        browser(town.stan)
        crm.call("POST", f"/contacts/{town.bill.id}/moves/deactivate")
        found, after, more = [], 0, True
        while more:
            page = crm.get(f"/activity?limit=2&after={after}").json
            found, after, more = found + page["items"], page["after"], page["more"]
        assert [each["id"] for each in found] == sorted({each["id"] for each in found})
        assert [each["what"] for each in found] == ["made the API token", "signed in", "deactivated"]
        assert crm.get(f"/activity?after={after}").json == {"items": [], "after": after, "more": False}
        of_acme = crm.get(f"/activity?company_id={town.acme.id}").json["items"]
        assert [each["what"] for each in of_acme] == ["deactivated"]
        assert of_acme[0]["contact_id"] == town.bill.id

    @pytest.mark.postgresql_only
    def test_what_is_still_being_written_is_waited_for(self, app, town, system):
        """A long transaction's row has a lower id than one that is seen: neither is shown before it ends."""
        crm = system("activity:read")
        past = "now() - interval '1 minute'"
        line = (
            f"INSERT INTO activity (at, actor_kind, actor_name, what, target_name, changes, result, reason, \
address, request_id) VALUES ({past}, 'system', 'x', :what, '', '{{}}', 'done', '', '', '')"
        )
        with app.app_context(), db.engine.connect() as slow, db.engine.connect() as quick:
            slow.execute(db.text(line), {"what": "slow"})
            quick.execute(db.text(line.replace(past, "now()")), {"what": "quick"})
            quick.commit()
            assert [each["what"] for each in crm.get("/activity").json["items"]] == []
            slow.commit()


def test_bodies_that_are_none(town, system, unchanged):
    """400, 406, 413, 415: nothing but JSON goes either way, and nobody reads what is too much."""
    crm = system()
    path, client = f"{API}/companies/{town.acme.id}/properties", crm.client
    sent = {"Authorization": f"Bearer {crm.secret}"}
    before = unchanged()
    for status, data, kind in (
        (415, "name=x", "application/x-www-form-urlencoded"),
        (415, "{}", "text/plain"),
        (415, "", None),
        (400, "", "application/json"),
        (400, "[" * 100_000, "application/json"),
        (400, '{"name": NaN', "application/json"),
        (400, b'{"name": "\xff"}', "application/json"),
        (422, '{"name": NaN}', "application/json"),
        (422, "[]", "application/json"),
        (400, '{"name": "\\ud800"}', "application/json"),
        (413, '{"name": "' + "x" * 1_000_001 + '"}', "application/json"),
    ):
        answer = client.post(path, data=data, content_type=kind, headers=sent)
        assert (status, answer.mimetype, str(data)[:20]) == (answer.status_code, PROBLEM, str(data)[:20])
    assert client.get(path, headers={**sent, "Accept": "text/html"}).status_code == 406
    assert client.get(path, headers={**sent, "Accept": "text/html, */*;q=0.1"}).status_code == 200
    foreign = client.get(path, headers={**sent, "Host": "elsewhere.example"})
    assert (foreign.status_code, foreign.mimetype) == (400, PROBLEM)
    nowhere = client.put(path, json={}, headers=sent)
    assert (nowhere.status_code, nowhere.mimetype) == (405, PROBLEM)
    assert set(nowhere.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert unchanged() == before
