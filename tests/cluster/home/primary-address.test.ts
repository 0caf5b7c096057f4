import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createPrimaryAddress } from '../../../api/cluster/home/primary-address.ts'
import { dataFolder } from '../../helpers/data-folder.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'

const [env, url, otherUrl] = ['http://10.0.0.1:8080', 'https://new.example', 'https://newer.example']
const [id, otherId] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']

function addressOf(t: ExecutionContext<unknown>, { dataDir = dataFolder(t), fromEnvironment = env } = {}) {
  const clock = createManualClock()
  /** Which primary answers at which URL. */
  const there = new Map<string, string>([[env, id]])
  const tried: string[] = []
  const changes: string[] = []
  const { log, lines } = recordedLog()
  const address = createPrimaryAddress({
    fromEnvironment,
    dataDir,
    prove(at) {
      tried.push(at)
      const found = there.get(at)
      return found ? Promise.resolve(found) : Promise.reject(new Error(`nothing at ${at}`))
    },
    onChange: () => void changes.push(address.current()),
    clock,
    log,
  })
  return {
    address,
    clock,
    there,
    tried,
    changes,
    lines,
    dataDir,
    restart: (environment = env) => addressOf(t, { dataDir, fromEnvironment: environment }),
  }
}

/** Waits for work that was started without waiting. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Lets the primary be silent for long enough to try other URLs. */
async function silence({ address, clock }: ReturnType<typeof addressOf>): Promise<void> {
  address.failed()
  clock.advance(20_000)
  address.failed()
  await settled()
}

test('the URL comes from the environment until the primary announces another and answers there', async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  t.is(await all.address.move(url), `nothing at ${url}`)
  t.is(all.address.current(), env)
  all.there.set(url, otherId)
  t.is(await all.address.move(url), `another primary answers at ${url}`)
  all.there.set(url, id)
  t.is(await all.address.move(url), null)
  t.is(all.address.current(), url)
  t.deepEqual(all.changes, [url])
  const { dataDir } = all
  t.is(statSync(join(dataDir, 'primary.json')).mode & 0o777, 0o600)
  t.is(all.restart().address.current(), url)
})

test("if the primary does not answer at the announced URL, the last proven one stays, not the environment's", async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  all.there.set(url, id)
  await all.address.move(url)
  await all.address.move(otherUrl)
  t.is(all.address.current(), url)
  t.is(all.restart().address.current(), url)
})

test('a changed environment wins over an earlier announcement, but not over a new one', async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  all.there.set(url, id)
  await all.address.heard(url)
  const changed = all.restart('http://10.0.0.9:8080')
  t.is(changed.address.current(), 'http://10.0.0.9:8080')
  t.is(await changed.address.heard(url), null)
  t.is(changed.address.current(), 'http://10.0.0.9:8080')
  t.deepEqual(changed.tried, [])
  changed.there.set(url, id).set(otherUrl, id)
  await changed.address.heard(otherUrl)
  t.is(changed.address.current(), otherUrl)
  await changed.address.move(url)
  t.is(changed.address.current(), url)
})

test('a changed environment may lead to another primary, and the former one is not tried again', async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  all.there.set(url, id)
  await all.address.move(url)
  const changed = all.restart('http://10.0.0.9:8080')
  changed.there.set(url, id)
  await silence(changed)
  t.deepEqual(changed.tried, [])
  t.is(changed.address.current(), 'http://10.0.0.9:8080')
})

test('after 20 s without an answer the other URL is tried, and used if the same primary answers', async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  all.there.set(url, id)
  await all.address.move(url)
  all.tried.length = 0
  all.address.failed()
  all.clock.advance(19_999)
  all.address.failed()
  await settled()
  t.deepEqual(all.tried, [])
  all.there.set(env, otherId)
  all.clock.advance(1)
  all.address.failed()
  all.address.failed()
  await settled()
  t.deepEqual([all.tried, all.address.current()], [[env], url], 'another primary answers')
  all.there.set(env, id)
  await silence(all)
  t.is(all.address.current(), env)
  t.is(all.restart().address.current(), env)
  await silence(all)
  t.is(all.address.current(), url, 'and back')
})

test('an answer restarts the 20 s, and without an announced URL nothing else is tried', async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  await silence(all)
  all.there.set(url, id)
  await all.address.move(url)
  all.tried.length = 0
  all.address.failed()
  all.clock.advance(19_000)
  all.address.answered(id)
  all.clock.advance(19_000)
  all.address.failed()
  await settled()
  t.deepEqual(all.tried, [])
})

test('an announced URL that did not answer is tried again later', async (t) => {
  const all = addressOf(t)
  all.address.answered(id)
  t.is(await all.address.move(url), `nothing at ${url}`)
  all.there.set(url, id).delete(env)
  const again = all.restart()
  again.there.set(url, id).delete(env)
  await silence(again)
  t.is(again.address.current(), url)
})

test('two identical announcements are one move', async (t) => {
  const all = addressOf(t)
  all.there.set(url, id)
  t.deepEqual(await Promise.all([all.address.move(url), all.address.heard(url), all.address.move(url)]), [null, null, null])
  t.deepEqual([all.tried, all.changes], [[url], [url]])
})

test("a damaged file is logged and the environment's URL is used", (t) => {
  const all = addressOf(t)
  writeFileSync(join(all.dataDir, 'primary.json'), '{', { mode: 0o600 })
  const again = all.restart()
  t.is(again.address.current(), env)
  t.is(again.lines.length, 1)
  writeFileSync(join(all.dataDir, 'primary.json'), '{"url":1}', { mode: 0o600 })
  t.is(all.restart().address.current(), env)
  t.is(readFileSync(join(all.dataDir, 'primary.json'), 'utf8'), '{"url":1}')
})
