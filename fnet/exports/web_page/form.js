// The page: the form with its answer, and tables.

const MAX_WORKERS = 4;
const MAX_FILE = 2 ** 28; // bytes, of which a browser can make one text
const MAX_PROBLEMS = 20;
const get = (id) => document.getElementById(id);

function start() {
  const model = prepare(JSON.parse(get("data").textContent));
  const fields = model.columns.map(makeField);
  const choices = measures(model);
  get("fields").append(...fields.map((field) => field.element));
  fillChoices(model, choices);
  const coverage = () => Number(get("coverage").value);
  const usual = model.columns.map((column) => pointCell(column, column.start));
  const fill = (cells) => {
    fields.forEach((field, i) => field.set(cells[i]));
    update();
  };
  let timer = 0;
  const update = () => {
    clearTimeout(timer);
    const cells = fields.map((field) => field.get());
    const answer = predictRow(model, cells);
    showAnswer(model, answer, coverage());
    showNotes(model, fields, cells, answer);
    if (answer.problem) return;
    const measure = choices[Number(get("effect").value)]?.[1] ?? bestClass(answer);
    timer = setTimeout(() => effectsInSlices([], 0), EFFECT_DELAY);
    const effectsInSlices = (found, c) => {
      const begin = performance.now();
      for (; c < model.columns.length && performance.now() - begin < EFFECT_SLICE; c++) {
        found.push(effectOf(model, cells, c, measure));
      }
      if (c < model.columns.length) timer = setTimeout(() => effectsInSlices(found, c), 0);
      else {
        const format = model.isOfClasses ? percent : (value) => FORMAT.format(value);
        showEffects(get("effects"), found.filter(Boolean), measure(answer), format);
      }
    };
  };
  get("form").addEventListener("input", update);
  get("form").addEventListener("submit", (event) => event.preventDefault());
  get("form").addEventListener("reset", (event) => {
    event.preventDefault();
    get("example").value = "";
    fill(usual);
  });
  get("coverage").addEventListener("input", update);
  get("effect").addEventListener("input", update);
  get("example").addEventListener("input", (event) => {
    event.stopPropagation();
    fill(model.examples[get("example").value] ?? usual);
  });
  acceptFiles((file) => predictFile(model, file, coverage()));
  fill(usual);
}

function bestClass(answer) {
  const best = mostProbable(answer.probabilities);
  return (other) => other.probabilities[best];
}

// The choices of coverages, examples and of what is measured, where there are any.
function fillChoices(model, choices) {
  const most = mostCoverage(model);
  for (const part of COVERAGES.filter((each) => each <= most)) {
    get("coverage").append(
      make(
        "option",
        { value: part, selected: part === USUAL_COVERAGE },
        `${100 * part} % of new rows`,
      ),
    );
  }
  get("coverage-choice").hidden = !get("coverage").length;
  model.examples.forEach((_, i) =>
    get("example").append(make("option", { value: i }, `row ${i + 1}`)),
  );
  get("example-choice").hidden = !model.examples.length;
  choices.forEach(([name], k) => get("effect").append(make("option", { value: k }, shown(name))));
  if (model.targets === "quantiles") get("effect").value = middleOf(model);
  get("effect-choice").hidden = choices.length < 2;
  const what = model.isMultilabel
    ? "the probability of the label"
    : model.isOfClasses
      ? "the probability of the predicted class"
      : "the prediction";
  get("effects-note").textContent = model.columns.some((column) => column.points.length)
    ? `How far ${what} goes while one column takes the values of training, and the others stay.`
    : "The model does not know which values its columns had in training.";
}

function showAnswer(model, answer, coverage) {
  if (answer.problem) {
    get("answer").replaceChildren("–", make("small", {}, `No prediction: ${answer.problem}.`));
    get("details").replaceChildren();
    get("effects").replaceChildren();
    return;
  }
  const [[first, second], lines] = answerOf(model, answer, coverage);
  get("answer").replaceChildren(
    make("bdi", {}, first),
    ...(second ? [make("small", {}, second)] : []),
  );
  get("details").replaceChildren(...lines);
}

