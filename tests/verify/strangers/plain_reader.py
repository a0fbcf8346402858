"""A program that knows nothing but a file of vectors: no NumPy, no refscore.

`python -I -S plain_reader.py vectors answers [mistake]`
"""

import json
import math
import sys

mistake = sys.argv[3] if len(sys.argv) > 3 else ""


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def field(described):
    if described["kind"] != "affine":
        raise NotImplementedError(described["kind"])
    return lambda x: [dot(r, x) + b for r, b in zip(described["matrix"], described["offset"])]


def langevin_step(score, x, step_size, noise):
    s, half = field(score), 1 if mistake == "drift_not_halved" else 0.5
    return [
        [p + half * step_size * g + math.sqrt(step_size) * z for p, g, z in zip(row, s(row), zs)]
        for row, zs in zip(x, noise)
    ]


def sliced_loss(field_, x, probes):
    s, sign = field(field_), -1 if mistake == "sliced_sign" else 1

    def along(v, p):
        return sign * dot(v, [dot(row, v) for row in field_["matrix"]]) + dot(v, s(p)) ** 2 / 2

    return [sum(along(v, p) for v in vs) / len(vs) for p, vs in zip(x, probes)]


def denoising_loss(field_, x, sigma, noise):
    s = field(field_)

    def loss(p, z):
        away = s([a + sigma * b for a, b in zip(p, z)])
        return sum((a + b / sigma) ** 2 for a, b in zip(away, z)) / 2

    return [loss(p, z) for p, z in zip(x, noise)]


def fit_diagonal_precision(x):
    return [len(x) / sum(v * v for v in column) for column in zip(*x)]


PORTS = {
    f.__name__: f for f in (langevin_step, sliced_loss, denoising_loss, fit_diagonal_precision)
}


def call(port, arguments):
    if "field" in arguments:
        arguments = {"field_": arguments["field"], **arguments}
        del arguments["field"]
    return PORTS[port](**arguments)


def flat(value):
    return [v for e in value for v in flat(e)] if isinstance(value, list) else [float(value)]


def main(source, target):
    with open(source) as file:
        vectors = json.load(file)
    counts, answers = {"held": 0, "failed": 0}, []
    for check in vectors["checks"]:
        for case in check["cases"]:
            if not all(c["port"] in PORTS for c in case["calls"]):
                continue
            try:
                given = [call(c["port"], c["arguments"]) for c in case["calls"]]
            except NotImplementedError:
                continue
            answers.append({"check": check["name"], "case": case["case"], "answers": given})
            for outcome in case["outcomes"]:
                if outcome["of"] is None:
                    continue
                left, right = flat(given[outcome["of"]["call"]]), flat(outcome["expected"])
                scale = flat(outcome["scale"])
                units = scale * (len(right) // len(scale))
                errors = [abs(a - b) / unit for a, b, unit in zip(left, right, units)]
                good = len(left) == len(right) and max(errors) <= check["tolerance"]
                counts["held" if good else "failed"] += 1
    with open(target, "w") as file:
        json.dump({"answers": answers}, file)
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:3])
