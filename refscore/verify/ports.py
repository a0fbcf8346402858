"""The table of ports: what a subject may offer, with every name's one meaning.

Arguments are handed over by position in the order given here, except the last group: a
stochastic port names in its signature either the draws it is handed (`given`) or the
generator it draws from (`rng`, or `seed`, `generator`, `key`), and gets that by keyword.
"""

from __future__ import annotations

from typing import NamedTuple

GENERATOR_NAMES = ("rng", "seed", "generator", "key")
GIVEN_NAMES = ("noise", "probes", "uniforms", "gumbels")

# What a law of each kind carries beside its `kind`; K components, n data, d coordinates.
LAWS: dict[str, tuple[str, ...]] = {
    "gaussian": ("mean", "covariance"),
    "mixture": ("weights", "means", "covariances"),
    "student_t": ("location", "shape", "dof"),
    "laplace": ("location", "scale"),
    "logistic": ("location", "scale"),
    "generalised_normal": ("location", "scale", "power"),
    "uniform": ("low", "high"),
    "smoothed_uniform": ("low", "high", "sigma"),
    "truncated_normal": ("mean", "sd", "low", "high"),
    "half_normal": ("sd",),
    "funnel": ("dim", "scale"),
    "banana": ("curvature", "scale"),
    "empirical": ("data", "bandwidth"),
}


class Port(NamedTuple):
    """One function a subject may offer."""

    name: str
    group: str
    arguments: tuple[str, ...]
    given: str | None
    returns: str
    rowwise: bool
    meaning: str

    @property
    def signature(self) -> str:
        """As an adapter writes it, e.g. `(field, x, probes | rng)`."""
        names = list(self.arguments)
        if self.given == "rng":
            names.append("rng")
        elif self.given:
            names.append(f"{self.given} | rng")
        return "(" + ", ".join(names) + ")"


def _port(name, group, arguments, returns, meaning, given=None, rowwise=True):
    return Port(name, group, tuple(arguments.split()), given, returns, rowwise, meaning)


# returns: values (n,), points (n, d), matrices (n, d, d), losses (n,) or their mean (),
# gradient (p,), number (), draws (n, d), mapping of named arrays, pair of numbers.
_TABLE = [
    _port("log_density", "densities", "law x", "values", "log p(x) of the described law"),
    _port("score", "densities", "law x", "points", "gradient of log p in x"),
    _port("score_jacobian", "densities", "law x", "matrices", "d score_i / d x_j, j last"),
    _port("divergence", "densities", "law x", "values", "trace of the score's Jacobian"),
    _port("sample", "densities", "law n", "draws", "n independent draws", "rng", False),
    _port("denoise", "densities", "score y alpha sigma", "posterior",
          "E[X | alpha X + sigma Z = y], or (mean, covariance): Tweedie"),
    _port("diffuse", "densities", "law alpha sigma", "law",
          "the law of alpha X + sigma Z, as a mapping of its named arrays", rowwise=False),
    _port("posterior", "densities", "law H y noise_cov weight", "law",
          "the law prop. to p(x) N(y; H x, noise_cov)^weight, as a mapping", rowwise=False),
    _port("recover_log_density", "densities", "score x x0", "values",
          "log p(x) - log p(x0) from the score alone"),
    _port("conservative_projection", "densities", "matrix offset mean covariance", "affine",
          "(B, c): nearest gradient field B x + c of matrix x + offset", rowwise=False),
    _port("fisher_loss", "objectives", "field score x", "losses", "1/2 |field - score|^2"),
    _port("implicit_loss", "objectives", "field x", "losses", "1/2 |s|^2 + tr grad s"),
    _port("sliced_loss", "objectives", "field x", "losses",
          "mean over probes v of v.(grad s) v + 1/2 (v.s)^2", "probes"),
    _port("variance_reduced_sliced_loss", "objectives", "field x", "losses",
          "mean over probes v of v.(grad s) v, plus 1/2 |s|^2", "probes"),
    _port("denoising_loss", "objectives", "field x sigma", "losses",
          "1/2 |s(x + sigma z) + z / sigma|^2", "noise"),
    _port("implicit_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean implicit loss in the field's parameters"),
    _port("sliced_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean sliced loss", "probes"),
    _port("variance_reduced_sliced_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean variance-reduced sliced loss", "probes"),
    _port("denoising_loss_gradient", "objectives", "field x sigma", "gradient",
          "gradient of the mean denoising loss", "noise"),
    _port("trace_estimate", "traces", "matvec dim", "estimate",
          "mean over probes of v.(A v), or (mean, standard_error)", "probes", False),
    _port("divergence_estimate", "traces", "field x", "values",
          "mean over probes of v.(grad s) v at every point", "probes"),
    _port("diagonal_estimate", "traces", "matvec dim", "vector",
          "mean over probes of v * (A v)", "probes", False),
    _port("hutch_plus_plus", "traces", "matvec dim", "estimate",
          "trace on a sketched subspace, Hutchinson on the rest; probes (2k, dim), sketch first",
          "probes", False),
    _port("xtrace", "traces", "matvec dim", "estimate",
          "exchangeable trace estimate from m probes", "probes", False),
    _port("curvature_propagation", "traces", "factor", "vector",
          "mean over probes of (factor^T v)^2: the diagonal of factor^T factor", "probes",
          False),
    _port("langevin_step", "langevin", "score x step_size", "points",
          "x + (step_size / 2) score(x) + sqrt(step_size) noise", "noise"),
    _port("langevin_law", "langevin", "law step_size n_steps mean covariance", "law",
          "exact law of n_steps unadjusted steps on a Gaussian", rowwise=False),
    _port("langevin_stationary", "langevin", "law step_size", "law",
          "exact stationary law of the unadjusted step on a Gaussian", rowwise=False),
    _port("marginal", "processes", "t", "pair", "(alpha, sigma) of X_t = alpha X_0 + sigma Z",
          rowwise=False),
    _port("drift", "processes", "x t", "points", "f(x, t)"),
    _port("diffusion", "processes", "t", "number", "g(t)", rowwise=False),
    _port("flow_velocity", "reverse", "score_at x t", "points", "f - 1/2 g^2 score"),
    _port("flow_map", "reverse", "law x t s", "points",
          "the probability flow of a law, from time t to time s"),
    _port("log_likelihood", "likelihood", "score_at x", "values",
          "log density of the data at time 0, by the flow", "probes"),
]  # fmt: skip

PORTS: dict[str, Port] = {port.name: port for port in _TABLE}
GROUPS = (
    "densities", "objectives", "estimators", "traces", "langevin", "processes", "reverse",
    "likelihood", "guidance", "ode", "discrete",
)  # fmt: skip


def table() -> str:
    """The ports as Markdown, grouped."""
    lines = ["| port | signature | returns | means |", "|---|---|---|---|"]
    for group in GROUPS:
        rows = [port for port in PORTS.values() if port.group == group]
        if rows:
            lines.append(f"| *{group}* | | | |")
        for port in rows:
            cells = (port.name, f"`{port.signature}`", port.returns, port.meaning)
            lines.append("| " + " | ".join(c.replace("|", r"\|") for c in cells) + " |")
    return "\n".join(lines)
