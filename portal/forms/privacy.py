"""The forms around what is held about people: whom to look for, and the name typed before erasing."""

from portal.forms.fields import Blank, TextLine, at_most, filled


class WhoForm(Blank):
    """An address, or a part of a name."""

    who = TextLine("E-mail address or name", [filled("Enter an address or a name."), at_most(254)])


class EraseForm(Blank):
    """The name, typed as it stands there."""

    name = TextLine("Name", [filled("Type the name as it stands above."), at_most(220)])
