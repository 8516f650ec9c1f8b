// Tables as CSV: read, predicted in blocks and written.

const DELIMITERS = [",", ";", "\t", "|"];
const BLOCK_ROWS = 256;
const MAX_NAMED = 5; // names in a message

class TableError extends Error {}

// Text from bytes: UTF-8, or UTF-16 with a byte-order mark.
function asTable(bytes) {
  const marks = { "255,254": "utf-16le", "254,255": "utf-16be" };
  const encoding = marks[Array.from(new Uint8Array(bytes.slice(0, 2)))] ?? "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new TableError("The file is not text in UTF-8. Save it as “CSV UTF-8”.");
  }
}

// The rows of a CSV, each a list of cells. A draft ends at a quote that is never closed.
function* csvRows(text, delimiter, isDraft = false) {
  const separator = delimiter.charCodeAt(0);
  const cellEnd = (from) => {
    let end = from;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === separator || code === 10 || code === 13) break;
    }
    return end;
  };
  for (let at = text[0] === "\ufeff" ? 1 : 0; at < text.length;) {
    const cells = [];
    for (;;) {
      let cell = "";
      while (text[at] === '"') {
        // a quote that is doubled begins another part
        let close = text.indexOf('"', at + 1);
        if (close < 0) {
          if (isDraft) return;
          throw new TableError("A quote is never closed.");
        }
        cell += text.slice(at + 1, close);
        at = close + 1;
        if (text[at] === '"') cell += '"';
      }
      const end = cellEnd(at);
      cells.push(cell + text.slice(at, end));
      at = end;
      if (text[at] !== delimiter) break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    yield cells;
  }
}

// A function from the name of a column to its place in a header, or undefined. Blanks around names
// do not matter where only one name differs by them.
function placeFinder(header) {
  const exact = new Map();
  const loose = new Map();
  header.forEach((name, i) => {
    exact.set(name, [...(exact.get(name) ?? []), i]);
    loose.set(strip(name), [...(loose.get(strip(name)) ?? []), i]);
  });
  return (name) => {
    const found = exact.get(name) ?? loose.get(strip(name)) ?? [];
    if (exact.has(name) && found.length > 1)
      throw new TableError(`Columns that are there twice: ${listed([name])}.`);
    return found.length === 1 ? found[0] : undefined;
  };
}

// The delimiter by which a header has most of the columns of a model, and then most columns.
function findDelimiter(model, text) {
  const known = new Set(model.columns.map((column) => strip(column.name)));
  let best = [-1];
  for (const delimiter of DELIMITERS) {
    const { value: header = [] } = csvRows(text, delimiter, true).next();
    const count = model.isNamed ? header.filter((name) => known.has(strip(name))).length : 0;
    const score = count * 1e6 + header.length;
    if (score > best[0]) best = [score, delimiter];
  }
  return best[1];
}

function listed(names) {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return (
    names
      .slice(0, MAX_NAMED)
      .map((name) => `“${shown(name)}”`)
      .join(", ") + more
  );
}

// The place of each column of a model in a header.
function findColumns(model, header) {
  if (!model.isNamed) {
    if (header.length === model.width) return model.columns.map((column) => column.position);
    throw new TableError(
      `The table has ${header.length} columns, and the model takes ${model.width}.`,
    );
  }
  const find = placeFinder(header);
  const places = model.columns.map((column) => find(column.name));
  const missing = model.columns
    .filter((_, i) => places[i] === undefined)
    .map((column) => column.name);
  if (!missing.length) return places;
  const unknown = header.filter((_, i) => !places.includes(i));
  const others = unknown.length ? ` Columns that the model does not know: ${listed(unknown)}.` : "";
  throw new TableError(`Missing columns: ${listed(missing)}.${others}`);
}

// The names of the columns that predictions add, which differ from those of the table.
function addedNames(model, header, coverage) {
  const numbered = (what, count) =>
    count === 1 ? [what] : Array.from({ length: count }, (_, k) => `${what}_${k}`);
  const names =
    model.targets === "multiclass" || (model.isOfClasses && !model.isMultilabel)
      ? ["prediction"]
      : numbered("prediction", model.K);
  if (model.isOfClasses) names.push(...model.classes.map((name) => `probability_${name}`));
  if (coverage) {
    names.push(
      ...numbered("lower", model.conformity.length),
      ...numbered("upper", model.conformity.length),
    );
  }
  names.push("unlike_training", "problem");
  const taken = new Set(header);
  return names.map((name) => {
    let unique = name;
    for (let i = 2; taken.has(unique); i++) unique = `${name}_${i}`;
    taken.add(unique);
    return unique;
  });
}

