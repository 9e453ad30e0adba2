"""Says whether an order can be taken: `acme:validation/order`."""

import re
from collections.abc import Iterator

from componentize_py_types import Err
from wit_world.exports import Order as Interface
from wit_world.exports.order import (
    Bounds,
    Complaint_Malformed,
    Complaint_Missing,
    Complaint_OutOfRange,
    Draft,
    Line,
    Total,
    Violation,
)

ARTICLE = re.compile(r"[A-Z]{2}-[0-9]{4}")
# A plain address; whether somebody reads there, only a letter to it can tell.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MOST_PIECES = 100
MOST_CENTS = 1_000_000


class Order(Interface):
    def validate(self, draft: Draft) -> Total:
        violations = list(check(draft))
        if violations:
            raise Err(violations)
        pieces = sum(line.quantity for line in draft.lines)
        cents = sum(line.quantity * line.cents for line in draft.lines)
        return Total(pieces, cents)


def check(draft: Draft) -> Iterator[Violation]:
    if not draft.email:
        yield Violation("email", Complaint_Missing())
    elif not EMAIL.fullmatch(draft.email):
        yield Violation("email", Complaint_Malformed("name@example.com"))
    if not draft.lines:
        yield Violation("lines", Complaint_Missing())
    for index, line in enumerate(draft.lines):
        yield from check_line(f"lines[{index}]", line)


def check_line(place: str, line: Line) -> Iterator[Violation]:
    if not line.article:
        yield Violation(f"{place}.article", Complaint_Missing())
    elif not ARTICLE.fullmatch(line.article):
        yield Violation(f"{place}.article", Complaint_Malformed("AB-1234"))
    yield from check_range(f"{place}.quantity", line.quantity, 1, MOST_PIECES)
    yield from check_range(f"{place}.cents", line.cents, 1, MOST_CENTS)


def check_range(field: str, value: int, minimum: int, maximum: int) -> Iterator[Violation]:
    if not minimum <= value <= maximum:
        yield Violation(field, Complaint_OutOfRange(Bounds(minimum, maximum)))
