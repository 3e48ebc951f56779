"""The pocket world against counts and sums made by hand."""

import numpy as np
import pytest
import torch

from rlcourse.lm.pocket import TOKENS, PocketWorld

WORLD = PocketWorld.build()


def random_table(seed, *batch):
    logits = np.random.default_rng(seed).normal(size=(*batch, len(WORLD.prefixes), len(TOKENS)))
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_counts():
    assert len(WORLD.responses) == sum(6**n for n in range(5)) == 1555
    assert len(WORLD.prefixes) == sum(6**n for n in range(4)) == 259
    assert WORLD.prompts.shape == (25, 2)
    assert len(set(WORLD.responses)) == 1555


def test_reward_of_a_few_responses_by_hand():
    prompt = [tuple(p) for p in WORLD.prompts].index((3, 4))  # 3 + 4 = 2 modulo 5
    gold = dict(zip(WORLD.responses, WORLD.gold[prompt], strict=True))
    assert gold["2"] == 3.0
    assert gold["2!"] == gold["!2"] == 4.0
    assert gold["2!!"] == 3.5
    assert gold["!!!"] == -1.0
    assert gold["!!!!"] == -2.0
    assert gold["22"] == gold[""] == gold["7"[:0]] == 0.0
    assert gold["1!"] == 1.0


def test_response_probabilities_sum_to_one_and_match_a_product():
    table = random_table(0, 2)
    logp = WORLD.response_logp(table)
    np.testing.assert_allclose(np.exp(logp).sum(-1), 1.0)
    i = WORLD.responses.index("3!")
    number = {prefix: k for k, prefix in enumerate(WORLD.prefixes)}
    by_hand = sum(
        table[1, number[prefix], TOKENS.index(token)] for prefix, token in (("", "3"), ("3", "!"), ("3!", "$"))
    )
    np.testing.assert_allclose(logp[1, i], by_hand)


def test_a_response_of_four_tokens_is_closed_without_a_choice():
    i = WORLD.responses.index("0123")
    assert WORLD.mask[i].all()
    assert WORLD.mask[WORLD.responses.index("012")].all()
    assert WORLD.mask[WORLD.responses.index("")].tolist() == [True, False, False, False]


def test_torch_and_numpy_agree_and_gradients_flow():
    table = random_table(1)
    tensor = torch.tensor(table, requires_grad=True)
    logp = WORLD.response_logp(tensor)
    np.testing.assert_allclose(logp.detach().numpy(), WORLD.response_logp(table))
    logp[WORLD.responses.index("3")].backward()
    assert tensor.grad.count_nonzero() == 2


def test_forbidden_tokens_give_minus_infinity_not_nan():
    table = random_table(2)
    table[:, TOKENS.index("!")] = -np.inf
    for logp in (WORLD.response_logp(table), WORLD.response_logp(torch.tensor(table)).numpy()):
        assert not np.isnan(logp).any()
        assert (np.isneginf(logp) == np.array(["!" in word for word in WORLD.responses])).all()


def test_prefix_probability_is_the_mass_of_the_responses_that_pass_through():
    table = random_table(3, 2)
    p = np.exp(WORLD.response_logp(table))[1]
    reach = WORLD.prefix_probability(table)[1]
    for prefix in ("", "3", "3!", "01!"):
        mass = sum(q for q, word in zip(p, WORLD.responses, strict=True) if word.startswith(prefix))
        np.testing.assert_allclose(reach[WORLD.prefixes.index(prefix)], mass)


def test_a_table_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"logp_next: expected shape \[\*batch, 259, 7\].*\(3, 7\)"):
        WORLD.response_logp(np.zeros((3, 7)))