// The cells that predictions add to a row, but for the last two.
function addedCells(model, answer, intervals) {
  const { values, probabilities } = answer;
  let cells;
  if (model.isMultilabel) cells = Array.from(values, (value) => Number(value > 0.5));
  else if (model.isOfClasses) cells = [model.classes[mostProbable(probabilities)]];
  else cells = [...values];
  if (model.isOfClasses) cells.push(...probabilities);
  if (intervals) {
    const ends = intervals(answer);
    cells.push(...ends.map((end) => end[0]), ...ends.map((end) => end[1]));
  }
  return cells;
}

function csvLine(cells, delimiter) {
  const needsQuotes = new RegExp(`["\\r\\n${delimiter}]`);
  return (
    cells
      .map((cell) => {
        const text = String(cell);
        return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      })
      .join(delimiter) + "\n"
  );
}

// The predictions of a table, block by block: of all blocks, or of those that `{share, shares}`
// leaves to a worker. Each is `{block, header, text, rows, refused, unlike, problems, letters}`:
// lines of CSV, how many rows they are, how many cannot be predicted or have cells unlike those of
// training, the first problems, and about how much of the text they take. A row has the number that
// it has among the rows below the header.
function* predictTable(model, text, { coverage = 0, share = 0, shares = 1 } = {}) {
  const delimiter = findDelimiter(model, text);
  const rows = csvRows(text, delimiter);
  const { value: header = [] } = rows.next();
  const places = findColumns(model, header);
  const added = addedNames(model, header, coverage);
  const intervals = coverage ? makeIntervals(model, coverage) : null;
  const line = csvLine([...header, ...added], delimiter);
  const ignored = model.isNamed ? header.filter((_, i) => !places.includes(i)) : [];
  let block = [];
  let row = 0;
  let number = 0;
  const finish = () => ({
    block: number,
    header: line,
    ignored,
    ...predictBlock(model, block, {
      header,
      places,
      intervals,
      delimiter,
      added,
      first: row - block.length + 1,
    }),
  });
  for (const cells of rows) {
    if (cells.length === 1 && cells[0] === "" && header.length > 1) continue;
    row++;
    if (number % shares === share) block.push(cells);
    if (row % BLOCK_ROWS === 0) {
      if (block.length) yield finish();
      block = [];
      number++;
    }
  }
  if (block.length || (row === 0 && share === 0)) yield finish();
}

function predictBlock(model, rows, { header, places, intervals, delimiter, added, first }) {
  const D = model.network.inputs;
  const x = new Float64Array(rows.length * D);
  const good = [];
  const notes = rows.map((cells, i) => {
    if (cells.length !== header.length) {
      return { problem: `has ${cells.length} cells, and the header ${header.length}`, unlike: [] };
    }
    const at = good.length * D;
    const note = encodeRow(
      model,
      places.map((place) => cells[place]),
      x,
      at,
    );
    if (note.problem) x.fill(0, at, at + D);
    else good.push(i);
    return note;
  });
  const answers = predict(model, x, good.length);
  good.forEach((i, n) => {
    notes[i].answer = answers[n];
    if (!answers[n].values.every(Number.isFinite))
      notes[i].problem = "its prediction is not finite";
  });
  const empty = Array(added.length - 2).fill("");
  const lines = notes.map(({ problem, unlike, answer }, i) => {
    const cells = problem ? empty : addedCells(model, answer, intervals);
    const names = unlike.map((column) => shown(column.name)).join("; ");
    return csvLine([...rows[i], ...cells, names, problem], delimiter);
  });
  const problems = notes
    .map(({ problem }, i) => [first + i, problem])
    .filter(([, problem]) => problem);
  return {
    text: lines.join(""),
    letters: rows.reduce((sum, cells) => sum + cells.length + cells.join("").length, 0),
    rows: rows.length,
    refused: problems.length,
    problems: problems.slice(0, MAX_NAMED),
    unlike: notes.filter((note) => note.unlike.length && !note.problem).length,
  };
}

// What a worker does: it answers a message `{data, text, options}` with messages of blocks, and one
// of an error or of its end.
function serve() {
  self.onmessage = ({ data: { data, text, options } }) => {
    try {
      for (const block of predictTable(prepare(JSON.parse(data)), text, options))
        postMessage(block);
      postMessage({ isEnd: true });
    } catch (error) {
      postMessage({ error: error instanceof TableError ? error.message : `It failed: ${error}` });
    }
  };
}
