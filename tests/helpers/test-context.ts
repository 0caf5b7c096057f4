import type { ExecutionContext } from 'ava'

/** What helpers need from their caller. Benches pass their own. */
export type TestContext = Pick<ExecutionContext<unknown>, 'teardown' | 'log' | 'passed'>
