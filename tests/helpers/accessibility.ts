import { fileURLToPath } from 'node:url'
import type { Result } from 'axe-core'
import type { Page } from 'playwright-core'

const axe = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'))

/** Injects axe-core into every page loaded from now on, bypassing the content security policy. */
export const bringAxe = (page: Page): Promise<unknown> => page.addInitScript({ path: axe })

/**
 * Accessibility violations that axe finds on the current page: one line per rule, with locations.
 *
 * @param rules default: all. The theme only affects colors
 */
export async function violationsOn(page: Page, rules?: string[]): Promise<string[]> {
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) })
  const violations = await page.evaluate<Result[]>(`axe.run(${options}).then(({ violations }) => violations)`)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, help, nodes }) => `${impact}: ${help} (${id}) at ${nodes.map(describe).join(', ')}`)
}

const describe = ({ target, html, failureSummary }: Result['nodes'][number]): string =>
  `${target.join(' ')} ${html.slice(0, 200)} ${failureSummary?.split('\n').at(1)?.trim() ?? ''}`
