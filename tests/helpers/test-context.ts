import type { ExecutionContext } from 'ava'

/** What helpers need of whoever calls them; benches bring their own. */
export type TestContext = Pick<ExecutionContext<unknown>, 'teardown' | 'log' | 'passed'>
