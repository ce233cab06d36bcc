// Running other programs: quietly for the set-up steps, transparently for the commands.

import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Progress goes to stderr: stdout belongs to the command that is being set up. */
export function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/**
 * Runs a program to its end and keeps what it printed; `echo` shows it too, as it comes.
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>} code 127 when it cannot start
 */
export function capture(program, args, { cwd, env = process.env, timeout = 300_000, echo = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    // Not spawn's own timeout: after a program that cannot start it keeps this process alive.
    const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => {
        printed[name] += text;
        if (echo) process[name].write(text);
      });
    }
    const settle = (code) => {
      clearTimeout(timer);
      resolve({ code, ...printed });
    };
    child.on("error", (error) => {
      printed.stderr += error.message;
      settle(127);
    });
    child.on("close", (code, signal) => settle(code ?? 128 + constants.signals[signal]));
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
 * a signal reaches this process alone and is passed on, once: npm may deliver the same one twice. When npm
 * itself is killed the child is killed too: it must not keep writing next to a run that resumes it. More `signals` are
 * passed on where asked for; `on.stdout` and `on.stderr` take what the child writes there.
 *
 * With `stop` the child is out of the terminal's reach, and the first signal is not passed on where stop(pid, signal) says
 * that it has done what is needed.
 */
export function hand(program, args, { cwd, env = process.env, signals = [], on = {}, stop } = {}) {
  return new Promise((resolve, reject) => {
    const outputs = ["stdout", "stderr"];
    const stdio = [stop ? "ignore" : "inherit", ...outputs.map((name) => on[name] ? "pipe" : "inherit")];
    const child = spawn(program, args, { cwd, env, stdio, detached: stop !== undefined });
    for (const name of outputs) child[name]?.setEncoding("utf8").on("data", on[name]);
    let passedOn = 0;
    const passOn = (signal) => {
      const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
      if (signal === "SIGINT" && atTerminal && !stop) return;
      if (Date.now() - passedOn < 1000) return;
      const isFirst = passedOn === 0;
      passedOn = Date.now();
      if ((isFirst || signals.includes(signal)) && stop?.(child.pid, signal)) return;
      child.kill(signal);
    };
    const passed = ["SIGINT", "SIGTERM", "SIGHUP", ...signals];
    for (const signal of passed) process.on(signal, passOn);
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event && process.ppid !== parent) child.kill("SIGKILL");
    }, 200);
    const done = () => {
      clearInterval(watch);
      for (const signal of passed) process.off(signal, passOn);
    };
    child.on("error", (error) => {
      done();
      reject(error);
    });
    child.on("close", (code, signal) => {
      done();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
