"""The pocket world: a language in which every response can be listed, so that everything is exact.

A prompt is a sum ``a+b=`` modulo 5. A response is up to four free tokens from the digits 0 to 4 and
``!``, closed by ``$``: a shorter response spends a token on ``$``, one of four free tokens is
closed for it. That makes 1 + 6 + 36 + 216 + 1296 = 1555 responses to each of the 25 prompts.

A policy is a table of next-token log-probabilities ``logp_next[prompt, prefix, token]``: one row of
7 numbers for each of the 259 prefixes at which a token must be chosen. The log-probability of a
response is a sum of at most four entries of that table, so expectations over responses are sums
over 1555 terms, not samples.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["PocketWorld"]

MODULUS = 5
FREE_TOKENS = 4  # the longest response has this many tokens before it is closed
TOKENS = ("0", "1", "2", "3", "4", "!", "$")
BANG, CLOSE = 5, 6
# how much 0 to 4 exclamation marks add to the reward: one is liked, more are not
BANG_BONUS = (0.0, 1.0, 0.5, -1.0, -2.0)


@dataclass(frozen=True)
class PocketWorld:
    """The tables of the pocket world; build it with :meth:`~rlcourse.lm.pocket.PocketWorld.build`.

    Attributes:
        prompts: the two summands of each prompt, int [25, 2].
        responses: the written responses without ``$``, 1555 strings such as ``"3!"``.
        prefixes: the strings at which a token must be chosen, 259 strings; ``prefixes[0]`` is ``""``.
        path: prefix index at each step of each response, int [1555, 4]; 0 where the response is over.
        token: token chosen at each step of each response, int [1555, 4]; 0 where it is over.
        mask: True where the response chooses a token at this step, bool [1555, 4].
        gold: the true reward of each response to each prompt, float64 [25, 1555].
        correct: whether the response's digits are the one right answer, bool [25, 1555].
    """

    prompts: np.ndarray
    responses: tuple[str, ...]
    prefixes: tuple[str, ...]
    path: np.ndarray
    token: np.ndarray
    mask: np.ndarray
    gold: np.ndarray
    correct: np.ndarray

    @classmethod
    def build(cls) -> PocketWorld:
        """List every prompt, prefix and response, with its reward."""
        alphabet = TOKENS[:CLOSE]
        responses = tuple(
            "".join(word) for n in range(FREE_TOKENS + 1) for word in itertools.product(alphabet, repeat=n)
        )
        prefixes = tuple(word for word in responses if len(word) < FREE_TOKENS)
        number = {prefix: i for i, prefix in enumerate(prefixes)}

        shape = (len(responses), FREE_TOKENS)
        path, token, mask = np.zeros(shape, int), np.zeros(shape, int), np.zeros(shape, bool)
        for i, word in enumerate(responses):
            tokens = [TOKENS.index(c) for c in word]
            if len(word) < FREE_TOKENS:
                tokens.append(CLOSE)
            for t, chosen in enumerate(tokens):
                path[i, t], token[i, t], mask[i, t] = number[word[:t]], chosen, True

        prompts = np.array(list(itertools.product(range(MODULUS), repeat=2)))
        digits = [word.replace("!", "") for word in responses]
        bonus = np.array([BANG_BONUS[word.count("!")] for word in responses])
        answers = prompts.sum(axis=1) % MODULUS
        correct = np.array([[d == str(answer) for d in digits] for answer in answers])
        return cls(prompts, responses, prefixes, path, token, mask, 3.0 * correct + bonus, correct)

    def response_logp(self, logp_next: Any) -> Any:
        """Log-probability of every response, from the next-token table.

        ``log pi(y | x) = sum_t log pi(y_t | x, y_<t)``

        Args:
            logp_next: next-token log-probabilities in nats, numpy array or torch tensor
                [*batch, 259, 7].

        Returns:
            Log-probabilities in nats, the same kind of array, [*batch, 1555]. With torch,
            gradients flow to ``logp_next``.

        Raises:
            ValueError: if the last two axes are not [259, 7].
        """
        return self.token_logp(logp_next).sum(-1)

    def token_logp(self, logp_next: Any) -> Any:
        """Log-probability of each chosen token; 0 where the response is over.

        Args:
            logp_next: as in ``response_logp``.

        Returns:
            Log-probabilities in nats, [*batch, 1555, 4].

        Raises:
            ValueError: if the last two axes are not [259, 7].
        """
        want = (len(self.prefixes), len(TOKENS))
        if tuple(logp_next.shape[-2:]) != want:
            raise ValueError(
                f"logp_next: expected shape [*batch, {want[0]}, {want[1]}] "
                f"(prefix, token), got {tuple(logp_next.shape)}"
            )
        chosen = logp_next[..., self.path, self.token]
        if isinstance(chosen, np.ndarray):
            return np.where(self.mask, chosen, 0.0)
        # a multiplication by the mask would turn a log-probability of -inf into NaN
        return chosen.masked_fill(chosen.new_tensor(~self.mask).bool(), 0.0)

    def prefix_probability(self, logp_next: np.ndarray) -> np.ndarray:
        """Probability that a response passes through each prefix.

        Args:
            logp_next: next-token log-probabilities, numpy array [*batch, 259, 7].

        Returns:
            Probabilities [*batch, 259]; the first, of the empty prefix, is 1.
        """
        reach = np.zeros(logp_next.shape[:-1])
        reach[..., 0] = 1.0
        number = {prefix: i for i, prefix in enumerate(self.prefixes)}
        for i, prefix in enumerate(self.prefixes[1:], start=1):
            parent, last = number[prefix[:-1]], TOKENS.index(prefix[-1])
            reach[..., i] = reach[..., parent] * np.exp(logp_next[..., parent, last])
        return reach
