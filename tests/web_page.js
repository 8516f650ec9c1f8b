// Runs the script of a page under node: `node web_page.js PAGE EXPRESSION < INPUT`. The expression
// knows the names of the script, the model as `model` and the input as `input`; what it gives is
// written as JSON, numbers that JSON lacks as text.
const fs = require("node:fs");
const vm = require("node:vm");

const [page, expression] = process.argv.slice(2);
const html = fs.readFileSync(page, "utf-8");
const between = (start) => html.split(start)[1].split("</script>")[0];
globalThis.process = process;
globalThis.input = fs.readFileSync(0, "utf-8");
vm.runInThisContext(between('<script id="program">'));
globalThis.model = vm.runInThisContext("prepare")(
  JSON.parse(between('<script type="application/json" id="data">')),
);
const found = vm.runInThisContext(expression);
const plain = (_, value) => {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value instanceof Map || value instanceof Set ? [...value] : value;
};
process.stdout.write(JSON.stringify(found, plain) ?? "null");
