import test from 'ava'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser, withoutLosses } from '../helpers/browser.ts'
import { webApp } from '../helpers/cluster.ts'
import { createInForm, followInPanel, go } from '../helpers/dashboard.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { cookieOf, elsewhere, someone } from '../helpers/password.ts'
import { linksIn, nodeProcess } from '../helpers/node-process.ts'

test.serial("a secondary's dashboard names the node and offers what its own apps need", async (t) => {
  t.timeout(120_000)
  await ensureTestImage()
  const gone = `http://127.0.0.1:${await freePort()}`
  const worker = await nodeProcess(t, { NODE_NAME: 'worker-1', NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: gone })
  const [browser] = await Promise.all([startBrowser(t), worker.start()])
  const { page, visit } = await browser.open(worker)
  await bringAxe(page)
  await visit()

  const note = page.getByRole('note', { name: 'This node' })
  await note.getByText('worker-1 is running on its own.').waitFor()
  await note.getByText(/No contact with its primary, .+, for \d+ \w+: connection refused/).waitFor()
  t.is(await note.getByRole('link').getAttribute('href'), gone)
  await page.getByRole('heading', { name: 'Node', level: 1 }).waitFor()
  const places = page.getByRole('navigation', { name: 'Main' }).getByRole('link')
  t.deepEqual(await places.allTextContents(), ['Overview', 'Node', 'Apps', 'Containers', 'Monitoring', 'Settings', 'Users', 'Audit log'])
  t.is(await page.getByRole('button', { name: /Add node|Register/ }).count(), 0)
  t.deepEqual(await violationsOn(page), [])

  await go(page, 'Settings')
  await page.getByText(`These settings come from the primary, ${gone}.`).waitFor()
  t.is(await page.getByRole('button', { name: 'Save' }).count(), 0)

  await go(page, 'Apps')
  const name = uniqueName()
  await createInForm(page, { name, compose: webApp(await freePort()) })
  await followInPanel(page, `Create ${name}`)
  await go(page, 'Apps')
  await page.getByRole('row', { name }).getByText('Running', { exact: true }).waitFor()

  await go(page, 'Overview')
  await page.getByRole('region', { name: 'Node' }).getByRole('link', { name: '1 online' }).waitFor()
  await page.getByRole('region', { name: 'Apps' }).getByRole('link', { name: '1 running' }).waitFor()
  await page.getByRole('list', { name: 'Recent activity, newest first' }).getByText(`Create ${name}`).waitFor()

  await go(page, 'Containers')
  await page.getByRole('searchbox', { name: 'Search containers' }).fill(name)
  await page.getByRole('checkbox', { name: `Select ${name}` }).click()
  await page.getByRole('button', { name: 'Stop the selected containers' }).click()
  await page.getByRole('region', { name: 'Stop 1 container' }).getByText('1 of 1 done', { exact: true }).waitFor()
  await page.getByRole('listitem').filter({ hasText: name }).getByText('Exited', { exact: true }).waitFor()

  await visit(`${worker.url}/nodes/join-tokens`)
  await page.getByText("This page is on the primary's dashboard").waitFor()
})

test.serial('someone signs in with a name and a password', async (t) => {
  t.timeout(120_000)
  const worker = await nodeProcess(t, { NODE_NAME: 'worker-1', NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://127.0.0.1:9' })
  const [browser] = await Promise.all([startBrowser(t), worker.start()])
  const caller = callerOf(worker.url)
  const [link] = linksIn((await worker.command('link')).stdout)
  const byLink = await caller.send('/auth/link', { method: 'POST', json: { code: link?.code } })
  await caller.send('/auth/password', { method: 'PUT', json: someone, headers: { cookie: cookieOf(byLink) } })
  const { page, troubles, visit } = await browser.open({ url: worker.url }, '/apps', { extraHTTPHeaders: elsewhere })
  await bringAxe(page)

  await page.getByRole('heading', { name: 'Sign in to Selfhostly' }).waitFor()
  const lost = '**/assets/SignIn-*'
  await page.route(lost, (route) => route.abort('internetdisconnected'))
  await visit()
  await page.getByText('The page could not be loaded', { exact: true }).waitFor()
  await page.unroute(lost)
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('heading', { name: 'Sign in to Selfhostly' }).waitFor()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Enter your password').waitFor()
  await page.getByLabel('Name').fill(someone.name)
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('Wrong name or password').waitFor()
  t.is(await page.getByLabel('Password').inputValue(), '')
  t.deepEqual(await violationsOn(page), [])
  await page.getByLabel('Password').fill(someone.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()
  await page.getByRole('button', { name: /Account menu: alice/ }).waitFor()
  // Before the sign-in the server answers 401.
  t.deepEqual(
    withoutLosses(troubles).filter((trouble) => !/\b401\b/.test(trouble)),
    [],
  )
})
