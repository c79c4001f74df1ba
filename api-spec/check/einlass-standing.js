// Computes with einlass.js where each ticket of the vectors stands, and compares with what the room says of it.
// node einlass-standing.js VECTORS.json …

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { standing } from "../clients/einlass.js";

const states = new Map();
for (const file of process.argv.slice(2)) {
  for (const { name, status, tickets } of JSON.parse(await readFile(file, "utf8"))) {
    for (const vector of tickets) {
      const { opening, ...computed } = await standing(status, vector.ticket);
      assert.deepEqual(computed, vector.standing, `${name}: ${JSON.stringify(vector)}`);
      states.set(computed.state, (states.get(computed.state) ?? 0) + 1);
    }
  }
}
for (const state of ["gathering", "waiting", "called", "closed"]) {
  assert.ok(states.has(state), `no ticket is ${state}`);
}
console.log("computed");
