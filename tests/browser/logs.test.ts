import test from 'ava'
import { startBrowser } from '../helpers/browser.ts'
import { eventually } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../helpers/docker.ts'
import { follow } from '../helpers/graphql.ts'
import { runningNode } from '../helpers/running-node.ts'

const script = 'seq 1 30000; printf "\\033[31mred <b>error</b>\\033[0m\\n"; exec sleep 1000'
const compose = `services:
  web: { image: ${testImage}, network_mode: none, init: true, command: ["sh", "-c", ${JSON.stringify(script)}] }
  job: { image: ${testImage}, network_mode: none, init: true, command: ["sh", "-c", "echo from the job; exec sleep 1000"] }
`

test('the logs of an app: search, services, pause and a link to a line', async (t) => {
  await ensureTestImage()
  const primary = await runningNode(t)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const create = 'mutation ($id: ID!, $input: CreateAppInput!) { createApp(nodeId: $id, input: $input) { app { id } operation { id } } }'
  const { app, operation } = (await primary.graphql(create, { id: primary.id, input: { name, composeContent: compose } })).data.createApp
  const progress = 'subscription ($id: ID!) { operationProgress(id: $id) { status } }'
  await follow<{ status: string }>(t, primary, progress, { id: operation.id }).first(({ status }) => status === 'SUCCEEDED', {
    withinMs: 60_000,
  })
  const { page } = await (await startBrowser(t)).open(primary, `/apps/${app.id}/logs`)
  const lines = page.getByRole('region', { name: 'Lines' })
  await lines.getByText('red <b>error</b>', { exact: true }).waitFor()
  t.true((await lines.locator('[data-index]').count()) < 200, 'only what is in view is in the page')
  if (process.env['SHOTS']) {
    for (const [width, scheme] of [
      [390, 'light'],
      [1440, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme: scheme })
      await page.screenshot({ path: `${process.env['SHOTS']}-${width}.png` })
    }
  }
  // The end stays in view when the window turns, or lines get longer.
  const distance = () => lines.evaluate(({ scrollHeight, clientHeight, scrollTop }) => scrollHeight - clientHeight - scrollTop)
  for (const [width, height] of [
    [390, 844],
    [844, 390],
    [390, 844],
    [1280, 900],
  ] as const) {
    await page.setViewportSize({ width, height })
    await page.getByRole('button', { name: 'Wrap' }).click()
    await eventually(distance, (px) => px < 2)
    await page.getByRole('button', { name: 'Pause' }).waitFor()
  }
  // Dragged by its bar, the list shows text alone, and rows once it rests.
  const seen = await lines.evaluate(async (frame) => {
    const texts: string[] = []
    for (let step = 0; step < 6; step += 1) {
      frame.scrollTop -= 3000
      await new Promise(requestAnimationFrame)
      await new Promise(requestAnimationFrame)
      texts.push(frame.querySelector('pre')?.textContent ?? '')
    }
    return texts
  })
  t.true(seen.some((text) => /^[\d:.]+ \d+$/m.test(text)))
  await lines.locator('[data-index] > span:last-child').first().waitFor()
  t.is(await lines.locator('pre').count(), 0)
  await page.getByRole('button', { name: 'Go live' }).click()

  await page.keyboard.press('/')
  await page.keyboard.type('2999')
  await lines.locator('mark').first().waitFor()
  t.deepEqual(
    await lines.locator('[data-index] > span:last-child').allTextContents(),
    [...Array(10).keys()].map((n) => String(29990 + n)),
  )
  await lines.getByRole('link').nth(4).click()
  await page.waitForURL(/line=/)
  const link = page.url()
  await page.getByText('Copied a link to this line', { exact: true }).waitFor()
  await page.goto(link)
  await page.getByRole('button', { name: 'Go live' }).waitFor()
  await lines.getByText('29994', { exact: true }).waitFor()
  // Lines of any height above and below it do not move it away.
  t.true(
    await lines.getByText('29994', { exact: true }).evaluate((row) => {
      const [view, place] = [row.closest('[role=region]')?.getBoundingClientRect(), row.getBoundingClientRect()]
      return view !== undefined && place.top >= view.top && place.bottom <= view.bottom
    }),
  )

  await page.goto(`${primary.url}/apps/${app.id}/logs?line=a/b/c`)
  await lines.getByText('red <b>error</b>', { exact: true }).waitFor()
  await page.getByRole('combobox', { name: 'How far back' }).click()
  await page.getByRole('option', { name: 'Last 10,000 lines' }).click()
  await page.waitForURL(/from=more/)
  // The list takes the focus back when it has closed.
  await page.locator('[role=combobox]:focus').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('20500')
  await lines.getByText('20500', { exact: true }).waitFor()
})
