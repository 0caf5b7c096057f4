import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { colors, isAlive, start, stop } from './processes.mjs'

/** For the whole suite. AVA itself ends a single test that hangs much earlier (`timeout` in package.json). */
const DEADLINE_MS = 3_000_000

/**
 * Runs AVA, passes on its report, and counts the marks before each title. (AVA's TAP reporter would fit better, but it
 * stops when a test times out.) A skipped test counts as failed: nobody notices a test that does not run.
 * @returns {Promise<{ passed: number, failed: number, failures: string[] }>} with the titles of the failed tests
 */
export async function runAva(root, args, env) {
  const ava = start(join(root, 'node_modules', '.bin', 'ava'), args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    // A third of a short test file's time is compiling what most of them import.
    env: { NODE_COMPILE_CACHE: join(root, '.cache', 'compile'), ...env, ...colors },
  })
  const timer = setTimeout(() => void stop(ava), DEADLINE_MS)
  const counts = { passed: 0, failed: 0, failures: [] }
  for await (const line of createInterface({ input: ava.child.stdout })) {
    console.log(line)
    count(line, counts)
  }
  const code = await ava.ended
  clearTimeout(timer)
  if (code !== 0 && counts.failed === 0) report(counts, `AVA ended with exit code ${code}`)
  if (counts.passed + counts.failed === 0) report(counts, 'no test ran')
  if (isAlive(ava)) {
    report(counts, 'the tests left processes running')
    await stop(ava)
  }
  return counts
}

export function count(line, counts) {
  const text = stripVTControlCharacters(line).trim()
  if (/^[✔√] /.test(text)) counts.passed++
  else if (/^([✘✖×] |- \[(skip|todo)\])/.test(text)) fail(counts, text)
}

function report(counts, why) {
  console.log(`✘ ${why}`)
  fail(counts, why)
}

function fail(counts, text) {
  counts.failed++
  counts.failures.push(text.replace(/^(?:[✘✖×] |- )(?:\[\w+\]:? )?/, ''))
}
