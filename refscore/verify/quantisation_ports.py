"""The ports of quantisation: nearest codes, their losses and gradients, codebooks that learn."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
QUANTISATION: list[tuple[str, str, str, str, str | None, bool]] = [
    ("quantise", "x codebook", "quantised",
     "the code nearest to x, of several the lowest, and the row of the codebook it names", None,
     True),
    ("vq_codebook_loss", "x codebook", "losses",
     "|sg(x) - c|^2, c the nearest code, sg without gradient: what moves the codes, its weight 1",
     None, True),
    ("vq_commitment_loss", "x codebook", "losses",
     "|x - sg(c)|^2: what moves the points, without its weight", None, True),
    ("vq_point_gradient", "x codebook beta", "points",
     "the gradient in x of the mean over points of |sg(x) - c|^2 + beta |x - sg(c)|^2", None,
     False),
    ("vq_codebook_gradient", "x codebook beta", "matrix",
     "its gradient in the codebook", None, False),
    ("vq_straight_through_gradient", "x codebook cotangent", "points",
     "the derivative of sum(cotangent * (x + sg(c - x))) in x", None, False),
    ("vq_rotation_gradient", "x codebook cotangent", "points",
     "that of sum(cotangent * sg(s R) x) where s R x = c, R the rotation in the plane of x and c"
     " that turns x to c, s = |c| / |x|", None, False),
    ("codebook_update", "x codebook counts sums decay epsilon", "averages",
     "counts to decay counts + (1 - decay) numbers of points, sums likewise with sums of points by"
     " nearest code; codes sums_k / [(counts_k + epsilon) / (N + K epsilon) N], N = sum of counts",
     None, False),
    ("replace_dead_codes", "x codebook counts sums threshold rows", "averages",
     "the j-th code of counts below threshold becomes x[rows[j]], its counts the threshold, its"
     " sums threshold times the code", None, False),
    ("lloyd_step", "x codebook", "matrix",
     "every code the mean of the points nearest to it; without points it stays", None, False),
    ("perplexity", "index n_codes", "number",
     "exp(-sum p log p), p the frequencies of the codes, natural logarithm", None, False),
    ("lloyd_max", "n_levels mu sd", "vector",
     "the n_levels numbers, rising, of the least mean squared error for N(mu, sd^2)", None, False),
    ("scalar_distortion", "reproduction mu sd", "number",
     "the mean squared distance of N(mu, sd^2) from the nearest of the numbers", None, False),
    ("finite_scalar", "x bins", "quantised",
     "round(h tanh(x + atanh(o / h)) - o) / floor(L / 2) by coordinate, L = bins, h = 1.001 (L - 1)"
     " / 2, o = 1/2 for even L, else 0; codes count round(...) + floor(L / 2), the first coordinate"
     " fastest", None, True),
    ("finite_scalar_values", "index bins", "matrix",
     "the values of these codes of finite_scalar, (n, d)", None, False),
    ("finite_scalar_gradient", "x bins cotangent", "points",
     "the derivative of sum(cotangent * values) in x, that of round taken as 1", None, False),
    ("lookup_free", "x", "quantised",
     "1 where x > 0, else -1, by coordinate; codes have a bit for each 1, the first coordinate's"
     " the highest", None, True),
]  # fmt: skip
