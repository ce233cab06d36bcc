// Running other programs: quietly for the set-up steps, transparently for the commands.

import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Progress goes to stderr: stdout belongs to the command that is being set up. */
export function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/**
 * Runs a program to its end and keeps what it printed.
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>} code 127 when it cannot start
 */
export function capture(program, args, { cwd, env = process.env, timeout = 300_000 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      timeout,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => stdout += chunk);
    child.stderr.on("data", (chunk) => stderr += chunk);
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on(
      "close",
      (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal], stdout, stderr }),
    );
  });
}

/** As `capture`, but a failure is an error with the last line that the program wrote. */
export async function mustRun(what, program, args, options) {
  const result = await capture(program, args, options);
  if (result.code !== 0) {
    const lines = `${result.stdout}\n${result.stderr}`.trim().split("\n");
    throw new Error(
      `Cannot ${what} as ${program} ended with code ${result.code}: ${lines.slice(-3).join(" | ")}`,
    );
  }
  return result.stdout;
}

/**
 * Hands stdin, stdout, stderr and signals to a program and resolves with its exit code.
 *
 * A terminal sends Ctrl-C to the whole foreground group, so the child has it already; without a terminal
 * a signal reaches this process alone and is passed on, once: npm may deliver the same one twice.
 */
export function hand(program, args, { cwd, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: "inherit" });
    let passedOn = 0;
    const listeners = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
      const listener = () => {
        const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
        if (signal === "SIGINT" && atTerminal) return;
        if (Date.now() - passedOn < 1000) return;
        passedOn = Date.now();
        child.kill(signal);
      };
      process.on(signal, listener);
      return [signal, listener];
    });
    const done = (settle) => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
      settle();
    };
    child.on("error", (error) => done(() => reject(error)));
    child.on("close", (code, signal) => done(() => resolve(code ?? 128 + constants.signals[signal])));
  });
}
