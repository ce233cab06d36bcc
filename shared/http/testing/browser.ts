// A headless Chromium for tests, spoken to over the DevTools protocol: no driver to install. For Bun and Deno.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** The browser of this machine, or null. */
export function findChromium(): string | null {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync) ?? null;
}

type Answer = { result?: { value?: unknown }; exceptionDetails?: { exception?: { description?: string } } };

export class Browser implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #console: string[] = [];
  #session = "";
  #onLoad = () => {};
  #last = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data))));
  }

  /** Starts a browser with one empty page. */
  static async start(program: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "ghpo-chromium-"));
    const flags = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
    ];
    const args = [...flags, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
    const env = { PATH: process.env["PATH"], HOME: profile }; // Deno may not read the rest, and no test should depend on it
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env });
    const socket = new WebSocket(await addressIn(child.stderr!));
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("Cannot reach the browser")));
    });
    const browser = new Browser(child, profile, socket);
    const { targetId } = await browser.#send("Target.createTarget", { url: "about:blank" }) as {
      targetId: string;
    };
    const attached = await browser.#send("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = (attached as { sessionId: string }).sessionId;
    await browser.#send("Page.enable");
    await browser.#send("Runtime.enable");
    return browser;
  }

  /** What the page wrote to its console as errors, exceptions among them. */
  get errors(): readonly string[] {
    return this.#console;
  }

  /** A window of the given size, and how the system's theme looks to the page. */
  async display(width: number, height: number, theme: "light" | "dark"): Promise<void> {
    const mobile = width < 600;
    await this.#send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    await this.#send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: theme }],
    });
  }

  /** Leaves the page for another and waits until that is loaded. */
  async open(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#onLoad = resolve);
    await this.#send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    const { result, exceptionDetails } = answer as Answer;
    if (exceptionDetails) throw new Error(`In the page: ${exceptionDetails.exception?.description}`);
    return result?.value as T;
  }

  /** Waits until an expression is true. */
  async until(expression: string, patience = 20_000): Promise<void> {
    const end = performance.now() + patience;
    while (!await this.evaluate<boolean>(`Boolean(document.body && (${expression}))`)) {
      if (performance.now() > end) throw new Error(`Waited in vain for ${expression}`);
      await sleep(30);
    }
  }

  /** Clicks at the middle of an element as a mouse does, once it is there and after scrolling to it. */
  async click(selector: string): Promise<void> {
    const [x, y] = await this.place(selector, 0.5, 0.5);
    await this.#mouse("mousePressed", x, y, 1);
    await this.#mouse("mouseReleased", x, y, 1);
  }

  /** Clicks at a point of an element, in shares of its size. */
  async clickAt(selector: string, across: number, down: number): Promise<void> {
    const [x, y] = await this.place(selector, across, down);
    await this.#mouse("mouseMoved", x, y, 0);
    await this.#mouse("mousePressed", x, y, 1);
    await this.#mouse("mouseReleased", x, y, 1);
  }

  /** Moves the mouse to a point of an element, in shares of its size. */
  async hover(selector: string, across: number, down: number): Promise<void> {
    const [x, y] = await this.place(selector, across, down);
    await this.#mouse("mouseMoved", x - 3, y, 0);
    await this.#mouse("mouseMoved", x, y, 0);
  }

  /** Files that the page saves go into a folder. */
  async saveInto(folder: string): Promise<void> {
    await this.#send("Page.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  }

  /** Drags over an element, from and to in shares of its width; `halfway` is awaited with the button down. */
  async drag(selector: string, from: number, to: number, halfway = async () => {}): Promise<void> {
    const [x, y, width] = await this.place(selector, from, 0.5);
    const end = x + (to - from) * width;
    await this.#mouse("mouseMoved", x, y, 0);
    await this.#mouse("mousePressed", x, y, 1);
    await this.#mouse("mouseMoved", (x + end) / 2, y, 1);
    await halfway();
    await this.#mouse("mouseMoved", end, y, 1);
    await this.#mouse("mouseReleased", end, y, 1);
  }

  async press(key: string): Promise<void> {
    await this.#send("Input.dispatchKeyEvent", {
      type: "keyDown",
      key,
      ...(key.length === 1 && { text: key }),
    });
    await this.#send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  /** A point in an element, in pixels of the window, and the element's width. Waits until it is there and stands still. */
  async place(selector: string, across: number, down: number): Promise<[number, number, number]> {
    await this.until(`document.querySelector(${JSON.stringify(selector)})`); // a page draws in its next frame only
    return await this.evaluate(`(async () => {
      let last = "";
      for (const end = performance.now() + 20_000; performance.now() < end;) {
        const node = document.querySelector(${JSON.stringify(selector)});
        if (node) {
          node.scrollIntoView({ block: "center" });
          const box = node.getBoundingClientRect();
          const place = [box.x + box.width * ${across}, box.y + box.height * ${down}, box.width];
          if (String(place) === last) return place;
          last = String(place); // charts that are still being drawn move what is below them
        }
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
      }
      throw new Error("It does not stand still: " + ${JSON.stringify(selector)});
    })()`);
  }

  /** The page, or all of it that needs scrolling, as a PNG file. */
  async screenshot(path: string, whole = false): Promise<void> {
    const height = whole ? await this.evaluate<number>("document.documentElement.scrollHeight") : 0;
    const width = await this.evaluate<number>("innerWidth");
    const clip = whole ? { clip: { x: 0, y: 0, width, height, scale: 1 }, captureBeyondViewport: true } : {};
    const { data } = await this.#send("Page.captureScreenshot", { format: "png", ...clip }) as {
      data: string;
    };
    writeFileSync(path, data, "base64");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #mouse(type: string, x: number, y: number, buttons: number): Promise<void> {
    const button = type === "mouseMoved" && buttons === 0 ? "none" : "left";
    await this.#send("Input.dispatchMouseEvent", { type, x, y, button, buttons, clickCount: 1 });
  }

  #send(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#last;
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive(
    message: {
      id?: number;
      result?: unknown;
      error?: { message: string };
      method?: string;
      params?: unknown;
    },
  ) {
    const waiting = this.#waiting.get(message.id ?? -1);
    if (waiting) {
      this.#waiting.delete(message.id!);
      if (message.error) waiting.reject(new Error(message.error.message));
      else waiting.resolve(message.result);
    } else if (message.method === "Page.loadEventFired") {
      this.#onLoad();
    } else if (message.method === "Runtime.exceptionThrown") {
      this.#console.push(JSON.stringify(message.params).slice(0, 500));
    } else if (
      message.method === "Runtime.consoleAPICalled" && JSON.stringify(message.params).includes('"error"')
    ) {
      this.#console.push(JSON.stringify(message.params).slice(0, 500));
    }
  }
}

/** The address that Chromium writes when it listens. */
function addressIn(stderr: NonNullable<ChildProcess["stderr"]>): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    // Read to the end, so that the browser is never held up by what it says later.
    stderr.setEncoding("utf8").on("data", (chunk: string) => {
      text = (text + chunk).slice(-10_000);
      const found = /DevTools listening on (ws:\S+)\s/.exec(text)?.[1];
      if (found) resolve(found);
    });
    stderr.on("end", () => reject(new Error(`Cannot start the browser: ${text.trim().slice(-300)}`)));
  });
}
