/** A letter at the start of a word, and letters in a row, make a better match. */
const startOfWord = 8
const inARow = 5
const gap = 1

const isStart = (text: string, index: number): boolean => index === 0 || /[^\p{L}\p{N}]/u.test(text[index - 1] ?? '')

/** How well the letters of `word` are found in `text`, in their order. Undefined if they are not. */
function scoreOfWord(word: string, text: string): number | undefined {
  const whole = text.indexOf(word)
  if (whole >= 0) return word.length * inARow + (isStart(text, whole) ? 2 * startOfWord : 0) + (whole === 0 ? startOfWord : 0)
  let score = 0
  let from = 0
  let before = -1
  for (const letter of word) {
    const at = text.indexOf(letter, from)
    if (at < 0) return undefined
    score += at === before + 1 && before >= 0 ? inARow : isStart(text, at) ? startOfWord / 2 : -gap
    before = at
    from = at + 1
  }
  // Letters scattered over a long text say nothing.
  return score > 0 ? score : undefined
}

/** How well a text matches what someone types: every word must be found. Undefined if one is not. Shorter texts are better. */
export function fuzzyScore(query: string, text: string): number | undefined {
  const target = text.toLowerCase()
  let sum = 0
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const score = scoreOfWord(word, target)
    if (score === undefined) return undefined
    sum += score
  }
  return sum - text.length / 50
}
