// A program that knows nothing but the file of vectors: node plain_reader.js vectors answers [mistake]
"use strict";
const fs = require("fs");
const [, , source, target, mistake] = process.argv;
const vectors = JSON.parse(fs.readFileSync(source, "utf8"));

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const plus = (a, b, factor = 1) => a.map((value, i) => value + factor * b[i]);
const times = (matrix, x) => matrix.map(row => dot(row, x));
const trace = matrix => matrix.reduce((sum, row, i) => sum + row[i], 0);

function solve(matrix, right) {  // Gauss, with pivots
  const rows = matrix.map((row, i) => [...row, right[i]]), n = rows.length;
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let j = i; j < n; j++) if (Math.abs(rows[j][i]) > Math.abs(rows[best][i])) best = j;
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let j = i + 1; j < n; j++) rows[j] = plus(rows[j], rows[i], -rows[j][i] / rows[i][i]);
  }
  const x = Array(n).fill(0);
  for (let i = n - 1; i >= 0; i--) x[i] = (rows[i][n] - dot(rows[i].slice(0, n), x)) / rows[i][i];
  return x;
}

class Unknown extends Error {}
function field(described) {
  if (described.kind !== "affine") throw new Unknown(described.kind);
  return x => plus(times(described.matrix, x), described.offset);
}
function logDensity(law) {
  if (law.kind !== "gaussian") throw new Unknown(law.kind);
  return x => {
    const r = plus(x, law.mean, -1);
    return -dot(r, solve(law.covariance, r)) / 2;
  };
}
function adjusted(x, y, logRatio, uniform) {
  const accepted = Math.log(uniform) < logRatio;
  return [accepted ? y : x, accepted ? 1 : 0];
}
const unzip = pairs => [pairs.map(p => p[0]), pairs.map(p => p[1])];

const ports = {
  implicit_loss({field: f, x}) {
    const s = field(f);
    return x.map(p => dot(s(p), s(p)) / 2 + trace(f.matrix));
  },
  denoising_loss({field: f, x, sigma, noise}) {
    const s = field(f);
    return x.map((p, i) => {
      const r = plus(s(plus(p, noise[i], sigma)), noise[i], 1 / sigma);
      return dot(r, r) / 2;
    });
  },
  sliced_loss({field: f, x, probes}) {
    const s = field(f), sign = mistake === "sliced_sign" ? -1 : 1;
    return x.map((p, i) => probes[i].reduce((sum, v) =>
      sum + sign * dot(v, times(f.matrix, v)) + dot(v, s(p)) ** 2 / 2, 0) / probes[i].length);
  },
  fit_diagonal_precision({x}) {
    return x[0].map((_, i) => x.length / x.reduce((sum, row) => sum + row[i] ** 2, 0));
  },
  langevin_step({score, x, step_size, noise}) {
    const s = field(score), half = mistake === "drift_not_halved" ? 1 : 1 / 2;
    return x.map((p, i) =>
      plus(plus(p, s(p), step_size * half), noise[i], Math.sqrt(step_size)));
  },
  random_walk_step({log_density, x, scale, noise, uniform}) {
    const log = logDensity(log_density);
    return unzip(x.map((p, i) => {
      const y = plus(p, noise[i], scale);
      return adjusted(p, y, log(y) - log(p), uniform[i]);
    }));
  },
  barker_step({log_density, score, x, scale, noise, uniforms, uniform}) {
    const log = logDensity(log_density), s = field(score);
    return unzip(x.map((p, i) => {
      const here = s(p);
      const y = p.map((value, j) => {
        const step = scale * noise[i][j];
        return value + (uniforms[i][j] < 1 / (1 + Math.exp(-step * here[j])) ? step : -step);
      });
      const there = s(y), moved = plus(y, p, -1);
      const back = moved.map((m, j) =>
        Math.log1p(Math.exp(-m * here[j])) - Math.log1p(Math.exp(m * there[j])));
      return adjusted(p, y, log(y) - log(p) + back.reduce((a, b) => a + b, 0), uniform[i]);
    }));
  },
};

const numbers = value => [value].flat(Infinity).map(Number);
function near(left, expected, scale, tolerance) {
  const a = numbers(left), b = numbers(expected), unit = numbers(scale);
  return a.length === b.length && a.every((value, i) =>
    Math.abs(value - b[i]) <= tolerance * unit[unit.length === 1 ? 0 : i]);
}

const answers = [], counts = {held: 0, failed: 0};
for (const check of vectors.checks) for (const one of check.cases) {
  if (!one.calls.every(call => call.port in ports)) continue;
  let given;
  try {
    given = one.calls.map(call => ports[call.port](call.arguments));
  } catch (error) {
    if (error instanceof Unknown) continue;
    throw error;
  }
  answers.push({check: check.name, case: one.case, answers: given});
  for (const {of, expected, scale} of one.outcomes) {
    if (of === null) continue;
    const left = of.part === null ? given[of.call] : given[of.call][of.part];
    counts[near(left, expected, scale, check.tolerance) ? "held" : "failed"]++;
  }
}
fs.writeFileSync(target, JSON.stringify({answers}));
console.log(JSON.stringify(counts));
