// The closed list of fnet/encoding/steps.py after the first step, as step_functions.py does it.
// Each entry has the `width` of what it writes, and `make(step, notation, isCodes)`: a function
// `(value, out, at)` that returns the value for the next step. Gaps are NaN for numbers, null for
// text and dates, -1 for codes; `isCodes` tells that the value is a code.

const STEPS = {
  Levels: { width: () => 0, make: levelCodes },
  Days: {
    width: () => 0,
    make: () => (date) => (date === null ? NaN : date.days + date.microseconds / MICROSECONDS),
  },
  Fill: {
    width: () => 0,
    make: (step) => (value) => (Number.isNaN(value) ? step.value : value),
  },
  Scale: {
    width: () => 0,
    make: (step) => (value) => (value - step.center) * step.factor,
  },
  Clip: {
    width: () => 0,
    make: (step) => (value) => {
      const size = value * (1 / step.limit);
      return value / Math.sqrt(size * size + 1);
    },
  },
  Missing: {
    width: () => 1,
    make: (step, notation, isCodes) => (value, out, at) => {
      out[at] = Number(isCodes ? value < 0 : isGap(value));
      return value;
    },
  },
  Code: {
    width: () => 1,
    make(step) {
      const codes = new Map(step.levels.map((level, code) => [level, code]));
      return (value, out, at) => {
        out[at] = codes.get(value) ?? codes.size;
        return value;
      };
    },
  },
  Cycle: {
    width: () => 2,
    make: (step) => (date, out, at) => {
      if (date === null) return date;
      const angle = 2 * Math.PI * CYCLES[step.part](date);
      out[at] = Math.sin(angle);
      out[at + 1] = Math.cos(angle);
      return date;
    },
  },
  OneHot: {
    width: (step) => step.size,
    make: () => (code, out, at) => {
      if (code >= 0) out[at + code] = 1;
      return code;
    },
  },
  Contrast: {
    width: () => 1,
    make: () => (code, out, at) => {
      out[at] = code < 0 ? 0 : 2 * code - 1;
      return code;
    },
  },
  Value: {
    width: () => 1,
    make: () => (value, out, at) => {
      out[at] = value;
      return value;
    },
  },
};

// Where a date stands in a cycle, 0 to 1.
const CYCLES = {
  hour: (date) => date.microseconds / MICROSECONDS,
  weekday: (date) => ((((date.days + 3) % 7) + 7) % 7) / 7, // 1970-01-01 was a Thursday
  month: (date) => new Date(date.days * MILLISECONDS).getUTCMonth() / 12,
};

function isGap(value) {
  return value === null || Number.isNaN(value);
}

function levelCodes(step, notation) {
  const find = levelFinder(step, notation);
  return (cell) => (isGap(cell) ? step.gap : (find(cell) ?? step.pool));
}

// A function from a cell to the code of its level; undefined for a cell that is no level.
function levelFinder(step, notation) {
  const known = new Map();
  const numbers = new Map();
  for (let code = step.levels.length - 1; code >= 0; code--) {
    // the first one of a number wins
    const number = notation.levelNumber(step.levels[code]);
    known.set(step.levels[code], code);
    if (number !== undefined) numbers.set(number, code);
  }
  const search = (cell) => {
    const number = notation.levelNumber(cell);
    if (number === undefined) return undefined;
    return known.get(number) ?? known.get(asText(number)) ?? numbers.get(number);
  };
  return (cell) => known.get(cell) ?? search(cell);
}

// A column of a table, ready to be read and written: `write` takes what `read` returns, and writes
// `width` numbers into `out`, which are 0.
function makeColumn(column, notation) {
  const [first, ...others] = column.steps;
  const written = [];
  let width = 0;
  let isCodes = first.step === "Boolean";
  for (const step of others) {
    written.push([STEPS[step.step].make(step, notation, isCodes), width]);
    width += STEPS[step.step].width(step);
    isCodes = isCodes || step.step === "Levels";
  }
  const levels = others.find((step) => step.step === "Levels");
  return {
    ...column,
    width,
    read: READS[first.step](first, notation),
    findLevel: levels ? levelFinder(levels, notation) : null,
    write(value, out, at) {
      for (const [apply, offset] of written) value = apply(value, out, at + offset);
    },
  };
}
