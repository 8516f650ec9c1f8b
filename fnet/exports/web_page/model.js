// A model from the data of the page: cells of rows in, answers out.

const ARRAYS = { float32: Float32Array, float64: Float64Array };
const HIDDEN_LETTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;
const MAX_SHOWN = 80; // letters of a name

// Numbers from base64, as float64.
function decoded(array) {
  if (array === null) return null;
  const bytes = Uint8Array.from(atob(array.base64), (letter) => letter.charCodeAt(0));
  return Float64Array.from(new ARRAYS[array.dtype](bytes.buffer));
}

function decodedAll(arrays) {
  return Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, decoded(a)]));
}

// A name as it is shown: on one line, controls and marks of direction as escapes, not too long.
function shown(name) {
  const text = String(name);
  if (!strip(text)) return "(blank)";
  const short =
    text.length > MAX_SHOWN
      ? `${text.slice(0, MAX_SHOWN / 2)}…${text.slice(-MAX_SHOWN / 2 + 1)}`
      : text;
  return short.replace(HIDDEN_LETTERS, (letter) => {
    const code = letter.codePointAt(0);
    if (code === 0x200c || code === 0x200d) return letter; // letters of some scripts need them
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
}

// A model that is ready to predict.
function prepare(data) {
  const notation = new Notation(data.notation);
  const columns = data.columns.map((column) => makeColumn(column, notation));
  const network = {
    ...data.network,
    entries: data.network.entries.map((each) => ({ ...each, arrays: decodedAll(each.arrays) })),
    layers: data.network.layers.map((each) => ({
      ...each,
      w: decoded(each.w),
      b: decoded(each.b),
    })),
  };
  const kept = data.conformity && decodedAll(data.conformity.arrays);
  const K = data.network.layers.at(-1).outputs;
  const ofOutputs =
    kept &&
    Array.from({ length: data.conformity.outputs }, (_, k) =>
      prepareScores(kept.scores, kept.weights, data.conformity.width, data.conformity.outputs, k),
    );
  return {
    ...data,
    columns,
    K,
    run: makeNetwork(network),
    scaling: data.scaling && decodedAll(data.scaling),
    conformity: ofOutputs,
    heldOut: kept && kept.weights.reduce((sum, weight) => sum + weight, 0),
    isOfClasses: data.targets === "multiclass" || data.targets === "multilabel",
    isMultilabel: data.targets === "multilabel" && K > 1,
  };
}

// What one row becomes: `{problem, unlike}`. Its D numbers are written into `out` from `at`, which
// are 0. `problem` says why the row cannot be predicted, "" if it can; `unlike` are the columns
// whose cells are far from those of training.
function encodeRow(model, cells, out, at) {
  const first = at;
  const unlike = [];
  for (let c = 0; c < model.columns.length; c++) {
    const column = model.columns[c];
    const value = column.read(cells[c]);
    if (value === undefined) {
      return {
        problem: `${shown(column.name)}: “${shown(cells[c])}” is not ${column.takes}`,
        unlike,
      };
    }
    column.write(value, out, at);
    for (let i = at; i < at + column.width; i++) {
      if (!Number.isFinite(out[i])) {
        const what = Number.isNaN(out[i])
          ? "is empty, which this model does not take"
          : "is too large";
        return { problem: `${shown(column.name)} ${what}`, unlike };
      }
    }
    if (isUnlike(column, value)) unlike.push(column);
    at += column.width;
  }
  scaleRow(model, out, first);
  return { problem: wrongCode(model, out, first), unlike };
}

// Features in the precision in which the network takes them.
function scaleRow(model, out, at) {
  const { network, scaling } = model;
  for (let i = 0; i < network.inputs; i++) {
    let value = model.isFloat32 ? Math.fround(out[at + i]) : out[at + i];
    if (scaling) value = (value - scaling.x_mean[i]) / scaling.x_scale[i];
    out[at + i] = network.isFloat32 || model.isFloat32 ? Math.fround(value) : value;
  }
}

// Why features that are codes of levels are not, or "".
function wrongCode(model, out, at) {
  for (const { features, levels } of model.network.entries) {
    for (let f = 0; levels && f < features.length; f++) {
      const code = out[at + features[f]];
      if (!Number.isInteger(code) || code < 0 || code >= levels[f]) {
        return `feature ${features[f]} must be a whole number from 0 to ${levels[f] - 1}`;
      }
    }
  }
  return "";
}

// Whether a value is far from those of training, by the rule of `fnet/encoding/unlike.py`.
function isUnlike(column, value) {
  if (isGap(value)) return false;
  if (column.knowsAllLevels) return column.findLevel(value) === undefined;
  if (!column.bounds) return false;
  const number = typeof value === "object" ? value.days : value;
  return number < column.bounds[0] || number > column.bounds[1];
}

// The answers for N encoded rows: for each `values`, the mean of the members' outputs, of which
// `probabilities` are made where the model has classes or labels, and `members`, their outputs.
function predict(model, x, N) {
  const { K, scaling } = model;
  const found = model.run(x, N);
  if (scaling && scaling.y_mean) {
    for (const outputs of found) {
      for (let i = 0; i < outputs.length; i++) {
        outputs[i] = outputs[i] * scaling.y_scale[i % K] + scaling.y_mean[i % K];
      }
    }
  }
  return Array.from({ length: N }, (_, n) => {
    const members = found.map((outputs) => outputs.subarray(n * K, (n + 1) * K));
    const values = new Float64Array(K);
    for (const outputs of members) for (let k = 0; k < K; k++) values[k] += outputs[k];
    for (let k = 0; k < K; k++) values[k] /= members.length;
    return { values, members, probabilities: model.isOfClasses ? asClasses(model, values) : null };
  });
}

// The probability of each class or label, given those of the outputs.
function asClasses(model, values) {
  if (model.targets === "multiclass" || model.K > 1) return values;
  return model.classes.length === 1
    ? Float64Array.of(1)
    : Float64Array.of(1 - values[0], values[0]);
}

// The place of the most probable class.
function mostProbable(probabilities) {
  let best = 0;
  for (let k = 1; k < probabilities.length; k++)
    if (probabilities[k] > probabilities[best]) best = k;
  return best;
}

// The largest coverage that the held-out rows can promise.
function mostCoverage(model) {
  return model.conformity ? 1 - 1 / (model.heldOut + 1) : 0;
}

// A function from an answer to its intervals `[lower, upper]`: of each output, or the only one of
// quantiles.
function makeIntervals(model, coverage) {
  const rank = Math.ceil(coverage * (model.heldOut + 1) - 1e-9);
  const own = model.conformity.map((members) => ownScores(members, rank));
  return (answer) =>
    model.conformity.map((members, k) => {
      const last = model.targets === "quantiles" ? model.K - 1 : k;
      const lowest = answer.members.map((outputs) => outputs[k]);
      const highest = answer.members.map((outputs) => outputs[last]);
      const ends = interval(lowest, highest, members, own[k], rank);
      return model.targets === "counts" ? ends.map((end) => Math.max(end, 0)) : ends;
    });
}

// The answer for one row of cells, with `problem` and `unlike` as of `encodeRow`.
function predictRow(model, cells) {
  const x = new Float64Array(model.network.inputs);
  const found = encodeRow(model, cells, x, 0);
  return found.problem ? found : { ...found, ...predict(model, x, 1)[0] };
}
