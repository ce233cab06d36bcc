// Mutual exclusion at a policy's learner, for work that must not come between a forward pass and its backward.

/** The last work that was begun on each policy. */
const last = new WeakMap<object, Promise<unknown>>();

/** Runs work once all that was asked for before it on this policy has ended. */
export function runExclusive<T>(policy: object, work: () => Promise<T>): Promise<T> {
  const before = last.get(policy) ?? Promise.resolve();
  const own = before.then(work, work);
  last.set(policy, own.catch(() => {}));
  return own;
}
