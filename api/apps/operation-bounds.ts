import { bounds, cut, cutOrNull } from '../bounds.ts'
import type { ComposeProblem } from './compose-problem.ts'
import type { Operation } from './operation.ts'

const { line: lineLength, lines: mostLines, output: mostOutput } = bounds.operation

/** Stands for the earlier lines that were dropped. */
const earlierLines = /^… and (\d+) earlier lines?$/

/** Cuts an operation to what a primary can read, whatever was printed. */
export function withinBounds(operation: Operation): Operation {
  return {
    ...operation,
    message: cutOrNull(operation.message, bounds.operation.message),
    error: cutOrNull(operation.error, bounds.operation.error),
    output: newestOf(operation.output),
    warnings: operation.warnings.reduce(withWarning, []),
  }
}

export const withLine = (output: string[], text: string): string[] => newestOf([...output, text])

/** Adds a warning unless it is a repetition or there are too many. */
export function withWarning(warnings: ComposeProblem[], { message, file, service, ...place }: ComposeProblem): ComposeProblem[] {
  const shown = cut(message, bounds.problem.message)
  if (warnings.length >= bounds.operation.warnings || warnings.some((known) => known.message === shown)) return warnings
  const cuts = { file: cutOrNull(file, bounds.problem.file), service: cutOrNull(service, bounds.container.service) }
  return [...warnings, { message: shown, ...place, ...cuts }]
}

/** The newest lines within the limits. If some were dropped, the first line says how many. */
function newestOf(output: string[]): string[] {
  const before = Number(earlierLines.exec(output[0] ?? '')?.[1] ?? 0)
  const lines = (before > 0 ? output.slice(1) : output).map((text) => cut(text, lineLength))
  let left = mostOutput
  let start = lines.length
  while (start > 0 && lines.length - start < mostLines && left - (lines[start - 1]?.length ?? 0) >= 0) left -= lines[--start]?.length ?? 0
  // That first line counts towards the limit.
  if (before + start > 0 && lines.length - start === mostLines) start += 1
  const earlier = before + start
  return earlier === 0 ? lines : [`… and ${earlier} earlier ${earlier === 1 ? 'line' : 'lines'}`, ...lines.slice(start)]
}
