"""A small discrete autoencoder of scikit-learn's digits, fitted in three ways, its bounds exact.

    python -m validation.digits        needs scikit-learn: pip install 'refscore[digits]'

The 1,797 images of 8 by 8 pixels become bits (ink or not); 400 are held out. The model, two codes
of a book of 12 an image, is one for which every bound is an enumeration of its 144 grids of codes,
so that what each way of fitting makes small can be held against what it stands for.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np

from refscore import discrete, estimation

PLACES, CODES, CODE_DIM = 2, 12, 4
HELD_OUT, STEPS, BATCH, RATE, STARTS = 400, 1500, 200, 0.01, 3
WAYS = {
    "exact": (discrete.exact_loss, {}),
    "relaxed, τ = 0.5": (discrete.relaxed_loss, {"temperature": 0.5}),
    "straight-through, quantised": (discrete.quantised_loss, {"commitment": 0.25}),
}


def bits() -> tuple[np.ndarray, np.ndarray]:
    """Training and held-out images (n, 64), 1.0 where there is ink."""
    from sklearn.datasets import load_digits

    x = (load_digits().data >= 8).astype(float)
    x = x[np.random.default_rng(0).permutation(len(x))]
    return x[HELD_OUT:], x[:HELD_OUT]


def fitted(loss, settings, x, start):
    """The model after Adam's steps."""
    model = discrete.DiscreteVAE.initialise(x.shape[1], PLACES, CODES, CODE_DIM, rng=start)
    run = estimation.train(
        loss, model, x, steps=STEPS, batch_size=BATCH, learning_rate=RATE, rng=start, **settings
    )
    return model.with_parameters(run.parameters)


def measured(model, own, x, apart) -> list[float]:
    """What was made small, with its sign turned, and what it stands for, on held-out images."""
    codes = model.codes(x)
    used = [discrete.perplexity(codes[:, p], CODES) for p in range(PLACES)]
    return [
        own(model, apart), model.elbo(apart).mean(), model.deterministic_elbo(apart).mean(),
        model.log_density(apart).mean(), model.log_density(x).mean(), float(np.mean(used)),
    ]  # fmt: skip


def printed(model, x) -> float:
    """log p(x|z_q) − log K, the bound as the lectures print it (erratum J14)."""
    return (model.deterministic_elbo(x) + (PLACES - 1) * np.log(CODES)).mean()


def markdown() -> str:
    """The table; empty, and what was there before stays, without scikit-learn."""
    try:
        x, apart = bits()
    except ImportError:
        print("scikit-learn is not installed: pip install 'refscore[digits]'", file=sys.stderr)
        return ""
    p = (x.sum(0) + 1) / (len(x) + 2)
    alone = (apart * np.log(p) + (1 - apart) * np.log(1 - p)).sum(1).mean()
    lines = [
        f"{len(x)} images to fit, {len(apart)} held out, {PLACES} codes of {CODES} an image; nats"
        f" an image, means over {STARTS} starts ± their standard error. Independent bits:"
        f" {alone:.2f}.",
        "",
        "| fitted by | its own objective | exact bound | nearest codes' bound | log p(x) |"
        " log p(x), fitted images | perplexity of a place |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (loss, settings) in WAYS.items():
        own = partial(_own, loss, settings) if loss is not discrete.quantised_loss else printed
        rows = [measured(fitted(loss, settings, x, k), own, x, apart) for k in range(STARTS)]
        mean, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / np.sqrt(STARTS)
        cells = [f"{m:.2f} ± {e:.2f}" for m, e in zip(mean, error)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "The exact bound is below log p(x), as it must be. The relaxed objective is that of another"
        " model, which decodes mixtures of codes: no bound, and above log p(x) here. Of vector"
        " quantisation the objective is shown as the lectures print it, log p(x|z_q) − log K for an"
        " image: above log p(x), by erratum J14; with log K for every code it is the column of the"
        " nearest codes.",
    ]
    return "\n".join(lines)


def _own(loss, settings, model, apart) -> float:
    draws = {"rng": 1} if "temperature" in settings else {}
    return -loss(model, apart, **settings, **draws)[0]


if __name__ == "__main__":
    print(markdown())
