import test from 'ava'
import { isFoundBy } from '../../../api/user/found-by.ts'
import { rankOfApp, rankOfContainer, rankOfNode } from '../../../api/user/trouble.ts'
import { appOrders, wordsOfApp } from '../../../frontend/src/utils/apps/app-order.ts'
import type { AppItem } from '../../../frontend/src/graphql/items.ts'
import { nextSorting, sorted } from '../../../frontend/src/utils/shared/sorting.ts'

const app = (name: string, status: AppItem['status'], given: Partial<AppItem> = {}): AppItem =>
  ({ id: name, name, status, desiredState: 'RUNNING', updatedAt: '2026-01-01', containers: [], node: { name: 'n' }, ...given }) as AppItem

const apps = [
  app('app-10', 'RUNNING', { updatedAt: '2026-01-03' }),
  app('app-2', 'RUNNING'),
  app('off', 'STOPPED', { desiredState: 'STOPPED' }),
  app('stray', 'STOPPED'),
  app('busy', 'UPDATING'),
  app('nobody-knows', 'UNKNOWN'),
  app('half', 'DEGRADED', { updatedAt: '2026-01-02' }),
  app('broken', 'ERROR'),
]
const names = (list: AppItem[]): string[] => list.map(({ name }) => name)

test('apps that need attention come first, then by name', (t) => {
  t.deepEqual(names(sorted(apps, '', appOrders)), ['broken', 'half', 'stray', 'nobody-knows', 'busy', 'app-2', 'app-10', 'off'])
})

test('a column sorts up and down, and what is equal stays with trouble first', (t) => {
  t.deepEqual(names(sorted(apps, 'name', appOrders)).slice(0, 3), ['app-2', 'app-10', 'broken'])
  t.deepEqual(names(sorted(apps, '-name', appOrders)).slice(0, 2), ['stray', 'off'])
  t.deepEqual(names(sorted(apps, 'updated', appOrders)).slice(0, 3), ['app-10', 'half', 'broken'])
  t.deepEqual(names(sorted(apps, 'no such column', appOrders)), names(sorted(apps, '', appOrders)))
  t.deepEqual(
    ['', 'name', '-name', 'node'].map((now) => nextSorting(now, 'name')),
    ['name', '-name', '', 'name'],
  )
})

test('the same ranks hold for words of the API and of the server', (t) => {
  t.is(rankOfApp({ status: 'ERROR', desiredState: 'RUNNING' }), rankOfApp({ status: 'error', desiredState: 'running' }))
  t.is(rankOfApp({ status: 'STOPPED', desiredState: 'RUNNING' }), 2)
  t.deepEqual(
    ['UNREACHABLE', 'offline', 'ONLINE'].map((status) => rankOfNode({ status, hasConditions: false })),
    [0, 1, 3],
  )
  t.is(rankOfNode({ status: 'ONLINE', hasConditions: true }), 2)
  t.is(rankOfContainer({ state: 'RUNNING', health: 'UNHEALTHY' }), 0)
  t.true(rankOfContainer({ state: 'exited', exitCode: 1 }) < rankOfContainer({ state: 'running' }))
  t.true(rankOfContainer({ state: 'running' }) < rankOfContainer({ state: 'exited', exitCode: 0 }))
})

test('a search finds what has all of its words, wherever they are', (t) => {
  const ports = [{ hostPort: 8443 }] as AppItem['containers'][number]['ports']
  const containers = [{ service: 'web', image: 'ghcr.io/shop/api:3', ports }] as AppItem['containers']
  const shop = app('shop', 'RUNNING', { containers })
  const isFound = (search: string) => isFoundBy(search)(() => wordsOfApp(shop, [{ key: 'env', value: 'lab' }]))
  for (const search of ['', '  ', 'SHOP', 'ghcr.io', '8443', 'env=lab web', 'n shop']) t.true(isFound(search), search)
  for (const search of ['shops', 'env=home', 'shop 9999']) t.false(isFound(search), search)
})
