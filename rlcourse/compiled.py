"""The compiler of the loops in this package, or nothing in its place.

``@njit`` compiles a function with numba. ``@inlined`` is for the small functions that a loop calls at every step: their
body takes the place of the call. ``@fused`` may also round a product and a sum once instead of twice (one fused
multiply-add), and reorders nothing. Where numba is not installed all return the function as it is: the same numbers up
to that rounding, a hundred times more slowly.
"""

try:
    import numba
except ImportError:

    def njit(function):
        """The function itself."""
        return function

    inlined = fused = njit

else:
    # numpy's division: 1/0 is inf, without a test in every loop
    njit = numba.njit(cache=True, error_model="numpy")
    # a call that hands on arrays counts the references to each, which takes longer than a step of a learner
    inlined = numba.njit(cache=True, error_model="numpy", forceinline=True)
    fused = numba.njit(cache=True, error_model="numpy", fastmath={"contract"})
