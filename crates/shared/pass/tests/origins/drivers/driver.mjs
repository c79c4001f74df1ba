import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { verifyPass } = await import(pathToFileURL(process.argv[2]));
const [keySet, issuer, audience, ...cases] = readFileSync(0, "utf8").trimEnd().split("\n");
for (const line of cases) {
  const [now, token] = line.split(" ");
  try {
    const claims = verifyPass(token, JSON.parse(keySet), issuer, audience, Number(now));
    console.log(`accepted ${claims.jti} ${claims.seats}`);
  } catch (error) {
    console.log(error.message === "unknown key" ? "unknown key" : "refused");
  }
}
