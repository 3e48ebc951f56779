"""KL divergences and their estimators, term by term in plain Python floats."""

import math

import numpy as np


def _rows(x):
    x = np.asarray(x, dtype=np.float64)
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), x.shape[:-1]


def _entrywise(function, *arrays):
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arrays))
    out = [function(*map(float, entries)) for entries in zip(*(a.ravel() for a in arrays), strict=True)]
    return np.array(out, dtype=np.float64).reshape(arrays[0].shape)


def ratio(logp, logq):
    return math.exp(logq) / math.exp(logp)


def kl_of(p, q):
    """KL of two lists of probabilities."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        if a > 0:
            total += math.inf if b == 0 else a * math.log(a / b)
    return total


def kl(logp, logq):
    logp, logq = np.broadcast_arrays(logp, logq)
    (rows_p, batch), (rows_q, _) = _rows(logp), _rows(logq)
    out = [kl_of(np.exp(a).tolist(), np.exp(b).tolist()) for a, b in zip(rows_p, rows_q, strict=True)]
    return np.array(out, dtype=np.float64).reshape(batch)


def k1(logp, logq):
    return _entrywise(lambda a, b: math.log(math.exp(a) / math.exp(b)), logp, logq)


def k2(logp, logq):
    return _entrywise(lambda a, b: math.log(ratio(a, b)) ** 2 / 2, logp, logq)


def k3(logp, logq):
    return _entrywise(lambda a, b: ratio(a, b) - 1 - math.log(ratio(a, b)), logp, logq)


def controlled(logp, logq, coefficient):
    return _entrywise(lambda a, b, c: -math.log(ratio(a, b)) + c * (ratio(a, b) - 1), logp, logq, coefficient)


def forward_k1(logp, logq):
    return _entrywise(lambda a, b: ratio(a, b) * math.log(ratio(a, b)), logp, logq)


def forward_k3(logp, logq):
    return _entrywise(lambda a, b: ratio(a, b) * math.log(ratio(a, b)) - ratio(a, b) + 1, logp, logq)


def optimal_coefficient(logp, logq):
    """Minus covariance over variance, both as sums over outcomes."""
    (rows_p, batch), (rows_q, _) = _rows(logp), _rows(logq)
    out = []
    for p, q in zip(np.exp(rows_p).tolist(), np.exp(rows_q).tolist(), strict=True):
        pairs = [(a, b) for a, b in zip(p, q, strict=True) if a > 0]
        mean = sum(a * math.log(a / b) for a, b in pairs)
        covariance = sum(a * (math.log(a / b) - mean) * (b / a - 1) for a, b in pairs)
        variance = sum(a * (b / a - 1) ** 2 for a, b in pairs)
        out.append(-covariance / variance if variance > 0 else 1.0)
    return np.array(out, dtype=np.float64).reshape(batch)


ESTIMATORS = {"k1": k1, "k2": k2, "k3": k3}


def sequence_kl(logp, logq, mask=None, estimator="k1", per_token=False):
    (rows_p, batch), (rows_q, _) = _rows(logp), _rows(logq)
    rows_m = [[True] * rows_p.shape[1]] * len(rows_p) if mask is None else _rows(mask)[0]
    k = ESTIMATORS[estimator]
    out = []
    for p, q, m in zip(rows_p, rows_q, rows_m, strict=True):
        real = [(float(a), float(b)) for a, b, keep in zip(p, q, m, strict=True) if keep]
        if per_token:
            out.append(sum(float(k(a, b)) for a, b in real))
        else:
            out.append(float(k(sum(a for a, _ in real), sum(b for _, b in real))))
    return np.array(out, dtype=np.float64).reshape(batch)


def rao_blackwell_kl(logp_all, logq_all, mask=None):
    shape = np.shape(logp_all)[:-1]
    per_position = np.array(
        [
            kl_of(np.exp(a).tolist(), np.exp(b).tolist())
            for a, b in zip(_rows(logp_all)[0], _rows(logq_all)[0], strict=True)
        ],
        dtype=np.float64,
    ).reshape(shape)
    keep = np.ones(shape, bool) if mask is None else np.asarray(mask)
    out = [
        sum(value for value, real in zip(values, reals, strict=True) if real)
        for values, reals in zip(_rows(per_position)[0], _rows(keep)[0], strict=True)
    ]
    return np.array(out, dtype=np.float64).reshape(shape[:-1])


def numerical_gradient(f, x, step=1e-5):
    """Central differences of a function of a vector."""
    x = np.asarray(x, dtype=np.float64)
    out = []
    for i in range(len(x)):
        shift = np.zeros_like(x)
        shift[i] = step
        out.append((f(x + shift) - f(x - shift)) / (2 * step))
    return np.array(out)


def softmax(logits):
    weights = [math.exp(z) for z in logits]
    return [w / sum(weights) for w in weights]


def gradient_table(logits, q):
    """The expected gradients that the modes of a penalty must have, by numerical differentiation of
    enumerated expectations: {(estimator, mode): gradient with respect to the logits}."""
    q = list(map(float, q))
    fixed = softmax(logits)

    def grad(f):
        return numerical_gradient(lambda z: f(softmax(z)), logits)

    def k(name, p, a):
        return float(ESTIMATORS[name](math.log(p[a]), math.log(q[a])))

    table = {}
    for name in ESTIMATORS:
        table[name, "value"] = np.zeros(len(q))
        # the sampling probabilities stay put: only the integrand is differentiated
        table[name, "loss"] = grad(lambda p, name=name: sum(w * k(name, p, a) for a, w in enumerate(fixed)))
        # the integrand stays put: only the sampling probabilities are differentiated
        table[name, "reward"] = grad(lambda p, name=name: sum(w * k(name, fixed, a) for a, w in enumerate(p)))
        table[name, "ratio"] = grad(lambda p, name=name: sum(w * k(name, p, a) for a, w in enumerate(p)))
        table[name, "detached_ratio"] = table[name, "loss"]
    return table


def reverse_gradient(logits, q):
    """Gradient of KL(softmax(logits) || q)."""
    return numerical_gradient(lambda z: kl_of(softmax(z), q), logits)


def forward_gradient(logits, q):
    """Gradient of KL(q || softmax(logits))."""
    return numerical_gradient(lambda z: kl_of(q, softmax(z)), logits)
