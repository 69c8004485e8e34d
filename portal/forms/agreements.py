"""The forms of the vendor's staff for contracts, RFPs and answers to RFPs (S9)."""

from typing import Any

from wtforms import RadioField, SelectField, SelectMultipleField, TextAreaField, ValidationError
from wtforms.fields import Field

from portal.forms.fields import (
    Blank,
    TextLine,
    at_most,
    clean,
    filled,
    name_like,
    one_line,
    options,
    several_lines,
)
from portal.forms.figures import DayLine, MoneyLine, as_day, day, money, pence, plain
from portal.forms.records import RecordForm
from portal.words import RFP_STATUS

COVERS = {"client": "The entire client", "properties": "Only the properties ticked below"}


class AgreementForm(RecordForm):
    """What contracts and RFPs have in common. The view offers the properties that can be ticked."""

    reference = TextLine("Reference", [filled("Enter the reference."), at_most(40), one_line])
    # The page's head is called "title" already.
    title = TextLine("Title", [filled("Enter the title."), at_most(200), name_like], id="what")
    covers = RadioField("Covers", choices=options(*COVERS.items()))
    properties = SelectMultipleField("Properties", coerce=int, choices=[])

    def validate_properties(self, field: Field) -> None:
        """Check that the boxes fit the choice above them; for the entire client they mean nothing."""
        if self.covers.data == "client":
            field.data = []
        elif not field.data:
            raise ValidationError("Tick at least one property, or choose the entire client.")

    def stated(self) -> dict[str, Any]:
        """Return what the fields hold, as `known` has it."""
        return {**self.values(), "properties": sorted(self.properties.data or [])}

    def said(self, name: str, value: Any) -> str:
        """Return what a value is called where two versions stand beside each other."""
        if name == "properties":
            labels = {choice[0]: choice[1] for choice in self.properties.iter_choices()}
            return ", ".join(str(labels[each]) for each in sorted(value or []) if each in labels)
        words = {"covers": COVERS, "status": RFP_STATUS}.get(name, {})
        return words.get(value, super().said(name, value))

    def _in_common(self) -> dict[str, Any]:
        return {"reference": self.reference.data, "title": self.title.data}


class ContractForm(AgreementForm):
    """A contract: what is agreed, from when to when, for how much, and for which properties."""

    summary = TextAreaField("What is agreed", [at_most(5_000), several_lines], filters=[clean])
    starts_on = DayLine("Starts on", [filled("Enter the first day."), day])
    ends_on = DayLine("Ends on", [day])
    yearly_value = MoneyLine("Yearly value", [money])

    def validate_ends_on(self, field: Field) -> None:
        """Check that the last day is not before the first one."""
        if field.data and not self.starts_on.errors and field.data < self.starts_on.data:
            raise ValidationError("It ends before it starts. Change one of the two days.")

    @staticmethod
    def held(contract: Any) -> dict[str, str]:
        """Return a contract as the fields have it, the way back of `facts`; without its properties."""
        return {
            "reference": contract.reference,
            "title": contract.title,
            "summary": contract.summary,
            "starts_on": plain(contract.starts_on),
            "ends_on": plain(contract.ends_on),
            "yearly_value": plain(contract.yearly_value),
        }

    def facts(self) -> dict[str, Any]:
        """Return what was filled in, as a contract keeps it; which properties it covers is said apart."""
        return {
            **self._in_common(),
            "summary": self.summary.data,
            "starts_on": as_day(self.starts_on.data),
            "ends_on": as_day(self.ends_on.data),
            "yearly_value": pence(self.yearly_value.data),
        }


class RfpForm(AgreementForm):
    """An RFP: the work that is to be offered, until when, and where it stands."""

    scope_of_work = TextAreaField("Scope of work", [at_most(5_000), several_lines], filters=[clean])
    answers_by = DayLine("Answers by", [filled("Enter the last day for answers."), day])
    status = SelectField("Status", choices=options(*RFP_STATUS.items()), default="open")

    @staticmethod
    def held(rfp: Any) -> dict[str, str]:
        """Return an RFP as the fields have it, the way back of `facts`; without its properties."""
        return {
            "reference": rfp.reference,
            "title": rfp.title,
            "scope_of_work": rfp.scope_of_work,
            "answers_by": plain(rfp.answers_by),
            "status": rfp.status,
        }

    def facts(self) -> dict[str, Any]:
        """Return what was filled in, as an RFP keeps it; which properties it is about is said apart."""
        return {
            **self._in_common(),
            "scope_of_work": self.scope_of_work.data,
            "answers_by": as_day(self.answers_by.data),
            "status": self.status.data,
        }


class AnswerForm(Blank):
    """An answer to an RFP, perhaps with a price."""

    text = TextAreaField(
        "Answer", [filled("Write the answer."), at_most(5_000), several_lines], filters=[clean]
    )
    amount = MoneyLine("Amount", [money])
