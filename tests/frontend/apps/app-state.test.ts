import test from 'ava'
import type { ContainerItem } from '../../../frontend/src/graphql/items.ts'
import { containerWords, shownState } from '../../../frontend/src/utils/apps/app-state.ts'

const container = (state: ContainerItem['state'], isSteady = true) => ({ state, isSteady }) as ContainerItem
const words = (containers: ContainerItem[], given: { status?: 'ERROR' | 'UNKNOWN'; moreContainers?: number } = {}): string =>
  containerWords({ containers, status: 'ERROR', moreContainers: 0, ...given })

test('a container in a crash loop does not count as running, also while it runs for a moment', (t) => {
  t.is(words([]), 'none')
  t.is(words([container('RUNNING'), container('EXITED')]), '1 of 2 running')
  t.is(words([container('RUNNING', false)]), '0 of 1 running, 1 restarting')
  t.is(words([container('RESTARTING'), container('RUNNING')], { moreContainers: 3 }), '1 of 2 running, 1 restarting, and 3 more')
  t.is(words([container('RESTARTING'), container('RUNNING')], { status: 'UNKNOWN' }), '1 of 2 ran')
  t.deepEqual([container('RUNNING', false), container('RUNNING'), container('EXITED')].map(shownState), ['RESTARTING', 'RUNNING', 'EXITED'])
})
