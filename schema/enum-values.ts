/** The values of an enum type for a list of words: `used-up` is `USED_UP` in GraphQL. */
export const upperCased = <Word extends string>(words: readonly Word[], descriptions: Partial<Record<Word, string>> = {}) =>
  Object.fromEntries(
    words.map((word) => [word.toUpperCase().replaceAll('-', '_'), { value: word, description: descriptions[word] }]),
  ) as Record<string, { value: Word; description: string | undefined }>
