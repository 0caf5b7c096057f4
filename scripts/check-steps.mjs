import { cpus } from 'node:os'
import { colors, run } from './processes.mjs'

/** All checks except the tests: `npm run check` runs them, and so does `npm test` beside its tests. */
export const checkSteps = [
  { name: 'types (server)', command: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'types (frontend)', command: 'vue-tsc', args: ['-p', 'frontend/tsconfig.json', '--noEmit'] },
  { name: 'lint', command: 'eslint', args: ['.', '--max-warnings=0'] },
  { name: 'format', command: 'prettier', args: ['--check', '.', '--log-level=warn'] },
]

/** Each type checker takes half a gigabyte and a core, so no more than two run at once. */
const AT_ONCE = Math.min(2, cpus().length)

/** A type checker that only gets what others leave may take this long. */
const WITHIN_MS = 1_800_000

/**
 * Runs all steps, even after one has failed, and reports each when it ends: `{ name, ok, output, seconds }`.
 * `yields` gives way to everything else that runs: a test run often waits, and the checks fit into its pauses.
 */
export async function runChecks(root, report, { yields = false } = {}) {
  const prefix = yields ? ['nice', '-n', '19'] : []
  const waiting = [...checkSteps]
  const results = []
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const began = performance.now()
      const [program, ...args] = [...prefix, `${root}/node_modules/.bin/${step.command}`, ...step.args]
      const { code, output } = await run(program, args, { cwd: root, env: { ...process.env, ...colors }, timeoutMs: WITHIN_MS })
      const result = { name: step.name, ok: code === 0, output, seconds: (performance.now() - began) / 1000 }
      results.push(result)
      report(result)
    }
  }
  await Promise.all(Array.from({ length: yields ? 1 : AT_ONCE }, worker))
  return results
}

/** Prints a heading for each step, and the tool's output only if it failed. */
export function reportStep({ name, ok, output, seconds }) {
  console.log(`\n== ${name}: ${ok ? 'passed' : 'FAILED'} (${seconds.toFixed(1)} s)`)
  if (!ok) console.log(output.trimEnd())
}
