// Counts what the walk finds. A step that checks nothing has failed, a step after a broken one is
// still tried, and the walk passes only when every step of the list did: nothing can pass unseen.

import assert from "node:assert/strict";

let checks = 0;

// The assertions of node, counted.
export const check = new Proxy(assert, {
  get(target, name) {
    const original = target[name];
    return (...values) => {
      checks += 1;
      return original.apply(target, values);
    };
  },
});

// Runs the steps in order and answers the exit code.
export async function walk(steps, { afterStep, onFailure }) {
  let passed = 0;
  let failed = 0;
  for (const [name, step] of steps) {
    const before = checks;
    const began = Date.now();
    try {
      await step();
      assert.ok(checks > before, "the step checked nothing");
      await afterStep(name);
      passed += 1;
      console.log(`ok      ${name} (${checks - before} checks, ${Date.now() - began} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n        ${String(error.stack ?? error).split("\n").slice(0, 12).join("\n        ")}`);
      await onFailure(name).catch(() => {});
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed === steps.length && passed > 0 ? 0 : 1;
}
