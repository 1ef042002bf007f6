"""Names that people read and sign with: what cannot be seen in them is refused, so that no two look alike."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Control and format characters (with the bidirectional and zero-width ones), line separators, half characters.
UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
# Blank though Unicode counts them as letters, marks or symbols.
BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
JOINER = "\u200d"  # holds the parts of an emoji together

NAME_MESSAGE = _("This name holds invisible characters. Type it again.")
TITLE_MESSAGE = _("This title holds invisible characters. Type it again.")


def unseen(text: str, *, joiner: bool = False) -> bool:
    """True when the text holds a character nobody can see; `joiner` lets the joiner of emoji pass."""
    return any(
        (unicodedata.category(char) in UNSEEN_CATEGORIES or char in BLANK) and not (joiner and char == JOINER)
        for char in text
    )


def visible_name(text: str) -> None:
    """Form validator for names of people, channels, groups and the organisation."""
    if unseen(text):
        raise ValidationError(NAME_MESSAGE, code="name_unseen")


def visible_title(text: str) -> None:
    """Form validator for titles."""
    if unseen(text, joiner=True):
        raise ValidationError(TITLE_MESSAGE, code="title_unseen")
