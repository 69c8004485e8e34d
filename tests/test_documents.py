"""Documents: who may attach, download and delete them, and what a download may not do (C40, T28, T64)."""

import pytest

from portal.extensions import db
from portal.models import Activity, Document, PropertyLink
from tests import places


def upload(person, address: str, content: bytes = places.PDF, name: str = "Plan.pdf"):
    """Send a file as a browser does; the body is put together here, so no temporary file is left behind."""
    head = f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--frontier--\r\n"
    headers = {"X-CSRFToken": person.token()}
    kind = "multipart/form-data; boundary=frontier"
    return person.client.post(address, data=body, headers=headers, content_type=kind)


def documents() -> list[Document]:
    return list(db.session.scalars(db.select(Document).order_by(Document.id)))


@pytest.fixture
def made(town, writing):
    """A document of Alpha, of Beta, of a contract for the whole client, a photo, and a foreign one."""
    alpha, beta = town.alpha.id, town.beta.id
    with writing():
        contract = places.contract(town.acme.id, "Security")
        rfp = places.rfp(town.acme.id, "Roof", alpha)
        order = places.work_order(town.acme.id, 1, "Boiler", alpha)
        return {
            "alpha": places.document(town.acme.id, "Alpha.pdf", property_id=alpha),
            "beta": places.document(town.acme.id, "Beta.pdf", property_id=beta),
            "contract": places.document(town.acme.id, "Contract.pdf", contract_id=contract),
            "rfp": places.document(town.acme.id, "Rfp.pdf", rfp_id=rfp),
            "photo": places.document(town.acme.id, "Photo.pdf", work_order_id=order),
            "foreign": places.document(town.globex.id, "Foreign.pdf", property_id=town.delta.id),
        }


class TestDownload:
    @pytest.mark.parametrize(
        ("who", "seen", "forbidden"),
        [
            ("mia", {"alpha", "beta", "contract", "rfp", "photo"}, set()),
            ("vic", {"alpha", "beta", "contract", "rfp"}, {"photo"}),
            ("pam", {"alpha", "rfp"}, {"photo"}),
            ("wes", {"photo"}, {"alpha", "beta", "contract", "rfp"}),
            ("bill", set(), {"alpha", "beta", "contract", "rfp", "photo"}),
            ("stan", set(), set()),
        ],
    )
    def test_goes_to_whoever_sees_what_it_belongs_to(self, browser, town, made, who, seen, forbidden):
        """C44, P11: 403 without the right to the area, else 404."""
        person = browser(getattr(town, who))
        company = getattr(town, who).slug
        for name, number in made.items():
            wanted = 200 if name in seen else 403 if name in forbidden else 404
            if who == "stan" and name == "foreign":
                wanted = 200
            assert person.get(f"/{company}/documents/{number}").status_code == wanted, name

    def test_is_a_file_and_nothing_a_browser_runs(self, browser, town, made):
        answer = browser(town.mia).get(f"/acme/documents/{made['alpha']}")
        assert answer.data == places.PDF
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=Alpha.pdf")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"

    def test_a_name_in_any_language_arrives(self, browser, town, writing):
        """T64: RFC 6266."""
        with writing():
            number = places.document(town.acme.id, 'Übersicht "東京"; a=b.pdf', property_id=town.alpha.id)
        header = browser(town.mia).get(f"/acme/documents/{number}").headers["Content-Disposition"]
        assert "filename*=UTF-8''%C3%9Cbersicht%20%22%E6%9D%B1%E4%BA%AC%22%3B%20a%3Db.pdf" in header

    def test_a_file_that_is_gone_is_not_there(self, app, browser, town, made, reading):
        with reading():
            row = db.session.get_one(Document, made["alpha"])
            (
                places.files.Path(app.config["INSTANCE_DIR"]) / "files" / row.stored_as[:2] / row.stored_as
            ).unlink()
        assert browser(town.mia).get(f"/acme/documents/{made['alpha']}").status_code == 404

    def test_moved_off_the_property_it_is_gone(self, browser, town, made, writing):
        """P12."""
        person = browser(town.pam)
        assert person.get(f"/acme/documents/{made['alpha']}").status_code == 200
        with writing():
            db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == town.pam.id))
        assert person.get(f"/acme/documents/{made['alpha']}").status_code == 404

    def test_the_web_root_does_not_hold_it(self, browser, town, made, reading):
        with reading():
            stored_as = db.session.get_one(Document, made["alpha"]).stored_as
        person = browser(town.mia)
        for path in ("/static/files/", "/files/", "/instance/files/"):
            assert person.get(f"{path}{stored_as[:2]}/{stored_as}").status_code == 404


