// Prints, for a shell to evaluate, what the set-up adds to the environment: the driver and where it is.

import { setUp } from "../setup.mjs";

const env = await setUp();
for (const [name, value] of Object.entries(env)) {
  if (value !== process.env[name]) console.log(`export ${name}='${String(value).replaceAll("'", "'\\''")}'`);
}
