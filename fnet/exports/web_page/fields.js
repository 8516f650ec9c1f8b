"use strict";

// The controls of the form: for each column an object with its `element`, `get()`, which returns
// the cell that it shows, `set(cell)`, and `note(text)`, which says what is wrong with it.

const MAX_CHOICES = 30; // levels of a list; more are text with suggestions
const MAX_SUGGESTED = 1000;
const FORMAT = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "list") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

// A name by itself, so that its direction changes nothing around it.
function bdi(name) {
  return make("bdi", {}, shown(name));
}

function makeField(column, i) {
  const id = `field-${i}`;
  const control = CONTROLS[controlOf(column)](column, id);
  const hint = make("p", { id: `${id}-hint`, className: "hint" });
  control.main.id = id;
  control.main.setAttribute("aria-describedby", hint.id);
  const usual = hintOf(column);
  return {
    column,
    ...control,
    element: make(
      "div",
      { className: "field" },
      make("label", { htmlFor: id }, bdi(column.name)),
      ...control.elements,
      hint,
    ),
    note(text, isWrong) {
      hint.textContent = text || usual;
      hint.classList.toggle("warning", Boolean(text));
      control.main.setAttribute("aria-invalid", String(isWrong));
    },
  };
}

function controlOf(column) {
  if (column.control === "levels") return column.levels.length <= MAX_CHOICES ? "choice" : "text";
  return column.control;
}

// What the form says below a control.
function hintOf(column) {
  const hints = [];
  if (column.range) hints.push(column.range.map((end) => pointText(column, end)).join(" to "));
  if (column.levels.length > MAX_CHOICES)
    hints.push(`${FORMAT.format(column.levels.length)} levels`);
  if (column.hasGaps && controlOf(column) !== "choice") hints.push("empty if not known");
  return hints.join("; ");
}

const CONTROLS = {
  number(column) {
    const main = make("input", { type: "number", step: "any", autocomplete: "off" });
    const get = () =>
      main.validity.badInput ? "(not a number)" : main.value && main.valueAsNumber;
    if (!column.range || column.range[0] === column.range[1]) {
      return { main, elements: [main], get, set: (cell) => (main.value = numberOf(column, cell)) };
    }
    const [min, max] = column.range;
    const slider = make("input", {
      type: "range",
      min,
      max,
      step: "any",
      "aria-label": `${shown(column.name)}, slider`,
    });
    slider.addEventListener("input", () => {
      main.value = Number(slider.valueAsNumber.toFixed(column.digits));
    });
    const follow = () => (slider.value = main.value === "" ? column.start : main.value);
    main.addEventListener("input", follow);
    return {
      main,
      elements: [main, slider],
      get,
      set(cell) {
        main.value = numberOf(column, cell);
        follow();
      },
    };
  },

  choice(column) {
    const main = make("select");
    column.levels.forEach((level, i) => main.append(make("option", { value: i }, shown(level))));
    const unseen = unseenLevel(column);
    if (unseen) main.append(make("option", { value: "another" }, "another value"));
    main.append(make("option", { value: "" }, "not known"));
    return {
      main,
      elements: [main],
      get: () => ({ "": "", another: unseen })[main.value] ?? column.levels[Number(main.value)],
      set(cell) {
        const value = column.read(cell);
        const code = (found) =>
          column.findLevel && !isGap(found) ? column.findLevel(found) : found;
        const place = column.levels.findIndex((level) => code(column.read(level)) === code(value));
        const isKnown = !isGap(value) && value !== -1 && value !== undefined;
        main.value = !isKnown ? "" : place >= 0 ? place : "another";
      },
    };
  },

  text(column, id) {
    const list = make("datalist", { id: `${id}-levels` });
    for (const level of column.levels.slice(0, MAX_SUGGESTED))
      list.append(make("option", { value: level }));
    const main = make("input", { type: "text", autocomplete: "off", list: list.id });
    return {
      main,
      elements: [main, list],
      get: () => main.value,
      set: (cell) => (main.value = cell),
    };
  },

  date: (column) => dateControl(column, "date"),
  time: (column) => dateControl(column, "datetime-local"),
};

function dateControl(column, type) {
  const main = make("input", { type, step: "any" });
  return {
    main,
    elements: [main],
    get: () => (main.validity.badInput ? "(not a date)" : dateCell(column, main.value)),
    set(cell) {
      const date = column.read(cell);
      if (!date) {
        main.value = "";
        return;
      }
      const moment = new Date(date.days * MILLISECONDS + date.microseconds / 1000).toISOString();
      main.value = type === "date" ? moment.slice(0, 10) : moment.slice(0, 16);
    },
  };
}

// A date of ISO 8601 as a column writes it.
function dateCell(column, text) {
  if (!text) return "";
  const [day, time = ""] = text.split("T");
  const [year, month, number] = day.split("-");
  const written = column.steps[0].format
    .replace("YYYY", year)
    .replace("MM", month)
    .replace("DD", number);
  return time ? `${written} ${time}` : written;
}

// A cell as a number for a control.
function numberOf(column, cell) {
  const value = column.read(cell);
  return value === undefined || Number.isNaN(value) ? "" : value;
}

// A level that training had not, or null for a column without levels.
function unseenLevel(column) {
  if (!column.findLevel) return null;
  let text = "another value";
  while (column.findLevel(text) !== undefined) text += "'";
  return column.read(text) === undefined ? null : text;
}

// What `points`, `range` and `start` hold as a cell: dates are days there.
function pointCell(column, point) {
  if (point === null) return "";
  if (column.steps[0].step !== "Date") return point;
  const moment = new Date(Math.floor(point * MILLISECONDS)).toISOString();
  return dateCell(column, moment.slice(0, column.control === "time" ? 16 : 10));
}

function pointText(column, point) {
  if (column.steps[0].step === "Date") {
    return new Date(Math.floor(point * MILLISECONDS)).toISOString().slice(0, 10);
  }
  return typeof point === "number" && column.control === "number"
    ? FORMAT.format(point)
    : shown(point);
}
