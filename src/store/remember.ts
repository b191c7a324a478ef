/** Asks once per key and remembers the answer, whatever else is said with it; a question that failed may be asked again. */
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
