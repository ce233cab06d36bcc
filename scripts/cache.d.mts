export const ROOT: string;
export const CACHE: string;
