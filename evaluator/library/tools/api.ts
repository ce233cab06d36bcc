// deno run -A evaluator/library/tools/api.ts > evaluator/library/api.txt
// The declarations that a program which imports @ghpo/evaluator sees: what the snapshot test compares.

import { fileURLToPath } from "node:url";

/** The declarations of a packed and unpacked library. */
export function declarations(installed: string): string {
  return ["mod", "library/evaluate", "library/benchmarks", "library/sources"].map((name) =>
    `// ${name}\n${Deno.readTextFileSync(`${installed}/dist/evaluator/${name}.d.ts`)}`
  ).join("\n");
}

/** Packs the library as npm does, and unpacks it into a folder. */
export async function install(folder: string, installed: string): Promise<void> {
  const source = fileURLToPath(import.meta.resolve("../../package"));
  await run("npm", ["pack", "--pack-destination", folder], source);
  Deno.mkdirSync(installed, { recursive: true });
  const [tarball] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tgz"));
  await run("tar", ["xzf", `${folder}/${tarball?.name}`, "-C", installed, "--strip-components=1"], folder);
}

async function run(program: string, args: string[], cwd: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args, cwd, stdout: "null" }).output();
  if (code !== 0) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr)}`);
}

if (import.meta.main) {
  const folder = Deno.makeTempDirSync();
  await install(folder, `${folder}/installed`);
  console.log(declarations(`${folder}/installed`).trimEnd());
  Deno.removeSync(folder, { recursive: true });
}
