// So many people in one process, each with einlass.js: they join, wait and take their passes. Prints for each the place,
// and when they asked for the pass, in milliseconds since 1970.
// node einlass-crowd.js ROOM PEOPLE

import { Agent, request } from "node:http";
import { Einlass } from "../clients/einlass.js";

const [room, people] = [process.argv[2], Number(process.argv[3])];

/** As many connections as a process can have, instead of one for each person. */
const agent = new Agent({ keepAlive: true, maxSockets: 200 });

/** What of `fetch` the module uses. */
function fetch(url, { method, headers, body, signal }) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent, signal }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const { statusCode: status, headers } = answer;
        const json = () => JSON.parse(Buffer.concat(chunks).toString());
        const get = (name) => headers[name] ?? null;
        resolve({ status, ok: status < 300, headers: { get }, json: async () => json() });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const seen = new Set();

/** Gives the place of somebody and when they came. */
async function person() {
  const einlass = new Einlass(room, { fetch, storage: null });
  const joined = await einlass.join({ residence: { postcode: "67346" } });
  seen.add(joined.state);
  const { state, place } = await einlass.wait({ onChange: (waiting) => seen.add(waiting.state) });
  if (state !== "called") throw new Error(`somebody was ${state}`);
  const at = Date.now();
  await einlass.pass();
  return [place, at];
}

const came = await Promise.all(Array.from({ length: people }, person));
for (const state of ["gathering", "waiting", "called"]) {
  if (!seen.has(state)) throw new Error(`nobody was ${state}`);
}
process.stdout.write(`${JSON.stringify(came)}\n`, () => process.exit(0));
