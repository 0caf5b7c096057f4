/** Longer than any line Docker sends. Keeps a stream without line ends from filling the memory. */
const longestLine = 1024 * 1024

/**
 * Splits text that arrives in chunks into lines at LF, CR LF or a lone CR (used by progress displays). Skips blank lines, unless
 * they are part of a document: a blank line within a YAML string is a line feed.
 */
export function createLineSplitter(
  onLine: (line: string) => void,
  { isDocument = false } = {},
): { push(chunk: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder()
  let rest = ''
  const take = (text: string): void => {
    const lines = (rest + text).split(isDocument ? /\r?\n/ : /[\r\n]+/)
    rest = (lines.pop() ?? '').slice(0, longestLine)
    for (const line of lines) if (isDocument || line.trim() !== '') onLine(line)
  }
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => take(`${decoder.decode()}\n`),
  }
}

/** Parses a stream with one JSON value per line. Skips lines that are not JSON and passes them to `onBadLine`. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array | string>, onBadLine: (line: string) => void): AsyncGenerator<unknown> {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line))
  for await (const chunk of stream) {
    splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    yield* parsed(lines.splice(0), onBadLine)
  }
  splitter.end()
  yield* parsed(lines, onBadLine)
}

function* parsed(lines: string[], onBadLine: (line: string) => void): Generator<unknown> {
  for (const line of lines) {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      onBadLine(line)
      continue
    }
    yield value
  }
}
