// A typed client of the evaluator's service: paths, bodies and answers are checked by the compiler against
// the service's own routes. Copy it, or run it: deno run --allow-net --allow-env=GHPO_TOKEN client.ts

import { treaty } from "@elysiajs/eden";
import type { routes } from "../app/routes.ts";

/** A client of the service at `address`. */
export function connect(address: string, token: string) {
  return treaty<ReturnType<typeof routes>>(address, { headers: { authorization: `Bearer ${token}` } });
}

/** Whether each completion is right. Throws when the service refuses. */
export async function judge(address: string, token: string, pairs: { gold: string; completion: string }[]) {
  const { data, error } = await connect(address, token).v1.verify.post({ preset: "report", pairs });
  if (error) throw new Error(`Cannot verify as the service answers ${error.status}`);
  return data.results.map(({ verdict }) => verdict === true);
}

if (import.meta.main) {
  const pairs = [{ gold: "1/2", completion: "It is \\boxed{0.5}" }, { gold: "7", completion: "#### 8" }];
  console.log(await judge("http://127.0.0.1:8787", Deno.env.get("GHPO_TOKEN") ?? "", pairs));
}
