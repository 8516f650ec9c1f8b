"use strict";

// Cells as fnet/encoding/cells.py and reading.py read them. A reader takes a cell, which is text or
// a number, and returns its value, `gap`, or undefined for a cell that it refuses.

const BLANK =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const BLANKS_BEFORE = new RegExp(`^${BLANK}`);
const BLANKS_AFTER = new RegExp(`${BLANK}$`);
const MICROSECONDS = 86400e6; // of a day
const MILLISECONDS = 86400e3;

class Notation {
  // `words` are the gaps, booleans, separators and patterns of cells.py.
  constructor(words) {
    this.words = words;
    this.gaps = new Set(words.gaps);
    this.booleans = new Map(Object.entries(words.booleans));
    this.asNumber = this.numberReader({ decimal: ".", thousands: "", unit: "" });
  }

  numberReader(step) {
    const { decimal, unit } = step;
    const thousands = new Map(Object.entries(this.words.thousands)).get(step.thousands);
    const point = decimal === "." ? "\\." : decimal;
    const digits = thousands ? `(?:[1-9][0-9]{0,2}(?:${thousands}[0-9]{3})+|[0-9]+)` : "[0-9]+";
    const number = `[+-]?(?:${digits}(?:${point}[0-9]*)?|${point}[0-9]+)(?:[eE][+-]?[0-9]+)?`;
    const pattern = new RegExp(`^(?:${number})$`);
    const separator = thousands ? new RegExp(thousands, "g") : null;
    const limited = (found) => (Math.abs(found) <= this.words.maxMagnitude ? found : undefined);
    return (cell) => {
      if (typeof cell === "number") return limited(cell);
      let text = cell.replaceAll("\u2212", "-");
      if (unit) text = withoutUnit(text, unit);
      if (!pattern.test(text)) return text === "True" ? 1 : text === "False" ? 0 : undefined;
      if (separator) text = text.replace(separator, "");
      return limited(Number(decimal === "." ? text : text.replace(decimal, ".")));
    };
  }

  booleanReader() {
    return (cell) => {
      const known = typeof cell === "string" ? this.booleans.get(cell.toLowerCase()) : undefined;
      if (known !== undefined) return Number(known);
      const number = this.asNumber(cell);
      return number === 0 || number === 1 ? number : undefined;
    };
  }

  // A date is `{days, microseconds}`: days since 1970 in UTC, and the time of the day.
  dateReader(step) {
    const pattern = new RegExp(`^(?:${this.words.dates[step.format]}${this.words.time})$`);
    return (cell) => {
      const found = typeof cell === "string" ? pattern.exec(cell)?.groups : undefined;
      if (!found) return undefined;
      const days = daysOf(Number(found.y), Number(found.m), Number(found.d));
      const [hour, minute, second] = [found.H, found.M, found.S].map((part) => Number(part ?? 0));
      if (days === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
      const fraction = Number((found.f ?? "").padEnd(6, "0").slice(0, 6));
      const minutes = hour * 60 + minute - zoneMinutes(found.zone);
      const later = Math.floor(minutes / 1440);
      const seconds = (minutes - later * 1440) * 60 + second;
      return { days: days + later, microseconds: seconds * 1e6 + fraction };
    };
  }

  // The number that a cell is or is written as, if float64 tells it from others.
  levelNumber(cell) {
    const number = cell === "True" || cell === "False" ? undefined : this.asNumber(cell);
    return Math.abs(number) <= this.words.maxLevel ? number : undefined;
  }
}

// What the first step of a column does, by its name: `(step, notation)` to a reader.
const READS = {
  Number(step, notation) {
    const read = notation.numberReader(step);
    const gaps = new Set(step.gaps.map((text) => notation.asNumber(text)));
    return reader(step, notation, NaN, (cell) => {
      const number = read(cell);
      return number !== undefined && gaps.has(number) ? NaN : number;
    });
  },
  Boolean: (step, notation) => reader(step, notation, -1, notation.booleanReader()),
  Date: (step, notation) => reader(step, notation, null, notation.dateReader(step)),
  Text: (step, notation) => reader(step, notation, null, asText),
};

function reader(step, notation, gap, parse) {
  const gaps = new Set(step.gaps);
  return (given) => {
    const cell = clean(given);
    return notation.gaps.has(cell) || gaps.has(cell) ? gap : parse(cell);
  };
}

// Text without the blanks that Python strips.
function strip(text) {
  return text.replace(BLANKS_BEFORE, "").replace(BLANKS_AFTER, "");
}

// A cell without blanks around it, and `True` for `true` and `TRUE`.
function clean(cell) {
  if (typeof cell !== "string") return cell;
  const text = strip(cell);
  if (text.length !== 4 && text.length !== 5) return text;
  const lower = text.toLowerCase();
  return lower === "true" ? "True" : lower === "false" ? "False" : text;
}

// A cell as text: a number as Python writes it, `3` for 3.0.
function asText(cell) {
  if (typeof cell === "string") return cell;
  if (Number.isSafeInteger(cell)) return String(cell + 0);
  const size = Math.abs(cell);
  if (size >= 1e-4 && size < 1e16) return String(cell);
  const [digits, exponent] = cell.toExponential().split("e");
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

// A cell without the unit before or after its number; the sign may come before or after it.
function withoutUnit(text, unit) {
  if (text.endsWith(unit)) return text.slice(0, -unit.length).replace(BLANKS_AFTER, "");
  const sign = text[0] === "+" || text[0] === "-" ? text[0] : "";
  const body = text.slice(sign.length).replace(BLANKS_BEFORE, "");
  if (!body.startsWith(unit)) return text;
  return sign + body.slice(unit.length).replace(BLANKS_BEFORE, "");
}

// Days since 1970; undefined where the calendar has no such day.
function daysOf(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() / MILLISECONDS : undefined;
}

// How many minutes a zone is ahead of UTC.
function zoneMinutes(zone) {
  if (zone === undefined || (zone[0] !== "+" && zone[0] !== "-")) return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone[0] === "-" ? -minutes : minutes;
}
