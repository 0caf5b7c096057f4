import test from 'ava'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { createApp, followToEnd } from '../helpers/cluster.ts'
import { badge, go, openTab } from '../helpers/dashboard.ts'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { pushRunnable, registryLogin, startRegistry } from '../helpers/docker-registry.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'

test('a login, the state of each image, updating all apps with newer images, and automatic updates', async (t) => {
  t.timeout(180_000)
  // A check by itself, in the 10 s before the button is pressed, would be the answer to that as well.
  const node = await nodeProcess(t, { NODE_NAME: 'primary', IMAGE_CHECK_HOURS: '0' })
  const [browser, registry] = await Promise.all([startBrowser(t), startRegistry(t, { withLogin: true }), ensureTestImage(), node.start()])
  const { page, visit, loads } = await browser.open(node, '/settings')
  await bringAxe(page)
  await visit()

  const logins = page.getByRole('region', { name: 'Registries' })
  await logins.getByRole('button', { name: 'Add login' }).click()
  const form = page.getByRole('dialog', { name: 'Add a login' })
  await form.getByLabel('Registry').fill('not a host')
  await form.getByLabel('User name').fill(registryLogin.username)
  await form.getByLabel('Password').fill(registryLogin.password)
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText('must be a host such as').waitFor()
  await form.getByLabel('Registry').fill(registry)
  t.deepEqual(await violationsOn(page), [])
  await form.getByRole('button', { name: 'Save' }).click()
  await logins.getByText(`${registryLogin.username}, password stored`).waitFor()
  t.false((await page.content()).includes(registryLogin.password))

  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const image = `${registry}/${name}:1`
  await pushRunnable(t, image, 'one')
  const composeContent = [
    'services:',
    `  web: { image: "${image}", network_mode: none }`,
    '  other: { image: "selfhostly-test/web:1", network_mode: none }',
    '',
  ].join('\n')
  const { app, operation } = await createApp(node, (await node.identity()).id, { name, composeContent })
  t.is((await followToEnd(t, node, operation)).last.error, null)
  await pushRunnable(t, image, 'two')

  await go(page, 'Apps')
  await page.getByRole('link', { name }).click()
  const images = page.getByRole('region', { name: 'Images' })
  const of = (service: string) => images.getByRole('listitem').filter({ hasText: service })
  await badge(of('other'), 'Local').waitFor()
  await images.getByRole('button', { name: 'Check now' }).click()
  await badge(of('web'), 'Newer image').waitFor()
  await of('web').getByText('Checked').waitFor()
  t.deepEqual(await violationsOn(page), [])

  await go(page, 'Apps')
  await page.getByText('Newer image', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Update all apps with newer images (1)' }).click()
  const outcomes = page.getByRole('region', { name: 'Update 1 app' })
  await badge(outcomes, 'Succeeded').waitFor({ timeout: 60_000 })
  await page.getByText('Newer image', { exact: true }).waitFor({ state: 'detached' })

  await page.getByRole('row').filter({ hasText: name }).getByRole('link', { name }).click()
  await badge(of('web'), 'Current').waitFor()
  await openTab(page, 'Settings')
  const automatic = page.getByRole('region', { name: 'Automatic updates' })
  await automatic.getByRole('switch').click()
  await automatic.getByLabel('Window in minutes').fill('90')
  await automatic.getByRole('button', { name: 'Save automatic updates' }).click()
  await page.getByText(`${name} updates its images by itself`, { exact: true }).first().waitFor()
  const asked = await ask<{ app: { autoUpdate: object } }>(
    node,
    'query ($id: ID!) { app(id: $id) { autoUpdate { cron windowMinutes } } }',
    {
      id: app.id,
    },
  )
  t.deepEqual(asked.app.autoUpdate, { cron: '0 3 * * 6', windowMinutes: 90 })
  t.deepEqual(await violationsOn(page), [])
  t.is(loads(), 0)
})
