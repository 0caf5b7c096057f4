import test from 'ava'
import { page } from '../../schema/page.ts'

const letters = ['c', 'a', 'e', 'b', 'd'].map((name) => ({ name }))
const keyOf = ({ name }: { name: string }): string => name

/** Follows the cursor through pages of two. */
async function walk(falling: boolean): Promise<string[][]> {
  const pages: string[][] = []
  let after: string | null | undefined
  for (;;) {
    const { edges, pageInfo, totalCount } = await page(letters, { first: 2, after: after ?? null }, keyOf, falling)
    if (totalCount !== letters.length) throw new Error(`totalCount is ${totalCount}`)
    pages.push((edges ?? []).map((edge) => edge?.node?.name ?? ''))
    if (!pageInfo.hasNextPage) return pages
    after = pageInfo.endCursor
  }
}

test('pages are in the order of the keys, whatever the order of the list', async (t) => {
  t.deepEqual(await walk(false), [['a', 'b'], ['c', 'd'], ['e']])
  t.deepEqual(await walk(true), [['e', 'd'], ['c', 'b'], ['a']])
})

test('last and before keep the order of the list', async (t) => {
  const names = async (args: object): Promise<string[]> =>
    ((await page(letters, args, keyOf)).edges ?? []).map((edge) => edge?.node?.name ?? '')
  t.deepEqual(await names({ last: 2 }), ['d', 'e'])
  t.deepEqual(await names({ last: 2, before: Buffer.from('d').toString('base64url') }), ['b', 'c'])
})

test('the cursor of a removed item still works', async (t) => {
  const { edges } = await page(letters, { after: Buffer.from('bb').toString('base64url') }, keyOf)
  t.deepEqual(
    (edges ?? []).map((edge) => edge?.node?.name),
    ['c', 'd', 'e'],
  )
})

test('a page has 1 to 500 items', async (t) => {
  for (const args of [{ first: 0 }, { first: 501 }, { last: 0 }, { last: 501 }]) {
    await t.throwsAsync(page(letters, args, keyOf), { message: /1 to 500/ })
  }
})
