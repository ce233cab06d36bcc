// The address keeps the whole state of the page, so that a reload or a colleague sees the same: #VIEW?SETTING=VALUE&...
// Settings that are at their default are left out.

function params() {
  return new URLSearchParams(location.hash.split("?")[1] ?? "");
}

function hashOf(view, settings) {
  const query = String(settings);
  return query === "" ? `#${view}` : `#${view}?${query}`;
}

function merged(settings) {
  const all = params();
  for (const [name, value] of Object.entries(settings)) {
    if (value === null || value === undefined || value === "" || value === false) all.delete(name);
    else all.set(name, value === true ? "1" : String(value));
  }
  return all;
}

/** The view that the address names; "" for none. */
export function viewInAddress() {
  return location.hash.slice(1).split("?")[0];
}

/** A setting as the address has it; "" for none. */
export function setting(name) {
  return params().get(name) ?? "";
}

/** Puts settings into the address without a step for the back button. */
export function keep(settings) {
  history.replaceState(null, "", hashOf(viewInAddress() || "charts", merged(settings)));
}

/** Goes to a view, with settings; the back button comes back. */
export function go(view, settings = {}) {
  location.hash = hashOf(view, merged(settings));
}
