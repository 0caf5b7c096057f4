import test from 'ava'
import { Secret, TOTP } from 'otpauth'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser, withoutLosses } from '../helpers/browser.ts'
import { linksIn, nodeProcess } from '../helpers/node-process.ts'
import { someone } from '../helpers/password.ts'

test.serial('an authenticator app is asked for after the password, and a passkey signs in without a name', async (t) => {
  t.timeout(180_000)
  const primary = await nodeProcess(t)
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const url = `http://localhost:${primary.port}`
  const [link] = linksIn((await primary.command('link')).stdout)
  const { page, troubles, visit } = await browser.open({ url }, '/', { reducedMotion: 'reduce' })
  await bringAxe(page)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
  await visit(`${url}/#code=${link?.code}`)
  await page.getByRole('button', { name: 'Sign in as administrator' }).click()
  await page.getByLabel('Name', { exact: true }).fill(someone.name)
  await page.getByLabel('New password', { exact: true }).fill(someone.password)
  await page.getByRole('button', { name: 'Set name and password' }).click()
  await page.getByRole('button', { name: /Account menu: alice/ }).waitFor()

  await visit(`${url}/account`)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('dialog').getByLabel('Name').waitFor()
  t.deepEqual(await violationsOn(page), [])
  await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('list', { name: 'Your passkeys' }).getByText('not used yet').waitFor()
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('img', { name: 'QR code for an authenticator app' }).waitFor()
  t.deepEqual(await violationsOn(page), [])
  const secret = (await dialog.getByRole('group', { name: 'Or type this into the app' }).locator('code').textContent()) ?? ''
  const totp = new TOTP({ secret: Secret.fromBase32(secret.trim()) })
  await dialog.getByLabel('Code').fill(totp.generate())
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  const [recovery = ''] = ((await dialog.getByRole('group', { name: 'Recovery codes' }).locator('code').textContent()) ?? '')
    .trim()
    .split('\n')
  t.deepEqual(await violationsOn(page), [])
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByText('On. 10 recovery codes left.').waitFor()
  await page.getByRole('button', { name: 'Sign out of this browser' }).click()

  await page.getByRole('heading', { name: 'Sign in to Selfhostly' }).waitFor()
  await page.getByLabel('Name').fill(someone.name)
  await page.getByLabel('Password').fill(someone.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByLabel('Code').fill(recovery)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: /Account menu: alice/ }).waitFor()

  await visit(`${url}/account`)
  await page.getByText('On. 9 recovery codes left.').waitFor()
  await page.getByRole('button', { name: 'Sign out of this browser' }).click()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('button', { name: /Account menu: alice/ }).waitFor()
  await visit(`${url}/account`)
  await page
    .getByRole('list', { name: 'Your passkeys' })
    .getByText(/last used/)
    .waitFor()
  await page.getByRole('button', { name: /^Remove (?!the)/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByRole('list', { name: 'Your passkeys' }).waitFor({ state: 'detached' })
  // A browser that is not signed in is answered with 401.
  t.deepEqual(
    withoutLosses(troubles.splice(0)).filter((trouble) => !/\b401\b/.test(trouble)),
    [],
  )
})
