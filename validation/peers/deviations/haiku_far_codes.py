"""dm-haiku: far from the origin, VectorQuantizer gives points to codes that are not the nearest.

nets/vqvae.py of 0.0.17 takes distances as |x|^2 - 2 x.c + |c|^2: in single precision, 16,384 from
the origin, these are multiples of 32 and more, whatever the points.
"""

import haiku as hk
import jax.numpy as jnp
import numpy as np

OFFSET = 16384.0
codes = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0], [1.0, -5.0]])
points = np.array([[1.5, 0.5], [2.0, 1.0], [-1.0, 2.5], [0.5, -2.0], [0.5, -2.75]])
x, book = (np.float32(a + OFFSET) for a in (points, codes))  # exact: quarters are floats there
made = hk.transform(lambda x: hk.nets.VectorQuantizer(2, 4, 0.25)(x, True)["encoding_indices"])
found = made.apply({"vector_quantizer": {"embeddings": jnp.asarray(book.T)}}, None, jnp.asarray(x))
print(f"library      {np.asarray(found)}")
print(f"NumPy        {((x[:, None] - book) ** 2).sum(-1).argmin(1)}, single precision, differences")
whole = ((4 * points[:, None]).astype(int) - (4 * codes).astype(int)) ** 2
print(f"exact        {whole.sum(-1).argmin(1)}, in whole numbers")
