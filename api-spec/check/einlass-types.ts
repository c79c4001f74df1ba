// A page in TypeScript with einlass.js: `tsc` checks that its types are enough.

import { Einlass, EinlassError, standing, type Door, type Pass, type Waiting } from "./einlass.js";

const show = (text: string) => console.log(text);

function told({ state, place, ahead, estimated_wait_s: wait, odds, slowed, status, error }: Waiting): string {
  if (error) return error.title;
  if (state === "waiting") return `${place} ${ahead} ${wait?.low}–${wait?.high} ${odds} ${slowed}`;
  return status?.message?.de ?? state;
}

async function passOf(url: URL, door: Door, signal: AbortSignal): Promise<Pass | null> {
  const room = new Einlass(url, { storage: null, language: "de", stream: true });
  try {
    const joined = room.ticket ?? (await room.join(door, { signal }));
    const stands = await standing(await room.status(), joined);
    show(`${joined.entry} ${stands.state}`);
    const { state } = await room.wait({ signal, onChange: (waiting) => show(told(waiting)) });
    return state === "called" ? await room.pass({ signal }) : null;
  } catch (error) {
    if (!(error instanceof EinlassError)) throw error;
    show(`${error.code} ${error.title} ${error.detail ?? ""} ${error.retryAfterS ?? 0}`);
    return null;
  }
}

await passOf(new URL("https://warten.example/v1/rooms/town"), {}, new AbortController().signal);