// Notes at the fields, and one for the whole: what cannot be read, and what is unlike training.
function showNotes(model, fields, cells, answer) {
  fields.forEach((field, i) => {
    const value = field.column.read(cells[i]);
    const isFar = value !== undefined && isUnlike(field.column, value);
    const why = field.column.knowsAllLevels
      ? "a level that training did not have"
      : "far outside of what training had";
    const text = value === undefined ? `is not ${field.column.takes}` : isFar ? why : "";
    field.note(text, value === undefined);
  });
  const names = answer.unlike.map((column) => column.name);
  get("flags").textContent = names.length
    ? `Unlike training: ${listed(names)}. The prediction may be far off.`
    : "";
}

function acceptFiles(accept) {
  const zone = get("drop");
  const over = (isOver) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", isOver);
  };
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) accept(event.dataTransfer.files[0]);
  });
  get("file").addEventListener(
    "change",
    () => get("file").files.length && accept(get("file").files[0]),
  );
}

let stopFile = () => {};

// Predict a table in workers, each of which has some of its blocks, so that the page stays free.
async function predictFile(model, file, coverage) {
  stopFile();
  if (get("download").href) URL.revokeObjectURL(get("download").href);
  get("download").hidden = true;
  get("problems").replaceChildren();
  get("status").textContent = "Reading…";
  const fail = (message) => {
    stopFile();
    get("progress").hidden = true;
    get("status").textContent = message;
  };
  let text;
  try {
    if (file.size > MAX_FILE)
      throw new TableError(`The file has more than ${MAX_FILE / 2 ** 20} MiB: take it apart.`);
    text = asTable(await file.arrayBuffer());
  } catch (error) {
    fail(error.message);
    return;
  }
  const shares = Math.min(MAX_WORKERS, navigator.hardwareConcurrency || 1);
  const program = new Blob([get("program").textContent, "\nserve();"], { type: "text/javascript" });
  const address = URL.createObjectURL(program);
  const workers = Array.from({ length: shares }, () => new Worker(address));
  stopFile = () => {
    workers.forEach((worker) => worker.terminate());
    URL.revokeObjectURL(address);
    stopFile = () => {};
  };
  const blocks = [];
  const count = { rows: 0, refused: 0, unlike: 0, letters: 0, ended: 0 };
  get("progress").value = 0;
  get("progress").hidden = false;
  workers.forEach((worker, share) => {
    worker.onerror = () => fail("The browser could not run the predictions of the table.");
    worker.onmessage = ({ data: message }) => {
      if (message.error) return fail(message.error);
      if (message.isEnd) {
        if (++count.ended === shares) finishFile(file.name, blocks, count, stopFile());
        return undefined;
      }
      blocks[message.block] = message;
      for (const what of ["rows", "refused", "unlike"]) count[what] += message[what];
      count.letters += message.letters;
      get("progress").value = count.letters / text.length;
      get("status").textContent = `${FORMAT.format(count.rows)} rows…`;
      return undefined;
    };
    worker.postMessage({
      data: get("data").textContent,
      text,
      options: { coverage, share, shares },
    });
  });
}

function finishFile(name, blocks, count) {
  const [{ header, ignored }] = blocks;
  const problems = blocks.flatMap((block) => block.problems).slice(0, MAX_PROBLEMS);
  const mark = "\ufeff"; // by which spreadsheets know UTF-8
  const result = new Blob([mark, header, ...blocks.map((block) => block.text)], {
    type: "text/csv",
  });
  const parts = [`${count.rows.toLocaleString("en")} rows.`];
  if (count.refused) parts.push(`${count.refused.toLocaleString("en")} have no prediction.`);
  if (count.unlike) parts.push(`${count.unlike.toLocaleString("en")} have cells unlike training.`);
  if (ignored.length) parts.push(`Columns that are kept, and not used: ${listed(ignored)}.`);
  get("progress").hidden = true;
  get("status").textContent = parts.join(" ");
  get("problems").replaceChildren(
    ...problems.map(([row, problem]) => make("li", {}, `Row ${row}: ${problem}`)),
  );
  get("download").href = URL.createObjectURL(result);
  get("download").download = `${name.replace(/\.[^.]*$/, "")} predicted.csv`;
  get("download").hidden = false;
}

start();
