import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'

/** Queries a primary by GraphQL. @throws when the answer has errors */
export async function query<T>(origin: string, document: string): Promise<T> {
  const { body } = await request(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: document }),
  })
  const answer = (await body.json()) as { data: T; errors?: { message: string }[] }
  if (answer.errors) throw new Error(answer.errors.map(({ message }) => message).join('; '))
  return answer.data
}

/** Waits until the primary knows the apps from the nodes' event streams. */
export async function untilAppsAreKnown(origin: string, count: number, { orMore = false, withinMs = 20_000 } = {}): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const { apps } = await query<{ apps: { totalCount: number } }>(origin, '{ apps(first: 1) { totalCount } }')
    if (apps.totalCount === count || (orMore && apps.totalCount > count)) return
    if (performance.now() > deadline) throw new Error(`${apps.totalCount} of ${count} apps are known after ${withinMs / 1000} s`)
    await sleep(20)
  }
}
