import test from 'ava'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser, withoutLosses } from '../helpers/browser.ts'
import { linksIn, nodeProcess } from '../helpers/node-process.ts'
import { someone } from '../helpers/password.ts'

const bobs = { name: 'bob', password: 'the password of bob' }

test.serial('from the printed link to a password, an invitation, and a role that changes', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t)
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const [link] = linksIn((await primary.command('link')).stdout)
  const alice = await browser.open({ url: primary.url }, '/', { reducedMotion: 'reduce' })
  await bringAxe(alice.page)
  await alice.visit(`${primary.url}/#code=${link?.code}`)
  await alice.page.getByRole('button', { name: 'Sign in as administrator' }).click()
  await alice.page.getByRole('button', { name: 'Set name and password' }).click()
  await alice.page.getByText('Enter a name to sign in with').waitFor()
  await alice.page.getByLabel('Name', { exact: true }).fill(someone.name)
  await alice.page.getByLabel('New password', { exact: true }).fill(someone.password)
  await alice.page.mouse.move(0, 0)
  t.deepEqual(await violationsOn(alice.page), [])
  await alice.page.getByRole('button', { name: 'Set name and password' }).click()
  await alice.page.getByRole('button', { name: /Account menu: alice/ }).waitFor()

  await alice.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Users' }).click()
  await alice.page.getByRole('button', { name: 'Invite' }).click()
  const dialog = alice.page.getByRole('dialog')
  await dialog.getByLabel('For whom').and(alice.page.locator(':focus')).fill('Bob from work')
  await dialog.getByRole('radio', { name: 'Operator' }).click()
  t.deepEqual(await violationsOn(alice.page), [])
  await dialog.getByRole('button', { name: 'Make link' }).click()
  const url = (await dialog.getByRole('group', { name: 'Link' }).locator('code').textContent()) ?? ''
  t.deepEqual(await violationsOn(alice.page), [])
  await dialog.getByRole('button', { name: 'Done' }).click()
  await alice.page.getByRole('region', { name: 'Open invitations' }).getByText('Bob from work').waitFor()

  const guest = await browser.open({ url: primary.url }, '/', { reducedMotion: 'reduce' })
  await guest.visit(url.trim())
  await guest.page.getByText(/^alice invited you\. You can .* run and change apps/).waitFor()
  await guest.page.getByLabel('Name', { exact: true }).fill(bobs.name)
  await guest.page.getByLabel('New password', { exact: true }).fill(bobs.password)
  await guest.page.getByRole('button', { name: 'Accept the invitation' }).click()
  await guest.page.getByRole('button', { name: /Account menu: bob/ }).waitFor()
  await guest.visit(url.trim())
  await guest.page
    .getByRole('alert')
    .getByText(/^This invitation is invalid, expired, withdrawn or already used/)
    .waitFor()

  // Alice's page is still open.
  await alice.page.getByRole('region', { name: 'Open invitations' }).waitFor({ state: 'detached' })
  const row = alice.page.getByRole('row', { name: 'bob' })
  await row.getByText('Operator', { exact: true }).waitFor()
  await row.getByRole('button', { name: 'Actions for bob' }).click()
  await alice.page.getByRole('menuitem', { name: 'Change role' }).click()
  await dialog.getByRole('radio', { name: 'Viewer' }).click()
  t.deepEqual(await violationsOn(alice.page), [])
  await dialog.getByRole('button', { name: 'Save' }).click()
  await row.getByText('Viewer', { exact: true }).waitFor()
  // The menu from which the dialog was opened has the focus again.
  await row.getByRole('button', { name: 'Actions for bob' }).and(alice.page.locator(':focus')).waitFor()
  await row.getByRole('button', { name: 'Actions for bob' }).click()
  await alice.page.getByRole('menuitem', { name: 'End sessions' }).click()
  await alice.page.getByRole('dialog').getByRole('button', { name: 'End sessions' }).click()
  await row.getByText('not signed in').waitFor()
  await guest.visit(`${primary.url}/account`)
  await guest.page.getByRole('heading', { name: 'Sign in to Selfhostly' }).waitFor()
  // A browser that is not signed in, or not any more, is answered with 401.
  for (const { troubles } of [alice, guest])
    t.deepEqual(
      withoutLosses(troubles.splice(0)).filter((trouble) => !/\b401\b/.test(trouble)),
      [],
    )
})

test.serial('where nobody signs in, the page Users says who can do what', async (t) => {
  const primary = await nodeProcess(t, { AUTH_ENABLED: 'false' })
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, visit } = await browser.open(primary, '/users')
  await bringAxe(page)
  await visit()
  await page.getByText('Everyone who reaches this server is an administrator of every node.').waitFor()
  t.is(await page.getByRole('button', { name: 'Invite' }).count(), 0)
  t.deepEqual(await violationsOn(page), [])
})

test.serial('the audit log shows what happens while it is open', async (t) => {
  t.timeout(60_000)
  const primary = await nodeProcess(t)
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, visit } = await browser.open(primary, '/audit')
  await visit()
  await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor()
  await primary.command('link')
  const [link] = linksIn((await primary.command('link')).stdout)
  await fetch(`${primary.url}/auth/link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: link?.code }),
  })
  // Beside the one of this browser.
  const lines = page.getByRole('row', { name: /administrator.*sign-in/ })
  await lines.nth(1).getByText('Succeeded', { exact: true }).waitFor()
  await page.getByRole('searchbox', { name: 'Search the audit log' }).fill('LINK.create')
  await page
    .getByRole('row', { name: /link\.create/ })
    .first()
    .waitFor()
  await lines.first().waitFor({ state: 'detached' })
  t.is(new URL(page.url()).searchParams.get('search'), 'LINK.create')
})
