import { createPublicKey, verify } from "node:crypto";

export function verifyPass(token, keySet, issuer, audience, now = Date.now() / 1000) {
  const refuseIf = (wrong, why) => { if (wrong) throw new Error(why); };
  const parts = token.split(".");
  refuseIf(token.length > 2048 || parts.length !== 3, "not a signed JWT");
  const [header, body, signature] = parts.map((part) => Buffer.from(part, "base64url"));
  const { alg, typ, kid, crit } = JSON.parse(header);
  refuseIf(alg !== "EdDSA", "another algorithm");
  refuseIf(typ !== "adm+jwt" || crit !== undefined, "not a pass");
  const jwk = keySet.keys.find((key) => key.kid === kid);
  refuseIf(!jwk, "unknown key");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  refuseIf(!verify(null, Buffer.from(`${parts[0]}.${parts[1]}`), key, signature), "bad signature");
  const claims = JSON.parse(body);
  const { iss, aud, jti, iat, nbf, exp, ags, seats, sub } = claims;
  const is = (value, form) => typeof value === "string" && form.test(value);
  refuseIf(!is(jti, /^[0-9a-f]{32}$/) || !is(ags, /^[0-9]{8}$/), "bad claims");
  refuseIf(sub !== undefined && !is(sub, /^[\w-]{22}$/), "bad claims");
  refuseIf(![iat, nbf, exp].every(Number.isInteger) || exp <= iat, "bad claims");
  refuseIf(![1, 2, 3, 4].includes(seats), "bad claims");
  refuseIf(iss !== issuer, "another issuer");
  refuseIf(aud !== audience, "another campaign");
  refuseIf(nbf > now + 5 || now >= exp + 5, "not valid now");
  return claims;
}
