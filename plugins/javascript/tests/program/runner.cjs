// A test runner: tests are told one by one, asynchronous or not, and counted.
"use strict";
const assert = require("node:assert/strict");
const { inspect } = require("node:util");

const tests = [];

function test(name, work) {
  tests.push({ name, work });
}

async function run({ log = console.log } = {}) {
  const result = { passed: 0, failed: 0 };
  for (const { name, work } of tests) {
    try {
      await Promise.race([
        Promise.resolve().then(work),
        new Promise((_, reject) => setTimeout(reject, 5000, new Error("took too long")).unref()),
      ]);
      result.passed++;
      log(`ok - ${name}`);
    } catch (error) {
      result.failed++;
      log(`not ok - ${name}\n${inspect(error)}`);
    }
  }
  log(`${result.passed} passed, ${result.failed} failed`);
  process.exitCode = result.failed === 0 ? 0 : 1;
  return result;
}

module.exports = { test, run, assert };