class TestAttach:
    @pytest.mark.parametrize("area", ["properties", "contracts", "rfps"])
    def test_admins_attach_and_the_activity_knows(self, browser, town, writing, reading, area):
        with writing():
            owner = {
                "properties": town.alpha.id,
                "contracts": places.contract(town.acme.id, "Alpha"),
                "rfps": places.rfp(town.acme.id, "Alpha"),
            }[area]
        person = browser(town.mia)
        answer = upload(person, f"/acme/{area}/{owner}/documents")
        assert (answer.status_code, answer.location) == (303, f"/acme/{area}/{owner}")
        assert "Plan.pdf" in person.get(answer.location).text
        with reading():
            (row,) = documents()
            assert (row.company_id, row.added_by, row.size) == (town.acme.id, "Mia Stone", len(places.PDF))
            last = db.session.scalars(db.select(Activity).order_by(Activity.id.desc())).first()
            assert (last.what, last.target_name) == ("attached a document to", "Alpha")
            assert last.changes == {"Document": ["", "Plan.pdf"]}

    def test_nobody_else_does(self, browser, town, made, reading):
        for who in (town.vic, town.pam):
            person = browser(who)
            page = f"/acme/properties/{town.alpha.id}"
            assert upload(person, f"{page}/documents").status_code == 403
            assert "multipart" not in person.get(page).text
        with reading():
            assert len(documents()) == len(made)

    @pytest.mark.parametrize(
        ("content", "name", "words"),
        [
            (b"", "a.pdf", "empty"),
            (b"MZ\x90\x00", "setup.pdf", "cannot be kept"),
            (b"a" * 10_000_001, "a.txt", "too large"),
            (places.PDF, "", "Choose a file"),
        ],
    )
    def test_what_cannot_be_kept_gets_a_sentence_at_its_field(
        self, browser, town, reading, content, name, words
    ):
        answer = upload(browser(town.mia), f"/acme/properties/{town.alpha.id}/documents", content, name)
        assert answer.status_code == 422
        assert words in answer.text
        assert 'aria-invalid="true"' in answer.text
        with reading():
            assert documents() == []

    def test_only_uploads_of_people_signed_in_may_be_large(self, browser, town):
        """T76: 2 MB are welcome as a file of somebody signed in, nowhere else."""
        address = f"/acme/properties/{town.alpha.id}/documents"
        large = b"a" * 2_000_000
        assert upload(browser(town.mia), address, large, "a.txt").status_code == 303
        assert upload(browser(), address, large, "a.txt").status_code == 413
        assert upload(browser(town.mia), "/acme/properties/new", large, "a.txt").status_code == 413
        assert upload(browser(town.mia), address, b"a" * 62_000_000, "a.txt").status_code == 413


class TestDelete:
    def test_asks_first_and_then_takes_row_and_file(self, browser, town, made, reading):
        person, address = browser(town.mia), f"/acme/documents/{made['alpha']}/delete"
        assert "Confirm delete: Alpha.pdf" in person.get(address).text
        part = person.get(address, htmx=True).text
        assert "Confirm delete: Alpha.pdf" in part
        assert "<html" not in part
        with reading():
            row = db.session.get_one(Document, made["alpha"])
        answer = person.post(address)
        assert (answer.status_code, answer.location) == (303, f"/acme/properties/{town.alpha.id}")
        assert person.get(f"/acme/documents/{made['alpha']}").status_code == 404
        with reading(), pytest.raises(FileNotFoundError):
            places.files.open_stored(row)
        with reading():
            assert made["alpha"] not in {each.id for each in documents()}

    def test_only_admins_and_never_a_photo_or_a_foreign_one(self, browser, town, made, reading):
        for who, name, status in (
            ("vic", "alpha", 403),
            ("pam", "alpha", 403),
            ("pam", "beta", 404),
            ("bill", "alpha", 403),
            ("mia", "photo", 404),
            ("mia", "foreign", 404),
        ):
            person, address = browser(getattr(town, who)), f"/acme/documents/{made[name]}/delete"
            assert person.get(address).status_code == status
            assert person.post(address).status_code == status
        with reading():
            assert len(documents()) == len(made)
