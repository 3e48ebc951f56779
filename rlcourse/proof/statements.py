"""Known statement ids, read from the list of statements that the book covers."""

import csv
import difflib
from functools import lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "statements.csv", _PACKAGE.parent / "book" / "statements.csv")


@lru_cache(maxsize=1)
def known_ids() -> tuple[str, ...]:
    """Return every statement id, in the order of the list.

    The list lies inside an installed package, and in ``book/`` in a checkout.

    Raises:
        FileNotFoundError: Neither place has the list.
    """
    for place in _PLACES:
        if place.is_file():
            with place.open(newline="", encoding="utf-8") as file:
                return tuple(row["id"] for row in csv.DictReader(file))
    raise FileNotFoundError(f"no list of statements at {' or '.join(map(str, _PLACES))}; install the package again")


def check_covers(covers) -> tuple[str, ...]:
    """Return ``covers`` as a tuple of known statement ids, in the order of the list.

    Raises:
        TypeError: ``covers`` is a single string (a forgotten comma), or has an entry that is not one.
        ValueError: An id is unknown or repeated; the message names the nearest known ids.
    """
    if isinstance(covers, str):
        raise TypeError(f"covers: expected a tuple of ids, got the string {covers!r}; write covers=({covers!r},)")
    covers = tuple(covers)
    if not covers:
        return ()
    order = {name: position for position, name in enumerate(known_ids())}
    for position, name in enumerate(covers):
        if not isinstance(name, str):
            raise TypeError(f"covers[{position}]: expected a statement id (a string), got {name!r}")
        if name not in order:
            near = difflib.get_close_matches(name, order, n=3, cutoff=0.4)
            hint = f"; nearest known ids: {', '.join(near)}" if near else ""
            raise ValueError(f"covers[{position}]: unknown statement id {name!r}{hint}")
    repeated = sorted({name for name in covers if covers.count(name) > 1})
    if repeated:
        raise ValueError(f"covers: repeated id {', '.join(repeated)}")
    return tuple(sorted(covers, key=order.__getitem__))
