// `npm run check`: format, lint and types. `npm run format` and `npm run lint -- --fix` fix what they can.
import { fileURLToPath } from 'node:url'
import { reportStep, runChecks } from './check-steps.mjs'
import { endAllOnSignals } from './processes.mjs'

endAllOnSignals()
const results = await runChecks(fileURLToPath(new URL('..', import.meta.url)), reportStep)
process.exitCode = results.every((result) => result.ok) ? 0 : 1
