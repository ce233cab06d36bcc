// A file of an export, made piece by piece while it is written.

export interface ExportedFile {
  name: string;
  content: Iterable<string | Uint8Array>;
}
