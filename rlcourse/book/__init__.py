"""What the notebooks need; no mathematics lives here."""

from rlcourse.book.chapter import setup, show_source, summary
from rlcourse.book.exercises import check

__all__ = ["check", "setup", "show_source", "summary"]
