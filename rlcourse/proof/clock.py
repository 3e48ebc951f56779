"""Time limits: no check waits for a symbolic engine that does not come back.

The clock counts processor time of this process, so that a busy machine changes no verdict. It works where
signals do (the main thread of a POSIX system); elsewhere calls run without limit.
"""

import signal
import threading
import time

TOTAL = 9.0  # seconds for one statement
STEP = 2.0  # for one call of sympy that may not return
_AGAIN = 0.25  # an exception that is lost in a destructor is raised again after this


class OutOfTime(BaseException):
    """The time is over. No `Exception`, so that no library takes it for a failure of its own."""


_deadlines = []


def within(seconds, call, *args):
    """Return ``call(*args)``, or None if it takes more than ``seconds`` of processor time.

    Limits nest: an outer limit that is over ends the inner calls too.
    """
    if not hasattr(signal, "SIGPROF") or threading.current_thread() is not threading.main_thread():
        return call(*args)
    own = time.process_time() + seconds
    outer = list(_deadlines)
    handler = signal.signal(signal.SIGPROF, _ring)
    _deadlines.append(own)
    try:
        _arm()
        return call(*args)
    except OutOfTime:
        if outer and time.process_time() >= min(outer):
            raise
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _deadlines[:] = outer
        signal.signal(signal.SIGPROF, handler)
        if outer:
            _arm()


def _arm() -> None:
    left = min(_deadlines) - time.process_time()
    signal.setitimer(signal.ITIMER_PROF, max(left, 1e-4), _AGAIN)


def _ring(signum, frame) -> None:
    """Raise once the nearest deadline is over."""
    if _deadlines and time.process_time() >= min(_deadlines):
        raise OutOfTime
