// Networks as fnet/reference computes them: embeddings, dense layers, activations and links. Params
// are arrays of all members, one member after another; rows are arrays [N, D], one row after
// another.

const LEAK = 0.2;
const ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
const LINEAR_ABOVE = 64;

const ACTIVATIONS = {
  identity: (z) => z,
  relu: (z) => Math.max(z, 0),
  leaky_relu: (z) => (z > 0 ? z : LEAK * z),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  selu: (z) => SELU_SCALE * (z > 0 ? z : ALPHA * Math.expm1(z)),
  gelu: (z) => (z * erfc(-z / Math.SQRT2)) / 2,
  silu: (z) => z * sigmoid(z),
  mish: (z) => z * Math.tanh(softplus(z)),
  softplus: (z) => softplus(z),
  sigmoid: (z) => sigmoid(z),
  tanh: Math.tanh,
};

// What may follow the last layer; each changes a row in place.
const OUTPUTS = {
  ...Object.fromEntries(Object.entries(ACTIVATIONS).map(([name, f]) => [name, eachOf(f)])),
  identity: () => {}, // so that the engine sees one function alone in `eachOf`
  exp: eachOf((z) => Math.exp(Math.min(z, LINEAR_ABOVE)) * (1 + Math.max(z - LINEAR_ABOVE, 0))),
  sort: (row) => row.sort(),
  softmax(row) {
    const most = Math.max(...row);
    let sum = 0;
    for (let k = 0; k < row.length; k++) sum += row[k] = Math.exp(row[k] - most);
    for (let k = 0; k < row.length; k++) row[k] /= sum;
  },
};

function eachOf(f) {
  return (row) => {
    for (let k = 0; k < row.length; k++) row[k] = f(row[k]);
  };
}

function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

function softplus(z) {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

// Abramowitz and Stegun, 7.1.6 near 0, and the continued fraction 7.1.14 elsewhere.
function erfc(x) {
  const size = Math.abs(x);
  const bell = Math.exp(-size * size) / Math.sqrt(Math.PI);
  let tail;
  if (size < 2.5) {
    let sum = size;
    for (let n = 1, term = size; term > 1e-17 * sum; n++) {
      term *= (2 * size * size) / (2 * n + 1);
      sum += term;
    }
    tail = 1 - 2 * bell * sum;
  } else {
    let fraction = size;
    for (let n = 60; n > 0; n--) fraction = size + n / 2 / fraction;
    tail = bell / fraction;
  }
  return x < 0 ? 2 - tail : tail;
}

// What each kind of entry before the dense layers writes for a row: `(entry, m, row, out, at)`.
const EMBEDDINGS = {
  PeriodicEmbedding(entry, m, row, out, at) {
    const { features, frequencies: H, outputs: Q, waves } = entry;
    const { frequencies, phases, w, b } = entry.arrays;
    const F = features.length;
    for (let f = 0; f < F; f++) {
      const own = m * F + f;
      for (let h = 0; h < H; h++) {
        const angle = 2 * Math.PI * frequencies[own * H + h] * row[features[f]];
        waves[h] = Math.cos(angle + phases[own * H + h]);
      }
      for (let q = 0; q < Q; q++) {
        let sum = b[own * Q + q];
        for (let h = 0; h < H; h++) sum += waves[h] * w[(own * H + h) * Q + q];
        out[at + q * F + f] = sum;
      }
    }
  },
  CodeEmbedding(entry, m, row, out, at) {
    const { features, levels, outputs: Q, arrays } = entry;
    const F = features.length;
    const all = levels.reduce((sum, count) => sum + count, 0);
    let first = m * all;
    for (let f = 0; f < F; f++) {
      const w = (first + row[features[f]]) * Q;
      for (let q = 0; q < Q; q++) out[at + q * F + f] = arrays.w[w + q];
      first += levels[f];
    }
  },
};

// `z = a w + b` of a member. Most units after a relu are 0: only the others are multiplied, four at
// a time, so that each sum is read and written once for four products.
function dense(layer, m, a, z) {
  const { inputs, outputs, w, b, active } = layer;
  if (b) z.set(b.subarray(m * outputs, (m + 1) * outputs));
  else z.fill(0);
  let count = 0;
  for (let i = 0; i < inputs; i++) if (a[i] !== 0) active[count++] = i;
  const first = m * inputs * outputs;
  let c = 0;
  for (; c + 3 < count; c += 4) {
    const a0 = a[active[c]];
    const a1 = a[active[c + 1]];
    const a2 = a[active[c + 2]];
    const a3 = a[active[c + 3]];
    const w0 = first + active[c] * outputs;
    const w1 = first + active[c + 1] * outputs;
    const w2 = first + active[c + 2] * outputs;
    const w3 = first + active[c + 3] * outputs;
    for (let j = 0; j < outputs; j++) {
      z[j] += a0 * w[w0 + j] + a1 * w[w1 + j] + a2 * w[w2 + j] + a3 * w[w3 + j];
    }
  }
  for (; c < count; c++) {
    const own = first + active[c] * outputs;
    const value = a[active[c]];
    for (let j = 0; j < outputs; j++) z[j] += value * w[own + j];
  }
}

// A function from rows `x` [N, D] to the outputs of each member, a list of arrays [N, K].
function makeNetwork(network) {
  const { inputs: D, numbers, entries, layers, hidden, last, members } = network;
  const first = new Float64Array(layers[0].inputs);
  const hiddenValues = layers.slice(0, -1).map((layer) => new Float64Array(layer.outputs));
  const activations = hidden.map((name) => eachOf(ACTIVATIONS[name]));
  const K = layers.at(-1).outputs;
  for (const layer of layers) layer.active = new Int32Array(layer.inputs);
  for (const entry of entries) entry.waves = new Float64Array(entry.frequencies ?? 0);
  return (x, N) => {
    const found = [];
    for (let m = 0; m < members; m++) {
      const outputs = new Float64Array(N * K);
      for (let n = 0; n < N; n++) {
        const row = x.subarray(n * D, (n + 1) * D);
        for (let i = 0; i < numbers.length; i++) first[i] = row[numbers[i]];
        let at = numbers.length;
        for (const entry of entries) {
          EMBEDDINGS[entry.kind](entry, m, row, first, at);
          at += entry.features.length * entry.outputs;
        }
        let a = first;
        for (let i = 0; i < hiddenValues.length; i++) {
          dense(layers[i], m, a, hiddenValues[i]);
          a = hiddenValues[i];
          activations[i](a);
        }
        const z = outputs.subarray(n * K, (n + 1) * K);
        dense(layers.at(-1), m, a, z);
        OUTPUTS[last](z);
      }
      found.push(outputs);
    }
    return found;
  };
}
