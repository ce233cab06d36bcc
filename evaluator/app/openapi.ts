// The OpenAPI document, made from the same schemas that check the requests, and a page that shows it without
// loading anything from anywhere.

import { escapeHtml } from "#shared/text/format.ts";
import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { TITLES } from "#shared/http/http_error.ts";
import { operations } from "./operations.ts";
import { Problem, RESPONSES } from "./responses.ts";

let document: Record<string, unknown> | undefined;

/** The OpenAPI 3.1 document, made once. */
export function openApi(): Record<string, unknown> {
  return document ??= makeDocument();
}

function makeDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (
    const { method, path, summary, request, rule, media = "application/json", open } of operations
  ) {
    const response = RESPONSES[path];
    const parameters = path.includes("{id}")
      ? [{ name: "id", in: "path", required: true, schema: { type: "string", pattern: "^[0-9a-f]{32}$" } }]
      : [];
    const content = media === "application/json" && response
      ? { [media]: { schema: schemaOf(response) } }
      : { [media]: {} };
    const problem = (status: number) => ({
      description: TITLES[status],
      content: { "application/problem+json": { schema: schemaOf(Problem) } },
    });
    (paths[path] ??= {})[method] = {
      summary,
      operationId: `${method}${path.replaceAll(/[^a-z]+(.)?/g, (_, c: string = "") => c.toUpperCase())}`,
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(request
        ? {
          requestBody: {
            required: true,
            content: { "application/json": { schema: { ...schemaOf(request), ...rule } } },
          },
        }
        : {}),
      responses: {
        200: { description: "Success", content },
        ...Object.fromEntries(problemsOf(path, open, request).map((status) => [status, problem(status)])),
        default: problem(500),
      },
      security: open ? [] : [{ bearer: [] }],
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "GHPO evaluator",
      version: "0.1.0",
      description: "Verifies and scores answers to math problems",
    },
    paths,
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  };
}

/** Statuses of the problems that an operation may answer. */
function problemsOf(path: string, open: true | undefined, request: v.GenericSchema | undefined): number[] {
  return [
    ...(open ? [] : [401, 429]),
    ...(request ? [400, 413, 415, 422] : []),
    ...(path === "/v1/evaluations" ? [403] : []),
    ...(path.includes("{id}") ? [404, 409] : []),
  ];
}

function schemaOf(schema: v.GenericSchema): Record<string, unknown> {
  // Checks that JSON Schema cannot state (an interval's order) are left out, not refused.
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore",
    overrideSchema: ({ jsonSchema }) => listOfAlike(jsonSchema),
  });
  return rest;
}

/** A tuple of entries that are all alike as a list of that length, which more tools read than `prefixItems`. */
function listOfAlike(schema: JsonSchema): JsonSchema | undefined {
  const entries = schema.prefixItems;
  if (!entries || new Set(entries.map((entry) => JSON.stringify(entry))).size !== 1) return undefined;
  const { prefixItems: _, ...rest } = schema;
  return { ...rest, items: entries[0]!, minItems: entries.length, maxItems: entries.length };
}

/** The page of the document: every operation with its schemas. */
export function docsPage(): string {
  const sections = operations.map(({ method, path, summary, request, open, example }) => `
    <section><h2><code>${method.toUpperCase()} ${path}</code></h2><p>${escapeHtml(summary)}${
    open ? "" : " (bearer token)"
  }</p><pre tabindex="0"><code>${escapeHtml(curl(method, path, open, example))}</code></pre>${
    detail("Request", request)
  }${detail("Response", RESPONSES[path])}</section>`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>GHPO evaluator: the API</title>
<meta name="viewport" content="width=device-width">
<style>:root{color-scheme:light dark;background:Canvas;color:CanvasText}body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}
pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:6px;font-size:13px}h2{font-size:1.1rem;margin-top:2rem}</style>
<h1>GHPO evaluator</h1><p>The same as <a href="openapi.json">OpenAPI 3.1</a>.</p>${sections.join("")}</html>`;
}

/** The operation as a command line; ADDRESS and TOKEN are the reader's to set. */
function curl(method: string, path: string, open: true | undefined, example: unknown): string {
  const lines = [
    `curl "$ADDRESS${path.replace("{id}", "$ID")}"`,
    ...(open ? [] : ['-H "authorization: Bearer $GHPO_TOKEN"']),
    ...(method === "post"
      ? ['-H "content-type: application/json"', `-d '${JSON.stringify(example ?? {})}'`]
      : []),
    ...(path.endsWith("/next") ? ["--no-buffer"] : []),
  ];
  return lines.join(" \\\n  ");
}

function detail(title: string, schema: v.GenericSchema | undefined): string {
  if (!schema) return "";
  const json = escapeHtml(JSON.stringify(schemaOf(schema), null, 2));
  return `<details><summary>${title}</summary><pre tabindex="0">${json}</pre></details>`;
}
