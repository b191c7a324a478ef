/** Calls the function once per key (its first argument) and remembers the result; failures are not remembered. */
export function remember<T, More extends unknown[] = []>(
  ask: (key: string, ...more: More) => Promise<T>,
): (key: string, ...more: More) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key, ...more) => {
    const known = answers.get(key);
    if (known) return known;
    const answer = ask(key, ...more);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
