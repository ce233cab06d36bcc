// Errors on their way to other ranks: those that a caller tells apart keep their class.

import { DeviceLostError } from "#shared/engine/gpu/device.ts";
import { NonFiniteError } from "../run/nonfinite.ts";

export interface SentError {
  name: string;
  message: string;
  detail?: Record<string, unknown>;
}

export function toSent(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  return { name, message, ...(error instanceof NonFiniteError && { detail: error.detail }) };
}

/** The error as all ranks throw it. Its message begins with the rank that it happened on; null: it did on all. */
export function fromSent({ name, message, detail }: SentError, rank: number | null): Error {
  const text = rank === null ? message : `rank ${rank}: ${message}`;
  if (name === "DeviceLostError") return new DeviceLostError(text);
  if (name !== "NonFiniteError") return new Error(text);
  const error = new NonFiniteError("", 0, detail);
  error.message = text;
  return error;
}
