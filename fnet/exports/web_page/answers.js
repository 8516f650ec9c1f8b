// The answer to the form, and what changes it most.

const MAX_LINES = 12; // of probabilities, and of columns that change the answer
const COVERAGES = [0.5, 0.8, 0.9, 0.95, 0.99];
const USUAL_COVERAGE = 0.9;
const EFFECT_DELAY = 120; // milliseconds after the last change of the form
const EFFECT_SLICE = 12; // milliseconds before the page may do something else

const percent = (part) => `${(100 * part).toFixed(1)} %`;

function line(name, amount, part) {
  const bar = make("div", { className: "bar" });
  bar.style.width = `${100 * part}%`;
  return make(
    "div",
    { className: "line" },
    bdi(name),
    make("span", { className: "amount" }, amount),
    make("div", { className: "track" }, bar),
  );
}

// The answer as `[headline, lines]`.
function answerOf(model, answer, coverage) {
  if (model.isOfClasses) return classAnswer(model, answer.probabilities);
  const ends = coverage ? makeIntervals(model, coverage)(answer) : [];
  const between = (k) =>
    ends[k] ? `${FORMAT.format(ends[k][0])} to ${FORMAT.format(ends[k][1])}` : "";
  if (model.K === 1) return [[FORMAT.format(answer.values[0]), between(0)], []];
  const lines = model.outputs.map((name, k) =>
    make(
      "p",
      {},
      bdi(name),
      make(
        "span",
        { className: "amount" },
        FORMAT.format(answer.values[k]),
        ends.length > 1 ? ` (${between(k)})` : "",
      ),
    ),
  );
  const middle = middleOf(model);
  const isQuantiles = model.targets === "quantiles";
  const first = isQuantiles
    ? FORMAT.format(answer.values[middle])
    : Array.from(answer.values, (v) => FORMAT.format(v)).join(", ");
  return [
    [first, isQuantiles ? [model.outputs[middle], between(0)].filter(Boolean).join("; ") : ""],
    lines,
  ];
}

// The quantile that stands for all.
function middleOf(model) {
  return Math.floor((model.K - 1) / 2);
}

function classAnswer(model, probabilities) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const lines = order
    .slice(0, MAX_LINES)
    .map((k) => line(model.classes[k], percent(probabilities[k]), probabilities[k]));
  if (order.length > MAX_LINES)
    lines.push(make("p", { className: "note" }, `and ${order.length - MAX_LINES} more`));
  if (!model.isMultilabel)
    return [
      [shown(model.classes[order[0]]), `probability ${percent(probabilities[order[0]])}`],
      lines,
    ];
  const labels = order.filter((k) => probabilities[k] > 0.5).map((k) => shown(model.classes[k]));
  return [[labels.length ? labels.slice(0, MAX_LINES).join(", ") : "no label", ""], lines];
}

// What an answer is measured by, by name: the number of an output, or a probability.
function measures(model) {
  if (model.isMultilabel)
    return model.classes.map((name, k) => [name, (answer) => answer.values[k]]);
  if (!model.isOfClasses)
    return model.outputs.map((name, k) => [name, (answer) => answer.values[k]]);
  return [];
}

// How far an answer goes while one column takes the values that training had, and the others stay:
// `{column, low, high}`, each end as `[answer, value]`.
function effectOf(model, cells, c, measure) {
  const column = model.columns[c];
  const found = [];
  for (const point of column.points) {
    const changed = [...cells];
    changed[c] = pointCell(column, point);
    const answer = predictRow(model, changed);
    if (!answer.problem) found.push([measure(answer), pointText(column, point)]);
  }
  found.sort((a, b) => a[0] - b[0]);
  return found.length ? { column, low: found[0], high: found.at(-1) } : null;
}

// Show the columns that change an answer most: `own` is the answer itself.
function showEffects(list, effects, own, format) {
  const most = effects
    .sort((a, b) => b.high[0] - b.low[0] - (a.high[0] - a.low[0]))
    .slice(0, MAX_LINES);
  const first = Math.min(own, ...most.map((each) => each.low[0]));
  const span = Math.max(own, ...most.map((each) => each.high[0])) - first || 1;
  const place = (value) => `${(100 * (value - first)) / span}%`;
  list.replaceChildren(
    ...most.map(({ column, low, high }) => {
      const bar = make("div", { className: "bar" });
      bar.style.left = place(low[0]);
      bar.style.width = `${(100 * (high[0] - low[0])) / span}%`;
      const mark = make("div", { className: "mark" });
      mark.style.left = place(own);
      return make(
        "li",
        {},
        bdi(column.name),
        make(
          "span",
          { className: "note" },
          `${format(low[0])} at `,
          make("bdi", {}, low[1]),
          ` to ${format(high[0])} at `,
          make("bdi", {}, high[1]),
        ),
        make("div", { className: "track" }, bar, mark),
      );
    }),
  );
}
