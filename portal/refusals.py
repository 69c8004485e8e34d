"""What stops an action: a status code, a sentence for the reader and a word for the activity."""


class Refusal(Exception):
    """An action does not happen. `str(refusal)` is a sentence that says why and what to do."""

    status = 400
    word = "refused"

    def __init__(self, sentence: str, *, cure: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cure = cure


class NotAllowed(Refusal):
    """The reader's rights do not cover it (403, behaviour P11)."""

    status = 403
    word = "not allowed"


class NotNow(Refusal):
    """The rights would do, but the state of things does not let it happen now (409)."""

    status = 409
    word = "not now"


class NoAdminLeft(NotNow):
    """A company would be left without an admin; staff may do it all the same and say why (P8)."""


class Overtaken(NotNow):
    """What was looked at before has become another thing meanwhile; it is to be looked at again."""


class TooMany(Refusal):
    """A limit is reached (429); `wait` is the number of seconds until trying again makes sense."""

    status = 429
    word = "too many"

    def __init__(self, sentence: str, wait: int) -> None:
        super().__init__(sentence)
        self.wait = wait


class FieldRefusal(Refusal):
    """What was typed into `field` cannot be kept (422); the form shows the sentence there."""

    status = 422
    word = "bad input"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
