"""Quantisers as strangers write them: in NumPy, in single precision, in torch; their scalings."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from refscore import verify

ENTRIES = ["codebook_loss_is_distance", "commitment_loss_is_distance", "commitment_moves_points",
           "codebook_loss_moves_codes"]  # fmt: skip


def _coded(x, codebook):
    codes = ((x[:, None] - codebook) ** 2).sum(-1).argmin(1)
    return codes, codebook[codes]


def _by_means(by="mean", over="mean"):
    """Losses averaged, or summed, over coordinates and over points."""

    def scale(x):
        return (1 / x.shape[1] if over == "mean" else 1.0), (1.0 if by == "sum" else 1 / len(x))

    def loss(x, codebook):
        d, n = scale(x)
        return d * n * ((x - _coded(x, codebook)[1]) ** 2).sum()

    def points(x, codebook, beta):
        d, n = scale(x)
        return 2 * beta * d * n * (x - _coded(x, codebook)[1])

    def codes(x, codebook, beta):
        d, n = scale(x)
        chosen, values = _coded(x, codebook)
        out = np.zeros_like(codebook)
        np.add.at(out, chosen, 2 * d * n * (values - x))
        return out

    return SimpleNamespace(
        vq_codebook_loss=loss, vq_commitment_loss=loss, vq_point_gradient=points,
        vq_codebook_gradient=codes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "over", "declared"),
    [("mean", "mean", {"dimensions": "mean"}), ("sum", "sum", {"batch": "sum"}),
     ("mean", "sum", {}), ("sum", "mean", {"dimensions": "mean", "batch": "sum"})],
)  # fmt: skip
def test_scalings_may_be_declared(by, over, declared):
    subject = _by_means(by, over)
    subject.conventions = declared
    report = verify.run(subject, checks=ENTRIES, diagnose=False)
    assert report.counts["fails"] == 0
    assert all(report[name].verdict == "holds" for name in ENTRIES)
    if len(declared) == 1:
        del subject.conventions
        said = verify.run(subject, checks=ENTRIES)
        assert said.counts["undeclared convention"] == 4


def test_a_plain_subject_in_single_precision_holds():
    def quantise(x, codebook):
        assert x.dtype == np.float32
        return _coded(x, codebook)

    subject = SimpleNamespace(quantise=quantise, dtype="float32")
    names = ["nearest_code", "lowest_code_of_ties", "nearest_code_is_where_it_is"]
    report = verify.run(subject, checks=names, diagnose=False)
    assert all(report[name].verdict == "holds" for name in names)


def test_named_parts_and_whole_numbers_as_floats_are_welcome():
    def quantise(x, codebook):
        codes, values = _coded(x, codebook)
        return {"values": values, "codes": codes.astype(float)}

    report = verify.run(SimpleNamespace(quantise=quantise), checks=["nearest_code"])
    assert report["nearest_code"].verdict == "holds"


@pytest.mark.peers
def test_codes_are_whole_numbers_of_the_framework():
    torch = pytest.importorskip("torch")
    seen = []

    def perplexity(index, n_codes):
        seen.append(index.dtype)
        p = torch.bincount(index, minlength=n_codes).double() / len(index)
        return torch.exp(torch.special.entr(p).sum())

    subject = SimpleNamespace(perplexity=perplexity, framework="torch")
    report = verify.run(subject, checks=["perplexity_of_codes"])
    assert set(seen) == {torch.int64}
    assert report["perplexity_of_codes"].verdict == "holds"


def test_the_peers_are_listed_with_what_they_need():
    peers = import_module("validation.peers").PEERS
    assert "vector_quantize_pytorch" in peers["vector_quantize"]
    assert {"haiku", "kmeans", "diffusers_codes"} <= set(peers)
